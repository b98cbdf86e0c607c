"""Wire -> core values: the edge where every field is checked, once. Raises MusterError (INVALID_FIELD)."""

from collections.abc import Mapping

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration

from muster_server.core.commands import AddressQuery, InstanceRef, Register, Replace
from muster_server.core.errors import MusterError
from muster_server.core.model import (
    DEFAULT_CLUSTER,
    DEFAULT_GRACE_S,
    DEFAULT_TTL_S,
    MAX_ID_BYTES,
    Address,
    AdminState,
    Endpoint,
    Health,
    Lease,
    Registration,
    ServiceKey,
    check_metadata,
    check_weight,
    checked_text,
    service_key,
)

MAX_BATCH = 1000
_MAX_SECONDS = 365 * 24 * 3600
_HEALTHS = {health.value: health for health in Health}
_STATES = {state.value: state for state in AdminState}


def decode_service(message: instance_pb2.ServiceRef) -> ServiceKey:
    """The name of a service, defaults filled in."""
    return service_key(message.namespace, message.group, message.name)


def decode_ref(message: instance_pb2.InstanceRef) -> InstanceRef:
    """A ref to one instance."""
    require(message, "service")
    service = decode_service(message.service)
    match message.WhichOneof("key"):
        case "instance_id":
            return InstanceRef(service, checked_text("instance_id", message.instance_id, MAX_ID_BYTES, is_required=True))
        case "address":
            return InstanceRef(service, decode_address(message.address))
        case _:
            raise MusterError.invalid("key", "is required: instance_id or address")


def decode_address(message: instance_pb2.InstanceAddress) -> AddressQuery:
    """A primary endpoint to find instances by."""
    host = checked_text("address.host", message.host, MAX_ID_BYTES, is_required=True)
    return AddressQuery(Address(host, message.port), message.persistent if message.HasField("persistent") else None)


def decode_register(request: registration.RegisterRequest, session: str | None = None) -> Register:
    """A registration; on a session the message's lease is ignored."""
    require(request, "service")
    require(request, "instance")
    said = decode_registration(request.instance, session)
    expected = request.expected_revision if request.HasField("expected_revision") else None
    return Register(decode_service(request.service), said, session, request.unique_address, expected, request.reuse_id)


def decode_registration(message: instance_pb2.Instance, session: str | None) -> Registration:
    """What a client says of an instance; on a session the message's lease is ignored."""
    if session is not None and message.persistent:
        raise MusterError.invalid("persistent", "must be false: on a session instances are ephemeral")
    return Registration(
        endpoints=tuple([Endpoint(e.scheme, e.host, e.port) for e in message.endpoints]),
        instance_id=message.instance_id,
        cluster=message.cluster or DEFAULT_CLUSTER,
        weight=decode_weight(message),
        metadata=_pairs(message.metadata),
        is_persistent=message.persistent,
        lease=_lease(message, session),
        health=decode_health(message.health) if message.health else Health.HEALTHY,
        declared_state=decode_state(message.declared_admin_state) if message.declared_admin_state else AdminState.ENABLED,
        definition_id=message.definition_id,
        attributes=_pairs(message.attributes) if message.attributes else None,
    )


def _pairs(said: Mapping[str, str]) -> dict[str, str]:
    """A map field as a dictionary: `dict` would ask it for its keys by a slower way."""
    return {name: said[name] for name in said}


def decode_replace(message: registration.ReplaceInstancesRequest, session: str) -> Replace:
    """All that a session has of a service."""
    require(message, "service")
    if len(message.instances) > MAX_BATCH:
        raise MusterError.invalid("instances", f"must hold at most {MAX_BATCH} entries")
    registrations = tuple(decode_registration(instance, session) for instance in message.instances)
    return Replace(decode_service(message.service), registrations, session, message.unique_address)


