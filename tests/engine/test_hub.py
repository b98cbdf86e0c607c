"""The hub: latest state to each reader at its own pace, bookmarks, resumption, and the end of those who do not read."""

import asyncio

import pytest
from core.story import ref
from muster_server.core.commands import Deregister
from muster_server.core.errors import Reason
from muster_server.engine.engine import Engine
from muster_server.engine.mailroom import MAX_SUBSCRIPTIONS, MAX_UNACKED
from running import ManualClock

from engine.fakes import API, Reader, TextEncoder, make, pass_time, put, touch, turns_of_the_loop

WEB = ref("shop/web#").service


def gone(name: str) -> Deregister:
    return Deregister(ref(name))


async def test_subscriber_gets_a_snapshot_and_then_deltas_without_gap() -> None:
    engine, _, _ = make()
    engine.execute(put("api#1"))
    reader = Reader(engine)

    reader.subscribe()
    frames = [await reader.next()]
    for command in (put("api#2"), gone("api#1")):
        engine.execute(command)
        frames.append(await reader.next())

    assert frames == ["snapshot api 2: +1", "delta api 3<-2: +2", "delta api 4<-3: -1=DEREGISTERED"]
    await engine.close()


async def test_changes_within_one_turn_of_the_loop_are_one_delta() -> None:
    engine, _, _ = make()
    reader = Reader(engine)
    reader.subscribe()
    await reader.next()

    for command in (put("api#1"), put("api#2"), put("api#1", weight=2.0), gone("api#2")):
        engine.execute(command)

    assert await reader.to_bookmark() == ["delta api 5<-1: +1 -2=DEREGISTERED"]
    await engine.close()


async def test_slow_subscriber_gets_the_latest_state_and_not_each_step() -> None:
    engine, _, _ = make()
    slow, quick = Reader(engine), Reader(engine)
    for reader in (slow, quick):
        reader.subscribe()
        await reader.next()
    slow.stop_reading()

    for weight in range(1, 21):
        engine.execute(put("api#1", weight=weight))
        await quick.next()
    slow.read_on()

    assert await slow.to_bookmark() == ["delta api 2<-1: +1", "delta api 21<-2: +1"]
    await engine.close()


async def test_slow_subscriber_holds_up_neither_writes_nor_other_subscribers() -> None:
    engine, _, _ = make()
    slow, quick = Reader(engine), Reader(engine)
    for reader in (slow, quick):
        reader.subscribe()
        await reader.next()
    slow.stop_reading()

    engine.execute(put("api#1"))
    engine.execute(put("api#2"))

    assert await quick.to_bookmark() == ["delta api 3<-1: +1 +2"]
    assert slow.frames.empty()
    await engine.close()


async def test_change_is_encoded_once_for_all_its_subscribers() -> None:
    encoder = TextEncoder()
    engine, _, _ = make(encoder=encoder)
    engine.execute(put("api#1"))
    readers = [Reader(engine) for _ in range(50)]
    for reader in readers:
        reader.subscribe()
        await reader.next()
    after_subscribing = dict(encoder.made)

    engine.execute(put("api#2"))
    frames = {await reader.next() for reader in readers}

    assert frames == {"delta api 3<-2: +2"}
    assert after_subscribing == {"fragment": 1, "snapshot": 1}
    assert encoder.made == {"fragment": 2, "snapshot": 1, "delta": 1}
    await engine.close()


async def test_query_is_encoded_once_until_something_changes() -> None:
    encoder = TextEncoder()
    engine, _, _ = make(encoder=encoder)
    engine.execute(put("api#1"))

    first = [engine.hub.list_response(API) for _ in range(10)]
    engine.execute(put("api#2"))
    second = [engine.hub.list_response(API) for _ in range(10)]

    assert set(first) == {b"list 2: +1"}
    assert set(second) == {b"list 3: +1 +2"}
    assert encoder.made == {"fragment": 2, "list": 2}
    await engine.close()


async def test_query_for_a_service_that_nobody_registered_is_an_empty_list_of_revision_zero() -> None:
    engine, _, _ = make()
    engine.execute(put("web#1"))

    assert engine.hub.list_response(API) == b"list 0:"
    await engine.close()


async def test_subscription_to_a_service_that_is_not_there_hears_of_its_coming() -> None:
    engine, _, _ = make()
    engine.execute(put("web#1"))
    reader = Reader(engine)

    reader.subscribe()
    before = await reader.next()
    engine.execute(put("api#1"))

    assert before == "snapshot api 2:"
    assert await reader.next() == "delta api 3<-2: +1"
    await engine.close()


