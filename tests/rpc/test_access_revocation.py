"""What is open ends soon after its right is gone, and nothing else does."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
import pytest
from access_world import PASSWORD, Metadata, World, guarded, permission
from muster.admin.v1 import access_service_pb2 as wire
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as config
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration
from running import ManualClock

from rpc.test_registration import instance, reason
from rpc.test_server import to_the_end

SERVICE = instance_pb2.ServiceRef(namespace="prod", group="g", name="pay")
ITEM = config_pb2.ConfigRef(namespace="prod", group="g", name="pay")
ALL = "prod:*:*"
END_S = 1.0

Opener = Callable[[World, Metadata], Awaitable[Any]]
Change = Callable[[World, str], Awaitable[Any]]


async def watching(world: World, metadata: Metadata) -> Any:
    stream = world.discovery.Watch(metadata=metadata)
    await stream.write(discovery.WatchRequest(subscribe=discovery.WatchRequest.Subscribe(service=SERVICE)))
    assert (await stream.read()).WhichOneof("frame") == "snapshot"
    return stream


async def listening(world: World, metadata: Metadata) -> Any:
    stream = world.config.Listen(metadata=metadata)
    await stream.write(config.ListenRequest(hello=config.ListenRequest.Hello()))
    add = config.ListenRequest.Add(interests=[config.ListenRequest.Interest(ref=ITEM)])
    await stream.write(config.ListenRequest(add=add))
    assert (await stream.read()).WhichOneof("frame") == "missing"
    return stream


async def in_session(world: World, metadata: Metadata) -> Any:
    stream = world.registration.Session(metadata=metadata)
    await stream.write(registration.SessionRequest(hello=registration.SessionRequest.Hello()))
    assert (await stream.read()).WhichOneof("frame") == "granted"
    item = registration.RegisterRequest(service=SERVICE, instance=instance())
    await stream.write(registration.SessionRequest(register=registration.SessionRequest.Register(registrations=[item])))
    assert not (await stream.read()).results.results[0].HasField("error")
    return stream


async def revoke_token(world: World, token_id: str) -> None:
    await world.access.RevokeToken(wire.RevokeTokenRequest(id=token_id), metadata=world.admin)


async def delete_user(world: World, _: str) -> None:
    await world.access.DeleteUser(wire.DeleteUserRequest(user="ann"), metadata=world.admin)


async def take_permission(world: World, _: str) -> None:
    asked = wire.RemovePermissionRequest(role="ann", permission=permission(ALL, "rw"))
    await world.access.RemovePermission(asked, metadata=world.admin)


async def take_role(world: World, _: str) -> None:
    await world.access.RevokeRole(wire.RevokeRoleRequest(user="ann", role="ann"), metadata=world.admin)


async def delete_role(world: World, _: str) -> None:
    await world.access.DeleteRole(wire.DeleteRoleRequest(role="ann"), metadata=world.admin)


async def ended(stream: Any) -> tuple[grpc.StatusCode, str]:
    """How a stream ends, soon."""
    async with asyncio.timeout(END_S):
        _, error = await to_the_end(stream)
    return error.code(), reason(error)


UNAUTHENTICATED = (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")
DENIED = (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")


@pytest.mark.parametrize("opener", [watching, listening, in_session])
@pytest.mark.parametrize(
    ("change", "end"),
    [
        (revoke_token, UNAUTHENTICATED),
        (delete_user, UNAUTHENTICATED),
        (take_permission, DENIED),
        (take_role, DENIED),
        (delete_role, DENIED),
    ],
)
async def test_a_stream_ends_with_its_right(opener: Opener, change: Change, end: tuple[grpc.StatusCode, str]) -> None:
    async with guarded() as world:
        await world.user("ann", (ALL, "rw"))
        bob = await world.user("bob", (ALL, "rw"))
        token_id, metadata = await world.token("ann")
        stream = await opener(world, metadata)
        other = await watching(world, bob)

        await change(world, token_id)

        assert await ended(stream) == end
        assert not other.done()
        other.cancel()


async def test_streams_of_a_login_end_when_the_password_changes_and_those_of_tokens_stay() -> None:
    async with guarded() as world:
        login = await world.user("ann", (ALL, "rw"))
        _, token = await world.token("ann")
        by_login, by_token = await watching(world, login), await watching(world, token)

        await world.access.SetPassword(wire.SetPasswordRequest(user="ann", password=PASSWORD + "!"), metadata=world.admin)

        assert await ended(by_login) == UNAUTHENTICATED
        assert not by_token.done()
        by_token.cancel()


async def test_a_stream_stays_when_a_permission_goes_that_it_does_not_need() -> None:
    async with guarded() as world:
        ann = await world.user("ann", (ALL, "r"), ("test:*:*", "rw"))
        stream = await watching(world, ann)
        asked = wire.RemovePermissionRequest(role="ann", permission=permission("test:*:*", "rw"))

        await world.access.RemovePermission(asked, metadata=world.admin)
        await world.registration.Register(registration.RegisterRequest(service=SERVICE, instance=instance()), metadata=world.admin)

        assert (await stream.read()).WhichOneof("frame") == "delta"
        stream.cancel()


async def test_a_stream_ends_when_its_token_expires() -> None:
    clock = ManualClock()
    async with guarded(clock=clock) as world:
        asked = wire.CreateTokenRequest()
        asked.ttl.FromSeconds(5)
        made = await world.access.CreateToken(asked, metadata=world.admin)
        stream = await watching(world, (("authorization", f"Bearer {made.secret}"),))

        world.server.advance(6)

        assert await ended(stream) == UNAUTHENTICATED


async def test_instances_of_a_revoked_session_are_lost_like_those_of_any_lost_client() -> None:
    clock = ManualClock()
    async with guarded(clock=clock) as world:
        await world.user("ann", (ALL, "rw"))
        token_id, metadata = await world.token("ann")
        stream = await in_session(world, metadata)

        await revoke_token(world, token_id)
        await ended(stream)
        world.server.advance(6)

        listed = await world.discovery.ListInstances(discovery.ListInstancesRequest(service=SERVICE), metadata=world.admin)
        assert list(listed.instances) == []
