"""What the recorded answers of the original do not show of the ServiceComb dialect."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

import httpx
import pytest
from muster.registry.v1 import instance_pb2, registration_service_pb2, registration_service_pb2_grpc
from muster_gateway.registry import Registry
from muster_gateway.servicecomb.followers import MAX_EVENTS, Consumer, Home, Outbox, Told
from muster_gateway.servicecomb.watching import Watching
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import StorageError
from running import ManualClock, Server, running_gateway, running_server
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

REGISTRY = "/v4/default/registry"


class Client:
    """Calls of a service, in short."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.AsyncClient(base_url=f"{url}{REGISTRY}", timeout=20)

    async def create(self, name: str, **fields: Any) -> str:
        service = {"appId": "shop", "serviceName": name, "version": "1.0.0", **fields}
        return str((await self.http.post("/microservices", json={"service": service})).json()["serviceId"])

    async def register(self, service_id: str, **fields: Any) -> str:
        instance = {"hostName": "h", "endpoints": ["rest://10.0.0.1:80"], **fields}
        answer = await self.http.post(f"/microservices/{service_id}/instances", json={"instance": instance})
        return str(answer.json()["instanceId"])

    async def find(self, name: str, consumer: str = "", **query: str) -> httpx.Response:
        headers = {"X-ConsumerId": consumer} if consumer else {}
        return await self.http.get("/instances", params={"appId": "shop", "serviceName": name, **query}, headers=headers)

    async def watch(self, service_id: str, path: str = "watcher") -> ClientConnection:
        url = self.url.replace("http", "ws", 1)
        return await connect(f"{url}{REGISTRY}/microservices/{service_id}/{path}", compression=None)


@asynccontextmanager
async def client(kind: str = "local", **options: Any) -> AsyncIterator[tuple[Client, Server]]:
    async with running_server(**options) as server, running_gateway(server, kind) as url:
        one = Client(url)
        async with one.http:
            yield one, server


