"""The ServiceComb room: its calls, what is refused before they are looked at, and the answers to what is none of them."""

import html
import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from importlib.metadata import PackageNotFoundError, version

from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.bodies import BodyRefusedError
from muster_gateway.callers import authorization_of
from muster_gateway.registry import Registry
from muster_gateway.route import Route, SocketRoute
from muster_gateway.servicecomb.accounts import Accounts
from muster_gateway.servicecomb.calls import TOO_LARGE
from muster_gateway.servicecomb.dependencies import Dependencies
from muster_gateway.servicecomb.errors import (
    ACCOUNT_DELETED,
    BLOCKED,
    EXPIRED,
    INVALID,
    NO_AUTHORIZATION,
    UNAUTHORIZED,
    CseError,
)
from muster_gateway.servicecomb.finding import Finding
from muster_gateway.servicecomb.govern import Governing
from muster_gateway.servicecomb.microservices import Microservices
from muster_gateway.servicecomb.own import OwnService
from muster_gateway.servicecomb.registering import Registering
from muster_gateway.servicecomb.roles import Roles
from muster_gateway.servicecomb.schemas import Schemas, Tags
from muster_gateway.servicecomb.sockets import Sockets
from muster_gateway.servicecomb.system import System
from muster_gateway.servicecomb.tokens import Tokens
from muster_gateway.servicecomb.watching import Watching

PLAIN = "text/plain; charset=utf-8"
MAX_TARGET = 2048
SOCKETS = ("/watcher", "/heartbeat")
_METHODS = ("GET", "POST", "PUT", "DELETE")


class ServiceCombRoom:
    """The paths of service-center. `is_guarded`: the registry asks for credentials, so there are accounts; else these are 404."""

    prefixes = ("/v4/", "/registry/v3/", "/health", "/version", "/v1/syncer/")

    def __init__(self, registry: Registry, *, is_guarded: bool = False) -> None:
        self._own = OwnService(_version())
        self._name = (b"server", f"SERVICECENTER/{self._own.version}".encode())
        registering, schemas = Registering(registry), Schemas(registry)
        self._watching = Watching(registry)
        self._sockets = Sockets(registry, self._watching, registering, is_guarded=is_guarded)
        self._parts = (
            Microservices(registry, self._own, registering),
            schemas,
            Tags(registry),
            Dependencies(registry),
            registering,
            Finding(registry, self._own),
            Governing(registry, schemas),
            System(registry, self._own),
            *((Tokens(registry), Accounts(registry), Roles(registry)) if is_guarded else ()),
        )

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        return tuple(route for part in self._parts for route in part.routes())

    def sockets(self) -> tuple[SocketRoute, ...]:
        """The watcher, and the heartbeat as a socket."""
        return self._sockets.routes()

    def serving(self) -> AbstractAsyncContextManager[None]:
        """The watches that sockets are fed from."""
        return self._watching.serving()

    def choose(self, request: Request, methods: Mapping[str, Route]) -> Route | Response:
        """As the original does it: the path is cleaned, the target judged, and only then it is looked for."""
        path, method = request.scope["path"], request.method
        if method == "OPTIONS":
            return Response(None, 200)
        if "//" in path or "/./" in path:
            return _moved(re.sub(r"/(?:\./)*/*", "/", path))
        if _is_odd(request):
            return Response("Invalid Request URI\n", 400, headers={"content-type": PLAIN})
        if method in _METHODS and (route := methods.get(method)) is not None:
            return route
        allowed = dict.fromkeys(methods)
        if path.endswith(SOCKETS):
            if method == "GET":
                return Response("Bad Request\n", 400, headers={"content-type": PLAIN})  # it is no handshake
            allowed["GET"] = None
        if not allowed:
            return Response("404 page not found\n", 404, headers={"content-type": PLAIN})
        return Response("Method Not Allowed\n", 405, headers={"content-type": PLAIN, "Allow": ", ".join(allowed)})

    async def authorization(self, request: Request) -> str:
        """In the header."""
        return authorization_of(request)

    def refused(self, request: Request, refusal: BodyRefusedError) -> Response:
        """As a body above the limit of a call, or a credential that does not count."""
        match refusal.status:
            case 401:
                return _unauthorized(request.headers.get("authorization", ""), refusal).response()
            case 429:
                return CseError(BLOCKED, "").response()
            case 413:
                return CseError(INVALID, TOO_LARGE).response()
            case _:
                return CseError(INVALID, str(refusal)).response()

    def dress(self, request: Request, response: Response) -> None:
        """Its name, and CORS."""
        response.raw_headers.append(self._name)
        if "origin" in request.headers:
            _allow_origin(request, response)


def _unauthorized(authorization: str, refusal: BodyRefusedError) -> CseError:
    """What the original says of a credential that does not count."""
    if not authorization:
        return CseError(NO_AUTHORIZATION, "")
    match refusal.details.get("why"):
        case "expired":
            return CseError(EXPIRED, "")
        case "user_deleted":
            return CseError(ACCOUNT_DELETED, f"account [{refusal.details['user']}] is deleted")
        case None if authorization.partition(" ")[2].count(".") != 2:
            return CseError(UNAUTHORIZED, "token contains an invalid number of segments")
        case _:
            return CseError(UNAUTHORIZED, str(refusal))


def _allow_origin(request: Request, response: Response) -> None:
    if request.method != "OPTIONS":
        response.headers["Access-Control-Allow-Origin"] = "*"
    elif (asked := request.headers.get("access-control-request-method", "")) in _METHODS:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Allow-Methods"] = asked
        response.headers["Access-Control-Allow-Headers"] = "Origin, Accept, Content-Type, X-Domain-Name, X-ConsumerId"


def _version() -> str:
    try:
        return version("muster-registry")
    except PackageNotFoundError:
        return "0.0.0"


def _moved(path: str) -> Response:
    body = f'<a href="{html.escape(path)}">Moved Permanently</a>.\n\n'
    return Response(body, 301, headers={"content-type": "text/html; charset=utf-8", "location": path})


def _is_odd(request: Request) -> bool:
    """True for a target that the original does not look at: too long, with an address in it, or cut off."""
    path, query = request.scope["raw_path"], request.scope["query_string"]
    target: bytes = b"%b?%b" % (path, query) if query else path
    return len(target) >= MAX_TARGET or b"//" in target or target[-1] in b";&?+@"
