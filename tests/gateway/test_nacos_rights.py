"""Permissions as Nacos writes them and as the registry has them."""

import pytest
from muster_gateway.nacos.errors import RefusedError
from muster_gateway.nacos.rights import native_permission, native_role, shown_permission, shown_role

PAIRS = [
    ("public:g:naming/s", "default:g:service/s"),
    ("default:g:config/d", "public:g:config/d"),
    ("dev:*:naming/*", "dev:*:service/*"),
    ("*:*:*", "*:*:*"),
    ("dev*:g:config/a/b", "dev*:g:config/a/b"),
    ("dev:g:lock/x", "dev:g:lock/x"),
]


@pytest.mark.parametrize(("shown", "native"), PAIRS)
@pytest.mark.parametrize("action", ["r", "w", "rw"])
def test_resource_comes_back_as_it_was_sent(shown: str, native: str, action: str) -> None:
    permission = native_permission(shown, action)

    assert permission.resource == native
    assert shown_permission(permission) == {"resource": shown, "action": action}


@pytest.mark.parametrize("resource", ["", "public", "public:g"])
def test_resource_without_that_form_is_left_to_the_registry(resource: str) -> None:
    assert native_permission(resource, "r").resource == resource


@pytest.mark.parametrize("action", ["", "x", "R", "rw "])
def test_unknown_action_is_refused(action: str) -> None:
    with pytest.raises(RefusedError):
        native_permission("public:g:config/d", action)


def test_roles_are_named_the_same_but_for_the_administrator() -> None:
    assert [native_role(role) for role in ("ROLE_ADMIN", "reader")] == ["admin", "reader"]
    assert [shown_role(role) for role in ("admin", "reader")] == ["ROLE_ADMIN", "reader"]
