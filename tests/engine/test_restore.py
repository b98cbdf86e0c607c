"""A start on what the last run left: nothing durable is lost, nothing ephemeral is forgotten at once, no number goes back."""

import pytest
from core.story import ref, registration
from muster_server.core.catalog_commands import (
    AddProviders,
    CreateDefinition,
    DefinitionRef,
    DeleteDefinition,
    DeleteSchema,
    PutSchemas,
)
from muster_server.core.catalog_model import Definition, Schema, definition_key, derived_key
from muster_server.core.commands import Deregister, InstanceKey, OpenSession, Register, SetAdminState
from muster_server.core.config_commands import Publish
from muster_server.core.config_model import Text, config_key
from muster_server.core.model import AdminState, Health, Instance
from muster_server.core.state import Limits
from muster_server.engine import records
from muster_server.engine.engine import Engine
from muster_server.engine.restore import REVISION_BLOCK, restore
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import Bucket, StorageError, StorageUnusableError, Write
from running import ManualClock

from engine.fakes import (
    API,
    Reader,
    TextEncoder,
    healths,
    make,
    pass_time,
    perform,
    put,
    put_durable,
    put_on_session,
    said,
    touch,
    turns_of_the_loop,
)

DB = ref("db#").service


async def restarted(engine: Engine, store: MemoryStore, clock: ManualClock) -> Engine:
    await engine.close()
    store.close()
    return make(store, clock)[0]


async def test_empty_store_begins_cold_at_the_first_revision() -> None:
    engine, store, _ = make()

    assert engine.state.services == {}
    assert engine.revision == 1
    assert not engine.hub.is_warming_up
    assert len(store.scan(Bucket.META)) == 2
    await engine.close()


async def test_ephemeral_instance_is_suspect_after_a_restart_and_healthy_when_it_renews() -> None:
    engine, store, clock = make()
    engine.execute(put("api#1"))
    engine.execute(put("api#2"))

    again = await restarted(engine, store, clock)
    before = healths(again)
    again.execute(put("api#1"))

    assert before == {"1": "SUSPECT", "2": "SUSPECT"}
    assert healths(again) == {"1": "HEALTHY", "2": "SUSPECT"}
    await again.close()


async def test_ephemeral_instance_that_does_not_return_lapses_and_expires() -> None:
    engine, store, clock = make()
    engine.execute(put("api#1", ttl_s=20, grace_s=20))

    again = await restarted(engine, store, clock)
    seen = [healths(again)]
    for _ in range(2):
        pass_time(again, clock, 20)
        seen.append(healths(again))

    assert seen == [{"1": "SUSPECT"}, {"1": "UNHEALTHY"}, {}]
    await again.close()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"health": Health.UNHEALTHY}, "UNHEALTHY"), ({"health": Health.UNKNOWN}, "UNKNOWN")],
    ids=["unhealthy", "unknown"],
)
async def test_instance_that_was_not_healthy_comes_back_as_it_was(changes: dict[str, object], expected: str) -> None:
    engine, store, clock = make()
    engine.execute(Register(API, said("1", **changes)))

    again = await restarted(engine, store, clock)

    assert healths(again) == {"1": expected}
    await again.close()


async def test_durable_instance_comes_back_as_it_was_and_does_not_age() -> None:
    engine, store, clock = make()
    await perform(engine, put_durable("db#1", weight=7.0, metadata={"zone": "a"}))
    before = engine.state.find(ref("db#1"))

    again = await restarted(engine, store, clock)
    is_warm = again.hub.is_warming_up
    pass_time(again, clock, 100)

    assert again.state.find(ref("db#1")) == before
    assert not is_warm
    await again.close()


async def test_instances_come_back_in_the_order_of_their_registration() -> None:
    engine, store, clock = make()
    for number in (3, 1, 2):
        await perform(engine, put_durable(f"db#{number}"))
    await perform(engine, put_durable("db#3", weight=2.0))

    again = await restarted(engine, store, clock)

    assert list(again.state.services[DB].instances) == ["3", "1", "2"]
    await again.close()


async def test_durable_removal_is_not_undone_by_a_restart() -> None:
    engine, store, clock = make()
    await perform(engine, put_durable("db#1"))
    await perform(engine, Deregister(ref("db#1")))

    again = await restarted(engine, store, clock)

    assert again.state.services == {}
    await again.close()


