"""Changes as datagrams for SDKs of Nacos 1: sent at once, again until acknowledged, to nobody else, and never without end."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import grpc.aio
import httpx
import pytest
from muster_client import Client, Endpoint, Instance
from muster_gateway.nacos.grpc.service_info import NOWHERE, ReferenceTimes
from muster_gateway.nacos.v1 import pushes as module
from muster_gateway.nacos.v1.pushes import Pushes
from muster_gateway.registry import Registry
from running import running_server

KEY = ("default", "DEFAULT_GROUP", "api")


class Receiver(asyncio.DatagramProtocol):
    """A client's UDP socket: what came to it, opened; and it acknowledges what it is told to."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[tuple[dict[str, Any], Any]] = asyncio.Queue()
        self.sizes: list[int] = []
        self.transport: Any = None

    @property
    def address(self) -> tuple[str, int]:
        host, port, *_ = self.transport.get_extra_info("sockname")
        return host, port

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.sizes.append(len(data))
        self.came.put_nowait((json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data), addr))

    async def next(self) -> dict[str, Any]:
        """The next datagram, not acknowledged."""
        async with asyncio.timeout(10):
            packet, self.source = await self.came.get()
        found: dict[str, Any] = packet
        return found

    async def hosts(self) -> list[str]:
        """The addresses in the next one, which is acknowledged."""
        packet = await self.next()
        self.acknowledge(packet["lastRefTime"])
        return [host["ip"] for host in json.loads(packet["data"])["hosts"]]

    def acknowledge(self, number: object) -> None:
        self.send(json.dumps({"type": "push-ack", "lastRefTime": number, "data": ""}).encode())

    def send(self, data: bytes) -> None:
        self.transport.sendto(data, self.source)


@dataclass
class World:
    native: Client
    pushes: Pushes
    now_s: float = 0.0

    async def register(self, ip: str, **more: Any) -> None:
        await self.native.register_leased("api", Instance(endpoints=[Endpoint(host=ip, port=80)], **more))

    async def place(self) -> tuple[int, int]:
        found = await self.native.list_instances("api")
        return found.epoch, found.revision

    def advance(self, seconds: float) -> None:
        self.now_s += seconds
        self.pushes.tick()


