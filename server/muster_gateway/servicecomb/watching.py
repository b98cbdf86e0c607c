"""Events for those who watch: one stream of the registry for what consumers depend on, one for the instances of all these."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from muster.catalog.v1 import catalog_service_pb2 as catalog
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2

from muster_gateway.callers import as_gateway
from muster_gateway.registry import Registry
from muster_gateway.servicecomb.followers import (
    MAX_WAITING,
    Consumer,
    Event,
    Follower,
    Home,
    Outbox,
    Summaries,
    Told,
    Watched,
)
from muster_gateway.subscriptions import Subscriptions

_NAME = (("muster-client", "servicecomb-gateway"),)


class Watching:
    """Owned by its tasks, which run within `serving`. A follower lives for as long as it has sockets."""

    def __init__(self, registry: Registry) -> None:
        self._followers: dict[Consumer, Follower] = {}
        self._watched: dict[Home, Watched] = {}
        self._summaries = Summaries()
        self._providers = Subscriptions(
            "providers for servicecomb clients",
            lambda: registry.catalog.WatchProviders(metadata=_NAME),
            _follow,
            self._take_providers,
        )
        self._instances = Subscriptions(
            "watch for servicecomb clients", lambda: registry.discovery.Watch(metadata=_NAME), _watch, self._take, self._begun
        )

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Watch for as long as the context is open."""
        async with asyncio.TaskGroup() as group:
            tasks = (
                group.create_task(as_gateway(self._providers.run), name="servicecomb providers"),
                group.create_task(as_gateway(self._instances.run), name="servicecomb watch"),
            )
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    def join(self, consumer: Consumer) -> Outbox:
        """A socket for a consumer: its outbox is ended if there is no such microservice, now or later."""
        follower = self._followers.get(consumer)
        if follower is None:
            follower = self._followers[consumer] = Follower(consumer)
            self._providers.want(consumer)
        outbox = Outbox()
        follower.outboxes[outbox] = None
        return outbox

    def leave(self, consumer: Consumer, outbox: Outbox) -> None:
        """A socket is gone."""
        follower = self._followers.get(consumer)
        if follower is None or outbox not in follower.outboxes:
            return
        del follower.outboxes[outbox]
        if not follower.outboxes:
            self._drop(follower)
            self._providers.unwant(consumer)

    def _drop(self, follower: Follower) -> None:
        del self._followers[follower.consumer]
        for home in list(follower.homes):
            self._unfollow(follower, home)
        if not self._followers:
            self._summaries.forget_all()

    def _unfollow(self, follower: Follower, home: Home) -> None:
        follower.homes.pop(home, None)
        watched = self._watched.get(home)
        if watched is not None:
            watched.followers.pop(follower, None)
            if not watched.followers:
                del self._watched[home]
                self._instances.unwant(home)

    def _take_providers(self, frame: catalog.WatchProvidersResponse) -> None:
        kind = frame.WhichOneof("frame")
        if kind == "cancelled":
            follower = self._followers.get(Consumer(frame.cancelled.namespace, frame.cancelled.definition_id))
            if follower is not None:
                self._providers.unwant(follower.consumer)
                self._drop(follower)
                for outbox in follower.outboxes:
                    outbox.end()
        elif kind == "providers":
            follower = self._followers.get(Consumer(frame.providers.namespace, frame.providers.definition_id))
            if follower is not None:
                self._told(follower, frame.providers)

    def _told(self, follower: Follower, frame: catalog.WatchProvidersResponse.Providers) -> None:
        """What a consumer depends on now. What it newly depends on is watched; what happened there since is told."""
        homes = {_home(provider.service): provider for provider in frame.providers}
        for home in [home for home in follower.homes if home not in homes]:
            self._unfollow(follower, home)
        for provider in frame.providers:
            self._summaries.learn(frame.namespace, provider)
            for summary in provider.definitions:
                follower.told[summary.definition_id] = summary.definition_id not in provider.hidden_ids
        follower.revision = frame.revision
        for home, provider in homes.items():
            self._follow(follower, home, provider)
        waiting, follower.waiting = follower.waiting, type(follower.waiting)()
        for event in waiting:
            self._tell(follower, event)

    def _follow(self, follower: Follower, home: Home, provider: catalog.WatchProvidersResponse.Provider) -> None:
        watched = self._watched.get(home)
        if watched is None:
            watched = self._watched[home] = Watched(home)
            self._instances.want(home)
        watched.undefined_id = provider.undefined_id
        watched.followers[follower] = None
        if home not in follower.homes:
            follower.homes[home] = follower.revision
            if watched.revision >= 0:
                self._tell_all([follower], _since(watched, follower.revision))

    def _begun(self) -> None:
        for watched in self._watched.values():
            watched.parts.clear()

    def _take(self, frame: discovery.WatchResponse) -> None:
        match frame.WhichOneof("frame"):
            case "snapshot":
                watched = self._watched.get(_home(frame.snapshot.service))
                if watched is not None:
                    watched.parts.extend(frame.snapshot.instances)
                    if not frame.snapshot.more:
                        self._take_snapshot(watched, frame.snapshot)
            case "delta":
                watched = self._watched.get(_home(frame.delta.service))
                if watched is not None and watched.revision >= 0:
                    watched.revision = frame.delta.revision
                    self._tell_all(watched.followers, _changes(watched, frame.delta))
            case _:
                pass  # a bookmark, or the end of a subscription that has begun anew

    def _take_snapshot(self, watched: Watched, frame: discovery.WatchResponse.Snapshot) -> None:
        is_first, watched.revision = watched.revision < 0, frame.revision
        events = watched.changes(frame)
        watched.parts = []
        if not is_first:
            self._tell_all(watched.followers, events)
            return
        for follower in watched.followers:
            self._tell_all([follower], _since(watched, follower.homes.get(watched.home, follower.revision)))

    def _tell_all(self, followers: Iterable[Follower], events: list[Event]) -> None:
        for event in events:
            written: dict[str, str] = {}
            for follower in followers:
                self._tell(follower, event, written)

    def _tell(self, follower: Follower, event: Event, written: dict[str, str] | None = None) -> None:
        """Send an event to a consumer's sockets if they get to see it. `written` keeps it for others of the same namespace."""
        match follower.is_for_it(event):
            case True:
                namespace, known = follower.consumer.namespace, written if written is not None else {}
                text = known.get(namespace) or self._summaries.written(namespace, event)
                known[namespace] = text
                for outbox in follower.outboxes:
                    outbox.post(Told(event.home, text))
            case None if len(follower.waiting) < MAX_WAITING:
                follower.waiting.append(event)
            case _:
                pass


