"""The engine by itself: order, durability, stalls, expiry."""

import asyncio
from collections.abc import Sequence

import pytest
from core.story import ref
from muster_server.core.commands import (
    AddressQuery,
    Deregister,
    InstanceRef,
    LoseSession,
    OpenSession,
    Put,
    Register,
    Removed,
    Renew,
    SessionChanged,
    SetAdminState,
    Update,
)
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import Address, AdminState, Instance, Registration, ServiceKey
from muster_server.core.namespace_commands import DeleteNamespace
from muster_server.engine.engine import Engine
from muster_server.engine.restore import REVISION, REVISION_BLOCK
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import Bucket, Done, StorageError, Write

from engine.fakes import (
    CountingStore,
    Reader,
    healths,
    make,
    pass_time,
    perform,
    put,
    put_durable,
    put_on_session,
    said,
    turns_of_the_loop,
)

DB = ref("db#").service


def revisions(engine: Engine, key: ServiceKey = DB) -> dict[str, int]:
    service = engine.state.services.get(key)
    return {name: instance.revision for name, instance in service.instances.items()} if service else {}


async def test_ephemeral_command_is_answered_at_once() -> None:
    engine, _, _ = make()

    answer = engine.execute(put("api#1"))

    assert not isinstance(answer, asyncio.Future)
    assert engine.state.find(ref("api#1")) is answer
    await engine.close()


async def test_ephemeral_command_is_answered_at_once_even_if_the_journal_waits_for_the_disk() -> None:
    engine, store, _ = make()
    store.hold()
    engine.execute(put("api#1"))
    await turns_of_the_loop()

    answer = engine.execute(put("api#2"))

    assert isinstance(answer, Instance)
    store.release()
    await engine.close()


async def test_durable_command_is_seen_only_when_it_is_on_disk_and_what_follows_waits() -> None:
    engine, store, _ = make()
    store.hold()

    first = engine.execute(put_durable("db#1"))
    second = engine.execute(put("api#1"))

    assert isinstance(first, asyncio.Future)
    assert isinstance(second, asyncio.Future)
    assert engine.state.services == {}
    store.release()
    got = [(await answer).revision for answer in (first, second)]
    assert got == [2, 3]
    await engine.close()


async def test_durable_command_is_not_pushed_before_it_is_on_disk() -> None:
    engine, store, _ = make()
    reader = Reader(engine)
    reader.subscribe(DB)
    await reader.next()
    store.hold()

    answer = engine.execute(put_durable("db#1"))
    before = await reader.to_bookmark()
    store.release()
    await answer

    assert before == []
    assert await reader.to_bookmark() == ["delta db 2<-1: +1"]
    await engine.close()


async def test_mixed_commands_that_waited_keep_their_order() -> None:
    engine, store, _ = make()
    store.hold()
    commands = [put_durable("db#0"), put("api#1"), put_durable("db#2"), put("api#2"), put("api#1", weight=2.0), put_durable("db#3")]

    answers = [engine.execute(command) for command in commands]
    store.release()
    got = [(await answer).revision for answer in answers]

    assert got == [2, 3, 4, 5, 6, 7]
    await engine.close()


async def test_commands_for_one_instance_that_waited_are_decided_one_after_the_other() -> None:
    engine, store, _ = make()
    await perform(engine, put_durable("db#0"))
    store.hold()
    engine.execute(put_durable("db#0", weight=2.0))
    answers = [
        engine.execute(command)
        for command in (
            put_durable("db#1"),
            SetAdminState(ref("db#1"), AdminState.DISABLED),
            Update(ref("db#1"), {"weight": 5.0}),
            Deregister(ref("db#1")),
            Deregister(ref("db#1"), is_missing_allowed=True),
        )
    ]

    store.release()
    registered, disabled, updated, removed, missing = [await answer for answer in answers]

    assert registered.said.weight == 1.0
    assert disabled.admin_state is AdminState.DISABLED
    assert (updated.said.weight, updated.admin_state) == (5.0, AdminState.DISABLED)
    assert removed.previous is updated
    assert missing is None
    await engine.close()


async def test_many_waiting_durable_commands_share_a_batch() -> None:
    store = CountingStore()
    engine, _, _ = make(store)
    await perform(engine, put_durable("db#0"))
    store.batches.clear()
    store.hold()
    answers = [engine.execute(put_durable(f"db#{number}")) for number in range(1, 20)]

    store.release()
    await asyncio.gather(*answers)

    assert store.keys_written(Bucket.INSTANCES) == [1, 18]
    await engine.close()


