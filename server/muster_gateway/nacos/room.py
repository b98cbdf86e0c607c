"""The Nacos room: all its calls over HTTP, and the answers to what is none of them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.bodies import BodyRefusedError
from muster_gateway.nacos.admin_clients import NacosAdminClients
from muster_gateway.nacos.admin_core import NacosAdminCore
from muster_gateway.nacos.admin_health import NacosAdminHealth
from muster_gateway.nacos.admin_instances import NacosAdminInstances
from muster_gateway.nacos.admin_namespaces import NacosAdminNamespaces
from muster_gateway.nacos.admin_ops import NacosAdminOps
from muster_gateway.nacos.admin_services import NacosAdminServices
from muster_gateway.nacos.answers import SECURITY_HEADERS, error_page, unproven
from muster_gateway.nacos.config import NacosConfig
from muster_gateway.nacos.config_admin import NacosConfigAdmin
from muster_gateway.nacos.config_history import NacosConfigHistory
from muster_gateway.nacos.config_listeners import NacosConfigListeners
from muster_gateway.nacos.config_ops import NacosConfigOps
from muster_gateway.nacos.config_search import NacosConfigSearch
from muster_gateway.nacos.config_transfer import NacosConfigTransfer
from muster_gateway.nacos.credentials import authorization_of
from muster_gateway.nacos.grpc.connections import Connections
from muster_gateway.nacos.grpc.service_info import ReferenceTimes
from muster_gateway.nacos.logins import NacosLogins
from muster_gateway.nacos.routes import Nacos
from muster_gateway.nacos.users import NacosUsers
from muster_gateway.nacos.v1 import gone
from muster_gateway.nacos.v1.config import Configs
from muster_gateway.nacos.v1.naming import Naming
from muster_gateway.nacos.v1.pushes import Pushes
from muster_gateway.registry import Registry
from muster_gateway.route import Route


class NacosRoom:
    """Everything below /nacos."""

    prefixes = ("/nacos",)

    def __init__(self, registry: Registry, connections: Connections, *, host: str, is_guarded: bool) -> None:
        times = ReferenceTimes()
        self._host, self._pushes = host, Pushes(registry, times)
        self._configs_1 = Configs(registry)
        self._parts = (
            Nacos(registry),
            NacosConfig(registry),
            NacosAdminInstances(registry),
            NacosAdminServices(registry),
            NacosAdminHealth(registry),
            NacosAdminClients(registry, connections),
            NacosAdminOps(registry, connections),
            NacosAdminNamespaces(registry),
            NacosAdminCore(registry, connections, is_guarded=is_guarded),
            NacosConfigAdmin(registry),
            NacosConfigSearch(registry),
            NacosConfigTransfer(registry),
            NacosConfigHistory(registry),
            NacosConfigListeners(registry),
            NacosConfigOps(registry),
            NacosLogins(registry, is_guarded=is_guarded),
            NacosUsers(registry),
            Naming(registry, self._pushes, times),
            self._configs_1,
        )

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        return tuple(route for part in self._parts for route in part.routes())

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Push to SDKs of Nacos 1, and answer their polls at the end."""
        async with self._pushes.serving(self._host):
            try:
                yield
            finally:
                self._configs_1.stop()

    def choose(self, request: Request, methods: Mapping[str, Route]) -> Route | Response:
        """HEAD is a GET whose body the HTTP server leaves out."""
        path, method = request.url.path, request.method
        if path == "/nacos":
            return Response(None, 302, headers={"location": "/nacos/"})
        if path == "/nacos/":
            return Response("The REST calls of this server are listed at /.", media_type="text/plain")
        if _is_odd(request):
            return error_page(request, 400, "No message available")
        if method not in methods and (refusal := gone.refuse(request)) is not None:
            return refusal
        if not methods:
            return error_page(request, 404, f"No endpoint {method} {path}.")
        if (route := methods.get("GET" if method == "HEAD" else method)) is not None:
            return route
        if method == "OPTIONS":
            allowed = [*methods, "HEAD", "OPTIONS"] if "GET" in methods else [*methods, "OPTIONS"]
            return Response(None, 200, headers={**SECURITY_HEADERS, "Allow": ",".join(allowed)})
        response = error_page(request, 405, f"Method '{method}' is not supported.")
        response.headers["Allow"] = ", ".join(sorted(methods))
        return response

    async def authorization(self, request: Request) -> str:
        """In a header, in the query or in the form."""
        found = request.state.credential = await authorization_of(request)
        return found

    def refused(self, request: Request, refusal: BodyRefusedError) -> Response:
        """The error page. Who did not prove who they are gets 403, as the original has it."""
        if refusal.status == 401:
            return unproven(request)
        return error_page(request, refusal.status, str(refusal))

    def dress(self, request: Request, response: Response) -> None:
        """Answers have their headers already."""


def _is_odd(request: Request) -> bool:
    path = request.scope["path"]
    return (
        "//" in path
        or ";" in path
        or ".." in path.split("/")
        or "\\" in path
        or "%2f" in request.scope["raw_path"].decode().lower()
    )