async def test_subscription_resumes_from_the_log_with_the_last_change_of_each_instance() -> None:
    engine, _, _ = make()
    first = Reader(engine)
    engine.execute(put("api#1"))
    first.subscribe()
    await first.next()
    for command in (put("api#2"), put("api#3"), gone("api#2"), put("api#1", weight=2.0)):
        engine.execute(command)

    second = Reader(engine)
    second.subscribe(from_revision=3, epoch=engine.epoch)

    assert await second.next() == "delta api 6<-3: +3 +1 -2=DEREGISTERED"
    await engine.close()


async def test_subscription_that_missed_nothing_is_answered_once_with_an_empty_delta() -> None:
    engine, _, _ = make()
    engine.execute(put("api#1"))
    reader = Reader(engine)

    reader.subscribe(from_revision=2, epoch=engine.epoch)

    assert await reader.to_bookmark() == ["delta api 2<-2:"]
    assert await reader.to_bookmark() == []
    await engine.close()


async def test_subscription_from_before_the_log_is_reset() -> None:
    engine, _, _ = make()
    engine.execute(put("api#1"))
    engine.execute(put("api#2"))
    reader = Reader(engine)

    reader.subscribe(from_revision=2, epoch=engine.epoch)

    assert await reader.next() == "snapshot api 3 reset: +1 +2"
    await engine.close()


async def test_subscriber_that_slept_through_the_whole_log_is_reset() -> None:
    engine, _, _ = make()
    reader = Reader(engine)
    reader.subscribe()
    await reader.next()
    reader.stop_reading()
    engine.execute(put("api#1"))
    await turns_of_the_loop()

    for _ in range(1100):
        engine.execute(touch("api#1"))
    reader.read_on()

    assert await reader.to_bookmark() == ["delta api 2<-1: +1", "snapshot api 1102 reset: +1"]
    await engine.close()


@pytest.mark.parametrize("is_epoch_said", [True, False])
async def test_subscription_from_the_future_is_cancelled_and_ends_the_one_before(is_epoch_said: bool) -> None:
    engine, _, _ = make()
    reader = Reader(engine)
    reader.subscribe()
    await reader.next()

    reader.subscribe(from_revision=99, epoch=engine.epoch if is_epoch_said else 0)

    assert await reader.next() == "cancelled api UNKNOWN_REVISION"
    assert engine.hub.watchers(API) == []
    await engine.close()


async def test_subscription_from_another_epoch_is_reset_whatever_its_revision() -> None:
    engine, _, _ = make()
    engine.execute(put("api#1"))
    reader = Reader(engine)

    reader.subscribe(from_revision=99, epoch=engine.epoch - 1)

    assert await reader.next() == "snapshot api 2 reset: +1"
    await engine.close()


async def test_second_subscription_to_a_service_starts_afresh() -> None:
    engine, _, _ = make()
    reader = Reader(engine)
    reader.subscribe()
    await reader.next()
    engine.execute(put("api#1"))

    reader.subscribe()

    assert await reader.to_bookmark() == ["snapshot api 2: +1"]
    assert len(engine.hub.watchers(API)) == 1
    await engine.close()


async def test_bookmark_moves_the_subscription_on() -> None:
    engine, _, _ = make()
    reader = Reader(engine)
    reader.subscribe()
    await reader.next()

    engine.execute(put("web#1"))
    engine.hub.bookmark()
    bookmark = await reader.next()
    engine.execute(put("api#1"))

    assert bookmark == "bookmark 2"
    assert await reader.next() == "delta api 3<-2: +1"
    await engine.close()


async def test_bookmark_waits_for_a_change_that_is_not_flushed_yet() -> None:
    engine, _, _ = make()
    reader = Reader(engine)
    reader.subscribe()
    await reader.next()
    reader.stop_reading()
    engine.execute(put("api#1"))
    await turns_of_the_loop()

    engine.hub.bookmark()
    reader.read_on()
    engine.execute(put("api#2"))

    frames = [await reader.next() for _ in range(3)]
    assert frames == ["delta api 2<-1: +1", "delta api 3<-2: +2", "bookmark 3"]
    await engine.close()


