"""The admin calls for the config module as a whole: quotas, its cache, its logs, its database, the clients' own metrics.

Most of it has no meaning in a server without a cache, a Derby database or quotas. Where the original has an answer for that, it is
given; else 501 with code 40001, as the original's console answers for a module that is switched off.
"""

from muster.config.v1 import config_service_pb2 as calls
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos.answers import answering, envelope
from muster_gateway.nacos.config_parameters import check_config, identifier, required
from muster_gateway.nacos.config_reads import ConfigReads
from muster_gateway.nacos.convert import native_namespace
from muster_gateway.nacos.errors import RefusedError, not_served
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.registry import Registry
from muster_gateway.route import Parameter, Route

_QUOTAS = ("quota", "maxSize", "maxAggrCount", "maxAggrSize")
_SCOPE = (
    Parameter("groupName", "query", "this group, in all namespaces; one of the two is required"),
    Parameter("namespaceId", "query", "this namespace; it counts if both are given"),
)
_SET_CAPACITY = (
    *(Parameter(name.name, "form", name.text) for name in _SCOPE),
    *(Parameter(name, "form", "at least one of the four is required") for name in _QUOTAS),
)
_LOG = tuple(Parameter(name, "form", text, is_required=True) for name, text in (("logName", "which log"), ("logLevel", "how much")))
_SQL = (Parameter("sql", "query", "a query", is_required=True),)
_CLIENT = (Parameter("ip", "query", "the client's address", is_required=True),)
_NO_QUOTAS = "There are no quotas of groups and namespaces: limits are settings of the server."
_NO_METRICS = "Clients are not asked what they hold. GET /nacos/v3/admin/cs/listener shows what each was sent."


class NacosConfigOps:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._reads = ConfigReads(registry)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path, refused = "/nacos/v3/admin/cs", "501: not served, and why"
        show, change = answering(self.capacity), answering(self.set_capacity)
        metrics, log, derby = answering(self.metrics), answering(self.set_log_level), answering(self.derby)
        no_derby = "code 30000: there is no Derby database"
        return (
            Route("GET", f"{path}/capacity", show, "Count the configs of a group or a namespace", _SCOPE, "`data.usage`"),
            Route("POST", f"{path}/capacity", change, "Set a quota", _SET_CAPACITY, refused),
            Route("POST", f"{path}/ops/localCache", answering(self.dump), "Read the configs anew", (), "a text: it is done"),
            Route("PUT", f"{path}/ops/log", log, "Set a log level", _LOG, "code 30000: it is set at the start"),
            Route("GET", f"{path}/ops/derby", derby, "Query the Derby database", _SQL, no_derby),
            Route("POST", f"{path}/ops/derby/import", answering(self.import_derby), "Import into the Derby database", (), no_derby),
            Route("GET", f"{path}/metrics/cluster", metrics, "Ask a client for its metrics", _CLIENT, refused),
            Route("GET", f"{path}/metrics/ip", metrics, "Ask a client for its metrics", _CLIENT, refused),
        )

    async def capacity(self, request: Request) -> Response:
        """GET capacity: how many configs there are."""
        group, namespace = await _scope(request)
        asked = calls.ListConfigsRequest(
            namespace=native_namespace(namespace) if namespace else "", group="" if namespace else group, page_size=1, count=True
        )
        usage = (await self._reads.page(asked)).total_size
        quotas = dict.fromkeys(_QUOTAS, 0)
        return envelope(200, 0, {"id": None, **quotas, "usage": usage, "gmtCreate": None, "gmtModified": None})

    async def set_capacity(self, request: Request) -> Response:
        """POST capacity."""
        await _scope(request)
        parameters = await Parameters.read(request)
        given = [identifier(name, text) for name in _QUOTAS if (text := parameters.text(name).strip())]
        if not given:
            raise RefusedError(400, 10000, f"At least one of the parameters ({', '.join(_QUOTAS)}) must be provided")
        raise not_served(_NO_QUOTAS)

    async def dump(self, _: Request) -> Response:
        """POST ops/localCache. What is served is what is stored, so it is true already."""
        return envelope(200, 0, "Local cache updated from store successfully!")

    async def set_log_level(self, request: Request) -> Response:
        """PUT ops/log."""
        parameters = await Parameters.read(request)
        name, level = (required(parameters, given, "String") for given in ("logName", "logLevel"))
        problem = f"Failed to set log level for module {name} to {level}: it is set when the server starts"
        return envelope(200, 30000, None, problem)

    async def derby(self, request: Request) -> Response:
        """GET ops/derby."""
        required(await Parameters.read(request), "sql", "String")
        return envelope(200, 30000, None, "The current storage mode is not Derby")

    async def import_derby(self, _: Request) -> Response:
        """POST ops/derby/import."""
        return envelope(200, 30000, None, "Limited to embedded storage mode")

    async def metrics(self, request: Request) -> Response:
        """GET metrics/cluster and metrics/ip."""
        parameters = await Parameters.read(request)
        check_config(parameters)
        required(parameters, "ip", "String")
        raise not_served(_NO_METRICS)


async def _scope(request: Request) -> tuple[str, str]:
    parameters = await Parameters.read(request)
    check_config(parameters)
    group, namespace = parameters.text("groupName").strip(), parameters.text("namespaceId").strip()
    if not group and not namespace:
        raise RefusedError(400, 10000, "At least one of the parameters (groupName or namespaceId) must be provided")
    return group, namespace
