"""The admin calls that carry configs over: zip files out and in, and copies into a namespace."""

import asyncio
import datetime
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as calls
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos import config_views as views
from muster_gateway.nacos.answers import SECURITY_HEADERS, answering, envelope
from muster_gateway.nacos.config_convert import config_ref, content_type
from muster_gateway.nacos.config_copies import ConfigCopies, Copy, Policy, is_legal
from muster_gateway.nacos.config_parameters import LABEL_PREFIX, MAX_IDS, check_config, identifier, identifiers, required
from muster_gateway.nacos.config_reads import ConfigReads
from muster_gateway.nacos.config_zip import MAX_ENTRIES, MAX_UNPACKED_BYTES, MetadataError, ZipError, ZippedConfig, pack, unpack
from muster_gateway.nacos.convert import native_namespace
from muster_gateway.nacos.errors import MESSAGES, RefusedError, unreadable
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.registry import Registry
from muster_gateway.route import Parameter, Route

MAX_TRANSFERS = 2
_POLICY = Parameter("policy", "query", "where there is such a config: `ABORT` (if absent), `SKIP` or `OVERWRITE`")
_USER = Parameter("src_user", "query", "who publishes")
_IMPORT = (
    Parameter("file", "file", "the zip file, in a multipart form of 8 MiB at most", is_required=True),
    Parameter("namespaceId", "form", "into this namespace; `public` if absent"),
    _USER,
    _POLICY,
)
_EXPORT = (
    Parameter("ids", "query", "ids of configs, comma-separated, 1000 at most; the others count without it only"),
    Parameter("namespaceId", "query", "`public` if absent"),
    Parameter("groupName", "query", "of this group; all if blank"),
    Parameter("dataId", "query", "of this name; all if blank"),
    Parameter("appName", "query", "of this application; all if blank"),
)
_CLONE = (
    Parameter("namespaceId", "query", "into this namespace", is_required=True),
    _USER,
    _POLICY,
    Parameter("configId", "json", "of each item of the array: the id of the config", is_required=True),
    Parameter("targetGroupName", "json", "its new group; the same if absent"),
    Parameter("targetDataId", "json", "its new name; the same if absent"),
)


class Clone(msgspec.Struct, frozen=True, rename="camel"):
    """One config to copy."""

    config_id: int | str
    target_group_name: str | None = None
    target_data_id: str | None = None


