"""The admin calls for the server itself: its state, whether it lives and is ready, and its cluster, which is itself."""

import os
from collections.abc import Awaitable, Callable

import grpc.aio
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos.admin_clients import own_address
from muster_gateway.nacos.admin_ops import LOG, NO_LOG_LEVELS, REFUSED, check_required
from muster_gateway.nacos.admin_reads import AdminReads
from muster_gateway.nacos.answers import answering, envelope
from muster_gateway.nacos.clients import host_and_port
from muster_gateway.nacos.errors import RefusedError, missing, not_served
from muster_gateway.nacos.grpc.connections import Connection, Connections
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.registry import Registry
from muster_gateway.route import Parameter, Route

API_VERSION = "3.1.0"  # the Nacos that is spoken
STATES = ("STARTING", "UP", "SUSPICIOUS", "DOWN", "ISOLATION")
_NODES = (
    Parameter("address", "query", "only addresses that begin so"),
    Parameter("state", "query", f"only in this state: {', '.join(STATES)}"),
)
_RELOAD = (
    Parameter("connectionId", "form", "which connection", is_required=True),
    Parameter("redirectAddress", "form", "without effect: there is one server"),
)
_NO_CLUSTER = "This is one server: it has no other members."
_NO_RAFT = "There is no Raft here: what is durable is on the server's own disk."


class NacosAdminCore:
    """Knows the registry by its stubs only, and the gRPC connections of this process."""

    def __init__(self, registry: Registry, connections: Connections, *, is_guarded: bool) -> None:
        self._reads, self._connections, self._is_guarded = AdminReads(registry), connections, is_guarded

    def routes(self) -> tuple[Route, ...]:
        """What is served. State, liveness and readiness are for everybody, as in the original."""
        core, array = "/nacos/v3/admin/core", "`data`: array"
        members, raft = answering(_refusing(_NO_CLUSTER)), answering(_refusing(_NO_RAFT))
        log, reload = answering(_refusing(NO_LOG_LEVELS, LOG)), answering(self.reload)
        state, live, ready = (answering(call) for call in (self.state, self.live, self.ready))
        return (
            Route("GET", f"{core}/state", state, "Show the state of the server", (), "`data`: texts by name", is_public=True),
            Route("GET", f"{core}/state/liveness", live, "Say that the process lives", (), '`data: "ok"`', is_public=True),
            Route("GET", f"{core}/state/readiness", ready, "Say that calls are answered", (), '"ok", or 503', is_public=True),
            Route("GET", f"{core}/cluster/node/self", answering(self.node), "Show this server as a member", (), "`data`: it"),
            Route("GET", f"{core}/cluster/node/list", answering(self.nodes), "List the members", _NODES, array),
            Route("PUT", f"{core}/cluster/node/list", members, "Tell the members anew", (), REFUSED),
            Route("PUT", f"{core}/cluster/lookup", members, "Find members in another way", (), REFUSED),
            Route("POST", f"{core}/ops/raft", raft, "Command the Raft groups", (), REFUSED),
            Route("GET", f"{core}/ops/ids", answering(self.generators), "List the generators of ids", (), array),
            Route("PUT", f"{core}/ops/log", log, "Set a log level", LOG, REFUSED),
            Route("GET", f"{core}/loader/current", answering(self.connections), "List the gRPC connections", (), "`data`: by id"),
            Route("GET", f"{core}/loader/cluster", answering(self.load), "Show how connections are spread", (), "`data`: counts"),
            Route("POST", f"{core}/loader/reloadClient", reload, "Have a client connect anew", _RELOAD, "`data: null`"),
            Route("POST", f"{core}/loader/reloadCurrent", members, "Send clients to other members", (), REFUSED),
            Route("POST", f"{core}/loader/smartReloadCluster", members, "Spread clients over members", (), REFUSED),
        )

    async def state(self, request: Request) -> Response:
        """GET state. What is not there is said to be off."""
        info = await self._reads.info()
        port = own_address(request).rpartition(":")[2]
        about = {"version": f"{API_VERSION}-muster.{info.version}", "server_port": port}
        return envelope(200, 0, {**_STATE, **about, "auth_enabled": "true" if self._is_guarded else "false"})

    async def live(self, _: Request) -> Response:
        """GET liveness."""
        return envelope(200, 0, "ok")

    async def ready(self, _: Request) -> Response:
        """GET readiness: the registry answers. If it does not, the status says so too, for those who look at it only."""
        try:
            await self._reads.info()
        except grpc.aio.AioRpcError:
            return envelope(503, 30000, None, "config and naming not in readiness")
        return envelope(200, 0, "ok")

    async def node(self, request: Request) -> Response:
        """GET cluster/node/self."""
        return envelope(200, 0, await self._node(request))

    async def nodes(self, request: Request) -> Response:
        """GET cluster/node/list."""
        parameters = await Parameters.read(request)
        state = parameters.text("state").strip()
        if state and state.upper() not in STATES:
            raise RefusedError(400, 23000, f"Illegal state: {state}")
        node = await self._node(request)
        is_wanted = state.upper() in ("", "UP") and own_address(request).startswith(parameters.text("address").strip())
        return envelope(200, 0, [node] if is_wanted else [])

    async def generators(self, _: Request) -> Response:
        """GET ops/ids: there are none."""
        return envelope(200, 0, [])

    async def connections(self, _: Request) -> Response:
        """GET loader/current: those of this process."""
        await self._reads.check_admin()
        return envelope(200, 0, {one.id: _connection(peer, one) for peer, one in self._connections.live()})

    async def load(self, request: Request) -> Response:
        """GET loader/cluster: one member, so nothing is unequal."""
        await self._reads.check_admin()
        count = len(self._connections)
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0  # some platforms have none
        detail = {"address": own_address(request), "sdkConCount": count, "conCount": count, "load": f"{load:.2f}", "cpu": ""}
        members = {"detail": [detail], "memberCount": 1, "metricsCount": 1, "completed": True}
        return envelope(200, 0, {**members, "max": count, "min": count, "avg": count, "threshold": "", "total": count})

    async def reload(self, request: Request) -> Response:
        """POST loader/reloadClient: it is thrown off, and connects again by itself."""
        parameters = await Parameters.read(request)
        connection_id = parameters.text("connectionId").strip()
        if not connection_id:
            raise missing("connectionId", "String")
        await self._reads.check_admin()
        connection = self._connections.find_id(connection_id)
        if connection is None:
            raise RefusedError(404, 20004, f"connectionId [ {connection_id} ] not exist")
        connection.end("an operator asks to connect anew")
        return envelope(200, 0, None)

    async def _node(self, request: Request) -> dict[str, object]:
        info = await self._reads.info()
        host, _, port = own_address(request).rpartition(":")
        extra = {"version": info.version, "lastRefreshTime": info.start_time.ToMilliseconds(), "supportGrayModel": True}
        return {
            "ip": host,
            "port": int(port),
            "state": "UP",
            "extendInfo": extra,
            "address": f"{host}:{port}",
            "abilities": _ABILITIES,
            "grpcReportEnabled": True,
            "failAccessCnt": 0,
        }


