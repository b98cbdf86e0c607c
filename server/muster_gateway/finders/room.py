"""The Finders room: its calls, the answers to what is none of them, and CORS."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.bodies import BodyRefusedError
from muster_gateway.callers import authorization_of
from muster_gateway.finders.routes import Finders
from muster_gateway.registry import Registry
from muster_gateway.route import Route


class FindersRoom:
    """Everything that belongs to no other room."""

    prefixes = ("/",)

    def __init__(self, registry: Registry) -> None:
        self._finders = Finders(registry)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        return self._finders.routes()

    def choose(self, request: Request, methods: Mapping[str, Route]) -> Route | Response:
        """Any origin may call."""
        if request.method == "OPTIONS" and "origin" in request.headers and "access-control-request-method" in request.headers:
            return Response(None, 204)
        return methods.get(request.method) or Response("Not Found", 404)

    def authorization(self, request: Request) -> str:
        """In the header."""
        return authorization_of(request)

    def refused(self, _request: Request, refusal: BodyRefusedError) -> Response:
        """Bare text."""
        return Response(str(refusal), refusal.status)

    def dress(self, request: Request, response: Response) -> None:
        """CORS."""
        response.headers["vary"] = "origin"
        if "origin" not in request.headers:
            return
        response.headers["access-control-allow-origin"] = "*"
        if request.method == "OPTIONS" and response.status_code == 204:
            response.headers["access-control-allow-methods"] = "GET,POST,PUT,DELETE"
            response.headers["vary"] = "access-control-request-headers"
            if (asked := request.headers.get("access-control-request-headers")) is not None:
                response.headers["access-control-allow-headers"] = asked
