"""Pages: how they are asked for, and how the naming module of Nacos counts them."""

import re
from collections.abc import Sequence
from typing import TypeVar

from muster_gateway.nacos.errors import RefusedError, unreadable
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.route import Parameter

MAX_PAGE = 500
PAGE = (Parameter("pageNo", "query", "1 if absent"), Parameter("pageSize", "query", f"100 if absent; {MAX_PAGE} at most"))
_Item = TypeVar("_Item")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,10}")


def page_bounds(parameters: Parameters, most: int) -> tuple[int, int]:
    """Number and size of a page: 1 and 100 if not given, the size `most` at most. Raises RefusedError."""
    found = []
    for name, default in (("pageNo", 1), ("pageSize", 100)):
        text = parameters.first(name).strip()
        if text and _DECIMAL.fullmatch(text) is None:
            raise unreadable(name)
        value = int(text or default)
        if value < 1:
            raise RefusedError(400, 20002, f"Required parameter '{name}' should be positive integer, current is {value}")
        found.append(value)
    return found[0], min(found[1], most)


def page_of(items: Sequence[_Item], number: int, size: int) -> Sequence[_Item]:
    """What of all items is on a page."""
    return items[(number - 1) * size : number * size]


def page_view(items: Sequence[object], total: int, number: int, size: int) -> dict[str, object]:
    """A page as it is shown. The number of pages is one too high where the original's is."""
    pages = total // size + 1 if total else 0
    return {"totalCount": total, "pageNumber": number, "pagesAvailable": pages, "pageItems": items}
