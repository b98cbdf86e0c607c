"""The Nacos room: all its calls over HTTP, and the answers to what is none of them."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.bodies import BodyRefusedError
from muster_gateway.callers import authorization_of
from muster_gateway.nacos.answers import SECURITY_HEADERS, error_page
from muster_gateway.nacos.config import NacosConfig
from muster_gateway.nacos.routes import Nacos
from muster_gateway.registry import Registry
from muster_gateway.route import Route


class NacosRoom:
    """Everything below /nacos."""

    prefixes = ("/nacos",)

    def __init__(self, registry: Registry) -> None:
        self._parts = (Nacos(registry), NacosConfig(registry))

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        return tuple(route for part in self._parts for route in part.routes())

    def choose(self, request: Request, methods: Mapping[str, Route]) -> Route | Response:
        """HEAD is a GET whose body the HTTP server leaves out."""
        path, method = request.url.path, request.method
        if path == "/nacos":
            return Response(None, 302, headers={"location": "/nacos/"})
        if path == "/nacos/":
            return Response("The REST calls of this server are listed at /.", media_type="text/plain")
        if _is_odd(request):
            return error_page(request, 400, "No message available")
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

    def authorization(self, request: Request) -> str:
        """In the header."""
        return authorization_of(request)

    def refused(self, request: Request, refusal: BodyRefusedError) -> Response:
        """The error page."""
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
