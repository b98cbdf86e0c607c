"""How a room says what it serves: rows that are both routed and documented."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One documented parameter. `place` is `query`, `form`, `json` or `header`."""

    name: str
    place: str
    text: str
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One documented call."""

    method: str
    path: str
    handler: Handler
    summary: str
    parameters: tuple[Parameter, ...]
    answer: str