async def event(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(5):
        found: dict[str, Any] = json.loads(await socket.recv())
        return found


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["errorCode"]


async def test_registration_without_an_id_has_that_of_the_same_endpoints_in_the_same_service() -> None:
    async with client() as (one, _):
        stock, basket = await one.create("stock"), await one.create("basket")
        first = await one.register(stock, instanceId="mine")

        again = await one.register(stock)
        elsewhere = await one.register(basket)
        other = await one.register(stock, endpoints=["rest://10.0.0.2:80"])
        nowhere = [await one.register(stock, endpoints=[]) for _ in range(2)]

        assert (first, again) == ("mine", "mine")
        assert len({elsewhere, other, *nowhere, "mine"}) == 5


async def test_registration_of_a_known_id_overwrites_and_keeps_its_beginning() -> None:
    async with client(clock=ManualClock()) as (one, server):
        stock = await one.create("stock")
        await one.register(stock, instanceId="mine", properties={"a": "1"})
        server.advance(5)

        await one.register(stock, instanceId="mine", properties={"b": "2"}, status="TESTING")
        shown = (await one.http.get(f"/microservices/{stock}/instances/mine")).json()["instance"]

        assert (shown["properties"], shown["status"]) == ({"b": "2"}, "TESTING")
        assert int(shown["modTimestamp"]) - int(shown["timestamp"]) == 5


async def test_operators_override_is_shown_and_no_client_undoes_it() -> None:
    async with client() as (one, server), server.channel() as channel:
        stock = await one.create("stock")
        await one.register(stock, instanceId="mine")
        service = instance_pb2.ServiceRef(group="shop", name="stock")
        ref = instance_pb2.InstanceRef(service=service, instance_id=f"{stock}/mine")
        registration = registration_service_pb2_grpc.RegistrationServiceStub(channel)

        state = instance_pb2.ADMIN_STATE_OUT_OF_SERVICE
        await registration.SetAdminState(registration_service_pb2.SetAdminStateRequest(ref=ref, state=state))
        await one.http.put(f"/microservices/{stock}/instances/mine/status", params={"value": "UP"})
        await one.http.put(f"/microservices/{stock}/instances/mine/heartbeat")

        assert (await one.find("stock")).json()["instances"][0]["status"] == "OUTOFSERVICE"


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_lease_ends_after_interval_times_misses_and_a_beat_renews_it(kind: str) -> None:
    async with client(kind, clock=ManualClock()) as (one, server):
        stock = await one.create("stock")
        check = {"mode": "push", "interval": 5, "times": 3}
        await one.register(stock, instanceId="kept", healthCheck=check)
        await one.register(stock, instanceId="lost", healthCheck=check, endpoints=["rest://10.0.0.2:80"])

        for _ in range(3):
            server.advance(8)
            beat = await one.http.put("/heartbeats", json={"instances": [{"serviceId": stock, "instanceId": "kept"}]})
        found = (await one.find("stock")).json()["instances"]

        assert beat.json() == {"instances": [{"serviceId": stock, "instanceId": "kept"}]}
        assert [instance["instanceId"] for instance in found] == ["kept"]


async def test_chosen_id_that_is_given_to_another_service_is_looked_up_anew() -> None:
    async with client() as (one, _):
        await one.create("stock", serviceId="mine")
        await one.register("mine", instanceId="i")
        await one.http.delete("/microservices/mine", params={"force": "true"})
        await one.create("basket", serviceId="mine")

        registered = await one.register("mine", instanceId="i")
        beat = await one.http.put("/microservices/mine/instances/i/heartbeat")

        assert (registered, beat.status_code) == ("i", 200)
        assert [entry["serviceId"] for entry in (await one.find("basket")).json()["instances"]] == ["mine"]


async def test_revision_header_is_written_letter_by_letter_for_the_java_client() -> None:
    async with client() as (one, _):
        await one.create("stock")

        found = await one.find("stock")

        assert b"X-Resource-Revision" in [name for name, _ in found.headers.raw]


async def test_full_disk_is_said_and_changes_nothing() -> None:
    store = MemoryStore()
    async with client(store=store) as (one, _):
        store.fail_next(StorageError("full"))

        refused = await one.http.post("/microservices", json={"service": {"serviceName": "stock"}})

        assert code(refused) == (500, "500011")
        assert (await one.http.get("/microservices")).json() == {}


async def test_quota_is_the_registrys() -> None:
    async with client(max_instances=1) as (one, _):
        stock = await one.create("stock")
        await one.register(stock)

        instance = {"hostName": "h", "endpoints": ["rest://10.0.0.9:80"]}
        refused = await one.http.post(f"/microservices/{stock}/instances", json={"instance": instance})

        assert code(refused) == (400, "400100")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/heartbeats", {"instances": [{"serviceId": "s", "instanceId": str(number)} for number in range(1001)]}),
        ("DELETE", "/microservices", {"serviceIds": [f"s{number}" for number in range(1001)]}),
        ("POST", "/instances/action?type=query", {"services": [{"service": {"appId": "a", "serviceName": "b"}}] * 1001}),
        ("POST", "/microservices", {"service": {"serviceName": "a", "properties": {"": "x"}}}),
        ("POST", "/microservices", {"service": {"serviceName": "a", "properties": {str(number): "" for number in range(257)}}}),
        ("PUT", "/instances/status", {"matches": {"properties": {}}, "status": "UP"}),
        ("PUT", "/instances/status", {"matches": {"properties": {"a": "b"}}, "status": "GONE"}),
        ("POST", "/microservices", {"service": {"serviceName": "a", "description": "x" * (2 << 20)}}),
    ],
)
async def test_too_much_is_refused_and_changes_nothing(method: str, path: str, body: Any) -> None:
    async with client() as (one, server):
        revision = server.engine.revision

        refused = await one.http.request(method, path, json=body)

        assert code(refused) == (400, "400001")
        assert server.engine.revision == revision


