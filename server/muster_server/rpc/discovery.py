"""DiscoveryService: lookups, and Watch."""

import itertools
from typing import Any

from muster.registry.v1 import discovery_service_pb2 as wire

from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import MAX_CLUSTER_BYTES, MAX_NAME_BYTES, Instance, ServiceKey, checked_text
from muster_server.core.naming import instance_not_found
from muster_server.engine.engine import Engine
from muster_server.engine.hub import Subscriber
from muster_server.rpc.access_table import READ, service_resource
from muster_server.rpc.calls import Call, Stream
from muster_server.rpc.decoding import decode_ref, decode_service, require
from muster_server.rpc.encoding import instance_message, service_message, timestamp
from muster_server.rpc.paging import MAX_PAGE, name_token, number_token, page_size

MAX_CLUSTERS = 100


class DiscoveryServicer:
    """Each method is documented in discovery_service.proto."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def get_instance(self, request: wire.GetInstanceRequest, _: Call) -> wire.GetInstanceResponse:
        """Answer one instance."""
        require(request, "ref")
        ref = decode_ref(request.ref)
        instance = self._engine.state.find(ref)
        if instance is None:
            raise instance_not_found(ref)
        return wire.GetInstanceResponse(instance=instance_message(instance))

    async def list_instances(self, request: wire.ListInstancesRequest, _: Call) -> wire.ListInstancesResponse | bytes:
        """Answer the instances of a service, from the hub's bytes when nothing is filtered."""
        require(request, "service")
        key, hub = decode_service(request.service), self._engine.hub
        if len(request.clusters) > MAX_CLUSTERS:
            raise MusterError.invalid("clusters", f"must hold at most {MAX_CLUSTERS} entries")
        for cluster in request.clusters:
            checked_text("clusters", cluster, MAX_CLUSTER_BYTES)
        service = self._engine.state.services.get(key)
        if service is not None and request.if_revision == service.revision:
            return wire.ListInstancesResponse(
                revision=service.revision, epoch=self._engine.epoch, not_modified=True, warming_up=hub.is_warming_up
            )
        if service is None or not (request.clusters or request.available_only):
            return hub.list_response(key)
        return hub.list_response(key, [i for i in service.instances.values() if _is_wanted(i, request)])

    async def list_services(self, request: wire.ListServicesRequest, _: Call) -> wire.ListServicesResponse:
        """Answer a page of services. O(page) within a namespace and group, else O(services passed over)."""
        size = page_size(request.page_size, MAX_PAGE)
        checked_text("namespace", request.namespace, MAX_NAME_BYTES)
        checked_text("group", request.group, MAX_NAME_BYTES)
        start = ServiceKey(request.namespace, request.group if request.namespace else "", "")
        names = self._engine.state.services_after(max(ServiceKey(*name_token(request.page_token)), start))
        within = itertools.takewhile(lambda key: request.namespace in ("", key.namespace), names)
        wanted = list(itertools.islice((key for key in within if request.group in ("", key.group)), size + 1))
        page = wanted[:size]
        return wire.ListServicesResponse(
            services=[self._summary(key) for key in page],
            next_page_token="\n".join(page[-1]) if len(wanted) > size else "",
            revision=self._engine.revision,
        )

    async def list_subscribers(self, request: wire.ListSubscribersRequest, _: Call) -> wire.ListSubscribersResponse:
        """Answer a page of the streams that watch a service."""
        require(request, "service")
        key, size = decode_service(request.service), page_size(request.page_size, MAX_PAGE)
        start = number_token(request.page_token)
        watchers = self._engine.hub.watchers(key)
        return wire.ListSubscribersResponse(
            subscribers=[_subscriber(watcher, key) for watcher in watchers[start : start + size]],
            next_page_token=str(start + size) if len(watchers) > start + size else "",
        )

    async def watch(self, stream: Stream) -> None:
        """Serve one watch stream."""
        subscriber = Subscriber(stream.call.client_name, stream.call.peer, stream.write, stream.end, number=stream.call.number)
        stream.held = lambda: ((READ, service_resource(key)) for key in list(subscriber.subscriptions))
        hub = self._engine.hub
        hub.attach(subscriber)
        try:
            while (frame := await stream.read()) is not None:
                self._take(stream.call, subscriber, frame)
            await hub.written(subscriber)
        finally:
            hub.detach(subscriber)

    def _take(self, call: Call, subscriber: Subscriber, frame: wire.WatchRequest) -> None:
        kind, hub = frame.WhichOneof("frame"), self._engine.hub
        if kind is None:
            raise MusterError(Reason.PROTOCOL_VIOLATION, "a frame of no known kind")
        message: Any = getattr(frame, kind)
        try:
            require(message, "service")
            key = decode_service(message.service)
            if kind == "subscribe":
                call.require(READ, service_resource(key))
        except MusterError as error:
            name = message.service
            echoed = ServiceKey(*(part[:MAX_NAME_BYTES] for part in (name.namespace, name.group, name.name)))
            hub.cancel(subscriber, echoed, error)
            return
        match kind:
            case "subscribe":
                if message.from_revision < 0:
                    hub.unsubscribe(subscriber, key)
                    hub.cancel(subscriber, key, MusterError.invalid("from_revision", "must not be negative"))
                else:
                    hub.subscribe(subscriber, key, message.from_revision, message.epoch)
            case "unsubscribe":
                hub.unsubscribe(subscriber, key)
            case _:
                hub.ack(subscriber, key, message.revision)

    def _summary(self, key: ServiceKey) -> wire.ServiceSummary:
        service = self._engine.state.services[key]
        available = sum(instance.is_available for instance in service.instances.values())
        return wire.ServiceSummary(
            service=service_message(key),
            instance_count=len(service.instances),
            available_count=available,
            revision=service.revision,
        )


def _is_wanted(instance: Instance, request: wire.ListInstancesRequest) -> bool:
    in_cluster = not request.clusters or instance.said.cluster in request.clusters
    return in_cluster and (instance.is_available or not request.available_only)


def _subscriber(watcher: Subscriber, key: ServiceKey) -> wire.Subscriber:
    subscription = watcher.subscriptions[key]
    return wire.Subscriber(
        client_name=watcher.client_name,
        peer=watcher.peer,
        subscribe_time=timestamp(subscription.since_s),
        sent_revision=max(subscription.sent_revision, 0),
        acked_revision=subscription.acked_revision,
    )
