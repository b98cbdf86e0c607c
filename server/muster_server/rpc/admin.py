"""AdminService, put together from its parts."""

from collections.abc import Mapping
from typing import Any

from muster_server.core.errors import MusterError, Reason
from muster_server.engine.engine import Engine
from muster_server.rpc.adapter import Method, Services
from muster_server.rpc.connections import ConnectionServicer
from muster_server.rpc.namespaces import NamespaceServicer
from muster_server.rpc.server_info import ServerInfoServicer
from muster_server.rpc.sessions import SessionServicer


def admin_methods(engine: Engine, sessions: SessionServicer, services: Services) -> Mapping[str, Method]:
    """The methods of AdminService by name. `services` counts the calls that GetServerInfo tells of."""
    namespaces = NamespaceServicer(engine)
    return {
        "CreateNamespace": namespaces.create_namespace,
        "ListNamespaces": namespaces.list_namespaces,
        "UpdateNamespace": namespaces.update_namespace,
        "DeleteNamespace": namespaces.delete_namespace,
        "Backup": _missing,
        "Restore": _missing,
        "GetServerInfo": ServerInfoServicer(engine, sessions, services).get_server_info,
        "ListConnections": ConnectionServicer(engine, sessions).list_connections,
    }


async def _missing(*_: Any) -> Any:
    raise MusterError(Reason.INTERNAL, "not there yet")