async def test_override_holds_over_a_restart_and_over_the_return_of_its_instance() -> None:
    engine, store, clock = make()
    engine.execute(put("api#1"))
    await perform(engine, SetAdminState(ref("api#1"), AdminState.DISABLED, "ann", "broken"))
    engine.execute(Deregister(ref("api#1")))

    again = await restarted(engine, store, clock)
    returned = again.execute(put("api#1"))

    assert isinstance(returned, Instance)
    assert returned.override is not None
    assert (returned.admin_state, returned.override.author, returned.override.comment) == (AdminState.DISABLED, "ann", "broken")
    await again.close()


async def test_orphaned_override_is_dropped_ten_minutes_after_the_restart() -> None:
    engine, store, clock = make()
    engine.execute(put("api#1"))
    await perform(engine, SetAdminState(ref("api#1"), AdminState.DISABLED))
    engine.execute(Deregister(ref("api#1")))

    again = await restarted(engine, store, clock)
    pass_time(again, clock, 599.5)
    before = len(again.state.overrides)
    pass_time(again, clock, 0.5)

    assert before == 1
    assert again.state.overrides == {}
    await again.close()


async def test_override_of_a_present_instance_is_not_dropped_by_time() -> None:
    engine, store, clock = make()
    await perform(engine, put_durable("db#1"))
    await perform(engine, SetAdminState(ref("db#1"), AdminState.DISABLED))

    again = await restarted(engine, store, clock)
    pass_time(again, clock, 700)

    assert again.state.find(ref("db#1")).admin_state is AdminState.DISABLED
    await again.close()


@pytest.mark.parametrize(("grace_s", "expected_s"), [(0.0, 15.0), (5.0, 15.0), (40.0, 40.0)])
async def test_session_has_its_grace_to_return_after_a_restart_but_not_less_than_fifteen_seconds(
    grace_s: float, expected_s: float
) -> None:
    engine, store, clock = make()
    engine.execute(OpenSession("s1", 1, "client", None, grace_s))
    engine.execute(put_on_session("api#1", "s1"))

    again = await restarted(engine, store, clock)
    pass_time(again, clock, expected_s - 0.5)
    before = healths(again)
    pass_time(again, clock, 0.5)

    assert before == {"1": "SUSPECT"}
    assert healths(again) == {}
    assert again.state.sessions == {}
    await again.close()


async def test_session_that_returns_after_a_restart_takes_its_instances_over() -> None:
    engine, store, clock = make()
    engine.execute(OpenSession("s1", 1, "client", None, 5.0))
    engine.execute(put_on_session("api#1", "s1"))

    again = await restarted(engine, store, clock)
    again.execute(OpenSession("s1", 1, "client", None, 5.0, is_resumed=True))
    pass_time(again, clock, 100)

    assert healths(again) == {"1": "HEALTHY"}
    await again.close()


async def test_instances_that_the_guard_held_without_their_session_are_held_again_and_end_at_last() -> None:
    engine, store, clock = make()
    engine.execute(OpenSession("s1", 1, "client", 1.0, 5.0))
    for number in range(5):
        engine.execute(put_on_session(f"api#{number}", "s1"))
    engine.execute(put("api#well", ttl_s=2000))
    pass_time(engine, clock, 10)
    held = healths(engine)

    again = await restarted(engine, store, clock)
    pass_time(again, clock, 300)
    still_held = healths(again)
    pass_time(again, clock, 20)

    assert held == still_held | {"well": "HEALTHY"}
    assert list(held.values()) == ["SUSPECT"] * 5 + ["HEALTHY"]
    assert healths(again) == {"well": "SUSPECT"}
    await again.close()


async def test_instance_whose_session_was_not_written_is_left_out() -> None:
    store = MemoryStore()
    instance = Instance(registration("1", lease=None), Health.HEALTHY, None, "lost", 5, 5, 0.0, 0.0)
    store.submit((Write(Bucket.JOURNAL, records.encode_key(InstanceKey(API, "1")), records.encode(instance)),), lambda _: None)

    engine, _, _ = make(store)

    assert engine.state.services == {}
    await engine.close()


