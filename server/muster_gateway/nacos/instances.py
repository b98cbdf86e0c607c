"""What all versions of the HTTP API do to an instance, and how parameters become one."""

import re

import grpc.aio
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration

from muster_gateway.nacos import convert
from muster_gateway.nacos.errors import RefusedError, missing
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of

_LEGAL_CLUSTER = re.compile(r"[0-9a-zA-Z-]+")


class Instances:
    """Knows the registry by its stubs only. Parameters are checked before they come here."""

    def __init__(self, registry: Registry) -> None:
        self._registration = registry.registration

    async def register(self, service: instance_pb2.ServiceRef, message: instance_pb2.Instance) -> None:
        """Put an instance in place of what was at its address. Raises RefusedError for the other kind of service."""
        asked = registration.RegisterRequest(service=service, instance=message, unique_address=True)
        try:
            await self._registration.Register(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "SERVICE_KIND_MISMATCH":
                raise
            wants, has = ("persistent", "ephemeral") if message.persistent else ("ephemeral", "persistent")
            problem = f"Current service {service.group}@@{service.name} is {has} service, can't register {wants} instance."
            text = f"errCode: 400, errMsg: {problem} "
            raise RefusedError(400, 30000, text) from error

    async def deregister(self, ref: instance_pb2.InstanceRef) -> None:
        """Remove an instance. What is not there is no error."""
        await self._registration.Deregister(registration.DeregisterRequest(ref=ref, allow_missing=True), timeout=CALL_TIMEOUT_S)

    async def renew(self, ref: instance_pb2.InstanceRef) -> bool:
        """Renew the lease of an instance; False if it is not there."""
        renewed = await self._registration.Renew(registration.RenewRequest(refs=[ref]), timeout=CALL_TIMEOUT_S)
        return not renewed.missing


def service_of(parameters: Parameters) -> instance_pb2.ServiceRef:
    """The service that the parameters name. Raises RefusedError."""
    name = parameters.text("serviceName")
    if not name:
        raise missing("serviceName", "String")
    return convert.service_ref(parameters.text("namespaceId"), parameters.text("groupName", "DEFAULT_GROUP"), name)


def identity_of(parameters: Parameters) -> tuple[instance_pb2.ServiceRef, str, int]:
    """Service, host and port of an instance. Raises RefusedError for what is missing."""
    service, host, port = service_of(parameters), parameters.text("ip"), parameters.first("port")
    if not host:
        raise missing("ip", "String")
    if not port.strip():
        raise missing("port", "Integer")
    return service, host, int(port)


def instance_of(parameters: Parameters, metadata: dict[str, str], host: str, port: int) -> instance_pb2.Instance:
    """The registry's form of an instance. The parameters have passed the filter. Raises RefusedError."""
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


def address_ref(service: instance_pb2.ServiceRef, host: str, port: int, *, is_persistent: bool) -> instance_pb2.InstanceRef:
    """An instance by its address."""
    address = instance_pb2.InstanceAddress(host=host, port=port, persistent=is_persistent)
    return instance_pb2.InstanceRef(service=service, address=address)
