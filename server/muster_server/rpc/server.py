"""The gRPC server: our services, and the standard ones (health, reflection, channelz)."""

from collections.abc import Sequence
from typing import Any

import grpc
import grpc.aio
from google.protobuf import descriptor_pool
from grpc_channelz.v1 import channelz, channelz_pb2_grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import _async as reflection_aio
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from muster.admin.v1 import access_service_pb2, admin_service_pb2
from muster.catalog.v1 import catalog_service_pb2
from muster.config.v1 import config_service_pb2
from muster.delivery.v1 import delivery_service_pb2
from muster.lock.v1 import lock_service_pb2
from muster.registry.v1 import discovery_service_pb2, registration_service_pb2

from muster_server.access.authenticator import Authenticator
from muster_server.engine.engine import Engine
from muster_server.rpc.adapter import SERVER_OPTIONS, Services
from muster_server.rpc.admin import access_methods, admin_methods
from muster_server.rpc.catalog import CatalogServicer
from muster_server.rpc.catalog_finding import FindServicer
from muster_server.rpc.catalog_watching import WatchProvidersServicer
from muster_server.rpc.config import ConfigServicer
from muster_server.rpc.config_listeners import ListenerLister
from muster_server.rpc.config_listing import ConfigLister
from muster_server.rpc.delivery import DeliveryServicer, Discover
from muster_server.rpc.discovery import DiscoveryServicer
from muster_server.rpc.drain import Drainer
from muster_server.rpc.explain import Explainer
from muster_server.rpc.guarded import GuardedServer
from muster_server.rpc.listening import ListenServicer
from muster_server.rpc.locks import LockServicer
from muster_server.rpc.names import NamesServicer
from muster_server.rpc.registration import RegistrationServicer
from muster_server.rpc.searching import Searcher
from muster_server.rpc.sessions import SessionServicer

REFLECTION_V1 = "grpc.reflection.v1.ServerReflection"


def make_services(
    engine: Engine, sessions: SessionServicer, services: Services, authenticator: Authenticator, discover: Discover
) -> Services:
    """All services of this server, by path, added to none."""
    registration, discovery = RegistrationServicer(engine), DiscoveryServicer(engine)
    services.add(
        registration_service_pb2.DESCRIPTOR.services_by_name["RegistrationService"],
        {
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
        },
    )
    services.add(
        discovery_service_pb2.DESCRIPTOR.services_by_name["DiscoveryService"],
        {
            "GetInstance": discovery.get_instance,
            "ListInstances": discovery.list_instances,
            "SearchInstances": Searcher(engine).search_instances,
            "ListServices": discovery.list_services,
            "ListSubscribers": discovery.list_subscribers,
            "Explain": Explainer(engine).explain,
            "Watch": discovery.watch,
            "WatchServices": NamesServicer(lambda _: engine.names.services).watch,
        },
    )
    config, listening, listed = ConfigServicer(engine), ListenServicer(engine), ConfigLister(engine)
    services.add(
        config_service_pb2.DESCRIPTOR.services_by_name["ConfigService"],
        {
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
        },
    )
    catalog = CatalogServicer(engine)
    services.add(
        catalog_service_pb2.DESCRIPTOR.services_by_name["CatalogService"],
        {
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
        },
    )
    services.add(delivery_service_pb2.DESCRIPTOR.services_by_name["DeliveryService"], DeliveryServicer(engine, discover).methods())
    locks = LockServicer(engine)
    services.add(
        lock_service_pb2.DESCRIPTOR.services_by_name["LockService"],
        {"AcquireLock": locks.acquire_lock, "ReleaseLock": locks.release_lock},
    )
    services.add(admin_service_pb2.DESCRIPTOR.services_by_name["AdminService"], admin_methods(engine, sessions, services))
    services.add(access_service_pb2.DESCRIPTOR.services_by_name["AccessService"], access_methods(engine, authenticator))
    return services


async def make_server(
    services: Services, guests: Sequence[grpc.GenericRpcHandler] = ()
) -> tuple[grpc.aio.Server, health.aio.HealthServicer]:
    """A server that is not started yet, and its health, which says SERVING. `guests` are served on the same port."""
    server = grpc.aio.server(options=SERVER_OPTIONS)
    server.add_generic_rpc_handlers((*services.handlers(), *guests))
    healthy = health.aio.HealthServicer()
    for name in ("", *services.names):
        await healthy.set(name, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    channelz_pb2_grpc.add_ChannelzServicer_to_server(channelz.aio.ChannelzServicer(), GuardedServer(server, services))
    _add_reflection(server, [*services.names, health.SERVICE_NAME, REFLECTION_V1])
    return server, healthy


class _Pool:
    """The default descriptor pool, but it finds methods too: protobuf's own knows only what contains them."""

    def __init__(self) -> None:
        self._pool = descriptor_pool.Default()

    def FindFileContainingSymbol(self, symbol: str) -> Any:  # noqa: N802  # the pool's own name
        """The file of a symbol, or of what contains it. Raises KeyError."""
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            return self._pool.FindFileContainingSymbol(symbol.rpartition(".")[0])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


def _add_reflection(server: grpc.aio.Server, names: list[str]) -> None:
    servicer = reflection_aio.ReflectionServicer([*names, "grpc.reflection.v1alpha.ServerReflection"], pool=_Pool())
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(servicer, server)
    method = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(REFLECTION_V1, {"ServerReflectionInfo": method}),))
