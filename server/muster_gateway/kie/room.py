"""The kie room: its calls, those of the config center, and the answers to what is none of them."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.bodies import BodyRefusedError
from muster_gateway.callers import authorization_of
from muster_gateway.kie.changes import Changes
from muster_gateway.kie.config_center import ConfigCenter
from muster_gateway.kie.errors import BY_STATUS, INVALID, KieError
from muster_gateway.kie.items import Items
from muster_gateway.kie.lists import Lists
from muster_gateway.kie.reading import media_type
from muster_gateway.kie.reads import Reads
from muster_gateway.kie.routes import routes
from muster_gateway.kie.writes import Writes
from muster_gateway.registry import Registry
from muster_gateway.route import Route

PLAIN = "text/plain; charset=utf-8"
_TYPES = ("application/json", "text/yaml")


class KieRoom:
    """Everything below /v1, and the configuration below /v3. `changes` knows who waits."""

    prefixes = ("/v1/", "/v3/")

    def __init__(self, registry: Registry) -> None:
        items = Items(registry)
        self.changes = Changes(registry, items)
        lists = Lists(items, self.changes)
        self._routes = routes(Writes(items), Reads(items), lists, ConfigCenter(items, lists))

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        return self._routes

    def serving(self) -> AbstractAsyncContextManager[None]:
        """Follow changes for those who wait for them."""
        return self.changes.serving()

    async def authorization(self, request: Request) -> str:
        """The header of that name."""
        return authorization_of(request)

    def choose(self, request: Request, methods: Mapping[str, Route]) -> Route | Response:
        """A body must say what it is."""
        if not methods:
            return Response("404: Page Not Found", 404, headers={"content-type": PLAIN})
        route = methods.get(request.method)
        if route is None:
            return Response("405: Method Not Allowed", 405, headers={"content-type": PLAIN, "Allow": ", ".join(methods)})
        if request.method in ("POST", "PUT", "DELETE") and not _is_readable(request):
            return replace(route, handler=_unreadable)  # a route, so that it is asked first who calls
        return route

    def refused(self, _request: Request, refusal: BodyRefusedError) -> Response:
        """As any other error."""
        return KieError(BY_STATUS.get(refusal.status, INVALID), str(refusal)).response()

    def dress(self, request: Request, response: Response) -> None:
        """Answers have their headers already."""


async def _unreadable(_: Request) -> Response:
    return Response("415: Unsupported Media Type", 415, headers={"content-type": PLAIN})


def _is_readable(request: Request) -> bool:
    named = media_type(request)
    return named in _TYPES or (not named and request.method == "DELETE")
