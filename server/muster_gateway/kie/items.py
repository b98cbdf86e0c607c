"""The config items that are the keys of a project."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Collection
from typing import NamedTuple

import grpc.aio
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as calls

from muster_gateway.kie.errors import MISSING, NOT_FOUND, KieError
from muster_gateway.kie.names import Identity, id_of, identity_of, namespace_of
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of

MAX_KNOWN = 50_000
MAX_TRIES = 5


class Moment(NamedTuple):
    """A state of a project. `changed_revision` is that of the last change in it, `revision` that of the registry."""

    changed_revision: int
    revision: int


class Found(NamedTuple):
    """A key that is there: its item, what it is called, and what it shows."""

    ref: config_pb2.ConfigRef
    named: Identity
    release: config_pb2.Release


class Items:
    """Knows the registry by its stubs only. Remembers what ids stand for, 50,000 at most: an id never becomes another item's."""

    def __init__(self, registry: Registry) -> None:
        self.config = registry.config
        self._known: OrderedDict[tuple[str, str], config_pb2.ConfigRef] = OrderedDict()

    async def moment(self, project: str, group: str = "") -> Moment:
        """The state of a project now. Asks for a right on the group, or on all of the project, as a list does."""
        request = calls.ListConfigsRequest(namespace=namespace_of(project), group=group, page_size=1)
        page: calls.ListConfigsResponse = await self.config.ListConfigs(request, timeout=CALL_TIMEOUT_S)
        return Moment(page.changed_revision, page.revision)

    async def pages(self, request: calls.ListConfigsRequest) -> AsyncIterator[calls.ListConfigsResponse]:
        """All pages of a list."""
        while True:
            page: calls.ListConfigsResponse = await self.config.ListConfigs(request, timeout=CALL_TIMEOUT_S)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def release(self, ref: config_pb2.ConfigRef) -> config_pb2.Release | None:
        """What an item shows on its main line; None if there is nothing, or more than lists carry."""
        request = calls.ListConfigsRequest(
            namespace=ref.namespace, group=ref.group, name_prefix=ref.name, main_line_only=True, with_content=True, page_size=1
        )
        page: calls.ListConfigsResponse = await self.config.ListConfigs(request, timeout=CALL_TIMEOUT_S)
        for summary in page.configs:
            if summary.ref == ref and (summary.release.content or not summary.release.size_bytes):
                return summary.release
        return None

    async def find(self, project: str, ids: Collection[str]) -> dict[str, config_pb2.ConfigRef]:
        """The items of ids, as far as there are any, or were. O(items of the project) if one is not remembered."""
        found = {kv_id: ref for kv_id in ids if (ref := self._known.get((project, kv_id))) is not None}
        missing = set(ids) - found.keys()
        if not missing:
            return found
        async for page in self.pages(calls.ListConfigsRequest(namespace=namespace_of(project), main_line_only=True)):
            for summary in page.configs:
                named = identity_of(summary.ref)
                if named is not None and (kv_id := id_of(project, named)) in missing:
                    found[kv_id] = summary.ref
                    missing.discard(kv_id)
                    self.learn(project, kv_id, summary.ref)
            if not missing:
                break
        return found

    async def found(self, project: str, kv_id: str) -> Found:
        """A key that is there. Raises KieError."""
        ref = (await self.find(project, (kv_id,))).get(kv_id)
        named = identity_of(ref) if ref is not None else None
        release = await self.release(ref) if ref is not None else None
        if ref is None or named is None or release is None:
            raise KieError(NOT_FOUND, MISSING)
        return Found(ref, named, release)

    def learn(self, project: str, kv_id: str, ref: config_pb2.ConfigRef) -> None:
        """Remember which item an id is for."""
        self._known[project, kv_id] = ref
        self._known.move_to_end((project, kv_id))
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)


def is_overtaken(error: grpc.aio.AioRpcError) -> bool:
    """True if somebody else wrote first."""
    return reason_of(error) == "REVISION_MISMATCH"
