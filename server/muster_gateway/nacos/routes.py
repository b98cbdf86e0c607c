"""The Nacos naming calls, each one a registry call."""

import msgspec
from muster.registry.v1 import instance_pb2
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos import convert
from muster_gateway.nacos.answers import SECURITY_HEADERS, answering, envelope
from muster_gateway.nacos.errors import MESSAGES
from muster_gateway.nacos.instances import Instances, address_ref, identity_of, instance_of, service_of
from muster_gateway.nacos.parameters import Parameters, check_instance, check_list
from muster_gateway.nacos.rendered import Rendered
from muster_gateway.registry import Registry
from muster_gateway.route import Parameter, Route

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
        self._registry, self._instances = registry, Instances(registry)
        self._rendered = Rendered()

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
        service, host, port = identity_of(parameters)
        if parameters.flag("heartBeat", default=False):
            return await self._renew(service, host, port)
        message = instance_of(parameters, metadata, host, port)
        await self._instances.register(service, message)
        return envelope(200, 0, "ok")

    async def deregister(self, request: Request) -> Response:
        """DELETE. What is not there is no error."""
        parameters = await Parameters.read(request)
        check_instance(parameters)
        service, host, port = identity_of(parameters)
        is_persistent = not parameters.flag("ephemeral", default=True)
        ref = address_ref(service, host, port, is_persistent=is_persistent)
        await self._instances.deregister(ref)
        return envelope(200, 0, "ok")

    async def list_instances(self, request: Request) -> Response:
        """GET list: the enabled instances of the asked clusters."""
        parameters = await Parameters.read(request)
        check_list(parameters)
        parameters.flag("healthyOnly", default=False)
        service = service_of(parameters)
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
        ref = address_ref(service, host, port, is_persistent=False)
        return envelope(200, 0, "ok") if await self._instances.renew(ref) else envelope(200, 21003, None)
