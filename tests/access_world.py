"""A server with authentication, its first administrator, and callers of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc.aio
from muster.admin.v1 import access_service_pb2 as wire
from muster.admin.v1 import access_service_pb2_grpc, admin_service_pb2_grpc
from muster.catalog.v1 import catalog_service_pb2_grpc
from muster.config.v1 import config_service_pb2_grpc
from muster.registry.v1 import discovery_service_pb2_grpc, registration_service_pb2_grpc
from running import ManualClock, Server, running_server

ROOT, PASSWORD = "root", "correct horse battery"
Metadata = tuple[tuple[str, str], ...]


@dataclass
class World:
    """A server and an open channel to it. `admin` is the metadata of the administrator."""

    server: Server
    channel: grpc.aio.Channel
    admin: Metadata = ()

    def __post_init__(self) -> None:
        self.access = access_service_pb2_grpc.AccessServiceStub(self.channel)
        self.administration = admin_service_pb2_grpc.AdminServiceStub(self.channel)
        self.registration = registration_service_pb2_grpc.RegistrationServiceStub(self.channel)
        self.discovery = discovery_service_pb2_grpc.DiscoveryServiceStub(self.channel)
        self.catalog = catalog_service_pb2_grpc.CatalogServiceStub(self.channel)
        self.config = config_service_pb2_grpc.ConfigServiceStub(self.channel)

    async def login(self, user: str = ROOT, password: str = PASSWORD) -> Metadata:
        """Metadata with a token of this user."""
        answer = await self.access.Login(wire.LoginRequest(user=user, password=password))
        return bearer(answer.token)

    async def token(self, user: str) -> tuple[str, Metadata]:
        """The id of a new API token of this user, and metadata with it."""
        made = await self.access.CreateToken(wire.CreateTokenRequest(user=user), metadata=self.admin)
        return made.token.id, bearer(made.secret)

    async def user(self, name: str, *permissions: tuple[str, str]) -> Metadata:
        """A user with a password and a role of its own name that may do this; metadata of its login."""
        granted = [permission(resource, action) for resource, action in permissions]
        await self.access.CreateRole(wire.CreateRoleRequest(role=wire.Role(name=name, permissions=granted)), metadata=self.admin)
        asked = wire.CreateUserRequest(user=wire.User(name=name, roles=[name]), password=PASSWORD)
        await self.access.CreateUser(asked, metadata=self.admin)
        return await self.login(name)


def permission(resource: str, action: str) -> wire.Permission:
    numbers = {
        "r": wire.ACTION_READ,
        "w": wire.ACTION_WRITE,
        "rw": wire.ACTION_READ_WRITE,
        "create": wire.ACTION_CREATE,
        "update": wire.ACTION_UPDATE,
        "delete": wire.ACTION_DELETE,
    }
    return wire.Permission(resource=resource, action=numbers[action])


def bearer(token: str) -> Metadata:
    return (("authorization", f"Bearer {token}"),)


@asynccontextmanager
async def guarded(*, has_admin: bool = True, clock: ManualClock | None = None, **settings: Any) -> AsyncIterator[World]:
    """A server that asks for credentials."""
    async with running_server(**{"auth": True, "clock": clock, **settings}) as server, server.channel() as channel:
        world = World(server, channel)
        if has_admin:
            await world.access.CreateFirstUser(wire.CreateFirstUserRequest(user=ROOT, password=PASSWORD))
            world.admin = await world.login()
        yield world
