"""An operator's word over instances, as Nacos has it: enabled, weight and metadata that hold whatever the client registers."""

import asyncio
from collections.abc import Callable, Mapping

import grpc.aio
from google.protobuf.field_mask_pb2 import FieldMask
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration

from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of

MAX_TRIES = 5
_NOTHING = instance_pb2.AdminOverride()
Change = Callable[[Mapping[str, str]], dict[str, str]]


class Overrides:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._registration, self._discovery = registry.registration, registry.discovery

    async def change(
        self,
        service: instance_pb2.ServiceRef,
        instance: instance_pb2.Instance,
        metadata_of: Change,
        laid: instance_pb2.AdminOverride = _NOTHING,
    ) -> None:
        """Lay the state and weight that `laid` has, and make the metadata what `metadata_of` makes of them, all in one step.

        Metadata that others write meanwhile are taken into account. Raises AioRpcError.
        """
        ref = instance_pb2.InstanceRef(service=service, instance_id=instance.instance_id)
        parts = ["metadata", *(["state"] if laid.state else []), *(["weight"] if laid.HasField("weight") else [])]
        for tries_left in reversed(range(MAX_TRIES)):
            request = registration.OverrideInstanceRequest(
                ref=ref, override=laid, update_mask=FieldMask(paths=parts), expected_revision=instance.revision
            )
            request.override.metadata.update(metadata_of(instance.admin_override.metadata))
            try:
                await self._registration.OverrideInstance(request, timeout=CALL_TIMEOUT_S)
            except grpc.aio.AioRpcError as error:
                if reason_of(error) != "REVISION_MISMATCH" or not tries_left:
                    raise
                instance = await self.find(ref)
            else:
                return

    async def change_all(
        self, service: instance_pb2.ServiceRef, instances: list[instance_pb2.Instance], metadata_of: Change
    ) -> list[instance_pb2.Instance]:
        """Change the metadata of many at once; answers those that were still there. Raises AioRpcError for any other failure."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._failure(service, one, metadata_of), name="nacos metadata") for one in instances]
        failures = [task.result() for task in tasks]
        for failure in failures:
            if failure is not None and reason_of(failure) != "INSTANCE_NOT_FOUND":
                raise failure
        return [instance for instance, failure in zip(instances, failures, strict=True) if failure is None]

    async def _failure(
        self, service: instance_pb2.ServiceRef, instance: instance_pb2.Instance, metadata_of: Change
    ) -> grpc.aio.AioRpcError | None:
        try:
            await self.change(service, instance, metadata_of)
        except grpc.aio.AioRpcError as error:
            return error
        return None

    async def find(self, ref: instance_pb2.InstanceRef) -> instance_pb2.Instance:
        """The instance as it stands. Raises AioRpcError."""
        found = await self._discovery.GetInstance(discovery.GetInstanceRequest(ref=ref), timeout=CALL_TIMEOUT_S)
        instance: instance_pb2.Instance = found.instance
        return instance
