"""How Nacos connections begin, live and end: set-up in either order, abilities, silence, and strangers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import grpc
import grpc.aio
import pytest
from muster_gateway.channel import LocalChannel
from muster_gateway.nacos.grpc.connections import Connections
from muster_gateway.nacos.grpc.service import NacosGrpc
from muster_server.rpc.adapter import bind
from nacos_wire import NacosClient, nacos_client, stranger
from rpc.test_adapter import unused
from running import ManualClock, running_server


@asynccontextmanager
async def serving_alone() -> AsyncIterator[tuple[str, Connections, ManualClock]]:
    """The Nacos side over a registry that is not there, with a clock that is turned by hand."""
    clock = ManualClock()
    connections = Connections(clock.monotonic_s)
    nacos = NacosGrpc(LocalChannel(unused), connections)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(tuple(nacos.handlers()))
    port = bind(server, "127.0.0.1", 0)
    await server.start()
    try:
        yield f"127.0.0.1:{port}", connections, clock
    finally:
        nacos.stop()
        await server.stop(1)
        if nacos.running:
            await asyncio.wait(set(nacos.running))


def advance(connections: Connections, clock: ManualClock, seconds: float) -> None:
    clock.now_s += seconds
    connections.tick()


async def test_client_that_checks_first_keeps_the_id_it_was_given() -> None:
    async with serving_alone() as (target, _, _), stranger(target) as client:
        before = await client.ok("ServerCheckRequest")
        await client.open(abilityTable={})
        ack = await client.pushed("SetupAckRequest")
        after = await client.ok("ServerCheckRequest")

        assert before["connectionId"] == after["connectionId"]
        assert before["supportAbilityNegotiation"] is True
        assert ack["abilityTable"] == {"supportPersistentInstanceByGrpc": True, "fuzzyWatch": True, "lock": False}
        assert ack["headers"] == {}


async def test_client_that_opens_its_stream_first_is_healthy_and_learns_its_id_later() -> None:
    async with serving_alone() as (target, _, _), stranger(target) as client:
        await client.open(abilityTable={"fuzzyWatch": True})
        await client.pushed("SetupAckRequest")

        health = await client.ask("HealthCheckRequest")
        check = await client.ok("ServerCheckRequest")

        assert health[0] == "HealthCheckResponse"
        assert check["connectionId"]


@pytest.mark.parametrize("setup", [{}, {"abilities": {"remoteAbility": {}}}, {"abilityTable": None}], ids=["none", "old", "null"])
async def test_client_without_ability_table_is_sent_no_setup_ack(setup: dict[str, object]) -> None:
    async with serving_alone() as (target, connections, clock), stranger(target) as client:
        await client.ok("ServerCheckRequest")
        await client.open(**setup)
        await client.ok("HealthCheckRequest")

        advance(connections, clock, 21)

        await client.pushed("ClientDetectionRequest")  # and nothing before it


async def test_stranger_is_told_that_it_is_unregistered_but_never_by_its_health_check() -> None:
    async with serving_alone() as (target, _, _), stranger(target) as client:
        kind, answer = await client.ask("SubscribeServiceRequest", serviceName="svc")
        health_kind, health = await client.ask("HealthCheckRequest")

        assert (kind, answer["resultCode"], answer["errorCode"]) == ("ErrorResponse", 500, 301)
        assert (health_kind, health["resultCode"], health["errorCode"]) == ("ErrorResponse", 500, 500)


async def test_request_that_overtakes_the_set_up_waits_for_it() -> None:
    async with serving_alone() as (target, _, _), stranger(target) as client:
        await client.ok("ServerCheckRequest")
        early = asyncio.create_task(client.ask("HealthCheckRequest"))
        await asyncio.sleep(0)

        await client.open()

        assert (await early)[0] == "HealthCheckResponse"


async def test_second_stream_of_a_socket_ends_the_first_and_serves() -> None:
    async with serving_alone() as (target, connections, _), stranger(target) as client:
        await client.open(abilityTable={})
        await client.pushed("SetupAckRequest")
        first = client.stream
        await client.open(abilityTable={})
        await client.pushed("SetupAckRequest")
        second, client.stream = client.stream, first

        ended = await client.end()

        assert ended.code() == grpc.StatusCode.UNAVAILABLE
        assert (len(connections), second.done()) == (1, False)
        assert (await client.ask("HealthCheckRequest"))[0] == "HealthCheckResponse"


async def test_stream_that_begins_with_something_else_is_ended_with_unavailable() -> None:
    async with serving_alone() as (target, connections, _), stranger(target) as client:
        await client.open_with("ClientDetectionResponse")

        ended = await client.end()

        assert (ended.code(), len(connections)) == (grpc.StatusCode.UNAVAILABLE, 0)


async def test_half_closed_stream_is_ended_with_unavailable_and_not_with_ok() -> None:
    async with serving_alone() as (target, connections, _), nacos_client(target) as client:
        await client.stream.done_writing()

        ended = await client.end()

        assert (ended.code(), len(connections)) == (grpc.StatusCode.UNAVAILABLE, 0)


async def test_silent_client_is_asked_and_one_that_answers_stays() -> None:
    async with serving_alone() as (target, connections, clock), nacos_client(target) as client:
        advance(connections, clock, 20)
        probe = await client.pushed("ClientDetectionRequest")
        await client.ack(probe, "ClientDetectionResponse")
        await client.ok("HealthCheckRequest")
        advance(connections, clock, 6)

        assert len(connections) == 1
        assert (await client.ask("HealthCheckRequest"))[0] == "HealthCheckResponse"


async def test_silent_client_that_does_not_answer_is_thrown_off_after_25_seconds() -> None:
    async with serving_alone() as (target, connections, clock), nacos_client(target) as client:
        advance(connections, clock, 20)
        await client.pushed("ClientDetectionRequest")
        advance(connections, clock, 5)

        ended = await client.end()

        assert ended.code() == grpc.StatusCode.UNAVAILABLE
        assert len(connections) == 0
        assert (await client.ask("HealthCheckRequest"))[1]["errorCode"] == 500


async def test_announced_stream_that_never_comes_is_forgotten() -> None:
    async with serving_alone() as (target, connections, clock), stranger(target) as client:
        first = await client.ok("ServerCheckRequest")
        advance(connections, clock, 31)

        second = await client.ok("ServerCheckRequest")

        assert first["connectionId"] != second["connectionId"]


async def test_client_that_leaves_is_forgotten() -> None:
    async with serving_alone() as (target, connections, _):
        async with nacos_client(target):
            held = len(connections)
        async with nacos_client(target) as other:
            await gone(other, connections, 1)

        assert held == 1


async def gone(client: NacosClient, connections: Connections, count: int) -> None:
    """Wait, by calls that yield to the server, until only this many are left."""
    async with asyncio.timeout(10):
        while len(connections) > count:
            await client.ok("HealthCheckRequest")


async def test_server_that_stops_throws_its_clients_off_with_unavailable() -> None:
    async with AsyncExitStack() as clients:
        async with running_server() as server:
            client = await clients.enter_async_context(nacos_client(server.grpc_target))
            ended = asyncio.create_task(client.end())

        assert (await ended).code() == grpc.StatusCode.UNAVAILABLE
