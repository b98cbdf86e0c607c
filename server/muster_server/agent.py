"""The agent put together with a server: the one in the server's own process, and one apart."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from muster_agent.agent import Who
from muster_agent.local import agent_running
from muster_agent.runtimes import discover
from muster_gateway.callers import IdentifiedChannel, Identity, as_gateway

from muster_server.rpc.server_info import muster_version
from muster_server.settings import Settings

log = structlog.get_logger(__name__)

LOCAL_AGENT = "local"


@dataclass(frozen=True, slots=True)
class AgentApart:
    """What `muster agent` was told. `host` is where its replicas can be reached; empty for the address that this machine has."""

    name: str
    namespace: str
    environment: str
    host: str
    directory: Path
    stops: bool


@asynccontextmanager
async def embedded_agent(settings: Settings, channel: Any, target: str, http: tuple[str, ...]) -> AsyncIterator[None]:
    """Run deployments in the server's own process, if the settings have it, for environments that have no agent of their own.

    What it has started ends with a server that forgets, and survives another. Raises OSError.
    """
    if not settings.runs_agent:
        yield
        return
    host = settings.host if settings.host not in ("0.0.0.0", "::") else _own_address()  # noqa: S104  # compared only
    who = Who(LOCAL_AGENT, "*", "", host, muster_version())
    forgets = settings.storage == "memory"
    env = {"MUSTER_TARGET": target, "MUSTER_HTTP": ",".join(http)}
    async with AsyncExitStack() as stack:
        directory = (
            Path(stack.enter_context(TemporaryDirectory(prefix="muster-agent-"))) if forgets else settings.data_dir / "agent"
        )
        running = agent_running(channel, who, directory, env, stops=forgets)
        await as_gateway(lambda: stack.enter_async_context(running))
        yield


@asynccontextmanager
async def agent_apart(apart: AgentApart, channel: Any, token: str, target: str) -> AsyncIterator[None]:
    """Run deployments for a server elsewhere. Raises OSError."""
    runtimes = tuple((await discover()).values())
    host = apart.host or _own_address()
    who = Who(apart.name, apart.namespace, apart.environment, host, muster_version(), runtimes)
    identified = IdentifiedChannel(channel, Identity(token))
    async with AsyncExitStack() as stack:
        running = agent_running(identified, who, apart.directory, {"MUSTER_TARGET": target}, stops=apart.stops)
        await as_gateway(lambda: stack.enter_async_context(running))
        log.info("agent runs", agent=apart.name, environment=apart.environment or "any", host=host, server=target)
        yield


def _own_address() -> str:
    """The address that this machine has towards others; nothing is sent to find it out."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # TEST-NET-1: behind the default route
        address: str = probe.getsockname()[0]
        return address
    return "127.0.0.1"
