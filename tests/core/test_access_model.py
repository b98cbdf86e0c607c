"""Permissions: what they match, and what is none."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from muster_server.core.access_commands import AccessPut
from muster_server.core.access_model import ANYBODY, NOBODY, Action, ApiToken, Permission, Principal, Resource, Role, User
from muster_server.core.access_state import AccessState
from muster_server.core.errors import MusterError, Reason

PAY = Resource("prod", "g", "service", "pay")
READ, WRITE, BOTH = Action.READ, Action.WRITE, Action.READ_WRITE


@pytest.mark.parametrize(
    ("pattern", "resource", "is_matched"),
    [
        ("prod:g:service/pay", PAY, True),
        ("prod:g:service/*", PAY, True),
        ("prod:g:*", PAY, True),
        ("prod:g:*/pay", PAY, True),
        ("prod:*:service/pay", PAY, True),
        ("*:*:*", PAY, True),
        ("pr*:g:service/p*", PAY, True),
        ("prod:g:service/pa", PAY, False),
        ("prod:g:config/pay", PAY, False),
        ("prod:h:*", PAY, False),
        ("pro:*:*", PAY, False),
        ("prod:*:*", Resource("prod:x", "g", "service", "pay"), False),
        ("prod%3Ax:*:*", Resource("prod:x", "g", "service", "pay"), True),
        ("prod:*:*", Resource("prod", "a:b", "config", "c/d:e"), True),
        ("prod:a%3Ab:config/c/d:e", Resource("prod", "a:b", "config", "c/d:e"), True),
        ("prod:g:service/pay*", Resource("prod", "g", "service", "pay*"), True),
        ("prod:g:service/pay-*", Resource("prod", "g", "service", "pay*"), False),
        ("prod:g:service/pay", Resource("prod", "g", "service", "*"), False),
        ("prod:g:service/*", Resource("*", "*", "service", "*"), False),
        ("*:*:service/*", Resource("*", "*", "service", "*"), True),
        ("*:*:*", Resource("*", "*", "user", "ann"), False),
        ("*:*:*", Resource("*", "*", "role", "*"), False),
        ("*:*:user/*", Resource("*", "*", "user", "ann"), True),
        ("*:*:user/*", Resource("*", "*", "*", "*"), False),
        ("*:*:service/*@test", Resource("prod", "g", "service", "pay@test"), True),
        ("*:*:service/pay@*", Resource("prod", "g", "service", "pay@test"), True),
        ("*:*:service/p*y", PAY, True),
        ("*:*:service/pa*ay", PAY, False),
        ("*:*:service/*@test", PAY, False),
        ("*:*:service/*@test", Resource("prod", "g", "service", "*"), False),
        ("*:*:service/p*@test", Resource("prod", "g", "service", "p*"), False),
    ],
)
def test_a_permission_matches_its_pattern_only(pattern: str, resource: Resource, is_matched: bool) -> None:
    assert Permission(pattern, BOTH).allows(READ, resource) is is_matched


@pytest.mark.parametrize(
    ("had", "wanted", "is_allowed"),
    [
        (READ, READ, True),
        (READ, WRITE, False),
        (WRITE, READ, False),
        (BOTH, WRITE, True),
        (READ, BOTH, False),
        (BOTH, BOTH, True),
        (WRITE, Action.CREATE, True),
        (BOTH, Action.DELETE, True),
        (READ, Action.UPDATE, False),
        (Action.CREATE, Action.CREATE, True),
        (Action.CREATE, Action.UPDATE, False),
        (Action.CREATE, WRITE, False),
        (Action.DELETE, READ, False),
    ],
)
def test_an_action_includes_what_it_says_only(had: Action, wanted: Action, is_allowed: bool) -> None:
    assert Permission("*:*:*", had).allows(wanted, PAY) is is_allowed


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "*",
        "a:b",
        "a:b:service",
        "a:b:/x",
        "a:b:service/",
        ":b:*",
        "a::*",
        "a:b:SERVICE/x",
        "*a:b:*",
        "a*b:c:*",
        "a:b:x/y\n",
        "a:b:x/*y*",
        "x" * 9000,
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(MusterError) as caught:
        Permission(pattern, READ)

    assert caught.value.details["field"] == "resource"


def test_bounds_of_names_and_counts_are_kept() -> None:
    for make in (
        lambda: User(""),
        lambda: User("x" * 257),
        lambda: User("a\n"),
        lambda: User("a", roles=("r",) * 101),
        lambda: User("a", roles=("",)),
        lambda: Role("r", (Permission("*:*:*", READ),) * 1001),
        lambda: ApiToken("1", "a", "", "x" * 257),
    ):
        with pytest.raises(MusterError) as caught:
            make()
        assert caught.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize(
    ("own", "given", "is_covered"),
    [
        (("*:*:service/*", BOTH), ("prod:g:service/pay*", WRITE), True),
        (("prod:*:service/pay-*", BOTH), ("prod:*:service/pay-*", READ), True),
        (("prod:*:service/pay-*", BOTH), ("prod:*:service/pay-*x", READ), True),
        (("prod:*:service/pay-*", BOTH), ("prod:*:service/pay*", READ), False),
        (("prod:*:service/*", BOTH), ("*:*:service/*", READ), False),
        (("prod:*:service/*", BOTH), ("prod:*:*", READ), False),
        (("prod:*:service/*@test", BOTH), ("prod:*:service/pay@test", READ), True),
        (("prod:*:service/*@test", BOTH), ("prod:*:service/pay*", READ), False),
        (("*:*:*", READ), ("prod:*:service/*", BOTH), False),
        (("*:*:*", BOTH), ("*:*:user/*", READ), False),
        (("*:*:*", BOTH), ("*:*:*", READ), True),
    ],
)
def test_what_a_permission_covers_may_be_given_on(own: tuple[str, Action], given: tuple[str, Action], *, is_covered: bool) -> None:
    access = AccessState()
    access.apply(AccessPut(Role("r", (Permission(*own),))))
    access.apply(AccessPut(User("ann", roles=("r",))))

    assert access.may_all(Principal("ann"), [Permission(*given)]) is is_covered


PARTS, KINDS = ["*", "a", "ab", "a*"], ["*", "service", "user"]
NAMES = ["*", "a", "ab", "aba", "a*", "*a", "a*a", "ab*", "*ba", "ab*ba", "a*ba"]
PERMISSIONS = st.builds(
    lambda namespace, group, kind, name, action: Permission(f"{namespace}:{group}:{kind}/{name}", action),
    *(st.sampled_from(choices) for choices in (PARTS, PARTS, KINDS, NAMES, list(Action))),
)
EVERYTHING = [
    Resource(namespace, group, kind, "".join(name))
    for namespace, group, kind in itertools.product(("a", "ab", "b"), ("a", "b"), ("service", "user"))
    for length in range(1, 6)
    for name in itertools.product("ab", repeat=length)
]


@given(st.lists(PERMISSIONS, max_size=4), PERMISSIONS)
def test_what_is_covered_allows_nothing_that_was_not_allowed(own: list[Permission], granted: Permission) -> None:
    access = AccessState()
    access.apply(AccessPut(Role("r", tuple(own))))
    access.apply(AccessPut(User("ann", roles=("r",))))

    if access.may_all(Principal("ann"), [granted]):
        for resource, action in itertools.product(EVERYTHING, BOTH.parts):
            assert access.may(Principal("ann"), action, resource) or not granted.allows(action, resource)
    assert access.may_all(Principal("ann"), own)


def test_parts_of_writing_in_several_permissions_cover_writing() -> None:
    access = AccessState()
    parts = (Action.CREATE, Action.UPDATE, Action.DELETE)
    access.apply(AccessPut(Role("r", tuple(Permission("*:*:service/*", part) for part in parts))))
    access.apply(AccessPut(User("ann", roles=("r",))))

    assert access.may_all(Principal("ann"), [Permission("a:b:service/c", WRITE)])
    assert not access.may_all(Principal("ann"), [Permission("a:b:service/c", BOTH)])


def test_nobody_may_do_nothing_and_everything_is_allowed_where_nobody_is_asked() -> None:
    access = AccessState()

    assert not access.may(NOBODY, READ, PAY)
    assert not access.may_see(NOBODY, "prod")
    assert access.may(ANYBODY, BOTH, PAY)
    assert not access.is_valid(NOBODY, 0.0)
    assert access.is_valid(ANYBODY, 0.0)
