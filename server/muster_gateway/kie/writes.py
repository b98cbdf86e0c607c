"""Creating, changing and deleting keys, each key by a config call of its own."""

import asyncio
import itertools
from typing import Any

import grpc.aio
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as calls
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.kie import reading, rules
from muster_gateway.kie.errors import ABORTED, EXISTS, INVALID, SKIPPED, KieError, answer, item_failure, of_call, wrapped
from muster_gateway.kie.items import MAX_TRIES, Items, is_overtaken
from muster_gateway.kie.kv import Kv, change, creation, shown
from muster_gateway.kie.names import Identity, id_of, ref_of
from muster_gateway.registry import CALL_TIMEOUT_S, reason_of

MAX_IDS = 10_000
MAX_UPLOADED = 1000
AT_ONCE = 50


class Writes:
    """The calls that change something."""

    def __init__(self, items: Items) -> None:
        self._items = items

    async def create(self, request: Request) -> Response:
        """POST: a key that is not there yet."""
        project = rules.check_project(request.path_params["project"], "KVDoc")
        draft = await reading.read(request, reading.Draft)
        try:
            return answer(await self._create(project, draft))
        except KieError as error:
            raise wrapped(error) from None

    async def update(self, request: Request) -> Response:
        """PUT: another value or status of a key."""
        owner = "UpdateKVRequest"
        project = rules.check_project(request.path_params["project"], owner)
        kv_id = rules.check_id(request.path_params["kv_id"], owner)
        asked = await reading.read(request, reading.Change)
        value, status = rules.check_value(asked.value or "", owner), rules.check_status(asked.status or "", owner)
        return answer(await self._update(project, kv_id, value, status))

    async def delete(self, request: Request) -> Response:
        """DELETE: one key."""
        owner = "DeleteKVRequest"
        project = rules.check_project(request.path_params["project"], owner)
        found = await self._items.found(project, rules.check_id(request.path_params["kv_id"], owner))
        await self._items.config.DeleteConfig(calls.DeleteConfigRequest(ref=found.ref), timeout=CALL_TIMEOUT_S)
        return Response(None, 204)

    async def delete_many(self, request: Request) -> Response:
        """DELETE: several keys. Those that are not there are no error."""
        project = rules.check_project(request.path_params["project"], "DeleteKVRequest")
        asked = await reading.read(request, reading.Ids)
        ids = {kv_id for kv_id in asked.ids or () if kv_id}
        if len(ids) > MAX_IDS:
            raise KieError(INVALID, f"at most {MAX_IDS} ids")
        refs = iter((await self._items.find(project, ids)).values())
        while batch := list(itertools.islice(refs, AT_ONCE)):
            await asyncio.gather(*map(self._delete, batch))
        return Response(None, 204)

    async def upload(self, request: Request) -> Response:
        """POST: several keys, one after the other. `override` says what becomes of those that are there already."""
        project = rules.check_project(request.path_params["project"], "KVDoc")
        override = request.query_params.get("override", "")
        if not override:
            raise KieError(INVALID, "Query parameter 'override' is required")
        if override not in ("force", "skip", "abort"):
            raise KieError(INVALID, "Query parameter 'override' must be force, skip or abort")
        drafts = [draft or reading.Draft() for draft in (await reading.read(request, reading.Upload)).data or ()]
        if len(drafts) > MAX_UPLOADED:
            raise KieError(INVALID, f"at most {MAX_UPLOADED} keys")
        success: list[Kv] = []
        failure: list[dict[str, Any]] = []
        is_aborted = False
        for draft in drafts:
            try:
                if is_aborted:
                    raise KieError(ABORTED, "")
                success.append(await self._put(project, draft, override))
            except KieError as error:
                is_aborted |= error.code == ABORTED
                failure.append(item_failure(error, draft.key or "", draft.labels))
            except grpc.aio.AioRpcError as error:
                failure.append(item_failure(of_call(error), draft.key or "", draft.labels))
        return answer({"success": success, "failure": failure})

    async def _create(self, project: str, draft: reading.Draft) -> Kv:
        named = rules.check_draft(draft)
        try:
            return await self._publish(project, named, creation(project, named, draft))
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "CONFIG_EXISTS":
                raise
            raise KieError(EXISTS, "kv already exists") from error

    async def _put(self, project: str, draft: reading.Draft, override: str) -> Kv:
        try:
            return await self._create(project, draft)
        except KieError as error:
            if error.code != EXISTS or override != "force":
                raise KieError({"skip": SKIPPED, "abort": ABORTED}[override], "") if error.code == EXISTS else error from None
        named = rules.check_draft(draft)
        kv_id = id_of(project, named)
        self._items.learn(project, kv_id, ref_of(project, named))
        return await self._update(project, kv_id, draft.value or "", draft.status or "")

    async def _update(self, project: str, kv_id: str, value: str, status: str) -> Kv:
        for attempt in itertools.count(1):
            found = await self._items.found(project, kv_id)
            try:
                return await self._publish(project, found.named, change(found.ref, found.release, value, status))
            except grpc.aio.AioRpcError as error:
                if not is_overtaken(error) or attempt == MAX_TRIES:
                    raise
        raise AssertionError(kv_id)

    async def _publish(self, project: str, named: Identity, request: calls.PublishConfigRequest) -> Kv:
        published: calls.PublishConfigResponse = await self._items.config.PublishConfig(request, timeout=CALL_TIMEOUT_S)
        published.release.content = request.content
        kv = shown(project, named, published.release)
        self._items.learn(project, kv.id, request.ref)
        return kv

    async def _delete(self, ref: config_pb2.ConfigRef) -> None:
        request = calls.DeleteConfigRequest(ref=ref, allow_missing=True)
        await self._items.config.DeleteConfig(request, timeout=CALL_TIMEOUT_S)
