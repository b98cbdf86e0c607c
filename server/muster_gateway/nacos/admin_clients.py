"""The admin calls for clients: who they are, what they publish, what they subscribe to."""

from muster.registry.v1 import instance_pb2
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos.answers import answering, envelope
from muster_gateway.nacos.clients import Clients, ServiceName, StreamClient, address_id
from muster_gateway.nacos.convert import nacos_namespace
from muster_gateway.nacos.errors import RefusedError, missing
from muster_gateway.nacos.grpc.connections import Connections
from muster_gateway.nacos.instance_forms import SERVICE, service_of
from muster_gateway.nacos.paging import MAX_PAGE, PAGE, page_bounds, page_of, page_view
from muster_gateway.nacos.parameters import Parameters, check_instance
from muster_gateway.registry import Registry
from muster_gateway.route import Parameter, Route, in_query

_CLIENT = (Parameter("clientId", "query", "which client", is_required=True),)
_SERVICE = (
    *in_query(SERVICE),
    Parameter("ip", "query", "only of this address"),
    Parameter("port", "query", "only of this port"),
)
_AGGREGATION = Parameter("aggregation", "query", "without effect: there is one server")
_DISTRO = (
    Parameter("ip", "query", "address of a client", is_required=True),
    Parameter("port", "query", "its port", is_required=True),
)


class NacosAdminClients:
    """Knows the registry by its stubs only, and the gRPC connections of this process."""

    def __init__(self, registry: Registry, connections: Connections) -> None:
        self._registry = registry
        self._clients = Clients(registry, connections)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path, listed = "/nacos/v3/admin/ns/client", "`data`: array"
        published, subscribed = answering(self.published), answering(self.subscribed)
        publishers, subscribers = answering(self.publishers), answering(self.subscribers)
        all_of, paging = "/nacos/v3/admin/ns/service/subscribers", (*in_query(SERVICE), _AGGREGATION, *PAGE)
        paged, responsible = answering(self.subscribers_by_page), answering(self.responsible)
        return (
            Route("GET", f"{path}/list", answering(self.list_clients), "List the ids of all clients", (), listed),
            Route("GET", path, answering(self.show), "Show a client", _CLIENT, "`data`: the client"),
            Route("GET", f"{path}/publish/list", published, "List what a client publishes", _CLIENT, listed),
            Route("GET", f"{path}/subscribe/list", subscribed, "List what a client subscribes to", _CLIENT, listed),
            Route("GET", f"{path}/service/publisher/list", publishers, "List who publishes a service", _SERVICE, listed),
            Route("GET", f"{path}/service/subscriber/list", subscribers, "List who subscribes to a service", _SERVICE, listed),
            Route("GET", f"{path}/distro", responsible, "Say which server a client belongs to", _DISTRO, "this one"),
            Route("GET", all_of, paged, "List who subscribes to a service", paging, "`data`: a page"),
        )

    async def list_clients(self, _: Request) -> Response:
        """GET list. O(instances)."""
        ids = [*await self._clients.addresses(), *(one.id for one in await self._clients.streams())]
        return envelope(200, 0, ids)

    async def show(self, request: Request) -> Response:
        """GET."""
        client_id = await _client_id(request)
        stream = await self._clients.stream(client_id)
        if stream is not None:
            return envelope(200, 0, _shown(stream))
        found = await self._clients.at_address(client_id)
        if not found:
            raise RefusedError(404, 20004, f"clientId [ {client_id} ] not exist")
        updated = max(one.instance.update_time.ToMilliseconds() for one in found)
        is_ephemeral = not found[0].instance.persistent
        nothing = dict.fromkeys(("connectType", "appName", "version", "clientIp"))
        kind = {"clientId": client_id, "ephemeral": is_ephemeral, "lastUpdatedTime": updated, "clientType": "ipPort"}
        return envelope(200, 0, {**kind, **nothing, "clientPort": 0})

    async def published(self, request: Request) -> Response:
        """GET publish/list."""
        client_id = await _client_id(request)
        stream = await self._known(client_id)
        if stream is not None:
            shown = [(name, _published(None, one)) for name, one in await self._published_by(stream)]
        else:
            found = await self._clients.at_address(client_id)
            shown = [(_named(one.service), _published(None, one.instance)) for one in found]
        return envelope(200, 0, [{**_service(name), "publisherInfo": info, "subscriberInfo": None} for name, info in shown])

    async def subscribed(self, request: Request) -> Response:
        """GET subscribe/list. Who registers over HTTP subscribes to nothing."""
        stream = await self._known(await _client_id(request))
        if stream is None:
            return envelope(200, 0, [])
        info = _subscriber(None, stream)
        return envelope(
            200, 0, [{**_service(name), "publisherInfo": None, "subscriberInfo": info} for name in stream.subscriptions]
        )

    async def publishers(self, request: Request) -> Response:
        """GET service/publisher/list."""
        parameters = await Parameters.read(request)
        check_instance(parameters)
        service = service_of(parameters)
        ids = {one: stream.id for stream in await self._clients.streams() for one in stream.publications}
        shown = []
        for instance in (await self._registry.list_instances(service)).instances:
            primary, known = instance.endpoints[0], ids.get((_named(service), instance.instance_id))
            client_id = known if instance.on_session else address_id(instance)
            if _is_wanted(parameters, primary.host, primary.port):
                shown.append(_published(client_id, instance))
        return envelope(200, 0, shown)

    async def subscribers(self, request: Request) -> Response:
        """GET service/subscriber/list."""
        parameters = await Parameters.read(request)
        check_instance(parameters)
        found = await self._subscribers(service_of(parameters))
        return envelope(200, 0, [_subscriber(one.id, one) for one in found if _is_wanted(parameters, one.ip, one.port)])

    async def subscribers_by_page(self, request: Request) -> Response:
        """GET service/subscribers."""
        parameters = await Parameters.read(request)
        check_instance(parameters)
        parameters.flag("aggregation", default=True)
        service, (number, size) = service_of(parameters), page_bounds(parameters, MAX_PAGE)
        found = await self._subscribers(service)
        shown = [
            {**_service(_named(service)), "ip": one.ip, "port": one.port, "agent": one.agent, "appName": one.app}
            for one in page_of(found, number, size)
        ]
        return envelope(200, 0, page_view(shown, len(found), number, size))

    async def responsible(self, request: Request) -> Response:
        """GET distro: there is one server."""
        parameters = await Parameters.read(request)
        check_instance(parameters)
        for name, kind in (("ip", "String"), ("port", "Integer")):
            if not parameters.text(name):
                raise missing(name, kind)
        return envelope(200, 0, {"responsibleServer": own_address(request)})

    async def _known(self, client_id: str) -> StreamClient | None:
        """A client that lives by a connection; None for an address. Raises RefusedError if it is neither."""
        stream = await self._clients.stream(client_id)
        if stream is None and not await self._clients.at_address(client_id):
            raise RefusedError(404, 20004, f"clientId [ {client_id} ] not exist")
        return stream

    async def _published_by(self, stream: StreamClient) -> list[tuple[ServiceName, instance_pb2.Instance]]:
        """The instances that a stream holds, of those that are still there."""
        found = []
        for name in dict.fromkeys(service for service, _ in stream.publications):
            namespace, group, service = name
            ref = instance_pb2.ServiceRef(namespace=namespace, group=group, name=service)
            listed = (await self._registry.list_instances(ref)).instances
            found += [(name, one) for one in listed if (name, one.instance_id) in stream.publications]
        return found

    async def _subscribers(self, service: instance_pb2.ServiceRef) -> list[StreamClient]:
        return [one for one in await self._clients.streams() if _named(service) in one.subscriptions]


