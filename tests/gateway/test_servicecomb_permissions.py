"""What ServiceComb's permissions are in the registry's words, and how its denials read."""

from collections.abc import Iterator
from typing import Any

import pytest
from muster.admin.v1 import access_service_pb2 as access
from muster_gateway.servicecomb import permissions

READ, CREATE, UPDATE, DELETE = access.ACTION_READ, access.ACTION_CREATE, access.ACTION_UPDATE, access.ACTION_DELETE
ALL = access.ACTION_READ_WRITE


def perm(kind: str, labels: Any = None, verbs: tuple[str, ...] = ("get",)) -> Any:
    resource = {"type": kind} if labels is None else {"type": kind, "labels": labels}
    return {"resources": [resource], "verbs": list(verbs)}


class Verbs(list[str]):
    """Counts how often it is gone through."""

    readings = 0

    def __iter__(self) -> Iterator[str]:
        self.readings += 1
        return super().__iter__()


def test_many_verbs_are_not_gone_through_for_each_of_many_resources() -> None:
    verbs = Verbs(["get", "fly"])

    permissions.native([{"resources": [{"type": "service", "labels": {"appId": f"a{n}"}} for n in range(100)], "verbs": verbs}])

    assert 1 <= verbs.readings <= 2


def patterns(*perms: Any) -> list[str]:
    return [one.resource for one in permissions.native(list(perms))]


@pytest.mark.parametrize(
    ("kind", "labels", "expected"),
    [
        ("service", None, ["*:*:service/*"]),
        ("service", {}, ["*:*:service/*"]),
        ("service", {"appId": "shop"}, ["*:shop:service/*"]),
        ("service", {"appId": "default"}, ["*:DEFAULT_GROUP:service/*"]),
        ("service", {"appId": "DEFAULT_GROUP"}, ["*:default:service/*"]),
        ("service", {"serviceName": "stock"}, ["*:*:service/stock", "*:*:service/stock@*"]),
        ("service", {"serviceName": "stock", "environment": ""}, ["*:*:service/stock"]),
        ("service", {"serviceName": "stock", "environment": "testing"}, ["*:*:service/stock@testing"]),
        ("service", {"environment": "testing"}, ["*:*:service/*@testing"]),
        ("service", {"appId": "shop", "environment": "testing"}, ["*:shop:service/*@testing"]),
        ("service", {"environment": ""}, []),
        ("service", {"version": "1"}, []),
        ("service", {"version": ""}, ["*:*:service/*"]),
        ("service", {"appId": ""}, []),
        ("service", {"serviceName": ""}, []),
        ("service", {"appId": "*"}, []),
        ("service", {"appId": "a:b"}, []),
        ("service", {"appId": "a%3Ab"}, []),
        ("service", {"serviceName": "s*"}, []),
        ("service", {"serviceName": "*"}, []),
        ("service", {"serviceName": "stock@testing"}, []),
        ("service", {"environment": "*"}, []),
        ("service/schema", {"appId": "shop"}, ["*:shop:schema/*"]),
        ("config", None, ["*:*:config/*"]),
        ("config", {"appId": "shop"}, ["*:shop:config/*"]),
        ("config", {"appId": "shop", "environment": "testing"}, []),
        ("account", None, ["*:*:user/*"]),
        ("role", None, ["*:*:role/*"]),
        ("ops", None, ["*:*:ops/*"]),
        ("role", {"appId": "shop"}, []),
        ("governance", None, []),
        ("schema", None, []),
        ("*", None, []),
        ("", None, []),
    ],
)
def test_resources_have_patterns_that_match_nothing_more(kind: str, labels: Any, expected: list[str]) -> None:
    assert patterns(perm(kind, labels)) == expected


@pytest.mark.parametrize(
    ("verbs", "actions"),
    [
        (("get",), [READ]),
        (("create", "update", "delete", "get"), [CREATE, UPDATE, DELETE, READ]),
        (("*",), [ALL]),
        (("get", "*"), [ALL]),
        (("get", "get"), [READ]),
        (("watch", ""), []),
        ((), []),
    ],
)
def test_verbs_are_actions(verbs: tuple[str, ...], actions: list[access.Action]) -> None:
    assert [one.action for one in permissions.native([perm("service", verbs=verbs)])] == actions


def test_what_is_said_twice_is_permitted_once_and_what_is_null_is_nothing() -> None:
    twice = {"resources": [{"type": "service"}, None, {"type": "service"}], "verbs": ["get"]}

    assert patterns(twice, twice, {}, {"resources": None, "verbs": ["get"]}) == ["*:*:service/*"]


def test_the_built_in_roles_have_permissions_in_the_registry_too() -> None:
    assert patterns(*permissions.BUILT_IN["developer"]) == [
        "*:*:config/*",
        "*:*:service/*",
        "*:*:ops/*",
        "*:*:schema/*",
    ]
    assert {"*:*:user/*", "*:*:role/*"} <= set(patterns(*permissions.BUILT_IN["admin"]))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"action": "read", "kind": "user", "scope": "kind"}, "account:get]"),
        ({"action": "read", "kind": "user", "scope": "resource"}, "account:get]"),
        ({"action": "delete", "kind": "service", "scope": "kind"}, "service:delete]"),
        (
            {"action": "create", "kind": "schema", "scope": "resource"},
            "service/schema:create] for labels [map[appId:default environment:testing serviceName:stock]]",
        ),
        ({"action": "write", "kind": "lock", "scope": "resource"}, "lock:write]"),
    ],
)
def test_a_denial_says_what_the_original_would(facts: dict[str, str], expected: str) -> None:
    where = {"namespace": "default", "group": "DEFAULT_GROUP", "name": "stock@testing"}

    assert permissions.denial({**where, **facts}) == f"role has no permissions[{expected}"
