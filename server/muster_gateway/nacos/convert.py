"""Nacos <-> registry: names, leases from metadata, and the instance as Nacos shows it."""

from collections.abc import Mapping, Sequence

from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2 as wire

INTERVAL, TIMEOUT, DELETE = "preserved.heart.beat.interval", "preserved.heart.beat.timeout", "preserved.ip.delete.timeout"
GENERATOR = "preserved.instance.id.generator"
DEFAULTS_MS = {INTERVAL: 5000, TIMEOUT: 15000, DELETE: 30000}
MAX_SILENCE_MS = 180_000
MIN_TTL_MS = 100
Protection = discovery.ListInstancesResponse | discovery.WatchResponse.Snapshot
_SWAP = {"public": "default", "": "default", "default": "public"}


def native_namespace(namespace_id: str) -> str:
    """The registry's name of a Nacos namespace: `public` (or none) and `default` change places, so that no name is lost."""
    return _SWAP.get(namespace_id, namespace_id)


def nacos_namespace(namespace: str) -> str:
    """The Nacos name of a namespace of the registry."""
    return _SWAP.get(namespace, namespace)


def service_ref(namespace_id: str, group: str, name: str) -> wire.ServiceRef:
    """The registry's name of a Nacos service."""
    return wire.ServiceRef(namespace=native_namespace(namespace_id), group=group, name=name)


def is_beat_too_slow(metadata: Mapping[str, str]) -> bool:
    """True if the time between two beats is longer than one of those after which they are missed."""
    if DEFAULTS_MS.keys().isdisjoint(metadata):
        return False
    interval = millis(metadata, INTERVAL)
    return interval > millis(metadata, TIMEOUT) or interval > millis(metadata, DELETE)


def millis(metadata: Mapping[str, str], key: str) -> int:
    """A time that the metadata may set, as shown: what is not digits counts as not set."""
    value = metadata.get(key, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 15 else DEFAULTS_MS[key]


def set_lease(message: wire.Instance, metadata: Mapping[str, str]) -> None:
    """The lease that the metadata asks for, 3 minutes at most. A time that cannot be read counts as 0, so it ends at once."""
    if metadata.get("enableClientBeat") == "true":
        ttl_ms, grace_ms = MAX_SILENCE_MS, 0
    else:
        timeout_ms, delete_ms = (millis(metadata, key) if metadata.get(key, "0").isdigit() else 0 for key in (TIMEOUT, DELETE))
        ttl_ms = min(max(MIN_TTL_MS, min(timeout_ms, delete_ms)), MAX_SILENCE_MS)
        grace_ms = min(max(0, delete_ms - timeout_ms), MAX_SILENCE_MS - ttl_ms)
    message.lease.ttl.FromMilliseconds(ttl_ms)
    message.lease.grace.FromMilliseconds(grace_ms)


def is_healthy(message: wire.Instance) -> bool:
    """True if the instance counts as healthy here."""
    return message.health in (wire.HEALTH_HEALTHY, wire.HEALTH_SUSPECT)


def threshold_of(said: Protection) -> float | None:
    """The share of healthy instances that is too little; None if the service has none."""
    return said.protect_threshold if said.HasField("protect_threshold") else None


def protect(shown: Sequence[dict[str, object]], threshold: float | None) -> bool:
    """Make all shown instances healthy if no larger share of them is. True if that was so; nothing at all is not protected."""
    if threshold is None or not shown or sum(bool(one["healthy"]) for one in shown) > threshold * len(shown):
        return False
    for one in shown:
        one["healthy"] = True
    return True


def view(message: wire.Instance, group: str, name: str) -> dict[str, object]:
    """An instance as the list shows it."""
    primary, metadata = message.endpoints[0], dict(message.metadata)
    shown: dict[str, object] = {
        "ip": primary.host,
        "port": primary.port,
        "weight": message.weight,
        "healthy": is_healthy(message),
        "enabled": message.admin_state == wire.ADMIN_STATE_ENABLED,
        "ephemeral": not message.persistent,
        "clusterName": message.cluster,
        "serviceName": f"{group}@@{name}",
        "metadata": metadata,
        "ipDeleteTimeout": millis(metadata, DELETE),
        "instanceHeartBeatInterval": millis(metadata, INTERVAL),
        "instanceHeartBeatTimeOut": millis(metadata, TIMEOUT),
    }
    generator = metadata.get(GENERATOR, None if metadata else "simple")
    if generator is not None:
        shown["instanceIdGenerator"] = generator
    return shown
