"""The rules of API tokens, access keys and signing keys: how they come and go."""

from dataclasses import replace

from muster_server.core.access_commands import (
    AccessRecord,
    CreateAccessKey,
    CreateToken,
    DeleteAccessKey,
    RevokeToken,
    RotateSigningKey,
)
from muster_server.core.access_model import AccessKey, ApiToken
from muster_server.core.access_records import check_room, found_user, put, remove
from muster_server.core.errors import MusterError, Reason
from muster_server.core.turn import Turn


def create_token(turn: Turn, command: CreateToken) -> ApiToken:
    """Those that have expired go. O(tokens). Raises MusterError: USER_NOT_FOUND, INVALID_FIELD, LIMIT_EXCEEDED."""
    found_user(turn, command.token.user)
    for former in turn.state.access.tokens.values():
        if former.is_expired(turn.wall_s):
            remove(turn, former)
    check_room(turn)
    if command.token.is_expired(turn.wall_s):
        raise MusterError.invalid("expire_time", "must be in the future")
    return put(turn, replace(command.token, create_time=turn.wall_s))


def revoke_token(turn: Turn, command: RevokeToken) -> ApiToken:
    """Raises MusterError: TOKEN_NOT_FOUND."""
    token = turn.state.access.tokens.get(command.token_id)
    if token is None:
        raise MusterError(Reason.TOKEN_NOT_FOUND, f"there is no token {command.token_id!r}")
    return remove(turn, token)


def create_access_key(turn: Turn, command: CreateAccessKey) -> AccessKey:
    """Raises MusterError: USER_NOT_FOUND, LIMIT_EXCEEDED."""
    found_user(turn, command.key.user)
    check_room(turn)
    return put(turn, replace(command.key, create_time=turn.wall_s))


def delete_access_key(turn: Turn, command: DeleteAccessKey) -> AccessKey:
    """Raises MusterError: ACCESS_KEY_NOT_FOUND."""
    key = turn.state.access.access_keys.get(command.key_id)
    if key is None:
        raise MusterError(Reason.ACCESS_KEY_NOT_FOUND, f"there is no access key {command.key_id!r}")
    return remove(turn, key)


def rotate_signing_key(turn: Turn, command: RotateSigningKey) -> AccessRecord:
    """Those to be forgotten may be gone already."""
    for key_id in command.forgotten:
        if (former := turn.state.access.signing_keys.get(key_id)) is not None:
            remove(turn, former)
    return put(turn, replace(command.key, create_time=turn.wall_s))