def _connection(peer: str, one: Connection) -> dict[str, object]:
    host, port = host_and_port(peer)
    about = {
        "connectionId": one.id,
        "connectType": "GRPC",
        "clientIp": one.client_ip,
        "remoteIp": host,
        "remotePort": port,
        "version": one.version,
        "appName": one.labels.get("AppName", ""),
        "labels": dict(one.labels),
    }
    return {"connected": True, "traced": False, "metaInfo": about}


def _refusing(why: str, documented: tuple[Parameter, ...] = ()) -> Callable[[Request], Awaitable[Response]]:
    """What answers a call that has no meaning in one process."""

    async def refuse(request: Request) -> Response:
        check_required(await Parameters.read(request), documented)
        raise not_served(why)

    return refuse


_ABILITIES = {
    "remoteAbility": {"supportRemoteConnection": True, "grpcReportEnabled": True},
    "configAbility": {"supportRemoteMetrics": False},
    "namingAbility": {"supportJraft": False},
}
_STATE: dict[str, str | None] = {
    "startup_mode": "standalone",
    "function_mode": None,
    "auth_system_type": "",
    "auth_admin_request": "false",
    "console_ui_enabled": "false",
    "login_page_enabled": "false",
    "datasource_platform": "",
    "plugin_datasource_log_enabled": "false",
    "notifyConnectTimeout": "100",
    "notifySocketTimeout": "200",
    "isHealthCheck": "false",
    "maxHealthCheckFailCount": "12",
    "maxContent": "10485760",
    "isManageCapacity": "false",
    "isCapacityLimitCheck": "false",
    "defaultClusterQuota": "100000",
    "defaultGroupQuota": "200",
    "defaultMaxSize": "102400",
    "defaultMaxAggrCount": "10000",
    "defaultMaxAggrSize": "1024",
    "config_retention_days": "30",
}
