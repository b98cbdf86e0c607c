"""AdminService, put together from its parts."""

from collections.abc import Mapping

from muster_server.engine.engine import Engine
from muster_server.rpc.adapter import Method, Services
from muster_server.rpc.archives import ArchiveServicer
from muster_server.rpc.connections import ConnectionServicer
from muster_server.rpc.described_services import DescribedServiceServicer
from muster_server.rpc.namespaces import NamespaceServicer
from muster_server.rpc.server_info import ServerInfoServicer
from muster_server.rpc.sessions import SessionServicer


def admin_methods(engine: Engine, sessions: SessionServicer, services: Services) -> Mapping[str, Method]:
    """The methods of AdminService by name. `services` counts the calls that GetServerInfo tells of."""
    namespaces, described, archives = NamespaceServicer(engine), DescribedServiceServicer(engine), ArchiveServicer(engine)
    return {
        "CreateNamespace": namespaces.create_namespace,
        "ListNamespaces": namespaces.list_namespaces,
        "UpdateNamespace": namespaces.update_namespace,
        "DeleteNamespace": namespaces.delete_namespace,
        "CreateService": described.create_service,
        "GetService": described.get_service,
        "UpdateService": described.update_service,
        "DeleteService": described.delete_service,
        "Backup": archives.backup,
        "Restore": archives.restore,
        "GetServerInfo": ServerInfoServicer(engine, sessions, services).get_server_info,
        "ListConnections": ConnectionServicer(engine, sessions).list_connections,
    }
