"""The rules of access: how users and roles come, change and go."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from muster_server.core.access_commands import (
    AccessCommand,
    AccessPut,
    AccessRecord,
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
    UpdateRole,
    UpdateUser,
)
from muster_server.core.access_key_rules import create_access_key, create_token, delete_access_key, revoke_token, rotate_signing_key
from muster_server.core.access_model import ADMIN, Role, User
from muster_server.core.access_records import check_role_exists, check_room, found_role, found_user, put, remove
from muster_server.core.errors import MusterError, Reason
from muster_server.core.turn import Turn

P = TypeVar("P", User, Role)


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
    check_room(turn)
    for role in user.roles:
        check_role_exists(turn, role)
    revision = turn.next_revision()
    roles = (ADMIN,) if command.is_first else tuple(sorted(set(user.roles)))
    created = replace(
        user, roles=roles, password_revision=revision, revision=revision, create_time=turn.wall_s, update_time=turn.wall_s
    )
    turn.events.append(AccessPut(created))
    return created


def set_password(turn: Turn, command: SetPassword) -> User:
    """Raises MusterError: USER_NOT_FOUND."""
    user, revision = found_user(turn, command.name), turn.next_revision()
    changed = replace(
        user, password_hash=command.password_hash, password_revision=revision, revision=revision, update_time=turn.wall_s
    )
    turn.events.append(AccessPut(changed))
    return changed


def update_user(turn: Turn, command: UpdateUser) -> User:
    """The same again is no change. Raises MusterError: USER_NOT_FOUND, ROLE_NOT_FOUND, LAST_ADMIN."""
    user = found_user(turn, command.name)
    for role in command.roles or ():
        check_role_exists(turn, role)
    changed = replace(
        user,
        roles=user.roles if command.roles is None else tuple(sorted(set(command.roles))),
        is_suspended=user.is_suspended if command.is_suspended is None else command.is_suspended,
    )
    if changed == user:
        return user
    if ADMIN not in changed.roles or changed.is_suspended:
        _check_not_last_admin(turn, user)
    return _put(turn, changed)


def delete_user(turn: Turn, command: DeleteUser) -> User:
    """O(tokens and keys). Raises MusterError: USER_NOT_FOUND, LAST_ADMIN."""
    user, access = found_user(turn, command.name), turn.state.access
    _check_not_last_admin(turn, user)
    for token in access.tokens.values():
        if token.user == user.name:
            remove(turn, token)
    for key in access.access_keys.values():
        if key.user == user.name:
            remove(turn, key)
    return remove(turn, user)


def grant_role(turn: Turn, command: GrantRole) -> User:
    """The same again is no change. Raises MusterError: USER_NOT_FOUND, ROLE_NOT_FOUND."""
    user = found_user(turn, command.user)
    check_role_exists(turn, command.role)
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
    check_room(turn)
    permissions = tuple(dict.fromkeys(command.role.permissions))
    return _put(turn, replace(command.role, permissions=permissions, create_time=turn.wall_s))


def update_role(turn: Turn, command: UpdateRole) -> Role:
    """The same again is no change. Raises MusterError: ROLE_NOT_FOUND, ROLE_BUILT_IN, INVALID_FIELD."""
    role = found_role(turn, command.name)
    changed = replace(
        role,
        permissions=role.permissions if command.permissions is None else tuple(dict.fromkeys(command.permissions)),
        attributes=role.attributes if command.attributes is None else command.attributes,
    )
    return role if changed == role else _put(turn, changed)


def delete_role(turn: Turn, command: DeleteRole) -> Role:
    """O(users). Raises MusterError: ROLE_NOT_FOUND, ROLE_BUILT_IN, ROLE_IN_USE."""
    role = found_role(turn, command.name)
    for user in turn.state.access.users.values():
        if role.name in user.roles:
            if command.only_unused:
                raise MusterError(Reason.ROLE_IN_USE, f"user {user.name!r} has role {role.name!r}")
            _put(turn, replace(user, roles=tuple(held for held in user.roles if held != role.name)))
    return remove(turn, role)


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


def _put(turn: Turn, record: P) -> P:
    changed: P = replace(record, update_time=turn.wall_s)
    return put(turn, changed)


def _check_not_last_admin(turn: Turn, user: User) -> None:
    others = (other for other in turn.state.access.users.values() if other.name != user.name and not other.is_suspended)
    if ADMIN in user.roles and not user.is_suspended and not any(ADMIN in other.roles for other in others):
        raise MusterError(Reason.LAST_ADMIN, f"user {user.name!r} is the last administrator")


_RULES: dict[type, Callable[..., AccessRecord]] = {
    CreateUser: create_user,
    SetPassword: set_password,
    UpdateUser: update_user,
    DeleteUser: delete_user,
    GrantRole: grant_role,
    RevokeRole: revoke_role,
    CreateRole: create_role,
    UpdateRole: update_role,
    DeleteRole: delete_role,
    AddPermission: add_permission,
    RemovePermission: remove_permission,
    CreateToken: create_token,
    RevokeToken: revoke_token,
    CreateAccessKey: create_access_key,
    DeleteAccessKey: delete_access_key,
    RotateSigningKey: rotate_signing_key,
}