def _changes(watched: Watched, delta: discovery.WatchResponse.Delta) -> list[Event]:
    """What a delta tells, in the order of its revisions."""
    events = []
    for removal in delta.removals:
        known = watched.instances.pop(removal.instance_id, None)
        if known is not None:
            events.append(Event("DELETE", watched.home, watched.service_of(known), known, removal.revision))
    for instance in delta.puts:
        events += watched.put(instance)
    return sorted(events, key=lambda event: event.revision)


def _since(watched: Watched, revision: int) -> list[Event]:
    """What came after a revision and is still there."""
    new = [instance for instance in watched.instances.values() if instance.create_revision > revision]
    return [Event("CREATE", watched.home, watched.service_of(instance), instance, instance.revision) for instance in new]


def _home(ref: instance_pb2.ServiceRef) -> Home:
    return Home(ref.namespace, ref.group, ref.name)


def _follow(consumer: Consumer, is_wanted: bool) -> catalog.WatchProvidersRequest:  # the shape that Subscriptions calls
    frame = catalog.WatchProvidersRequest()
    part = frame.subscribe if is_wanted else frame.unsubscribe
    part.namespace, part.definition_id = consumer
    return frame


def _watch(home: Home, is_wanted: bool) -> discovery.WatchRequest:  # likewise
    frame = discovery.WatchRequest()
    part = frame.subscribe if is_wanted else frame.unsubscribe
    part.service.namespace, part.service.group, part.service.name = home
    return frame
