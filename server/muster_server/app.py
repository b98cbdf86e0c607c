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
from muster_client import Tls as TargetTls
from muster_client import open_channel
from muster_gateway.app import create_app
from muster_gateway.callers import IdentifiedChannel, Identity
from muster_gateway.channel import LocalChannel
from muster_gateway.nacos.grpc.service import NacosGrpc
from muster_gateway.server import GatewayServer, listen

from muster_server.access.authenticator import Authenticator
from muster_server.access.sealing import Sealer
from muster_server.agent import AgentApart, agent_apart, embedded_agent
from muster_server.core.errors import MusterError, Reason
from muster_server.core.state import Limits
from muster_server.engine.clock import Clock, SystemClock
from muster_server.engine.engine import Engine
from muster_server.metrics import Metrics, ProcessMetrics
from muster_server.rpc.adapter import SERVER_OPTIONS, Services, bind
from muster_server.rpc.addresses import LOCAL_PEER
from muster_server.rpc.calls import Call
from muster_server.rpc.dispatcher import Dispatcher
from muster_server.rpc.encoders import WireEncoder
from muster_server.rpc.gate import Gate
from muster_server.rpc.server import make_server, make_services
from muster_server.rpc.sessions import SessionServicer
from muster_server.settings import Settings
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import Store
from muster_server.storage.sqlite import SqliteStore
from muster_server.tls import Tls, TlsFiles

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
    """A server that serves. Addresses are `host:port`; a gateway alone names the server it talks to.

    `nacos` is where the gRPC protocol of Nacos is spoken: empty if that is off. `tls` is None if all is served in clear text.
    """

    grpc: str
    http: tuple[str, ...]
    nacos: str
    tls: Tls | None


@dataclass(frozen=True, slots=True)
class RunningServer(Running):
    """A server with its engine."""

    engine: Engine


@asynccontextmanager
async def serving(settings: Settings, *, store: Store | None = None, clock: Clock | None = None) -> AsyncIterator[RunningServer]:
    """Serve for as long as the context is open; then drain and stop.

    A given store is the caller's: it is not closed. Raises OSError for a port that is taken, TlsError for certificates and
    StorageUnusableError for a data directory that cannot be used.
    """
    tls = _tls(settings)
    own = store is None
    used = store or (MemoryStore() if settings.storage == "memory" else SqliteStore(settings.data_dir))
    try:
        used_clock = clock or SystemClock()
        engine = Engine(used, WireEncoder(), used_clock, _limits(settings))
        try:
            authenticator = Authenticator(engine, Sealer(_key_file(settings)), used_clock.monotonic_s, settings.login_lock_after)
            async with _serving(settings, engine, authenticator, tls) as running:
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
async def _serving(
    settings: Settings, engine: Engine, authenticator: Authenticator, tls: Tls | None
) -> AsyncIterator[RunningServer]:
    sessions = SessionServicer(engine)
    metrics = Metrics(engine, sessions, tls)
    gate = Gate(engine, authenticator) if settings.auth else None
    dispatcher = Dispatcher(engine)
    services = make_services(engine, sessions, Services(metrics, gate), authenticator, discover, dispatcher)
    identity = Identity(authenticator.gateway_token)
    channel = LocalChannel(
        lambda path, request: services.call(path, request, Call(LOCAL_PEER, identity.metadata())),
        lambda path, pipe, metadata: services.stream(path, pipe, LOCAL_PEER, {**metadata, **identity.metadata()}),
    )
    nacos = NacosGrpc(channel, is_guarded=settings.auth)
    server, health = await make_server(services, nacos.handlers())
    grpc_port = bind(server, settings.host, settings.grpc_port, tls.server_credentials() if tls else None)
    sockets = listen(settings.host, settings.http_ports)
    web_app = create_app(
        channel,
        metrics,
        nacos.connections,
        host=settings.host,
        is_guarded=settings.auth,
        arrivals=lambda: services.handlers.arrived,
    )
    gateway = GatewayServer(web_app, sockets, tls.context() if tls else None)
    address = _address(settings.host, grpc_port)
    running = RunningServer(address, _addresses(settings.host, sockets), address, tls, engine)
    await server.start()
    try:
        async with channel, asyncio.TaskGroup() as group, AsyncExitStack() as guests:
            ticker = group.create_task(engine.run(), name="engine ticks")
            dispatching = group.create_task(dispatcher.run(), name="dispatcher")
            watcher = group.create_task(_watch(tls), name="certificates")
            web = group.create_task(gateway.serve(), name="gateway")
            await guests.enter_async_context(nacos.serving())
            await guests.enter_async_context(web_app.serving())
            await gateway.started()
            await guests.enter_async_context(embedded_agent(settings, channel, running.grpc, running.http))
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
                engine.audience.drain(delay_s=1.0)
                await _stop(server, services, nacos)
                ticker.cancel()
                dispatching.cancel()
                watcher.cancel()
                await asyncio.wait([web])
    finally:
        log.info("stopped", revision=engine.revision)


