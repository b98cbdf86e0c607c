"""The services that Nacos clients subscribe to: one native watch for all of them, and each push rendered once."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
from muster.registry.v1 import discovery_service_pb2 as native
from muster.registry.v1 import instance_pb2

from muster_gateway.nacos import convert
from muster_gateway.nacos.grpc import outbox, wire
from muster_gateway.nacos.grpc.connections import Connection
from muster_gateway.nacos.grpc.session import Key, service_ref
from muster_gateway.nacos.grpc.wire import RefusedCallError
from muster_gateway.registry import CALL_TIMEOUT_S
from muster_gateway.subscriptions import Subscriptions

MAX_TIMES = 20_000
CACHE_MS = 10_000
_NAME = (("muster-client", "nacos-gateway"),)


class ReferenceTimes:
    """The lastRefTime of each service's revisions: SDKs drop a state that is not later than the one they have."""

    def __init__(self) -> None:
        self._last: OrderedDict[Key, tuple[int, int]] = OrderedDict()

    def at(self, service: Key, revision: int) -> int:
        """Milliseconds since 1970, rising with the revision. Revision 0 is a service that is not known any more, or not yet."""
        last, time_ms = self._last.get(service, (0, 0))
        if time_ms and revision < last:
            return time_ms - 1 if revision else time_ms
        if not time_ms or revision > last:
            time_ms = max(time.time_ns() // 1_000_000, time_ms + 2)
        self._last[service] = (revision, time_ms)
        self._last.move_to_end(service)
        if len(self._last) > MAX_TIMES:
            self._last.popitem(last=False)
        return time_ms


def service_info(group_and_name: tuple[str, str], clusters: str, hosts: Iterable[instance_pb2.Instance], time_ms: int) -> bytes:
    """A ServiceInfo as JSON: the enabled instances of the clusters, whose list is echoed as it was sent."""
    group, name = group_and_name
    wanted = {cluster.strip() for cluster in clusters.split(",") if cluster.strip()}
    shown = []
    for message in hosts:
        if wanted and message.cluster not in wanted:
            continue
        host = convert.view(message, group, name)
        if host["enabled"]:
            host["instanceId"] = f"{host['ip']}#{host['port']}#{message.cluster}#{group}@@{name}"
            shown.append(host)
    return msgspec.json.encode(
        {
            "name": name,
            "groupName": group,
            "clusters": clusters,
            "cacheMillis": CACHE_MS,
            "hosts": shown,
            "lastRefTime": time_ms,
            "checksum": "",
            "allIps": False,
            "allIPs": False,
            "reachProtectionThreshold": False,
            "valid": True,
        }
    )


@dataclass(eq=False, slots=True)
class View:
    """One service as the watch shows it, and who has subscribed to it with which clusters. `failure` is why there is no watch."""

    service: Key
    subscribers: dict[Connection, tuple[str, str]] = field(default_factory=dict)
    instances: dict[str, instance_pb2.Instance] = field(default_factory=dict)
    parts: list[instance_pb2.Instance] = field(default_factory=list)
    revision: int = -1
    failure: str = ""
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    rendered: dict[str, bytes] = field(default_factory=dict)


class Views:
    """Owned by its task, which is `run`. A view lives for as long as it has subscribers."""

    def __init__(self, stub: Any, times: ReferenceTimes) -> None:
        self._times = times
        self._views: dict[Key, View] = {}
        self._subscriptions = Subscriptions(
            "watch for nacos clients", lambda: stub.Watch(metadata=_NAME), _frame, self._take, self._begun
        )

    def __len__(self) -> int:
        return len(self._views)

    async def subscribe(self, service: Key, connection: Connection, clusters: str, namespace: str) -> bytes:
        """Subscribe and answer the ServiceInfo. `namespace` is as the client wrote it. Raises RefusedCallError."""
        view = self._views.get(service)
        if view is None:
            view = self._views[service] = View(service)
            self._subscriptions.want(service)
        view.subscribers[connection] = (clusters, namespace)
        connection.subscriptions.add(service)
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                await view.ready.wait()
        except TimeoutError:
            raise RefusedCallError(wire.FAILED, "The registry does not answer") from None
        if view.failure:
            raise RefusedCallError(wire.FAILED, view.failure)
        return self._render(view, clusters)

    def unsubscribe(self, service: Key, connection: Connection) -> None:
        """End a subscription, whatever clusters it named. Unknown ones are ignored."""
        connection.subscriptions.discard(service)
        connection.outbox.drop(service)
        view = self._views.get(service)
        if view is None or view.subscribers.pop(connection, None) is None:
            return
        if not view.subscribers:
            del self._views[service]
            self._subscriptions.unwant(service)

    def drop(self, connection: Connection) -> None:
        """The connection is gone."""
        for service in list(connection.subscriptions):
            self.unsubscribe(service, connection)

    async def run(self) -> None:
        """Watch for as long as there are views, for ever."""
        await self._subscriptions.run()

    def _begun(self) -> None:
        for view in self._views.values():
            view.parts.clear()

    def _take(self, frame: native.WatchResponse) -> None:
        match frame.WhichOneof("frame"):
            case "snapshot":
                view = self._of(frame.snapshot.service)
                if view is not None:
                    view.parts.extend(frame.snapshot.instances)
                    if not frame.snapshot.more:
                        view.instances = {instance.instance_id: instance for instance in view.parts}
                        view.parts = []
                        self._changed(view, frame.snapshot.revision)
            case "delta":
                view = self._of(frame.delta.service)
                if view is not None:
                    for removal in frame.delta.removals:
                        view.instances.pop(removal.instance_id, None)
                    for instance in frame.delta.puts:
                        view.instances[instance.instance_id] = instance
                    self._changed(view, frame.delta.revision)
            case "cancelled":
                view = self._of(frame.cancelled.service)
                if view is not None:
                    view.failure = frame.cancelled.message
                    view.ready.set()
                    for connection in list(view.subscribers):
                        self.unsubscribe(view.service, connection)
            case _:
                pass  # a bookmark

    def _of(self, ref: instance_pb2.ServiceRef) -> View | None:
        return self._views.get((ref.namespace, ref.group, ref.name))

    def _changed(self, view: View, revision: int) -> None:
        is_first, is_news = not view.ready.is_set(), revision != view.revision
        view.revision = revision
        view.ready.set()
        if is_first or not is_news:
            return
        view.rendered.clear()
        for connection in view.subscribers:
            connection.outbox.post(view.service, partial(self._push, view, connection), outbox.naming)

    def _push(self, view: View, connection: Connection, request_id: str) -> bytes:
        clusters, namespace = view.subscribers.get(connection, ("", ""))
        _, group, name = view.service
        info = msgspec.Raw(self._render(view, clusters))
        fields = {"namespace": namespace, "serviceName": name, "groupName": group, "serviceInfo": info}
        return wire.push("NotifySubscriberRequest", "naming", request_id, fields)

    def _render(self, view: View, clusters: str) -> bytes:
        """Once for each change and clusters."""
        found = view.rendered.get(clusters)
        if found is None:
            time_ms = self._times.at(view.service, view.revision)
            found = service_info(view.service[1:], clusters, view.instances.values(), time_ms)
            view.rendered[clusters] = found
        return found


def _frame(service: Key, is_wanted: bool) -> native.WatchRequest:  # the shape that Subscriptions calls
    frame = native.WatchRequest()
    (frame.subscribe if is_wanted else frame.unsubscribe).service.CopyFrom(service_ref(service))
    return frame
