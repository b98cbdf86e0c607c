"""Permissions: what ServiceComb says of resource types, labels and verbs, as the registry's patterns and actions.

A worked example: `service` with the labels appId `shop` and environment `testing`, and the verbs `get` and `update`, is
`*:shop:service/*@testing` twice, once to read and once to update. Accounts of the original know no tenants, so permissions are for
all namespaces. What has no such form gives nothing, and is kept as it was written all the same.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from muster.admin.v1 import access_service_pb2 as access

from muster_gateway.servicecomb.names import application_of, native_group

ADMIN, DEVELOPER = "admin", "developer"
_KINDS = {"service": "service", "service/schema": "schema", "config": "config", "account": "user", "role": "role", "ops": "ops"}
_TYPES = {kind: name for name, kind in _KINDS.items()}
VERBS = {
    "get": access.ACTION_READ,
    "create": access.ACTION_CREATE,
    "update": access.ACTION_UPDATE,
    "delete": access.ACTION_DELETE,
}
_LABEL = re.compile(r"[A-Za-z0-9_.-]+")  # of no other characters are names, so that none can become a pattern
_DEVELOPERS = ("config", "service", "governance", "ops", "service/schema")
_ADMINISTRATORS = ("account", "config", "role", "service", "governance", "ops", "service/schema")

Perms = list[dict[str, Any]]
"""As they are written: `resources`, each of a `type` with `labels`, and `verbs`."""


def _all_of(types: Iterable[str]) -> Perms:
    return [{"resources": [{"type": name} for name in types], "verbs": ["*"]}]


BUILT_IN: Mapping[str, Perms] = {ADMIN: _all_of(_ADMINISTRATORS), DEVELOPER: _all_of(_DEVELOPERS)}
"""The roles that cannot be changed, and what they may do."""


def native(perms: Perms) -> list[access.Permission]:
    """The registry's permissions, each once, in their order."""
    found = {
        (resource, action): None
        for perm in perms
        for actions in (_actions(perm.get("verbs") or ()),)
        for named in perm.get("resources") or ()
        for resource in _patterns(named or {})
        for action in actions
    }
    return [access.Permission(resource=resource, action=action) for resource, action in found]


def _actions(verbs: Iterable[str]) -> list[access.Action]:
    if "*" in verbs:
        return [access.ACTION_READ_WRITE]
    return [VERBS[verb] for verb in dict.fromkeys(verbs) if verb in VERBS]


def _patterns(resource: Mapping[str, Any]) -> Iterator[str]:
    name, labels = resource.get("type", ""), resource.get("labels") or {}
    kind = _KINDS.get(name)
    if kind in ("service", "schema"):
        yield from (f"*:{group}:{kind}/{service}" for group, service in _services(labels))
    elif kind == "config" and labels.keys() <= {"appId"}:
        yield from (f"*:{group}:{kind}/*" for group in _values(labels, "appId"))
    elif kind is not None and not labels:
        yield f"*:*:{kind}/*"


def _services(labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Group and name of the services with these labels. Without an environment a service has its plain name: that is no pattern."""
    if any(value and key not in ("environment", "appId", "serviceName") for key, value in labels.items()):
        return  # no service has another label
    for application in _values(labels, "appId"):
        group = native_group(application)
        for service in _values(labels, "serviceName"):
            match labels.get("environment"):
                case None:
                    yield from ((group, name) for name in ([service] if service == "*" else [service, f"{service}@*"]))
                case "" if service != "*":
                    yield group, service
                case environment if _LABEL.fullmatch(environment):
                    yield group, f"{service}@{environment}"


def _values(labels: Mapping[str, str], key: str) -> tuple[str, ...]:
    """What a label stands for: `*` if it is not there, nothing if nothing can have it."""
    value = labels.get(key)
    if value is None:
        return ("*",)
    return (value,) if _LABEL.fullmatch(value) else ()


def denial(details: Mapping[str, str]) -> str:
    """What the original says of a denial. `details` are the registry's facts about it."""
    kind, verb = details["kind"], "get" if details["action"] == "read" else details["action"]
    said = f"role has no permissions[{_TYPES.get(kind, kind)}:{verb}]"
    if details["scope"] == "kind" or kind not in ("service", "schema"):
        return said
    name, _, environment = details["name"].partition("@")
    labels = f"appId:{application_of(details['group'])} environment:{environment} serviceName:{name}"
    return f"{said} for labels [map[{labels}]]"
