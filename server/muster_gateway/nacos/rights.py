"""Nacos <-> registry: roles and permissions."""

from muster.admin.v1 import access_service_pb2 as access

from muster_gateway.nacos import convert
from muster_gateway.nacos.errors import RefusedError

ADMIN, NATIVE_ADMIN = "ROLE_ADMIN", "admin"
_ACTIONS = {"r": access.ACTION_READ, "w": access.ACTION_WRITE, "rw": access.ACTION_READ_WRITE}
_SHOWN = {native: action for action, native in _ACTIONS.items()}
_KINDS = {"naming": "service", "config": "config"}


def native_role(role: str) -> str:
    """The registry's name of a role."""
    return NATIVE_ADMIN if role == ADMIN else role


def shown_role(role: str) -> str:
    """The name of a role as Nacos shows it."""
    return ADMIN if role == NATIVE_ADMIN else role


def native_permission(resource: str, action: str) -> access.Permission:
    """`public:g:naming/s` is `default:g:service/s`. Raises RefusedError for an action that there is not.

    A resource that has no such form goes as it is, and the registry says what is wrong with it.
    """
    if action not in _ACTIONS:
        raise RefusedError(400, 20002, "Param 'action' is illegal, it should be r, w or rw.")
    return access.Permission(resource=_exchanged(resource, _KINDS), action=_ACTIONS[action])


def shown_permission(permission: access.Permission) -> dict[str, str]:
    """`resource` and `action` as Nacos writes them. Of a part of writing, which it has no word for, ours is shown: `create`."""
    shown = _exchanged(permission.resource, {native: kind for kind, native in _KINDS.items()})
    return {"resource": shown, "action": _SHOWN.get(permission.action) or access.Action.Name(permission.action)[7:].lower()}


def _exchanged(resource: str, kinds: dict[str, str]) -> str:
    """`public` and `default` change places, in both directions alike."""
    parts = resource.split(":", 2)
    if len(parts) != 3:
        return resource
    namespace, group, (kind, slash, name) = parts[0], parts[1], parts[2].partition("/")
    return f"{convert.native_namespace(namespace)}:{group}:{kinds.get(kind, kind)}{slash}{name}"
