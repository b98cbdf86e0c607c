"""Nacos <-> registry: names, leases from metadata, and the instance as Nacos shows it."""

from collections.abc import Mapping

from muster.registry.v1 import instance_pb2 as wire

INTERVAL, TIMEOUT, DELETE = "preserved.heart.beat.interval", "preserved.heart.beat.timeout", "preserved.ip.delete.timeout"
GENERATOR = "preserved.instance.id.generator"
DEFAULTS_MS = {INTERVAL: 5000, TIMEOUT: 15000, DELETE: 30000}
MAX_SILENCE_MS = 180_000
MIN_TTL_MS = 100
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


def view(message: wire.Instance, group: str, name: str) -> dict[str, object]:
    """An instance as the list shows it."""
    primary, metadata = message.endpoints[0], dict(message.metadata)
    shown: dict[str, object] = {
        "ip": primary.host,
        "port": primary.port,
        "weight": message.weight,
        "healthy": message.health in (wire.HEALTH_HEALTHY, wire.HEALTH_SUSPECT),
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
