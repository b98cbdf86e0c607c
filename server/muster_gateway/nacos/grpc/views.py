"""The services that Nacos clients subscribe to: watched once for all of them, and each push rendered once."""

import asyncio
from functools import partial

import msgspec

from muster_gateway.nacos.grpc import outbox, wire
from muster_gateway.nacos.grpc.connections import Connection
from muster_gateway.nacos.grpc.service_info import ReferenceTimes, Shown, service_info
from muster_gateway.nacos.grpc.session import Key
from muster_gateway.nacos.grpc.watching import ServiceWatches, Watched
from muster_gateway.nacos.grpc.wire import RefusedCallError
from muster_gateway.registry import CALL_TIMEOUT_S


class View:
    """One service, and who has subscribed to it with which clusters. `failure` is why there is no watch of it."""

    def __init__(self, service: Key, times: ReferenceTimes) -> None:
        self.watched = Watched(service, self._changed, self._cancelled)
        self.subscribers: dict[Connection, tuple[str, str]] = {}
        self.ready = asyncio.Event()
        self.failure = ""
        self.render_count = 0
        self._times = times
        self._rendered: dict[str, bytes] = {}

    def render(self, clusters: str) -> bytes:
        """The ServiceInfo: made once for each change and clusters."""
        found = self._rendered.get(clusters)
        if found is None:
            service, watched = self.watched.service, self.watched
            time_ms = self._times.at(service, watched.place)
            what = Shown(*service[1:], clusters, watched.protect_threshold)
            found = self._rendered[clusters] = service_info(what, watched.instances.values(), time_ms)
            self.render_count += 1
        return found

    def _changed(self) -> None:
        self._rendered.clear()
        if not self.ready.is_set():  # the answer of the subscription shows it
            self.ready.set()
            return
        for connection in self.subscribers:
            self.tell(connection)

    def tell(self, connection: Connection) -> None:
        """Push the state to one subscriber."""
        connection.outbox.post(self.watched.service, partial(self._push, connection), outbox.naming)

    def _cancelled(self, why: str) -> None:
        self.failure = why
        self.ready.set()

    def _push(self, connection: Connection, request_id: str) -> bytes:
        clusters, namespace = self.subscribers.get(connection, ("", ""))
        _, group, name = self.watched.service
        fields = {
            "namespace": namespace,
            "serviceName": name,
            "groupName": group,
            "serviceInfo": msgspec.Raw(self.render(clusters)),
        }
        return wire.push("NotifySubscriberRequest", "naming", request_id, fields)


class Views:
    """A view lives for as long as it has subscribers."""

    def __init__(self, watches: ServiceWatches, times: ReferenceTimes) -> None:
        self._watches, self._times = watches, times
        self._views: dict[Key, View] = {}

    def __len__(self) -> int:
        return len(self._views)

    def __getitem__(self, service: Key) -> View:
        """Raises KeyError if nobody subscribes to the service."""
        return self._views[service]

    async def subscribe(self, service: Key, connection: Connection, clusters: str, namespace: str) -> bytes:
        """Subscribe and answer the ServiceInfo. `namespace` is as the client wrote it. Raises RefusedCallError.

        The first subscription of a connection is told the state by a push too, an empty list included: SDKs for Java, when they
        subscribe again after a reconnect, do not look at the answer.
        """
        view = self._views.get(service)
        if view is None or view.failure:
            view = self._begin(service, view)
        is_first = connection not in view.subscribers
        view.subscribers[connection] = (clusters, namespace)
        connection.subscriptions.add(service)
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                await view.ready.wait()
        except TimeoutError:
            raise RefusedCallError(wire.FAILED, "The registry does not answer") from None
        if view.failure:
            self.unsubscribe(service, connection)
            raise RefusedCallError(wire.FAILED, view.failure)
        if is_first:
            view.tell(connection)
        return view.render(clusters)

    def unsubscribe(self, service: Key, connection: Connection) -> None:
        """End a subscription, whatever clusters it named. Unknown ones are ignored."""
        connection.subscriptions.discard(service)
        connection.outbox.drop(service)
        view = self._views.get(service)
        if view is None or view.subscribers.pop(connection, None) is None:
            return
        if not view.subscribers:
            del self._views[service]
            self._watches.remove(service)

    def drop(self, connection: Connection) -> None:
        """The connection is gone."""
        for service in list(connection.subscriptions):
            self.unsubscribe(service, connection)

    def _begin(self, service: Key, failed: View | None) -> View:
        view = self._views[service] = View(service, self._times)
        if failed is not None:
            self._watches.remove(service)
            view.subscribers.update(failed.subscribers)
        self._watches.add(view.watched)
        return view
