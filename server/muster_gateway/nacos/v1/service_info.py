"""A service as Nacos 1 writes it: named with its group."""

from collections.abc import Iterable

import msgspec
from muster.registry.v1 import instance_pb2

from muster_gateway.nacos.grpc.service_info import Shown, info_fields


def service_info(what: Shown, hosts: Iterable[instance_pb2.Instance], time_ms: int) -> bytes:
    """A ServiceInfo as JSON: all clusters if none is named."""
    return msgspec.json.encode({**info_fields(what, hosts, time_ms), "name": f"{what.group}@@{what.name}"})
