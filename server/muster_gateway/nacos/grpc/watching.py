"""One native Watch: which services it is asked for, and what it says of them."""

from collections.abc import Callable
from typing import Any

from muster.registry.v1 import discovery_service_pb2 as native
from muster.registry.v1 import instance_pb2

from muster_gateway.callers import as_gateway
from muster_gateway.nacos import convert
from muster_gateway.nacos.grpc.service_info import NOWHERE, Place
from muster_gateway.nacos.grpc.session import Key, service_ref
from muster_gateway.subscriptions import Subscriptions

MAX_SERVICES = 10_000
"""What the registry lets one Watch have."""
_NAME = (("muster-client", "nacos-gateway"),)


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
    """One stream, and what it watches. Owned by its task, which is `run`."""

    def __init__(self, stub: Any, max_services: int) -> None:
        self._max_services = max_services
        self._services: dict[Key, Watched] = {}
        self._subscriptions: Subscriptions[Key] = Subscriptions(
            "watch for nacos clients", lambda: stub.Watch(metadata=_NAME), _frame, self._take, self._begun
        )

    @property
    def has_room(self) -> bool:
        """True if it takes another service."""
        return len(self._services) < self._max_services

    def add(self, watched: Watched) -> None:
        """Watch a service from now on."""
        self._services[watched.service] = watched
        self._subscriptions.want(watched.service)

    def remove(self, service: Key) -> None:
        """Watch it no more."""
        del self._services[service]
        self._subscriptions.unwant(service)

    async def run(self) -> None:
        """Watch for ever, in the gateway's own name."""
        await as_gateway(self._subscriptions.run)

    def _begun(self) -> None:
        for watched in self._services.values():
            watched.begin()

    def _take(self, frame: native.WatchResponse) -> None:
        kind = frame.WhichOneof("frame")
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


def _frame(service: Key, is_wanted: bool) -> native.WatchRequest:  # as Subscriptions calls it
    frame = native.WatchRequest()
    (frame.subscribe if is_wanted else frame.unsubscribe).service.CopyFrom(service_ref(service))
    return frame


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
