"""The registry's side of replicas: each that is ready is an instance, for as long as it is."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import structlog
from google.protobuf.duration_pb2 import Duration
from muster.registry.v1 import instance_pb2, registration_service_pb2, registration_service_pb2_grpc

log = structlog.get_logger(__name__)

RENEW_S = 5.0
RETRY_S = 1.0
CALL_S = 5.0
DRAIN_S = 2.0
SETTLE_S = 1.5
"""By then ends what callers began before they knew. A connection that found the queue full is tried again after 1 s (RFC 6298)."""
MAX_BATCH = 1000
REFUSALS = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
)
"""What does not pass by itself."""


class RefusedError(Exception):
    """The registry does not take an instance, and will not by itself. The message says why, for people."""


@dataclass(slots=True)
class _Entry:
    """What is to be true of an instance, whether the registry knows, and why it will not."""

    service: instance_pb2.ServiceRef
    instance: instance_pb2.Instance
    is_told: bool = False
    refusal: str = ""

    @property
    def ref(self) -> instance_pb2.InstanceRef:
        return instance_pb2.InstanceRef(service=self.service, instance_id=self.instance.instance_id)


class Registrar:
    """Tells the registry of instances by their ids, tries again while it is not there, and renews their leases."""

    def __init__(self, channel: Any) -> None:
        self._stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
        self._entries: dict[str, _Entry] = {}
        self._gone: dict[str, _Entry] = {}
        self._wake = asyncio.Event()

    def put(self, service: instance_pb2.ServiceRef, instance: instance_pb2.Instance) -> None:
        """Say that an instance is there, with its health."""
        known = self._entries.get(instance.instance_id)
        if known is None or known.instance != instance:
            self._entries[instance.instance_id] = _Entry(service, instance)
            self._gone.pop(instance.instance_id, None)
            self._wake.set()

    def drop(self, instance_id: str) -> None:
        """It is not there any more: it failed."""
        entry = self._entries.pop(instance_id, None)
        if entry is not None:
            self._gone[instance_id] = entry
            self._wake.set()

    async def flush(self, instance_id: str) -> None:
        """Come back when the registry knows of it, however long that is away, or when it is not there any more.

        Raises RefusedError if the registry will not have it.
        """
        while (entry := self._entries.get(instance_id)) and not (entry.is_told or await self._registered(entry)):
            if entry.refusal:
                raise RefusedError(entry.refusal)
            await asyncio.sleep(RETRY_S)

    async def leave(self, instance_id: str) -> None:
        """Take it out of traffic, wait until those who watch know and have finished what they began, and remove it.

        Whatever the registry says, it ends within 10 s.
        """
        entry = self._entries.pop(instance_id, None)
        if entry is None:
            return
        timeout = Duration(seconds=int(DRAIN_S))
        drained = registration_service_pb2.DrainRequest(
            refs=[entry.ref], timeout=timeout, author="muster-agent", comment="is to stop"
        )
        with suppress(grpc.aio.AioRpcError):
            await self._stub.Drain(drained, timeout=DRAIN_S + 1.0)
            await asyncio.sleep(SETTLE_S)
        if not await self._deregistered(entry, instance_pb2.REMOVAL_REASON_DEREGISTERED):
            self._gone[instance_id] = entry

    async def run(self) -> None:
        """Keep the registry true, until cancelled."""
        loop = asyncio.get_running_loop()
        renewed_s = loop.time()
        while True:
            is_true = await self._tell()
            if loop.time() - renewed_s >= RENEW_S:
                renewed_s = loop.time()
                is_true = await self._renew() and is_true
            with suppress(TimeoutError):
                async with asyncio.timeout(RENEW_S if is_true else RETRY_S):
                    await self._wake.wait()
            self._wake.clear()

    async def _tell(self) -> bool:
        told = True
        for instance_id, entry in list(self._gone.items()):
            if await self._deregistered(entry, instance_pb2.REMOVAL_REASON_CHECK_FAILED):
                self._gone.pop(instance_id, None)
            else:
                told = False
        for entry in [entry for entry in self._entries.values() if not entry.is_told]:
            told = await self._registered(entry) and told
        return told

    async def _registered(self, entry: _Entry) -> bool:
        request = registration_service_pb2.RegisterRequest(service=entry.service, instance=entry.instance, id_only=True)
        try:
            await self._stub.Register(request, timeout=CALL_S)
        except grpc.aio.AioRpcError as error:
            log.info("instance not registered", instance=entry.instance.instance_id, code=error.code().name)
            entry.refusal = f"{error.code().name}: {error.details()}" if error.code() in REFUSALS else ""
            return False
        entry.is_told = True
        self._check_overtaken(entry)
        return True

    def _check_overtaken(self, told: _Entry) -> None:
        """What became another while the registry was told of it has to be told again, and what left has to be removed."""
        current = self._entries.get(told.instance.instance_id)
        if current is None:
            self._gone[told.instance.instance_id] = told
            self._wake.set()
        elif current is not told:
            current.is_told = False
            self._wake.set()

    async def _deregistered(self, entry: _Entry, reason: instance_pb2.RemovalReason) -> bool:
        request = registration_service_pb2.DeregisterRequest(ref=entry.ref, allow_missing=True, reason=reason)
        try:
            await self._stub.Deregister(request, timeout=CALL_S)
        except grpc.aio.AioRpcError as error:
            return error.code() is grpc.StatusCode.NOT_FOUND
        return True

    async def _renew(self) -> bool:
        entries = [entry for entry in self._entries.values() if entry.is_told]
        for start in range(0, len(entries), MAX_BATCH):
            request = registration_service_pb2.RenewRequest(refs=[entry.ref for entry in entries[start : start + MAX_BATCH]])
            try:
                answer = await self._stub.Renew(request, timeout=CALL_S)
            except grpc.aio.AioRpcError:
                return False
            for ref in answer.missing:
                if (entry := self._entries.get(ref.instance_id)) is not None:
                    entry.is_told = False
                    self._wake.set()
        return True