async def test_body_above_what_the_gateway_takes_is_refused_in_the_dialects_words() -> None:
    async with client() as (one, _):
        refused = await one.http.post("/microservices", content=bytes(9 << 20))

        assert refused.json()["detail"] == "http: request body too large"


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_watcher_is_told_in_order_of_what_its_service_calls(kind: str) -> None:
    async with client(kind, clock=ManualClock()) as (one, server):
        basket, stock = await one.create("basket"), await one.create("stock", alias="depot")
        await one.register(stock, instanceId="before")
        await one.find("stock", consumer=basket)
        socket = await one.watch(basket)

        told = []
        await wait_for_followers(server)
        await one.register(stock, instanceId="i", endpoints=["rest://10.0.0.2:80"], healthCheck={"mode": "push", "interval": 5})
        told.append(await event(socket))
        await one.http.put(f"/microservices/{stock}/instances/i/status", params={"value": "DOWN"})
        told.append(await event(socket))
        server.advance(21)
        told.append(await event(socket))
        await socket.close()

        assert [(entry["action"], entry["instance"]["instanceId"], entry["instance"]["status"]) for entry in told] == [
            ("CREATE", "i", "UP"),
            ("UPDATE", "i", "DOWN"),
            ("DELETE", "i", "DOWN"),
        ]
        assert told[0]["key"] == {
            "tenant": "default/default",
            "appId": "shop",
            "serviceName": "stock",
            "alias": "depot",
            "version": "1.0.0",
        }


async def wait_for_followers(server: Server) -> None:
    """Until the gateway has a watch on everything that is depended on."""
    async with asyncio.timeout(5):
        while not any(one.subscriptions for one in server.engine.hub.subscribers):  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_list_watcher_is_told_what_is_there_first_and_then_what_comes(kind: str) -> None:
    async with client(kind) as (one, server):
        basket, stock = await one.create("basket"), await one.create("stock")
        vault = await one.create("vault", appId="bank")
        await one.register(vault, instanceId="hidden")
        await one.register(stock, instanceId="i", status="DOWN")
        providers = [{"appId": app, "serviceName": name} for app, name in (("shop", "stock"), ("bank", "vault"))]
        key = {"appId": "shop", "serviceName": "basket", "version": "1.0.0"}
        await one.http.post("/dependencies", json={"dependencies": [{"consumer": key, "providers": providers}]})

        socket = await one.watch(basket, "listwatcher")
        first = await event(socket)
        await wait_for_followers(server)
        await one.register(stock, instanceId="j", endpoints=["rest://10.0.0.2:80"])
        second = await event(socket)
        await socket.close()

        assert [(told["action"], told["instance"]["instanceId"], told["key"]["serviceName"]) for told in (first, second)] == [
            ("CREATE", "i", "stock"),
            ("CREATE", "j", "stock"),
        ]
        assert first["instance"]["status"] == "DOWN"


async def test_list_watcher_of_what_is_not_there_is_told_so() -> None:
    async with client() as (one, _):
        socket = await one.watch("none", "listwatcher")

        assert await socket.recv() == "service does not exist"


async def test_dependency_while_the_socket_is_open_is_watched_from_then_on() -> None:
    async with client() as (one, server):
        basket = await one.create("basket")
        socket = await one.watch(basket)
        stock = await one.create("stock")
        await one.find("stock", consumer=basket)

        await one.register(stock, instanceId="i")

        assert (await event(socket))["instance"]["instanceId"] == "i"
        await socket.close()
        assert server.engine.revision


async def test_forced_deletion_of_what_is_called_is_told_instance_by_instance() -> None:
    async with client() as (one, server):
        basket, stock = await one.create("basket"), await one.create("stock")
        for number in range(3):
            await one.register(stock, instanceId=str(number), endpoints=[f"rest://10.0.0.{number}:80"])
        await one.find("stock", consumer=basket)
        socket = await one.watch(basket)
        await wait_for_followers(server)

        await one.http.delete(f"/microservices/{stock}", params={"force": "true"})
        told = [await event(socket) for _ in range(3)]

        assert [entry["action"] for entry in told] == ["DELETE"] * 3
        await socket.close()


