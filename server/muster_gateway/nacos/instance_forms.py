"""Instances as forms describe them, and the two writes that every naming API has: register and deregister."""

import re

import grpc.aio
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration

from muster_gateway.nacos import convert
from muster_gateway.nacos.errors import RefusedError, missing
from muster_gateway.nacos.parameters import Parameters, check_instance
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of
from muster_gateway.route import Parameter

_LEGAL_CLUSTER = re.compile(r"[0-9a-zA-Z-]+")

SERVICE = (
    Parameter("namespaceId", "form", "`public` if absent"),
    Parameter("groupName", "form", "`DEFAULT_GROUP` if absent"),
    Parameter("serviceName", "form", "which service", is_required=True),
)
INSTANCE = (
    *SERVICE,
    Parameter("ip", "form", "address or host name", is_required=True),
    Parameter("port", "form", "0 to 65535", is_required=True),
    Parameter("ephemeral", "form", "`true` if absent; `false`: persistent"),
)
REGISTRATION = (
    *INSTANCE,
    Parameter("clusterName", "form", "`DEFAULT` if absent"),
    Parameter("healthy", "form", "`true` if absent"),
    Parameter("enabled", "form", "`true` if absent"),
    Parameter("weight", "form", "0 to 10000; 1 if absent"),
    Parameter("metadata", "form", "JSON object, or `k=v,k2=v2`"),
)


class InstanceWrites:
    """Knows the registry by its stubs only. Raises RefusedError and BadParameterError."""

    def __init__(self, registry: Registry) -> None:
        self._registration = registry.registration

    async def register(self, parameters: Parameters) -> None:
        """Put an instance; another one at its address, in another cluster, is replaced."""
        metadata = check_instance(parameters)
        service, host, port = identity_of(parameters)
        await self.put(service, instance_of(parameters, metadata, host, port))

    async def put(self, service: instance_pb2.ServiceRef, message: instance_pb2.Instance) -> None:
        """Put an instance that has passed the filter."""
        asked = registration.RegisterRequest(service=service, instance=message, unique_address=True, id_only=True)
        try:
            await self._registration.Register(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "SERVICE_KIND_MISMATCH":
                raise
            wants, has = ("persistent", "ephemeral") if message.persistent else ("ephemeral", "persistent")
            problem = f"Current service {service.group}@@{service.name} is {has} service, can't register {wants} instance."
            text = f"errCode: 400, errMsg: {problem} "
            raise RefusedError(400, 30000, text) from error

    async def deregister(self, parameters: Parameters) -> None:
        """Remove an instance. What is not there is no error."""
        check_instance(parameters)
        service, host, port = identity_of(parameters)
        ref = address_ref(service, host, port, is_persistent=not parameters.flag("ephemeral", default=True))
        asked = registration.DeregisterRequest(ref=ref, allow_missing=True)
        await self._registration.Deregister(asked, timeout=CALL_TIMEOUT_S)

    async def renew(self, ref: instance_pb2.InstanceRef) -> bool:
        """Renew the lease of an instance; False if it is not there."""
        renewed = await self._registration.Renew(registration.RenewRequest(refs=[ref]), timeout=CALL_TIMEOUT_S)
        return not renewed.missing


def service_of(parameters: Parameters) -> instance_pb2.ServiceRef:
    """The service that the parameters name. Raises RefusedError if they do not."""
    name = parameters.text("serviceName")
    if not name:
        raise missing("serviceName", "String")
    return convert.service_ref(parameters.text("namespaceId"), parameters.text("groupName", "DEFAULT_GROUP"), name)


def identity_of(parameters: Parameters) -> tuple[instance_pb2.ServiceRef, str, int]:
    """Service, host and port. Raises RefusedError for what is missing; the port has passed the filter."""
    service, host, port = service_of(parameters), parameters.text("ip"), parameters.first("port")
    if not host:
        raise missing("ip", "String")
    if not port.strip():
        raise missing("port", "Integer")
    return service, host, int(port)


def weight_of(parameters: Parameters) -> float:
    """The weight, 1 if absent. Raises RefusedError."""
    weight = parameters.number("weight", 1.0)
    if not 0.0 <= weight <= 10000.0:
        raise RefusedError(400, 21001, "instance format invalid: The weights range from 0.0 to 10000.0")
    return weight


def instance_of(parameters: Parameters, metadata: dict[str, str], host: str, port: int) -> instance_pb2.Instance:
    """The instance that a registration means. Raises RefusedError."""
    weight, cluster = weight_of(parameters), parameters.text("clusterName", "DEFAULT")
    if convert.is_beat_too_slow(metadata):
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
        health=health_of(parameters.flag("healthy", default=True)),
        declared_admin_state=state_of(parameters.flag("enabled", default=True)),
    )
    if not message.persistent:
        convert.set_lease(message, metadata)
    return message


def health_of(is_healthy: bool) -> instance_pb2.Health:
    """The registry's word for it."""
    return instance_pb2.HEALTH_HEALTHY if is_healthy else instance_pb2.HEALTH_UNHEALTHY


def state_of(is_enabled: bool) -> instance_pb2.AdminState:
    """The registry's word for it."""
    return instance_pb2.ADMIN_STATE_ENABLED if is_enabled else instance_pb2.ADMIN_STATE_DISABLED


def address_ref(service: instance_pb2.ServiceRef, host: str, port: int, *, is_persistent: bool) -> instance_pb2.InstanceRef:
    """A ref to the instance at an address."""
    address = instance_pb2.InstanceAddress(host=host, port=port, persistent=is_persistent)
    return instance_pb2.InstanceRef(service=service, address=address)
