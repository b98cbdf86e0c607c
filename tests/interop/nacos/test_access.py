"""The official SDKs as users of a server with authentication: right and wrong passwords, and revocation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from access_world import PASSWORD, World, guarded
from muster.admin.v1 import access_service_pb2 as access
from muster_server.app import gateway_serving
from muster_server.settings import Settings

from interop.nacos import test_go
from interop.nacos.sdks import ALL, JAVA_1, NODE, PYTHON, RUST, Sdk, done, param, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("place", ["local", "apart"])]
python = pytest.mark.parametrize("sdk", [param(PYTHON)])
rust = pytest.mark.parametrize("sdk", [param(RUST)])
each = pytest.mark.parametrize("sdk", [param(sdk) for sdk in ALL])
over_http = pytest.mark.parametrize("sdk", [param(NODE), param(JAVA_1)])
go = pytest.mark.skipif(test_go.PROGRAM is None, reason="the Nacos SDK for Go is missing: scripts/tools.sh")


@asynccontextmanager
async def nacos_side(place: str, world: World, scratch: Path) -> AsyncIterator[tuple[str, str]]:
    """The address of gRPC and the port of HTTP, of a server or of a gateway apart from it with a token of its own."""
    if place == "local":
        yield world.server.nacos, world.server.http_urls[0].rpartition(":")[2]
        return
    gate = access.User(name="gate", roles=["admin"])
    await world.access.CreateUser(access.CreateUserRequest(user=gate), metadata=world.admin)
    made = await world.access.CreateToken(access.CreateTokenRequest(user="gate"), metadata=world.admin)
    (scratch / "token").write_text(made.secret)
    settings = Settings(http_ports=(0,), nacos_grpc_port=0, auth=True, token_file=scratch / "token")
    async with gateway_serving(settings, world.server.grpc_target) as running:
        yield running.nacos, running.http[0].rpartition(":")[2]


def login(port: str, user: str, password: str = PASSWORD) -> dict[str, str]:
    return {"STORY_HTTP_PORT": port, "STORY_USER": user, "STORY_PASSWORD": password}


@each
async def test_sdk_logs_in_registers_subscribes_publishes_and_listens(place: str, sdk: Sdk, tmp_path: Path) -> None:
    async with guarded() as world, nacos_side(place, world, tmp_path) as (target, port):
        await world.user("provider", ("default:*:service/*", "rw"), ("default:*:config/*", "rw"))
        await world.user("consumer", ("default:*:service/*", "r"), ("default:*:config/*", "r"))
        async with (
            sdk.running(target, **login(port, "provider")) as provider,
            sdk.running(target, **login(port, "consumer")) as consumer,
        ):
            await subscribed(sdk, consumer)
            await done(consumer, "listen app")
            registered = await done(provider, "register svc 10.0.0.1")
            await consumer.until("push", hosts=["10.0.0.1:80"])
            published = await done(provider, "publish app one")
            await consumer.until("config", data_id="app", content="one")
            consumer.say("register svc 10.0.0.2")
            refused = await consumer.until("failed", what=["register", "svc", "10.0.0.2"])
            listed = await done(consumer, "instances svc")
            withdrawn = await done(provider, "deregister svc 10.0.0.1")
            await consumer.until("push", hosts=[])

        assert (registered, published, withdrawn, listed) == (True, True, True, ["10.0.0.1"])
        assert "authorization failed" in refused["error"]


@over_http
async def test_sdk_over_http_does_all_as_a_user(place: str, sdk: Sdk, tmp_path: Path) -> None:
    async with guarded() as world, nacos_side(place, world, tmp_path) as (target, port):
        await world.user("provider", ("default:*:service/*", "rw"), ("default:*:config/*", "rw"))
        address = f"{target.partition(':')[0]}:{port}"
        async with sdk.running(address, **login(port, "provider")) as client:
            await done(client, "subscribe svc")
            await done(client, "listen app")
            await done(client, "register svc 10.0.0.1")
            await client.until("push", hosts=["10.0.0.1:80"], within_s=40.0)
            await done(client, "publish app one")
            await client.until("config", data_id="app", content="one", within_s=40.0)
            await done(client, "deregister svc 10.0.0.1")


@rust
async def test_rust_sdk_logs_in_and_does_what_its_user_may(place: str, sdk: Sdk, tmp_path: Path) -> None:
    async with guarded() as world, nacos_side(place, world, tmp_path) as (target, port):
        await world.user("provider", ("default:*:service/*", "rw"), ("default:*:config/*", "rw"))
        await world.user("consumer", ("default:*:service/*", "r"), ("default:*:config/*", "r"))
        async with (
            sdk.running(target, **login(port, "provider")) as provider,
            sdk.running(target, **login(port, "consumer")) as consumer,
        ):
            await subscribed(sdk, consumer)
            await done(provider, "register svc 10.0.0.1")
            await consumer.until("push", hosts=["10.0.0.1:80"])
            published, read = await done(provider, "publish app one"), await done(consumer, "read app")
            refused = []
            for line in ("register svc 10.0.0.2", "publish app two"):
                consumer.say(line)
                refused.append((await consumer.until("failed", what=line.split()))["error"])
            await done(provider, "deregister svc 10.0.0.1")
            await consumer.until("push", hosts=[])

        assert (published, read) == (True, "one")
        assert all("authorization failed" in error for error in refused)


@rust
async def test_rust_sdk_with_a_wrong_password_is_refused_and_locks_nobody_out(place: str, sdk: Sdk, tmp_path: Path) -> None:
    async with guarded() as world, nacos_side(place, world, tmp_path) as (target, port):
        await world.user("ann", ("*:*:*", "rw"))
        async with sdk.running(target, **login(port, "ann", "wrong password")) as client:
            client.say("register svc 10.0.0.1")
            refused = await client.until("failed")

        assert "error_code=403" in refused["error"]
        assert await world.login("ann")


@python
async def test_python_sdk_with_a_wrong_password_is_refused(place: str, sdk: Sdk, tmp_path: Path) -> None:
    async with guarded() as world, nacos_side(place, world, tmp_path) as (target, port):
        await world.user("ann", ("*:*:*", "rw"))
        async with sdk.running(target, **login(port, "ann", "wrong password")) as client:
            client.say("register svc 10.0.0.1")
            refused = await client.until("failed")

        assert "get access token failed" in refused["error"]


@python
async def test_python_sdk_whose_user_is_deleted_gets_nothing_any_more(place: str, sdk: Sdk, tmp_path: Path) -> None:
    async with guarded() as world, nacos_side(place, world, tmp_path) as (target, port):
        await world.user("ann", ("*:*:*", "rw"))
        async with sdk.running(target, **login(port, "ann")) as client:
            await done(client, "register svc 10.0.0.1")
            await world.access.DeleteUser(access.DeleteUserRequest(user="ann"), metadata=world.admin)
            client.say("publish app one")
            await client.until("failed", what=["publish", "app", "one"])
        async with httpx.AsyncClient(base_url=f"http://{target.partition(':')[0]}:{port}") as http:
            found = await http.get(
                "/nacos/v3/client/cs/config", params={"dataId": "app", "groupName": "g"}, headers=dict(world.admin)
            )

        assert found.json()["code"] == 20004


@go
async def test_go_sdk_does_all_as_a_user(place: str, tmp_path: Path) -> None:
    async with guarded() as world, nacos_side(place, world, tmp_path) as (target, port):
        await world.user("ann", ("default:*:*", "rw"))
        lines = await test_go.told(target, tmp_path, **login(port, "ann"))

        assert [line for line in lines if line in test_go.EXPECTED or line.startswith("TIMEOUT")] == test_go.EXPECTED


@go
async def test_go_sdk_with_a_wrong_password_is_refused(place: str, tmp_path: Path) -> None:
    async with guarded() as world, nacos_side(place, world, tmp_path) as (target, port):
        await world.user("ann", ("default:*:*", "rw"))
        lines = await test_go.told(target, tmp_path, **login(port, "ann", "wrong password"))

        registered = [line for line in lines if line.startswith("register")]
        assert len(registered) == 1
        assert registered[0].startswith("register false")
