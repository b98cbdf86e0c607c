"""The ephemeral instances of one Nacos connection: one native session."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from functools import lru_cache
from typing import Any

import grpc.aio
import structlog
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as native

from muster_gateway.nacos.grpc import wire
from muster_gateway.nacos.grpc.wire import RefusedCallError
from muster_gateway.registry import CALL_TIMEOUT_S, reason_of

log = structlog.get_logger(__name__)

MAX_KNOWN = 10_000
RESTART_GRACE_S = 35  # some SDKs register again only 30 s after their server came back
LOSS_GRACE_S = 5
Key = tuple[str, str, str]


class Session:
    """Owned by its task, which is `run` and holds the native stream; what others publish lives by it.

    While the client is connected, the native session has a grace that outlasts a restart of the server. When the client is lost, it
    is cut to the usual 5 s first, so that the instances of a dead client are gone soon.
    """

    def __init__(
        self, stub: Any, client_name: str, end: Callable[[str], None], spawn: Callable[[Coroutine[Any, Any, None]], object]
    ) -> None:
        self._stub, self._client_name, self._end, self._spawn = stub, client_name, end, spawn
        self._services: set[Key] = set()
        self._opened: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[Any] | None = None
        self._context = copy_context()
        self._is_over = False

    def offers(self, service: Key) -> bool:
        """True if the connection has published instances of a service, and not withdrawn them."""
        return service in self._services

    async def publish(self, service: Key, request: native.ReplaceInstancesRequest) -> None:
        """Replace what this connection offers for a service: `request` says by what, and is given the session.

        Raises RefusedCallError, AioRpcError; then all is as before.
        """
        is_open = self._opened.done() and not self._is_over
        request.session_id = self._opened.result() if is_open else await self._session_id()
        try:
            await self._stub.ReplaceInstances(request, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) == "SESSION_NOT_FOUND":
                raise RefusedCallError(wire.FAILED, "the connection is gone") from error
            raise
        if request.instances:
            self._services.add(service)
        else:
            self._services.discard(service)

    def lost(self) -> None:
        """The client is gone: its instances are SUSPECT for 5 s and then removed. Too late after `abandoned`."""
        if self._is_over:
            return
        self._is_over = True
        if self._opened.done():
            self._context.run(self._spawn, self._shorten(self._opened.result()))
        else:
            self._cancel()

    def abandoned(self) -> None:
        """The server stops: the instances keep their grace until the client is back."""
        if not self._is_over:
            self._is_over = True
            self._cancel()

    async def run(self) -> None:
        """Serve until `lost` or `abandoned`. If the registry ends the session, the client is thrown off, to register again."""
        self._task, self._context = asyncio.current_task(), copy_context()  # it says for whom the session is held
        stream = self._stub.Session()
        try:
            await self._serve(stream)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
            if not self._is_over:
                log.warning("session of a nacos connection has ended", error=str(error))
                self._end("the registry has ended the session")
        except asyncio.CancelledError:
            if not self._is_over or self._task is None:
                raise
            self._task.uncancel()
        finally:
            self._is_over = True
            self._opened.cancel()
            stream.cancel()

    async def _serve(self, stream: Any) -> None:
        if self._is_over:
            raise asyncio.CancelledError
        self._opened.set_result(await _opened(stream, self._client_name, RESTART_GRACE_S))
        while (frame := await stream.read()) is not grpc.aio.EOF:
            if frame.WhichOneof("frame") == "reconnect_after":
                break  # losses to others are theirs to know
        raise asyncio.InvalidStateError("the session has ended")

    async def _shorten(self, session_id: str) -> None:
        """Take the session over with the usual grace. The first stream ends by it; the second is dropped, which is the loss.

        The first one is left alone until then: its end would be a loss with the long grace.
        """
        stream = self._stub.Session()
        try:
            await _opened(stream, self._client_name, LOSS_GRACE_S, session_id)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            log.warning("grace of a lost nacos connection is not shortened")
        finally:
            stream.cancel()
            self._cancel()

    async def _session_id(self) -> str:
        """Waits until it is open. Raises RefusedCallError."""
        if self._is_over:
            raise RefusedCallError(wire.FAILED, "the connection is gone")
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                return await asyncio.shield(self._opened)
        except TimeoutError:
            raise RefusedCallError(wire.FAILED, "The registry does not answer") from None
        except asyncio.CancelledError:
            if not self._opened.cancelled():
                raise
            raise RefusedCallError(wire.FAILED, "the connection is gone") from None

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


@lru_cache(MAX_KNOWN)
def service_ref(key: Key) -> instance_pb2.ServiceRef:
    """A key as the registry's messages have it. Shared: to be put into another message, which copies it."""
    return instance_pb2.ServiceRef(namespace=key[0], group=key[1], name=key[2])


async def _opened(stream: Any, client_name: str, grace_s: int, session_id: str = "") -> str:
    hello = native.SessionRequest.Hello(client_name=client_name, session_id=session_id)
    hello.grace.FromSeconds(grace_s)
    await stream.write(native.SessionRequest(hello=hello))
    granted = await stream.read()
    if granted is grpc.aio.EOF:
        raise asyncio.InvalidStateError("the session has ended")
    return str(granted.granted.session_id)
