"""Definitions: names, ids that follow from them, and bounds."""

from typing import Any

import pytest
from muster_server.core.catalog_model import Definition, DefinitionKey, Schema, default_id, definition_key, derived_key
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import ServiceKey

from core.catalog import key


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (("default", "DEFAULT_GROUP", "SERVICECENTER", "development", "2.4.8"), "819706e21b7173306797d19922ce4231441c17c5"),
        (("default", "conf", "provider", "", "1.0.0"), "43622fd7bc8c3f0eab418b12ef778be47478f478"),
        (("default", "conf", "provider", "production", "1.0.0"), "edde726724076d7557b7dc9749f61f3e55eac8c8"),
        (("default", "DEFAULT_GROUP", "calc", "", "0.0.1"), "9d794be3994462dc55b531603c499e2e1cd33c80"),
        (("default/p2", "conf", "provider", "", "1.0.0"), "99b337e597d7dfa11839651fe88bd305ee40106b"),
    ],
)
def test_id_is_that_of_service_center(names: tuple[str, ...], wanted: str) -> None:
    assert default_id(DefinitionKey(*names)) == wanted


def test_namespaces_with_and_without_a_slash_have_ids_of_their_own() -> None:
    assert len({default_id(definition_key(name, "g", "n", "", "1")) for name in ("a", "a/b", "a/default/default", "b")}) == 4


def test_instances_register_under_the_name_and_its_environment() -> None:
    assert key(environment="production").service == ServiceKey("default", "shop", "stock@production")
    assert key().service == ServiceKey("default", "shop", "stock")


@pytest.mark.parametrize(
    ("name", "parts"),
    [("stock", ("stock", "")), ("stock@production", ("stock", "production")), ("@x", ("@x", "")), ("a@", ("a@", ""))],
)
def test_key_of_a_service_is_found_from_its_name(name: str, parts: tuple[str, str]) -> None:
    derived = derived_key(ServiceKey("default", "shop", name))

    assert (derived.name, derived.environment) == parts
    assert derived.service.name == name


def test_empty_names_mean_the_default_ones() -> None:
    assert definition_key("", "", "a", "", "") == DefinitionKey("default", "DEFAULT_GROUP", "a", "", "0.0.1")


@pytest.mark.parametrize(
    "names",
    [
        ("", "", "", "", ""),
        ("", "", "a@b", "", ""),
        ("", "", "a", "b@c", ""),
        ("", "", "a", "", "1.x"),
        ("", "", "a", "", "1.0+"),
        ("", "", "a", "x" * 257, ""),
        ("", "", "a" * 1025, "", ""),
        ("", "", "a\n", "", ""),
    ],
)
def test_bad_names_are_refused(names: tuple[str, str, str, str, str]) -> None:
    with pytest.raises(MusterError) as refusal:
        definition_key(*names)

    assert refusal.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize(
    "fields",
    [
        {"definition_id": "a b"},
        {"definition_id": "x" * 65},
        {"alias": "x" * 1025},
        {"description": "x" * 1025},
        {"properties": {"": "x"}},
        {"properties": {"x": "y" * 70_000}},
        {"tags": {str(number): "x" for number in range(101)}},
        {"attributes": {str(number): "x" for number in range(17)}},
        {"schema_ids": tuple(map(str, range(101)))},
        {"schema_ids": ("",)},
    ],
)
def test_definition_out_of_bounds_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(MusterError) as refusal:
        Definition(key(), **fields)

    assert refusal.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize(
    "fields", [("", "x", ""), ("i" * 161, "x", ""), ("i", "", ""), ("i", "x", "s" * 129), ("i", "x" * (8 << 20) + "y", "")]
)
def test_schema_out_of_bounds_is_refused(fields: tuple[str, str, str]) -> None:
    with pytest.raises(MusterError) as refusal:
        Schema(*fields)

    assert refusal.value.reason is Reason.INVALID_FIELD