async def test_refused_command_that_waited_fails_alone() -> None:
    engine, store, _ = make()
    store.hold()
    answers = [engine.execute(command) for command in (put_durable("db#1"), Deregister(ref("db#9")), put_durable("db#2"))]

    store.release()
    results = await asyncio.gather(*answers, return_exceptions=True)

    assert isinstance(results[1], MusterError)
    assert results[1].reason is Reason.INSTANCE_NOT_FOUND
    assert revisions(engine) == {"1": 2, "2": 3}
    await engine.close()


async def test_failed_disk_changes_nothing_and_is_said() -> None:
    engine, store, _ = make()
    store.fail_next(StorageError("full"))

    with pytest.raises(MusterError) as caught:
        await perform(engine, put_durable("db#1"))

    assert caught.value.reason is Reason.STORAGE_FAILED
    assert engine.state.services == {}
    await engine.close()


async def test_store_that_is_closed_is_said_as_a_failed_disk() -> None:
    engine, store, _ = make()
    store.close()

    with pytest.raises(MusterError) as caught:
        await perform(engine, put_durable("db#1"))

    assert caught.value.reason is Reason.STORAGE_FAILED
    store.reopen()
    await engine.close()


async def test_failed_disk_fails_the_batch_that_was_on_its_way_and_not_what_waited_behind_it() -> None:
    engine, store, _ = make()
    reader = Reader(engine)
    reader.subscribe(DB)
    await reader.next()
    store.hold()
    lost = engine.execute(put_durable("db#1"))
    waiting = [engine.execute(command) for command in (put_durable("db#2"), put("api#1"))]

    store.fail_next(StorageError("full"))
    store.release()
    results = await asyncio.gather(lost, *waiting, return_exceptions=True)

    assert isinstance(results[0], MusterError)
    assert list(revisions(engine)) == ["2"]
    assert healths(engine) == {"1": "HEALTHY"}
    assert await reader.to_bookmark() == ["delta db 3<-1: +2"]
    await engine.close()


async def test_failed_disk_in_the_middle_of_waiting_batches_never_reuses_a_revision() -> None:
    engine, store, _ = make()
    store.hold()
    first = engine.execute(put_durable("db#1"))
    waiting = [engine.execute(put_durable(f"db#{number}")) for number in (2, 3)]
    store.release()
    store.hold()
    await first
    store.fail_next(StorageError("full"))
    store.release()
    refused = await asyncio.gather(*waiting, return_exceptions=True)

    last = await perform(engine, put_durable("db#4"))

    assert [type(result) for result in refused] == [MusterError, MusterError]
    assert revisions(engine) == {"1": 2, "4": 5}
    assert isinstance(last, Instance)
    await engine.close()


async def test_caller_that_gave_up_while_its_write_was_on_the_way_does_not_undo_it() -> None:
    engine, store, _ = make()
    store.hold()
    given_up = engine.execute(put_durable("db#1"))
    behind = engine.execute(put_durable("db#2"))

    given_up.cancel()
    store.release()
    await behind

    assert list(revisions(engine)) == ["1", "2"]
    await engine.close()


async def test_caller_that_gave_up_while_it_waited_has_done_nothing() -> None:
    engine, store, _ = make()
    store.hold()
    first = engine.execute(put_durable("db#1"))
    given_up = engine.execute(put_durable("db#2"))
    behind = engine.execute(put("api#1"))

    given_up.cancel()
    store.release()
    await asyncio.gather(first, behind)

    assert list(revisions(engine)) == ["1"]
    assert healths(engine) == {"1": "HEALTHY"}
    await engine.close()


async def test_caller_that_gave_up_while_the_disk_failed_is_not_told() -> None:
    engine, store, _ = make()
    store.hold()
    given_up = engine.execute(put_durable("db#1"))

    given_up.cancel()
    store.fail_next(StorageError("full"))
    store.release()
    await turns_of_the_loop()

    assert revisions(engine) == {}
    await engine.close()


