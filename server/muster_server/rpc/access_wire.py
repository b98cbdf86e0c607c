"""Between the messages of AccessService and the values of the core."""

from typing import Any

from muster.admin.v1 import access_service_pb2 as wire

from muster_server.core.access_commands import UpdateRole, UpdateUser
from muster_server.core.access_model import MAX_USER_BYTES, Action, Permission, Role, User
from muster_server.core.errors import MusterError
from muster_server.core.model import checked_text
from muster_server.rpc.decoding import no_such_path, require
from muster_server.rpc.encoding import timestamp


def decode_action(number: int) -> Action:
    """An action. Raises MusterError (INVALID_FIELD)."""
    try:
        return Action(number)
    except ValueError:
        raise MusterError.invalid("action", f"no such action: {number}") from None


def decode_permission(message: wire.Permission) -> Permission:
    """A permission. Raises MusterError (INVALID_FIELD)."""
    return Permission(message.resource, decode_action(message.action))


def decode_role(message: wire.Role) -> Role:
    """A role without what is output only. Raises MusterError (INVALID_FIELD)."""
    return Role(message.name, tuple(map(decode_permission, message.permissions)), attributes=dict(message.attributes))


def decode_user(message: wire.User) -> User:
    """A user without what is output only. Raises MusterError (INVALID_FIELD)."""
    return User(message.name, roles=tuple(message.roles), is_suspended=message.suspended)


def decode_user_change(request: wire.UpdateUserRequest) -> UpdateUser:
    """What an update changes. Raises MusterError (INVALID_FIELD)."""
    said, paths = _masked(request, "user", {"roles", "suspended"}), request.update_mask.paths
    user = decode_user(said)
    return UpdateUser(user.name, user.roles if "roles" in paths else None, user.is_suspended if "suspended" in paths else None)


def decode_role_change(request: wire.UpdateRoleRequest) -> UpdateRole:
    """What an update changes. Raises MusterError (INVALID_FIELD)."""
    said, paths = _masked(request, "role", {"permissions", "attributes"}), request.update_mask.paths
    role = decode_role(said)
    return UpdateRole(
        role.name, role.permissions if "permissions" in paths else None, role.attributes if "attributes" in paths else None
    )


def decode_prefix(request: Any) -> str:
    """What names begin with. Raises MusterError (INVALID_FIELD)."""
    return checked_text("name_prefix", request.name_prefix, MAX_USER_BYTES)


def permission_message(permission: Permission) -> wire.Permission:
    """A permission."""
    return wire.Permission(resource=permission.resource, action=int(permission.action))  # type: ignore[arg-type]  # the numbers are the same


def role_message(role: Role) -> wire.Role:
    """A role."""
    return wire.Role(
        name=role.name,
        permissions=map(permission_message, role.permissions),
        revision=role.revision,
        attributes=role.attributes,
        create_time=timestamp(role.create_time),
        update_time=timestamp(role.update_time),
    )


def user_message(user: User) -> wire.User:
    """A user. Nothing of the password is shown."""
    return wire.User(
        name=user.name,
        roles=user.roles,
        has_password=bool(user.password_hash),
        revision=user.revision,
        suspended=user.is_suspended,
        create_time=timestamp(user.create_time),
        update_time=timestamp(user.update_time),
    )


def _masked(request: Any, field: str, known: set[str]) -> Any:
    require(request, field)
    if not request.update_mask.paths:
        raise MusterError.invalid("update_mask", "is required")
    for path in request.update_mask.paths:
        if path not in known:
            raise no_such_path(path)
    return getattr(request, field)
