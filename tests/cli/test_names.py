"""Names, addresses and pairs as users type them."""

import doctest

import pytest
from muster.config.v1.config_pb2 import ConfigRef
from muster.registry.v1.instance_pb2 import ServiceRef
from muster_client.cli import config_conditions, names, output, texts
from muster_client.cli.exits import CommandError


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("api", {}, ("", "", "api")),
        ("prod/api", {}, ("prod", "", "api")),
        ("prod/web/api", {}, ("prod", "web", "api")),
        ("prod/web/a/b", {}, ("prod", "web", "a/b")),
        ("prod//api", {}, ("prod", "", "api")),
        ("web/api", {"namespace": "prod"}, ("prod", "web", "api")),
        ("prod/api", {"group": "web"}, ("prod", "web", "api")),
        ("a/b/c", {"namespace": "prod", "group": "web"}, ("prod", "web", "a/b/c")),
        ("a/b/c", {"group": "web"}, ("a", "web", "b/c")),
    ],
)
def test_name_is_split_at_the_parts_that_no_option_gives(text: str, options: dict[str, str], expected: tuple[str, ...]) -> None:
    assert names.full_name(text, **options) == expected


@pytest.mark.parametrize("text", ["", "prod/", "prod/web/"])
def test_name_without_a_name_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="is no name"):
        names.full_name(text)


@pytest.mark.parametrize("name", ["api", "prod/api", "prod/web/api", "default/web/api", "default/DEFAULT_GROUP/a/b"])
def test_short_name_can_be_typed_again(name: str) -> None:
    first = names.full_name(name)

    again = names.short_name(first.service())

    assert again == name
    assert names.short_name(names.full_name(again).config()) == again


def test_short_name_fills_in_defaults() -> None:
    assert names.short_name(ServiceRef(namespace="default", group="DEFAULT_GROUP", name="api")) == "api"
    assert names.short_name(ConfigRef(name="api")) == "api"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1:80", ("", "10.0.0.1", 80)),
        ("grpc://host:0", ("grpc", "host", 0)),
        ("[::1]:80", ("", "::1", 80)),
        ("http://[fe80::1]:65535", ("http", "fe80::1", 65535)),
    ],
)
def test_endpoint_is_read_and_written_alike(text: str, expected: tuple[str, str, int]) -> None:
    found = names.endpoint(text)

    assert (found.scheme, found.host, found.port) == expected
    assert texts.address(found) == text


@pytest.mark.parametrize("text", ["host", ":80", "host:", "host:eighty", "host:65536", "host:-1", ""])
def test_endpoint_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="is no address"):
        names.endpoint(text)


def test_instance_is_meant_by_address_or_by_id() -> None:
    service = ServiceRef(name="api")

    by_address, by_id, forced = [names.instance_ref(service, text) for text in ("one:80", "one#80#DEFAULT", "id=one:80")]

    assert (by_address.address.host, by_address.address.port) == ("one", 80)
    assert not by_address.address.HasField("persistent")
    assert by_id.instance_id == "one#80#DEFAULT"
    assert forced.instance_id == "one:80"


def test_pairs_keep_what_follows_the_first_equals_sign() -> None:
    assert names.pairs(["a=b=c", "empty=", "a=last"]) == {"a": "last", "empty": ""}


def test_pair_without_a_key_is_refused() -> None:
    with pytest.raises(CommandError, match="is no pair"):
        names.pairs(["=value"])


@pytest.mark.parametrize("module", [names, texts, output, config_conditions])
def test_examples_in_docstrings_do_what_they_show(module: object) -> None:
    outcome = doctest.testmod(module)

    assert outcome.attempted > 0
    assert outcome.failed == 0
