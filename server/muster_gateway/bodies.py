"""Request bodies: read whole before a request takes its turn, and bounded in size, in time and all together."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

from starlette.requests import Request
from starlette.types import Message, Receive, Scope

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
        self._timeout_s = timeout_s
        self._most_bytes = most_bytes

    @asynccontextmanager
    async def read(self, scope: Scope, receive: Receive) -> AsyncIterator[Request]:
        """The request with its body, which counts until the context ends. Raises BodyRefusedError, ClientDisconnect."""
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            part = len(message.get("body", b""))
            size += part
            self.held_bytes += part
            if size > MAX_BODY_BYTES:
                raise BodyRefusedError(413, "Request body is too large")
            if self.held_bytes > self._most_bytes:
                raise BodyRefusedError(503, "Too many request bodies at once")
            return message

        request = Request(scope, counted)
        try:
            try:
                async with asyncio.timeout(self._timeout_s):
                    await request.body()
            except TimeoutError:
                raise BodyRefusedError(408, "Request body did not arrive in time") from None
            yield request
        finally:
            self.held_bytes -= size
