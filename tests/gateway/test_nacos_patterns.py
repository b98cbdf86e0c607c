"""Fuzzy patterns, and the keys of what they fit."""

import pytest
from muster_gateway.nacos.errors import BadParameterError
from muster_gateway.nacos.grpc import patterns
from muster_gateway.nacos.grpc.patterns import Name, Pattern
from muster_gateway.nacos.grpc.wire import RefusedCallError


@pytest.mark.parametrize(
    ("group", "name", "fitting", "other"),
    [
        ("*", "*", ("g", "n"), None),
        ("g", "n", ("g", "n"), ("g", "nn")),
        ("*", "pay-*", ("g", "pay-api"), ("g", "a-pay-")),
        ("*", "*-api", ("g", "pay-api"), ("g", "pay-api-2")),
        ("*", "*pay*", ("g", "a-pay-b"), ("g", "a-py")),
        ("ab*", "*", ("abc", "n"), ("cab", "n")),
        ("*", "a*b", ("g", "a*b"), ("g", "axb")),
    ],
)
def test_pattern_fits(group: str, name: str, fitting: Name, other: Name | None) -> None:
    pattern = Pattern.parse(f"public>>{group}>>{name}")

    assert pattern.fits(fitting)
    assert other is None or not pattern.fits(other)


def test_pattern_names_the_registry_s_namespace() -> None:
    assert [Pattern.parse(f"{given}>>*>>*").native_namespace for given in ("public", "", "dev")] == ["default", "default", "dev"]


@pytest.mark.parametrize("text", ["", "public", "public>>*", "a>>b>>c>>d", "public>>>>x", "public>>x>>", "public>>*>>" + "x" * 600])
def test_text_that_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(RefusedCallError):
        Pattern.parse(text)


def test_namespace_that_is_none_is_refused() -> None:
    with pytest.raises(BadParameterError):
        Pattern.parse("no/name>>*>>*")


@pytest.mark.parametrize("name", [("g", "n"), ("g+h", "a%b+c"), ("%2B", "%25")])
def test_key_of_a_config_names_it_again(name: Name) -> None:
    key = patterns.config_key("public", name)

    assert key.count("+") == 2
    assert patterns.config_name(key) == name


def test_key_of_a_service_names_it_again() -> None:
    assert patterns.service_key("public", ("g", "n")) == "public@@g@@n"
    assert patterns.service_name("public@@g@@n") == ("g", "n")


@pytest.mark.parametrize("key", ["", "a", "a@@b", "a+b"])
def test_key_of_nothing_names_nothing(key: str) -> None:
    assert (patterns.service_name(key), patterns.config_name(key)) == (("", ""), ("", ""))
