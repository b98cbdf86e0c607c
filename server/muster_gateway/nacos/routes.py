"""The Nacos naming calls, each one a registry call."""

import re

import grpc.aio
import msgspec
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos import convert
from muster_gateway.nacos.answers import SECURITY_HEADERS, answering, envelope
from muster_gateway.nacos.errors import MESSAGES, RefusedError, missing
from muster_gateway.nacos.parameters import Parameters, check_instance, check_list
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of
from muster_gateway.rendered import Rendered
from muster_gateway.route import Parameter, Route

_LEGAL_CLUSTER = re.compile(r"[0-9a-zA-Z-]+")

_SERVICE = (
    Parameter("namespaceId", "form", "`public` if absent"),
    Parameter("groupName", "form", "`DEFAULT_GROUP` if absent"),
    Parameter("serviceName", "form", "which service", is_required=True),
)
_INSTANCE = (
    *_SERVICE,
    Parameter("ip", "form", "address or host name", is_required=True),
    Parameter("port", "form", "0 to 65535", is_required=True),
    Parameter("ephemeral", "form", "`true` if absent; `false`: persistent"),
)
_REGISTER = (
    *_INSTANCE,
    Parameter("clusterName", "form", "`DEFAULT` if absent"),
    Parameter("healthy", "form", "`true` if absent"),
    Parameter("enabled", "form", "`true` if absent"),
    Parameter("weight", "form", "0 to 10000; 1 if absent"),
    Parameter("metadata", "form", "JSON object, or `k=v,k2=v2`"),
    Parameter("heartBeat", "form", "`true`: renew only"),
)


class Nacos:
    """The room: knows the registry by its stubs only. Lists are kept rendered until their service changes."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._rendered = Rendered(unmarked=0)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path = "/nacos/v3/client/ns/instance"
        clusters = Parameter("clusterName", "query", "comma-separated; `DEFAULT` if absent")
        listing = (*(Parameter(p.name, "query", p.text, p.is_required) for p in _SERVICE), clusters)
        return (
            Route("POST", path, answering(self.register), "Register an instance, or renew it", _REGISTER, '`data: "ok"`'),
            Route("DELETE", path, answering(self.deregister), "Deregister an instance", _INSTANCE, '`data: "ok"`'),
            Route("GET", f"{path}/list", answering(self.list_instances), "List the enabled instances", listing, "`data`: array"),
        )

    async def register(self, request: Request) -> Response:
        """POST: register, or with heartBeat=true renew."""
        parameters = await Parameters.read(request)
        metadata = check_instance(parameters)
        service, host, port = _identity(parameters)
        if parameters.flag("heartBeat", default=False):
            return await self._renew(service, host, port)
        message = _instance(parameters, metadata, host, port)
        asked = registration.RegisterRequest(service=service, instance=message, unique_address=True)
        try:
            await self._registry.registration.Register(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "SERVICE_KIND_MISMATCH":
                raise
            wants, has = ("persistent", "ephemeral") if message.persistent else ("ephemeral", "persistent")
            problem = f"Current service {service.group}@@{service.name} is {has} service, can't register {wants} instance."
            text = f"errCode: 400, errMsg: {problem} "
            raise RefusedError(400, 30000, text) from error
        return envelope(200, 0, "ok")

    async def deregister(self, request: Request) -> Response:
        """DELETE. What is not there is no error."""
        parameters = await Parameters.read(request)
        check_instance(parameters)
        service, host, port = _identity(parameters)
        is_persistent = not parameters.flag("ephemeral", default=True)
        ref = _address_ref(service, host, port, is_persistent=is_persistent)
        await self._registry.registration.Deregister(
            registration.DeregisterRequest(ref=ref, allow_missing=True), timeout=CALL_TIMEOUT_S
        )
        return envelope(200, 0, "ok")

    async def list_instances(self, request: Request) -> Response:
        """GET list: the enabled instances of the asked clusters."""
        parameters = await Parameters.read(request)
        check_list(parameters)
        parameters.flag("healthyOnly", default=False)
        service = _service(parameters)
        clusters = parameters.text("clusterName", "DEFAULT")
        key = (service.namespace, service.group, service.name, clusters)
        revision, body = self._rendered.get(key)
        found = await self._registry.list_instances(service, revision)
        if not found.not_modified:
            wanted = clusters.split(",")
            shown = [convert.view(message, service.group, service.name) for message in found.instances if message.cluster in wanted]
            body = msgspec.json.encode({"code": 0, "message": MESSAGES[0], "data": [item for item in shown if item["enabled"]]})
            self._rendered.keep(key, found.revision, body)
        return Response(body, headers={**SECURITY_HEADERS, "content-type": "application/json"})

    async def _renew(self, service: instance_pb2.ServiceRef, host: str, port: int) -> Response:
        ref = _address_ref(service, host, port, is_persistent=False)
        renewed = await self._registry.registration.Renew(registration.RenewRequest(refs=[ref]), timeout=CALL_TIMEOUT_S)
        return envelope(200, 21003, None) if renewed.missing else envelope(200, 0, "ok")


def _service(parameters: Parameters) -> instance_pb2.ServiceRef:
    name = parameters.text("serviceName")
    if not name:
        raise missing("serviceName", "String")
    return convert.service_ref(parameters.text("namespaceId"), parameters.text("groupName", "DEFAULT_GROUP"), name)


def _identity(parameters: Parameters) -> tuple[instance_pb2.ServiceRef, str, int]:
    service, host, port = _service(parameters), parameters.text("ip"), parameters.first("port")
    if not host:
        raise missing("ip", "String")
    if not port.strip():
        raise missing("port", "Integer")
    return service, host, int(port)


def _instance(parameters: Parameters, metadata: dict[str, str], host: str, port: int) -> instance_pb2.Instance:
    weight, cluster = parameters.number("weight", 1.0), parameters.text("clusterName", "DEFAULT")
    if not 0.0 <= weight <= 10000.0:
        raise RefusedError(400, 21001, "instance format invalid: The weights range from 0.0 to 10000.0")
    interval = convert.millis(metadata, convert.INTERVAL)
    if interval > convert.millis(metadata, convert.TIMEOUT) or interval > convert.millis(metadata, convert.DELETE):
        text = "Instance 'heart beat interval' must less than 'heart beat timeout' and 'ip delete timeout'."
        raise RefusedError(400, 21004, text)
    if _LEGAL_CLUSTER.fullmatch(cluster) is None:
        text = f"Instance 'clusterName' should be characters with only 0-9a-zA-Z-. (current: {cluster})"
        raise RefusedError(400, 21004, text)
    message = instance_pb2.Instance(
        endpoints=[instance_pb2.Endpoint(host=host, port=port)],
        cluster=cluster,
        weight=weight,
        metadata=metadata,
        persistent=not parameters.flag("ephemeral", default=True),
        health=instance_pb2.HEALTH_HEALTHY if parameters.flag("healthy", default=True) else instance_pb2.HEALTH_UNHEALTHY,
        declared_admin_state=instance_pb2.ADMIN_STATE_ENABLED
        if parameters.flag("enabled", default=True)
        else instance_pb2.ADMIN_STATE_DISABLED,
    )
    if not message.persistent:
        convert.set_lease(message, metadata)
    return message


def _address_ref(service: instance_pb2.ServiceRef, host: str, port: int, *, is_persistent: bool) -> instance_pb2.InstanceRef:
    address = instance_pb2.InstanceAddress(host=host, port=port, persistent=is_persistent)
    return instance_pb2.InstanceRef(service=service, address=address)
