"""Reading one key, its history, and how the server is."""

import time

import msgspec
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as calls
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.kie import rules
from muster_gateway.kie.errors import NOT_FOUND, KieError, answer
from muster_gateway.kie.filters import read_page
from muster_gateway.kie.items import Items
from muster_gateway.kie.kv import Kv, in_full, shown
from muster_gateway.registry import CALL_TIMEOUT_S

MAX_HISTORY = 100
VERSION = "0.1.0"


class History(msgspec.Struct):
    """What a key was, newest first."""

    total: int
    data: list[Kv]


class Health(msgspec.Struct):
    """How the server is. `timestamp` is Unix seconds; config items that are no keys count, too."""

    version: str
    revision: str
    timestamp: int
    total_kv_count: int


class Reads:
    """The calls that change nothing, but for lists."""

    def __init__(self, items: Items) -> None:
        self._items = items

    async def get(self, request: Request) -> Response:
        """GET: one key."""
        project, kv_id = _named(request, "GetKVRequest")
        found = await self._items.found(project, kv_id)
        return answer(in_full(shown(project, found.named, found.release), project))

    async def history(self, request: Request) -> Response:
        """GET: what a key was since it was created, 100 steps at most."""
        project, kv_id = _named(request, "GetRevisionsRequest")
        page = read_page(request)
        ref, named, latest = await self._items.found(project, kv_id)
        releases = await self._releases(ref, latest.begin_revision)
        wanted = releases[page.offset : page.offset + page.limit] if page.limit else releases
        steps = [shown(project, named, await self._with_content(ref, step)) for step in wanted]
        return answer(History(len(releases), [in_full(step, project, is_history=True) for step in steps]))

    async def track(self, _: Request) -> Response:
        """GET: who polled what. No such records are kept."""
        raise KieError(NOT_FOUND, "can not find any polling data")

    async def health(self, request: Request) -> Response:
        """GET: how the server is."""
        if request.query_params.get("mode") == "liveness":
            return Response(None)
        asked = calls.ListConfigsRequest(page_size=1, count=True, main_line_only=True)
        page: calls.ListConfigsResponse = await self._items.config.ListConfigs(asked, timeout=CALL_TIMEOUT_S)
        return answer(Health(VERSION, str(page.changed_revision), int(time.time()), page.total_size))

    async def _releases(self, ref: config_pb2.ConfigRef, begin_revision: int) -> list[config_pb2.Release]:
        request = calls.ListReleasesRequest(ref=ref, page_size=1000)
        found: calls.ListReleasesResponse = await self._items.config.ListReleases(request, timeout=CALL_TIMEOUT_S)
        own = [release for release in found.releases if not release.gray and release.begin_revision == begin_revision]
        return own[:MAX_HISTORY]

    async def _with_content(self, ref: config_pb2.ConfigRef, release: config_pb2.Release) -> config_pb2.Release:
        request = calls.GetReleaseRequest(ref=ref, number=release.number)
        found: calls.GetReleaseResponse = await self._items.config.GetRelease(request, timeout=CALL_TIMEOUT_S)
        return found.release


def _named(request: Request, owner: str) -> tuple[str, str]:
    project = rules.check_project(request.path_params["project"], owner)
    return project, rules.check_id(request.path_params["kv_id"], owner)