def decode_changes(request: registration.UpdateInstanceRequest) -> dict[str, object]:
    """What an update changes, by the core's names."""
    message = request.instance
    changes: dict[str, object] = {}
    for path in request.update_mask.paths:
        match path:
            case "weight":
                weight = decode_weight(message)
                check_weight(weight)
                changes["weight"] = weight
            case "metadata":
                changes["metadata"] = dict(message.metadata)
                check_metadata(message.metadata)
            case "health":
                changes["health"] = decode_health(message.health)
            case "declared_admin_state":
                changes["declared_state"] = decode_state(message.declared_admin_state)
            case "lease.ttl":
                changes["ttl_s"] = _ttl_s(message.lease)
            case "lease.grace":
                changes["grace_s"] = _grace_s(message.lease)
            case "lease.paused":
                changes["is_paused"] = message.lease.paused
            case _:
                raise no_such_path(path)
    if not changes:
        raise MusterError.invalid("update_mask", "is required")
    return changes


def decode_override(request: registration.OverrideInstanceRequest) -> dict[str, object]:
    """The parts of an override that change, by the core's names; None lifts one."""
    message = request.override
    changes: dict[str, object] = {}
    for path in request.update_mask.paths:
        match path:
            case "state":
                changes["state"] = decode_state(message.state) if message.state else None
            case "weight":
                changes["weight"] = message.weight if message.HasField("weight") else None
            case "metadata":
                changes["metadata"] = dict(message.metadata)
            case _:
                raise no_such_path(path)
    if not changes:
        raise MusterError.invalid("update_mask", "is required")
    return changes


def no_such_path(path: str) -> MusterError:
    """The refusal of a path that a mask cannot have."""
    return MusterError.invalid("update_mask", f"no such path: {path[:100]!r}")


def decode_weight(message: instance_pb2.Instance) -> float:
    """A weight; absent it is 1. Not checked."""
    return message.weight if message.HasField("weight") else 1.0


def decode_health(number: int) -> Health:
    """A health that was said; UNSPECIFIED is refused."""
    try:
        return _HEALTHS[number]
    except KeyError:
        raise MusterError.invalid("health", f"no such health: {number}") from None


def decode_state(number: int) -> AdminState:
    """An admin state that was said; UNSPECIFIED is refused."""
    try:
        return _STATES[number]
    except KeyError:
        raise MusterError.invalid("admin_state", f"no such state: {number}") from None


def seconds(field: str, value: Duration) -> float:
    """A Duration of 0 to one year in seconds."""
    whole, nanos = value.seconds, value.nanos
    if not 0 <= whole <= _MAX_SECONDS or not 0 <= nanos < 1_000_000_000:
        raise MusterError.invalid(field, "must be between 0 and one year")
    return whole + nanos / 1e9


def require(message: Message, field: str) -> None:
    """Raises MusterError unless the message field is set."""
    if not message.HasField(field):
        raise MusterError.invalid(field, "is required")


def check_batch(field: str, count: int) -> None:
    """Raises MusterError unless a batch holds 1 to 1000 items."""
    if not 1 <= count <= MAX_BATCH:
        raise MusterError.invalid(field, f"must hold 1 to {MAX_BATCH} entries")


def _lease(message: instance_pb2.Instance, session: str | None) -> Lease | None:
    if session is not None:
        return None
    lease = message.lease
    if message.persistent:
        if message.HasField("lease"):
            raise MusterError.invalid("lease", "must be absent: a persistent instance has none")
        return None
    return Lease(_ttl_s(lease), _grace_s(lease), lease.paused)


def _ttl_s(lease: instance_pb2.Lease) -> float:
    return (seconds("lease.ttl", lease.ttl) if lease.HasField("ttl") else 0.0) or DEFAULT_TTL_S


def _grace_s(lease: instance_pb2.Lease) -> float:
    return seconds("lease.grace", lease.grace) if lease.HasField("grace") else DEFAULT_GRACE_S
