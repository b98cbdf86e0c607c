"""Names as the server compares them: defaults filled in, hashable."""

from typing import NamedTuple

import grpc
from muster.config.v1.config_pb2 import ConfigRef
from muster.registry.v1.instance_pb2 import Instance, InstanceRef, ServiceRef

from muster_client.errors import InvalidFieldError

MAX_NAME_BYTES = 4096


def check_length(field: str, parts: tuple[str, ...]) -> None:
    """Raises InvalidFieldError for a name that no server takes: it would be refused under its first 4096 bytes, as another name."""
    if any(len(part.encode()) > MAX_NAME_BYTES for part in parts):
        message = f"{field}: namespace, group and name must not be longer than {MAX_NAME_BYTES} bytes"
        raise InvalidFieldError(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", message)


class ServiceName(NamedTuple):
    """A service, with the defaults of namespace and group filled in."""

    namespace: str
    group: str
    name: str

    @classmethod
    def of(cls, service: str | ServiceRef) -> "ServiceName":
        """The full name of a service; plain text is a name in the default namespace and group."""
        ref = ServiceRef(name=service) if isinstance(service, str) else service
        return cls(ref.namespace or "default", ref.group or "DEFAULT_GROUP", ref.name)

    def ref(self) -> ServiceRef:
        """As the wire says it."""
        return ServiceRef(namespace=self.namespace, group=self.group, name=self.name)


class InstanceName(NamedTuple):
    """An instance of a service."""

    service: ServiceName
    instance_id: str

    @classmethod
    def of(cls, ref: InstanceRef) -> "InstanceName":
        """The name in a ref by instance id."""
        return cls(ServiceName.of(ref.service), ref.instance_id)

    def ref(self) -> InstanceRef:
        """As the wire says it."""
        return InstanceRef(service=self.service.ref(), instance_id=self.instance_id)


class ConfigName(NamedTuple):
    """A config item, with the defaults of namespace and group filled in."""

    namespace: str
    group: str
    name: str

    @classmethod
    def of(cls, config: str | ConfigRef, *, group: str = "", namespace: str = "") -> "ConfigName":
        """The full name of an item: plain text is a name in `group` and `namespace`, a ref says all by itself."""
        ref = ConfigRef(namespace=namespace, group=group, name=config) if isinstance(config, str) else config
        return cls(ref.namespace or "default", ref.group or "DEFAULT_GROUP", ref.name)

    def ref(self) -> ConfigRef:
        """As the wire says it."""
        return ConfigRef(namespace=self.namespace, group=self.group, name=self.name)


def with_id(instance: Instance) -> Instance:
    """A copy that has an instance id: its own, else the default that instance.proto states."""
    copy = Instance()
    copy.CopyFrom(instance)
    if not copy.instance_id and copy.endpoints:
        first = copy.endpoints[0]
        copy.instance_id = f"{first.host}#{first.port}#{copy.cluster or 'DEFAULT'}"
    return copy
