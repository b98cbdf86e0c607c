"""A restored archive is true, the rest is as it was, and to restore it again changes nothing."""

import pytest
from hypothesis import event, given
from msgspec.structs import replace
from muster_server.core.archive import Archive, ArchivedDefinition
from muster_server.core.catalog_commands import AddProviders, CreateDefinition, DefinitionRef, PutSchemas
from muster_server.core.catalog_model import Definition, Schema, definition_key
from muster_server.core.commands import Deregister, OpenSession, Put, Register, SetAdminState, Update
from muster_server.core.epochs import EpochBegan
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import AdminState, Health, Lease, service_key
from muster_server.core.namespace_commands import CreateNamespace, Namespace
from muster_server.core.restore_commands import Change, RestoreArchive
from muster_server.core.state import Limits

from core.story import ref, registration
from core.worlds import DurableWorld, histories, order, seen, world_after, worlds

API = service_key("shop", "", "api")


def put(instance_id: str, **fields: object) -> Register:
    return Register(API, registration(instance_id, lease=None, is_persistent=True, **fields))


def leased(instance_id: str) -> Register:
    return Register(API, registration(instance_id, lease=Lease(10, 10)))


def override(instance_id: str, state: AdminState | None = AdminState.DISABLED) -> SetAdminState:
    return SetAdminState(ref(f"api#{instance_id}"), state, "ann", "why")


@given(worlds)
def test_archive_restored_into_an_empty_world_brings_everything_back(there: DurableWorld) -> None:
    here = DurableWorld()

    here.answer(RestoreArchive(there.archive()))

    assert seen(here) == seen(there)
    assert histories(here) == histories(there)
    assert order(here) == order(there)


@given(worlds, worlds)
def test_archive_restored_over_another_world_is_true_and_the_rest_stays(there: DurableWorld, here: DurableWorld) -> None:
    before, archive = seen(here), there.archive()
    numbers = {key: item.last_number for key, item in here.state.configs.items.items()}

    here.answer(RestoreArchive(archive))

    after, wanted = seen(here), seen(there)
    archived = {item.key for item in archive.items}
    event(f"changes {before != after}")
    for kind in ("namespace", "override", "service", "definition"):
        assert after[kind] == before[kind] | wanted[kind]
    assert after["config"] == {key: shown for key, shown in before["config"].items() if key not in archived} | wanted["config"]
    for name, (said, health, _) in (before["instance"] | wanted["instance"]).items():
        assert after["instance"][name][:2] == (said, health)
        assert after["instance"][name][2] == here.state.overrides.get(_key(name))
    assert all(here.state.configs.items[key].last_number >= number for key, number in numbers.items())


def _key(name: tuple[str, ...]) -> object:
    return (service_key(*name[:3]), name[3])


@given(worlds, worlds)
def test_archive_that_is_restored_again_changes_nothing(there: DurableWorld, here: DurableWorld) -> None:
    archive = there.archive()
    here.answer(RestoreArchive(archive))
    before = (seen(here), histories(here), here.state.revision)

    again = here.answer(RestoreArchive(archive))

    things = (archive.namespaces, archive.items, archive.instances, archive.overrides, archive.services, archive.definitions)
    assert (again.changes, again.unchanged_count) == ((), sum(map(len, things)))
    assert (seen(here), histories(here), here.state.revision) == before


@given(worlds, worlds)
def test_dry_run_answers_what_the_restore_answers_and_changes_nothing(there: DurableWorld, here: DurableWorld) -> None:
    archive = there.archive()
    before = (seen(here), histories(here), here.state.revision, here.state.epoch)

    turn_events = here.do(RestoreArchive(archive, is_dry_run=True))
    trial = here.answer(RestoreArchive(archive, is_dry_run=True))

    assert turn_events == []
    assert (seen(here), histories(here), here.state.revision, here.state.epoch) == before
    assert here.answer(RestoreArchive(archive)) == trial


@given(worlds)
def test_revisions_of_what_is_restored_are_fresh_and_all_different(there: DurableWorld) -> None:
    here = world_after(CreateNamespace(Namespace("old")))

    here.answer(RestoreArchive(there.archive()))

    found = [release.revision for item in here.state.configs.items.values() for release in item.releases.values()]
    found += [instance.revision for service in here.state.services.values() for instance in service.instances.values()]
    found += [namespace.revision for namespace in here.state.namespaces.values()]
    found += [service.description.revision for service in here.state.services.values() if service.description]
    found += [definition.revision for known in here.state.catalog.definitions.values() for definition in known.values()]
    assert len(set(found)) == len(found)
    unseen = sum(map(len, here.state.catalog.schemas.values())) + len(here.state.catalog.providers)
    assert len(found) + unseen == here.state.revision
    assert all(0 < revision <= here.state.revision for revision in found)


