"""The admin calls for the naming module as a whole: its switches, its counters, its logs."""

from muster.admin.v1 import admin_service_pb2 as admin
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos.admin_reads import AdminReads
from muster_gateway.nacos.answers import answering, envelope
from muster_gateway.nacos.clients import Clients
from muster_gateway.nacos.errors import missing, not_served
from muster_gateway.nacos.grpc.connections import Connections
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.registry import Registry
from muster_gateway.route import Parameter, Route

_ONLY_STATUS = (Parameter("onlyStatus", "query", "`true` if absent; `false`: the counters too"),)
_SWITCH = (
    Parameter("entry", "form", "which switch", is_required=True),
    Parameter("value", "form", "what it shall be", is_required=True),
    Parameter("debug", "form", "not used"),
)
LOG = (
    Parameter("logName", "form", "which log", is_required=True),
    Parameter("logLevel", "form", "how much", is_required=True),
)
REFUSED = "501: not served, and why"
NO_LOG_LEVELS = "The log level is set when the server starts."
_NO_SWITCHES = "Switches cannot be turned: what GET /nacos/v3/admin/ns/ops/switches shows always holds."


class NacosAdminOps:
    """Knows the registry by its stubs only, and the gRPC connections of this process."""

    def __init__(self, registry: Registry, connections: Connections) -> None:
        self._reads, self._clients = AdminReads(registry), Clients(registry, connections)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path = "/nacos/v3/admin/ns/ops"
        turn, log = answering(self.turn), answering(self.set_log_level)
        return (
            Route("GET", f"{path}/switches", answering(self.switches), "Show the switches", (), "`data`: by name"),
            Route("PUT", f"{path}/switches", turn, "Turn a switch", _SWITCH, REFUSED),
            Route("GET", f"{path}/metrics", answering(self.metrics), "Show how the module is", _ONLY_STATUS, "`data.status`"),
            Route("PUT", f"{path}/log", log, "Set a log level", LOG, REFUSED),
        )

    async def switches(self, _: Request) -> Response:
        """GET switches."""
        return envelope(200, 0, SWITCHES)

    async def turn(self, request: Request) -> Response:
        """PUT switches."""
        check_required(await Parameters.read(request), _SWITCH)
        raise not_served(_NO_SWITCHES)

    async def metrics(self, request: Request) -> Response:
        """GET metrics. The counters take O(instances), the status nothing."""
        parameters = await Parameters.read(request)
        if parameters.flag("onlyStatus", default=True):
            await self._reads.info()
            return envelope(200, 0, {"status": "UP"})
        info: admin.GetServerInfoResponse = await self._reads.info()
        addresses, streams = await self._clients.addresses(), await self._clients.streams()
        ephemeral, count = sum(one.endswith("#true") for one in addresses), len(addresses) + len(streams)
        counters = {
            "serviceCount": info.service_count,
            "instanceCount": info.instance_count,
            "subscribeCount": sum(len(one.subscriptions) for one in streams),
            "clientCount": count,
            "connectionBasedClientCount": len(streams),
            "ephemeralIpPortClientCount": ephemeral,
            "persistentIpPortClientCount": len(addresses) - ephemeral,
            "responsibleClientCount": count,
        }
        return envelope(200, 0, {"status": "UP", **counters})

    async def set_log_level(self, request: Request) -> Response:
        """PUT log."""
        check_required(await Parameters.read(request), LOG)
        raise not_served(NO_LOG_LEVELS)


def check_required(parameters: Parameters, documented: tuple[Parameter, ...]) -> None:
    """Raises RefusedError for the first required parameter that is missing."""
    for parameter in documented:
        if parameter.is_required and not parameters.text(parameter.name):
            raise missing(parameter.name, "String")


SWITCHES: dict[str, object] = {
    "masters": None,
    "adWeightMap": {},
    "defaultPushCacheMillis": 10000,
    "clientBeatInterval": 5000,
    "defaultCacheMillis": 3000,
    "distroThreshold": 0.7,
    "healthCheckEnabled": True,
    "autoChangeHealthCheckEnabled": True,
    "distroEnabled": True,
    "enableStandalone": True,
    "pushEnabled": True,
    "checkTimes": 3,
    "httpHealthParams": {"max": 5000, "min": 500, "factor": 0.85},
    "tcpHealthParams": {"max": 5000, "min": 1000, "factor": 0.75},
    "mysqlHealthParams": {"max": 3000, "min": 2000, "factor": 0.65},
    "incrementalList": [],
    "serverStatusSynchronizationPeriodMillis": 2000,
    "serviceStatusSynchronizationPeriodMillis": 5000,
    "disableAddIP": False,
    "sendBeatOnly": False,
    "lightBeatEnabled": True,
    "limitedUrlMap": {},
    "distroServerExpiredMillis": 10000,
    "pushVersionOfGo": "0.1.0",
    "pushVersionOfJava": "0.1.0",
    "pushVersionOfPython": "0.4.3",
    "pushVersionOfC": "1.0.12",
    "pushVersionOfCsharp": "0.9.0",
    "enableAuthentication": False,
    "overriddenServerStatus": None,
    "defaultInstanceEphemeral": True,
    "healthCheckWhiteList": [],
    "name": "00-00---000-NACOS_SWITCH_DOMAIN-000---00-00",
    "checksum": None,
}
"""The original's defaults, which SDKs and consoles read: beats, pushes and kinds are as they say, the rest has no effect here."""
