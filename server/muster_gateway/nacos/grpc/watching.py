"""One native Watch: which services it is asked for, and what it says of them."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc.aio
import structlog
from muster.registry.v1 import discovery_service_pb2 as native
from muster.registry.v1 import instance_pb2

from muster_gateway.callers import as_gateway
from muster_gateway.nacos import convert
from muster_gateway.nacos.grpc.retry import Retry
from muster_gateway.nacos.grpc.service_info import NOWHERE, Place
from muster_gateway.nacos.grpc.session import Key, service_ref

log = structlog.get_logger(__name__)

MAX_SERVICES = 10_000
"""What the registry lets one Watch have."""


class Watched:
    """A service as its Watch shows it. `changed` is called at each new state, `cancelled` with a reason if there will be none."""

    def __init__(self, service: Key, changed: Callable[[], None], cancelled: Callable[[str], None]) -> None:
        self.service, self.changed, self.cancelled = service, changed, cancelled
        self.instances: dict[str, instance_pb2.Instance] = {}
        self.place = NOWHERE
        self._is_known = False
        self.protect_threshold: float | None = None
        self._parts: list[instance_pb2.Instance] = []

    def begin(self) -> None:
        """A new stream begins: what the last one left unfinished is void."""
        self._parts = []

    def take_snapshot(self, frame: native.WatchResponse.Snapshot) -> None:
        """The whole state, or a part of it."""
        self._parts.extend(frame.instances)
        if not frame.more:
            self.instances = {instance.instance_id: instance for instance in self._parts}
            self.protect_threshold = convert.threshold_of(frame)
            self._parts = []
            self._at((frame.epoch, frame.revision))

    def take_delta(self, frame: native.WatchResponse.Delta) -> None:
        """What changed."""
        for removal in frame.removals:
            self.instances.pop(removal.instance_id, None)
        for instance in frame.puts:
            self.instances[instance.instance_id] = instance
        self._at((self.place[0], frame.revision))

    def _at(self, place: Place) -> None:
        is_news = not self._is_known or place != self.place
        self.place, self._is_known = place, True
        if is_news:
            self.changed()


class ServiceWatch:
    """Owned by its task, which is `run`. The stream is open while there is something to watch."""

    def __init__(self, stub: Any, max_services: int) -> None:
        self._stub, self._max_services = stub, max_services
        self._services: dict[Key, Watched] = {}
        self._wanted: dict[Key, bool] = {}
        self._wake = asyncio.Event()

    @property
    def has_room(self) -> bool:
        """True if it takes another service."""
        return len(self._services) < self._max_services

    def add(self, watched: Watched) -> None:
        """Watch a service from now on."""
        self._services[watched.service] = watched
        self._want(watched.service, is_wanted=True)

    def remove(self, service: Key) -> None:
        """Watch it no more."""
        del self._services[service]
        self._want(service, is_wanted=False)

    async def run(self) -> None:
        """Watch for ever, in the gateway's own name."""
        await as_gateway(self._run)

    async def _run(self) -> None:
        """Watch for ever; a stream that breaks is begun anew, and every service with it."""
        retry = Retry()
        while True:
            while not self._services:
                self._wake.clear()
                await self._wake.wait()
            try:
                await self._watch(retry)
                continue
            except* (grpc.aio.AioRpcError, asyncio.InvalidStateError) as errors:
                log.warning("watch for nacos clients has ended", error=str(errors.exceptions[0]))
            except* Exception as errors:
                log.error("watch for nacos clients failed", exc_info=errors)
            await retry.wait()

    async def _watch(self, retry: Retry) -> None:
        for watched in self._services.values():
            watched.begin()
        self._wanted = dict.fromkeys(self._services, True)
        stream = self._stub.Watch(metadata=(("muster-client", "nacos-gateway"),))
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write(stream), name="nacos watch writer")
                while (frame := await stream.read()) is not grpc.aio.EOF:
                    self._take(frame)
                    retry.succeeded()
                if not writer.done():
                    raise asyncio.InvalidStateError("the registry has ended the watch")
        finally:
            stream.cancel()

    async def _write(self, stream: Any) -> None:
        """Tell what is wanted; half-close when nothing is any more."""
        while self._services:
            while self._wanted:
                service = next(iter(self._wanted))
                frame = native.WatchRequest()
                if self._wanted.pop(service):
                    frame.subscribe.service.CopyFrom(service_ref(service))
                else:
                    frame.unsubscribe.service.CopyFrom(service_ref(service))
                await stream.write(frame)
            if self._services:
                self._wake.clear()
                await self._wake.wait()
        await stream.done_writing()

    def _want(self, service: Key, *, is_wanted: bool) -> None:
        self._wanted[service] = is_wanted
        self._wake.set()

    def _take(self, frame: native.WatchResponse) -> None:
        kind = frame.WhichOneof("frame")
        if kind == "reconnect_after":
            raise asyncio.InvalidStateError("the registry is about to stop")
        if kind not in ("snapshot", "delta", "cancelled"):
            return  # a bookmark
        message = getattr(frame, kind)
        name = message.service
        watched = self._services.get((name.namespace, name.group, name.name))
        if watched is None:
            return
        match kind:
            case "snapshot":
                watched.take_snapshot(message)
            case "delta":
                watched.take_delta(message)
            case _:
                watched.cancelled(message.message)


class ServiceWatches:
    """As many watches as the services need. `spawn` runs a coroutine as a task."""

    def __init__(self, stub: Any, spawn: Callable[[Any], object], max_services: int = MAX_SERVICES) -> None:
        self._stub, self._spawn, self._max_services = stub, spawn, max_services
        self._watches: list[ServiceWatch] = []
        self._by_service: dict[Key, ServiceWatch] = {}

    def add(self, watched: Watched) -> None:
        """Watch a service, by the first watch that has room."""
        watch = next(filter(_has_room, self._watches), None)
        if watch is None:
            watch = ServiceWatch(self._stub, self._max_services)
            self._watches.append(watch)
            self._spawn(watch.run())
        self._by_service[watched.service] = watch
        watch.add(watched)

    def remove(self, service: Key) -> None:
        """Watch it no more."""
        self._by_service.pop(service).remove(service)


def _has_room(watch: ServiceWatch) -> bool:
    return watch.has_room
