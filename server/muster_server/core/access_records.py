"""What the rules of access share: the records that a command is about, and the two things that can happen to one."""

from dataclasses import replace
from typing import TypeVar

from muster_server.core.access_commands import AccessPut, AccessRecord, AccessRemoved
from muster_server.core.access_model import ADMIN, Role, User
from muster_server.core.errors import MusterError, Reason
from muster_server.core.naming import limit_exceeded
from muster_server.core.turn import Turn

R = TypeVar("R", bound=AccessRecord)


def found_user(turn: Turn, name: str) -> User:
    """A user. Raises MusterError: USER_NOT_FOUND."""
    user = turn.state.access.users.get(name)
    if user is None:
        raise user_not_found(name)
    return user


def found_role(turn: Turn, name: str) -> Role:
    """A role that can be changed. Raises MusterError: ROLE_NOT_FOUND, ROLE_BUILT_IN."""
    if name == ADMIN:
        raise role_built_in()
    role = turn.state.access.roles.get(name)
    if role is None:
        raise role_not_found(name)
    return role


def user_not_found(name: str) -> MusterError:
    """The refusal of a user who is not there."""
    return MusterError(Reason.USER_NOT_FOUND, f"there is no user {name!r}")


def role_built_in() -> MusterError:
    """The refusal to touch the role `admin`."""
    return MusterError(Reason.ROLE_BUILT_IN, f"role {ADMIN!r} may do everything and cannot be changed")


def role_not_found(name: str) -> MusterError:
    """The refusal of a role that is not there."""
    return MusterError(Reason.ROLE_NOT_FOUND, f"there is no role {name!r}")


def check_role_exists(turn: Turn, name: str) -> None:
    """Raises MusterError: ROLE_NOT_FOUND."""
    if name != ADMIN and name not in turn.state.access.roles:
        raise role_not_found(name)


def check_room(turn: Turn) -> None:
    """Raises MusterError (LIMIT_EXCEEDED) if there is no room for one more record."""
    if turn.state.access.count >= turn.limits.max_access_records:
        raise limit_exceeded("users, roles, tokens and access keys", turn.limits.max_access_records)


def put(turn: Turn, record: R) -> R:
    """Decide that a record stands as it is given. Answers it stamped."""
    stamped: R = replace(record, revision=turn.next_revision())
    turn.events.append(AccessPut(stamped))
    return stamped


def remove(turn: Turn, record: R) -> R:
    """Decide that a record goes. Answers it."""
    turn.events.append(AccessRemoved(record, turn.next_revision()))
    return record
