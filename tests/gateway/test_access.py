"""The HTTP edge of a server with authentication: every route asks who calls, and callers get what they are permitted."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
from access_world import PASSWORD, ROOT, World, guarded
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration
from muster_gateway.app import Gateway, create_app
from muster_gateway.callers import Caller, IdentifiedChannel, Identity, acting_for, as_gateway
from muster_gateway.channel import LocalChannel
from muster_gateway.registry import Registry
from muster_server.app import gateway_serving
from muster_server.settings import Settings
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway.test_app import NoMetrics

LOGINS = {
    ("POST", "/nacos/v1/auth/login"),
    ("POST", "/nacos/v1/auth/users/login"),
    ("POST", "/nacos/v3/auth/user/login"),
    ("POST", "/nacos/v3/auth/user/admin"),
    ("POST", "/v4/token"),
}
STATE = "/nacos/v3/admin/core/state"
METRICS = "/nacos/v1/ns/operator/metrics"
PUBLIC = {("GET", path) for path in ("/server/health", METRICS, STATE, f"{STATE}/liveness", f"{STATE}/readiness")} | LOGINS
PUBLIC |= {("GET", f"/v4/project_id/registry/{path}") for path in ("health", "health/readiness", "version")}
PUBLIC |= {("GET", "/health"), ("GET", "/version")}
KINDS = pytest.mark.parametrize("kind", ["local", "apart"])
INSTANCE = {"serviceName": "pay", "ip": "10.0.0.1", "port": 80}


@asynccontextmanager
async def edge(kind: str, world: World, token_file: Path | None = None) -> AsyncIterator[str]:
    """The URL of the server's own gateway, or of one apart."""
    if kind == "local":
        yield world.server.http_urls[0]
        return
    settings = Settings(http_ports=(0,), nacos_grpc_port=0, auth=True, token_file=token_file)
    async with gateway_serving(settings, world.server.grpc_target) as running:
        yield f"http://{running.http[0]}"


def headers(metadata: Any) -> dict[str, str]:
    return dict(metadata)


def routes() -> list[tuple[str, str]]:
    async def unused(*_: Any) -> bytes:
        raise AssertionError

    app = create_app(LocalChannel(unused), NoMetrics(), is_guarded=True)
    assert isinstance(app, Gateway)
    return [(route.method, route.path.replace("{", "").replace("}", "")) for route in app.routes]


@KINDS
async def test_every_route_but_the_public_ones_refuses_a_caller_without_credential_or_with_a_wrong_one(kind: str) -> None:
    async with guarded() as world, edge(kind, world) as url, httpx.AsyncClient(base_url=url) as client:
        answers: dict[tuple[str, str], set[int]] = {}
        for method, path in routes():
            for given in ({}, {"authorization": "Bearer mst_wrong"}):
                answer = await client.request(method, path, headers=given)
                answers.setdefault((method, path), set()).add(answer.status_code)

        assert len(answers) > 20
        assert {route for route, codes in answers.items() if not codes <= {401, 403}} == PUBLIC


def test_public_routes_are_the_listed_ones() -> None:
    app: Any = create_app(LocalChannel(lambda *_: None), NoMetrics(), is_guarded=True)  # type: ignore[arg-type, return-value]  # never called

    assert {(route.method, route.path.replace("{", "").replace("}", "")) for route in app.routes if route.is_public} == PUBLIC


@KINDS
async def test_metrics_need_a_credential_and_the_list_of_routes_does_not(kind: str) -> None:
    async with guarded() as world, edge(kind, world) as url, httpx.AsyncClient(base_url=url) as client:
        closed, listed = await client.get("/metrics"), await client.get("/openapi.json")
        opened = await client.get("/metrics", headers=headers(world.admin))

        assert (closed.status_code, listed.status_code, opened.status_code) == (401, 200, 200)


@KINDS
async def test_finders_callers_get_what_they_are_permitted(kind: str) -> None:
    async with guarded() as world, edge(kind, world) as url, httpx.AsyncClient(base_url=url) as client:
        clerk = headers(await world.user("clerk", ("default:DEFAULT_GROUP:service/pay", "rw")))
        made = await client.post("/api/instance", json=INSTANCE, headers=clerk)
        found = await client.get("/api/instance/list", params={"serviceName": "pay"}, headers=clerk)
        other = await client.post("/api/instance", json={**INSTANCE, "serviceName": "ship"}, headers=clerk)
        nobody = await client.post("/api/instance", json=INSTANCE)

        assert (made.status_code, len(found.json()["instances"])) == (200, 1)
        assert (other.status_code, nobody.status_code) == (403, 401)
        assert "ship" in other.text
        assert (nobody.text, nobody.headers["www-authenticate"]) == ("a credential is needed", "Bearer, Basic")


