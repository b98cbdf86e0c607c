"""Keys and config items: each name has exactly one on the other side."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from muster.config.v1 import config_pb2
from muster_gateway.kie.names import Identity, id_of, identity, identity_of, namespace_of, ref_of

WORD = st.from_regex(re.compile(r"[a-zA-Z0-9]{1,8}|[a-zA-Z0-9][a-zA-Z0-9_.-]{1,6}[a-zA-Z0-9]", re.ASCII), fullmatch=True)
NAMES = st.one_of(WORD, st.sampled_from(["app", "service", "version", "environment"]))
VALUES = st.one_of(st.just(""), st.sampled_from(["DEFAULT_GROUP", "default"]), WORD)
IDENTITIES = st.builds(
    identity,
    st.from_regex(re.compile(r"[a-zA-Z0-9._:-]{1,12}", re.ASCII), fullmatch=True),
    st.dictionaries(NAMES, VALUES, max_size=6),
)


def item(group: str, name: str) -> config_pb2.ConfigRef:
    return config_pb2.ConfigRef(namespace="default", group=group, name=name)


@given(IDENTITIES)
def test_item_of_a_key_names_it_again(named: Identity) -> None:
    ref = ref_of("default", named)

    assert identity_of(ref) == named


@given(IDENTITIES, IDENTITIES)
def test_two_keys_have_two_items_and_two_ids(one: Identity, other: Identity) -> None:
    if one == other:
        return

    assert ref_of("p", one) != ref_of("p", other)
    assert id_of("p", one) != id_of("p", other)


@given(st.text(max_size=12), st.text(max_size=24))
def test_item_that_is_a_key_is_that_keys_item(group: str, name: str) -> None:
    named = identity_of(item(group, name))

    assert named is None or ref_of("default", named) == item(group, name)


@pytest.mark.parametrize(
    ("labels", "group", "name"),
    [
        ({}, "DEFAULT_GROUP", "timeout"),
        ({"app": "shop"}, "shop", "timeout"),
        ({"app": ""}, "DEFAULT_GROUP", "timeout?app="),
        ({"app": "DEFAULT_GROUP"}, "DEFAULT_GROUP", "timeout?app=DEFAULT_GROUP"),
        ({"app": "default"}, "default", "timeout"),
        ({"service": "cart", "app": "shop", "environment": ""}, "shop", "timeout?environment=&service=cart"),
    ],
)
def test_label_app_is_the_group_and_the_others_are_in_the_name(labels: dict[str, str], group: str, name: str) -> None:
    assert ref_of("default", identity("timeout", labels)) == item(group, name)


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("DEFAULT_GROUP", ""),
        ("DEFAULT_GROUP", "a b"),
        ("DEFAULT_GROUP", "a?"),
        ("DEFAULT_GROUP", "a?b"),
        ("DEFAULT_GROUP", "a?z=1&b=1"),
        ("DEFAULT_GROUP", "a?b=1&b=1"),
        ("DEFAULT_GROUP", "a?app=shop"),
        ("DEFAULT_GROUP", "a?b=1=2"),
        ("DEFAULT_GROUP", "a" * 2049),
        ("DEFAULT_GROUP", "a?" + "&".join(f"l{number}=" for number in range(7))),
        ("a group", "a"),
        ("shop", "a?app=shop"),
    ],
)
def test_item_that_no_client_of_kie_could_name_is_no_key(group: str, name: str) -> None:
    assert identity_of(item(group, name)) is None


def test_project_is_a_namespace_of_the_domain() -> None:
    assert (namespace_of("default"), namespace_of("prod")) == ("default", "default/prod")
