"""A service as Nacos 1 writes it: named with its group."""

from collections.abc import Iterable

import msgspec
from muster.registry.v1 import instance_pb2

from muster_gateway.nacos.grpc.service_info import info_fields


def service_info(group_and_name: tuple[str, str], clusters: str, hosts: Iterable[instance_pb2.Instance], time_ms: int) -> bytes:
    """A ServiceInfo as JSON: the enabled instances of the clusters, all of them if none is named."""
    group, name = group_and_name
    return msgspec.json.encode({**info_fields(group_and_name, clusters, hosts, time_ms), "name": f"{group}@@{name}"})
