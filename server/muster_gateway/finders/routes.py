"""The Finders calls, each one a registry call or two."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc.aio
import msgspec
from google.protobuf.field_mask_pb2 import FieldMask
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.finders import convert
from muster_gateway.finders.convert import DEFAULT_CLUSTER, Identity, RefusedError
from muster_gateway.finders.lookup import Lookup
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, http_status, message_of, reason_of
from muster_gateway.route import Parameter, Route

JSON = "application/json;charset=UTF-8"
_STATUS_PATHS = ("health", "declared_admin_state")
_LEASED_STATUS_PATHS = (*_STATUS_PATHS, "lease.paused")

_NAMESPACE = Parameter("namespace", "json", "isolates services; `default` if absent")
_CLUSTER = Parameter("cluster", "json", "`DEFAULT_CLUSTER` if absent")
_IDENTITY = (
    _NAMESPACE,
    _CLUSTER,
    Parameter("serviceName", "json", "characters 0-9a-zA-Z@.:_-", is_required=True),
    Parameter("ip", "json", "address or host name", is_required=True),
    Parameter("port", "json", "1 to 65535", is_required=True),
)


def in_query(parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    """The same parameters, in the query."""
    return tuple(Parameter(p.name, "query", p.text, p.is_required) for p in parameters)


class Finders:
    """The room: knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._lookup = Lookup(registry)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        status = Parameter("status", "json", "HEALTHY, UN_HEALTHY, DISABLE; anything else is UNKNOWN", is_required=True)
        filters = (
            Parameter("namespace", "query", "`default` if absent"),
            Parameter("serviceName", "query", "which service", is_required=True),
            Parameter("clusters", "query", "comma-separated; all if absent"),
            Parameter("healthy", "query", "`true`: HEALTHY only; other text: UN_HEALTHY only; absent: all"),
        )
        wrap = self._answering
        return (
            Route("GET", "/api/instance/list", wrap(self.list_instances), "List a service's instances", filters, "JSON object"),
            Route("GET", "/api/instance", wrap(self.get), "One instance", in_query(_IDENTITY), "JSON object, or null"),
            Route("POST", "/api/instance", wrap(self.register), "Register an instance", _IDENTITY, "`success`"),
            Route("DELETE", "/api/instance", wrap(self.deregister), "Deregister an instance", _IDENTITY, "`success`"),
            Route("PUT", "/api/instance/beat", wrap(self.beat), "Renew an instance; at least every 10 s", _IDENTITY, "`success`"),
            Route("PUT", "/api/instance/status", wrap(self.set_status), "Change its status", (*_IDENTITY, status), "`success`"),
            Route("GET", "/service/names", wrap(self.names), "Names of services", in_query((_NAMESPACE,)), "JSON array"),
            Route("GET", "/server/health", wrap(self.health), "Liveness", (), "`health`", is_public=True),
        )

    async def list_instances(self, request: Request) -> Response:
        """GET /api/instance/list."""
        query = convert.parse_query(request.scope["query_string"])
        name = convert.required("serviceName", query.get("servicename", ""))
        found = await self._registry.list_instances(convert.service_ref(query.get("namespace") or "default", name))
        shown = [convert.view(message, name) for message in found.instances]
        if clusters := convert.cluster_list(query.get("clusters", "")):
            shown = [item for cluster in clusters for item in shown if item["cluster"] == cluster]
        if healthy := query.get("healthy", ""):
            wanted = "HEALTHY" if healthy.lower() == "true" else "UN_HEALTHY"
            shown = [item for item in shown if item["status"] == wanted]
        present = list(dict.fromkeys(item["cluster"] for item in shown))
        return _json({"serviceName": name, "clusters": present, "instances": shown})

    async def get(self, request: Request) -> Response:
        """GET /api/instance."""
        query = convert.parse_query(request.scope["query_string"])
        name = convert.required("serviceName", query.get("servicename", ""))
        host = convert.required("ip", query.get("ip", ""))
        port = convert.port_text(convert.required("port", query.get("port", "")))
        cluster = query.get("cluster") or DEFAULT_CLUSTER
        identity = convert.identity(query.get("namespace") or "default", name, cluster, (host, port))
        found = await self._lookup.find(identity)
        return _json(None if found is None else convert.view(found, name))

    async def register(self, request: Request) -> Response:
        """POST /api/instance."""
        body = convert.parse_body(await request.body())
        service = _identity(body).service
        status = convert.status_at_registration(body)
        message = convert.instance(text_cluster(body), (convert.text_of(body, "ip"), convert.port_of(body)), status)
        await self._registry.registration.Register(
            registration.RegisterRequest(service=service, instance=message, id_only=True), timeout=CALL_TIMEOUT_S
        )
        return _success()

    async def deregister(self, request: Request) -> Response:
        """DELETE /api/instance. What is not there is no error."""

        async def remove(ref: instance_pb2.InstanceRef) -> bool:
            answer: registration.DeregisterResponse = await self._registry.registration.Deregister(
                registration.DeregisterRequest(ref=ref, allow_missing=True), timeout=CALL_TIMEOUT_S
            )
            return answer.removed

        await self._lookup.on(_identity(convert.parse_body(await request.body())), remove)
        return _success()

    async def beat(self, request: Request) -> Response:
        """PUT /api/instance/beat. What is not there is no error; what is disabled stays so."""

        async def renew(ref: instance_pb2.InstanceRef) -> bool:
            answer: registration.RenewResponse = await self._registry.registration.Renew(
                registration.RenewRequest(refs=[ref]), timeout=CALL_TIMEOUT_S
            )
            return not answer.missing

        await self._lookup.on(_identity(convert.parse_body(await request.body())), renew)
        return _success()

    async def set_status(self, request: Request) -> Response:
        """PUT /api/instance/status. Any status but DISABLE also lifts what an operator laid over the instance."""
        body = convert.parse_status_body(await request.body())
        name, host, port = (convert.required(field, convert.text_of(body, field)) for field in ("serviceName", "ip", "port"))
        if "status" not in body or body["status"] == "":
            raise RefusedError("Param 'status' is required")
        status = convert.text_of(body, "status").upper()
        status = status if status in convert.STATUSES else "UNKNOWN"
        cluster = convert.text_of(body, "cluster") if "cluster" in body else DEFAULT_CLUSTER
        identity = convert.identity(convert.namespace_of(body), name, cluster, (host, convert.port_text(port)))
        await self._lookup.on(identity, lambda ref: self._set_status(ref, status))
        return _success()

    async def _set_status(self, ref: instance_pb2.InstanceRef, status: str) -> bool:
        try:
            changed = await self._update(ref, status)
            if status != "DISABLE" and changed.HasField("admin_override"):
                await self._registry.registration.SetAdminState(registration.SetAdminStateRequest(ref=ref), timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "INSTANCE_NOT_FOUND":
                raise
            return False
        return True

    async def _update(self, ref: instance_pb2.InstanceRef, status: str) -> instance_pb2.Instance:
        """Write a status. What has no lease, because it lives by a connection or is persistent, does not age in any status."""
        message = instance_pb2.Instance()
        convert.apply_status(message, status)
        asked = registration.UpdateInstanceRequest(ref=ref, instance=message, update_mask=FieldMask(paths=_LEASED_STATUS_PATHS))
        try:
            changed = await self._registry.registration.UpdateInstance(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "INVALID_FIELD":
                raise
            asked.update_mask.paths[:] = _STATUS_PATHS
            changed = await self._registry.registration.UpdateInstance(asked, timeout=CALL_TIMEOUT_S)
        found: instance_pb2.Instance = changed.instance
        return found

    async def names(self, request: Request) -> Response:
        """GET /service/names."""
        query = convert.parse_query(request.scope["query_string"])
        namespace = convert.native_namespace(query.get("namespace") or "default")
        names: list[str] = []
        token = ""
        while True:
            page = await self._registry.discovery.ListServices(
                discovery.ListServicesRequest(namespace=namespace, group="DEFAULT_GROUP", page_token=token), timeout=CALL_TIMEOUT_S
            )
            names += [summary.service.name for summary in page.services]
            token = page.next_page_token
            if not token:
                return Response(msgspec.json.encode(names))

    async def health(self, _: Request) -> Response:
        """GET /server/health."""
        return Response("health")

    def _answering(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except RefusedError as refusal:
                return Response(str(refusal), 400)
            except grpc.aio.AioRpcError as error:
                return Response(message_of(error) or "error", http_status(error))

        return answer


def text_cluster(body: dict[str, Any]) -> str:
    """The cluster of a write."""
    return convert.text_of(body, "cluster") or DEFAULT_CLUSTER


def _identity(body: dict[str, Any]) -> Identity:
    name = convert.required("serviceName", convert.text_of(body, "serviceName"))
    host = convert.required("ip", convert.text_of(body, "ip"))
    cluster = text_cluster(body)
    convert.check_names(cluster, name)
    return convert.identity(convert.namespace_of(body), name, cluster, (host, convert.port_of(body)))


def _success() -> Response:
    return Response("success")


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), headers={"content-type": JSON})
