"""An archive that the engine makes true: one batch, a new epoch, and everybody is told."""

import asyncio

import pytest
from core.worlds import DurableWorld, commands, world_after
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from muster_server.core.archive import Archive
from muster_server.core.commands import Register
from muster_server.core.config_commands import Publish
from muster_server.core.config_model import Text, config_key
from muster_server.core.copying import copied
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import Endpoint, Registration, service_key
from muster_server.core.namespace_commands import CreateNamespace, Namespace
from muster_server.core.restore_commands import RestoreArchive, RestoredArchive
from muster_server.engine.engine import Engine
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import Bucket, StorageError
from running import ManualClock

from engine.archives import read, written
from engine.fakes import CountingStore, Reader, make, perform, put, put_durable
from engine.test_config_hub import Ear

A = config_key("shop", "", "a")
THERE = world_after(
    CreateNamespace(Namespace("shop", "Shop")),
    Publish(A, Text("old")),
    Publish(A, Text("archived")),
    Register(service_key("shop", "", "db"), Registration((Endpoint("http", "h", 1),), "1", is_persistent=True)),
)


def archive() -> Archive:
    return THERE.archive()


async def restored(engine: Engine, what: Archive, **options: bool) -> RestoredArchive:
    answer = await perform(engine, RestoreArchive(what, "ops", **options))
    assert isinstance(answer, RestoredArchive)
    return answer


async def restarted(engine: Engine, store: MemoryStore, clock: ManualClock) -> Engine:
    await engine.close()
    store.close()
    return make(store, clock)[0]


async def test_restore_is_one_batch_that_begins_a_new_epoch() -> None:
    store = CountingStore()
    engine, _, clock = make(store)
    former, batches = engine.epoch, len(store.batches)
    clock.now_s += 5.0

    await restored(engine, archive())

    assert len(store.batches) == batches + 1
    assert (engine.epoch, engine.hub.epoch, engine.config_hub.epoch) == (former + 5000,) * 3
    assert engine.audience.began_s == clock.wall_s()
    await engine.close()


async def test_watchers_and_listeners_are_told_everything_anew() -> None:
    engine, _, _ = make()
    engine.execute(put("api#1"))
    reader, ear = Reader(engine), Ear(engine)
    reader.subscribe()
    reader.subscribe(service_key("shop", "", "db"))
    ear.listen(A)
    assert [await reader.next() for _ in range(2)] == ["snapshot api 2: +1", "snapshot db 2:"]
    assert await ear.next(1) == ["missing a 2"]

    await restored(engine, archive())

    assert [await reader.next() for _ in range(3)] == ["snapshot api 2 reset: +1", "snapshot db 6 reset: +1", "bookmark 6"]
    assert await ear.next(2) == ["changed a 5: archived", "bookmark 6"]
    await engine.close()


async def test_restore_is_seen_only_when_it_is_on_disk() -> None:
    engine, store, _ = make()
    epoch, reader = engine.epoch, Reader(engine)
    reader.subscribe(service_key("shop", "", "db"))
    await reader.next()
    store.hold()

    answer = engine.execute(RestoreArchive(archive()))
    before = (engine.epoch, engine.revision, await reader.to_bookmark())
    store.release()
    await answer

    assert before == (epoch, 1, [])
    assert engine.epoch > epoch
    await engine.close()


async def test_restore_that_the_disk_refuses_changes_nothing_and_can_be_repeated() -> None:
    engine, store, _ = make()
    reader = Reader(engine)
    reader.subscribe()
    await reader.next()
    before = (engine.epoch, engine.revision, copied(engine.state))
    store.fail_next(StorageError("full"))

    with pytest.raises(MusterError) as caught:
        await restored(engine, archive())
    after, frames = (engine.epoch, engine.revision, copied(engine.state)), await reader.to_bookmark()
    again = await restored(engine, archive())

    assert caught.value.reason is Reason.STORAGE_FAILED
    assert (after, frames) == (before, [])
    assert len(again.changes) == 3
    await engine.close()


async def test_dry_run_writes_nothing_and_keeps_the_epoch() -> None:
    store = CountingStore()
    engine, _, _ = make(store)
    batches, epoch = len(store.batches), engine.epoch

    trial = await restored(engine, archive(), is_dry_run=True)

    assert (len(store.batches), engine.epoch, engine.revision) == (batches, epoch, 1)
    assert await restored(engine, archive()) == trial
    await engine.close()


async def test_what_waits_behind_a_restore_is_decided_on_what_it_brought() -> None:
    engine, store, _ = make()
    store.hold()
    waiting = [
        engine.execute(command)
        for command in (RestoreArchive(archive()), Publish(A, Text("next")), put_durable("db#1"), RestoreArchive(archive()))
    ]

    store.release()
    answers = await asyncio.gather(*waiting)

    assert [change.name for change in answers[3].changes] == ["shop/DEFAULT_GROUP/a", "shop/DEFAULT_GROUP/db#1"]
    assert list(engine.state.configs.items[A].releases) == [1, 2, 3, 4]
    await engine.close()


async def test_epoch_after_a_restart_is_higher_than_that_of_a_restore_in_the_same_moment() -> None:
    engine, store, clock = make()
    epochs = [engine.epoch]
    for _ in range(2):
        await restored(engine, archive())
        epochs.append(engine.epoch)

    again = await restarted(engine, store, clock)
    epochs.append(again.epoch)

    assert epochs == sorted(set(epochs))
    await again.close()


async def test_restart_after_a_restore_finds_all_of_it_and_earlier_contents_on_disk() -> None:
    engine, store, clock = make()
    engine.execute(put("api#1"))
    await restored(engine, archive())
    before = copied(engine.state)

    again = await restarted(engine, store, clock)
    release = again.state.configs.items[A].releases[1]

    assert copied(again.state) == before
    assert await again.contents.of(A, release) == "old"
    assert again.state.instance_count == 2
    await again.close()


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(st.lists(commands, max_size=15), st.lists(commands, max_size=15))
def test_archive_of_one_engine_restored_into_another_survives_its_restart(there: list[object], here: list[object]) -> None:
    async def run() -> None:
        world, store, clock = world_after(*there), MemoryStore(), ManualClock()
        engine, _, _ = make(store, clock)
        for command in here:
            try:
                await perform(engine, command)
            except MusterError:
                continue
        await restored(engine, read(written(world)))
        before = copied(engine.state)
        again = await restarted(engine, store, clock)

        assert copied(again.state) == before
        for item in before.items:
            for release in item.releases:
                if release.has_content:
                    assert len((await again.contents.of(item.key, release)).encode()) == release.size_bytes
        kept = len(store.scan(Bucket.CONTENTS))
        assert kept == sum(release.has_content for item in before.items for release in item.releases)
        await again.close()

    asyncio.run(run())


async def test_backup_of_an_engine_reads_earlier_contents_from_its_disk() -> None:
    engine, _, _ = make()
    await restored(engine, archive())
    world = DurableWorld()
    world.state, world.content_of = engine.state, engine.contents.read

    found = read(written(world))

    assert found.items[0].contents == {1: "old", 2: "archived"}
    await engine.close()