def test_changes_are_ordered_by_kind_and_name() -> None:
    there = world_after(put("2"), put("1"), override("1"), CreateNamespace(Namespace("b")), CreateNamespace(Namespace("a")))
    here = world_after(put("2", weight=3.0))

    answer = here.answer(RestoreArchive(there.archive()))

    assert answer.changes == (
        Change("instance", "shop/DEFAULT_GROUP/api#1", is_addition=True),
        Change("instance", "shop/DEFAULT_GROUP/api#2", is_addition=False),
        Change("namespace", "a", is_addition=True),
        Change("namespace", "b", is_addition=True),
        Change("override", "shop/DEFAULT_GROUP/api#1", is_addition=True),
    )


@pytest.mark.parametrize(("wall_s", "epoch", "expected"), [(2000.0, 5, 2_000_000), (2.0, 5000, 5001)])
def test_epoch_after_a_restore_is_the_time_but_never_a_lower_one(wall_s: float, epoch: int, expected: int) -> None:
    here = DurableWorld()
    here.now_s, here.state.epoch = wall_s, epoch

    events = here.do(RestoreArchive(world_after().archive()))

    assert events == [EpochBegan(expected)]
    assert here.state.epoch == expected


def test_instance_keeps_the_time_it_came_and_gets_no_lease() -> None:
    there, here = world_after(put("1")), world_after()
    here.now_s = 5000.0

    here.answer(RestoreArchive(there.archive()))
    here.advance(600)

    instance = here.state.services[API].instances["1"]
    assert (instance.create_time, instance.update_time) == (1001.0, 5000.0)
    assert instance.health is Health.HEALTHY


def test_instance_that_differs_becomes_that_of_the_archive_under_the_override_here() -> None:
    there = world_after(put("1"), Update(ref("api#1"), {"health": Health.UNHEALTHY}))
    here = world_after(put("1", weight=3.0), override("1"))

    here.answer(RestoreArchive(there.archive()))

    instance = here.state.services[API].instances["1"]
    assert (instance.said.weight, instance.health, instance.admin_state) == (1.0, Health.UNHEALTHY, AdminState.DISABLED)
    assert instance.create_revision == 1


def test_override_of_an_ephemeral_instance_is_laid_over_the_one_that_is_here() -> None:
    there, here = world_after(leased("1"), override("1")), world_after(leased("1"))

    answer = here.answer(RestoreArchive(there.archive()))

    assert [change.kind for change in answer.changes] == ["override"]
    assert here.state.services[API].instances["1"].admin_state is AdminState.DISABLED


def test_override_whose_instance_is_not_here_waits_for_it_for_a_while() -> None:
    there = world_after(leased("1"), override("1"))
    here, late = DurableWorld(Limits(override_retention_s=60)), DurableWorld(Limits(override_retention_s=60))
    for world in (here, late):
        world.answer(RestoreArchive(there.archive()))

    here.advance(59)
    here.do(leased("1"))
    late.advance(61)
    late.do(leased("1"))

    assert here.state.services[API].instances["1"].admin_state is AdminState.DISABLED
    assert late.state.services[API].instances["1"].admin_state is AdminState.ENABLED


def test_lone_ephemeral_instance_gives_way_to_the_persistent_one_of_its_name() -> None:
    here = world_after(OpenSession("s1", 1, "client", None, 5.0), Register(API, registration("1", lease=None), "s1"))

    events = here.do(RestoreArchive(world_after(put("1")).archive()))

    put_event = next(event for event in events if isinstance(event, Put))
    assert put_event.previous is not None
    assert put_event.previous.session == "s1"
    assert put_event.instance.session is None
    assert here.state.session_instances == {"s1": {}}


def test_service_with_other_ephemeral_instances_refuses_the_whole_archive() -> None:
    here = world_after(leased("1"), leased("2"))
    before = seen(here)

    with pytest.raises(MusterError) as caught:
        here.do(RestoreArchive(world_after(CreateNamespace(Namespace("a")), put("1")).archive()))

    assert caught.value.reason is Reason.SERVICE_KIND_MISMATCH
    assert seen(here) == before


