"""Deleted config items are kept for as long as history is, and then forgotten, on the disk as well."""

from typing import Any

from muster_server.core.config_commands import Delete, Publish
from muster_server.core.config_model import ConfigKey, Text, config_key
from muster_server.core.expiry import MAX_FORGOTTEN
from muster_server.core.state import Limits
from muster_server.engine.engine import Engine
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import Bucket, StorageError
from running import ManualClock

from engine.fakes import make, perform, turns_of_the_loop

DAY_S = 24 * 3600.0
APP, DB = config_key("", "", "app"), config_key("", "", "db")


def wait(engine: Engine, clock: ManualClock, seconds: float) -> None:
    """A stall for leases; deletions go by the wall clock."""
    clock.now_s += seconds
    engine.tick()


async def publish(engine: Engine, key: ConfigKey, content: str = "one") -> Any:
    return (await perform(engine, Publish(key, Text(content)))).release


async def publish_and_delete(engine: Engine, *contents: str) -> None:
    """The item `app`, with these releases and the one that tells of its end."""
    for content in contents:
        await publish(engine, APP, content)
    await perform(engine, Delete(APP))


def on_disk(store: MemoryStore) -> tuple[int, int]:
    return len(store.scan(Bucket.RELEASES)), len(store.scan(Bucket.CONTENTS))


async def test_deleted_item_is_forgotten_with_all_its_history_when_that_is_old() -> None:
    engine, store, clock = make()
    await publish(engine, DB)
    await publish_and_delete(engine, "one", "two")
    wait(engine, clock, 30 * DAY_S - 1)
    before = set(engine.state.configs.items), on_disk(store)

    wait(engine, clock, 2)

    assert before == ({APP, DB}, (4, 3))
    assert set(engine.state.configs.items) == set(engine.state.configs.after(config_key("", "", "a"))) == {DB}
    assert on_disk(store) == (1, 1)
    await engine.close()


async def test_item_that_returned_in_time_is_kept_with_its_history() -> None:
    engine, _, clock = make()
    await publish_and_delete(engine, "one")
    wait(engine, clock, 29 * DAY_S)
    again = await publish(engine, APP, "again")

    wait(engine, clock, 100 * DAY_S)

    assert again.number == 3
    assert list(engine.state.configs.items[APP].releases) == [1, 2, 3]
    await engine.close()


async def test_forgotten_item_begins_a_new_life_that_a_restart_knows() -> None:
    engine, store, clock = make()
    await publish_and_delete(engine, "one")
    wait(engine, clock, 31 * DAY_S)
    again = await publish(engine, APP, "again")
    await engine.close()
    store.close()

    engine, _, _ = make(store, clock)

    assert again.number == 1
    assert engine.state.configs.items[APP].releases == {1: again}
    await engine.close()


async def test_deletion_is_as_old_after_a_restart_as_it_was() -> None:
    engine, store, clock = make()
    await publish_and_delete(engine, "one")
    wait(engine, clock, 29 * DAY_S)
    await engine.close()
    store.close()
    engine, _, _ = make(store, clock)
    engine.tick()
    after_the_restart = set(engine.state.configs.items)

    wait(engine, clock, 2 * DAY_S)

    assert (after_the_restart, set(engine.state.configs.items)) == ({APP}, set())
    await engine.close()


async def test_what_the_disk_would_not_drop_does_not_mix_with_the_next_life() -> None:
    engine, store, clock = make()
    await publish_and_delete(engine, "one", "two")
    store.fail_next(StorageError("full"))
    wait(engine, clock, 31 * DAY_S)
    await turns_of_the_loop()
    failures = engine.journal_failures
    again = [await publish(engine, APP, content) for content in ("new", "newer")]
    await engine.close()
    store.close()

    engine, _, _ = make(store, clock)

    item = engine.state.configs.items[APP]
    assert failures == 1
    assert item.releases == {1: again[0], 2: again[1]}
    assert item.main is not None
    assert item.main.content == "newer"
    await engine.close()


async def test_item_is_kept_for_an_hour_even_if_no_history_is() -> None:
    engine, _, clock = make(limits=Limits(history_retention_s=0.0))
    await publish_and_delete(engine, "one")
    wait(engine, clock, 3599)
    before = set(engine.state.configs.items)

    wait(engine, clock, 2)

    assert (before, set(engine.state.configs.items)) == ({APP}, set())
    await engine.close()


async def test_many_are_forgotten_a_few_at_a_time_and_make_room_again() -> None:
    count = MAX_FORGOTTEN + 5
    engine, _, clock = make(limits=Limits(max_configs=count))
    for number in range(count):
        await publish(engine, config_key("", "", f"c{number}"))
        await perform(engine, Delete(config_key("", "", f"c{number}")))

    wait(engine, clock, 31 * DAY_S)
    left = len(engine.state.configs.items)
    engine.tick()
    await publish(engine, APP)

    assert (left, set(engine.state.configs.items)) == (5, {APP})
    await engine.close()
