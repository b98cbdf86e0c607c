"""The journal: ephemeral state as it stands when the disk is free, once per turn of the disk, and again if the disk refused."""

import asyncio
from collections.abc import Sequence

import pytest
from core.story import ref
from muster_server.core.commands import Deregister, EndSession, InstanceKey, OpenSession, Renew, RenewSession, SetAdminState
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import AdminState
from muster_server.engine import records
from muster_server.engine.engine import Engine
from muster_server.storage.port import Bucket, StorageError, Write
from running import ManualClock

from engine.fakes import (
    CountingStore,
    TextEncoder,
    healths,
    make,
    pass_time,
    perform,
    put,
    put_durable,
    put_on_session,
    turns_of_the_loop,
)


def counting() -> tuple[Engine, CountingStore]:
    store = CountingStore()
    engine, _, _ = make(store)
    store.batches.clear()
    return engine, store


def journalled(store: CountingStore) -> dict[str, float]:
    """What is on disk: instance ids with their weights."""
    return {
        records.decode_key(key).instance_id: records.decode_instance(value).said.weight for key, value in store.scan(Bucket.JOURNAL)
    }


async def test_changes_of_one_turn_are_one_batch_with_the_newest_state_of_each_instance() -> None:
    engine, store = counting()
    engine.execute(OpenSession("s1", 1, "client", None, 5.0))

    for weight in range(1, 11):
        engine.execute(put_on_session("api#1", "s1", weight=weight))
    engine.execute(put("api#2"))
    await turns_of_the_loop()

    assert store.keys_written(Bucket.JOURNAL) == [2]
    assert journalled(store) == {"1": 10.0, "2": 1.0}
    await engine.close()


async def test_changes_while_the_disk_is_busy_are_written_once_when_it_is_free() -> None:
    engine, store = counting()
    store.hold()
    engine.execute(OpenSession("s1", 1, "client", None, 5.0))
    engine.execute(put_on_session("api#1", "s1"))
    await turns_of_the_loop()

    for weight in range(2, 30):
        engine.execute(put_on_session("api#1", "s1", weight=weight))
        engine.execute(put_on_session("api#2", "s1", weight=weight))
        await turns_of_the_loop()
    store.release()
    await turns_of_the_loop()

    assert store.keys_written(Bucket.JOURNAL) == [1, 2]
    assert journalled(store) == {"1": 29.0, "2": 29.0}
    await engine.close()


async def test_instance_that_came_and_went_while_the_disk_was_busy_leaves_nothing() -> None:
    engine, store = counting()
    store.hold()
    engine.execute(put("api#1"))
    await turns_of_the_loop()

    engine.execute(put("api#2"))
    engine.execute(Deregister(ref("api#1")))
    engine.execute(Deregister(ref("api#2")))
    store.release()
    await turns_of_the_loop()

    assert journalled(store) == {}
    await engine.close()


async def test_renewal_is_not_written() -> None:
    engine, store = counting()
    engine.execute(put("api#1"))
    await turns_of_the_loop()
    store.batches.clear()

    engine.execute(Renew((ref("api#1"),)))
    engine.execute(put("api#1"))
    await turns_of_the_loop()

    assert store.batches == []
    await engine.close()


async def test_durable_instance_is_not_in_the_journal() -> None:
    engine, store = counting()

    await perform(engine, put_durable("db#1"))
    await engine.close()

    assert journalled(store) == {}
    assert len(store.scan(Bucket.INSTANCES)) == 1


async def test_sessions_are_written_with_their_instances_and_deleted_with_their_end() -> None:
    engine, store = counting()
    engine.execute(OpenSession("s1", 1, "client", 10.0, 5.0))
    engine.execute(put_on_session("api#1", "s1"))
    await turns_of_the_loop()
    during = [records.decode_session(value).client_name for _, value in store.scan(Bucket.SESSIONS)], journalled(store)

    engine.execute(EndSession("s1"))
    await turns_of_the_loop()

    assert during == (["client"], {"1": 1.0})
    assert store.scan(Bucket.SESSIONS) == []
    assert journalled(store) == {}
    await engine.close()


async def test_sign_of_life_of_a_session_is_not_written() -> None:
    engine, store = counting()
    engine.execute(OpenSession("s", 1, "client", 10.0, 5.0))
    await turns_of_the_loop()
    store.batches.clear()

    for _ in range(10):
        engine.execute(RenewSession("s"))
        await turns_of_the_loop()

    assert store.batches == []
    await engine.close()


async def test_refused_write_is_counted_and_written_again_at_the_next_tick() -> None:
    engine, store = counting()
    store.fail_next(StorageError("full"))
    engine.execute(put("api#1"))
    await turns_of_the_loop()
    after_the_failure = journalled(store)

    engine.tick()
    await turns_of_the_loop()

    assert after_the_failure == {}
    assert journalled(store) == {"1": 1.0}
    assert engine.journal_failures == 1
    await engine.close()


async def test_refused_removal_is_written_again_so_that_a_restart_does_not_bring_the_instance_back() -> None:
    engine, store = counting()
    engine.execute(put("api#1"))
    await turns_of_the_loop()
    store.fail_next(StorageError("full"))

    engine.execute(Deregister(ref("api#1")))
    await turns_of_the_loop()
    await engine.close()

    assert journalled(store) == {}


async def test_refused_write_goes_out_together_with_what_came_meanwhile() -> None:
    engine, store = counting()
    store.fail_next(StorageError("full"))
    engine.execute(put("api#1"))
    await turns_of_the_loop()
    store.batches.clear()

    engine.execute(put("api#2"))
    await turns_of_the_loop()

    assert store.keys_written(Bucket.JOURNAL) == [2]
    assert journalled(store) == {"1": 1.0, "2": 1.0}
    await engine.close()