class NacosConfigTransfer:
    """Knows the registry by its stubs only. Two transfers run at a time, beside the gateway's turns; others wait."""

    def __init__(self, registry: Registry) -> None:
        self._reads, self._copies = ConfigReads(registry), ConfigCopies(registry)
        self._transfers = asyncio.Semaphore(MAX_TRANSFERS)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path, counts = "/nacos/v3/admin/cs/config", "`data`: how many were published and skipped, and which not"
        return (
            Route("POST", f"{path}/import", answering(self.take), "Publish the configs of a zip file", _IMPORT, counts),
            Route("GET", f"{path}/export", answering(self.give), "Pack configs into a zip file", _EXPORT, "the zip file"),
            Route("POST", f"{path}/clone", answering(self.clone), "Publish configs anew under other names", _CLONE, counts),
        )

    async def take(self, request: Request) -> Response:
        """POST import. What in the file is no config is left out and named in the answer."""
        parameters, file = await Parameters.read_with_file(request, "file")
        check_config(parameters)
        policy, author = _policy(parameters), _author(parameters)
        if not file:
            return envelope(200, 100005, {})
        async with self._aside(request):
            try:
                unpacked = await asyncio.to_thread(unpack, file)
            except (ZipError, MetadataError) as error:
                code = 100002 if isinstance(error, MetadataError) else 100004
                return envelope(200, code, {"succCount": 0}, f"{MESSAGES[code]}: {error}")
            copies, unrecognized = [], list(unpacked.unrecognized)
            for config in unpacked.configs:
                if is_legal(config.group, config.data_id):
                    copies.append(_unzipped(parameters.text("namespaceId"), config))
                else:
                    unrecognized.append(f"Not a config: {config.group}/{config.data_id}")
            if not copies:
                return envelope(200, 100005, {"succCount": 0})
            result = await self._copies.publish(copies, policy, author)
        if unrecognized:
            result |= {"unrecognizedCount": len(unrecognized), "unrecognizedData": [{"itemName": name} for name in unrecognized]}
        return envelope(200, 0, result)

    async def give(self, request: Request) -> Response:
        """GET export. A config whose name Nacos could not take back is left out."""
        parameters = await Parameters.read(request)
        check_config(parameters)
        ids = identifiers("ids", parameters.text("ids"))
        async with self._aside(request):
            zipped = []
            for summary in await self._wanted(parameters, ids):
                release = await self._reads.release(summary.ref, summary.release.number)
                kept = views.kept(release, "desc"), views.kept(release, "appName")
                zipped.append(ZippedConfig(summary.ref.group, summary.ref.name, release.content, release.content_type, *kept))
            packed = await asyncio.to_thread(pack, zipped)
        name = f"nacos_config_export_{datetime.datetime.now(datetime.UTC):%Y%m%d%H%M%S}.zip"
        headers = {**SECURITY_HEADERS, "content-disposition": f"attachment;filename={name}"}
        return Response(packed, headers=headers, media_type="application/octet-stream")

    async def clone(self, request: Request) -> Response:
        """POST clone. Ids that are not there are passed over."""
        parameters = await Parameters.read(request)
        check_config(parameters)
        namespace = required(parameters, "namespaceId", "String")
        policy, author = _policy(parameters), _author(parameters)
        clones = await _clones(request)
        if not clones:
            return envelope(200, 100006, {"succCount": 0})
        async with self._aside(request):
            found = await _fitting(self._reads.with_ids(list(clones)))
            if not found:
                return envelope(200, 100005, {"succCount": 0})
            copies = [await self._copy(summary, clones[summary.release.begin_revision], namespace) for summary in found]
            return envelope(200, 0, await self._copies.publish(copies, policy, author))

    async def _copy(self, summary: config_pb2.ConfigSummary, clone: Clone, namespace: str) -> Copy:
        ref = config_ref(namespace, clone.target_group_name or summary.ref.group, clone.target_data_id or summary.ref.name)
        if not is_legal(ref.group, ref.name):
            raise RefusedError(400, 20002, f"invalid target of {clone.config_id} : {ref.group}/{ref.name}")
        release = await self._reads.release(summary.ref, summary.release.number)
        return Copy(ref, release.content, release.content_type, dict(release.labels), release.encrypted_data_key)

    async def _wanted(self, parameters: Parameters, ids: Sequence[int]) -> list[config_pb2.ConfigSummary]:
        """The configs to export. Raises RefusedError."""
        asked = calls.ListConfigsRequest(
            namespace=native_namespace(parameters.text("namespaceId").strip()),
            group=parameters.text("groupName"),
            name_pattern=parameters.text("dataId"),
        )
        if app := parameters.text("appName"):
            asked.labels[f"{LABEL_PREFIX}appName"] = app
        found = await _fitting(self._reads.with_ids(ids) if ids else self._reads.all(asked))
        return [summary for summary in found if is_legal(summary.ref.group, summary.ref.name)]

    @asynccontextmanager
    async def _aside(self, request: Request) -> AsyncIterator[None]:
        async with request.scope["turns"].aside(), self._transfers:
            yield


def _unzipped(namespace_id: str, config: ZippedConfig) -> Copy:
    said = {"desc": config.desc, "appName": config.app_name}
    labels = {LABEL_PREFIX + name: value for name, value in said.items() if value}
    return Copy(config_ref(namespace_id, config.group, config.data_id), config.content, content_type(config.content_type), labels)


async def _fitting(found: AsyncIterator[config_pb2.ConfigSummary]) -> list[config_pb2.ConfigSummary]:
    """All of these. Raises RefusedError if they are too many to be carried at once, or too large together."""
    fitting, size = [], 0
    async for summary in found:
        fitting.append(summary)
        size += summary.release.size_bytes
        if size > MAX_UNPACKED_BYTES or len(fitting) > MAX_ENTRIES:
            text = f"more than {MAX_ENTRIES} configs, or {MAX_UNPACKED_BYTES} bytes of them, are too many at once"
            raise RefusedError(400, 20002, text)
    return fitting


async def _clones(request: Request) -> dict[int, Clone]:
    """What the body asks for, by id; the first of several with one id counts. Raises RefusedError."""
    try:
        asked = msgspec.json.decode(await request.body(), type=list[Clone | None])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise RefusedError(400, 10000, f"Required request body is missing or cannot be read: {error}") from error
    clones: dict[int, Clone] = {}
    for clone in asked:
        if clone is not None:
            clones.setdefault(identifier("configId", str(clone.config_id)), clone)
    if len(clones) > MAX_IDS:
        raise RefusedError(400, 20002, f"too many configs, over {MAX_IDS}")
    return clones


def _policy(parameters: Parameters) -> Policy:
    try:
        return Policy(parameters.text("policy", "ABORT").strip())
    except ValueError:
        raise unreadable("policy") from None


def _author(parameters: Parameters) -> str:
    return parameters.text("src_user") or parameters.text("srcUser")
