"""What a servicer sees of a call, and what it may be: nothing here knows grpc.aio."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any, Protocol

from google.protobuf.message import Message
from msgspec import Struct

from muster_server.core.access_model import ANYBODY, Action, Principal, Resource
from muster_server.core.errors import MusterError
from muster_server.rpc.addresses import address_of
from muster_server.rpc.gate import Gate

CLIENT_NAME_KEY = "muster-client"


class Call(Struct, frozen=True):
    """Who calls. `metadata` holds text values only; `principal` is who they proved to be; a later call has a higher `number`.

    `gate` is None on a server without authentication, where everybody may do everything. `certificate` is the name in a verified
    client certificate, empty without one.
    """

    peer: str
    metadata: Mapping[str, str]
    principal: Principal = ANYBODY
    number: int = 0
    gate: Gate | None = None
    certificate: str = ""

    @property
    def address(self) -> str:
        """The caller's network address without a port; the gateway in this process says for whom it asks."""
        return address_of(self.peer, self.metadata)

    @property
    def client_name(self) -> str:
        """What the client calls itself, for people; at most 256 characters."""
        return (self.metadata.get(CLIENT_NAME_KEY) or self.metadata.get("user-agent", ""))[:256]

    @property
    def user(self) -> str:
        """Who the caller proved to be; empty where nobody has to prove it."""
        return self.principal.name if self.gate is not None else ""

    def require(self, action: Action, resource: Resource) -> None:
        """Raises MusterError (PERMISSION_DENIED) unless the caller may do this."""
        if self.gate is not None:
            self.gate.require(self, action, resource)

    def may(self, action: Action, resource: Resource) -> bool:
        """True if the caller may do this."""
        return self.gate is None or self.gate.may(self, action, resource)

    def may_some(self, action: Action, kind: str, namespace: str) -> bool:
        """True if the caller may do this with anything of a kind in a namespace."""
        return self.gate is None or self.gate.may_some(self, action, kind, namespace)


class Stream(Protocol):
    """A stream as a servicer sees it, whichever of its sides has many messages.

    The servicer sets `held` to what tells which rights the stream needs for what it holds.
    """

    call: Call
    held: Callable[[], Iterable[tuple[Action, Resource]]]

    async def read(self) -> Any:
        """The next frame; None after half-close. Raises ConnectionError when the stream is gone."""
        ...

    async def write(self, frame: Message | bytes) -> None:
        """Send a frame. One write at a time. Raises ConnectionError when the stream is gone."""
        ...

    def end(self, error: MusterError) -> None:
        """Make the handler fail with this error, from outside of it."""
        ...


class Pipe(Protocol):
    """A stream within this process, as its other end hands it over. Both raise ConnectionError when it has ended."""

    async def receive(self) -> Any:
        """The next message; None after half-close."""
        ...

    async def send(self, frame: Message | bytes) -> None:
        """Send a message."""
        ...


class CallObserver(Protocol):
    """Hears of every call, for metrics."""

    def started(self, method: str) -> None:
        """A call began."""
        ...

    def finished(self, method: str, code: str, seconds: float) -> None:
        """A call ended with a status code's name."""
        ...


Unary = Callable[[Any, Call], Coroutine[Any, Any, Message | bytes]]
ServerStreaming = Callable[[Any, Stream], Awaitable[None]]
ClientStreaming = Callable[[Stream], Awaitable[Message | bytes]]
Bidirectional = Callable[[Stream], Awaitable[None]]
Method = Unary | ServerStreaming | ClientStreaming | Bidirectional
