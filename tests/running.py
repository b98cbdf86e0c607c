"""A real server on free ports, and a clock that tests turn by hand."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grpc.aio
from muster_server.app import Running, RunningServer, gateway_serving, serving
from muster_server.engine.engine import Engine
from muster_server.settings import Settings
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import Store
from muster_server.tls import Tls


@contextmanager
def nobody_at(target: str) -> Iterator[None]:
    """Keep the address of a server that is gone, so that no other one gets it: who connects is refused."""
    host, _, port = target.rpartition(":")
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((host, int(port)))
        yield


class ManualClock:
    """Stands still until told otherwise."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic_s(self) -> float:
        return self.now_s

    def wall_s(self) -> float:
        return 1_700_000_000.0 + self.now_s


@dataclass
class Server:
    """A running server as tests see it."""

    grpc_target: str
    nacos: str
    http_urls: list[str]
    engine: Engine
    clock: ManualClock | None
    tls: Tls | None = None

    def channel(self) -> grpc.aio.Channel:
        return grpc.aio.insecure_channel(self.grpc_target)

    def advance(self, seconds: float) -> None:
        """Turn the manual clock, in steps that are no stall."""
        assert self.clock is not None
        end = self.clock.now_s + seconds
        while self.clock.now_s < end:
            self.clock.now_s = min(end, self.clock.now_s + 0.5)
            self.engine.tick()


@asynccontextmanager
async def running_server(
    *, store: Store | None = None, clock: ManualClock | None = None, data_dir: Path | None = None, **settings: Any
) -> AsyncIterator[Server]:
    settings = {"grpc_port": 0, "http_ports": (0,), "storage": "sqlite" if data_dir else "memory", **settings}
    if data_dir is not None:
        settings["data_dir"] = data_dir
    used = store if store is not None or data_dir is not None else MemoryStore()
    async with serving(Settings(**settings), store=used, clock=clock) as running:
        yield as_server(running, clock)


def as_server(running: RunningServer, clock: ManualClock | None) -> Server:
    urls = [f"{'http' if running.tls is None else 'https'}://{address}" for address in running.http]
    return Server(running.grpc, running.nacos, urls, running.engine, clock, running.tls)


@asynccontextmanager
async def running_gateway(server: Server, kind: str) -> AsyncIterator[str]:
    """The URL of the server's own gateway (`local`), or of one apart from it, over a real channel (`apart`)."""
    if kind == "local":
        yield server.http_urls[0]
        return
    async with gateway_apart(server) as running:
        yield f"http://{running.http[0]}"


@asynccontextmanager
async def running_nacos(place: str, clock: ManualClock | None = None, **settings: Any) -> AsyncIterator[Server]:
    """A server whose `nacos` is its own (`local`), or that of a gateway apart from it (`apart`)."""
    async with running_server(clock=clock, **settings) as server:
        if place == "local":
            yield server
            return
        async with gateway_apart(server) as running:
            yield replace(server, nacos=running.nacos)


def gateway_apart(server: Server) -> AbstractAsyncContextManager[Running]:
    """A gateway apart from its server, on free ports."""
    return gateway_serving(Settings(http_ports=(0,), nacos_grpc_port=0), server.grpc_target)
