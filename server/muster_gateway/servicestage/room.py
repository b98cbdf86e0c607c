"""The ServiceStage room: all its calls, and the answers to what is none of them."""

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.bodies import BodyRefusedError
from muster_gateway.callers import authorization_of
from muster_gateway.registry import Registry
from muster_gateway.route import Route
from muster_gateway.servicestage.answers import REQUEST_ID, failed, gateway_failed, request_id
from muster_gateway.servicestage.applications import Applications
from muster_gateway.servicestage.components import Components
from muster_gateway.servicestage.environments import Environments
from muster_gateway.servicestage.metadata import Metadata

_PROJECT = re.compile(r"[A-Za-z0-9_-]{1,64}")


class ServiceStageRoom:
    """Everything below /v2."""

    prefixes = ("/v2/",)

    def __init__(self, registry: Registry) -> None:
        self._parts = (Metadata(registry), Environments(registry), Applications(registry), Components(registry))

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        return tuple(route for part in self._parts for route in part.routes())

    def choose(self, request: Request, methods: Mapping[str, Route]) -> Route | Response:
        """The project is checked before the rest of the path."""
        project = request.url.path.split("/")[2]
        if _PROJECT.fullmatch(project) is None or request.headers.get("x-project-id", project) != project:
            return gateway_failed(request, 403, "0302", "The project is not allowed")
        if (route := methods.get(request.method)) is None:
            return gateway_failed(request, 404, "0101", "The API does not exist")
        return route

    def authorization(self, request: Request) -> str:
        """In the header."""
        return authorization_of(request)

    def refused(self, _: Request, refusal: BodyRefusedError) -> Response:
        """As any other error."""
        return failed(refusal.status, "400" if refusal.status < 500 else "500", str(refusal))

    def dress(self, request: Request, response: Response) -> None:
        """Every answer tells its request's id."""
        response.headers[REQUEST_ID] = request_id(request)
