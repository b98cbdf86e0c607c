"""The gRPC server: our services, and the standard ones (health, reflection, channelz)."""

from collections.abc import Mapping, Sequence
from typing import Any

import grpc
import grpc.aio
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from grpc_channelz.v1 import channelz, channelz_pb2_grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import _async as reflection_aio
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from muster.admin.v1 import access_service_pb2, admin_service_pb2
from muster.catalog.v1 import catalog_service_pb2
from muster.config.v1 import config_service_pb2
from muster.delivery.v1 import agent_service_pb2, delivery_service_pb2
from muster.lock.v1 import lock_service_pb2
from muster.registry.v1 import discovery_service_pb2, registration_service_pb2

from muster_server.access.authenticator import Authenticator
from muster_server.engine.engine import Engine
from muster_server.rpc import methods
from muster_server.rpc.adapter import SERVER_OPTIONS, Services
from muster_server.rpc.calls import Method
from muster_server.rpc.delivery import Discover
from muster_server.rpc.dispatcher import Dispatcher
from muster_server.rpc.guarded import GuardedServer
from muster_server.rpc.sessions import SessionServicer

REFLECTION_V1 = "grpc.reflection.v1.ServerReflection"


def make_services(
    engine: Engine,
    sessions: SessionServicer,
    services: Services,
    authenticator: Authenticator,
    discover: Discover,
    dispatcher: Dispatcher,
) -> Services:
    """Fill `services` with all of this server, and answer it."""
    parts: tuple[tuple[FileDescriptor, str, Mapping[str, Method]], ...] = (
        (registration_service_pb2.DESCRIPTOR, "RegistrationService", methods.registration_methods(engine, sessions)),
        (discovery_service_pb2.DESCRIPTOR, "DiscoveryService", methods.discovery_methods(engine)),
        (config_service_pb2.DESCRIPTOR, "ConfigService", methods.config_methods(engine)),
        (catalog_service_pb2.DESCRIPTOR, "CatalogService", methods.catalog_methods(engine)),
        (delivery_service_pb2.DESCRIPTOR, "DeliveryService", methods.delivery_methods(engine, discover, dispatcher)),
        (agent_service_pb2.DESCRIPTOR, "AgentService", methods.agent_methods(dispatcher)),
        (lock_service_pb2.DESCRIPTOR, "LockService", methods.lock_methods(engine)),
        (admin_service_pb2.DESCRIPTOR, "AdminService", methods.admin_methods(engine, sessions, services)),
        (access_service_pb2.DESCRIPTOR, "AccessService", methods.access_methods(engine, authenticator)),
    )
    for file, name, made in parts:
        services.add(file.services_by_name[name], made)
    return services


async def make_server(
    services: Services, guests: Sequence[grpc.GenericRpcHandler] = ()
) -> tuple[grpc.aio.Server, health.aio.HealthServicer]:
    """A server that is not started yet, and its health, which says SERVING. `guests` are served on the same port."""
    server = grpc.aio.server(options=SERVER_OPTIONS)
    server.add_generic_rpc_handlers((services.arrivals, *services.handlers(), *guests))
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
