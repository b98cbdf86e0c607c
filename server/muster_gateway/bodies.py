"""Request bodies: read whole before a request takes its turn, and bounded in size, in time and all together."""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope

from muster_gateway.headers import ScannedHeaders
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

    def read(self, scope: Scope, receive: Receive) -> "WholeRequest":
        """A request, and a context in which its body is there and counts. Raises BodyRefusedError, ClientDisconnect."""
        return WholeRequest(self, scope, receive)


class WholeRequest(Request):
    """A request whose body is read before it is served: within its own context, which whoever serves it enters."""

    def __init__(self, bodies: Bodies, scope: Scope, receive: Receive) -> None:
        super().__init__(scope, receive)
        self._headers = ScannedHeaders(scope=scope)
        self._bodies = bodies
        self._size = 0

    @property
    def headers(self) -> Headers:
        """Those of the request."""
        return self._headers

    async def __aenter__(self) -> None:
        try:
            self._body = await within(self._bodies.timeout_s, self._whole())
        except BaseException as error:
            self._let_go()
            if isinstance(error, TimeoutError):
                raise BodyRefusedError(408, "Request body did not arrive in time") from None
            raise

    async def __aexit__(self, *_: object) -> None:
        self._let_go()

    async def body(self) -> bytes:
        """All of it. Starlette's other ways to it lead here too."""
        return self._body

    async def _whole(self) -> bytes:
        parts: list[bytes] = []
        has_more = True
        while has_more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            has_more = message.get("more_body", False)
            if part := message.get("body"):
                parts.append(part)
                self._count(len(part))
        return b"".join(parts)

    def _count(self, size: int) -> None:
        self._size += size
        self._bodies.held_bytes += size
        if self._size > MAX_BODY_BYTES:
            raise BodyRefusedError(413, "Request body is too large")
        if self._bodies.held_bytes > self._bodies.most_bytes:
            raise BodyRefusedError(503, "Too many request bodies at once")

    def _let_go(self) -> None:
        self._bodies.held_bytes -= self._size