async def test_kind_that_was_changed_to_ephemeral_does_not_come_back_as_durable() -> None:
    engine, store, clock = make()
    await perform(engine, put_durable("db#1"))
    await perform(engine, put("db#1", weight=2.0))
    written = [len(store.scan(bucket)) for bucket in (Bucket.INSTANCES, Bucket.JOURNAL)]

    again = await restarted(engine, store, clock)
    pass_time(again, clock, 20)

    assert written == [0, 1]
    assert again.state.instance_count == 0
    assert healths(again, DB) == {}
    await again.close()


async def test_kind_that_was_changed_to_durable_does_not_come_back_as_ephemeral() -> None:
    engine, store, clock = make()
    engine.execute(put("db#1"))
    await turns_of_the_loop()
    await perform(engine, put_durable("db#1"))
    written = [len(store.scan(bucket)) for bucket in (Bucket.INSTANCES, Bucket.JOURNAL)]

    again = await restarted(engine, store, clock)
    pass_time(again, clock, 100)

    assert written == [1, 0]
    assert healths(again, DB) == {"1": "HEALTHY"}
    await again.close()


async def test_durable_record_wins_over_what_a_crash_left_of_it_in_the_journal() -> None:
    store = MemoryStore()
    key = records.encode_key(InstanceKey(DB, "1"))
    durable = Instance(said("1", is_persistent=True), Health.HEALTHY, None, None, 6, 5, 0.0, 0.0)
    stale = Instance(said("1"), Health.HEALTHY, None, None, 5, 5, 0.0, 0.0)
    batch = Write(Bucket.INSTANCES, key, records.encode(durable)), Write(Bucket.JOURNAL, key, records.encode(stale))
    store.submit(batch, lambda _: None)

    engine, _, clock = make(store)
    pass_time(engine, clock, 100)

    assert engine.state.instance_count == 1
    assert healths(engine, DB) == {"1": "HEALTHY"}
    await engine.close()


async def test_epoch_is_higher_after_every_restart_even_if_the_clock_of_the_machine_went_back() -> None:
    engine, store, clock = make()
    epochs = [engine.epoch]

    for _ in range(3):
        engine = await restarted(engine, store, clock)
        epochs.append(engine.epoch)
        clock.now_s -= 100

    assert epochs == sorted(set(epochs))
    await engine.close()


async def test_epoch_of_an_empty_store_is_the_time_of_the_start_in_milliseconds() -> None:
    clock = ManualClock()
    engine, _, _ = make(clock=clock)

    assert engine.epoch == int(clock.wall_s() * 1000)
    await engine.close()


async def test_revision_never_goes_back_over_restarts_with_and_without_an_orderly_end() -> None:
    engine, store, clock = make()
    seen = [engine.revision]

    for number in range(4):
        engine.execute(put("api#1"))
        for _ in range(number):
            engine.execute(touch("api#1"))
        seen.append(engine.revision)
        if number % 2:
            await engine.close()
        else:
            await engine.hub.close()  # what a crash leaves: the journal was not written
        engine, _, _ = make(store, clock)
        seen.append(engine.revision)

    assert seen == sorted(set(seen))
    assert all(service.revision <= engine.revision for service in engine.state.services.values())
    await engine.close()


async def test_revision_that_was_reserved_and_not_used_is_skipped() -> None:
    engine, store, clock = make()

    again = await restarted(engine, store, clock)

    assert again.revision == REVISION_BLOCK + 1
    await again.close()


async def test_service_begins_at_the_first_revision_of_its_new_life_and_not_at_its_instances() -> None:
    engine, store, clock = make()
    engine.execute(put("api#1"))

    again = await restarted(engine, store, clock)

    assert again.state.services[API].revision == again.revision
    await again.close()


async def test_watcher_of_the_last_life_is_reset_after_a_restart() -> None:
    engine, store, clock = make()
    engine.execute(put("api#1"))
    epoch, revision = engine.epoch, engine.revision

    again = await restarted(engine, store, clock)
    reader = Reader(again)
    reader.subscribe(from_revision=revision, epoch=epoch)

    assert await reader.next() == f"snapshot api {again.revision} reset warming: +1"
    await again.close()


async def test_list_says_that_it_is_warming_up_until_a_bookmark_says_that_it_is_not() -> None:
    engine, store, clock = make()
    engine.execute(put("api#1", ttl_s=1000))

    again = await restarted(engine, store, clock)
    reader = Reader(again)
    reader.subscribe()
    frames = [await reader.next()]
    lists = [again.hub.list_response(API), again.hub.list_response(DB)]
    pass_time(again, clock, 15)
    frames.append(await reader.next())
    lists += [again.hub.list_response(API), again.hub.list_response(DB)]

    revision = again.revision
    assert frames == [f"snapshot api {revision} warming: +1", f"bookmark {revision}"]
    assert lists == [f"list {revision} warming: +1".encode(), b"list 0 warming:", f"list {revision}: +1".encode(), b"list 0:"]
    await again.close()


