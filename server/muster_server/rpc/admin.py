"""AdminService and AccessService, put together from their parts."""

from collections.abc import Mapping

from muster_server.access.authenticator import Authenticator
from muster_server.engine.engine import Engine
from muster_server.rpc.access import AccessServicer
from muster_server.rpc.access_tokens import TokenServicer
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


def access_methods(engine: Engine, authenticator: Authenticator) -> Mapping[str, Method]:
    """The methods of AccessService by name."""
    access, tokens = AccessServicer(engine, authenticator), TokenServicer(engine, authenticator)
    return {
        "Login": access.login,
        "CreateFirstUser": access.create_first_user,
        "WhoAmI": access.who_am_i,
        "CheckAccess": access.check_access,
        "VerifySignature": access.verify_signature,
        "CreateUser": access.create_user,
        "SetPassword": access.set_password,
        "DeleteUser": access.delete_user,
        "ListUsers": access.list_users,
        "GrantRole": access.grant_role,
        "RevokeRole": access.revoke_role,
        "CreateRole": access.create_role,
        "DeleteRole": access.delete_role,
        "ListRoles": access.list_roles,
        "AddPermission": access.add_permission,
        "RemovePermission": access.remove_permission,
        "CreateToken": tokens.create_token,
        "RevokeToken": tokens.revoke_token,
        "ListTokens": tokens.list_tokens,
        "CreateAccessKey": tokens.create_access_key,
        "DeleteAccessKey": tokens.delete_access_key,
        "ListAccessKeys": tokens.list_access_keys,
    }