async def test_bookmark_comes_every_half_minute_to_those_who_watch_something() -> None:
    engine, _, clock = make()
    watching, idle = Reader(engine), Reader(engine)
    watching.subscribe()
    await watching.next()

    pass_time(engine, clock, 29.5)
    await turns_of_the_loop()
    early = watching.frames.qsize()
    pass_time(engine, clock, 0.5)

    assert await watching.next() == "bookmark 1"
    assert early == 0
    assert idle.frames.empty()
    await engine.close()


async def test_unsubscribing_while_a_write_is_under_way_ends_it_with_that_write() -> None:
    engine, _, _ = make()
    reader = Reader(engine)
    reader.subscribe()
    reader.subscribe(WEB)
    await reader.to_bookmark()
    reader.stop_reading()
    engine.execute(put("api#1"))
    await turns_of_the_loop()
    engine.execute(put("api#2"))
    engine.execute(put("web#1"))

    engine.hub.unsubscribe(reader.subscriber, API)
    reader.read_on()

    assert await reader.to_bookmark() == ["delta api 2<-1: +1", "delta web 4<-1: +1"]
    assert engine.hub.watchers(API) == []
    await engine.close()


async def test_unsubscribing_what_is_not_subscribed_is_no_error() -> None:
    engine, _, _ = make()
    reader = Reader(engine)

    engine.hub.unsubscribe(reader.subscriber, API)
    engine.hub.ack(reader.subscriber, API, 1)

    reader.subscribe(WEB)
    assert await reader.to_bookmark() == ["snapshot web 1:"]
    await engine.close()


async def test_detached_subscriber_is_forgotten_everywhere() -> None:
    engine, _, _ = make()
    reader, other = Reader(engine), Reader(engine)
    for each in (reader, other):
        each.subscribe()
        await each.next()

    engine.hub.detach(reader.subscriber)
    engine.execute(put("api#1"))

    assert await other.to_bookmark() == ["delta api 2<-1: +1"]
    assert reader.frames.empty()
    assert engine.hub.watchers(API) == [other.subscriber]
    assert list(engine.hub.subscribers) == [other.subscriber]
    await engine.close()


async def test_stream_that_broke_does_not_disturb_the_others() -> None:
    engine, _, _ = make()
    broken, other = Reader(engine), Reader(engine)
    for each in (broken, other):
        each.subscribe()
        await each.next()
    broken.is_gone = True

    engine.execute(put("api#1"))
    engine.execute(put("api#2"))

    assert await other.to_bookmark() == ["delta api 3<-1: +1 +2"]
    engine.hub.detach(broken.subscriber)
    await engine.close()


async def stuck_in_a_write() -> tuple[Engine, ManualClock, Reader]:
    engine, _, clock = make()
    reader = Reader(engine)
    reader.subscribe()
    await reader.next()
    reader.stop_reading()
    engine.execute(put("api#1", ttl_s=1000))
    await turns_of_the_loop()
    return engine, clock, reader


async def test_stuck_subscriber_is_ended_after_thirty_seconds() -> None:
    engine, clock, reader = await stuck_in_a_write()

    pass_time(engine, clock, 30)
    ends_at_the_limit = list(reader.ends)
    pass_time(engine, clock, 0.5)

    assert ends_at_the_limit == []
    assert [error.reason for error in reader.ends] == [Reason.SLOW_CONSUMER]
    await engine.close()


async def test_stuck_subscriber_is_given_the_time_back_in_which_the_server_itself_stood_still() -> None:
    engine, clock, reader = await stuck_in_a_write()
    engine.tick()

    clock.now_s += 600
    engine.tick()
    ends_after_the_stall = list(reader.ends)
    pass_time(engine, clock, 30.5)

    assert ends_after_the_stall == []
    assert [error.reason for error in reader.ends] == [Reason.SLOW_CONSUMER]
    await engine.close()


async def test_subscriber_that_reads_again_in_time_is_not_ended() -> None:
    engine, clock, reader = await stuck_in_a_write()

    pass_time(engine, clock, 29)
    reader.read_on()
    await reader.next()
    pass_time(engine, clock, 29)

    assert reader.ends == []
    await engine.close()


async def acking_reader(engine: Engine) -> Reader:
    """A reader that has acknowledged its snapshot, so that its window counts."""
    reader = Reader(engine)
    reader.subscribe()
    await reader.next()
    reader.hub.ack(reader.subscriber, API, 0)
    return reader


