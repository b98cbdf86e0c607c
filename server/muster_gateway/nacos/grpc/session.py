"""The ephemeral instances of one Nacos connection: one native session."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc.aio
import structlog
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as native

from muster_gateway.nacos.grpc import wire
from muster_gateway.nacos.grpc.wire import RefusedCallError
from muster_gateway.registry import CALL_TIMEOUT_S

log = structlog.get_logger(__name__)

MAX_QUEUED = 64
MAX_BATCH = 1000
RESTART_GRACE_S = 35  # some SDKs register again only 30 s after their server came back
LOSS_GRACE_S = 5
Key = tuple[str, str, str]


@dataclass(slots=True)
class _Publication:
    """What a connection offers for a service from now on; nothing at all withdraws it."""

    service: Key
    instances: Sequence[instance_pb2.Instance]
    done: "asyncio.Future[None]"


class Session:
    """Owned by its task, which is `run`; others hand it publications, 64 at most at a time.

    While the client is connected, the native session has a grace that outlasts a restart of the server. When the client is lost, it
    is cut to the usual 5 s first, so that the instances of a dead client are gone soon.
    """

    def __init__(self, stub: Any, client_name: str, end: Callable[[str], None]) -> None:
        self._stub, self._client_name, self._end = stub, client_name, end
        self._queue: asyncio.Queue[_Publication] = asyncio.Queue(MAX_QUEUED)
        self._services: set[Key] = set()
        self._over = asyncio.Event()
        self._has_lost_client = False
        self._id = ""

    def offers(self, service: Key) -> bool:
        """True if the connection has published instances of a service, and not withdrawn them."""
        return service in self._services

    async def publish(self, service: Key, instances: Sequence[instance_pb2.Instance]) -> None:
        """Replace what this connection offers for a service. Raises RefusedCallError; then all is as before."""
        if len(instances) > MAX_BATCH:
            raise RefusedCallError(wire.INVALID_PARAMETER, f"at most {MAX_BATCH} instances at once")
        if self._over.is_set():
            raise RefusedCallError(wire.FAILED, "the connection is gone")
        distinct = {  # of one address the last
            (one.endpoints[0].host, one.endpoints[0].port): one for one in instances
        }
        publication = _Publication(service, tuple(distinct.values()), asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(publication)
        except asyncio.QueueFull:
            raise RefusedCallError(wire.OVER_LIMIT, "too many registrations at a time") from None
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                await publication.done
        except TimeoutError:
            raise RefusedCallError(wire.FAILED, "The registry does not answer") from None

    def lost(self) -> None:
        """The client is gone: its instances are SUSPECT for 5 s and then removed. Too late after `abandoned`."""
        self._has_lost_client = not self._over.is_set()
        self._over.set()

    def abandoned(self) -> None:
        """The server stops: the instances keep their grace until the client is back."""
        self._over.set()

    async def run(self) -> None:
        """Serve until `lost` or `abandoned`. If the registry ends the session, the client is thrown off, to register again."""
        stream = self._stub.Session()
        try:
            self._id = await _opened(stream, self._client_name, RESTART_GRACE_S)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._serve(stream), name="nacos session")]
                await self._over.wait()
                if self._has_lost_client:
                    await self._shorten()
                for task in tasks:
                    task.cancel()
        except* (grpc.aio.AioRpcError, asyncio.InvalidStateError) as errors:
            log.warning("session of a nacos connection has ended", error=str(errors.exceptions[0]))
            self._end("the registry has ended the session")
        finally:
            self._over.set()
            stream.cancel()
            while not self._queue.empty():
                _fail(self._queue.get_nowait(), RefusedCallError(wire.FAILED, "the connection is gone"))

    async def _shorten(self) -> None:
        """Take the session over with the usual grace. The first stream ends by it; the second is dropped, which is the loss."""
        stream = self._stub.Session()
        try:
            await _opened(stream, self._client_name, LOSS_GRACE_S, self._id)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            log.warning("grace of a lost nacos connection is not shortened")
        finally:
            stream.cancel()

    async def _serve(self, stream: Any) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                answers: asyncio.Queue[list[native.ItemResult]] = asyncio.Queue(1)
                group.create_task(self._read(stream, answers), name="nacos session reader")
                group.create_task(self._write(stream, answers), name="nacos session writer")
        except* (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            if not self._over.is_set():
                raise

    async def _read(self, stream: Any, answers: "asyncio.Queue[list[native.ItemResult]]") -> None:
        """Hand answers over: each belongs to the one frame that was written. Losses to others are theirs to know."""
        while (frame := await stream.read()) is not grpc.aio.EOF:
            match frame.WhichOneof("frame"):
                case "results":
                    await answers.put(list(frame.results.results))
                case "reconnect_after":
                    break
        if not self._over.is_set():
            raise asyncio.InvalidStateError("the session has ended")

    async def _write(self, stream: Any, answers: "asyncio.Queue[list[native.ItemResult]]") -> None:
        while True:
            publication = await self._queue.get()
            try:
                await self._replace(stream, answers, publication)
            except RefusedCallError as refusal:
                _fail(publication, refusal)
            except BaseException:
                _fail(publication, RefusedCallError(wire.FAILED, "The registry does not answer"))
                raise
            else:
                if not publication.done.done():
                    publication.done.set_result(None)

    async def _replace(self, stream: Any, answers: "asyncio.Queue[list[native.ItemResult]]", publication: _Publication) -> None:
        frame = native.SessionRequest()
        frame.replace.service.CopyFrom(service_ref(publication.service))
        frame.replace.unique_address = True
        frame.replace.instances.extend(publication.instances)
        await stream.write(frame)
        failure = next((result.error for result in await answers.get() if result.HasField("error")), None)
        if failure is not None:
            raise RefusedCallError(wire.INVALID_PARAMETER, failure.message)
        if publication.instances:
            self._services.add(publication.service)
        else:
            self._services.discard(publication.service)


def service_ref(key: Key) -> instance_pb2.ServiceRef:
    """A key as the registry's messages have it."""
    return instance_pb2.ServiceRef(namespace=key[0], group=key[1], name=key[2])


def _fail(publication: _Publication, refusal: RefusedCallError) -> None:
    if not publication.done.done():
        publication.done.set_exception(refusal)


async def _opened(stream: Any, client_name: str, grace_s: int, session_id: str = "") -> str:
    hello = native.SessionRequest.Hello(client_name=client_name, session_id=session_id)
    hello.grace.FromSeconds(grace_s)
    await stream.write(native.SessionRequest(hello=hello))
    granted = await stream.read()
    if granted is grpc.aio.EOF:
        raise asyncio.InvalidStateError("the session has ended")
    return str(granted.granted.session_id)
