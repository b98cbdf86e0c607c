"""Who watches what a microservice calls, what of it each one may see, and the events that each one is sent.

Two streams of the registry meet here, which are not in step: what a consumer depends on, and the instances of these services. An
instance whose microservice has not been told of yet waits; revisions say when waiting is in vain.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
from muster.catalog.v1 import catalog_pb2
from muster.catalog.v1 import catalog_service_pb2 as catalog
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2

from muster_gateway.servicecomb import instances
from muster_gateway.servicecomb.keeping import DIALECT
from muster_gateway.servicecomb.names import application_of, tenant_of

MAX_EVENTS = 1000
MAX_WAITING = 1000


class Consumer(NamedTuple):
    """A microservice that is watched for."""

    namespace: str
    service_id: str


class Home(NamedTuple):
    """A service of the registry."""

    namespace: str
    group: str
    name: str


class Told(NamedTuple):
    """An event as it is sent, and the service of the registry that it is about."""

    home: Home
    text: str


class Outbox:
    """The events of one socket. One that lets 1000 of them lie is told to come again (`is_overrun`), and pulls what it missed.

    Whose credential counts no more (`is_forbidden`) is not told what lies there, either.
    """

    def __init__(self) -> None:
        self._events: deque[Told] = deque()
        self._wake = asyncio.Event()
        self.is_overrun = False
        self.is_forbidden = False
        self.is_gone = False

    def post(self, event: Told) -> None:
        """Add an event."""
        self.is_overrun = self.is_overrun or len(self._events) >= MAX_EVENTS
        if not self.is_overrun:
            self._events.append(event)
        self._wake.set()

    def end(self) -> None:
        """The microservice is not, or no longer, there."""
        self.is_gone = True
        self._wake.set()

    def forbid(self) -> None:
        """The credential of whose socket it is counts no more."""
        self.is_forbidden = True
        self._wake.set()

    async def next(self) -> Told | None:
        """The next event; None if there will be no more."""
        while not self._events or self.is_overrun or self.is_forbidden:
            if self.is_overrun or self.is_forbidden or self.is_gone:
                return None
            self._wake.clear()
            await self._wake.wait()
        return self._events.popleft()


class Event(NamedTuple):
    """What happened to one instance of a service of the registry, at which revision."""

    action: str
    home: Home
    service_id: str
    instance: instance_pb2.Instance
    revision: int


@dataclass(eq=False, slots=True)
class Follower:
    """One consumer: its sockets, what of its providers it may see, and events that wait to be judged.

    `told` holds every microservice that the registry has told of, and whether the consumer may see it; those that are gone stay:
    the end of their instances may be told later. `revision` is that of the last word about its providers, -1 before the first.
    """

    consumer: Consumer
    outboxes: dict[Outbox, None] = field(default_factory=dict)
    homes: dict[Home, int] = field(default_factory=dict)
    told: dict[str, bool] = field(default_factory=dict)
    waiting: deque[Event] = field(default_factory=deque)
    revision: int = -1

    def is_for_it(self, event: Event) -> bool | None:
        """True if the consumer gets to see an event; None if that is not known yet."""
        if any(other.service_id == event.service_id for other in self.waiting):
            return None
        is_visible = self.told.get(event.service_id)
        return is_visible if is_visible is not None or self.revision < event.revision else False


@dataclass(eq=False, slots=True)
class Watched:
    """One service as the registry's watch shows it, and who follows it. `revision` is -1 before the first snapshot."""

    home: Home
    followers: dict[Follower, None] = field(default_factory=dict)
    instances: dict[str, instance_pb2.Instance] = field(default_factory=dict)
    parts: list[instance_pb2.Instance] = field(default_factory=list)
    undefined_id: str = ""
    revision: int = -1

    def service_of(self, instance: instance_pb2.Instance) -> str:
        """The microservice of an instance."""
        return instance.definition_id or self.undefined_id

    def changes(self, frame: discovery.WatchResponse.Snapshot) -> list[Event]:
        """What a whole state means for who knew an earlier one. Shortly after a restart nothing is taken for gone."""
        current = {instance.instance_id: instance for instance in self.parts}
        gone = [] if frame.warming_up else [known for name, known in self.instances.items() if name not in current]
        events = [Event("DELETE", self.home, self.service_of(known), known, frame.revision) for known in gone]
        kept = {} if not frame.warming_up else {name: known for name, known in self.instances.items() if name not in current}
        for instance in current.values():
            events += self.put(instance)
        self.instances = kept | current
        return events

    def put(self, instance: instance_pb2.Instance) -> list[Event]:
        """An instance stands as it is given; a change that this dialect does not show is none."""
        known = self.instances.get(instance.instance_id)
        self.instances[instance.instance_id] = instance
        if known is not None and not _is_shown(known, instance):
            return []
        action = "CREATE" if known is None or known.create_revision != instance.create_revision else "UPDATE"
        return [Event(action, self.home, self.service_of(instance), instance, instance.revision)]


def _is_shown(before: instance_pb2.Instance, after: instance_pb2.Instance) -> bool:
    """True unless nothing differs, or only the health of an instance of this dialect, which is not shown: silence ends it."""
    if before.revision == after.revision:
        return False
    if DIALECT not in after.attributes or before.health == after.health:
        return True
    return before.admin_state != after.admin_state or before.metadata != after.metadata or before.attributes != after.attributes


class Summaries:
    """The names of the microservices that were told of, and events written with them. Owned by the followers."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], catalog_pb2.DefinitionSummary] = {}

    def learn(self, namespace: str, provider: catalog.WatchProvidersResponse.Provider) -> None:
        """Keep the names of a provider's versions."""
        for summary in provider.definitions:
            self._known[namespace, summary.definition_id] = summary

    def forget_all(self) -> None:
        """Nobody follows anything any more."""
        self._known.clear()

    def written(self, namespace: str, event: Event) -> str:
        """An event as it is sent."""
        return written(namespace, event.action, self._known[namespace, event.service_id], event.instance)


def written(namespace: str, action: str, summary: catalog_pb2.DefinitionSummary, instance: instance_pb2.Instance) -> str:
    """What happened to an instance of a microservice, as it is sent."""
    key = {
        "tenant": tenant_of(namespace),
        "environment": summary.key.environment,
        "appId": application_of(summary.key.group),
        "serviceName": summary.key.name,
        "alias": summary.alias,
        "version": summary.key.version,
    }
    shown = instances.view(instance, summary.definition_id, summary.key.version)
    message = {"action": action, "key": {name: value for name, value in key.items() if value}, "instance": shown}
    return msgspec.json.encode(message).decode()
