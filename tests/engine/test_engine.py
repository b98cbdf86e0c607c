"""The engine by itself: order, durability, stalls, restarts."""

import asyncio

import pytest
from core.story import ref, registration
from muster_server.core.commands import Register, SetAdminState
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import AdminState, Health, Lease
from muster_server.engine.engine import Engine
from muster_server.rpc.encoding import WireEncoder
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import StorageError
from running import ManualClock


def make(store: MemoryStore | None = None, clock: ManualClock | None = None) -> tuple[Engine, MemoryStore, ManualClock]:
    store, clock = store or MemoryStore(), clock or ManualClock()
    return Engine(store, WireEncoder(), clock), store, clock


def put(name: str, *, is_persistent: bool = False, **fields: object) -> Register:
    lease = None if is_persistent else Lease(10, 10)
    said = registration(name.partition("#")[2], is_persistent=is_persistent, lease=lease, **fields)
    return Register(ref(name).service, said)


async def test_ephemeral_command_is_answered_at_once() -> None:
    engine, _, _ = make()

    answer = engine.execute(put("shop/api#1"))

    assert not isinstance(answer, asyncio.Future)
    assert engine.state.find(ref("shop/api#1")) is answer
    await engine.close()


async def test_durable_command_is_seen_only_when_it_is_on_disk_and_what_follows_waits() -> None:
    engine, store, _ = make()
    store.hold()

    first = engine.execute(put("shop/db#1", is_persistent=True))
    second = engine.execute(put("shop/api#1"))

    assert isinstance(first, asyncio.Future)
    assert isinstance(second, asyncio.Future)
    assert engine.state.services == {}
    store.release()
    revisions = [(await answer).revision for answer in (first, second)]
    assert revisions == sorted(revisions)
    await engine.close()


async def test_failed_disk_changes_nothing_and_is_said() -> None:
    engine, store, _ = make()
    store.fail_next(StorageError("full"))

    with pytest.raises(MusterError) as caught:
        await engine.execute(put("shop/db#1", is_persistent=True))  # type: ignore[misc]

    assert caught.value.reason is Reason.STORAGE_FAILED
    assert engine.state.services == {}
    await engine.close()


async def test_many_waiting_durable_commands_share_a_batch() -> None:
    engine, store, _ = make()
    await engine.execute(put("shop/db#0", is_persistent=True))  # type: ignore[misc]
    batches = []
    submit = store.submit
    store.submit = lambda batch, done: (batches.append(len(batch)), submit(batch, done))[1]  # type: ignore[method-assign]
    store.hold()
    answers = [engine.execute(put(f"shop/db#{number}", is_persistent=True)) for number in range(1, 20)]

    store.release()
    await asyncio.gather(*answers)  # type: ignore[arg-type]

    assert max(batches) >= 18
    await engine.close()


async def test_leases_are_given_back_the_time_of_a_stall() -> None:
    engine, _, clock = make()
    engine.execute(put("shop/api#1"))
    engine.tick()

    clock.now_s += 60
    engine.tick()

    assert engine.state.find(ref("shop/api#1")).health is Health.HEALTHY  # type: ignore[union-attr]
    await engine.close()


async def test_restart_brings_ephemeral_instances_back_as_suspect_and_durable_ones_as_they_were() -> None:
    engine, store, clock = make()
    engine.execute(put("shop/api#1"))
    await engine.execute(put("shop/db#1", is_persistent=True))  # type: ignore[misc]
    await engine.execute(SetAdminState(ref("shop/api#1"), AdminState.DISABLED))  # type: ignore[misc]
    await engine.close()

    again, _, _ = make(store, clock)

    api, db = again.state.find(ref("shop/api#1")), again.state.find(ref("shop/db#1"))
    assert api is not None
    assert db is not None
    assert (api.health, api.admin_state) == (Health.SUSPECT, AdminState.DISABLED)
    assert db.health is Health.HEALTHY
    assert again.epoch > engine.epoch
    assert again.revision > engine.revision
    assert again.hub.is_warming_up
    clock.now_s += 16
    again.tick()
    assert not again.hub.is_warming_up
    await again.close()