async def fill_window(engine: Engine, reader: Reader, count: int = MAX_UNACKED) -> None:
    for number in range(count):
        engine.execute(put("api#1", weight=number, ttl_s=1000))
        await reader.next()


async def test_window_of_unacknowledged_frames_holds_the_next_one_until_an_ack() -> None:
    engine, _, _ = make()
    reader, other = await acking_reader(engine), Reader(engine)
    await fill_window(engine, reader)
    other.subscribe()
    await other.next()

    for number in range(3):
        engine.execute(put(f"api#new{number}"))
        await other.next()
    held = reader.frames.qsize()
    reader.hub.ack(reader.subscriber, API, 2)

    assert held == 0
    assert await reader.to_bookmark() == ["delta api 68<-65: +new0 +new1 +new2"]
    await engine.close()


async def test_window_that_is_full_when_a_change_was_sent_ahead_of_its_flush_holds_no_bookmark() -> None:
    engine, _, _ = make()
    reader, other = await acking_reader(engine), Reader(engine)
    await fill_window(engine, reader, MAX_UNACKED - 2)
    other.subscribe()
    await other.next()
    reader.stop_reading()
    for _ in range(2):
        engine.execute(touch("api#1"))
        await other.next()

    reader.read_on()
    engine.execute(touch("api#1"))
    await other.next()

    assert await reader.to_bookmark() == ["delta api 64<-63: +1", "delta api 66<-64: +1"]
    await engine.close()


async def test_window_of_one_service_does_not_hold_the_frames_of_another() -> None:
    engine, _, _ = make()
    reader = await acking_reader(engine)
    reader.subscribe(WEB)
    await reader.next()
    await fill_window(engine, reader)

    engine.execute(put("api#2"))
    engine.execute(put("web#1"))

    assert await reader.next() == "delta web 67<-1: +1"
    assert reader.frames.empty()
    await engine.close()


async def test_window_is_none_for_a_client_that_never_acknowledges() -> None:
    engine, _, _ = make()
    reader = Reader(engine)
    reader.subscribe()
    await reader.next()
    await fill_window(engine, reader)

    engine.execute(put("api#2"))

    assert await reader.next() == "delta api 66<-65: +2"
    await engine.close()


async def test_window_that_stays_full_ends_the_subscriber_even_if_it_reads_another_service() -> None:
    engine, _, clock = make()
    reader = await acking_reader(engine)
    reader.subscribe(WEB)
    await reader.next()
    await fill_window(engine, reader)
    engine.execute(put("api#2", ttl_s=1000))
    await turns_of_the_loop()

    for second in range(31):
        engine.execute(put("web#1", weight=second, ttl_s=1000))
        reader.hub.ack(reader.subscriber, WEB, engine.revision)
        await reader.next()
        pass_time(engine, clock, 1)

    assert {error.reason for error in reader.ends} == {Reason.SLOW_CONSUMER}
    await engine.close()


async def test_full_window_with_nothing_to_send_is_not_stuck() -> None:
    engine, _, clock = make()
    reader = await acking_reader(engine)
    await fill_window(engine, reader)

    pass_time(engine, clock, 29)

    assert reader.ends == []
    await engine.close()


async def test_ack_of_a_revision_that_was_not_sent_counts_for_what_was() -> None:
    engine, _, _ = make()
    reader = await acking_reader(engine)

    engine.execute(put("api#1"))
    await reader.next()
    reader.hub.ack(reader.subscriber, API, 10**9)
    reader.hub.ack(reader.subscriber, API, 0)

    assert reader.subscriber.subscriptions[API].acked_revision == 2
    await engine.close()


async def test_drain_asks_every_stream_once_to_connect_anew() -> None:
    engine, _, _ = make()
    readers = [Reader(engine) for _ in range(3)]

    engine.hub.drain(1.5)

    assert [await reader.next() for reader in readers] == ["reconnect 1.5"] * 3
    await engine.close()


async def test_written_returns_when_the_stream_has_got_all_it_is_due() -> None:
    engine, _, _ = make()
    reader = Reader(engine)
    reader.stop_reading()
    reader.subscribe()
    waiting = asyncio.create_task(engine.hub.written(reader.subscriber), name="waiting for the stream")
    await turns_of_the_loop()
    was_done = waiting.done()

    reader.read_on()
    await waiting

    assert not was_done
    assert reader.frames.qsize() == 1
    await engine.close()


