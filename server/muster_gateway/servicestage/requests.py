"""Reading ServiceStage requests: JSON bodies, and the paging that all lists share."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from muster_gateway.servicestage.errors import RefusedError

_MOST = 1000
_FIELDS = ("create_time", "name", "update_time")
_MAX_OFFSET = (1 << 31) - 1
_MAX_DEPTH = 20
_MAX_INTEGER = (1 << 64) - 1

T = TypeVar("T")


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object in the body, whatever the content type says. What is null is left out, as if it were absent.

    Raises RefusedError.
    """
    try:
        body = msgspec.json.decode(await request.body())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError("the body must be a JSON object") from error
    if not isinstance(body, dict):
        raise RefusedError("the body must be a JSON object")
    return {key: _plain(value, 2) for key, value in body.items() if value is not None}


def checked(body: dict[str, Any], kind: type[T]) -> T:
    """The body as a typed value; unknown fields are ignored. Raises RefusedError."""
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise RefusedError(str(error)) from error


def check_length(field: str, value: str | None, most: int) -> None:
    """Raises RefusedError for a text of more characters."""
    if value is not None and len(value) > most:
        raise RefusedError(f"{field} must be at most {most} characters")


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows a list call asked for, and in which order. `limit` 0: it wants the count only."""

    limit: int
    offset: int
    order_by: str
    order: str

    @classmethod
    def of(cls, request: Request, default_limit: int = _MOST) -> "Page":
        """Section 1.3 of the document: a limit that is none of 0 to 100 and 1000 means 10. Raises RefusedError."""
        query = request.query_params
        limit = _integer("limit", query.get("limit") or str(default_limit))
        if limit != _MOST and not 0 <= limit <= 100:
            limit = 10
        offset = _integer("offset", query.get("offset") or "0")
        if offset < 0:
            raise RefusedError("offset must not be negative")
        order = "asc" if query.get("order") == "asc" else "desc"
        return cls(limit, min(offset, _MAX_OFFSET), query.get("order_by", ""), order)

    @property
    def fields(self) -> dict[str, Any]:
        """`page_size`, `skip` and `order_by` of the registry's lists; one row where only the count is wanted."""
        field = self.order_by if self.order_by in _FIELDS else "create_time"
        return {"page_size": self.limit or 1, "skip": self.offset, "order_by": f"{field} {self.order}"}

    def found(self, rows: Iterable[T]) -> list[T]:
        """What to show of the rows that a list of the registry answered to `fields`."""
        return list(rows) if self.limit else []

    def cut(self, rows: list[T]) -> list[T]:
        """The rows of the page, of all of them."""
        return rows[self.offset : self.offset + self.limit]


def flag(request: Request, name: str) -> bool:
    """A query parameter that is `true` or `false`, which is also the default. Raises RefusedError."""
    text = request.query_params.get(name, "").lower()
    if text not in ("true", "false", ""):
        raise RefusedError(f"{name} must be true or false")
    return text == "true"


def _integer(name: str, text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise RefusedError(f"{name} must be an integer")
    return int(text)


def _plain(value: Any, depth: int) -> Any:
    """Without nulls. Raises RefusedError for what the registry cannot keep: too deep, or too large a number."""
    if depth > _MAX_DEPTH:
        raise RefusedError(f"the body must not be nested deeper than {_MAX_DEPTH}")
    match value:
        case dict():
            return {key: _plain(one, depth + 1) for key, one in value.items() if one is not None}
        case list():
            return [_plain(one, depth + 1) for one in value]
        case int() if abs(value) > _MAX_INTEGER:
            raise RefusedError("a number of the body is too large")
        case _:
            return value
