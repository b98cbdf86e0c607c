"""The admin calls that show who listens to configs, whatever protocol they speak."""

from collections.abc import AsyncIterator

from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as calls
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos.answers import answering, envelope
from muster_gateway.nacos.config_admin import NAMES
from muster_gateway.nacos.config_parameters import check_config, named, required
from muster_gateway.nacos.convert import nacos_namespace
from muster_gateway.nacos.errors import missing_text
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.registry import Registry, pages
from muster_gateway.route import Parameter, Route

_AGGREGATION = Parameter("aggregation", "query", "without effect: there is one server")
_CONFIG = (*NAMES, _AGGREGATION)
_ADDRESS = (
    Parameter("ip", "query", "the client's address", is_required=True),
    Parameter("namespaceId", "query", "only configs of this namespace"),
    Parameter("all", "query", "`true`: of all namespaces, if none is named; else `public` alone"),
    _AGGREGATION,
)


class NacosConfigListeners:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._config = registry.config

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path, answer = "/nacos/v3/admin/cs", "`data.listenersStatus`: md5 by"
        of_config, of_address = answering(self.of_config), answering(self.of_address)
        return (
            Route("GET", f"{path}/config/listener", of_config, "Show who listens to a config", _CONFIG, f"{answer} address"),
            Route("GET", f"{path}/listener", of_address, "Show what a client listens to", _ADDRESS, f"{answer} config"),
        )

    async def of_config(self, request: Request) -> Response:
        """GET config/listener. Of several clients at one address the one that came last is shown, as in the original."""
        parameters = await Parameters.read(request)
        check_config(parameters)
        parameters.flag("aggregation", default=True)
        found = self._listeners(calls.ListListenersRequest(ref=named(parameters, missing_text)))
        return _status("config", {one.ip or one.peer: one.md5 async for one in found})

    async def of_address(self, request: Request) -> Response:
        """GET listener."""
        parameters = await Parameters.read(request)
        check_config(parameters)
        parameters.flag("aggregation", default=True)
        ip, of_all = required(parameters, "ip", "String"), parameters.flag("all", default=False)
        namespace = parameters.text("namespaceId").strip() or ("" if of_all else "public")
        found = self._listeners(calls.ListListenersRequest(ip=ip))
        shown = {
            _group_key(one.ref): one.md5 async for one in found if not namespace or namespace == nacos_namespace(one.ref.namespace)
        }
        return _status("ip", shown)

    async def _listeners(self, asked: calls.ListListenersRequest) -> AsyncIterator[calls.ConfigListener]:
        async for page in pages(self._config.ListListeners, asked):
            for listener in page.listeners:
                yield listener


def _status(kind: str, status: dict[str, str]) -> Response:
    return envelope(200, 0, {"queryType": kind, "listenersStatus": status})


def _group_key(ref: config_pb2.ConfigRef) -> str:
    """A config as one word: `dataId+group+namespace`, in which `+` and `%` are escaped."""
    parts = (ref.name, ref.group, nacos_namespace(ref.namespace))
    return "+".join(part.replace("%", "%25").replace("+", "%2B") for part in parts)
