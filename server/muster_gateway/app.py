"""One ASGI app for all HTTP ports: routes to the rooms, and answers unknown paths in the dialect's own form."""

from typing import Any, Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from muster_gateway import openapi
from muster_gateway.bodies import Bodies, BodyRefusedError
from muster_gateway.finders.routes import Finders
from muster_gateway.nacos.answers import SECURITY_HEADERS, error_page
from muster_gateway.nacos.config import NacosConfig
from muster_gateway.nacos.routes import Nacos
from muster_gateway.registry import Registry
from muster_gateway.route import Route
from muster_gateway.turns import Turns


class MetricsSource(Protocol):
    """Whoever can be scraped."""

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        ...


def create_app(channel: Any, metrics: MetricsSource) -> ASGIApp:
    """The app over a channel, local or real."""
    registry = Registry(channel)
    routes = (*Finders(registry).routes(), *Nacos(registry).routes(), *NacosConfig(registry).routes())
    return Gateway(routes, metrics)


class Gateway:
    """The app. Requests take turns, so that HTTP load leaves the loop to gRPC."""

    def __init__(self, routes: tuple[Route, ...], metrics: MetricsSource) -> None:
        self.routes = routes
        self._metrics = metrics
        self._by_path: dict[str, dict[str, Route]] = {}
        for route in routes:
            self._by_path.setdefault(route.path, {})[route.method] = route
        self._bodies = Bodies()
        self._turns = Turns()
        self._document = openapi.document(routes)
        self._page = openapi.page(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        request = Request(scope)
        try:
            async with self._bodies.read(scope, receive) as request, self._turns:
                response = await self._answer(request)
        except BodyRefusedError as refusal:
            response = _refused(request, refusal)
        except ClientDisconnect:
            return
        if not request.url.path.startswith("/nacos"):
            _add_cors(request, response)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path, method = request.url.path, request.method
        if request.method == "GET" and (own := self._own(path)) is not None:
            return own
        is_nacos = path.startswith("/nacos/")
        if is_nacos and _is_odd(request):
            return error_page(request, 400, "No message available")
        methods = self._by_path.get(path)
        if not is_nacos and method == "OPTIONS" and _is_preflight(request):
            return Response(None, 204)
        if is_nacos and method == "HEAD" and methods is not None:
            method = "GET"  # the HTTP server leaves the body out
        if methods is not None and method in methods:
            return await methods[method].handler(request)
        if not is_nacos:
            return Response("Not Found", 404)
        return _nacos_unrouted(request, methods)

    def _own(self, path: str) -> Response | None:
        match path:
            case "/metrics":
                return Response(self._metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")
            case "/openapi.json":
                return Response(self._document, media_type="application/json")
            case "/nacos":
                return Response(None, 302, headers={"location": "/nacos/"})
            case "/nacos/":
                return Response("The REST calls of this server are listed at /.", media_type="text/plain")
            case "/":
                return Response(self._page, media_type="text/html; charset=utf-8")
            case _:
                return None


def _is_odd(request: Request) -> bool:
    path = request.scope["path"]
    return (
        "//" in path
        or ";" in path
        or ".." in path.split("/")
        or "\\" in path
        or "%2f" in request.scope["raw_path"].decode().lower()
    )


def _is_preflight(request: Request) -> bool:
    return "origin" in request.headers and "access-control-request-method" in request.headers


def _add_cors(request: Request, response: Response) -> None:
    response.headers["vary"] = "origin"
    if "origin" not in request.headers:
        return
    response.headers["access-control-allow-origin"] = "*"
    if request.method == "OPTIONS" and response.status_code == 204:
        response.headers["access-control-allow-methods"] = "GET,POST,PUT,DELETE"
        response.headers["vary"] = "access-control-request-headers"
        if (asked := request.headers.get("access-control-request-headers")) is not None:
            response.headers["access-control-allow-headers"] = asked


def _nacos_unrouted(request: Request, methods: dict[str, Route] | None) -> Response:
    if methods is None:
        return error_page(request, 404, f"No endpoint {request.method} {request.url.path}.")
    if request.method == "OPTIONS":
        allowed = [*methods, "HEAD", "OPTIONS"] if "GET" in methods else [*methods, "OPTIONS"]
        return Response(None, 200, headers={**SECURITY_HEADERS, "Allow": ",".join(allowed)})
    response = error_page(request, 405, f"Method '{request.method}' is not supported.")
    response.headers["Allow"] = ", ".join(sorted(methods))
    return response


def _refused(request: Request, refusal: BodyRefusedError) -> Response:
    if request.url.path.startswith("/nacos/"):
        return error_page(request, refusal.status, str(refusal))
    return Response(str(refusal), refusal.status)
