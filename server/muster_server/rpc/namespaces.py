"""AdminService: namespaces."""

from muster.admin.v1 import admin_service_pb2 as wire

from muster_server.core.namespace_commands import CreateNamespace, DeleteNamespace, Namespace, NamespaceDeleted, UpdateNamespace
from muster_server.core.namespaces import NamespaceSummary, summaries, summary
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.calls import Call
from muster_server.rpc.decoding import require


class NamespaceServicer:
    """Each method is documented in admin_service.proto."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create_namespace(self, request: wire.CreateNamespaceRequest, _: Call) -> wire.CreateNamespaceResponse:
        """Describe a namespace."""
        namespace = _decoded(request)
        await perform(self._engine, CreateNamespace(namespace))
        return wire.CreateNamespaceResponse(namespace=self._message(namespace.name))

    async def list_namespaces(self, _: wire.ListNamespacesRequest, call: Call) -> wire.ListNamespacesResponse:
        """Answer all of them in which the caller may do anything."""
        state = self._engine.state
        seen = (found for found in summaries(state) if state.access.may_see(call.principal, found.namespace.name))
        return wire.ListNamespacesResponse(namespaces=map(_message, seen))

    async def update_namespace(self, request: wire.UpdateNamespaceRequest, _: Call) -> wire.UpdateNamespaceResponse:
        """Change the description."""
        namespace = _decoded(request)
        await perform(self._engine, UpdateNamespace(namespace))
        return wire.UpdateNamespaceResponse(namespace=self._message(namespace.name))

    async def delete_namespace(self, request: wire.DeleteNamespaceRequest, _: Call) -> wire.DeleteNamespaceResponse:
        """Take the description away, and what is in it if that is forced."""
        deleted: NamespaceDeleted = await perform(self._engine, DeleteNamespace(request.name, request.force))
        return wire.DeleteNamespaceResponse(
            removed_instance_count=deleted.removed_instance_count,
            deleted_config_count=deleted.deleted_config_count,
            deleted_definition_count=deleted.deleted_definition_count,
        )

    def _message(self, name: str) -> wire.Namespace:
        return _message(summary(self._engine.state, name))


def _decoded(request: wire.CreateNamespaceRequest | wire.UpdateNamespaceRequest) -> Namespace:
    require(request, "namespace")
    said = request.namespace
    return Namespace(said.name, said.display_name, said.description)


def _message(found: NamespaceSummary) -> wire.Namespace:
    return wire.Namespace(
        name=found.namespace.name,
        display_name=found.namespace.display_name,
        description=found.namespace.description,
        described=found.is_described,
        service_count=found.service_count,
        instance_count=found.instance_count,
        config_count=found.config_count,
        definition_count=found.definition_count,
    )
