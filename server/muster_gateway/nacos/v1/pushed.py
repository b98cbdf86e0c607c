"""One service as it is pushed in datagrams: who has subscribed to it, what they have of it, and its latest state as a datagram."""

import gzip
from collections.abc import Callable

import msgspec

from muster_gateway.nacos.grpc.service_info import NOWHERE, Place, ReferenceTimes, Shown
from muster_gateway.nacos.grpc.session import Key
from muster_gateway.nacos.grpc.watching import Watched
from muster_gateway.nacos.v1.service_info import service_info

GZIP_BYTES = 1024
MAX_DATAGRAM_BYTES = 65_507
Address = tuple[str, int]


class Subscriber:
    """One address that has one view of one service, and what it has of it. `told` is the place that it is known to have."""

    def __init__(self, pushed: "Pushed", clusters: str, address: Address) -> None:
        self.pushed, self.clusters, self.address = pushed, clusters, address
        self.told = NOWHERE
        self.listed_s = 0.0
        self.tries = 0
        self.sent: tuple[int, Place] | None = None
        self.again_s = 0.0


class Pushed:
    """One service that is watched for its subscribers. A datagram is made once for each change and list of clusters."""

    def __init__(
        self, service: Key, times: ReferenceTimes, changed: Callable[["Pushed"], None], ended: Callable[["Pushed"], None]
    ) -> None:
        self.watched = Watched(service, self._changed, lambda _: ended(self))
        self.subscribers: dict[tuple[str, Address], Subscriber] = {}
        self._times, self._tell = times, changed
        self._datagrams: dict[str, tuple[int, bytes]] = {}

    def datagram(self, clusters: str, numbers: Callable[[], int]) -> tuple[int, bytes]:
        """Its number, which the client acknowledges, and its bytes; empty if they are more than a datagram holds."""
        found = self._datagrams.get(clusters)
        if found is None:
            service, watched, number = self.watched.service, self.watched, numbers()
            what = Shown(*service[1:], clusters, watched.protect_threshold)
            time_ms = self._times.at(service, watched.place)
            data = service_info(what, watched.instances.values(), time_ms).decode()
            body = msgspec.json.encode({"type": "dom", "data": data, "lastRefTime": number})
            if len(body) > GZIP_BYTES:
                body = gzip.compress(body, 6)
            found = self._datagrams[clusters] = (number, body if len(body) <= MAX_DATAGRAM_BYTES else b"")
        return found

    def _changed(self) -> None:
        self._datagrams.clear()
        self._tell(self)
