"""How definitions, schemas and dependencies come, change and go."""

from typing import Any

import pytest
from muster_server.core import catalog_view
from muster_server.core.catalog_commands import (
    ChangeDefinition,
    ChangeTags,
    CreateDefinition,
    DefinitionRef,
    DeleteDefinition,
    DeleteSchema,
)
from muster_server.core.catalog_model import Definition
from muster_server.core.commands import InstanceRef, Register, Update
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import Endpoint, Lease, Registration, ServiceKey
from muster_server.core.namespace_commands import DeleteNamespace

from core.catalog import STOCK, Catalog, key

BASKET = ServiceKey("default", "shop", "basket")


def refused(catalog: Catalog, command: Any) -> Reason:
    revision = catalog.state.revision
    with pytest.raises(MusterError) as refusal:
        catalog.do(command)
    assert catalog.state.revision == revision
    return refusal.value.reason


def names(definitions: list[Definition]) -> list[str]:
    return [f"{definition.key.name}/{definition.key.version}" for definition in definitions]


def test_same_key_again_answers_what_is_there_untouched() -> None:
    catalog = Catalog()
    ref = catalog.create(description="first")

    created = catalog.do(CreateDefinition(Definition(key(), description="second")))

    assert (created.is_new, created.definition.description) == (False, "first")
    assert created.definition.definition_id == ref.definition_id


def test_taken_alias_answers_its_owner() -> None:
    catalog = Catalog()
    owner = catalog.create(alias="other")

    assert catalog.create("basket", alias="other") == owner
    assert catalog.create("basket", "2.0", alias="other") != owner  # aliases are of one version
    assert catalog.create("basket", alias="other", environment="production") != owner


@pytest.mark.parametrize(
    ("name", "definition_id"), [("stock", "another"), ("basket", "mine"), ("third", "mine")], ids=["key", "id", "alias"]
)
def test_chosen_id_that_conflicts_is_refused(name: str, definition_id: str) -> None:
    catalog = Catalog()
    catalog.create(definition_id="mine", alias="known")
    wanted = Definition(key(name), definition_id, alias="known" if name == "third" else "")

    assert refused(catalog, CreateDefinition(wanted, has_id=True)) is Reason.DEFINITION_EXISTS


def test_definitions_are_limited_but_what_is_there_is_answered() -> None:
    catalog = Catalog(max_definitions=1)
    ref = catalog.create()

    assert refused(catalog, CreateDefinition(Definition(key("basket")))) is Reason.LIMIT_EXCEEDED
    assert catalog.create() == ref


def test_change_replaces_a_field_whole_and_stamps() -> None:
    catalog = Catalog()
    ref = catalog.create(properties={"a": "1"}, tags={"t": "v"})

    changed = catalog.do(ChangeDefinition(ref, {"properties": {"b": "2"}, "is_cross_group": True}))

    assert (changed.properties, changed.tags, changed.is_cross_group) == ({"b": "2"}, {"t": "v"}, True)
    assert changed.update_time > changed.create_time
    assert catalog.state.catalog.get(ref) == changed


def test_single_tags_change_only_if_all_of_them_are_there() -> None:
    catalog = Catalog()
    ref = catalog.create(tags={"a": "1", "b": "2"})

    assert refused(catalog, ChangeTags(ref, {"a": "3"}, ("none",))) is Reason.TAG_NOT_FOUND
    assert catalog.do(ChangeTags(ref, {"a": "3"}, ("b",))).tags == {"a": "3"}


def test_delete_spares_what_is_needed_or_running_unless_forced() -> None:
    catalog = Catalog()
    ref, other = catalog.create(), catalog.create("basket")
    catalog.ask(other, STOCK)
    assert refused(catalog, DeleteDefinition(ref)) is Reason.DEFINITION_NEEDED
    catalog.do(DeleteDefinition(other))
    catalog.register("i", ref.definition_id)
    assert refused(catalog, DeleteDefinition(ref)) is Reason.DEFINITION_IN_USE

    catalog.do(DeleteDefinition(ref, is_forced=True))

    assert catalog.state.catalog.get(ref) is None
    assert not catalog.state.services[STOCK].instances


def test_definition_that_depends_on_itself_can_be_deleted() -> None:
    catalog = Catalog()
    ref = catalog.create()
    catalog.ask(ref, STOCK)

    catalog.do(DeleteDefinition(ref))

    assert catalog.state.catalog.providers == {}
    assert catalog.state.catalog.families == {}


def test_forced_delete_spares_the_other_versions() -> None:
    catalog = Catalog()
    first, second = catalog.create(), catalog.create(version="2.0")
    catalog.register("1", first.definition_id)
    catalog.register("2", second.definition_id)

    catalog.do(DeleteDefinition(first, is_forced=True))

    assert list(catalog.state.services[STOCK].instances) == ["2"]
    assert names(catalog_view.of_service(catalog.state, STOCK)) == ["stock/2.0"]


