"""Listing keys, at once or when something has changed."""

import re

import msgspec
from muster.config.v1 import config_service_pb2 as calls
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway import durations
from muster_gateway.headers import X_KIE_REVISION
from muster_gateway.holding import held
from muster_gateway.kie.changes import Changes
from muster_gateway.kie.errors import INTERNAL, INVALID, JSON, NOT_OBSERVED, KieError, written
from muster_gateway.kie.filters import Filter, Page, read_filter
from muster_gateway.kie.items import Items
from muster_gateway.kie.kv import Kv, listed
from muster_gateway.rendered import Rendered

MAX_WAIT_S = 300.0
MAX_LIST_CHARACTERS = 64 << 20
_REVISION = re.compile(r"(?:-?[0-9]{1,18})?")


class KvList(msgspec.Struct):
    """A list as it is shown. `total` counts what is left out by the limit, too."""

    total: int
    data: list[Kv]


class Lists:
    """Answers are kept rendered until something changes in their project."""

    def __init__(self, items: Items, changes: Changes) -> None:
        self._items, self._changes = items, changes
        self._rendered: Rendered[int] = Rendered(-1)

    async def list_kvs(self, request: Request) -> Response:
        """GET: at once if the caller has another revision than the current one, or none; else 304, or what comes while he waits."""
        wanted, page = read_filter(request)
        revision, wait_s = _revision(request.query_params.get("revision", "")), _wait(request.query_params.get("wait", ""))
        if wait_s is not None:
            return await self._when_changed(request, wanted, page, revision, wait_s)
        current = (await self._items.moment(wanted.project, wanted.group)).changed_revision
        return Response(None, 304) if revision == current else await self._answer(wanted, page, current)

    async def _when_changed(self, request: Request, wanted: Filter, page: Page, revision: int | None, wait_s: float) -> Response:
        current = (await self._items.moment(wanted.project, wanted.group)).changed_revision
        if revision not in (None, current):
            return await self._answer(wanted, page, current)
        if wait_s > MAX_WAIT_S:
            detail = "wait param should be formed with number and time unit like 5s,100ms, and less than 5m"
            raise KieError(NOT_OBSERVED, detail)
        if wanted.key:
            raise KieError(INVALID, "can not accept key params, when using wait")
        async with self._changes.waiting(wanted) as (waiter, moment):
            if revision in (None, moment.changed_revision) and not await held(request, waiter.change(moment), wait_s):
                return Response(None, 304)
        return await self._answer(wanted, page, (await self._items.moment(wanted.project, wanted.group)).changed_revision)

    async def _answer(self, wanted: Filter, page: Page, current: int) -> Response:
        key = (*map(str, (page.offset, page.limit, wanted.is_exact, wanted.labels)), wanted.project, wanted.key)
        key = (*key, wanted.value, wanted.status)
        mark, body = self._rendered.get(key)
        if mark != current:
            current, kvs = await self.all(wanted)
            kvs.sort(key=lambda kv: (-kv.priority, -kv.update_revision))
            shown = kvs[page.offset : page.offset + page.limit] if page.limit else kvs
            body = written(KvList(len(kvs), shown))
            self._rendered.keep(key, current, body)
        response = Response(body, media_type=JSON)
        response.raw_headers.append((X_KIE_REVISION, str(current).encode()))
        return response

    async def all(self, wanted: Filter) -> tuple[int, list[Kv]]:
        """The keys that are meant, and the revision that they are of, or a later one's. Raises KieError above 64 Mi characters."""
        kvs: list[Kv] = []
        current, size = -1, 0
        async for found in self._items.pages(wanted.request()):
            current = found.changed_revision if current < 0 else current
            for kv in _meant(wanted, found):
                size += len(kv.value) + 512
                kvs.append(kv)
            if size > MAX_LIST_CHARACTERS:
                raise KieError(INTERNAL, f"the list would be longer than {MAX_LIST_CHARACTERS} characters; ask for fewer keys")
        return current, kvs


def _meant(wanted: Filter, found: calls.ListConfigsResponse) -> list[Kv]:
    kvs = [listed(wanted.project, summary) for summary in found.configs]
    return [kv for kv in kvs if kv is not None and wanted.means(kv.identity) and wanted.shows(kv)]


def _revision(text: str) -> int | None:
    if _REVISION.fullmatch(text) is None:
        raise KieError(INVALID, "revision param should be formed with number greater than 0")
    return int(text) if text else None


def _wait(text: str) -> float | None:
    if not text:
        return None
    try:
        wait_s = durations.seconds(text)
    except ValueError as error:
        raise KieError(INVALID, str(error)) from None
    if wait_s < 0:
        raise KieError(INVALID, "wait param must not be negative")
    return wait_s