def own_address(request: Request) -> str:
    """Where this server was reached: `host:port`."""
    host, port = request.scope["server"]
    return f"{host}:{port}"


async def _client_id(request: Request) -> str:
    client_id = (await Parameters.read(request)).text("clientId").strip()
    if not client_id:
        raise missing("clientId", "String")
    return client_id


def _is_wanted(parameters: Parameters, host: str, port: int) -> bool:
    wanted_host, wanted_port = parameters.text("ip"), parameters.first("port").strip()
    return wanted_host in ("", host) and (not wanted_port or int(wanted_port) == port)


def _named(ref: instance_pb2.ServiceRef) -> ServiceName:
    return ref.namespace, ref.group, ref.name


def _service(name: ServiceName) -> dict[str, object]:
    namespace, group, service = name
    return {"namespaceId": nacos_namespace(namespace), "groupName": group, "serviceName": service}


def _shown(stream: StreamClient) -> dict[str, object]:
    return {
        "clientId": stream.id,
        "ephemeral": True,
        "lastUpdatedTime": stream.since_ms,
        "clientType": "connection",
        "connectType": "GRPC",
        "appName": stream.app,
        "version": stream.version,
        "clientIp": stream.ip,
        "clientPort": stream.port,
    }


def _published(client_id: str | None, instance: instance_pb2.Instance) -> dict[str, object]:
    primary = instance.endpoints[0]
    return {"clientId": client_id, "ip": primary.host, "port": primary.port, "clusterName": instance.cluster}


def _subscriber(client_id: str | None, stream: StreamClient) -> dict[str, object]:
    return {"clientId": client_id, "appName": stream.app, "agent": stream.agent, "address": stream.address}