def test_schemas_are_declared_as_they_are_put_and_replaced_as_one() -> None:
    catalog = Catalog()
    ref = catalog.create(schema_ids=("x",))
    catalog.put_schema(ref, "y", content="one")
    catalog.put_schema(ref, "y", content="three")
    assert catalog.state.catalog.get(ref).schema_ids == ("x", "y")  # type: ignore[union-attr]  # it is there
    assert catalog.state.catalog.schema_bytes == 5

    catalog.put_schema(ref, "a", "b", is_all=True)

    assert catalog.state.catalog.get(ref).schema_ids == ("a", "b")  # type: ignore[union-attr]  # it is there
    assert list(catalog.state.catalog.schemas[ref]) == ["a", "b"]
    assert catalog.state.catalog.schema_bytes == 8


def test_deleted_schema_stays_declared() -> None:
    catalog = Catalog()
    ref = catalog.create()
    catalog.put_schema(ref, "a")

    catalog.do(DeleteSchema(ref, "a"))

    assert catalog.state.catalog.get(ref).schema_ids == ("a",)  # type: ignore[union-attr]  # it is there
    assert refused(catalog, DeleteSchema(ref, "a")) is Reason.SCHEMA_NOT_FOUND


def test_schemas_are_limited_by_number_and_by_bytes() -> None:
    catalog = Catalog(max_schemas=2, max_total_schema_bytes=10)
    ref = catalog.create(schema_ids=("a", "b"))
    catalog.put_schema(ref, "a", content="12345678")

    with pytest.raises(MusterError) as number:
        catalog.put_schema(ref, "c")
    with pytest.raises(MusterError) as size:
        catalog.put_schema(ref, "b", content="123")
    catalog.put_schema(ref, "a", content="1234567")

    assert (number.value.reason, size.value.reason) == (Reason.LIMIT_EXCEEDED, Reason.TOO_LARGE)


def test_schema_that_comes_twice_is_refused() -> None:
    catalog = Catalog()
    ref = catalog.create()

    with pytest.raises(MusterError):
        catalog.put_schema(ref, "a", "a")

    assert catalog.state.catalog.schemas.get(ref) is None


def test_dependencies_are_added_or_replaced_and_reach_every_version() -> None:
    catalog = Catalog()
    ref = catalog.create("basket")
    catalog.create()
    catalog.create(version="2.0")
    catalog.depend("basket", STOCK)
    catalog.depend("basket", BASKET)
    assert list(catalog_view.providers_of(catalog.state, ref)) == [STOCK, BASKET]

    catalog.depend("basket", STOCK, is_all=True)

    assert list(catalog_view.providers_of(catalog.state, ref)) == [STOCK]
    assert names(catalog_view.consumers_of(catalog.state, STOCK)) == ["basket/1.0.0"]
    assert catalog_view.consumers_of(catalog.state, BASKET) == []


def test_dependency_of_an_unknown_consumer_changes_nothing() -> None:
    catalog = Catalog()
    catalog.create("basket")

    with pytest.raises(MusterError) as refusal:
        catalog.depend("none", STOCK)
    catalog.ask(DefinitionRef("default", "none"), STOCK)

    assert refusal.value.reason is Reason.DEFINITION_NOT_FOUND
    assert catalog.state.catalog.providers == {}


def test_known_dependency_is_no_change() -> None:
    catalog = Catalog()
    ref = catalog.create("basket")
    catalog.ask(ref, STOCK)
    revision = catalog.state.revision

    catalog.ask(ref, STOCK)

    assert catalog.state.revision == revision


def test_instance_of_an_unknown_definition_or_of_another_service_is_refused() -> None:
    catalog = Catalog()
    ref = catalog.create("basket")

    for definition_id in ("none", ref.definition_id):
        with pytest.raises(MusterError) as refusal:
            catalog.register("i", definition_id)
        assert refusal.value.reason is Reason.DEFINITION_NOT_FOUND


def test_instances_without_a_definition_have_a_derived_one_for_as_long_as_they_live() -> None:
    catalog = Catalog()
    catalog.register("foreign")
    (derived,) = catalog_view.of_service(catalog.state, STOCK)
    ref = DefinitionRef("default", derived.definition_id)
    assert derived.key == key(version="0.0.1")
    assert catalog_view.instances_of(catalog.state, derived) == list(catalog.state.services[STOCK].instances.values())
    assert catalog_view.seen(catalog.state, ref) == derived

    catalog.deregister("foreign")

    assert catalog_view.seen(catalog.state, ref) is None
    assert catalog_view.of_service(catalog.state, STOCK) == []


def test_change_of_a_derived_definition_makes_it() -> None:
    catalog = Catalog()
    catalog.register("foreign")
    (derived,) = catalog_view.of_service(catalog.state, STOCK)
    ref = DefinitionRef("default", derived.definition_id)

    catalog.do(ChangeDefinition(ref, {"tags": {"a": "b"}}))
    catalog.deregister("foreign")

    assert catalog.state.catalog.get(ref).tags == {"a": "b"}  # type: ignore[union-attr]  # it is there


