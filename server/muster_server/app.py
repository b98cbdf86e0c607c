"""The composition root: builds the rooms, wires them, starts and stops them in order."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc.aio
import structlog
from muster_agent.runtimes import discover
from muster_gateway.app import create_app
from muster_gateway.callers import IdentifiedChannel, Identity
from muster_gateway.channel import LocalChannel
from muster_gateway.nacos.grpc.service import NacosGrpc
from muster_gateway.server import GatewayServer, listen

from muster_server.access.authenticator import Authenticator
from muster_server.access.sealing import Sealer
from muster_server.core.errors import MusterError, Reason
from muster_server.core.state import Limits
from muster_server.engine.clock import Clock, SystemClock
from muster_server.engine.engine import Engine
from muster_server.metrics import Metrics, ProcessMetrics
from muster_server.rpc.adapter import Call, Services, bind
from muster_server.rpc.addresses import LOCAL_PEER
from muster_server.rpc.encoders import WireEncoder
from muster_server.rpc.gate import Gate
from muster_server.rpc.server import make_server, make_services
from muster_server.rpc.sessions import SessionServicer
from muster_server.settings import Settings
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import Store
from muster_server.storage.sqlite import SqliteStore

log = structlog.get_logger(__name__)

DRAIN_S = 3.0
CHANNEL_OPTIONS = (
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.max_receive_message_length", 16 << 20),  # as the server's own: a config may be 10 MiB
    ("grpc.max_reconnect_backoff_ms", 2_000),  # a server that is back is found again soon, however long it was gone
)


@dataclass(frozen=True, slots=True)
class Running:
    """A server that serves. Addresses are `host:port`; a gateway alone names the server it talks to."""

    grpc: str
    http: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunningServer(Running):
    """A server with its engine."""

    engine: Engine


@asynccontextmanager
async def serving(settings: Settings, *, store: Store | None = None, clock: Clock | None = None) -> AsyncIterator[RunningServer]:
    """Serve for as long as the context is open; then drain and stop.

    A given store is the caller's: it is not closed. Raises OSError for a port that is taken, StorageUnusableError for a data
    directory that cannot be used.
    """
    own = store is None
    used = store or (MemoryStore() if settings.storage == "memory" else SqliteStore(settings.data_dir))
    try:
        used_clock = clock or SystemClock()
        engine = Engine(used, WireEncoder(), used_clock, _limits(settings))
        try:
            authenticator = Authenticator(engine, Sealer(_key_file(settings)), used_clock.monotonic_s)
            async with _serving(settings, engine, authenticator) as running:
                yield running
        finally:
            await engine.close()
    finally:
        if own:
            used.close()


def _key_file(settings: Settings) -> Path | None:
    return settings.key_file or (settings.data_dir / "muster.key" if settings.storage == "sqlite" else None)


def _own_token(settings: Settings) -> str:
    """What the gateway itself is known by at the server. Raises OSError."""
    return settings.token_file.read_text().strip() if settings.token_file is not None else ""


def _limits(settings: Settings) -> Limits:
    return Limits(
        max_instances=settings.max_instances,
        max_content_bytes=settings.max_content_bytes,
        max_total_bytes=settings.max_total_content_bytes,
        max_definitions=settings.max_definitions,
        max_total_schema_bytes=settings.max_total_schema_bytes,
        history_retention_s=settings.history_days * 24 * 3600.0,
    )


@asynccontextmanager
async def _serving(settings: Settings, engine: Engine, authenticator: Authenticator) -> AsyncIterator[RunningServer]:
    sessions = SessionServicer(engine)
    metrics = Metrics(engine, sessions)
    gate = Gate(engine, authenticator) if settings.auth else None
    services = make_services(engine, sessions, Services(metrics, gate), authenticator, discover)
    identity = Identity(authenticator.gateway_token)
    channel = LocalChannel(
        lambda path, request: services.call(path, request, Call(LOCAL_PEER, identity.metadata())),
        lambda path, pipe, metadata: services.stream(path, pipe, LOCAL_PEER, {**metadata, **identity.metadata()}),
    )
    nacos = NacosGrpc(channel)
    server, health = await make_server(services, nacos.handlers())
    grpc_port = bind(server, settings.host, settings.grpc_port)
    sockets = listen(settings.host, settings.http_ports)
    web_app = create_app(channel, metrics, is_guarded=settings.auth)
    gateway = GatewayServer(web_app, sockets)
    running = RunningServer(_address(settings.host, grpc_port), _addresses(settings.host, sockets), engine)
    await server.start()
    try:
        async with channel, asyncio.TaskGroup() as group, AsyncExitStack() as guests:
            ticker = group.create_task(engine.run(), name="engine ticks")
            web = group.create_task(gateway.serve(), name="gateway")
            await guests.enter_async_context(nacos.serving())
            await guests.enter_async_context(web_app.serving())
            await gateway.started()
            if settings.auth and not engine.state.access.users:
                log.warning("nobody can log in yet: make the first administrator with `muster user init`", grpc=running.grpc)
            log.info("serving", grpc=running.grpc, http=running.http, epoch=engine.epoch)
            try:
                yield running
            finally:
                await health.enter_graceful_shutdown()
                gateway.stop()
                await guests.aclose()
                sessions.drain(delay_s=1.0)
                engine.drain(delay_s=1.0)
                await _streams_end(services.running, DRAIN_S)
                services.end_streams(MusterError(Reason.DRAINING, "the server is stopping: connect again"))
                await _streams_end(services.running, 1.0)
                await server.stop(0.5)
                await _streams_end(services.running | nacos.running, 1.0)
                ticker.cancel()
                await asyncio.wait([web])
    finally:
        log.info("stopped", revision=engine.revision)


@asynccontextmanager
async def gateway_serving(settings: Settings, target: str) -> AsyncIterator[Running]:
    """Serve the gateway alone, over a real channel, for as long as the context is open. Raises OSError for a port that is taken."""
    sockets = listen(settings.host, settings.http_ports)
    async with grpc.aio.insecure_channel(target, options=CHANNEL_OPTIONS) as channel, asyncio.TaskGroup() as group:
        identified = IdentifiedChannel(channel, Identity(_own_token(settings)))
        web_app = create_app(identified, ProcessMetrics(), is_guarded=settings.auth)
        gateway = GatewayServer(web_app, sockets)
        web = group.create_task(gateway.serve(), name="gateway")
        await gateway.started()
        try:
            async with web_app.serving():
                yield Running(target, _addresses(settings.host, sockets))
        finally:
            gateway.stop()
            await asyncio.wait([web])


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _addresses(host: str, sockets: Sequence[socket.socket]) -> tuple[str, ...]:
    return tuple(_address(host, bound.getsockname()[1]) for bound in sockets)


async def _streams_end(running: set["asyncio.Task[object]"], timeout_s: float) -> None:
    if running:
        await asyncio.wait(set(running), timeout=timeout_s)


def write_ready_file(path: Path, running: Running) -> None:
    """Tell where we serve, atomically."""
    content = json.dumps({"grpc": running.grpc, "http": list(running.http), "pid": os.getpid()})
    scratch = path.with_name(path.name + ".new")
    scratch.write_text(content + "\n")
    scratch.replace(path)
