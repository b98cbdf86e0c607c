"""Nacos over gRPC with authentication: what each request proves, what is refused, and when a connection must end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from access_world import PASSWORD, ROOT, Metadata, World, guarded, permission
from muster.admin.v1 import access_service_pb2 as access
from muster_server.app import gateway_serving
from muster_server.settings import Settings
from nacos_wire import NacosClient, host, ips, nacos_client, register, subscribe

pytestmark = pytest.mark.parametrize("place", ["local", "apart"])
NAMES = {"dataId": "app", "group": "g", "tenant": ""}
WATCH = {"groupKeyPattern": "public>>*>>*", "initializing": True, "watchType": "WATCH", "receivedGroupKeys": []}
ASKED = [
    ("InstanceRequest", {"type": "registerInstance", "serviceName": "svc", "instance": host("10.0.0.1")}),
    ("BatchInstanceRequest", {"type": "batchRegisterInstance", "serviceName": "svc", "instances": [host("10.0.0.1")]}),
    ("PersistentInstanceRequest", {"type": "registerInstance", "serviceName": "svc", "instance": host("10.0.0.1")}),
    ("ServiceQueryRequest", {"serviceName": "svc"}),
    ("SubscribeServiceRequest", {"serviceName": "svc", "subscribe": True}),
    ("ServiceListRequest", {"pageNo": 1, "pageSize": 10}),
    ("NamingFuzzyWatchRequest", WATCH),
    ("ConfigFuzzyWatchRequest", WATCH),
    ("ConfigQueryRequest", NAMES),
    ("ConfigPublishRequest", {**NAMES, "content": "x: 1"}),
    ("ConfigRemoveRequest", NAMES),
    ("ConfigBatchListenRequest", {"listen": True, "configListenContexts": [{**NAMES, "md5": ""}]}),
]


@asynccontextmanager
async def nacos_side(place: str, world: World, scratch: Path) -> AsyncIterator[str]:
    """Where the server, or a gateway apart from it with a token of its own, speaks to Nacos clients."""
    if place == "local":
        yield world.server.nacos
        return
    await world.access.CreateUser(
        access.CreateUserRequest(user=access.User(name="gate", roles=["admin"]), password=PASSWORD), metadata=world.admin
    )
    made = await world.access.CreateToken(access.CreateTokenRequest(user="gate"), metadata=world.admin)
    (scratch / "token").write_text(made.secret)
    settings = Settings(http_ports=(0,), nacos_grpc_port=0, auth=True, token_file=scratch / "token")
    async with gateway_serving(settings, world.server.grpc_target) as running:
        yield running.nacos


@asynccontextmanager
async def user(target: str, metadata: Metadata) -> AsyncIterator[NacosClient]:
    """A client with this user's token."""
    async with nacos_client(target) as client:
        client.headers["accessToken"] = metadata[0][1].removeprefix("Bearer ")
        yield client


async def refused(client: NacosClient, kind: str, **body: Any) -> tuple[str, int, int, str]:
    answered, answer = await client.ask(kind, **body)
    return answered, answer["resultCode"], answer["errorCode"], answer["message"]


async def test_every_request_without_a_credential_is_refused_in_its_own_type(place: str, tmp_path: Path) -> None:
    async with guarded() as world, nacos_side(place, world, tmp_path) as target, nacos_client(target) as client:
        nobody = [await refused(client, kind, **body) for kind, body in ASKED]
        client.headers["accessToken"] = "abc"
        wrong = [await refused(client, kind, **body) for kind, body in ASKED]
        await client.ok("HealthCheckRequest")

        named = {"PersistentInstanceRequest": "InstanceResponse", "ServiceQueryRequest": "QueryServiceResponse"}
        changed = {"ConfigBatchListenRequest": "ConfigChangeBatchListenResponse"}
        types = [{**named, **changed}.get(kind, kind.replace("Request", "Response")) for kind, _ in ASKED]
        assert [(found[0], *found[1:3]) for found in nobody] == [(kind, 500, 403) for kind in types]
        assert {found[3] for found in nobody} == {"User not found! Please check user exist or password is right!"}
        assert {found[1:] for found in wrong} == {(500, 403, "token invalid!")}


