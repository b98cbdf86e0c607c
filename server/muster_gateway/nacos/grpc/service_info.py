"""How a service is written for Nacos clients: a ServiceInfo, with the time by which they order what they are told."""

import time
from collections import OrderedDict
from collections.abc import Iterable

import msgspec
from muster.registry.v1 import instance_pb2

from muster_gateway.nacos import convert
from muster_gateway.nacos.grpc.session import Key

MAX_TIMES = 20_000
CACHE_MS = 10_000


class ReferenceTimes:
    """The lastRefTime of each service's revisions: SDKs drop a state that is not later than the one they have."""

    def __init__(self) -> None:
        self._last: OrderedDict[Key, tuple[int, int]] = OrderedDict()

    def at(self, service: Key, revision: int) -> int:
        """Milliseconds since 1970, rising with the revision. Revision 0 is a service that is not known any more, or not yet."""
        last, time_ms = self._last.get(service, (0, 0))
        if time_ms and revision < last:
            return time_ms - 1 if revision else time_ms
        if not time_ms or revision > last:
            time_ms = max(time.time_ns() // 1_000_000, time_ms + 2)
        self._last[service] = (revision, time_ms)
        self._last.move_to_end(service)
        if len(self._last) > MAX_TIMES:
            self._last.popitem(last=False)
        return time_ms


def service_info(group_and_name: tuple[str, str], clusters: str, hosts: Iterable[instance_pb2.Instance], time_ms: int) -> bytes:
    """A ServiceInfo as JSON: the enabled instances of the clusters, whose list is echoed as it was sent."""
    group, name = group_and_name
    wanted = {cluster.strip() for cluster in clusters.split(",") if cluster.strip()}
    shown = []
    for message in hosts:
        if wanted and message.cluster not in wanted:
            continue
        host = convert.view(message, group, name)
        if host["enabled"]:
            host["instanceId"] = f"{host['ip']}#{host['port']}#{message.cluster}#{group}@@{name}"
            shown.append(host)
    return msgspec.json.encode(
        {
            "name": name,
            "groupName": group,
            "clusters": clusters,
            "cacheMillis": CACHE_MS,
            "hosts": shown,
            "lastRefTime": time_ms,
            "checksum": "",
            "allIps": False,
            "allIPs": False,
            "reachProtectionThreshold": False,
            "valid": True,
        }
    )
