"""The admin calls for clusters and health. Nothing is checked by connecting to it: health is what beats and operators say."""

import json
from collections.abc import Mapping

import grpc.aio
from google.protobuf.field_mask_pb2 import FieldMask
from muster.admin.v1 import admin_service_pb2 as admin
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos.admin_reads import grouped
from muster_gateway.nacos.answers import answering, envelope
from muster_gateway.nacos.errors import RefusedError, missing, unreadable
from muster_gateway.nacos.instance_forms import INSTANCE, SERVICE, address_ref, health_of, identity_of, service_of
from muster_gateway.nacos.parameters import Parameters, check_instance, check_port
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of
from muster_gateway.route import Parameter, Route

CHECKERS: dict[str, dict[str, object]] = {"NONE": {}}
_CLUSTER = (
    *SERVICE,
    Parameter("clusterName", "form", "which cluster", is_required=True),
    Parameter("checkPort", "form", "0 to 65535; not used", is_required=True),
    Parameter("useInstancePort4Check", "form", "`true` or `false`; not used", is_required=True),
    Parameter("healthChecker", "form", '`{"type": "NONE"}`: no other is served', is_required=True),
    Parameter("metadata", "form", "JSON object, or `k=v,k2=v2`"),
)
_HEALTH = (*INSTANCE[:-1], Parameter("healthy", "form", "`true` or `false`", is_required=True))
_OK = '`data: "ok"`'


class NacosAdminHealth:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path, set_health = "/nacos/v3/admin/ns", answering(self.set_health)
        return (
            Route("PUT", f"{path}/cluster", answering(self.update_cluster), "Describe a cluster of a service", _CLUSTER, _OK),
            Route("PUT", f"{path}/health/instance", set_health, "Set the health of a persistent instance", _HEALTH, _OK),
            Route("GET", f"{path}/health/checkers", answering(self.checkers), "List the kinds of checks", (), "`data`: by kind"),
        )

    async def update_cluster(self, request: Request) -> Response:
        """PUT cluster."""
        parameters = await Parameters.read(request)
        metadata = check_instance(parameters)
        service = service_of(parameters)
        for name, kind in _REQUIRED:
            if not parameters.text(name):
                raise missing(name, kind)
        check_port(parameters.first("checkPort"))
        parameters.flag("useInstancePort4Check", default=True)
        _check_checker(parameters.text("healthChecker"))
        cluster = admin.ServiceCluster(name=parameters.text("clusterName"), metadata=metadata)
        said = admin.Service(ref=service, clusters=[cluster])
        asked = admin.UpdateServiceRequest(service=said, update_mask=FieldMask(paths=["clusters"]))
        try:
            await self._registry.admin.UpdateService(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "SERVICE_NOT_FOUND":
                raise
            text = f"service not found groupName: {service.group},serviceName: {service.name}"
            raise RefusedError(400, 30000, text) from error
        return envelope(200, 0, "ok")

    async def set_health(self, request: Request) -> Response:
        """PUT health/instance. The health of an ephemeral instance is its client's to say."""
        parameters = await Parameters.read(request)
        check_instance(parameters)
        service, host, port = identity_of(parameters)
        if not parameters.text("healthy"):
            raise missing("healthy", "Boolean")
        said = instance_pb2.Instance(health=health_of(parameters.flag("healthy", default=True)))
        asked = registration.UpdateInstanceRequest(
            ref=address_ref(service, host, port, is_persistent=True), instance=said, update_mask=FieldMask(paths=["health"])
        )
        try:
            await self._registry.registration.UpdateInstance(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "INSTANCE_NOT_FOUND":
                raise
            text = f"there is no persistent instance {host}:{port} in service {grouped(service)}"
            raise RefusedError(404, 20004, text) from error
        return envelope(200, 0, "ok")

    async def checkers(self, _: Request) -> Response:
        """GET health/checkers."""
        return envelope(200, 0, CHECKERS)


_REQUIRED = (
    ("clusterName", "String"),
    ("checkPort", "Integer"),
    ("useInstancePort4Check", "Boolean"),
    ("healthChecker", "String"),
)


def _check_checker(text: str) -> None:
    """Raises RefusedError for what cannot be read, or would have to connect."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise unreadable("healthChecker") from None
    if not isinstance(found, Mapping) or str(found.get("type")) not in CHECKERS:
        raise RefusedError(400, 20002, 'Instances are not checked: the healthChecker can be {"type":"NONE"} only.')
