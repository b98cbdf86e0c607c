"""How a room says what it serves: rows that are both routed and documented, and answers to what no row is for."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar, runtime_checkable

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from muster_gateway.bodies import BodyRefusedError

Handler = Callable[[Request], Awaitable[Response]]

_VARIABLE = re.compile(r"\\\{(\w+)\\\}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One documented parameter. `place` is `path`, `query`, `form`, `file` (of a multipart form), `json` or `header`."""

    name: str
    place: str
    text: str
    is_required: bool = False


def in_query(parameters: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """The same parameters, of a call that has no form."""
    return tuple(replace(parameter, place="query") for parameter in parameters)


@dataclass(frozen=True, slots=True)
class Route:
    """One documented call. A part of the path that is `{name}` takes any text without a slash: `request.path_params["name"]`.

    `is_public`: it is answered without a credential even where one is needed.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    parameters: tuple[Parameter, ...]
    answer: str
    is_public: bool = False


SocketHandler = Callable[[WebSocket], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class SocketRoute:
    """One path on which a client may open a WebSocket. The handler accepts or refuses it."""

    path: str
    handler: SocketHandler
    method: str = "WEBSOCKET"


class Room(Protocol):
    """One dialect, as the app sees it. A path belongs to the first room that has a prefix of it."""

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Paths that begin so are the room's."""
        ...

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        ...

    def serving(self) -> AbstractAsyncContextManager[None]:
        """What the room needs to run beside its calls, for as long as it is served."""
        ...

    def choose(self, request: Request, methods: Mapping[str, Route]) -> Route | Response:
        """The route that answers, or the answer where none does. `methods`: the routes of the path; empty if it has none."""
        ...

    async def authorization(self, request: Request, /) -> str:
        """The caller's credential in the form of the header `authorization`, wherever the dialect has it; empty without one.

        Raises BodyRefusedError, AioRpcError.
        """
        ...

    def refused(self, request: Request, refusal: BodyRefusedError, /) -> Response:
        """The answer to a body that was not taken, or to a caller who did not prove who they are (401, 429)."""
        ...

    def dress(self, request: Request, response: Response) -> None:
        """Add the headers that every answer has."""
        ...


@runtime_checkable
class SocketRoom(Protocol):
    """A room that serves WebSockets too."""

    def sockets(self) -> tuple[SocketRoute, ...]:
        """Where it does."""
        ...


R = TypeVar("R", Route, SocketRoute)


class Paths(Generic[R]):
    """Finds the routes of a path: one that is written out first, then those with variables, in their order.

    Of templates only those are tried that have as many parts as the path, and no other last part than it.
    """

    def __init__(self, routes: Iterable[R]) -> None:
        self._exact: dict[str, dict[str, R]] = {}
        self._templates: dict[tuple[int, str], list[tuple[re.Pattern[str], dict[str, R]]]] = {}
        templates: dict[str, dict[str, R]] = {}
        for route in routes:
            methods = (templates if "{" in route.path else self._exact).setdefault(route.path, {})
            methods[route.method] = route
        shapes = list(map(_shape, templates))
        for shape in shapes:
            alike = {(shape[0], ""), shape}
            fitting = [path for path, other in zip(templates, shapes, strict=True) if other in alike]
            self._templates[shape] = [(_pattern(path), templates[path]) for path in fitting]

    def find(self, path: str) -> tuple[Mapping[str, R], dict[str, str]]:
        """The routes by method, and the values of the path's variables. Both are empty if nothing is served there."""
        if (methods := self._exact.get(path)) is not None:
            return methods, {}
        parts, end = _shape(path)
        for pattern, methods in self._templates.get((parts, end)) or self._templates.get((parts, ""), []):
            if (found := pattern.fullmatch(path)) is not None:
                return methods, found.groupdict()
        return {}, {}


def _shape(path: str) -> tuple[int, str]:
    """How many parts a path has, and the last one; empty if that has a variable."""
    end = path.rpartition("/")[2]
    return path.count("/"), "" if "{" in end else end


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(_VARIABLE.sub(r"(?P<\1>[^/]+)", re.escape(path)))