async def _stop(server: grpc.aio.Server, services: Services, nacos: NacosGrpc) -> None:
    """Give streams the time to go to another server, or to come back to this one; then end them."""
    await _streams_end(services.running, DRAIN_S)
    services.end_streams(MusterError(Reason.DRAINING, "the server is stopping: connect again"))
    await _streams_end(services.running, 1.0)
    await server.stop(0.5)
    await _streams_end(services.running | nacos.running, 1.0)


@asynccontextmanager
async def gateway_serving(settings: Settings, target: str) -> AsyncIterator[Running]:
    """Serve the gateway alone, over a real channel, for as long as the context is open.

    Raises OSError for a port that is taken, or for files that cannot be used: certificates, a token.
    """
    tls = _tls(settings)
    identity = Identity(_own_token(settings))
    async with AsyncExitStack() as stack:
        channel = IdentifiedChannel(await stack.enter_async_context(_channel(settings, target)), identity)
        nacos = await stack.enter_async_context(_nacos_serving(settings, target, channel, tls))
        sockets = listen(settings.host, settings.http_ports)  # before there is a group, which would wrap its OSError
        guests = await stack.enter_async_context(AsyncExitStack())
        group = await stack.enter_async_context(asyncio.TaskGroup())
        web_app = create_app(channel, ProcessMetrics(tls), host=settings.host, is_guarded=settings.auth)
        gateway = GatewayServer(web_app, sockets, tls.context() if tls else None)
        watcher = group.create_task(_watch(tls), name="certificates")
        web = group.create_task(gateway.serve(), name="gateway")
        await guests.enter_async_context(web_app.serving())
        await gateway.started()
        running = Running(target, _addresses(settings.host, sockets), nacos, tls)
        log.info("serving", target=running.grpc, http=running.http, nacos=running.nacos)
        try:
            yield running
        finally:
            watcher.cancel()
            gateway.stop()
            await guests.aclose()
            await asyncio.wait([web])


@asynccontextmanager
async def agent_serving(settings: Settings, apart: AgentApart, target: str) -> AsyncIterator[None]:
    """Run deployments for a server elsewhere for as long as the context is open. Raises OSError for files that cannot be used."""
    async with _channel(settings, target) as channel, agent_apart(apart, channel, _own_token(settings), target):
        yield


def _channel(settings: Settings, target: str) -> grpc.aio.Channel:
    """To a server elsewhere. Raises OSError."""
    tls = None if settings.target_ca is None else TargetTls(settings.target_ca, settings.target_cert, settings.target_key)
    return open_channel(target, tls, CHANNEL_OPTIONS)


@asynccontextmanager
async def _nacos_serving(settings: Settings, target: str, channel: IdentifiedChannel, tls: Tls | None) -> AsyncIterator[str]:
    """Serve the gRPC protocol of Nacos on a port of its own; the address, empty if it is off. Raises OSError if the port is taken.

    A target at the very address that this port would have speaks the protocol itself: then there is nothing to open.
    """
    if settings.nacos_grpc_port is None:
        yield ""
        return
    if target == _address(settings.host, settings.nacos_grpc_port):
        yield target
        return
    nacos, server = NacosGrpc(channel, is_guarded=settings.auth), grpc.aio.server(options=SERVER_OPTIONS)
    server.add_generic_rpc_handlers(tuple(nacos.handlers()))
    port = bind(server, settings.host, settings.nacos_grpc_port, tls.server_credentials() if tls else None)
    await server.start()
    try:
        async with nacos.serving():
            yield _address(settings.host, port)
    finally:
        await server.stop(0.5)
        await _streams_end(nacos.running, 1.0)


def _tls(settings: Settings) -> Tls | None:
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return Tls(TlsFiles(settings.tls_cert, settings.tls_key, settings.tls_client_ca))


async def _watch(tls: Tls | None) -> None:
    if tls is not None:
        await tls.watch()


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _addresses(host: str, sockets: Sequence[socket.socket]) -> tuple[str, ...]:
    return tuple(_address(host, bound.getsockname()[1]) for bound in sockets)


async def _streams_end(running: set["asyncio.Task[object]"], timeout_s: float) -> None:
    if running:
        await asyncio.wait(set(running), timeout=timeout_s)


def write_ready_file(path: Path, running: Running) -> None:
    """Tell where we serve, atomically."""
    content = json.dumps({"grpc": running.grpc, "nacos": running.nacos, "http": list(running.http), "pid": os.getpid()})
    scratch = path.with_name(path.name + ".new")
    scratch.write_text(content + "\n")
    scratch.replace(path)