async def test_warm_up_lasts_fifteen_seconds_in_which_the_server_itself_runs() -> None:
    engine, store, clock = make()
    engine.execute(put("api#1", ttl_s=1000))
    again = await restarted(engine, store, clock)
    again.tick()

    clock.now_s += 60
    again.tick()
    after_a_stall = again.hub.is_warming_up
    pass_time(again, clock, 15)

    assert after_a_stall
    assert not again.hub.is_warming_up
    await again.close()


async def test_store_that_refuses_the_new_epoch_stops_the_start() -> None:
    store = MemoryStore()
    store.fail_next(StorageError("read-only"))

    with pytest.raises(StorageError, match="read-only"):
        make(store)


def test_restore_reads_only() -> None:
    store = MemoryStore()

    restored = restore(store, (0.0, 1.0), Limits())

    assert (restored.epoch, restored.reserved_revision, restored.is_warm) == (1000, REVISION_BLOCK, False)
    assert all(store.scan(bucket) == [] for bucket in Bucket)


@pytest.mark.parametrize(
    "bucket", [Bucket.META, Bucket.INSTANCES, Bucket.JOURNAL, Bucket.OVERRIDES, Bucket.SESSIONS, Bucket.RELEASES]
)
async def test_record_that_cannot_be_read_stops_the_start_with_one_clear_error(bucket: Bucket) -> None:
    store = MemoryStore()
    key = b"revision" if bucket is Bucket.META else b"\xc1"
    store.submit((Write(bucket, key, b"\xc1"),), lambda _: None)

    with pytest.raises(StorageUnusableError, match="cannot be read"):
        Engine(store, TextEncoder(), ManualClock())


async def test_release_whose_content_is_missing_stops_the_start() -> None:
    store = MemoryStore()
    engine, _, _ = make(store)
    await perform(engine, Publish(config_key("", "", "a"), Text("x")))
    await engine.close()
    for record, _ in store.scan(Bucket.CONTENTS):
        store.submit((Write(Bucket.CONTENTS, record, None),), lambda _: None)

    with pytest.raises(StorageUnusableError, match="content of release 1 of config 'a' is missing"):
        Engine(store, TextEncoder(), ManualClock())


async def test_catalog_comes_back_with_its_schemas_and_dependencies() -> None:
    engine, store, clock = make()
    basket = DefinitionRef("default", "basket")
    wanted = Definition(definition_key("", "shop", "basket", "testing", "1.2"), "basket", "alias", "text", {"a": "b"}, {"t": "v"})
    await perform(engine, CreateDefinition(wanted, has_id=True))
    await perform(engine, PutSchemas(basket, (Schema("one", "text", "sum"), Schema("two", "more"))))
    await perform(engine, DeleteSchema(basket, "two"))
    await perform(engine, AddProviders(basket, (API,)))
    before = engine.state.catalog.get(basket)

    again = await restarted(engine, store, clock)

    assert again.state.catalog.get(basket) == before
    assert again.state.catalog.schemas == {basket: {"one": Schema("one", "text", "sum")}}
    assert again.state.catalog.schema_bytes == 4
    assert list(again.state.catalog.providers[basket]) == [API]
    await again.close()


async def test_deleted_definition_stays_away_and_takes_what_the_journal_kept_of_its_instances() -> None:
    engine, store, clock = make()
    ref = DefinitionRef(API.namespace, "api")
    await perform(engine, CreateDefinition(Definition(derived_key(API), "api"), has_id=True))
    engine.execute(put("api#1", definition_id="api"))
    await turns_of_the_loop()
    journal = store.scan(Bucket.JOURNAL)
    await perform(engine, DeleteDefinition(ref, is_forced=True))
    await engine.close()
    store.submit([Write(Bucket.JOURNAL, key, value) for key, value in journal], lambda _: None)  # as a crash would leave it

    again = make(store, clock)[0]

    assert again.state.catalog.get(ref) is None
    assert again.state.services == {}
    await again.close()