async def test_close_ends_a_write_that_nobody_reads() -> None:
    engine, _, _ = make()
    reader = Reader(engine)
    reader.stop_reading()
    reader.subscribe()
    await turns_of_the_loop()

    await engine.close()

    assert not reader.subscriber.is_writing


async def test_forgotten_service_that_is_watched_goes_on_when_it_returns() -> None:
    engine, _, clock = make()
    engine.execute(put("api#1"))
    reader = Reader(engine)
    reader.subscribe()
    await reader.next()
    engine.execute(gone("api#1"))
    await reader.next()

    pass_time(engine, clock, 3601)
    is_forgotten = API not in engine.state.services
    engine.execute(put("api#2"))

    frames = [frame for frame in await reader.to_bookmark() if not frame.startswith("bookmark")]
    assert is_forgotten
    assert frames == ["delta api 4<-3: +2"]
    await engine.close()


@pytest.mark.slow
async def test_subscription_over_the_limit_is_cancelled_and_the_others_stay() -> None:
    engine, _, _ = make()
    reader = Reader(engine)
    for number in range(MAX_SUBSCRIPTIONS):
        reader.subscribe(ref(f"s{number}#").service)

    reader.subscribe(API)
    reader.subscribe(ref("s0#").service)
    frames = await reader.to_bookmark()

    assert frames.count("cancelled api LIMIT_EXCEEDED") == 1
    assert len(reader.subscriber.subscriptions) == MAX_SUBSCRIPTIONS
    await engine.close()


async def test_reset_sends_everybody_the_whole_state_anew_and_a_bookmark() -> None:
    engine, _, _ = make()
    engine.execute(put("api#1"))
    reader, other = Reader(engine), Reader(engine)
    reader.subscribe()
    reader.subscribe(WEB)
    other.subscribe(WEB)
    for frames in (reader, reader, other):
        await frames.next()

    engine.hub.reset(engine.epoch + 1)

    assert [await reader.next() for _ in range(3)] == ["snapshot api 2 reset: +1", "snapshot web 2 reset:", "bookmark 2"]
    assert [await other.next() for _ in range(2)] == ["snapshot web 2 reset:", "bookmark 2"]
    await engine.close()


async def test_subscriber_of_a_reset_hub_goes_on_with_deltas() -> None:
    engine, _, _ = make()
    engine.execute(put("api#1"))
    reader = Reader(engine)
    reader.subscribe()
    await reader.next()
    engine.hub.reset(engine.epoch + 1)
    await reader.to_bookmark()

    engine.execute(put("api#2"))

    assert await reader.next() == "delta api 3<-2: +2"
    await engine.close()


async def test_reset_while_a_subscriber_does_not_read_replaces_what_it_was_due() -> None:
    engine, _, _ = make()
    reader = Reader(engine)
    reader.subscribe()
    await reader.next()
    reader.stop_reading()
    engine.execute(put("api#1"))
    await turns_of_the_loop()
    engine.execute(put("api#2"))

    engine.hub.reset(engine.epoch + 1)
    reader.read_on()

    assert await reader.to_bookmark() == ["delta api 2<-1: +1", "snapshot api 3 reset: +1 +2"]
    await engine.close()


async def test_reset_of_a_subscriber_whose_window_is_full_waits_for_its_acks() -> None:
    engine, _, _ = make()
    engine.execute(put("api#1"))
    reader = Reader(engine)
    reader.subscribe()
    await reader.next()
    engine.hub.ack(reader.subscriber, API, engine.revision)
    for weight in range(2, MAX_UNACKED + 2):
        engine.execute(put("api#1", weight=weight))
        await reader.next()

    engine.hub.reset(engine.epoch + 1)
    await turns_of_the_loop()
    held = reader.frames.empty()
    engine.hub.ack(reader.subscriber, API, engine.revision)

    assert held
    assert await reader.next() == f"snapshot api {engine.revision} reset: +1"
    await engine.close()


async def test_subscription_of_before_a_reset_is_reset_when_it_says_its_epoch() -> None:
    engine, _, _ = make()
    engine.execute(put("api#1"))
    former, epoch = engine.epoch, engine.epoch + 1
    engine.hub.reset(epoch)
    old, new = Reader(engine), Reader(engine)

    old.subscribe(from_revision=2, epoch=former)
    new.subscribe(from_revision=2, epoch=epoch)

    assert await old.next() == "snapshot api 2 reset: +1"
    assert await new.next() == "delta api 2<-2:"
    await engine.close()
