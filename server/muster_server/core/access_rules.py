"""The rules of access: how users, roles, tokens and keys come, change and go."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from muster_server.core.access_commands import (
    AccessCommand,
    AccessPut,
    AccessRecord,
    AccessRemoved,
    AddPermission,
    CreateAccessKey,
    CreateRole,
    CreateToken,
    CreateUser,
    DeleteAccessKey,
    DeleteRole,
    DeleteUser,
    GrantRole,
    RemovePermission,
    RevokeRole,
    RevokeToken,
    RotateSigningKey,
    SetPassword,
)
from muster_server.core.access_model import ADMIN, AccessKey, ApiToken, Role, User
from muster_server.core.errors import MusterError, Reason
from muster_server.core.naming import limit_exceeded
from muster_server.core.turn import Turn

R = TypeVar("R", bound=AccessRecord)


def decide_access(turn: Turn, command: AccessCommand) -> AccessRecord:
    """Collect in `turn.events` what a command means, and answer what its class says. Raises MusterError; then nothing happened."""
    rule: Callable[[Turn, AccessCommand], AccessRecord] = _RULES[type(command)]
    return rule(turn, command)


def create_user(turn: Turn, command: CreateUser) -> User:
    """Raises MusterError: USERS_EXIST, USER_EXISTS, ROLE_NOT_FOUND, LIMIT_EXCEEDED."""
    user, users = command.user, turn.state.access.users
    if command.is_first and users:
        raise MusterError(Reason.USERS_EXIST, "there is a user already: administrators make the others")
    if user.name in users:
        raise MusterError(Reason.USER_EXISTS, f"user {user.name!r} exists already")
    _check_room(turn)
    for role in user.roles:
        _check_role(turn, role)
    revision = turn.next_revision()
    roles = (ADMIN,) if command.is_first else tuple(sorted(set(user.roles)))
    created = replace(user, roles=roles, password_revision=revision, revision=revision)
    turn.events.append(AccessPut(created))
    return created


def set_password(turn: Turn, command: SetPassword) -> User:
    """Raises MusterError: USER_NOT_FOUND."""
    user, revision = found_user(turn, command.name), turn.next_revision()
    changed = replace(user, password_hash=command.password_hash, password_revision=revision, revision=revision)
    turn.events.append(AccessPut(changed))
    return changed


def delete_user(turn: Turn, command: DeleteUser) -> User:
    """O(tokens and keys). Raises MusterError: USER_NOT_FOUND, LAST_ADMIN."""
    user, access = found_user(turn, command.name), turn.state.access
    _check_not_last_admin(turn, user)
    for token in access.tokens.values():
        if token.user == user.name:
            _remove(turn, token)
    for key in access.access_keys.values():
        if key.user == user.name:
            _remove(turn, key)
    return _remove(turn, user)


def grant_role(turn: Turn, command: GrantRole) -> User:
    """The same again is no change. Raises MusterError: USER_NOT_FOUND, ROLE_NOT_FOUND."""
    user = found_user(turn, command.user)
    _check_role(turn, command.role)
    if command.role in user.roles:
        return user
    return _put(turn, replace(user, roles=tuple(sorted((*user.roles, command.role)))))


def revoke_role(turn: Turn, command: RevokeRole) -> User:
    """What the user has not is no change. Raises MusterError: USER_NOT_FOUND, LAST_ADMIN."""
    user = found_user(turn, command.user)
    if command.role not in user.roles:
        return user
    if command.role == ADMIN:
        _check_not_last_admin(turn, user)
    return _put(turn, replace(user, roles=tuple(role for role in user.roles if role != command.role)))


def create_role(turn: Turn, command: CreateRole) -> Role:
    """Raises MusterError: ROLE_EXISTS, LIMIT_EXCEEDED."""
    if command.role.name == ADMIN or command.role.name in turn.state.access.roles:
        raise MusterError(Reason.ROLE_EXISTS, f"role {command.role.name!r} exists already")
    _check_room(turn)
    return _put(turn, replace(command.role, permissions=tuple(dict.fromkeys(command.role.permissions))))


def delete_role(turn: Turn, command: DeleteRole) -> Role:
    """O(users). Raises MusterError: ROLE_NOT_FOUND, ROLE_BUILT_IN."""
    role = found_role(turn, command.name)
    for user in turn.state.access.users.values():
        if role.name in user.roles:
            _put(turn, replace(user, roles=tuple(held for held in user.roles if held != role.name)))
    return _remove(turn, role)


def add_permission(turn: Turn, command: AddPermission) -> Role:
    """The same again is no change. Raises MusterError: ROLE_NOT_FOUND, ROLE_BUILT_IN, INVALID_FIELD (too many)."""
    role = found_role(turn, command.role)
    if command.permission in role.permissions:
        return role
    return _put(turn, replace(role, permissions=(*role.permissions, command.permission)))


def remove_permission(turn: Turn, command: RemovePermission) -> Role:
    """What the role has not is no change. Raises MusterError: ROLE_NOT_FOUND, ROLE_BUILT_IN."""
    role = found_role(turn, command.role)
    if command.permission not in role.permissions:
        return role
    return _put(turn, replace(role, permissions=tuple(one for one in role.permissions if one != command.permission)))


def create_token(turn: Turn, command: CreateToken) -> ApiToken:
    """Those that have expired go. O(tokens). Raises MusterError: USER_NOT_FOUND, INVALID_FIELD, LIMIT_EXCEEDED."""
    found_user(turn, command.token.user)
    for former in turn.state.access.tokens.values():
        if former.is_expired(turn.wall_s):
            _remove(turn, former)
    _check_room(turn)
    if command.token.is_expired(turn.wall_s):
        raise MusterError.invalid("expire_time", "must be in the future")
    return _put(turn, replace(command.token, create_time=turn.wall_s))


def revoke_token(turn: Turn, command: RevokeToken) -> ApiToken:
    """Raises MusterError: TOKEN_NOT_FOUND."""
    token = turn.state.access.tokens.get(command.token_id)
    if token is None:
        raise MusterError(Reason.TOKEN_NOT_FOUND, f"there is no token {command.token_id!r}")
    return _remove(turn, token)


def create_access_key(turn: Turn, command: CreateAccessKey) -> AccessKey:
    """Raises MusterError: USER_NOT_FOUND, LIMIT_EXCEEDED."""
    found_user(turn, command.key.user)
    _check_room(turn)
    return _put(turn, replace(command.key, create_time=turn.wall_s))


def delete_access_key(turn: Turn, command: DeleteAccessKey) -> AccessKey:
    """Raises MusterError: ACCESS_KEY_NOT_FOUND."""
    key = turn.state.access.access_keys.get(command.key_id)
    if key is None:
        raise MusterError(Reason.ACCESS_KEY_NOT_FOUND, f"there is no access key {command.key_id!r}")
    return _remove(turn, key)


def rotate_signing_key(turn: Turn, command: RotateSigningKey) -> AccessRecord:
    """Those to be forgotten may be gone already."""
    for key_id in command.forgotten:
        if (former := turn.state.access.signing_keys.get(key_id)) is not None:
            _remove(turn, former)
    return _put(turn, replace(command.key, create_time=turn.wall_s))


def found_user(turn: Turn, name: str) -> User:
    """A user. Raises MusterError: USER_NOT_FOUND."""
    user = turn.state.access.users.get(name)
    if user is None:
        raise MusterError(Reason.USER_NOT_FOUND, f"there is no user {name!r}")
    return user


def found_role(turn: Turn, name: str) -> Role:
    """A role that can be changed. Raises MusterError: ROLE_NOT_FOUND, ROLE_BUILT_IN."""
    if name == ADMIN:
        raise MusterError(Reason.ROLE_BUILT_IN, f"role {ADMIN!r} may do everything and cannot be changed")
    role = turn.state.access.roles.get(name)
    if role is None:
        raise _role_not_found(name)
    return role


def _role_not_found(name: str) -> MusterError:
    return MusterError(Reason.ROLE_NOT_FOUND, f"there is no role {name!r}")


def _check_role(turn: Turn, name: str) -> None:
    if name != ADMIN and name not in turn.state.access.roles:
        raise _role_not_found(name)


def _check_room(turn: Turn) -> None:
    if turn.state.access.count >= turn.limits.max_access_records:
        raise limit_exceeded("users, roles, tokens and access keys", turn.limits.max_access_records)


def _check_not_last_admin(turn: Turn, user: User) -> None:
    others = (other for other in turn.state.access.users.values() if other.name != user.name)
    if ADMIN in user.roles and not any(ADMIN in other.roles for other in others):
        raise MusterError(Reason.LAST_ADMIN, f"user {user.name!r} is the last administrator")


def _put(turn: Turn, record: R) -> R:
    stamped: R = replace(record, revision=turn.next_revision())
    turn.events.append(AccessPut(stamped))
    return stamped


def _remove(turn: Turn, record: R) -> R:
    turn.events.append(AccessRemoved(record, turn.next_revision()))
    return record


_RULES: dict[type, Callable[..., AccessRecord]] = {
    CreateUser: create_user,
    SetPassword: set_password,
    DeleteUser: delete_user,
    GrantRole: grant_role,
    RevokeRole: revoke_role,
    CreateRole: create_role,
    DeleteRole: delete_role,
    AddPermission: add_permission,
    RemovePermission: remove_permission,
    CreateToken: create_token,
    RevokeToken: revoke_token,
    CreateAccessKey: create_access_key,
    DeleteAccessKey: delete_access_key,
    RotateSigningKey: rotate_signing_key,
}
