"""What is said on a Session: what this client wants registered, against what the server has."""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from muster.registry.v1 import registration_service_pb2 as wire
from muster.registry.v1.instance_pb2 import (
    REMOVAL_REASON_REPLACED,
    REMOVAL_REASON_UNSPECIFIED,
    Instance,
    RemovalReason,
    ServiceRef,
)

from muster_client._names import InstanceName
from muster_client.errors import (
    InvalidFieldError,
    MusterError,
    NotFoundError,
    RegistrationLostError,
    UnavailableError,
    from_item_error,
)

log = logging.getLogger("muster_client")

MAX_ITEMS = 1000
MAX_FRAME_BYTES = 1 << 20
Waiters = list["asyncio.Future[int]"]


class Registration:
    """One instance that this client keeps registered. Made by `Client.register`.

    As a context manager it deregisters at the end. `is_lost` turns true, and `wait_lost` returns, when somebody else takes the
    instance id over or removes the instance; the client does not fight for it.
    """

    def __init__(self, name: InstanceName, instance: Instance, session: "SessionConversation") -> None:
        self._name = name
        self._session = session
        self._lost: asyncio.Future[RegistrationLostError] = asyncio.get_running_loop().create_future()
        self.instance = instance
        self.revision = 0

    @property
    def service(self) -> ServiceRef:
        """Of which service."""
        return self._name.service.ref()

    @property
    def instance_id(self) -> str:
        """The id under which it is registered."""
        return self._name.instance_id

    @property
    def is_lost(self) -> bool:
        """True if the instance no longer belongs to this client."""
        return self._lost.done()

    async def wait_lost(self) -> RegistrationLostError:
        """Wait until the registration is lost to others; answers why. Never returns after `deregister`."""
        return await asyncio.shield(self._lost)

    async def update(self, instance: Instance) -> None:
        """Register new content under the same id.

        Raises MusterError, and then the former content stands; RegistrationLostError if it is lost already; ValueError if the
        instance names another id.
        """
        if instance.instance_id not in ("", self.instance_id):
            raise ValueError(f"instance_id {instance.instance_id!r} is not {self.instance_id!r}")
        if self.is_lost:
            raise self._lost.result()
        former, content = self.instance, Instance()
        content.CopyFrom(instance)
        content.instance_id = self.instance_id
        self.instance = content
        try:
            self.revision = await self._session.change(self._name)
        except MusterError:
            self.instance = former
            raise

    async def deregister(self) -> None:
        """Remove the instance at once. Does nothing if it is lost or deregistered already."""
        await self._session.deregister(self._name, self)

    def lose(self, error: RegistrationLostError) -> None:
        """For the session: it belongs to others now."""
        if not self._lost.done():
            self._lost.set_result(error)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        await self.deregister()


@dataclass(frozen=True, slots=True)
class _Sent:
    """One item of a frame that is not answered yet."""

    name: InstanceName
    registration: Registration | None
    waiters: Waiters


