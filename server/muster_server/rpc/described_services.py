"""AdminService: services as a whole."""

from muster.admin.v1 import admin_service_pb2 as wire

from muster_server.core.described_services import service_not_found
from muster_server.core.errors import MusterError
from muster_server.core.model import ServiceKey
from muster_server.core.service_commands import CreateService, DeleteService, ServiceDescription, UpdateService
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.calls import Call
from muster_server.rpc.decoding import decode_service, no_such_path, require
from muster_server.rpc.encoding import service_message


class DescribedServiceServicer:
    """Each method is documented in admin_service.proto."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create_service(self, request: wire.CreateServiceRequest, _: Call) -> wire.CreateServiceResponse:
        """Describe a service."""
        key, said = _key(request), request.service
        description = ServiceDescription(dict(said.metadata), _threshold(said), said.persistent, _clusters(said))
        await perform(self._engine, CreateService(key, description))
        return wire.CreateServiceResponse(service=self._message(key))

    async def get_service(self, request: wire.GetServiceRequest, _: Call) -> wire.GetServiceResponse:
        """Answer one."""
        require(request, "ref")
        return wire.GetServiceResponse(service=self._message(decode_service(request.ref)))

    async def update_service(self, request: wire.UpdateServiceRequest, _: Call) -> wire.UpdateServiceResponse:
        """Change a description."""
        key = _key(request)
        await perform(self._engine, UpdateService(key, _changes(request)))
        return wire.UpdateServiceResponse(service=self._message(key))

    async def delete_service(self, request: wire.DeleteServiceRequest, _: Call) -> wire.DeleteServiceResponse:
        """Forget one."""
        require(request, "ref")
        await perform(self._engine, DeleteService(decode_service(request.ref)))
        return wire.DeleteServiceResponse()

    def _message(self, key: ServiceKey) -> wire.Service:
        service = self._engine.state.services.get(key)
        if service is None:
            raise service_not_found(key)
        said = service.description or ServiceDescription()
        return wire.Service(
            ref=service_message(key),
            metadata=said.metadata,
            protect_threshold=said.protect_threshold,
            persistent=service.is_persistent,
            clusters=[wire.ServiceCluster(name=name, metadata=metadata) for name, metadata in said.clusters.items()],
            described=service.description is not None,
            instance_count=len(service.instances),
            available_count=sum(instance.is_available for instance in service.instances.values()),
            revision=service.revision,
        )


def _key(request: wire.CreateServiceRequest | wire.UpdateServiceRequest) -> ServiceKey:
    require(request, "service")
    require(request.service, "ref")
    return decode_service(request.service.ref)


def _changes(request: wire.UpdateServiceRequest) -> dict[str, object]:
    said = request.service
    changes: dict[str, object] = {}
    for path in request.update_mask.paths:
        match path:
            case "metadata":
                changes["metadata"] = dict(said.metadata)
            case "protect_threshold":
                changes["protect_threshold"] = _threshold(said)
            case "clusters":
                changes["clusters"] = _clusters(said)
            case _:
                raise no_such_path(path)
    if not changes:
        raise MusterError.invalid("update_mask", "is required")
    return changes


def _threshold(said: wire.Service) -> float | None:
    return said.protect_threshold if said.HasField("protect_threshold") else None


def _clusters(said: wire.Service) -> dict[str, dict[str, str]]:
    return {cluster.name: dict(cluster.metadata) for cluster in said.clusters}
