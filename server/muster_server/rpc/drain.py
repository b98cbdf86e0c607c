"""RegistrationService.Drain: out of traffic, and known to be out of it."""

import asyncio

from muster.registry.v1 import registration_service_pb2 as wire

from muster_server.core.commands import InstanceRef, SetAdminState
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import AdminState, ServiceKey, checked_text
from muster_server.core.naming import instance_not_found
from muster_server.engine.engine import Engine
from muster_server.engine.hub import Subscriber
from muster_server.engine.performing import perform
from muster_server.rpc.calls import Call
from muster_server.rpc.decoding import check_batch, decode_ref, seconds
from muster_server.rpc.encoding import service_message

DEFAULT_TIMEOUT_S = 30.0
MAX_TIMEOUT_S = 3600.0


class Drainer:
    """Documented in registration_service.proto."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def drain(self, request: wire.DrainRequest, call: Call) -> wire.DrainResponse:
        """Lay the overrides, then wait for the watchers."""
        check_batch("refs", len(request.refs))
        timeout_s = seconds("timeout", request.timeout) if request.HasField("timeout") else DEFAULT_TIMEOUT_S
        if not 0.0 <= timeout_s <= MAX_TIMEOUT_S:
            raise MusterError.invalid("timeout", "must be between 0 and 1 h")
        author, comment = checked_text("author", request.author, 256), checked_text("comment", request.comment, 1024)
        refs = [decode_ref(ref) for ref in request.refs]
        for ref in refs:
            if self._engine.state.find(ref) is None:
                raise instance_not_found(ref)
        revisions = await self._override(refs, author or call.user, comment)
        try:
            async with asyncio.timeout(timeout_s):
                while any(_has_not(watcher, key, revisions[key]) for watcher, key in self._watchers(revisions)):
                    await self._engine.hub.progress()
        except TimeoutError:
            pass  # the answer says who is missing
        return self._answer(revisions)

    async def _override(self, refs: list[InstanceRef], author: str, comment: str) -> dict[ServiceKey, int]:
        """Drain each instance; answers the revision of each service at which all of its instances were drained."""
        revisions: dict[ServiceKey, int] = {}
        for ref in refs:
            try:
                instance = await perform(self._engine, SetAdminState(ref, AdminState.DRAINING, author, comment))
            except MusterError as error:
                if error.reason is not Reason.INSTANCE_NOT_FOUND:
                    raise
                revisions[ref.service] = self._engine.revision  # it went by itself meanwhile
            else:
                revisions[ref.service] = max(revisions.get(ref.service, 0), instance.revision)
        return revisions

    def _watchers(self, services: dict[ServiceKey, int]) -> list[tuple[Subscriber, ServiceKey]]:
        return [(watcher, key) for key in services for watcher in self._engine.hub.watchers(key)]

    def _answer(self, revisions: dict[ServiceKey, int]) -> wire.DrainResponse:
        answer = wire.DrainResponse(revision=max(revisions.values()))
        for watcher, key in self._watchers(revisions):
            entry = wire.DrainWatcher(service=service_message(key), client_name=watcher.client_name, peer=watcher.peer)
            if _has_not(watcher, key, revisions[key]):
                answer.pending.append(entry)
            elif watcher.subscriptions[key].unacked is None:
                answer.unconfirmed.append(entry)
            else:
                answer.acknowledged_count += 1
        answer.complete = not answer.pending
        return answer


def _has_not(watcher: Subscriber, key: ServiceKey, revision: int) -> bool:
    """True if a watcher was not written this revision, or has not acknowledged it though it sends acks."""
    subscription = watcher.subscriptions[key]
    if subscription.unacked is None:
        return subscription.written_revision < revision
    return subscription.acked_revision < revision