@KINDS
async def test_operators_of_nacos_get_what_they_are_permitted(kind: str) -> None:
    core, ns = "/nacos/v3/admin/core", "/nacos/v3/admin/ns"
    said = {"serviceName": "pay", "ip": "10.0.0.1", "port": "80", "weight": "3"}
    async with guarded() as world, edge(kind, world) as url, httpx.AsyncClient(base_url=url) as client:
        clerk = headers(await world.user("clerk", ("default:DEFAULT_GROUP:service/pay", "rw")))
        own = [await client.request(method, f"{ns}/instance", params=said, headers=clerk) for method in ("POST", "PUT")]
        others = await client.put(f"{ns}/instance", params={**said, "serviceName": "ship"}, headers=clerk)
        closed = [
            await client.get(f"{core}/loader/current", headers=clerk),
            await client.get(f"{core}/loader/cluster", headers=clerk),
            await client.post(f"{core}/loader/reloadClient", params={"connectionId": "x"}, headers=clerk),
            await client.get(f"{ns}/client/list", headers=clerk),
            await client.get(f"{ns}/service/subscribers", params={"serviceName": "ship"}, headers=clerk),
            await client.post(f"{core}/namespace", params={"namespaceId": "n", "namespaceName": "n"}, headers=clerk),
        ]
        opened = await client.get(f"{core}/loader/current", headers=headers(world.admin))
        state = (await client.get(STATE)).json()["data"]

        assert [answer.status_code for answer in own] == [200, 200]
        assert others.status_code == 403
        assert [answer.status_code for answer in closed] == [403] * len(closed)
        assert (opened.status_code, opened.json()["data"]) == (200, {})
        assert state["auth_enabled"] == "true"


@KINDS
async def test_user_and_password_do_instead_of_a_token(kind: str) -> None:
    async with guarded() as world, edge(kind, world) as url:
        async with httpx.AsyncClient(base_url=url, auth=(ROOT, PASSWORD)) as client:
            right = await client.get("/service/names")
        async with httpx.AsyncClient(base_url=url, auth=(ROOT, "wrong password")) as client:
            wrong = [(await client.get("/service/names")).status_code for _ in range(11)]

        assert right.status_code == 200
        assert wrong == [401] * 10 + [429]


async def test_a_failed_login_counts_for_the_address_of_the_http_caller() -> None:
    async with guarded() as world, httpx.AsyncClient(base_url=world.server.http_urls[0]) as client:
        codes = []
        for number in range(31):
            wrong = base64.b64encode(f"user {number}:guess".encode()).decode()
            codes.append((await client.get("/service/names", headers={"authorization": f"Basic {wrong}"})).status_code)

        assert codes == [401] * 30 + [429]


@KINDS
async def test_a_namesake_of_the_gateway_has_no_rights_of_its_own(kind: str) -> None:
    async with guarded() as world, edge(kind, world) as url, httpx.AsyncClient(base_url=url) as client:
        eve = headers(await world.user("gateway"))
        answer = await client.get("/service/names", headers=eve)
        claimed = await client.get("/service/names", headers={"muster-caller": "127.0.0.1"})
        service = instance_pb2.ServiceRef(name="pay")
        with pytest.raises(Exception, match="may not do this"):
            await world.registration.Register(
                registration.RegisterRequest(service=service, instance=instance_pb2.Instance()), metadata=tuple(eve.items())
            )

        assert (answer.status_code, claimed.status_code) == (403, 401)


