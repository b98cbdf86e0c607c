"""The admin calls for services as a whole."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

import grpc.aio
from google.protobuf.field_mask_pb2 import FieldMask
from muster.admin.v1 import admin_service_pb2 as admin
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos import service_views as views
from muster_gateway.nacos.admin_reads import AdminReads, grouped
from muster_gateway.nacos.answers import answering, envelope
from muster_gateway.nacos.convert import nacos_namespace, native_namespace
from muster_gateway.nacos.errors import RefusedError, unreadable
from muster_gateway.nacos.instance_forms import SERVICE, service_of
from muster_gateway.nacos.paging import MAX_PAGE, PAGE, page_bounds, page_of, page_view
from muster_gateway.nacos.parameters import Parameters, check_format, check_instance
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of
from muster_gateway.route import Parameter, Route, in_query

SELECTORS = ("none",)
_UPDATE = (
    *SERVICE,
    Parameter("protectThreshold", "form", "0 to 1: if no larger share is healthy, all are listed as healthy; 0 if absent"),
    Parameter("metadata", "form", "JSON object, or `k=v,k2=v2`"),
    Parameter("selector", "form", 'JSON, URL-encoded: `{"type": "none"}`'),
)
_CREATE = (*_UPDATE, Parameter("ephemeral", "form", "`false` if absent: the kind of instances it is meant for"))
_LIST = (
    Parameter("namespaceId", "query", "`public` if absent"),
    Parameter("serviceNameParam", "query", "a part of the name"),
    Parameter("groupNameParam", "query", "a part of the group's name"),
    Parameter("ignoreEmptyService", "query", "`true`: only those with instances"),
    Parameter("withInstances", "query", "`true`: with all instances"),
    *PAGE,
)
_OK = '`data: "ok"`'


class NacosAdminServices:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._reads = registry, AdminReads(registry)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path, show, list_services = "/nacos/v3/admin/ns/service", answering(self.show), answering(self.list_services)
        return (
            Route("POST", path, answering(self.create), "Describe a service before it has instances", _CREATE, _OK),
            Route("PUT", path, answering(self.update), "Describe a service anew", _UPDATE, _OK),
            Route("DELETE", path, answering(self.delete), "Delete a service without instances", SERVICE, _OK),
            Route("GET", path, show, "Show a service without its instances", in_query(SERVICE), "`data`: the service"),
            Route("GET", f"{path}/list", list_services, "List the services of a namespace", _LIST, "`data`: a page"),
            Route("GET", f"{path}/selector/types", answering(self.selectors), "List the kinds of selectors", (), "`data`: array"),
        )

    async def create(self, request: Request) -> Response:
        """POST."""
        parameters = await Parameters.read(request)
        said = _described(parameters)
        said.persistent = not parameters.flag("ephemeral", default=False)
        try:
            await self._registry.admin.CreateService(admin.CreateServiceRequest(service=said), timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "SERVICE_EXISTS":
                raise
            raise RefusedError(400, 21007, f"specified service {grouped(said.ref)} already exists!") from error
        return envelope(200, 0, "ok")

    async def update(self, request: Request) -> Response:
        """PUT: metadata and threshold, both of them. What is said of clusters stays."""
        parameters = await Parameters.read(request)
        said = _described(parameters)
        asked = admin.UpdateServiceRequest(service=said, update_mask=FieldMask(paths=["metadata", "protect_threshold"]))
        try:
            await self._registry.admin.UpdateService(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise _absent(error, said.ref) from error
        return envelope(200, 0, "ok")

    async def delete(self, request: Request) -> Response:
        """DELETE."""
        parameters = await Parameters.read(request)
        check_instance(parameters)
        service = service_of(parameters)
        try:
            await self._registry.admin.DeleteService(admin.DeleteServiceRequest(ref=service), timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "SERVICE_NOT_EMPTY":
                raise _absent(error, service) from error
            text = f"Service {grouped(service)} is not empty, can't be delete. Please unregister instance first"
            raise RefusedError(400, 21009, text) from error
        return envelope(200, 0, "ok")

    async def show(self, request: Request) -> Response:
        """GET."""
        parameters = await Parameters.read(request)
        check_instance(parameters)
        service = service_of(parameters)
        found = await self._reads.service(service)
        if found is None:
            namespace = nacos_namespace(service.namespace)
            raise RefusedError(400, 21008, f"service not found, namespace: {namespace}, serviceName: {grouped(service)}")
        instances = (await self._registry.list_instances(service)).instances
        return envelope(200, 0, views.service(found, instances))

    async def list_services(self, request: Request) -> Response:
        """GET list. O(services of the namespace)."""
        parameters = await Parameters.read(request)
        check_format("namespaceId/tenant", parameters.text("namespaceId"))
        number, size = page_bounds(parameters, MAX_PAGE)
        ignores_empty = parameters.flag("ignoreEmptyService", default=False)
        with_instances = parameters.flag("withInstances", default=False)
        name, group = parameters.text("serviceNameParam").strip(), parameters.text("groupNameParam").strip()
        found = [
            summary.service
            async for summary in self._reads.services(native_namespace(parameters.text("namespaceId")))
            if name in summary.service.name and group in summary.service.group and (summary.instance_count or not ignores_empty)
        ]
        shown = [await self._shown(ref, with_instances=with_instances) for ref in page_of(found, number, size)]
        return envelope(200, 0, page_view(shown, len(found), number, size))

    async def selectors(self, _: Request) -> Response:
        """GET selector/types."""
        return envelope(200, 0, SELECTORS)

    async def _shown(self, ref: instance_pb2.ServiceRef, *, with_instances: bool) -> dict[str, object]:
        listed: discovery.ListInstancesResponse = await self._registry.list_instances(ref)
        if not with_instances:
            return views.summary(ref, listed)
        described = await self._reads.service(ref)
        return views.with_hosts(described or admin.Service(ref=ref), listed.instances)


def _described(parameters: Parameters) -> admin.Service:
    """What a form says of a service. Raises RefusedError, BadParameterError."""
    metadata = check_instance(parameters)
    service = service_of(parameters)
    threshold = parameters.number("protectThreshold", 0.0)
    if not 0.0 <= threshold <= 1.0:
        raise unreadable("protectThreshold")
    _check_selector(parameters.text("selector"))
    return admin.Service(ref=service, metadata=metadata, protect_threshold=threshold)


def _check_selector(text: str) -> None:
    """Raises RefusedError for any selector that narrows what is listed: there is no CMDB that could tell of labels."""
    if not text:
        return
    found: Any = None
    for form in (text, unquote_plus(text)):
        try:
            found = json.loads(form)
            break
        except (ValueError, RecursionError):
            continue
    if not isinstance(found, Mapping) or found.get("type") not in SELECTORS:
        raise RefusedError(400, 21006, "not match any type of selector!")


def _absent(error: grpc.aio.AioRpcError, service: instance_pb2.ServiceRef) -> Exception:
    """The refusal of a service that is not known, or the error itself if it is another."""
    if reason_of(error) != "SERVICE_NOT_FOUND":
        return error
    return RefusedError(400, 21008, f"service {grouped(service)} not found!")
