"""Request bodies: read whole before a request takes its turn, and bounded in size, in time and all together."""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope

from muster_gateway.unhurried import within

MAX_BODY_BYTES = 8 << 20
MAX_BODIES_BYTES = 128 << 20
BODY_TIMEOUT_S = 30.0


class BodyRefusedError(Exception):
    """The body was not taken. `status` is 413 (above 8 MiB), 408 (not whole after 30 s) or 503 (too many at once).

    Or its sender was not: 401 (no credential that counts), 429 (too many failed logins). `details` are the registry's facts.
    """

    def __init__(self, status: int, message: str, details: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__(message)
        self.status = status
        self.details = details


class Bodies:
    """Owned by the gateway. All bodies that are held at one time take at most 128 MiB; what exceeds that is refused, not queued."""

    def __init__(self, timeout_s: float = BODY_TIMEOUT_S, most_bytes: int = MAX_BODIES_BYTES) -> None:
        self.held_bytes = 0
        self.timeout_s = timeout_s
        self.most_bytes = most_bytes

    def read(self, scope: Scope, receive: Receive) -> "_Reading":
        """A context in which the body is there, and counts. Raises BodyRefusedError, ClientDisconnect."""
        return _Reading(self, scope, receive)


class _Reading:
    """One body, read whole before a request is served; `request` hands it on.

    Most requests have none, and most of their handlers do not ask: what starlette does to read a body is left to those who do.
    """

    __slots__ = ("_bodies", "_is_told", "_parts", "_receive", "_size", "request")

    def __init__(self, bodies: Bodies, scope: Scope, receive: Receive) -> None:
        self._bodies, self._receive = bodies, receive
        self._parts: list[bytes] = []
        self._size = 0
        self._is_told = False
        self.request = Request(scope, self._told)

    async def __aenter__(self) -> None:
        try:
            await within(self._bodies.timeout_s, self._read())
        except BaseException as error:
            self._let_go()
            if isinstance(error, TimeoutError):
                raise BodyRefusedError(408, "Request body did not arrive in time") from None
            raise

    async def __aexit__(self, *_: object) -> None:
        self._let_go()

    def _let_go(self) -> None:
        self._bodies.held_bytes -= self._size

    async def _read(self) -> None:
        has_more = True
        while has_more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            has_more = message.get("more_body", False)
            if part := message.get("body"):
                self._parts.append(part)
                self._count(len(part))

    def _count(self, size: int) -> None:
        self._size += size
        self._bodies.held_bytes += size
        if self._size > MAX_BODY_BYTES:
            raise BodyRefusedError(413, "Request body is too large")
        if self._bodies.held_bytes > self._bodies.most_bytes:
            raise BodyRefusedError(503, "Too many request bodies at once")

    async def _told(self) -> Message:
        """What starlette reads: the whole body as one message, then whatever comes after it."""
        if self._is_told:
            return await self._receive()
        self._is_told = True
        body, self._parts = b"".join(self._parts), []
        return {"type": "http.request", "body": body, "more_body": False}