async def test_disk_that_keeps_failing_is_asked_once_per_tick_only() -> None:
    engine, store = counting()
    store.fail_next(StorageError("full"))
    engine.execute(put("api#1"))
    await turns_of_the_loop(50)
    store.fail_next(StorageError("full"))

    engine.tick()
    await turns_of_the_loop(50)

    assert engine.journal_failures == 2
    assert len(store.batches) == 2
    await engine.close()


async def test_store_that_was_closed_is_counted_as_a_failure() -> None:
    engine, store = counting()
    store.close()

    engine.execute(put("api#1"))
    await turns_of_the_loop()

    assert engine.journal_failures == 1
    assert healths(engine) == {"1": "HEALTHY"}
    store.reopen()
    await engine.close()


async def test_what_is_not_on_disk_yet_is_counted_once() -> None:
    engine, store = counting()
    counts = [engine.journal_waiting]
    store.hold()
    engine.execute(put("api#1"))
    counts.append(engine.journal_waiting)
    await turns_of_the_loop()  # on its way
    counts.append(engine.journal_waiting)
    engine.execute(Deregister(ref("api#1")))
    engine.execute(put("api#2"))
    counts.append(engine.journal_waiting)
    store.release()
    await turns_of_the_loop()
    counts.append(engine.journal_waiting)

    assert counts == [0, 1, 1, 2, 0]
    await engine.close()


async def test_close_writes_what_is_left_even_if_the_disk_is_busy() -> None:
    engine, store = counting()
    store.hold()
    engine.execute(put("api#1"))
    await turns_of_the_loop()
    engine.execute(put("api#2"))

    store.release()
    await engine.close()

    assert journalled(store) == {"1": 1.0, "2": 1.0}


async def test_override_that_is_set_right_after_it_was_lifted_stays_on_disk() -> None:
    engine, store = counting()
    engine.execute(put("api#1"))
    await perform(engine, SetAdminState(ref("api#1"), AdminState.DISABLED))
    await turns_of_the_loop()
    store.hold()
    lifted = engine.execute(SetAdminState(ref("api#1"), None))
    again = engine.execute(SetAdminState(ref("api#1"), AdminState.DRAINING))

    store.release()
    await lifted
    await again
    await engine.close()

    key = records.encode_key(InstanceKey(ref("api#1").service, "1"))
    [(written_key, record)] = store.scan(Bucket.OVERRIDES)
    assert written_key == key
    assert records.decode_override(record).state is AdminState.DRAINING


async def test_override_that_outlived_its_instance_is_deleted_from_the_disk() -> None:
    store = CountingStore()
    engine, _, clock = make(store)
    engine.execute(put("api#1"))
    await perform(engine, SetAdminState(ref("api#1"), AdminState.DISABLED))
    engine.execute(Deregister(ref("api#1")))
    before = len(store.scan(Bucket.OVERRIDES))

    pass_time(engine, clock, 600)
    await engine.close()

    assert before == 1
    assert store.scan(Bucket.OVERRIDES) == []


async def test_override_whose_deletion_was_refused_is_counted() -> None:
    store = CountingStore()
    engine, _, clock = make(store)
    engine.execute(put("api#1"))
    await perform(engine, SetAdminState(ref("api#1"), AdminState.DISABLED))
    engine.execute(Deregister(ref("api#1")))
    pass_time(engine, clock, 599)
    await turns_of_the_loop()
    store.fail_next(StorageError("full"))

    pass_time(engine, clock, 1)
    await turns_of_the_loop()

    assert engine.journal_failures == 1
    await engine.close()


async def test_changes_within_the_pause_are_written_together_and_close_does_not_wait_for_it() -> None:
    store = CountingStore()
    engine = Engine(store, TextEncoder(), ManualClock(), journal_pause_s=3600.0)
    store.batches.clear()

    for weight in (1, 2, 3):
        engine.execute(put(f"api#{weight}", weight=weight))
        await turns_of_the_loop()
    first = store.keys_written(Bucket.JOURNAL)
    await engine.close()

    assert first == [1]
    assert store.keys_written(Bucket.JOURNAL) == [1, 2]
    assert journalled(store) == {"1": 1.0, "2": 2.0, "3": 3.0}


async def test_what_a_client_changes_in_an_ephemeral_instance_is_on_disk_before_its_answer() -> None:
    engine, store = counting()
    engine.execute(put("api#1"))
    store.hold()

    changed = engine.execute(put("api#1", weight=2.0))
    await turns_of_the_loop()
    assert isinstance(changed, asyncio.Future)
    was_answered = changed.done()
    store.release()
    await changed

    assert not was_answered
    assert journalled(store) == {"1": 2.0}
    await engine.close()


async def test_change_that_the_disk_refuses_is_refused_and_what_was_said_before_is_written_still() -> None:
    engine, store = counting()
    engine.execute(put("api#1"))
    store.fail_next(StorageError("full"))

    with pytest.raises(MusterError) as caught:
        await perform(engine, put("api#1", weight=2.0))
    await turns_of_the_loop()

    assert caught.value.reason is Reason.STORAGE_FAILED
    assert journalled(store) == {"1": 1.0}
    await engine.close()


async def test_older_state_is_never_written_over_a_change_that_is_on_its_way() -> None:
    engine, store = counting()
    engine.execute(put("api#2"))  # its writing is scheduled, and comes after the change was submitted

    await perform(engine, put("api#2", weight=2.0))

    assert journalled(store) == {"2": 2.0}
    assert {weight for batch in store.batches for weight in weights_in(batch)} == {2.0}
    await engine.close()


def weights_in(batch: Sequence[Write]) -> list[float]:
    return [records.decode_instance(write.value).said.weight for write in batch if write.bucket is Bucket.JOURNAL and write.value]
