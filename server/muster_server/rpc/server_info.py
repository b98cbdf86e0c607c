"""AdminService.GetServerInfo: what this server is, and how it is doing."""

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from muster.admin.v1 import admin_service_pb2 as wire

from muster_server.engine.durations import Durations
from muster_server.engine.engine import Engine
from muster_server.rpc.adapter import Services
from muster_server.rpc.calls import Call
from muster_server.rpc.encoding import duration, timestamp
from muster_server.rpc.sessions import SessionServicer

_STATM = Path("/proc/self/statm")


class ServerInfoServicer:
    """Documented in admin_service.proto."""

    def __init__(self, engine: Engine, sessions: SessionServicer, services: Services) -> None:
        self._engine = engine
        self._sessions = sessions
        self._services = services

    async def get_server_info(self, _: wire.GetServerInfoRequest, __: Call) -> wire.GetServerInfoResponse:
        """Answer from what the engine counts anyway. O(open streams)."""
        engine, state = self._engine, self._engine.state
        hub, config_hub = engine.hub, engine.config_hub
        return wire.GetServerInfoResponse(
            version=muster_version(),
            epoch=engine.epoch,
            revision=engine.revision,
            start_time=timestamp(engine.audience.began_s),
            warming_up=hub.is_warming_up,
            storage=engine.storage_kind,
            instance_count=state.instance_count,
            service_count=len(state.services),
            config_count=state.configs.live_count,
            session_count=self._sessions.open_count,
            watch_count=sum(1 for _ in hub.subscribers),
            listen_count=sum(1 for _ in config_hub.subscribers),
            call_count=self._services.finished_count,
            push_count=hub.pushes + config_hub.pushes,
            push=latency(hub.push_durations + config_hub.push_durations),
            commit=latency(engine.commit_durations),
            loop_lag=latency(engine.loop_lags),
            memory_bytes=resident_bytes(),
        )


def latency(durations: Durations) -> wire.Latency:
    """A histogram in four numbers."""
    return wire.Latency(
        count=durations.count,
        total=duration(durations.total_s),
        p50=duration(durations.most(0.5)),
        p99=duration(durations.most(0.99)),
    )


def muster_version() -> str:
    """The version of the installed distribution; `unknown` when Muster runs from a directory."""
    try:
        return version("muster-registry")
    except PackageNotFoundError:
        return "unknown"


def resident_bytes() -> int:
    """Resident memory of this process; 0 where the platform does not tell. Reads no disk: procfs is made by the kernel."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
