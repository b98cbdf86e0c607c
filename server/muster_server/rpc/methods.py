"""What each service is put together from: its methods by name."""

from collections.abc import Mapping

from muster_server.access.authenticator import Authenticator
from muster_server.engine.engine import Engine
from muster_server.rpc.access import AccessServicer
from muster_server.rpc.access_roles import RoleServicer
from muster_server.rpc.access_tokens import TokenServicer
from muster_server.rpc.access_users import UserServicer
from muster_server.rpc.adapter import Services
from muster_server.rpc.agents import AgentServicer
from muster_server.rpc.archives import ArchiveServicer
from muster_server.rpc.calls import Method
from muster_server.rpc.catalog import CatalogServicer
from muster_server.rpc.catalog_finding import FindServicer
from muster_server.rpc.catalog_watching import WatchProvidersServicer
from muster_server.rpc.config import ConfigServicer
from muster_server.rpc.config_listeners import ListenerLister
from muster_server.rpc.config_listing import ConfigLister
from muster_server.rpc.connections import ConnectionServicer
from muster_server.rpc.delivery import DeliveryServicer, Discover
from muster_server.rpc.deployments import DeploymentServicer
from muster_server.rpc.described_services import DescribedServiceServicer
from muster_server.rpc.discovery import DiscoveryServicer
from muster_server.rpc.dispatcher import Dispatcher
from muster_server.rpc.drain import Drainer
from muster_server.rpc.explain import Explainer
from muster_server.rpc.listening import ListenServicer
from muster_server.rpc.locks import LockServicer
from muster_server.rpc.names import NamesServicer
from muster_server.rpc.namespaces import NamespaceServicer
from muster_server.rpc.registration import RegistrationServicer
from muster_server.rpc.searching import Searcher
from muster_server.rpc.server_info import ServerInfoServicer
from muster_server.rpc.sessions import SessionServicer


def registration_methods(engine: Engine, sessions: SessionServicer) -> Mapping[str, Method]:
    """RegistrationService."""
    registration = RegistrationServicer(engine)
    return {
        "Register": registration.register,
        "RegisterBatch": registration.register_batch,
        "ReplaceInstances": registration.replace_instances,
        "Deregister": registration.deregister,
        "Renew": registration.renew,
        "UpdateInstance": registration.update_instance,
        "SetAdminState": registration.set_admin_state,
        "OverrideInstance": registration.override_instance,
        "Drain": Drainer(engine).drain,
        "Session": sessions.session,
    }


def discovery_methods(engine: Engine) -> Mapping[str, Method]:
    """DiscoveryService."""
    discovery = DiscoveryServicer(engine)
    return {
        "GetInstance": discovery.get_instance,
        "ListInstances": discovery.list_instances,
        "SearchInstances": Searcher(engine).search_instances,
        "ListServices": discovery.list_services,
        "ListSubscribers": discovery.list_subscribers,
        "Explain": Explainer(engine).explain,
        "Watch": discovery.watch,
        "WatchServices": NamesServicer(lambda _: engine.names.services).watch,
    }


def config_methods(engine: Engine) -> Mapping[str, Method]:
    """ConfigService."""
    config, listening, listed = ConfigServicer(engine), ListenServicer(engine), ConfigLister(engine)
    return {
        "GetConfig": config.get_config,
        "DescribeConfig": config.describe_config,
        "ListConfigs": listed.list_configs,
        "ListListeners": ListenerLister(engine).list_listeners,
        "PublishConfig": config.publish_config,
        "DeleteConfig": config.delete_config,
        "ListReleases": config.list_releases,
        "GetRelease": config.get_release,
        "DiffReleases": config.diff_releases,
        "RollbackConfig": config.rollback_config,
        "PublishGray": config.publish_gray,
        "StopGray": config.stop_gray,
        "PromoteGray": config.promote_gray,
        "Listen": listening.listen,
        "WatchConfigs": NamesServicer(lambda asked: engine.names.releases if asked.releases else engine.names.configs).watch,
    }


def catalog_methods(engine: Engine) -> Mapping[str, Method]:
    """CatalogService."""
    catalog = CatalogServicer(engine)
    return {
        "CreateDefinition": catalog.create_definition,
        "GetDefinition": catalog.get_definition,
        "ListDefinitions": catalog.list_definitions,
        "ResolveDefinition": catalog.resolve_definition,
        "UpdateDefinition": catalog.update_definition,
        "ChangeTags": catalog.change_tags,
        "DeleteDefinitions": catalog.delete_definitions,
        "PutSchemas": catalog.put_schemas,
        "GetSchema": catalog.get_schema,
        "ListSchemas": catalog.list_schemas,
        "DeleteSchema": catalog.delete_schema,
        "SetDependencies": catalog.set_dependencies,
        "ListProviders": catalog.list_providers,
        "ListConsumers": catalog.list_consumers,
        "FindInstances": FindServicer(engine).find_instances,
        "WatchProviders": WatchProvidersServicer(engine).watch_providers,
    }


