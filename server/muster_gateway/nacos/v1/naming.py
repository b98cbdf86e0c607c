"""The naming calls of Nacos 1: registration kept by beats, lists, and a subscription by UDP for those who name a port."""

import grpc.aio
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos import convert
from muster_gateway.nacos.answers import SECURITY_HEADERS
from muster_gateway.nacos.config_parameters import unmapped
from muster_gateway.nacos.errors import BadParameterError
from muster_gateway.nacos.grpc.requests import text as as_text
from muster_gateway.nacos.grpc.service_info import ReferenceTimes, Shown
from muster_gateway.nacos.instance_forms import InstanceWrites, address_ref, instance_of
from muster_gateway.nacos.parameters import MAX_METADATA, Parameters, check_format, check_instance, check_list, check_port
from muster_gateway.nacos.v1.answers import NAMING_JSON, TEXT, answering, document, text
from muster_gateway.nacos.v1.parameters import Beat, as_instance, grouped_name, number, read_beat, required
from muster_gateway.nacos.v1.pushes import Pushes
from muster_gateway.nacos.v1.service_info import service_info
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of
from muster_gateway.rendered import Rendered
from muster_gateway.route import Parameter, Route

RENEWED, UNKNOWN = 10200, 20404

_SERVICE = (
    Parameter("serviceName", "query", "which service; `group@@name`, or a name in `groupName`", is_required=True),
    Parameter("groupName", "query", "`DEFAULT_GROUP` if absent"),
    Parameter("namespaceId", "query", "`public` if absent"),
)
_ADDRESS = (
    Parameter("ip", "query", "address or host name", is_required=True),
    Parameter("port", "query", "0 to 65535", is_required=True),
)
_INSTANCE = (*_SERVICE, *_ADDRESS, Parameter("ephemeral", "query", "`true` if absent; `false`: persistent"))
_REGISTER = (
    *_INSTANCE,
    Parameter("clusterName", "query", "`DEFAULT` if absent"),
    Parameter("healthy", "query", "`true` if absent"),
    Parameter("enabled", "query", "or `enable`; `true` if absent"),
    Parameter("weight", "query", "0 to 10000; 1 if absent"),
    Parameter("metadata", "query", "JSON object, or `k=v,k2=v2`"),
)
_BEAT = (*_SERVICE, Parameter("beat", "query", "JSON of the instance, by which an unknown one is registered"), *_ADDRESS)
_LIST = (
    *_SERVICE,
    Parameter("clusters", "query", "comma-separated; all if absent"),
    Parameter("healthyOnly", "query", "`false` if absent"),
    Parameter("udpPort", "query", "where the client takes changes as datagrams, for half a minute from now"),
)
_PAGE = (Parameter("pageNo", "query", "from 1", is_required=True), Parameter("pageSize", "query", "of names", is_required=True))