class SessionConversation:
    """Owned by the client's loop. `_wanted` is the truth; whatever differs from what the server has is `_dirty`.

    A name is dirty with the futures of those who wait for it; if it is wanted, it is registered, else deregistered. A lost
    stream makes everything dirty again that the resumed session does not name.
    """

    name = "session"
    probe_every_s = 10.0
    silence_s = 25.0

    def __init__(self, client_name: str, client_version: str, grace_s: float) -> None:
        self._hello = wire.SessionRequest.Hello(client_name=client_name, client_version=client_version)
        self._hello.grace.CopyFrom(Duration(seconds=int(grace_s), nanos=int(grace_s % 1 * 1e9)))
        self._epoch = 0
        self._is_granted = False
        self._wanted: dict[InstanceName, Registration] = {}
        self._held: set[InstanceName] = set()
        self._dirty: dict[InstanceName, Waiters] = {}
        self._refused: set[InstanceName] = set()
        self._sent: deque[tuple[int, list[_Sent]]] = deque()
        self._sequence = itertools.count(1)
        self.wake: Callable[[], None] = lambda: None

    # What users ask for.

    async def register(self, name: InstanceName, instance: Instance) -> Registration:
        """Want an instance, and wait until the server has it. Raises MusterError, and then it is not wanted any more."""
        if name in self._wanted:
            raise ValueError(f"{name.instance_id!r} of {name.service.name!r} is registered already; update its registration")
        registration = self._wanted[name] = Registration(name, instance, self)
        try:
            registration.revision = await self.change(name)
        except MusterError:
            self._wanted.pop(name, None)
            raise
        except asyncio.CancelledError:
            if self._wanted.pop(name, None) is not None:
                self._dirty.setdefault(name, [])  # the server may have it already
                self.wake()
            raise
        return registration

    async def change(self, name: InstanceName) -> int:
        """Bring the server up to date with a name; answers the revision. Raises MusterError."""
        registration = self._wanted.get(name)
        if registration is not None and registration.instance.ByteSize() > MAX_FRAME_BYTES:
            raise InvalidFieldError(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "instance: is larger than 1 MiB")
        waiter: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._dirty.setdefault(name, []).append(waiter)
        self.wake()
        return await waiter

    async def deregister(self, name: InstanceName, registration: Registration) -> None:
        """Do not want an instance any more, and wait until the server has let it go.

        A client that is cut off does not wait: the instance goes when it is back, or at the end of the grace.
        """
        if self._wanted.get(name) is not registration:
            return
        del self._wanted[name]
        if self._is_granted:
            await self.change(name)
        else:
            self._dirty.setdefault(name, [])

    def close(self) -> None:
        """No answer will come any more."""
        error = UnavailableError(grpc.StatusCode.CANCELLED, "", "the client was closed")
        for waiters in [*self._dirty.values(), *(item.waiters for _, items in self._sent for item in items)]:
            _fail(waiters, error)
        self._dirty.clear()
        self._sent.clear()

    # What the link asks for.

    def opening(self) -> Sequence[Message]:
        """Hello, with the session to resume if there is one."""
        self._is_granted = False
        return [wire.SessionRequest(hello=self._hello)]

    def due(self) -> Sequence[Message]:
        """Registers and deregisters for what is dirty, at most 1000 items and about 1 MiB to a frame."""
        if not self._is_granted or not self._dirty:
            return ()
        arriving: list[_Sent] = []
        leaving: list[_Sent] = []
        size = 0
        while self._dirty and len(arriving) + len(leaving) < MAX_ITEMS and size < MAX_FRAME_BYTES:
            name = next(iter(self._dirty))
            item = _Sent(name, self._wanted.get(name), self._dirty.pop(name))
            if item.registration is None:
                leaving.append(item)
                continue
            arriving.append(item)
            size += item.registration.instance.ByteSize()
        return [*self._deregister_frame(leaving), *self._register_frame(arriving)]

    def probe(self) -> Sequence[Message]:
        """A renewal, which is answered; and another try for what was refused after a reconnect."""
        for name in self._refused:
            self._dirty.setdefault(name, [])
        self._refused.clear()
        return [wire.SessionRequest(sequence=next(self._sequence), renew=wire.SessionRequest.Renew())]

    def farewell(self) -> Sequence[Message]:
        """Goodbye: all instances go at once."""
        return [wire.SessionRequest(goodbye=wire.SessionRequest.Goodbye())]

    def lost(self, error: MusterError) -> bool:
        """Take back what was not answered; forget a session that the server does not know."""
        self._is_granted = False
        for _, items in self._sent:
            for item in items:
                self._dirty.setdefault(item.name, []).extend(item.waiters)
        self._sent.clear()
        for name, waiters in self._dirty.items():
            if name not in self._wanted:
                _settle(waiters, None, 0)
                waiters.clear()
        is_unknown = error.reason == "SESSION_NOT_FOUND"
        if is_unknown or error.reason in ("SESSION_TAKEN_OVER", "SESSION_EXPIRED"):
            self._hello.session_id = ""
        if error.reason == "SESSION_TAKEN_OVER":
            self._lose_all("another connection took the session over")
        if not isinstance(error, UnavailableError) and not is_unknown:
            log.warning("session refused: %s", error)
            for waiters in self._dirty.values():
                _fail(waiters, error)
                waiters.clear()
        return is_unknown

    def take(self, frame: Any) -> None:
        """A frame came."""
        match frame.WhichOneof("frame"):
            case "granted":
                self._take_granted(frame.granted)
            case "results":
                self._take_results(frame.sequence, frame.results.results)
            case "revoked":
                self._take_revoked(InstanceName.of(frame.revoked.ref), frame.revoked.reason)
            case _:
                return

    def _take_granted(self, granted: wire.SessionResponse.Granted) -> None:
        held = {InstanceName.of(ref) for ref in granted.instances}
        if granted.resumed and granted.epoch == self._epoch:
            for name in self._held - held:  # the same life of the server: it did not forget, somebody took it
                if name in self._wanted and name not in self._dirty:
                    self._lose(name, REMOVAL_REASON_UNSPECIFIED, "it was lost while the client was cut off")
        self._hello.session_id = granted.session_id
        self._epoch = granted.epoch
        self._is_granted = True
        self._held = held
        for name in [*held - self._wanted.keys(), *self._wanted.keys() - held]:
            self._dirty.setdefault(name, [])

    def _take_results(self, sequence: int, results: Sequence[wire.ItemResult]) -> None:
        while self._sent and self._sent[0][0] <= sequence:
            _, items = self._sent.popleft()
            for item, result in zip(items, results, strict=False):
                self._take_result(item, result)

    def _take_result(self, item: _Sent, result: wire.ItemResult) -> None:
        error = from_item_error(result.error) if result.HasField("error") else None
        if item.registration is None:
            self._held.discard(item.name)
            is_gone = error is None or isinstance(error, NotFoundError) or error.reason == "INSTANCE_NOT_OWNED"
            _settle(item.waiters, None if is_gone else error, result.revision)
            return
        if error is None:
            self._held.add(item.name)
            item.registration.revision = result.revision
        elif not item.waiters:
            log.warning("registration of %s refused after a reconnect, will try again: %s", item.name.instance_id, error)
            self._refused.add(item.name)
        _settle(item.waiters, error, result.revision)

    def _take_revoked(self, name: InstanceName, reason: RemovalReason) -> None:
        is_under_way = name in self._dirty or any(item.name == name for _, items in self._sent for item in items)
        if name in self._wanted and not is_under_way:  # what is under way comes after the loss and takes it back
            taker = "another registration took its place" if reason == REMOVAL_REASON_REPLACED else "it was removed by others"
            self._lose(name, reason, taker)

    def _lose(self, name: InstanceName, reason: RemovalReason, message: str) -> None:
        self._held.discard(name)
        registration = self._wanted.pop(name)
        registration.lose(RegistrationLostError(reason, f"{name.instance_id} of {name.service.name}: {message}"))

    def _lose_all(self, message: str) -> None:
        for name in list(self._wanted):
            self._lose(name, REMOVAL_REASON_REPLACED, message)

    def _deregister_frame(self, items: list[_Sent]) -> Iterator[Message]:
        if items:
            refs = [item.name.ref() for item in items]
            yield wire.SessionRequest(sequence=self._note(items), deregister=wire.SessionRequest.Deregister(refs=refs))

    def _register_frame(self, items: list[_Sent]) -> Iterator[Message]:
        if items:
            requests = [
                wire.RegisterRequest(service=item.name.service.ref(), instance=item.registration.instance)
                for item in items
                if item.registration is not None
            ]
            register = wire.SessionRequest.Register(registrations=requests)
            yield wire.SessionRequest(sequence=self._note(items), register=register)

    def _note(self, items: list[_Sent]) -> int:
        sequence = next(self._sequence)
        self._sent.append((sequence, items))
        return sequence


def _settle(waiters: Waiters, error: MusterError | None, revision: int) -> None:
    if error is not None:
        _fail(waiters, error)
        return
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(revision)


def _fail(waiters: Waiters, error: MusterError) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_exception(error)