@asynccontextmanager
async def receiver(host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(Receiver, local_addr=(host, 0))
    try:
        yield protocol
    finally:
        transport.close()


@asynccontextmanager
async def world(host: str = "127.0.0.1") -> AsyncIterator[World]:
    async with (
        running_server() as server,
        Client(server.grpc_target) as native,
        grpc.aio.insecure_channel(server.grpc_target) as channel,
    ):
        made = World(native, Pushes(Registry(channel), ReferenceTimes(), lambda: made.now_s))
        async with made.pushes.serving(host):
            yield made


async def settled(pushes: Pushes, count: int) -> None:
    async with asyncio.timeout(10):
        while len(pushes) != count or pushes.awaited:  # noqa: ASYNC110  # that an ack has come is no event
            await asyncio.sleep(0.005)


async def test_change_is_told_as_the_sdk_reads_it() -> None:
    async with world() as made, receiver() as client:
        await made.register("10.0.0.1")
        made.pushes.subscribe(KEY, "DEFAULT", client.address, await made.place())
        await made.register("10.0.0.2")

        packet = await client.next()

        assert packet["type"] == "dom"
        info = json.loads(packet["data"])
        assert (info["name"], info["clusters"], info["cacheMillis"]) == ("DEFAULT_GROUP@@api", "DEFAULT", 10000)
        assert sorted(host["ip"] for host in info["hosts"]) == ["10.0.0.1", "10.0.0.2"]


async def test_what_the_list_told_is_not_told_again_and_what_came_since_is() -> None:
    async with world() as made, receiver() as first, receiver() as second:
        await made.register("10.0.0.1")
        before = await made.place()
        await made.register("10.0.0.2")
        made.pushes.subscribe(KEY, "", first.address, await made.place())
        made.pushes.subscribe(KEY, "", second.address, before)

        assert sorted(await second.hosts()) == ["10.0.0.1", "10.0.0.2"]
        await settled(made.pushes, 2)
        assert first.came.empty()


async def test_change_that_is_not_acknowledged_is_sent_thrice_and_then_the_client_is_forgotten() -> None:
    async with world() as made, receiver() as client:
        made.pushes.subscribe(KEY, "", client.address, NOWHERE)
        await made.register("10.0.0.1")
        numbers = set()
        for _ in range(module.MAX_TRIES):
            packet = await client.next()
            while not json.loads(packet["data"])["hosts"]:  # that there was nothing at first
                packet = await client.next()
            numbers.add(packet["lastRefTime"])
            assert len(made.pushes) == 1
            made.advance(module.ACK_S)

        assert len(numbers) == 1
        assert len(made.pushes) == 0


async def test_acknowledged_change_is_not_sent_again() -> None:
    async with world() as made, receiver() as client:
        made.pushes.subscribe(KEY, "", client.address, NOWHERE)
        await made.register("10.0.0.1")
        while await client.hosts() != ["10.0.0.1"]:
            pass
        await settled(made.pushes, 1)
        for _ in range(5):
            made.advance(module.ACK_S)
        await made.register("10.0.0.2")

        assert sorted(await client.hosts()) == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize(
    "sent", [b"", b"x", b"[]", b"{}", b'{"lastRefTime":null}', b'{"lastRefTime":"x"}', b'{"lastRefTime":1e400}', b"\xff" * 2000]
)
async def test_what_is_no_acknowledgement_is_ignored(sent: bytes) -> None:
    async with world() as made, receiver() as client, receiver() as stranger:
        await made.register("10.0.0.1")
        made.pushes.subscribe(KEY, "", client.address, NOWHERE)
        packet = await client.next()
        client.send(sent)
        stranger.source = client.source
        stranger.acknowledge(packet["lastRefTime"])  # it was not sent to this one
        client.acknowledge(packet["lastRefTime"] + 1)
        made.advance(module.ACK_S)

        assert (await client.next())["lastRefTime"] == packet["lastRefTime"]


async def test_acknowledgement_may_be_text_as_some_sdks_write_it() -> None:
    async with world() as made, receiver() as client:
        await made.register("10.0.0.1")
        made.pushes.subscribe(KEY, "", client.address, NOWHERE)
        client.acknowledge(str((await client.next())["lastRefTime"]))

        await settled(made.pushes, 1)


async def test_client_that_lists_no_more_is_forgotten_after_half_a_minute() -> None:
    async with world() as made, receiver() as client:
        await made.register("10.0.0.1")
        place = await made.place()
        made.pushes.subscribe(KEY, "", client.address, place)
        made.advance(29.0)
        made.pushes.subscribe(KEY, "", client.address, place)
        made.advance(29.0)
        kept = len(made.pushes)
        made.advance(1.0)

        assert (kept, len(made.pushes)) == (1, 0)


async def test_dead_client_is_forgotten_and_delays_nobody() -> None:
    async with world() as made, receiver() as client:
        async with receiver() as dead:
            made.pushes.subscribe(KEY, "", dead.address, NOWHERE)
        await made.register("10.0.0.1")
        made.pushes.subscribe(KEY, "", client.address, NOWHERE)
        while await client.hosts() != ["10.0.0.1"]:
            pass
        for number in range(2, 5):
            made.advance(module.ACK_S)
            await made.register(f"10.0.0.{number}")
            while len(await client.hosts()) != number:
                pass
        async with asyncio.timeout(10):
            while len(made.pushes) > 1:
                made.advance(module.ACK_S)
                made.pushes.subscribe(KEY, "", client.address, await made.place())
                await asyncio.sleep(0.01)


async def test_datagram_is_made_once_for_all_who_see_the_same_and_anew_for_each_change() -> None:
    async with world() as made, receiver() as first, receiver() as second:
        await made.register("10.0.0.1")
        for client in (first, second):
            made.pushes.subscribe(KEY, "", client.address, NOWHERE)
        one, other = await first.next(), await second.next()
        await made.register("10.0.0.2")
        later = await first.next()

        assert one["lastRefTime"] == other["lastRefTime"] < later["lastRefTime"]


async def test_large_list_is_compressed() -> None:
    async with world() as made, receiver() as client:
        await made.register("10.0.0.1", metadata={"a": "b" * 1000})
        made.pushes.subscribe(KEY, "", client.address, NOWHERE)

        packet = await client.next()

        assert len(packet["data"]) > 1000 > client.sizes[0]


async def test_list_that_no_datagram_holds_is_left_to_the_next_list() -> None:
    random = Random(7)
    async with world() as made, receiver() as client:
        for number in range(150):  # 500 random bytes each: 75,000 bytes however well they are compressed
            await made.register(f"10.0.0.{number}", metadata={"a": random.randbytes(500).hex()})
        made.pushes.subscribe(KEY, "large", client.address, NOWHERE)
        made.pushes.subscribe(KEY, "", client.address, NOWHERE)
        small = await client.next()
        client.acknowledge(small["lastRefTime"])
        await settled(made.pushes, 2)

        assert json.loads(small["data"])["clusters"] == "large"  # of which there are none; all of them are not told
        assert client.came.empty()


@pytest.mark.parametrize("address", [("127.0.0.1", 0), ("::1", 80), ("localhost", 80), ("unknown", 80)])
async def test_address_that_no_datagram_reaches_is_not_subscribed(address: tuple[str, int]) -> None:
    async with world() as made:
        made.pushes.subscribe(KEY, "", address, NOWHERE)

        assert len(made.pushes) == 0


async def test_subscriptions_are_bounded() -> None:
    async with world() as made:
        for number in range(module.MAX_SUBSCRIPTIONS + 5):
            made.pushes.subscribe(KEY, "", (f"127.1.{number // 60_000}.1", 1024 + number % 60_000), (1 << 60, 0))

        assert len(made.pushes) == module.MAX_SUBSCRIPTIONS


@pytest.mark.parametrize(("host", "client_host"), [("::1", "::1"), ("::", "::1"), ("::", "127.0.0.1")])
async def test_datagrams_go_over_ipv6_and_over_both_where_the_server_takes_both(host: str, client_host: str) -> None:
    async with world(host) as made, receiver(client_host) as client:
        made.pushes.subscribe(KEY, "", client.address, await made.place())
        await made.register("10.0.0.1")

        while await client.hosts() != ["10.0.0.1"]:  # that there is none may be told before
            pass
        await settled(made.pushes, 1)  # the acknowledgements were heard


async def test_list_over_ipv6_subscribes_the_address_it_came_from() -> None:
    async with (
        running_server(host="::1") as server,
        Client(server.grpc_target) as native,
        httpx.AsyncClient(base_url=server.http_urls[0]) as http,
        receiver("::1") as client,
    ):
        await http.get("/nacos/v1/ns/instance/list", params={"serviceName": "api", "udpPort": client.address[1]})
        await native.register_leased("api", Instance(endpoints=[Endpoint(host="10.0.0.1", port=80)]))

        while await client.hosts() != ["10.0.0.1"]:
            pass


async def test_server_on_an_address_that_it_cannot_send_from_pushes_nothing_and_serves() -> None:
    async with world("fe80::1") as made:
        made.pushes.subscribe(KEY, "", ("127.0.0.1", 80), NOWHERE)

        assert len(made.pushes) == 0


async def test_list_with_a_port_subscribes_the_address_it_came_from_whatever_it_claims() -> None:
    async with (
        running_server() as server,
        Client(server.grpc_target) as native,
        httpx.AsyncClient(base_url=server.http_urls[0]) as http,
        receiver() as client,
    ):
        query = {"serviceName": "api", "udpPort": str(client.address[1]), "clientIP": "192.0.2.1"}
        listed = await http.get("/nacos/v1/ns/instance/list", params=query, headers={"X-Forwarded-For": "192.0.2.1"})
        await native.register_leased("api", Instance(endpoints=[Endpoint(host="10.0.0.1", port=80)]))

        assert listed.json()["hosts"] == []
        while await client.hosts() != ["10.0.0.1"]:
            pass


@pytest.mark.parametrize("port", ["x", "65536", "-1", "1.5"])
async def test_bad_port_answers_400(port: str) -> None:
    async with running_server() as server, httpx.AsyncClient(base_url=server.http_urls[0]) as http:
        answer = await http.get("/nacos/v1/ns/instance/list", params={"serviceName": "api", "udpPort": port})

        assert (answer.status_code, answer.text.split()[1]) == (400, "'port'")