async def test_a_gateway_apart_does_in_its_own_name_what_its_own_token_may() -> None:
    async with guarded() as world:
        await world.user("gateway", ("prod:*:service/*", "r"))
        _, metadata = await world.token("gateway")
        token = metadata[0][1].removeprefix("Bearer ")
        known = Registry(IdentifiedChannel(world.channel, Identity(token)))
        unknown = Registry(IdentifiedChannel(world.channel, Identity()))

        seen = [await as_gateway(partial(known.may_read, "service", namespace)) for namespace in ("prod", "test")]
        with pytest.raises(grpc.aio.AioRpcError) as without_token:
            await as_gateway(unknown.prove)
        with pytest.raises(grpc.aio.AioRpcError) as for_nobody:
            await known.prove()

        assert seen == [True, False]
        assert {caught.value.code() for caught in (without_token, for_nobody)} == {grpc.StatusCode.UNAUTHENTICATED}


async def test_work_that_a_request_starts_is_done_in_its_callers_name() -> None:
    async with guarded() as world:
        registry = Registry(IdentifiedChannel(world.channel, Identity()))
        with acting_for(Caller(world.admin[0][1])):
            started = asyncio.create_task(registry.prove())
        await started

        with pytest.raises(grpc.aio.AioRpcError):
            await registry.prove()


async def test_without_authentication_no_route_asks() -> None:
    async with guarded(has_admin=False, auth=False) as world, httpx.AsyncClient(base_url=world.server.http_urls[0]) as client:
        assert (await client.post("/api/instance", json=INSTANCE)).status_code == 200


@KINDS
async def test_servicecomb_callers_get_what_they_are_permitted(kind: str) -> None:
    async with guarded() as world, edge(kind, world) as url, httpx.AsyncClient(base_url=f"{url}/v4/default/registry") as client:
        clerk = headers(await world.user("clerk", ("default:shop:service/stock", "rw")))
        boss = headers(world.admin)
        service = {"appId": "shop", "serviceName": "stock", "version": "1.0"}
        made = await client.post("/microservices", json={"service": service}, headers=clerk)
        stock = made.json()["serviceId"]
        instance = {"instance": {"hostName": "h", "endpoints": ["rest://10.0.0.1:80"], "instanceId": "i"}}
        registered = await client.post(f"/microservices/{stock}/instances", json=instance, headers=clerk)
        vault = {"service": {**service, "serviceName": "vault"}}
        hidden = (await client.post("/microservices", json=vault, headers=boss)).json()["serviceId"]

        asked = {"services": [{"service": service}, {"service": vault["service"]}]}
        batch = (await client.post("/instances/action?type=query", json=asked, headers=clerk)).json()["services"]
        refused = [
            await client.post("/microservices", json={"service": {**service, "serviceName": "basket"}}, headers=clerk),
            await client.get(f"/microservices/{hidden}", headers=clerk),
            await client.get("/instances", params={"appId": "shop", "serviceName": "vault"}, headers=clerk),
            await client.put(f"/microservices/{hidden}/schemas/a", json={"schema": "x"}, headers=clerk),
            await client.delete(f"/microservices/{hidden}", headers=clerk),
        ]
        listed = (await client.get("/microservices", headers=clerk)).json()["services"]
        unknown = [await client.get("/microservices"), await client.get("/microservices", headers={"authorization": "Bearer x"})]

        assert (made.status_code, registered.status_code) == (200, 200)
        assert [answer.json()["errorCode"] for answer in refused] == ["403205"] * 5
        assert [one["serviceName"] for one in listed] == ["stock"]
        assert [answer.json()["errorCode"] for answer in unknown] == ["401204", "401201"]
        assert ([one["index"] for one in batch["updated"]], batch["failed"][0]["indexes"]) == ([0], [1])


@KINDS
async def test_servicecomb_watchers_are_asked_who_they_are(kind: str) -> None:
    async with guarded() as world, edge(kind, world) as url, httpx.AsyncClient(base_url=f"{url}/v4/default/registry") as client:
        clerk = headers(await world.user("clerk", ("default:shop:service/stock", "rw")))
        service = {"service": {"appId": "shop", "serviceName": "vault", "version": "1.0"}}
        vault = (await client.post("/microservices", json=service, headers=headers(world.admin))).json()["serviceId"]
        watcher = f"{url.replace('http', 'ws', 1)}/v4/default/registry/microservices/{vault}/watcher"

        with pytest.raises(InvalidStatus) as nobody:
            await connect(watcher)
        forbidden = await connect(watcher, additional_headers=clerk)
        with pytest.raises(ConnectionClosed) as closed:
            await forbidden.recv()

        assert nobody.value.response.status_code == 403
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