async def test_consumer_of_another_application_is_not_told() -> None:
    async with client() as (one, server):
        basket = await one.create("basket")
        closed, opened = (
            await one.create("vault", appId="bank"),
            await one.create("teller", appId="bank", properties={"allowCrossApp": "true"}),
        )
        key = {"appId": "shop", "serviceName": "basket", "version": "1.0.0"}
        providers = [{"appId": "bank", "serviceName": name} for name in ("vault", "teller")]
        await one.http.post("/dependencies", json={"dependencies": [{"consumer": key, "providers": providers}]})
        socket = await one.watch(basket)
        await wait_for_followers(server)

        await one.register(closed, instanceId="hidden")
        await one.register(opened, instanceId="shown")

        assert (await event(socket))["instance"]["instanceId"] == "shown"
        await socket.close()


async def test_watcher_of_what_is_deleted_is_told_and_closed() -> None:
    async with client() as (one, _):
        basket = await one.create("basket")
        socket = await one.watch(basket)
        await one.http.delete(f"/microservices/{basket}")

        async with asyncio.timeout(5):
            assert await socket.recv() == "service does not exist"
            with pytest.raises(ConnectionClosed):
                await socket.recv()


async def test_watcher_is_answered_a_ping_of_64_bytes_and_may_not_say_more() -> None:
    async with client() as (one, _):
        socket = await one.watch(await one.create("basket"))

        async with asyncio.timeout(5):
            await (await socket.ping(b"p" * 64))
            await socket.send("t" * 65)
            with pytest.raises(ConnectionClosed) as caught:
                await socket.recv()

        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1009


HOME = Home("default", "shop", "stock")


async def test_socket_that_does_not_read_is_told_to_come_again_and_delays_nobody() -> None:
    outbox, other = Outbox(), Outbox()
    for number in range(MAX_EVENTS + 1):
        outbox.post(Told(HOME, str(number)))
    other.post(Told(HOME, "event"))

    assert await outbox.next() is None
    assert outbox.is_overrun
    assert await other.next() == Told(HOME, "event")


async def test_change_is_written_once_however_many_sockets_get_it() -> None:
    async with client() as (one, server), server.channel() as channel:
        basket, stock = await one.create("basket"), await one.create("stock")
        await one.find("stock", consumer=basket)
        watching = Watching(Registry(channel))
        async with watching.serving():
            outboxes = [watching.join(Consumer("default", basket)) for _ in range(100)]
            await wait_for_followers(server)

            await one.register(stock, instanceId="i")
            async with asyncio.timeout(5):
                told = [await outbox.next() for outbox in outboxes]

        assert len({id(event.text) for event in told if event is not None}) == 1
        assert None not in told


async def test_heartbeat_socket_keeps_its_instance_and_ends_with_it() -> None:
    async with client() as (one, server):
        stock = await one.create("stock")
        await one.register(stock, instanceId="i")
        url = one.url.replace("http", "ws", 1)
        socket = await connect(f"{url}{REGISTRY}/microservices/{stock}/instances/none/heartbeat")

        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()

        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason[:9]) == (4001, "heartbeat")
        assert server.engine.revision


@pytest.mark.slow
async def test_change_reaches_a_watcher_within_ten_milliseconds() -> None:
    async with client() as (one, server):
        basket, stock = await one.create("basket"), await one.create("stock")
        await one.find("stock", consumer=basket)
        socket = await one.watch(basket)
        await wait_for_followers(server)
        took_s = []

        for number in range(100):
            began_s = time.perf_counter()
            await one.register(stock, instanceId=str(number), endpoints=[f"rest://10.0.0.1:{number + 1}"])
            await event(socket)
            took_s.append(time.perf_counter() - began_s)

        assert median(took_s) < 0.010, median(took_s)
        await socket.close()
