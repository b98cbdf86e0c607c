"""The admin calls for the history of a config.

The original writes down what a change replaced: an insertion with the new content, an update and a deletion with the former one.
The registry keeps what each release brought. So an entry is made of a release and the one before it on the same line; its id is the
number of the release.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import grpc.aio
import msgspec
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as calls
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos import config_views as views
from muster_gateway.nacos.answers import answering, envelope
from muster_gateway.nacos.config_admin import NAMES
from muster_gateway.nacos.config_parameters import check_config, identifier, named, required
from muster_gateway.nacos.config_reads import ConfigReads
from muster_gateway.nacos.errors import RefusedError, missing_text
from muster_gateway.nacos.paging import page_bounds
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.registry import Registry, pages, reason_of
from muster_gateway.route import Parameter, Route

MAX_PAGE = 500
_ENDS = (config_pb2.RELEASE_KIND_DELETED, config_pb2.RELEASE_KIND_GRAY_STOPPED, config_pb2.RELEASE_KIND_MAIN_ENDED)
_INSERTED, _UPDATED, _DELETED = (operation.ljust(10) for operation in "IUD")  # padded, as the original's embedded database has them
_LIST = (
    *NAMES,
    Parameter("pageNo", "query", "1 if absent"),
    Parameter("pageSize", "query", "100 if absent; 500 at most"),
)
_ENTRY = (*NAMES, Parameter("nid", "query", "the entry's id", is_required=True))
_PREVIOUS = (*NAMES, Parameter("id", "query", "the config's id", is_required=True))


@dataclass(frozen=True, slots=True)
class Entry:
    """A release, and the one whose content it shows: itself or the one before; None if that is no longer kept."""

    release: config_pb2.Release
    shown: config_pb2.Release | None

    @property
    def operation(self) -> str:
        """What happened."""
        if self.release.kind in _ENDS:
            return _DELETED
        return _INSERTED if self.release.begin_revision == self.release.revision else _UPDATED

    @property
    def config_id(self) -> int:
        """The id of the config that it happened to; 0 if that is no longer known."""
        return self.release.begin_revision or (self.shown.begin_revision if self.shown is not None else 0)


class NacosConfigHistory:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._config = registry.config
        self._reads = ConfigReads(registry)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path, entry = "/nacos/v3/admin/cs/history", "`data`: the entry; an error if there is none"
        entries = answering(self.entries)
        return (
            Route("GET", f"{path}/list", entries, "List the history of a config, newest first", _LIST, "`data`: a page"),
            Route("GET", path, answering(self.entry), "Show an entry of the history with its content", _ENTRY, entry),
            Route("GET", f"{path}/previous", answering(self.previous), "Show what a config was before", _PREVIOUS, entry),
        )

    async def entries(self, request: Request) -> Response:
        """GET list."""
        parameters, ref = await _read(request)
        number, size = page_bounds(parameters, MAX_PAGE)
        entries = list(_entries(await self._releases(ref)))
        items = [_basic(ref, entry) for entry in entries[(number - 1) * size : number * size]]
        return envelope(200, 0, views.page(items, len(entries), number, size))

    async def entry(self, request: Request) -> Response:
        """GET: one entry."""
        parameters, ref = await _read(request)
        nid = identifier("nid", required(parameters, "nid", "Long"))
        for entry in _entries(await self._releases(ref)):
            if entry.release.number == nid:
                return envelope(200, 0, await self._detail(ref, entry))
        raise RefusedError(400, 20002, "Source must not be null")

    async def previous(self, request: Request) -> Response:
        """GET previous: the last entry of a config."""
        parameters, ref = await _read(request)
        config_id = identifier("id", required(parameters, "id", "Long"))
        for entry in _entries(await self._releases(ref)):
            if entry.config_id == config_id:
                return envelope(200, 0, await self._detail(ref, entry))
        raise RefusedError(404, 20004, f"previous config history for id = {config_id} not exist")

    async def _releases(self, ref: config_pb2.ConfigRef) -> Sequence[config_pb2.Release]:
        """What is kept of the history, newest first; nothing if there never was such a config."""
        releases: list[config_pb2.Release] = []
        try:
            async for page in pages(self._config.ListReleases, calls.ListReleasesRequest(ref=ref, page_size=1000)):
                releases += page.releases
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "CONFIG_NOT_FOUND":
                raise
        return releases

    async def _detail(self, ref: config_pb2.ConfigRef, entry: Entry) -> dict[str, object]:
        if entry.shown is None:
            raise RefusedError(404, 20004, f"the content before nid = {entry.release.number} is no longer kept")
        shown = await self._reads.release(ref, entry.shown.number)
        said = {"type": shown.content_type, "src_user": entry.release.author}
        return {
            **_basic(ref, entry),
            "md5": shown.md5,
            "content": shown.content,
            "encryptedDataKey": shown.encrypted_data_key,
            "grayName": entry.release.gray,
            "extInfo": msgspec.json.encode(said).decode(),
        }


def _entries(releases: Sequence[config_pb2.Release]) -> Iterator[Entry]:
    """The entries of releases that come newest first."""
    lines: dict[str, config_pb2.Release] = {}
    entries: list[Entry] = []
    for release in reversed(releases):
        former = lines.pop(release.gray, None)
        if release.kind == config_pb2.RELEASE_KIND_DELETED:
            lines.clear()
        elif release.kind not in _ENDS:
            lines[release.gray] = release
        entries.append(Entry(release, release if release.begin_revision == release.revision else former))
    return reversed(entries)


def _basic(ref: config_pb2.ConfigRef, entry: Entry) -> dict[str, object]:
    release, shown = entry.release, entry.shown or entry.release
    return {
        **views.basic(ref, release, with_md5=False),
        "id": str(release.number),
        "type": None,
        "appName": views.kept(shown, "appName"),
        "createTime": shown.begin_time.ToMilliseconds(),
        "srcIp": "",
        "srcUser": release.author,
        "opType": entry.operation,
        "publishType": "gray" if release.gray else "formal",
    }


async def _read(request: Request) -> tuple[Parameters, config_pb2.ConfigRef]:
    parameters = await Parameters.read(request)
    check_config(parameters)
    return parameters, named(parameters, missing_text)
