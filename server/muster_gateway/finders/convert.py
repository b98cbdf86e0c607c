"""Finders <-> registry: names, statuses, and the loose typing of its JSON."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from muster.registry.v1 import instance_pb2 as wire

DEFAULT_CLUSTER = "DEFAULT_CLUSTER"
TTL_S = 10
GRACE_S = 10
MAX_CLUSTERS = 100
STATUSES = ("HEALTHY", "UN_HEALTHY", "DISABLE", "UNKNOWN")
_SWAP = {"DEFAULT_CLUSTER": "DEFAULT", "DEFAULT": "DEFAULT_CLUSTER"}
_HEALTH = {"HEALTHY": wire.HEALTH_HEALTHY, "UN_HEALTHY": wire.HEALTH_UNHEALTHY, "UNKNOWN": wire.HEALTH_UNKNOWN}
_CLUSTER = re.compile(r"[0-9a-zA-Z\-_]+")
_SERVICE = re.compile(r"[0-9a-zA-Z@.:_\-]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # JSON can write halves of characters; there is no UTF-8 for them
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")


class RefusedError(ValueError):
    """Bad input; the message is the answer's body."""


def native_cluster(name: str) -> str:
    """The registry's name of a Finders cluster: the two defaults change places, so that no name is lost."""
    return _SWAP.get(name, name)


finders_cluster = native_cluster
"""The same exchange, the other way."""


def native_namespace(name: str) -> str:
    """The registry's name of a Finders namespace: the empty one, and those with a leading %, get a % in front."""
    return "%" + name if not name or name.startswith("%") else name


def finders_namespace(name: str) -> str:
    """The Finders name back."""
    return name.removeprefix("%")


def service_ref(namespace: str, name: str) -> wire.ServiceRef:
    """The registry's name of a Finders service."""
    return wire.ServiceRef(namespace=native_namespace(namespace), name=name)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a Finders call says of the instance that it means. `port` is 1 to 65535 where one is registered, else as it was read."""

    service: wire.ServiceRef
    cluster: str
    host: str
    port: int

    @property
    def ref(self) -> wire.InstanceRef:
        """The ref of one that Finders registered. Its id names the cluster too: one address may be in two clusters."""
        return wire.InstanceRef(service=self.service, instance_id=f"{self.host}#{self.port}#{self.cluster}")

    @property
    def address_ref(self) -> wire.InstanceRef:
        """The ref of whatever is registered at the address, in any cluster."""
        return wire.InstanceRef(service=self.service, address=wire.InstanceAddress(host=self.host, port=self.port))


def identity(namespace: str, service: str, cluster: str, address: tuple[str, int]) -> Identity:
    """The identity of an instance, in the registry's names."""
    return Identity(service_ref(namespace, service), native_cluster(cluster), *address)


def instance(cluster: str, address: tuple[str, int], status: str) -> wire.Instance:
    """An instance as Finders registers it: silent for 10 s it is UN_HEALTHY, for 20 s gone; DISABLE never ages."""
    message = wire.Instance(cluster=native_cluster(cluster), endpoints=[wire.Endpoint(host=address[0], port=address[1])])
    apply_status(message, status)
    message.lease.ttl.seconds, message.lease.grace.seconds = TTL_S, GRACE_S
    return message


def apply_status(message: wire.Instance, status: str) -> None:
    """Write a status into the fields that hold it."""
    is_disabled = status == "DISABLE"
    message.declared_admin_state = wire.ADMIN_STATE_DISABLED if is_disabled else wire.ADMIN_STATE_ENABLED
    message.lease.paused = is_disabled
    message.health = _HEALTH.get(status, wire.HEALTH_HEALTHY)


def status_of(message: wire.Instance) -> str:
    """The Finders status of an instance: what an operator wants first, then what was observed."""
    if message.admin_state != wire.ADMIN_STATE_ENABLED:
        return "DISABLE"
    return {wire.HEALTH_UNHEALTHY: "UN_HEALTHY", wire.HEALTH_UNKNOWN: "UNKNOWN"}.get(message.health, "HEALTHY")


def view(message: wire.Instance, service: str) -> dict[str, object]:
    """An instance as Finders shows it."""
    primary, cluster = message.endpoints[0], finders_cluster(message.cluster)
    return {
        "instanceId": f"{cluster}#{service}@{primary.host}:{primary.port}",
        "cluster": cluster,
        "serviceName": service,
        "ip": primary.host,
        "port": primary.port,
        "status": status_of(message),
    }