@pytest.mark.parametrize(
    "limits",
    [Limits(max_services=1), Limits(max_instances=1), Limits(max_instances_per_service=1), Limits(max_namespaces=0)],
    ids=["services", "instances", "instances-per-service", "namespaces"],
)
def test_archive_above_a_limit_is_refused_whole(limits: Limits) -> None:
    there = world_after(CreateNamespace(Namespace("a")), put("1"), put("2"))
    here = DurableWorld(limits)
    here.do(Register(service_key("", "", "other"), replace(put("1").registration)))
    before = seen(here)

    with pytest.raises(MusterError) as caught:
        here.do(RestoreArchive(there.archive()))

    assert caught.value.reason is Reason.LIMIT_EXCEEDED
    assert seen(here) == before


def test_archive_above_a_limit_that_brings_nothing_new_is_taken() -> None:
    here = world_after(CreateNamespace(Namespace("a")), put("1"), put("2"))
    here.limits = Limits(max_services=1, max_instances=1, max_instances_per_service=1, max_namespaces=0)

    answer = here.answer(RestoreArchive(here.archive()))

    assert (answer.changes, answer.unchanged_count) == ((), 3)


def test_instance_that_is_not_in_the_archive_stays() -> None:
    here = world_after(put("1"), put("3"), Deregister(ref("api#1")))

    here.answer(RestoreArchive(world_after(put("2")).archive()))

    assert list(here.state.services[API].instances) == ["3", "2"]


def definition(name: str = "stock", version: str = "1.0", definition_id: str = "", **fields: object) -> Definition:
    return Definition(definition_key("shop", "", name, "", version), definition_id, **fields)  # type: ignore[arg-type]  # any field


def test_definition_comes_back_with_its_schemas_and_what_it_depends_on() -> None:
    stock = definition()
    consumer = DefinitionRef("shop", stock.definition_id)
    schemas = (Schema("s", "text", "sum"),)
    there = world_after(CreateDefinition(stock), PutSchemas(consumer, schemas), AddProviders(consumer, (API,)))
    here = world_after(CreateDefinition(stock), PutSchemas(consumer, (Schema("other", "x"),)))

    answer = here.answer(RestoreArchive(there.archive()))

    assert answer.changes == (Change("definition", "shop/DEFAULT_GROUP/stock 1.0", is_addition=False),)
    catalog = here.state.catalog
    assert (catalog.schemas[consumer], list(catalog.providers[consumer])) == ({"s": schemas[0]}, [API])
    assert catalog.get(consumer).schema_ids == ("s",)  # type: ignore[union-attr]  # it is there


@pytest.mark.parametrize(
    "present",
    [
        definition(definition_id="other"),
        definition(name="basket", definition_id="mine"),
        definition(name="basket", alias="pay"),
    ],
    ids=["its names have another id", "its id has other names", "its alias is another's"],
)
def test_definition_that_contradicts_one_here_is_refused_and_nothing_changes(present: Definition) -> None:
    there = world_after(CreateDefinition(definition(definition_id="mine", alias="pay"), has_id=True))
    here = world_after(CreateDefinition(present, has_id=True))
    before = seen(here)

    with pytest.raises(MusterError) as caught:
        here.answer(RestoreArchive(there.archive()))

    assert (caught.value.reason, caught.value.details) == (Reason.DEFINITION_EXISTS, {"definition_id": "mine"})
    assert seen(here) == before


def test_archive_in_which_two_definitions_have_the_same_names_is_refused() -> None:
    archive = Archive(definitions=(ArchivedDefinition(definition()), ArchivedDefinition(definition(definition_id="other"))))

    with pytest.raises(MusterError) as caught:
        DurableWorld().answer(RestoreArchive(archive))

    assert caught.value.reason is Reason.DEFINITION_EXISTS


def test_alias_passes_from_one_definition_to_another() -> None:
    here = world_after(CreateDefinition(definition("a", alias="pay")), CreateDefinition(definition("b")))
    there = world_after(CreateDefinition(definition("a")), CreateDefinition(definition("b", alias="pay")))

    here.answer(RestoreArchive(there.archive()))

    assert seen(here) == seen(there)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(max_definitions=1), Reason.LIMIT_EXCEEDED),
        (Limits(max_providers=0), Reason.LIMIT_EXCEEDED),
        (Limits(max_total_schema_bytes=3), Reason.TOO_LARGE),
    ],
)
def test_definitions_above_a_limit_are_refused(limits: Limits, reason: Reason) -> None:
    one = DefinitionRef("shop", definition().definition_id)
    done = [CreateDefinition(definition()), CreateDefinition(definition("b")), AddProviders(one, (API,))]
    there = world_after(*done, PutSchemas(one, (Schema("s", "text"),)))

    with pytest.raises(MusterError) as caught:
        DurableWorld(limits).answer(RestoreArchive(there.archive()))

    assert caught.value.reason is reason
