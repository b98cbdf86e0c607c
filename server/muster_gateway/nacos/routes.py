"""The Nacos naming calls of clients, each one a registry call."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos import convert
from muster_gateway.nacos.answers import SECURITY_HEADERS, answering, envelope
from muster_gateway.nacos.errors import MESSAGES
from muster_gateway.nacos.instance_forms import (
    INSTANCE,
    REGISTRATION,
    SERVICE,
    InstanceWrites,
    address_ref,
    identity_of,
    service_of,
)
from muster_gateway.nacos.parameters import Parameters, check_instance, check_list
from muster_gateway.registry import Registry
from muster_gateway.rendered import Rendered
from muster_gateway.route import Parameter, Route, in_query

_REGISTER = (*REGISTRATION, Parameter("heartBeat", "form", "`true`: renew only"))


class Nacos:
    """The room: knows the registry by its stubs only. Lists are kept rendered until their service changes."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._writes = InstanceWrites(registry)
        self._rendered = Rendered(unmarked=0)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path = "/nacos/v3/client/ns/instance"
        listing = (*in_query(SERVICE), Parameter("clusterName", "query", "comma-separated; `DEFAULT` if absent"))
        return (
            Route("POST", path, answering(self.register), "Register an instance, or renew it", _REGISTER, '`data: "ok"`'),
            Route("DELETE", path, answering(self.deregister), "Deregister an instance", INSTANCE, '`data: "ok"`'),
            Route("GET", f"{path}/list", answering(self.list_instances), "List the enabled instances", listing, "`data`: array"),
        )

    async def register(self, request: Request) -> Response:
        """POST: register, or with heartBeat=true renew."""
        parameters = await Parameters.read(request)
        check_instance(parameters)
        if parameters.flag("heartBeat", default=False):
            return await self._renew(parameters)
        await self._writes.register(parameters)
        return envelope(200, 0, "ok")

    async def deregister(self, request: Request) -> Response:
        """DELETE. What is not there is no error."""
        await self._writes.deregister(await Parameters.read(request))
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
            listed = [item for item in shown if item["enabled"]]
            convert.protect(listed, convert.threshold_of(found))
            body = msgspec.json.encode({"code": 0, "message": MESSAGES[0], "data": listed})
            self._rendered.keep(key, found.revision, body)
        return Response(body, headers={**SECURITY_HEADERS, "content-type": "application/json"})

    async def _renew(self, parameters: Parameters) -> Response:
        service, host, port = identity_of(parameters)
        ref = address_ref(service, host, port, is_persistent=False)
        return envelope(200, 0, "ok") if await self._writes.renew(ref) else envelope(200, 21003, None)
