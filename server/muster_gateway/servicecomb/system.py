"""The calls about the registry itself: health, version, and what its administrators read."""

import platform

import grpc.aio
from muster.catalog.v1 import catalog_service_pb2 as catalog
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of
from muster_gateway.route import Parameter, Route
from muster_gateway.servicecomb.calls import answered, answering, check_permitted, done
from muster_gateway.servicecomb.errors import FORBIDDEN, INTERNAL, CseError
from muster_gateway.servicecomb.names import DEFAULT, namespace_of
from muster_gateway.servicecomb.own import OwnService

_PROJECT = Parameter("project_id", "path", "the project", is_required=True)


class System:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry, own: OwnService) -> None:
        self._registry, self._own = registry, own

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        project = (_PROJECT,)
        v4 = "/v4/{project_id}"
        table = (
            ("GET", f"{v4}/registry/health", self.health, "The registry's own instances", project),
            ("GET", "/health", self.health, "The registry's own instances", ()),
            ("GET", f"{v4}/registry/health/readiness", self.readiness, "Whether the registry can serve", project),
            ("GET", f"{v4}/registry/version", self.version, "The version", project),
            ("GET", "/version", self.version, "The version", ()),
            ("GET", f"{v4}/admin/dump", self.dump, "What is kept", project),
            ("GET", f"{v4}/admin/clusters", self.clusters, "The registries that share their state", project),
            ("GET", f"{v4}/admin/alarms", self.alarms, "Alarms; there are none", project),
            ("DELETE", f"{v4}/admin/alarms", self.clear_alarms, "Clear alarms", project),
            ("GET", "/v1/syncer/health", self.syncer, "Synchronisation, which is not configured", ()),
        )
        public = (self.health, self.readiness, self.version)
        return tuple(
            Route(method, path, answering(handler), summary, parameters, "JSON object", is_public=handler in public)
            for method, path, handler, summary, parameters in table
        )

    async def health(self, request: Request) -> Response:
        """GET /health."""
        return answered({"instances": [self._own.instance(request)]})

    async def readiness(self, _: Request) -> Response:
        """GET /health/readiness: clients that find none open a connection to see whether the registry lives."""
        asked = catalog.ListDefinitionsRequest(namespace="readiness")
        try:
            await self._registry.catalog.ListDefinitions(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if not reason_of(error):  # one that refuses is alive
                return Response(None, 503)
        return done()

    async def version(self, request: Request) -> Response:
        """GET /version."""
        api = "4.0.0" if "project_id" in request.path_params else "3.0.0"
        return answered(
            {
                "version": self._own.version,
                "buildTag": "muster",
                "goVersion": f"python{platform.python_version()}",
                "os": platform.system().lower(),
                "arch": platform.machine(),
                "apiVersion": api,
            }
        )

    async def dump(self, request: Request) -> Response:
        """GET /admin/dump. Caches there are none; what is kept is read by the calls about microservices."""
        await check_permitted(self._registry, "ops", "get")
        if namespace_of(request) != DEFAULT:
            raise CseError(FORBIDDEN, "Required admin permission")
        return answered({})

    async def clusters(self, request: Request) -> Response:
        """GET /admin/clusters."""
        await check_permitted(self._registry, "ops", "get")
        return answered({"clusters": {"muster": [f"http://{request.url.netloc}"]}})

    async def alarms(self, _: Request) -> Response:
        """GET /admin/alarms."""
        await check_permitted(self._registry, "ops", "get")
        return answered({})

    async def clear_alarms(self, _: Request) -> Response:
        """DELETE /admin/alarms."""
        await check_permitted(self._registry, "ops", "delete")
        return done()

    async def syncer(self, _: Request) -> Response:
        """GET /v1/syncer/health."""
        raise CseError(INTERNAL, "sync config is empty")