def parse_query(raw: bytes) -> dict[str, str]:
    """Query parameters: names in lower case, the first of several wins, `;` separates like `&`. Raises RefusedError."""
    found: dict[str, str] = {}
    for pair in re.split(r"[&;]", raw.decode("latin-1")):
        name, _, value = pair.partition("=")
        if name:
            found.setdefault(_unescaped(name).lower(), _unescaped(value))
    return found


def parse_body(raw: bytes) -> dict[str, Any]:
    """A JSON object, whatever its content type; what follows it is ignored. Raises RefusedError."""
    try:
        text = raw.decode()
        body, _ = json.JSONDecoder().raw_decode(text.lstrip(" \t\r\n"))
    except (ValueError, RecursionError):
        raise RefusedError("Body must be a JSON object") from None
    if not isinstance(body, dict):
        raise RefusedError("Body must be a JSON object")
    return body


def parse_status_body(raw: bytes) -> dict[str, Any]:
    """The body of a status call: null and a list count as empty objects. Raises RefusedError."""
    return {} if raw.strip() in (b"null", b"[]") else parse_body(raw)


def text_of(body: dict[str, Any], name: str) -> str:
    """A field as text: scalars are taken as they are written, missing and null are empty. Raises RefusedError."""
    value = body.get(name)
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise RefusedError(f"Param '{name}' must be text")
    if isinstance(value, str) and _SURROGATE.search(value):
        raise RefusedError(f"Param '{name}' must be text")
    return value if isinstance(value, str) else json.dumps(value)


def namespace_of(body: dict[str, Any]) -> str:
    """The namespace of a write: `default` only if the key is absent; null is the namespace `null`."""
    if "namespace" not in body:
        return "default"
    value = body["namespace"]
    return "null" if value is None else "" if isinstance(value, dict | list) else text_of(body, "namespace")


def port_of(body: dict[str, Any]) -> int:
    """The port of a write. Raises RefusedError."""
    value = body.get("port")
    if isinstance(value, str):
        value = value.strip()
        if value and not re.fullmatch(r"[+-]?[0-9]{1,10}", value):
            raise RefusedError("Param 'port' must be a number")
        value = int(value or 0)
    if isinstance(value, bool | dict | list) or (isinstance(value, float) and not abs(value) < 1e10):
        raise RefusedError("Param 'port' must be a number")
    port = int(value or 0)
    if port == 0:
        raise RefusedError("Param 'port' is required and must be greater than zero")
    return _in_range(port)


def port_text(text: str) -> int:
    """A port as the query and the status call give it. Raises RefusedError."""
    if not re.fullmatch(r"[+-]?[0-9]{1,10}", text):
        raise RefusedError("Param 'port' must be a number")
    return _in_range(int(text))


def status_at_registration(body: dict[str, Any]) -> str:
    """The status of a registration: a name, exactly, or its number; HEALTHY if absent or null. Raises RefusedError."""
    value = body.get("status")
    if value is None:
        return "HEALTHY"
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(STATUSES):
        return STATUSES[value]
    if isinstance(value, str) and value in STATUSES:
        return value
    raise RefusedError(f"Param 'status' must be one of {', '.join(STATUSES)}")


def check_names(cluster: str, service: str) -> None:
    """Raises RefusedError for characters that Finders does not allow."""
    if _CLUSTER.fullmatch(cluster) is None:
        raise RefusedError("Cluster name can only have these characters: 0-9a-zA-Z-_")
    if _SERVICE.fullmatch(service) is None:
        raise RefusedError("Service name can only have these characters: 0-9a-zA-Z@.:_-")


def cluster_list(text: str) -> list[str]:
    """The clusters that a list asks for, in that order; each one answers its instances again. Raises RefusedError."""
    clusters = [cluster for cluster in text.split(",") if cluster]
    if len(clusters) > MAX_CLUSTERS:
        raise RefusedError(f"Param 'clusters' must not name more than {MAX_CLUSTERS} clusters")
    return clusters


def required(name: str, value: str) -> str:
    """The value. Raises RefusedError if it is empty."""
    if not value:
        raise RefusedError(f"Param '{name}' is required")
    return value


def _in_range(port: int) -> int:
    if not 0 <= port <= 65535:
        raise RefusedError("Param 'port' must not be greater than 65535 or negative")
    return port


def _unescaped(text: str) -> str:
    if _BAD_ESCAPE.search(text):
        raise RefusedError("Query holds a broken escape")
    return unquote_to_bytes(text.replace("+", " ")).decode(errors="replace")
