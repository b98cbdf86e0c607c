"""RegistrationService, but for Session: unary registration."""

import asyncio
import hashlib
from functools import lru_cache
from typing import Any

from muster.registry.v1 import registration_service_pb2 as wire

from muster_server.core.commands import Deregister, LayOverride, Renew, SetAdminState, Update
from muster_server.core.errors import MusterError
from muster_server.core.model import RemovalReason, checked_text
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.access_table import CREATE, service_resource
from muster_server.rpc.calls import Call
from muster_server.rpc.decoding import (
    check_batch,
    decode_changes,
    decode_override,
    decode_ref,
    decode_register,
    decode_replace,
    decode_state,
    require,
)
from muster_server.rpc.encoding import joined, ref_message
from muster_server.rpc.status_codes import item_error

_SAYABLE = (0, RemovalReason.DEREGISTERED, RemovalReason.CHECK_FAILED)


class RegistrationServicer:
    """Each method is documented in registration_service.proto."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def register(self, request: wire.RegisterRequest, _: Call) -> wire.RegisterResponse | bytes:
        """Put one instance."""
        instance = await perform(self._engine, decode_register(request))
        done = wire.RegisterResponse(revision=self._engine.revision, epoch=self._engine.epoch, instance_id=instance.instance_id)
        return done if request.id_only else joined(instance, done)

    async def register_batch(self, request: wire.RegisterBatchRequest, call: Call) -> wire.RegisterBatchResponse:
        """Put many, each on its own merits."""
        check_batch("registrations", len(request.registrations))
        results = await register_items(self._engine, call, request.registrations)
        return wire.RegisterBatchResponse(results=results, revision=self._engine.revision, epoch=self._engine.epoch)

    async def replace_instances(self, request: wire.ReplaceInstancesRequest, _: Call) -> wire.ReplaceInstancesResponse:
        """Put all that a session has of a service."""
        instances = await perform(self._engine, decode_replace(request, session_name(request.session_id)))
        ids = [instance.instance_id for instance in instances]
        return wire.ReplaceInstancesResponse(instance_ids=ids, revision=self._engine.revision)

    async def deregister(self, request: wire.DeregisterRequest, _: Call) -> wire.DeregisterResponse:
        """Remove one instance."""
        require(request, "ref")
        expected = request.expected_revision if request.HasField("expected_revision") else None
        reason = RemovalReason(request.reason or RemovalReason.DEREGISTERED) if request.reason in _SAYABLE else None
        if reason is None:
            raise MusterError.invalid("reason", "must be DEREGISTERED or CHECK_FAILED")
        command = Deregister(decode_ref(request.ref), None, expected, request.allow_missing, reason)
        removed = await perform(self._engine, command)
        return wire.DeregisterResponse(revision=self._engine.revision, removed=removed is not None)

    async def renew(self, request: wire.RenewRequest, _: Call) -> wire.RenewResponse:
        """Renew leases."""
        check_batch("refs", len(request.refs))
        missing = await perform(self._engine, Renew(tuple(decode_ref(ref) for ref in request.refs)))
        return wire.RenewResponse(missing=[ref_message(ref) for ref in missing])

    async def update_instance(self, request: wire.UpdateInstanceRequest, _: Call) -> bytes:
        """Change fields."""
        require(request, "ref")
        expected = request.expected_revision if request.HasField("expected_revision") else None
        instance = await perform(self._engine, Update(decode_ref(request.ref), decode_changes(request), expected, request.touch))
        return joined(instance, wire.UpdateInstanceResponse(revision=self._engine.revision))

    async def override_instance(self, request: wire.OverrideInstanceRequest, call: Call) -> bytes:
        """Change an override."""
        require(request, "ref")
        expected = request.expected_revision if request.HasField("expected_revision") else None
        said, changes = request.override, decode_override(request)
        command = LayOverride(decode_ref(request.ref), changes, said.author or call.user, said.comment, expected)
        instance = await perform(self._engine, command)
        return joined(instance, wire.OverrideInstanceResponse(revision=self._engine.revision))

    async def set_admin_state(self, request: wire.SetAdminStateRequest, call: Call) -> bytes:
        """Lay or lift a state."""
        require(request, "ref")
        state = decode_state(request.state) if request.state else None
        author, comment = checked_text("author", request.author, 256), checked_text("comment", request.comment, 1024)
        command = SetAdminState(decode_ref(request.ref), state, author or call.user, comment)
        instance = await perform(self._engine, command)
        return joined(instance, wire.SetAdminStateResponse(revision=self._engine.revision))


@lru_cache(10_000)
def session_name(session_id: str) -> str:
    """What the registry keeps and writes of a session id is not the secret itself.

    Remembered, since to hash it costs every registration as much as to decide it.
    """
    return hashlib.sha256(session_id.encode()).hexdigest()


async def register_items(engine: Engine, call: Call, requests: Any, session: str | None = None) -> list[wire.ItemResult]:
    """Put many; one result each, in order. Those that need the disk are written together."""
    pending: list[Any] = []
    for request in requests:
        try:
            command = decode_register(request, session)
            call.require(CREATE, service_resource(command.service))
            pending.append(engine.execute(command))
        except MusterError as error:
            pending.append(error)
    results = []
    for request, answer in zip(requests, pending, strict=True):
        results.append(await _register_result(request, answer))
    return results


async def _register_result(request: wire.RegisterRequest, answer: Any) -> wire.ItemResult:
    try:
        instance = await answer if isinstance(answer, asyncio.Future) else answer
    except MusterError as error:
        instance = error
    if isinstance(instance, MusterError):
        return wire.ItemResult(instance_id=request.instance.instance_id, error=item_error(instance))
    return wire.ItemResult(instance_id=instance.instance_id, revision=instance.revision)