def delivery_methods(engine: Engine, discover: Discover, dispatcher: Dispatcher) -> Mapping[str, Method]:
    """DeliveryService. `discover` finds what components can run on here."""
    delivery, deployments = DeliveryServicer(engine, discover, dispatcher), DeploymentServicer(engine, dispatcher)
    return {
        "CreateEnvironment": delivery.create_environment,
        "GetEnvironment": delivery.get_environment,
        "ListEnvironments": delivery.list_environments,
        "UpdateEnvironment": delivery.update_environment,
        "DeleteEnvironment": delivery.delete_environment,
        "CreateApplication": delivery.create_application,
        "GetApplication": delivery.get_application,
        "ListApplications": delivery.list_applications,
        "UpdateApplication": delivery.update_application,
        "DeleteApplication": delivery.delete_application,
        "SetApplicationConfig": delivery.set_application_config,
        "ListApplicationConfigs": delivery.list_application_configs,
        "DeleteApplicationConfig": delivery.delete_application_config,
        "CreateComponent": delivery.create_component,
        "GetComponent": delivery.get_component,
        "ListComponents": delivery.list_components,
        "UpdateComponent": delivery.update_component,
        "DeleteComponent": delivery.delete_component,
        "ListRuntimes": delivery.list_runtimes,
        "ListAgents": deployments.list_agents,
        "CreateDeployment": deployments.create_deployment,
        "GetDeployment": deployments.get_deployment,
        "ListDeployments": deployments.list_deployments,
        "WatchDeployment": deployments.watch_deployment,
        "UpgradeDeployment": deployments.upgrade_deployment,
        "ScaleDeployment": deployments.scale_deployment,
        "StartDeployment": deployments.start_deployment,
        "StopDeployment": deployments.stop_deployment,
        "RestartDeployment": deployments.restart_deployment,
        "RollbackDeployment": deployments.rollback_deployment,
        "DeleteDeployment": deployments.delete_deployment,
        "ListReleaseRecords": deployments.list_release_records,
        "ReadLogs": deployments.read_logs,
        "GetJob": deployments.get_job,
        "ListJobs": deployments.list_jobs,
        "WatchJob": deployments.watch_job,
    }


def agent_methods(dispatcher: Dispatcher) -> Mapping[str, Method]:
    """AgentService."""
    return {"Connect": AgentServicer(dispatcher).connect}


def lock_methods(engine: Engine) -> Mapping[str, Method]:
    """LockService."""
    locks = LockServicer(engine)
    return {"AcquireLock": locks.acquire_lock, "ReleaseLock": locks.release_lock}


def admin_methods(engine: Engine, sessions: SessionServicer, services: Services) -> Mapping[str, Method]:
    """AdminService. `services` counts the calls that GetServerInfo tells of."""
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
    """AccessService."""
    access, users, roles = AccessServicer(engine, authenticator), UserServicer(engine, authenticator), RoleServicer(engine)
    tokens = TokenServicer(engine, authenticator)
    return {
        "Login": access.login,
        "CreateFirstUser": users.create_first_user,
        "WhoAmI": access.who_am_i,
        "CheckAccess": access.check_access,
        "VerifySignature": access.verify_signature,
        "CreateUser": users.create_user,
        "GetUser": users.get_user,
        "UpdateUser": users.update_user,
        "SetPassword": users.set_password,
        "DeleteUser": users.delete_user,
        "ListUsers": users.list_users,
        "GrantRole": users.grant_role,
        "RevokeRole": users.revoke_role,
        "ListLockouts": users.list_lockouts,
        "EndLockout": users.end_lockout,
        "CreateRole": roles.create_role,
        "GetRole": roles.get_role,
        "UpdateRole": roles.update_role,
        "DeleteRole": roles.delete_role,
        "ListRoles": roles.list_roles,
        "AddPermission": roles.add_permission,
        "RemovePermission": roles.remove_permission,
        "CreateToken": tokens.create_token,
        "RevokeToken": tokens.revoke_token,
        "ListTokens": tokens.list_tokens,
        "CreateAccessKey": tokens.create_access_key,
        "DeleteAccessKey": tokens.delete_access_key,
        "ListAccessKeys": tokens.list_access_keys,
    }
