"""Who publishes and subscribes, as Nacos counts clients.

A client of the HTTP API is an address: `ip:port#true` for its ephemeral instances, `ip:port#false` for its persistent ones.
A client of the gRPC protocol is a connection. A native client, which Nacos does not know, is its peer; it subscribes to what it
watches.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from muster.admin.v1 import admin_service_pb2 as admin
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2

from muster_gateway.nacos.admin_reads import AdminReads
from muster_gateway.nacos.grpc.connections import Connection, Connections
from muster_gateway.registry import Registry, pages

GATEWAY = "nacos-gateway"
_SESSION = re.compile(r"nacos \S* (\S+)")
_PEER = re.compile(r"(?:ipv[46]:)?(.*):([0-9]{1,5})")
_ADDRESS = re.compile(r"(.+):([0-9]{1,5})#(true|false)")
_MADE = re.compile(r"(.*)#([^#]+#[0-9]{1,5}#[^#]*)")
_OTHER = re.compile(r"([^#]*)#(.*)")

ServiceName = tuple[str, str, str]
Publication = tuple[ServiceName, str]
"""A service, by its native name, and the id of an instance in it."""


@dataclass(slots=True)
class StreamClient:
    """A client that lives by a connection. Services have native names; of those published and watched the first 100 are known."""

    id: str
    app: str = ""
    version: str = ""
    ip: str = ""
    port: int = 0
    since_ms: int = 0
    publications: list[Publication] = field(default_factory=list)
    subscriptions: list[ServiceName] = field(default_factory=list)

    @property
    def agent(self) -> str:
        """What it says it is."""
        return self.version or self.app

    @property
    def address(self) -> str:
        """Where it calls from."""
        return f"{self.ip}:{self.port}"


class Clients:
    """Knows the registry by its stubs only, and the gRPC connections of this process."""

    def __init__(self, registry: Registry, connections: Connections) -> None:
        self._admin, self._reads, self._connections = registry.admin, AdminReads(registry), connections

    async def streams(self) -> list[StreamClient]:
        """All clients that live by a connection. O(open streams)."""
        found: dict[str, StreamClient] = {}
        for peer, connection in self._connections.live():
            found[connection.id] = _of_connection(peer, connection)
        async for stream in self._open():
            name = _session_of(stream.client_name) or stream.peer
            if name not in found:
                found[name] = _of_stream(name, stream)
            _tell(found[name], stream)
        return list(found.values())

    async def stream(self, client_id: str) -> StreamClient | None:
        """One of them; None if there is no such client."""
        return next((one for one in await self.streams() if one.id == client_id), None)

    async def at_address(self, client_id: str) -> list[discovery.FoundInstance]:
        """The instances of a client that is an address; none if the id is no such client's."""
        address = _address(client_id)
        if address is None:
            return []
        return [found async for found in self._reads.instances(address) if not found.instance.on_session]

    async def addresses(self) -> dict[str, None]:
        """The ids of all clients that are addresses. O(instances)."""
        return {address_id(found.instance): None async for found in self._reads.instances() if not found.instance.on_session}

    async def _open(self) -> AsyncIterator[admin.Connection]:
        """The sessions and watches that are not the gateway's own."""
        for kind in (admin.CONNECTION_KIND_SESSION, admin.CONNECTION_KIND_WATCH):
            async for page in pages(self._admin.ListConnections, admin.ListConnectionsRequest(kind=kind)):
                for stream in page.connections:
                    if stream.client_name != GATEWAY:
                        yield stream


def address_id(instance: instance_pb2.Instance) -> str:
    """The id of the client that an instance without a session belongs to."""
    primary = instance.endpoints[0]
    return f"{primary.host}:{primary.port}#{'false' if instance.persistent else 'true'}"


def _address(client_id: str) -> instance_pb2.InstanceAddress | None:
    """The address that a client's id means; None if it means none."""
    found = _ADDRESS.fullmatch(client_id)
    if found is None:
        return None
    host, port, is_ephemeral = found.groups()
    return instance_pb2.InstanceAddress(host=host, port=int(port), persistent=is_ephemeral == "false")


def _session_of(client_name: str) -> str:
    """The connection whose session is called so; empty if it is none's."""
    found = _SESSION.fullmatch(client_name)
    return found.group(1) if found is not None else ""


def host_and_port(peer: str) -> tuple[str, int]:
    """Where a peer calls from, as gRPC prints it: `ipv4:10.0.0.1:5000`, `ipv6:%5B::1%5D:5000`."""
    found = _PEER.fullmatch(unquote(peer))
    return (found.group(1).strip("[]"), int(found.group(2))) if found is not None else (peer, 0)


def _of_connection(peer: str, connection: Connection) -> StreamClient:
    host, port = host_and_port(peer)
    return StreamClient(
        connection.id,
        app=connection.labels.get("AppName", ""),
        version=connection.version,
        ip=connection.client_ip or host,
        port=port,
        subscriptions=sorted(connection.subscriptions),
    )


def _of_stream(client_id: str, stream: admin.Connection) -> StreamClient:
    host, port = host_and_port(stream.peer)
    return StreamClient(client_id, app=stream.client_name, ip=host, port=port)


def _tell(client: StreamClient, stream: admin.Connection) -> None:
    """Add what a stream shows of a client."""
    client.since_ms = max(client.since_ms, stream.connect_time.ToMilliseconds())
    for subscription in stream.subscriptions:
        if stream.kind == admin.CONNECTION_KIND_WATCH:
            namespace, group, name = subscription.name.split("/", 2)
            client.subscriptions.append((namespace, group, name))
        else:
            client.publications.append(_publication(subscription.name))


def _publication(text: str) -> Publication:
    """An instance as `namespace/group/name#instance_id`; names may hold a `#`, as ids made of host, port and cluster do."""
    found = _MADE.fullmatch(text) or _OTHER.fullmatch(text)
    name, instance_id = found.groups() if found is not None else (text, "")
    namespace, group, service = name.split("/", 2)
    return (namespace, group, service), instance_id