async def test_close_waits_for_the_disk_and_for_what_waits_behind_it() -> None:
    engine, store, _ = make()
    store.hold()
    answers = [engine.execute(command) for command in (put_durable("db#1"), put("api#1"), put_durable("db#2"))]

    async with asyncio.TaskGroup() as group:
        closing = group.create_task(engine.close(), name="closing")
        await turns_of_the_loop()
        was_closed = closing.done()
        store.release()

    assert not was_closed
    assert all(answer.done() for answer in answers)
    assert [len(store.scan(bucket)) for bucket in (Bucket.INSTANCES, Bucket.JOURNAL)] == [2, 1]


async def test_change_of_kind_in_a_batch_is_seen_by_what_follows_it() -> None:
    engine, store, _ = make()
    engine.execute(put("db#1"))
    store.hold()
    answers = [engine.execute(command) for command in (put_durable("other#1"), put_durable("db#1"), put("db#2"))]

    store.release()
    results = await asyncio.gather(*answers, return_exceptions=True)

    assert isinstance(results[2], MusterError)
    assert results[2].reason is Reason.SERVICE_KIND_MISMATCH
    assert list(revisions(engine)) == ["1"]
    await engine.close()


async def test_service_that_is_emptied_in_a_batch_takes_the_other_kind_right_after() -> None:
    engine, store, _ = make()
    await perform(engine, put_durable("db#1"))
    store.hold()
    answers = [engine.execute(command) for command in (put_durable("other#1"), Deregister(ref("db#1")), put("db#2"))]

    store.release()
    await asyncio.gather(*answers)

    assert healths(engine, DB) == {"2": "HEALTHY"}
    await engine.close()


async def test_address_in_a_batch_means_the_instance_that_was_registered_last_even_in_this_batch() -> None:
    engine, store, _ = make()
    endpoints = said("h:80").endpoints
    older, newer = (Register(DB, Registration(endpoints, name, is_persistent=True)) for name in ("old", "new"))
    await perform(engine, older)
    store.hold()
    by_address = Deregister(InstanceRef(DB, AddressQuery(Address("h", 80))))
    answers = [engine.execute(command) for command in (put_durable("other#1"), newer, by_address)]

    store.release()
    await asyncio.gather(*answers)

    assert list(revisions(engine)) == ["old"]
    await engine.close()


async def test_guard_that_opens_in_a_batch_does_not_bring_back_what_left_in_it() -> None:
    engine, store, clock = make()
    for number in range(3):
        engine.execute(put(f"api#{number}", ttl_s=10))
    for number in range(3, 5):
        engine.execute(put(f"api#{number}", ttl_s=1000))
    pass_time(engine, clock, 10)
    held = healths(engine)
    store.hold()
    commands = (put_durable("other#1"), put_durable("other#2"), Deregister(ref("api#0")), Deregister(ref("api#1")))
    answers = [engine.execute(command) for command in commands]

    store.release()
    await asyncio.gather(*answers)

    assert list(held.values()).count("SUSPECT") == 3
    assert healths(engine) == {"2": "UNHEALTHY", "3": "HEALTHY", "4": "HEALTHY"}
    assert engine.state.instance_count == 5
    await engine.close()


async def test_namespace_that_is_deleted_in_a_batch_takes_no_instance_with_it_that_comes_after() -> None:
    engine, store, _ = make()
    await perform(engine, put_durable("db#1"))
    store.hold()
    waiting = [
        engine.execute(command)
        for command in (put_durable("web#1"), DeleteNamespace("shop", is_forced=True), put_durable("db#1"), put_durable("db#2"))
    ]

    store.release()
    await asyncio.gather(*waiting)

    assert revisions(engine) == {"1": 6, "2": 7}
    assert healths(engine, ref("web#").service) == {}
    await engine.close()


async def test_leases_are_given_back_the_time_of_a_stall() -> None:
    engine, _, clock = make()
    engine.execute(put("api#1"))
    engine.tick()

    clock.now_s += 60
    engine.tick()

    assert healths(engine) == {"1": "HEALTHY"}
    assert engine.stalled_s == 60
    await engine.close()


async def test_leases_age_through_a_pause_that_is_no_stall() -> None:
    engine, _, clock = make()
    engine.execute(put("api#1", ttl_s=1, grace_s=1))

    clock.now_s += 1.0
    engine.tick()

    assert healths(engine) == {"1": "UNHEALTHY"}
    assert engine.stalled_s == 0
    await engine.close()