def test_registration_into_a_derived_definition_makes_it() -> None:
    catalog = Catalog()
    catalog.register("foreign")
    (derived,) = catalog_view.of_service(catalog.state, STOCK)

    catalog.register("own", derived.definition_id, host="i")

    (made,) = catalog_view.of_service(catalog.state, STOCK)
    assert made.revision > derived.revision
    assert [instance.instance_id for instance in catalog_view.instances_of(catalog.state, made)] == ["foreign", "own"]


def test_created_versions_and_foreign_instances_live_side_by_side() -> None:
    catalog = Catalog()
    ref = catalog.create()
    catalog.register("own", ref.definition_id)
    catalog.register("foreign", host="i")

    definitions = catalog_view.of_service(catalog.state, STOCK)

    assert names(definitions) == ["stock/1.0.0", "stock/0.0.1"]
    found = [[instance.instance_id for instance in catalog_view.instances_of(catalog.state, one)] for one in definitions]
    assert found == [["own"], ["foreign"]]


def test_id_is_reused_for_the_same_endpoints_of_the_same_definition_only() -> None:
    catalog = Catalog()
    first, second = catalog.create(), catalog.create(version="2.0")
    catalog.register("one", first.definition_id, host="a")

    def again(definition: DefinitionRef, *hosts: str) -> str:
        endpoints = tuple(Endpoint("rest", host, 80) for host in hosts)
        said = Registration(endpoints, "new", lease=Lease(), definition_id=definition.definition_id)
        return str(catalog.do(Register(STOCK, said, is_id_reused=True)).instance_id)

    assert (again(first, "a"), again(first, "a", "b"), again(first, "b", "a"), again(second, "a")) == ("one", "new", "new", "new")


def test_touch_is_a_change_even_to_the_same_value() -> None:
    catalog = Catalog()
    before = catalog.register("i")

    after = catalog.do(Update(InstanceRef(STOCK, "i"), {"metadata": {}}, is_touched=True))

    assert after.revision > before.revision
    assert after.said == before.said


def test_consumer_sees_its_own_group_and_environment_and_what_is_open() -> None:
    catalog = Catalog()
    mine = Definition(key("basket"))
    other = Definition(key("stock")._replace(group="bank"))
    is_open = Definition(key("stock")._replace(group="bank"), is_cross_group=True)
    elsewhere = Definition(key("stock", environment="production"), is_cross_group=True)
    catalog.create()

    seen = [catalog_view.is_visible(mine, provider) for provider in (Definition(key()), other, is_open, elsewhere)]

    assert seen == [True, False, True, False]
    assert catalog_view.is_visible(None, elsewhere)


def test_name_wins_over_alias() -> None:
    catalog = Catalog()
    catalog.create("basket", alias="stock")
    assert names(catalog_view.named(catalog.state, STOCK)) == ["basket/1.0.0"]

    catalog.create("stock", "2.0")

    assert names(catalog_view.named(catalog.state, STOCK)) == ["stock/2.0"]


@pytest.mark.parametrize(
    ("rule", "found"),
    [("1.0.0", "1.0.0"), ("latest", "2.0"), ("1.0+", "2.0"), ("1.0.0-2.0", "1.0.0")],
)
def test_resolution_answers_the_highest_version_of_a_rule(rule: str, found: str) -> None:
    catalog = Catalog()
    catalog.create()
    catalog.create(version="2.0")

    assert catalog_view.resolved(catalog.state, STOCK, rule).key.version == found


def test_resolution_tells_a_missing_version_from_a_missing_name() -> None:
    catalog = Catalog()
    catalog.create()

    for service, rule, reason in (
        (STOCK, "1.0", Reason.VERSION_NOT_FOUND),
        (STOCK, "9+", Reason.VERSION_NOT_FOUND),
        (BASKET, "1.0", Reason.DEFINITION_NOT_FOUND),
    ):
        with pytest.raises(MusterError) as refusal:
            catalog_view.resolved(catalog.state, service, rule)
        assert refusal.value.reason is reason


def test_namespace_with_definitions_is_not_empty_and_goes_with_them_by_force() -> None:
    catalog = Catalog()
    wanted = Definition(key()._replace(namespace="far"))
    catalog.do(CreateDefinition(wanted))
    assert refused(catalog, DeleteNamespace("far")) is Reason.NAMESPACE_NOT_EMPTY

    deleted = catalog.do(DeleteNamespace("far", is_forced=True))

    assert deleted.deleted_definition_count == 1
    assert catalog_view.all_in(catalog.state, "far") == []
    assert refused(catalog, DeleteNamespace("far")) is Reason.NAMESPACE_NOT_FOUND
