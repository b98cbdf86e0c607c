"""The values of access: who there is, and what they may do. Frozen, and checked when they are made.

Every constructor raises MusterError (INVALID_FIELD) for what is out of its bounds.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from muster_server.core.errors import MusterError
from muster_server.core.model import MAX_ATTRIBUTES, MAX_METADATA_BYTES, MAX_NAME_BYTES, check_pairs, checked_text

ADMIN = "admin"
"""The one built-in role: it may do everything."""
ANY = "*"
PERSONAL = frozenset({"user", "role"})
"""Kinds that `*` does not include: who may do everything with services is not meant to change users by that."""
MAX_ROLES = 100
MAX_PERMISSIONS = 1000
MAX_USER_BYTES = 256
MAX_PATTERN_BYTES = 2 * MAX_NAME_BYTES

_KIND = re.compile(r"[a-z][a-z0-9_-]{0,31}|\*")


class Action(IntEnum):
    """What one may do with a resource. Numbers are those of the proto. To write is to create, to update and to delete."""

    READ = 1
    WRITE = 2
    READ_WRITE = 3
    CREATE = 4
    UPDATE = 5
    DELETE = 6

    @property
    def parts(self) -> tuple["Action", ...]:
        """The actions that it is made of, each of which has no parts of its own."""
        return _PARTS.get(self, (self,))

    def includes(self, other: "Action") -> bool:
        """True if who may do this may do the other."""
        return _BITS[other] & _BITS[self] == _BITS[other]


_PARTS = {
    Action.WRITE: (Action.CREATE, Action.UPDATE, Action.DELETE),
    Action.READ_WRITE: (Action.READ, Action.CREATE, Action.UPDATE, Action.DELETE),
}
_BITS = {action: sum(1 << part for part in action.parts) for action in Action}


class Resource(NamedTuple):
    """One thing to be read or written. `kind` is a word such as `service` or `config`.

    A list is asked for by what all its entries have in common: `*` stands for "any", a name that ends in `*` for all that begin so.
    """

    namespace: str
    group: str
    kind: str
    name: str


class _Pattern(NamedTuple):
    namespace: str
    group: str
    kind: str
    name: str

    def matches(self, resource: Resource) -> bool:
        return (
            _matches(self.namespace, resource.namespace)
            and _matches(self.group, resource.group)
            and _is_of(self.kind, resource.kind)
            and _matches(self.name, resource.name)
        )


def _is_of(pattern: str, kind: str) -> bool:
    return pattern == kind or (pattern == ANY and kind not in PERSONAL)


def _matches(pattern: str, value: str) -> bool:
    if pattern in (ANY, value):
        return True
    start, star, end = pattern.partition(ANY)
    return bool(star) and value.startswith(start) and value.endswith(end) and len(value) >= len(start) + len(end)


@lru_cache(maxsize=10_000)
def _parsed(text: str) -> _Pattern:
    checked_text("resource", text, MAX_PATTERN_BYTES, is_required=True)
    parts = text.split(":", 2)
    if len(parts) != 3:
        raise MusterError.invalid("resource", "must be namespace:group:kind/name")
    namespace, group, rest = parts
    kind, _, name = (rest, "/", ANY) if rest == ANY else rest.partition("/")
    if _KIND.fullmatch(kind) is None:
        raise MusterError.invalid("resource", "its kind must be a word such as service or config, or *")
    pattern = _Pattern(namespace.replace("%3A", ":"), group.replace("%3A", ":"), kind, name)
    if not all(pattern):
        raise MusterError.invalid("resource", "must have a namespace, a group, a kind and a name; * stands for any")
    if any(ANY in part[:-1] for part in pattern[:3]):
        raise MusterError.invalid("resource", "* may only end a part; in the name it may stand anywhere")
    if name.count(ANY) > 1:
        raise MusterError.invalid("resource", "its name may hold one * at the most")
    return pattern


@dataclass(frozen=True, slots=True)
class Permission:
    """What a role may do. `resource` is `namespace:group:kind/name`; `*` as its last part is `*/*`, of all kinds but the PERSONAL.

    `*` is a whole part or its end: `prod:*:config/pay-*`. In the name, one may stand anywhere: `*:*:service/*@test`. A list, whose
    name ends in `*`, is matched only by what ends so too. A colon in a namespace or a group is written `%3A`.
    """

    resource: str
    action: Action

    def __post_init__(self) -> None:
        _parsed(self.resource)

    def allows(self, action: Action, resource: Resource) -> bool:
        """True if it includes doing this."""
        return self.action.includes(action) and _parsed(self.resource).matches(resource)

    def allows_some(self, action: Action, kind: str, namespace: str) -> bool:
        """True if it includes doing this with anything of a kind in a namespace; `*` as a namespace stands for all."""
        pattern = _parsed(self.resource)
        is_near = namespace == ANY or _matches(pattern.namespace, namespace)
        return is_near and _is_of(pattern.kind, kind) and self.action.includes(action)

    def touches(self, namespace: str) -> bool:
        """True if it is about anything in a namespace."""
        return _matches(_parsed(self.resource).namespace, namespace)

    @property
    def covered(self) -> Resource:
        """All that it is about: who may do something with that may do it with each of them."""
        return Resource(*_parsed(self.resource))


@dataclass(frozen=True, slots=True)
class User:
    """Somebody. `password_hash` is argon2's text, empty for one who cannot log in.

    `password_revision` is when the password was set: whoever logged in before is to log in again. One who `is_suspended` proves
    nothing by whatever credential. Times are Unix seconds.
    """

    name: str
    password_hash: str = ""
    roles: tuple[str, ...] = ()
    password_revision: int = 0
    revision: int = 0
    is_suspended: bool = False
    create_time: float = 0.0
    update_time: float = 0.0

    def __post_init__(self) -> None:
        checked_text("user", self.name, MAX_USER_BYTES, is_required=True)
        checked_text("password_hash", self.password_hash, 1024)
        if len(self.roles) > MAX_ROLES:
            raise MusterError.invalid("roles", f"must hold at most {MAX_ROLES} entries")
        for role in self.roles:
            check_role(role)


@dataclass(frozen=True, slots=True)
class Role:
    """What its holders may do. `attributes` is what dialects keep about it, by their names. Times are Unix seconds."""

    name: str
    permissions: tuple[Permission, ...] = ()
    revision: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)
    create_time: float = 0.0
    update_time: float = 0.0

    def __post_init__(self) -> None:
        check_role(self.name)
        if len(self.permissions) > MAX_PERMISSIONS:
            raise MusterError.invalid("permissions", f"must hold at most {MAX_PERMISSIONS} entries")
        check_pairs("attributes", self.attributes, MAX_ATTRIBUTES, MAX_METADATA_BYTES)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A secret that acts as its user until it is revoked or expires. `digest` is its SHA-256 in hexadecimal digits.

    Times are Unix seconds; `expire_time` 0 is never.
    """

    token_id: str
    user: str
    digest: str
    description: str = ""
    expire_time: float = 0.0
    create_time: float = 0.0
    revision: int = 0

    def __post_init__(self) -> None:
        checked_text("description", self.description, 256)

    def is_expired(self, wall_s: float) -> bool:
        """True once it is worth nothing any more."""
        return 0.0 < self.expire_time <= wall_s


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key that signs requests as its user. `sealed_secret` is the secret, encrypted: who verifies needs it in clear."""

    key_id: str
    user: str
    sealed_secret: bytes
    create_time: float = 0.0
    revision: int = 0


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What login tokens are signed with, encrypted."""

    key_id: str
    sealed_secret: bytes
    create_time: float = 0.0
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, and by what they proved it. `is_unbounded`: may do everything, whatever is permitted to whom.

    `token_id` is the API token's, `password_revision` that of the login; `is_certified`: a client certificate names the user.
    `expire_time` is when the proof ends, 0 for never.
    """

    name: str
    is_unbounded: bool = False
    token_id: str = ""
    password_revision: int = 0
    is_certified: bool = False
    expire_time: float = 0.0


ANYBODY = Principal("anonymous", is_unbounded=True)
"""Whoever calls a server without authentication."""
NOBODY = Principal("")
"""Who calls what needs no credential. No user can have this name."""


def check_role(name: str) -> str:
    """A role's name. Raises MusterError (INVALID_FIELD)."""
    return checked_text("role", name, MAX_USER_BYTES, is_required=True)
