"""RegistrationService.Session: instances that live as long as their client's stream."""

import asyncio
import itertools
import secrets
from collections import deque
from collections.abc import Iterable
from typing import Any, cast

from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as wire

from muster_server.core.access_model import Action, Resource
from muster_server.core.commands import (
    Deregister,
    EndSession,
    InstanceRef,
    LoseSession,
    OpenSession,
    Put,
    Removed,
    RenewSession,
    SessionChanged,
)
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import RemovalReason, checked_text
from muster_server.core.naming import session_not_found
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.access_table import CREATE, service_resource
from muster_server.rpc.calls import Call, Stream
from muster_server.rpc.decoding import check_batch, decode_ref, seconds
from muster_server.rpc.encoding import duration, ref_message, service_message
from muster_server.rpc.registration import register_items, session_name
from muster_server.rpc.status_codes import item_error

DEFAULT_GRACE_S = 5.0
MAX_OUTBOX = 10_000
MAX_OUTBOX_BYTES = 1 << 20


class SessionServicer:
    """Owns the open session streams. The engine tells it what a session loses to others."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._links: dict[str, Link] = {}
        self._connections = itertools.count(1)
        engine.audience.on_session_change = self._on_change

    @property
    def open_count(self) -> int:
        """How many session streams are open."""
        return len(self._links)

    @property
    def links(self) -> Iterable["Link"]:
        """The open session streams."""
        return self._links.values()

    async def session(self, stream: Stream) -> None:
        """Serve one stream, from hello to goodbye or loss."""
        link = Link(stream, next(self._connections), self._engine.wall_s())
        stream.held = lambda: self._held(link)
        try:
            link.post(wire.SessionResponse(granted=await self._hello(link, await stream.read())))
            async with asyncio.TaskGroup() as group:
                group.create_task(link.write(), name="session writer")
                refusal = await self._serve(link)
                link.finish()
            if refusal is not None:
                raise refusal
        finally:
            if self._links.get(link.session) is link:
                del self._links[link.session]
            if link.session:
                await _certainly(self._engine, LoseSession(link.session, link.connection))

    async def _serve(self, link: "Link") -> MusterError | None:
        """Take frames to the end. Answers a refusal instead of raising it, which would cut the writer off within a write."""
        try:
            while (frame := await link.stream.read()) is not None:
                if await self._take(link, frame):
                    break
                await link.room()
        except MusterError as error:
            return error
        return None

    def _may_resume(self, call: Call, name: str) -> bool:
        """True if the caller may do all that the session does."""
        keys = self._engine.state.session_instances.get(name, {})
        return call.gate is None or all(call.gate.may(call, CREATE, service_resource(key.service)) for key in keys)

    def _held(self, link: "Link") -> Iterable[tuple[Action, Resource]]:
        keys = self._engine.state.session_instances.get(link.session, {})
        return ((CREATE, service_resource(key.service)) for key in keys)

    def drain(self, delay_s: float) -> None:
        """Ask every client to connect anew."""
        for link in list(self._links.values()):
            link.post(wire.SessionResponse(reconnect_after=instance_pb2.ReconnectAfter(delay=duration(delay_s))))

    async def _hello(self, link: "Link", frame: wire.SessionRequest | None) -> wire.SessionResponse.Granted:
        if frame is None or frame.WhichOneof("frame") != "hello":
            raise MusterError(Reason.PROTOCOL_VIOLATION, "the first frame must be hello")
        hello = frame.hello
        checked_text("hello.client_version", hello.client_version, 64)
        session_id = hello.session_id or secrets.token_urlsafe(24)
        name = session_name(session_id)
        ttl_s = _bounded("hello.ttl", seconds("hello.ttl", hello.ttl), 1.0) if hello.HasField("ttl") else None
        grace_s = _bounded("hello.grace", seconds("hello.grace", hello.grace), 0.0) if hello.HasField("grace") else DEFAULT_GRACE_S
        client = checked_text("hello.client_name", hello.client_name, 256)
        if hello.session_id and not self._may_resume(link.stream.call, name):
            raise session_not_found()  # it says hello anew, and what it may still register it takes over at once
        link.client_name = client
        link.session = name  # first: cut off while it waits, the session may be open all the same, and is then lost
        await perform(self._engine, OpenSession(name, link.connection, client, ttl_s, grace_s, bool(hello.session_id)))
        former = self._links.get(name)
        self._links[name] = link
        if former is not None:
            former.stream.end(MusterError(Reason.SESSION_TAKEN_OVER, "another connection took the session over"))
        keys = self._engine.state.session_instances.get(name, {})
        granted = wire.SessionResponse.Granted(
            session_id=session_id,
            epoch=self._engine.epoch,
            revision=self._engine.revision,
            grace=duration(grace_s),
            resumed=bool(hello.session_id),
            instances=[ref_message(InstanceRef(key.service, key.instance_id)) for key in keys],
        )
        if ttl_s is not None:
            granted.ttl.CopyFrom(duration(ttl_s))
        return granted

    async def _take(self, link: "Link", frame: wire.SessionRequest) -> bool:
        await perform(self._engine, RenewSession(link.session))
        match frame.WhichOneof("frame"):
            case "renew":
                link.renewed(frame.sequence)
            case "register":
                check_batch("registrations", len(frame.register.registrations))
                results = await register_items(self._engine, link.stream.call, frame.register.registrations, link.session)
                self._answer(link, frame.sequence, results)
            case "deregister":
                check_batch("refs", len(frame.deregister.refs))
                results = [await self._deregister(link, ref) for ref in frame.deregister.refs]
                self._answer(link, frame.sequence, results)
            case "goodbye":
                name, link.session = link.session, ""
                self._links.pop(name, None)
                await _certainly(self._engine, EndSession(name))
                return True
            case "hello":
                raise MusterError(Reason.PROTOCOL_VIOLATION, "hello comes once, and first")
            case _:
                raise MusterError(Reason.PROTOCOL_VIOLATION, "a frame of no known kind")
        return False

    def _answer(self, link: "Link", sequence: int, results: list[wire.ItemResult]) -> None:
        answer = wire.SessionResponse.Results(results=results, revision=self._engine.revision)
        link.post(wire.SessionResponse(sequence=sequence, results=answer))

    async def _deregister(self, link: "Link", message: instance_pb2.InstanceRef) -> wire.ItemResult:
        try:
            removed: Removed = await perform(self._engine, Deregister(decode_ref(message), link.session))
        except MusterError as error:
            return wire.ItemResult(instance_id=message.instance_id, error=item_error(error))
        return wire.ItemResult(instance_id=removed.previous.instance_id, revision=removed.revision)

    def _on_change(self, event: Put | Removed | SessionChanged) -> None:
        if isinstance(event, SessionChanged):
            self._on_session(event)
            return
        previous = event.previous
        link = self._links.get(previous.session) if previous is not None and previous.session is not None else None
        if previous is None or link is None:
            return
        if isinstance(event, Put):
            if event.instance.session == previous.session:
                return
            reason, revision = RemovalReason.REPLACED, event.instance.revision
        else:
            if event.by_session == previous.session:
                return  # it asked for this itself
            reason, revision = event.reason, event.revision
        ref = instance_pb2.InstanceRef(service=service_message(event.service), instance_id=previous.instance_id)
        number = cast("Any", reason)
        link.post(wire.SessionResponse(revoked=wire.SessionResponse.Revoked(ref=ref, reason=number, revision=revision)))

    def _on_session(self, event: SessionChanged) -> None:
        """A session that fell silent is lost while its stream is still open: the stream ends too."""
        link = self._links.get(event.session.session)
        if link is not None and event.session.connection is None:
            link.stream.end(MusterError(Reason.SESSION_EXPIRED, "nothing came on the session for its ttl"))


class Link:
    """One open stream: its outbox, written in order by one writer task.

    While answers of more than 1 MiB are unread, nothing more is read. More than 10,000 unread frames, which are then losses to
    others, end the stream.

    `since_s` is Unix seconds. `session` and `client_name` are empty until hello.
    """

    def __init__(self, stream: Stream, connection: int, since_s: float) -> None:
        self.stream = stream
        self.connection = connection
        self.since_s = since_s
        self.client_name = ""
        self.session = ""
        self._is_finished = False
        self._outbox: deque[bytes] = deque()
        self._outbox_bytes = 0
        self._written: asyncio.Event | None = None  # while `room` waits
        self._renewed: int | None = None
        self._wake = asyncio.Event()

    @property
    def pending_count(self) -> int:
        """How many frames wait to be written."""
        return len(self._outbox)

    def post(self, frame: wire.SessionResponse) -> None:
        """Queue a frame."""
        if len(self._outbox) >= MAX_OUTBOX:
            self.stream.end(MusterError(Reason.SLOW_CONSUMER, "too many answers were not read"))
            return
        self._outbox.append(frame.SerializeToString())
        self._outbox_bytes += len(self._outbox[-1])
        self._wake.set()

    async def room(self) -> None:
        """Wait until the client has read enough of its answers."""
        while self._outbox_bytes > MAX_OUTBOX_BYTES:
            self._written = asyncio.Event()
            await self._written.wait()

    def renewed(self, sequence: int) -> None:
        """Acknowledge renewals up to a sequence; several are answered together."""
        self._renewed = sequence
        self._wake.set()

    def finish(self) -> None:
        """Let the writer return when everything is written."""
        self._is_finished = True
        self._wake.set()

    async def write(self) -> None:
        """Write what is queued until `finish`. A renewal that comes while a write is under way is answered with the next one."""
        while True:
            while self._outbox or self._renewed is not None:
                if self._outbox:
                    await self.stream.write(self._outbox[0])
                    self._outbox_bytes -= len(self._outbox.popleft())
                    if self._written is not None:
                        self._written.set()
                else:
                    sequence, self._renewed = self._renewed or 0, None
                    await self.stream.write(wire.SessionResponse(sequence=sequence, renewed=wire.SessionResponse.Renewed()))
            if self._is_finished:
                return
            self._wake.clear()
            await self._wake.wait()


async def _certainly(engine: Engine, command: LoseSession | EndSession) -> None:
    """Do a command even if the caller is cut off while it waits for its turn: nobody else would do it."""
    answer = engine.execute(command)
    if isinstance(answer, asyncio.Future):
        await asyncio.shield(answer)


def _bounded(field: str, value_s: float, least_s: float) -> float:
    if not least_s <= value_s <= 3600.0:
        raise MusterError.invalid(field, f"must be between {least_s:.0f} s and 1 h")
    return value_s
