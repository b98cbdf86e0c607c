"""Instances: what is registered of one, and how it is shown."""

import re
import uuid
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import msgspec
from muster.registry.v1 import instance_pb2 as wire

from muster_gateway.servicecomb import rules
from muster_gateway.servicecomb.keeping import DIALECT, INSTANCES
from muster_gateway.servicecomb.names import native_state, status_of

MAX_ENDPOINTS = 16
MAX_LEASE_S = 24 * 3600
DEFAULT_CHECK = {"mode": "push", "interval": 30, "times": 3}
_CHECK = ("mode", "port", "interval", "times", "url")
MAX_PORT = 65535
MIN_INTERVAL_S = 5
MIN_TIMES = 3
_PLAIN = re.compile(r"([a-z][a-z0-9]*)://([A-Za-z0-9._-]+):([0-9]{1,5})(?:[/?]|\Z)")


def checked(instance: Mapping[str, Any] | None, service_id: str) -> dict[str, Any]:
    """An instance that is to be registered, defaults filled in. Raises CseError."""
    rules.check("RegisterInstanceRequest.Instance", instance)
    filled = {**(instance or {})}
    _check_service_id(service_id)
    rules.check("MicroServiceInstance.InstanceId", filled.get("instanceId", ""))
    rules.check("MicroServiceInstance.HostName", filled.get("hostName", ""))
    rules.check("MicroServiceInstance.Endpoints", filled.get("endpoints", []))
    rules.check("MicroServiceInstance.Status", filled.get("status", ""))
    if (center := filled.get("dataCenterInfo")) is not None:
        for name in ("name", "region", "availableZone"):
            rules.check(f"DataCenterInfo.{name[0].upper()}{name[1:]}", center.get(name, ""))
    filled["healthCheck"] = _health_check(filled.get("healthCheck"))
    return filled


def _health_check(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The check that holds: never more often than each 5 s, or than after three misses; a platform's checks have fixed times."""
    if given is None:
        return DEFAULT_CHECK
    said = given.get
    return _checked_check(said("mode", ""), said("port", 0), said("interval", 0), said("times", 0), said("url", ""))


@lru_cache(maxsize=10_000)
def _check_service_id(service_id: str) -> None:
    """Nearly every call names a microservice that others named."""
    rules.check("MicroServiceInstance.ServiceId", service_id)


@lru_cache(maxsize=1000)
def _checked_check(*given: str | int) -> dict[str, Any]:
    """Of nearly all instances it is one of a few."""
    check: dict[str, Any] = dict(zip(_CHECK, given, strict=True))
    for name, value in check.items():
        rules.check(f"HealthCheck.{name.capitalize()}", value)
    if check["mode"] == "pull":
        check |= {name: DEFAULT_CHECK[name] for name in ("interval", "times")}
    else:
        check |= {"interval": max(MIN_INTERVAL_S, check["interval"]), "times": max(MIN_TIMES, check["times"])}
    return {name: value for name, value in check.items() if value}


def native_id(service_id: str, instance_id: str) -> str:
    """The registry's id of an instance: ids of this dialect are unique within a microservice, not within a name."""
    return f"{service_id}/{instance_id}"


def fill(message: wire.Instance, service_id: str, instance: Mapping[str, Any]) -> None:
    """Make a message, empty so far, what is registered of a checked instance; without an id it gets a new one.

    One that listens nowhere has its host and port 0, and takes no traffic.
    """
    endpoints = instance.get("endpoints", [])[:MAX_ENDPOINTS]
    check, said = instance["healthCheck"], message.endpoints
    message.instance_id = native_id(service_id, instance.get("instanceId") or uuid.uuid4().hex)
    for scheme, host, port in map(_endpoint, endpoints) if endpoints else [("", instance["hostName"], 0)]:
        said.add(scheme=scheme, host=host, port=port)
    message.weight = 1.0 if endpoints else 0.0
    pairs = message.metadata
    for name, value in instance.get("properties", {}).items():
        pairs[name] = value
    message.declared_admin_state = native_state(instance.get("status") or "UP")
    message.definition_id = service_id
    lease = message.lease
    lease.ttl.seconds = min(MAX_LEASE_S, check["interval"] * (check["times"] + 1))
    lease.grace.seconds = 0
    message.attributes[DIALECT] = INSTANCES.write(instance)


def _endpoint(text: str) -> tuple[str, str, int]:
    """Scheme, host and port of an endpoint. Text that is no address is taken as a host, so that nothing is refused for it."""
    if (plain := _PLAIN.match(text)) is not None and int(plain[3]) <= MAX_PORT:  # as nearly all: urlsplit takes ten times as long
        return plain[1], plain[2], int(plain[3])
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port or 0
    except ValueError:
        host, port, parts = None, 0, None
    if not host or parts is None:
        return "", text.strip()[:1024], 0
    return parts.scheme, host, port


def shown_id(service_id: str, instance_id: str) -> str:
    """The registry's id as this dialect's clients know it."""
    return instance_id.removeprefix(f"{service_id}/")


def view(instance: wire.Instance, service_id: str, version: str) -> dict[str, Any]:
    """An instance as this dialect shows it. What is empty is left out."""
    kept = INSTANCES.read(instance.attributes)
    shown = {
        "instanceId": shown_id(instance.definition_id, instance.instance_id) if kept is not None else instance.instance_id,
        "serviceId": service_id,
        **(_foreign(instance) if kept is None else kept),
        "status": status_of(instance, heeds_health=kept is None),
        "properties": dict(instance.metadata),
        "timestamp": str(instance.create_time.seconds),
        "modTimestamp": str(instance.update_time.seconds),
        "version": version,
    }
    return {name: value for name, value in shown.items() if value}


def _foreign(instance: wire.Instance) -> dict[str, Any]:
    """What an instance that came by another dialect has of what this one keeps."""
    lease_s = instance.lease.ttl.seconds + instance.lease.grace.seconds
    times = DEFAULT_CHECK["times"]
    check = {"mode": "push", "interval": max(1, lease_s // (MIN_TIMES + 1)), "times": times} if lease_s else DEFAULT_CHECK
    return {"hostName": instance.endpoints[0].host, "endpoints": list(map(_text, instance.endpoints)), "healthCheck": check}


def _text(endpoint: wire.Endpoint) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{endpoint.scheme or 'rest'}://{host}:{endpoint.port}"


def encoded(instances: Iterable[tuple[wire.Instance, str, str]]) -> bytes:
    """A list of instances, each with its microservice's id and version, as JSON."""
    return msgspec.json.encode([view(*instance) for instance in instances])
