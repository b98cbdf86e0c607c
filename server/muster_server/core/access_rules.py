"""The rules of access: how users and roles come, change and go."""

from collections.abc import Callable
from dataclasses import replace

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
)
from muster_server.core.access_key_rules import create_access_key, create_token, delete_access_key, revoke_token, rotate_signing_key
from muster_server.core.access_model import ADMIN, Role, User
from muster_server.core.access_records import check_role_exists, check_room, found_role, found_user, put, remove
from muster_server.core.errors import MusterError, Reason
from muster_server.core.turn import Turn


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
    return put(turn, replace(user, roles=tuple(sorted((*user.roles, command.role)))))


def revoke_role(turn: Turn, command: RevokeRole) -> User:
    """What the user has not is no change. Raises MusterError: USER_NOT_FOUND, LAST_ADMIN."""
    user = found_user(turn, command.user)
    if command.role not in user.roles:
        return user
    if command.role == ADMIN:
        _check_not_last_admin(turn, user)
    return put(turn, replace(user, roles=tuple(role for role in user.roles if role != command.role)))


def create_role(turn: Turn, command: CreateRole) -> Role:
    """Raises MusterError: ROLE_EXISTS, LIMIT_EXCEEDED."""
    if command.role.name == ADMIN or command.role.name in turn.state.access.roles:
        raise MusterError(Reason.ROLE_EXISTS, f"role {command.role.name!r} exists already")
    check_room(turn)
    return put(turn, replace(command.role, permissions=tuple(dict.fromkeys(command.role.permissions))))


def delete_role(turn: Turn, command: DeleteRole) -> Role:
    """O(users). Raises MusterError: ROLE_NOT_FOUND, ROLE_BUILT_IN."""
    role = found_role(turn, command.name)
    for user in turn.state.access.users.values():
        if role.name in user.roles:
            put(turn, replace(user, roles=tuple(held for held in user.roles if held != role.name)))
    return remove(turn, role)


def add_permission(turn: Turn, command: AddPermission) -> Role:
    """The same again is no change. Raises MusterError: ROLE_NOT_FOUND, ROLE_BUILT_IN, INVALID_FIELD (too many)."""
    role = found_role(turn, command.role)
    if command.permission in role.permissions:
        return role
    return put(turn, replace(role, permissions=(*role.permissions, command.permission)))


def remove_permission(turn: Turn, command: RemovePermission) -> Role:
    """What the role has not is no change. Raises MusterError: ROLE_NOT_FOUND, ROLE_BUILT_IN."""
    role = found_role(turn, command.role)
    if command.permission not in role.permissions:
        return role
    return put(turn, replace(role, permissions=tuple(one for one in role.permissions if one != command.permission)))


def _check_not_last_admin(turn: Turn, user: User) -> None:
    others = (other for other in turn.state.access.users.values() if other.name != user.name)
    if ADMIN in user.roles and not any(ADMIN in other.roles for other in others):
        raise MusterError(Reason.LAST_ADMIN, f"user {user.name!r} is the last administrator")


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