async def test_lease_that_is_renewed_right_after_a_stall_lives_no_longer_than_it_says() -> None:
    engine, _, clock = make()
    engine.execute(put("api#1"))

    clock.now_s += 60
    engine.execute(Renew((ref("api#1"),)))
    pass_time(engine, clock, 9.5)
    before = healths(engine)
    pass_time(engine, clock, 0.5)

    assert before == {"1": "HEALTHY"}
    assert healths(engine) == {"1": "UNHEALTHY"}
    assert engine.stalled_s == 60
    await engine.close()


async def test_leases_expire_between_two_durable_writes_when_the_disk_is_never_idle() -> None:
    engine, store, clock = make()
    engine.execute(put("api#1", ttl_s=1, grace_s=100))
    await turns_of_the_loop()
    store.hold()
    first = engine.execute(put_durable("db#1"))
    engine.execute(put_durable("db#2"))

    pass_time(engine, clock, 2)
    while_the_first_is_written = healths(engine)
    store.release()
    store.hold()
    await first

    assert while_the_first_is_written == {"1": "HEALTHY"}
    assert healths(engine) == {"1": "UNHEALTHY"}
    store.release()
    await engine.close()


async def test_lost_session_is_told_to_its_listener_with_each_instance() -> None:
    engine, _, clock = make()
    heard: list[Put | Removed | SessionChanged] = []
    engine.audience.on_session_change = heard.append
    engine.execute(OpenSession("s1", 1, "client", None, 5.0))
    engine.execute(put_on_session("api#1", "s1"))

    engine.execute(LoseSession("s1", 1))
    pass_time(engine, clock, 5)

    assert [type(event).__name__ for event in heard] == ["SessionChanged", "Put", "SessionChanged", "Removed"]
    told = [event.previous for event in heard if isinstance(event, Put | Removed)]
    assert [previous.session for previous in told if previous is not None] == ["s1", "s1"]
    await engine.close()


def with_revisions_used(store: MemoryStore, revision: int) -> tuple[Engine, int]:
    """An engine that has used its revisions up to this one, and the connection of its session of 5000 instances.

    The session is lost and returns, again and again: nothing else uses revisions so quickly.
    """
    engine, _, _ = make(store)
    engine.execute(OpenSession("s1", 0, "", None, 1000.0))
    for number in range(5000):
        engine.execute(put_on_session(f"api#{number}", "s1"))
    connection = 0
    while engine.revision < revision:
        engine.execute(LoseSession("s1", connection))
        connection += 1
        engine.execute(OpenSession("s1", connection, "", None, 1000.0, is_resumed=True))
    return engine, connection


class NoReservations(MemoryStore):
    """A disk that takes everything but the reservation of more revisions, for as long as it is told to."""

    is_refusing = False

    def submit(self, batch: Sequence[Write], done: Done) -> None:
        if self.is_refusing and [write.key for write in batch] == [REVISION]:
            done(StorageError("full"))
        else:
            super().submit(batch, done)


@pytest.mark.slow
async def test_revisions_are_reserved_again_when_half_of_them_are_used() -> None:
    store = MemoryStore()
    engine, _ = with_revisions_used(store, REVISION_BLOCK // 2 + 1)

    engine.execute(put("web#1"))
    await engine.close()
    again, _, _ = make(store)

    assert again.revision == 2 * REVISION_BLOCK + 1
    await again.close()


@pytest.mark.slow
async def test_revisions_that_run_out_stop_all_changes_until_the_disk_takes_a_reservation_again() -> None:
    store = NoReservations()
    store.is_refusing = True
    engine, connection = with_revisions_used(store, REVISION_BLOCK - 14_999)
    store.hold()
    waiting = [engine.execute(command) for command in (put_durable("db#1"), LoseSession("s1", connection), put("web#1"))]
    store.release()

    results = await asyncio.gather(*waiting, return_exceptions=True)
    with pytest.raises(MusterError) as caught:
        engine.execute(put("web#1"))
    engine.tick()
    await turns_of_the_loop()
    store.is_refusing = False
    with pytest.raises(MusterError):
        engine.execute(put("web#1"))
    await turns_of_the_loop()
    answer = engine.execute(put("web#1"))

    assert isinstance(results[2], MusterError)
    assert {results[2].reason, caught.value.reason} == {Reason.STORAGE_FAILED}
    assert isinstance(answer, Instance)
    await engine.close()
