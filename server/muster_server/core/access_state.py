"""Who there is and what they may do, and the one function that changes it."""

from collections.abc import Iterable, Iterator
from typing import assert_never

from muster_server.core.access_commands import AccessEvent, AccessPut, AccessRecord
from muster_server.core.access_model import (
    ADMIN,
    AccessKey,
    Action,
    ApiToken,
    Permission,
    Principal,
    Resource,
    Role,
    SigningKey,
    User,
)


class AccessState:
    """Owned by the engine; only `apply` changes it. `revision` is that of the last change, 0 before there is one."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.roles: dict[str, Role] = {}
        self.tokens: dict[str, ApiToken] = {}
        self.tokens_by_digest: dict[str, ApiToken] = {}
        self.access_keys: dict[str, AccessKey] = {}
        self.signing_keys: dict[str, SigningKey] = {}
        self.revision = 0

    @property
    def count(self) -> int:
        """How many records there are, but for signing keys."""
        return len(self.users) + len(self.roles) + len(self.tokens) + len(self.access_keys)

    def apply(self, event: AccessEvent) -> None:
        """Make an event true. Events come from `decide` on this very state, so nothing is checked here."""
        if isinstance(event, AccessPut):
            self._put(event.record)
            self.revision = event.record.revision
        else:
            self._remove(event.record)
            self.revision = event.revision

    def is_admin(self, user: str) -> bool:
        """True for a user who may do everything."""
        found = self.users.get(user)
        return found is not None and ADMIN in found.roles

    def may(self, principal: Principal, action: Action, resource: Resource) -> bool:
        """True if somebody may do this. What nothing allows is forbidden. O(their permissions)."""
        if principal.is_unbounded or self.is_admin(principal.name):
            return True
        return any(permission.allows(action, resource) for permission in self._permissions(principal.name))

    def may_see(self, principal: Principal, namespace: str) -> bool:
        """True if somebody may do anything at all in a namespace."""
        if principal.is_unbounded or self.is_admin(principal.name):
            return True
        return any(permission.touches(namespace) for permission in self._permissions(principal.name))

    def may_some(self, principal: Principal, action: Action, kind: str, namespace: str) -> bool:
        """True if somebody may do this with anything of a kind in a namespace; `*` as a namespace stands for all."""
        if principal.is_unbounded or self.is_admin(principal.name):
            return True
        return any(permission.allows_some(action, kind, namespace) for permission in self._permissions(principal.name))

    def may_all(self, principal: Principal, permissions: Iterable[Permission]) -> bool:
        """True if somebody may do all that these permissions allow."""
        return all(self.may(principal, part, one.covered) for one in permissions for part in one.action.parts)

    def is_valid(self, principal: Principal, wall_s: float) -> bool:
        """True as long as what somebody proved themselves by still counts."""
        if principal.is_unbounded:
            return True
        if 0.0 < principal.expire_time <= wall_s:
            return False
        user = self.users.get(principal.name)
        if user is None or user.is_suspended:
            return False
        if principal.token_id:
            return principal.token_id in self.tokens
        return principal.is_certified or user.password_revision == principal.password_revision

    def _permissions(self, user: str) -> Iterator[Permission]:
        found = self.users.get(user)
        for name in found.roles if found is not None else ():
            role = self.roles.get(name)
            if role is not None:
                yield from role.permissions

    def _put(self, record: AccessRecord) -> None:
        match record:
            case User():
                self.users[record.name] = record
            case Role():
                self.roles[record.name] = record
            case ApiToken():
                self.tokens[record.token_id] = self.tokens_by_digest[record.digest] = record
            case AccessKey():
                self.access_keys[record.key_id] = record
            case SigningKey():
                self.signing_keys[record.key_id] = record
            case _:
                assert_never(record)

    def _remove(self, record: AccessRecord) -> None:
        match record:
            case User():
                del self.users[record.name]
            case Role():
                del self.roles[record.name]
            case ApiToken():
                del self.tokens[record.token_id]
                del self.tokens_by_digest[record.digest]
            case AccessKey():
                del self.access_keys[record.key_id]
            case SigningKey():
                del self.signing_keys[record.key_id]
            case _:
                assert_never(record)