async def test_every_request_of_a_user_without_permission_is_refused(place: str, tmp_path: Path) -> None:
    async with guarded() as world, nacos_side(place, world, tmp_path) as target:
        ann = await world.user("ann", ("default:*:service/other", "rw"))
        async with user(target, ann) as client:
            denied = [await refused(client, kind, **body) for kind, body in ASKED]
            other = await register(client, "10.0.0.1", "other")

        assert {found[1:] for found in denied} == {(500, 403, "authorization failed!")}
        assert other["type"] == "registerInstance"


@pytest.mark.parametrize(
    "headers",
    [
        lambda token: {"accessToken": token},
        lambda token: {"Authorization": f"Bearer {token}"},
        lambda token: {"username": ROOT, "password": PASSWORD},
    ],
    ids=["accessToken", "bearer", "password"],
)
async def test_credential_counts_wherever_it_is_put(place: str, headers: Any, tmp_path: Path) -> None:
    async with guarded() as world, nacos_side(place, world, tmp_path) as target, nacos_client(target) as client:
        client.headers.update(headers(world.admin[0][1].removeprefix("Bearer ")))
        before = await subscribe(client)
        await register(client, "10.0.0.1")
        pushed = await client.pushed("NotifySubscriberRequest")
        await client.ok("ConfigPublishRequest", **NAMES, content="x: 1")
        read = await client.ok("ConfigQueryRequest", **NAMES)

        assert (ips(before), ips(pushed["serviceInfo"]), read["content"]) == ([], ["10.0.0.1"], "x: 1")


async def test_connection_belongs_to_one_user_and_may_renew_the_token(place: str, tmp_path: Path) -> None:
    async with guarded() as world, nacos_side(place, world, tmp_path) as target:
        ann, eve = [await world.user(name, ("*:*:*", "rw")) for name in ("ann", "eve")]
        async with user(target, ann) as client:
            await register(client, "10.0.0.1")
            client.headers["accessToken"] = eve[0][1].removeprefix("Bearer ")
            another = await refused(client, "ServiceQueryRequest", serviceName="svc")
            client.headers["accessToken"] = (await world.token("ann"))[1][0][1].removeprefix("Bearer ")
            renewed = await client.ok("ServiceQueryRequest", serviceName="svc")

        assert another[1:] == (500, 403, "authorization failed!")
        assert ips(renewed["serviceInfo"]) == ["10.0.0.1"]


@pytest.mark.parametrize("what", ["register", "subscribe", "listen", "nothing"])
async def test_revoked_token_ends_the_connection_whatever_it_is_for(place: str, what: str, tmp_path: Path) -> None:
    async with guarded() as world, nacos_side(place, world, tmp_path) as target:
        await world.user("ann", ("*:*:*", "rw"))
        token_id, ann = await world.token("ann")
        async with user(target, ann) as client, user(target, world.admin) as other:
            match what:
                case "register":
                    await register(client, "10.0.0.1")
                case "subscribe":
                    await subscribe(client)
                case "listen":
                    await client.ok("ConfigBatchListenRequest", listen=True, configListenContexts=[{**NAMES, "md5": ""}])
                case _:
                    await client.ok("ServiceQueryRequest", serviceName="svc")
            await subscribe(other)
            await world.access.RevokeToken(access.RevokeTokenRequest(id=token_id), metadata=world.admin)
            ended = await client.end()
            await other.ok("ServiceQueryRequest", serviceName="svc")

        assert ended.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.slow  # 10 s
async def test_permission_that_is_taken_ends_the_subscription_that_needs_it(place: str, tmp_path: Path) -> None:
    async with guarded() as world, nacos_side(place, world, tmp_path) as target:
        ann = await world.user("ann", ("default:*:service/svc", "r"))
        async with user(target, ann) as client:
            await subscribe(client)
            taken = access.RemovePermissionRequest(role="ann", permission=permission("default:*:service/svc", "r"))
            await world.access.RemovePermission(taken, metadata=world.admin)
            ended = await client.end()

        assert ended.code() == grpc.StatusCode.UNAVAILABLE


async def test_guessing_is_stopped_by_the_address_of_the_client(place: str, tmp_path: Path) -> None:
    async with guarded() as world, nacos_side(place, world, tmp_path) as target, nacos_client(target) as client:
        client.headers.update({"username": ROOT, "password": "wrong"})
        answers = [await refused(client, "ServiceQueryRequest", serviceName="svc") for _ in range(11)]

        assert {found[1:3] for found in answers[:10]} == {(500, 403)}
        assert answers[10][1:3] == (500, 500)
        assert "try again" in answers[10][3]
