"""Table 2: what components can run on, and how much they may take."""

from muster.delivery.v1 import delivery_service_pb2 as wire
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import CALL_TIMEOUT_S, Registry
from muster_gateway.route import Route
from muster_gateway.servicestage import flavors
from muster_gateway.servicestage.answers import answered, answering
from muster_gateway.servicestage.parameters import PROJECT


class Metadata:
    """The two calls, and the templates that newer clients ask for: there are none."""

    def __init__(self, registry: Registry) -> None:
        self._delivery = registry.delivery

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        root = "/v2/{project_id}/cas/metadata"
        project = (PROJECT,)
        return (
            Route("GET", f"{root}/runtimes", answering(self.runtimes), "What components can run on", project, "`{runtimes}`"),
            Route("GET", f"{root}/flavors", answering(self.flavors), "How much they may take", project, "`{flavors}`"),
            Route("GET", f"{root}/templates", answering(self.templates), "Templates: none", project, "`{templates: []}`"),
        )

    async def runtimes(self, _: Request) -> Response:
        """GET /metadata/runtimes."""
        found = await self._delivery.ListRuntimes(wire.ListRuntimesRequest(), timeout=CALL_TIMEOUT_S)
        shown = [
            {
                "type_name": runtime.name,
                "display_name": runtime.display_name,
                "container_default_port": runtime.default_port,
                "type_desc": runtime.description,
            }
            for runtime in found.runtimes
        ]
        return answered({"runtimes": shown})

    async def flavors(self, _: Request) -> Response:
        """GET /metadata/flavors."""
        return answered({"flavors": flavors.views()})

    async def templates(self, _: Request) -> Response:
        """GET /metadata/templates."""
        return answered({"templates": []})
