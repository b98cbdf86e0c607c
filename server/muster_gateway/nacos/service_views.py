"""Services as Nacos shows them: whole, in a list, and in a list with their instances."""

from collections.abc import Iterable

from muster.admin.v1 import admin_service_pb2 as admin
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2

from muster_gateway.nacos import convert

CHECKER = {"type": "NONE"}  # the registry connects to nobody: health is what beats, sessions and operators say
CHECK_PORT = 80


def service(found: admin.Service, instances: Iterable[instance_pb2.Instance]) -> dict[str, object]:
    """A service in full, without instances."""
    described = {cluster.name: dict(cluster.metadata) for cluster in found.clusters}
    clusters = described | {one.cluster: described.get(one.cluster, {}) for one in instances}
    return {
        "namespaceId": convert.nacos_namespace(found.ref.namespace),
        "serviceName": found.ref.name,
        "groupName": found.ref.group,
        "clusterMap": {name: _cluster(name, CHECKER, metadata, None) for name, metadata in clusters.items()},
        "metadata": dict(found.metadata),
        "protectThreshold": found.protect_threshold,
        "selector": {"type": "none", "contextType": "NONE"},
        "ephemeral": not found.persistent,
    }


def with_hosts(found: admin.Service, instances: Iterable[instance_pb2.Instance]) -> dict[str, object]:
    """A service of a list with instances, in which much is null."""
    hosts: dict[str, list[dict[str, object]]] = {}
    for one in instances:
        hosts.setdefault(one.cluster, []).append(convert.view(one, found.ref.group, found.ref.name))
    return {
        "namespaceId": None,
        "serviceName": found.ref.name,
        "groupName": found.ref.group,
        "clusterMap": {name: _cluster(None, None, None, shown) for name, shown in hosts.items()},
        "metadata": dict(found.metadata),
        "protectThreshold": found.protect_threshold,
        "selector": None,
        "ephemeral": None,
    }


def summary(ref: instance_pb2.ServiceRef, listed: discovery.ListInstancesResponse) -> dict[str, object]:
    """A service of a list."""
    count, healthy = len(listed.instances), sum(map(convert.is_healthy, listed.instances))
    is_protected = count > 0 and healthy <= listed.protect_threshold * count
    return {
        "name": ref.name,
        "groupName": ref.group,
        "clusterCount": len({one.cluster for one in listed.instances}),
        "ipCount": count,
        "healthyInstanceCount": healthy,
        "triggerFlag": "true" if is_protected else "false",
    }


def _cluster(
    name: str | None, checker: dict[str, str] | None, metadata: dict[str, str] | None, hosts: list[dict[str, object]] | None
) -> dict[str, object]:
    return {
        "clusterName": name,
        "healthChecker": checker,
        "healthyCheckPort": CHECK_PORT,
        "useInstancePortForCheck": True,
        "metadata": metadata,
        "hosts": hosts,
    }