class Naming:
    """Knows the registry by its stubs only. Lists are kept rendered until their service changes."""

    def __init__(self, registry: Registry, pushes: Pushes, times: ReferenceTimes) -> None:
        self._registry, self._instances = registry, InstanceWrites(registry)
        self._pushes, self._times = pushes, times
        self._rendered = Rendered(unmarked=0)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path = "/nacos/v1/ns"
        rows = (
            ("POST", "instance", self.register, "register an instance", _REGISTER, "`ok`"),
            ("DELETE", "instance", self.deregister, "deregister an instance", _INSTANCE, "`ok`"),
            ("PUT", "instance/beat", self.beat, "renew an instance", _BEAT, "`code` 10200, or 20404: unknown, register it"),
            ("GET", "instance/list", self.list_instances, "list the enabled instances", _LIST, "a ServiceInfo"),
            ("GET", "service/list", self.list_services, "list the services of a group", (*_PAGE, *_SERVICE[1:]), "`count`, `doms`"),
        )
        routes = (
            Route(method, f"{path}/{name}", answering(handler, TEXT), f"Nacos 1: {summary}", parameters, answer)
            for method, name, handler, summary, parameters, answer in rows
        )
        up, told = answering(self.metrics, TEXT), "`status`: `UP` or `DOWN`"
        return (*routes, Route("GET", f"{path}/operator/metrics", up, "Nacos 1: is the server up", (), told, is_public=True))

    async def register(self, request: Request) -> Response:
        """POST instance."""
        sent = await Parameters.read(request)
        check_instance(sent)
        await self._instances.register(as_instance(sent))
        return text(200, "ok")

    async def deregister(self, request: Request) -> Response:
        """DELETE instance. What is not there is no error."""
        sent = await Parameters.read(request)
        check_instance(sent)
        await self._instances.deregister(as_instance(sent))
        return text(200, "ok")

    async def beat(self, request: Request) -> Response:
        """PUT instance/beat. A beat that says all of its instance registers one that is not known."""
        sent = await Parameters.read(request)
        check_instance(sent)
        beat = read_beat(sent)
        group, name = grouped_name(sent)
        service = convert.service_ref(sent.text("namespaceId"), group, name)
        if beat is None:
            host, port = sent.text("ip"), int(sent.first("port").strip() or 0)
        else:
            host, port = beat.ip or "", beat.port or 0
            _check_beat(beat)
        ref = address_ref(service, host, port, is_persistent=False)
        metadata = {key: as_text(value) for key, value in ((beat and beat.metadata) or {}).items()}
        if not await self._instances.renew(ref):
            if beat is None:
                return _beaten(UNKNOWN, convert.DEFAULTS_MS[convert.INTERVAL])
            await self._instances.put(service, _told(beat, sent, metadata))
        elif beat is None:
            metadata = await self._metadata(ref)
        return _beaten(RENEWED, convert.millis(metadata, convert.INTERVAL))

    async def list_instances(self, request: Request) -> Response:
        """GET instance/list. With `udpPort` the client is told of changes until it has been silent for half a minute."""
        sent = await Parameters.read(request)
        check_list(sent)
        group, name = grouped_name(sent)
        service = convert.service_ref(sent.text("namespaceId"), group, name)
        key = (service.namespace, group, name)
        clusters, is_healthy_only = sent.text("clusters"), sent.flag("healthyOnly", default=False)
        place = (*key, clusters, "healthy" if is_healthy_only else "")
        revision, body = self._rendered.get(place)
        found = await self._registry.list_instances(service, revision)
        if not found.not_modified:
            revision = found.revision
            what = Shown(group, name, clusters, convert.threshold_of(found), is_healthy_only)
            body = service_info(what, found.instances, self._times.at(key, (found.epoch, revision)))
            self._rendered.keep(place, revision, body)
        udp_port = sent.first("udpPort").strip()
        check_port(udp_port)
        if udp_port and request.client is not None:
            self._pushes.subscribe(key, clusters, (unmapped(request.client.host), int(udp_port)), (found.epoch, revision))
        return Response(body, headers={**SECURITY_HEADERS, "content-type": NAMING_JSON})

    async def list_services(self, request: Request) -> Response:
        """GET service/list: a page of bare names, and how many there are."""
        sent = await Parameters.read(request)
        check_list(sent)
        page, size = number(sent, "pageNo"), number(sent, "pageSize")
        namespace = convert.native_namespace(sent.text("namespaceId").strip())
        names = await self._registry.service_names(namespace, sent.text("groupName", "DEFAULT_GROUP"))
        first = max(page - 1, 0) * size
        return document({"count": len(names), "doms": names[first : first + size]}, NAMING_JSON)

    async def metrics(self, _: Request) -> Response:
        """GET operator/metrics: up if the registry answers."""
        asked = discovery.ListServicesRequest(namespace="default", page_size=1)
        try:
            await self._registry.discovery.ListServices(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if not reason_of(error):  # a refusal would be an answer
                return document({"status": "DOWN"}, NAMING_JSON)
        return document({"status": "UP"}, NAMING_JSON)

    async def _metadata(self, ref: instance_pb2.InstanceRef) -> dict[str, str]:
        try:
            found = await self._registry.discovery.GetInstance(discovery.GetInstanceRequest(ref=ref), timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "INSTANCE_NOT_FOUND":
                raise
            return {}  # gone since it was renewed
        return dict(found.instance.metadata)


def _check_beat(beat: Beat) -> None:
    """The filter for what a beat says. Raises BadParameterError, RefusedError."""
    required(Parameters({"ip": [beat.ip or ""]}), "ip")
    check_format("ip", beat.ip or "")
    check_format("cluster", beat.cluster or "")
    check_port(str(beat.port or 0))
    if sum(len(key) + len(as_text(value)) for key, value in (beat.metadata or {}).items()) > MAX_METADATA:
        raise BadParameterError(f"Param 'Metadata' is illegal, the param length should not exceed {MAX_METADATA}.")


def _told(beat: Beat, sent: Parameters, metadata: dict[str, str]) -> instance_pb2.Instance:
    """The instance that a beat tells of. Raises RefusedError."""
    cluster = beat.cluster or sent.text("clusterName") or sent.text("cluster")
    weight = "" if beat.weight is None else str(beat.weight)
    told = Parameters({"clusterName": [cluster], "weight": [weight]})
    return instance_of(told, metadata, beat.ip or "", beat.port or 0)


def _beaten(code: int, interval_ms: int) -> Response:
    return document({"clientBeatInterval": interval_ms, "code": code, "lightBeatEnabled": True}, NAMING_JSON)
