"""Which instance a Finders call means: one under the id that Finders gives, or what another dialect registered at that place."""

from collections.abc import Awaitable, Callable

import grpc.aio
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2

from muster_gateway.finders.convert import Identity
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of

Call = Callable[[instance_pb2.InstanceRef], Awaitable[bool]]
"""Does something with an instance; False if there is none."""


class Lookup:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def find(self, identity: Identity) -> instance_pb2.Instance | None:
        """The instance; None if there is none. Raises grpc.aio.AioRpcError."""
        return await self._get(identity.ref) or await self._of_others(identity)

    async def on(self, identity: Identity, call: Call) -> None:
        """Call for the instance, if there is one. Raises grpc.aio.AioRpcError."""
        if await call(identity.ref):
            return
        other = await self._of_others(identity)
        if other is not None:
            await call(instance_pb2.InstanceRef(service=identity.service, instance_id=other.instance_id))

    async def _of_others(self, identity: Identity) -> instance_pb2.Instance | None:
        """What was registered last at the address, under whatever id, if it is in the cluster that is meant and to be seen."""
        try:
            found = await self._get(identity.address_ref)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "PERMISSION_DENIED":  # who may only write means what they wrote
                raise
            return None
        return found if found is not None and found.cluster == identity.cluster else None

    async def _get(self, ref: instance_pb2.InstanceRef) -> instance_pb2.Instance | None:
        try:
            answer = await self._registry.discovery.GetInstance(discovery.GetInstanceRequest(ref=ref), timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "INSTANCE_NOT_FOUND":
                raise
            return None
        found: instance_pb2.Instance = answer.instance
        return found
