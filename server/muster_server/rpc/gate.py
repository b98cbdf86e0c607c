"""The gate: who may call what. The adapter asks it before a servicer is called, and servicers ask it for items of a batch."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NoReturn, Protocol

from google.protobuf.message import Message

from muster_server.access.audit import audit
from muster_server.access.authenticator import Authenticator, refused
from muster_server.core.access_commands import AccessEvent
from muster_server.core.access_model import ANY, NOBODY, Action, ApiToken, Principal, Resource, Role, User
from muster_server.core.errors import MusterError, Reason
from muster_server.engine.engine import Engine
from muster_server.rpc.access_table import RULES, Need, Rule

_UNLISTED = Rule(Need.ADMIN)
_EVERYTHING = Resource(ANY, ANY, ANY, ANY)
_SUBJECT_FIELDS = ("user", "role", "id", "namespace", "name", "permission", "into_namespace")
MAX_SUBJECT = 256
ACCESS = "/muster.admin.v1.AccessService/"
"""What the paths of its methods begin with."""


class Caller(Protocol):
    """What the gate looks at of a call."""

    @property
    def principal(self) -> Principal:
        """Who they proved to be."""
        ...

    @property
    def address(self) -> str:
        """From where."""
        ...


class OpenStream(Protocol):
    """What the gate looks at of an open stream: who has it, and which rights it needs for what it holds."""

    @property
    def call(self) -> Caller:
        """Who opened it."""
        ...

    @property
    def held(self) -> Callable[[], Iterable[tuple[Action, Resource]]]:
        """Tells what it needs now."""
        ...

    def end(self, error: MusterError) -> None:
        """Make its handler fail."""
        ...


class Gate:
    """Decides by the table `access_table.RULES`. A method without a row is for administrators.

    It ends the open `streams`, which are those of the adapter, when they are not allowed any more.
    """

    def __init__(self, engine: Engine, authenticator: Authenticator) -> None:
        self._engine = engine
        self._authenticator = authenticator
        self.streams: Iterable[OpenStream] = ()
        self._next_expiry_s = 0.0
        engine.audience.on_access_change = self._access_changed
        engine.on_tick = self._end_expired

    async def principal(self, path: str, authorization: str, address: str, certificate: str) -> Principal:
        """Who calls this method. Raises MusterError (UNAUTHENTICATED, LOGIN_THROTTLED)."""
        if _rule(path).need is Need.NOTHING:
            return NOBODY
        try:
            return await self._authenticator.principal(authorization, address, certificate)
        except MusterError as error:
            audit.warning("denied", method=path, address=address, reason=error.reason.value, why=error.message)
            raise

    def admit(self, path: str, caller: Caller, request: Message | None) -> None:
        """Let a call pass. `request` is None for a stream, whose frames are asked for one by one with `require`.

        Raises MusterError (PERMISSION_DENIED).
        """
        rule = _rule(path)
        if rule.need is Need.ADMIN:
            self._admit_admin(path, caller, request)
        elif request is not None:
            for action, resource in self.needed(path, request):
                self.require(caller, action, resource)
            if rule.is_audited:
                audit_write(path, caller, request)

    def needed(self, path: str, request: Message) -> Iterable[tuple[Action, Resource]]:
        """The rights that a request needs, for as long as its answer lasts. What is for administrators needs all."""
        rule = _rule(path)
        if rule.need is Need.ADMIN:
            return ((Action.READ_WRITE, _EVERYTHING),)
        return [(rule.action, resource) for resource in rule.resources(request)] if rule.need is Need.RIGHT else ()

    def may(self, caller: Caller, action: Action, resource: Resource) -> bool:
        """True if the caller may do this."""
        return self._engine.state.access.may(caller.principal, action, resource)

    def require(self, caller: Caller, action: Action, resource: Resource) -> None:
        """Raises MusterError (PERMISSION_DENIED) if the caller may not do this."""
        if self.may(caller, action, resource):
            return
        what = f"{resource.namespace}:{resource.group}:{resource.kind}/{resource.name}"
        is_near = self.may_some(caller, action, resource.kind, resource.namespace)
        facts = {"action": action.name.lower(), **resource._asdict(), "scope": "resource" if is_near else "kind"}
        denied(caller, f"{action.name.lower()} {what}", {name: value[:MAX_SUBJECT] for name, value in facts.items()})

    def may_some(self, caller: Caller, action: Action, kind: str, namespace: str) -> bool:
        """True if the caller may do this with anything of a kind in a namespace."""
        return self._engine.state.access.may_some(caller.principal, action, kind, namespace)

    def _access_changed(self, event: AccessEvent) -> None:
        """O(streams), and O(what they hold) of those whom it concerns."""
        for stream in list(self.streams):
            if self._concerns(event, stream.call.principal):
                self._review(stream)

    def _end_expired(self) -> None:
        """Once a second. O(streams)."""
        wall_s = self._engine.wall_s()
        if wall_s < self._next_expiry_s:
            return
        self._next_expiry_s = wall_s + 1.0
        for stream in list(self.streams):
            if 0.0 < stream.call.principal.expire_time <= wall_s:
                self._review(stream)

    def _review(self, stream: OpenStream) -> None:
        """End a stream whose proof is void, or that holds what is not allowed any more."""
        access, caller = self._engine.state.access, stream.call
        if not access.is_valid(caller.principal, self._engine.wall_s()):
            error = refused("the credential was revoked or has expired")
        elif not all(access.may(caller.principal, action, resource) for action, resource in stream.held()):
            error = MusterError(Reason.PERMISSION_DENIED, "a permission that the stream needs was taken")
        else:
            return
        audit.warning("stream ended", user=caller.principal.name, address=caller.address, reason=error.reason.value)
        stream.end(error)

    def _concerns(self, event: AccessEvent, principal: Principal) -> bool:
        match event.record:
            case User(name=name) | ApiToken(user=name):
                return principal.name == name
            case Role(name=role):
                user = self._engine.state.access.users.get(principal.name)
                return user is not None and role in user.roles
            case _:
                return False

    def _admit_admin(self, path: str, caller: Caller, request: Message | None) -> None:
        if not is_admin(self._engine, caller):
            denied(caller, path)
        audit_write(path, caller, request)


def is_admin(engine: Engine, caller: Caller) -> bool:
    """True for somebody who may do everything."""
    return caller.principal.is_unbounded or engine.state.access.is_admin(caller.principal.name)


def own_or_admin(engine: Engine, caller: Caller, user: str) -> None:
    """Raises MusterError (PERMISSION_DENIED) if somebody other than an administrator asks for what is another user's."""
    if user != caller.principal.name and not is_admin(engine, caller):
        denied(caller, f"something for user {user}")


def audit_write(path: str, caller: Caller, request: Message | None) -> None:
    """Write down that somebody administers: who, from where, what; never a secret."""
    audit.info("administered", user=caller.principal.name, address=caller.address, method=path, subject=_subject(request))


def denied(caller: Caller, what: str, details: Mapping[str, str] = MappingProxyType({})) -> NoReturn:
    """Write a denial down, and raise it: MusterError (PERMISSION_DENIED)."""
    name = caller.principal.name
    audit.warning("denied", user=name, address=caller.address, reason=Reason.PERMISSION_DENIED.value, what=what[:MAX_SUBJECT])
    raise MusterError(Reason.PERMISSION_DENIED, f"user {name!r} may not do this: {what}", details)


def _subject(request: Any) -> str:
    """The fields of a request that name what it is about."""
    if request is None:
        return ""
    parts = []
    for name in _SUBJECT_FIELDS:
        value = getattr(request, name, "")
        if isinstance(value, Message):
            value = getattr(value, "name", "") or getattr(value, "resource", "")
        if value:
            parts.append(f"{name}={value}")
    return " ".join(parts)[:MAX_SUBJECT]


def _rule(path: str) -> Rule:
    return RULES.get(path, _UNLISTED)
