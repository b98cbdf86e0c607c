"""The Nacos side over a real channel, as in a gateway apart from its server: the same answers, and what a lost server does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio
import pytest
from muster_gateway.nacos.grpc.service import NacosGrpc
from muster_server.rpc.adapter import bind
from nacos_wire import ips, nacos_client, register, subscribe
from program import start, start_gateway
from running import Server, running_server


@asynccontextmanager
async def nacos_apart(server: Server) -> AsyncIterator[tuple[str, NacosGrpc]]:
    """A Nacos side that talks to the server over a socket, and its address."""
    async with server.channel() as channel:
        nacos = NacosGrpc(channel)
        listener = grpc.aio.server()
        listener.add_generic_rpc_handlers(tuple(nacos.handlers()))
        port = bind(listener, "127.0.0.1", 0)
        await listener.start()
        async with nacos.serving():
            yield f"127.0.0.1:{port}", nacos
        await listener.stop(1)
        if nacos.running:
            await asyncio.wait(set(nacos.running))


async def test_nacos_side_over_a_real_channel_registers_pushes_and_listens() -> None:
    names = {"dataId": "app", "group": "g", "tenant": ""}
    async with (
        running_server() as server,
        nacos_apart(server) as (target, _),
        nacos_client(target) as provider,
        nacos_client(target) as consumer,
        nacos_client(server.grpc_target) as local,
    ):
        before = await subscribe(consumer)
        await register(provider, "10.0.0.1")
        push = await consumer.pushed("NotifySubscriberRequest")
        await consumer.ack(push)
        found = await local.ok("ServiceQueryRequest", serviceName="svc")
        await consumer.ok("ConfigBatchListenRequest", listen=True, configListenContexts=[{**names, "md5": ""}])
        await local.ok("ConfigPublishRequest", **names, content="x: 1")
        notice = await consumer.pushed("ConfigChangeNotifyRequest")
        await provider.ok("InstanceRequest", type="deregisterInstance", serviceName="svc")
        after = await local.ok("ServiceQueryRequest", serviceName="svc")

        assert [ips(info) for info in (before, push["serviceInfo"], found["serviceInfo"])] == [[], ["10.0.0.1"], ["10.0.0.1"]]
        assert (notice["dataId"], ips(after["serviceInfo"])) == ("app", [])


@pytest.mark.slow
async def test_gateway_process_serves_sdks_and_throws_them_off_when_it_stops(tmp_path: Path) -> None:
    server = start(tmp_path / "data")
    gateway = start_gateway(tmp_path / "gateway", server)
    try:
        async with nacos_client(gateway.grpc) as consumer, nacos_client(server.grpc) as provider:
            await subscribe(consumer)
            await register(provider, "10.0.0.1")
            push = await consumer.pushed("NotifySubscriberRequest")
            await register(consumer, "10.0.0.2")
            found = await provider.ok("ServiceQueryRequest", serviceName="svc")
            gateway.process.terminate()
            ended = await consumer.end()
            gateway.process.wait(10)
            after = await provider.ok("ServiceQueryRequest", serviceName="svc")
    finally:
        gateway.kill()
        server.kill()

    assert ips(push["serviceInfo"]) == ["10.0.0.1"]
    assert sorted(ips(found["serviceInfo"])) == sorted(ips(after["serviceInfo"])) == ["10.0.0.1", "10.0.0.2"]
    assert ended.code() == grpc.StatusCode.UNAVAILABLE


async def test_a_change_is_encoded_once_however_many_subscribe() -> None:
    async with running_server() as server, nacos_apart(server) as (target, nacos), AsyncExitStack() as clients:
        consumers = [await clients.enter_async_context(nacos_client(target)) for _ in range(40)]
        for number, consumer in enumerate(consumers):
            await subscribe(consumer, clusters="DEFAULT" if number % 2 else "")
        provider = await clients.enter_async_context(nacos_client(target))
        before = nacos.views["default", "DEFAULT_GROUP", "svc"].render_count
        for ip in ("10.0.0.1", "10.0.0.2", "10.0.0.3"):
            await register(provider, ip)
            pushes = [await consumer.pushed("NotifySubscriberRequest") for consumer in consumers]
            assert {tuple(ips(push["serviceInfo"])) for push in pushes} == {(ip,)}
        after = nacos.views["default", "DEFAULT_GROUP", "svc"].render_count

        assert (before, after) == (2, 2 + 3 * 2)  # once for all clusters, once for those that name one


async def test_client_whose_registry_goes_away_is_thrown_off_and_calls_are_refused_in_their_own_type() -> None:
    async with running_server() as other_end:
        pass
    async with nacos_apart(other_end) as (target, _), nacos_client(target) as client:
        kind, answer = await client.ask("InstanceRequest", type="registerInstance", serviceName="svc", instance={"ip": "1.1.1.1"})
        ended = await client.end()

        assert (kind, answer["resultCode"]) == ("InstanceResponse", 500)
        assert ended.code() == grpc.StatusCode.UNAVAILABLE


async def test_provider_is_thrown_off_when_its_session_ends_with_the_server() -> None:
    started = asyncio.Event()
    leave = asyncio.Event()
    servers: list[Server] = []

    async def serve() -> None:
        async with running_server() as server:
            servers.append(server)
            started.set()
            await leave.wait()

    task = asyncio.create_task(serve())
    await started.wait()
    async with nacos_apart(servers[0]) as (target, _), nacos_client(target) as provider:
        await register(provider, "10.0.0.1")
        leave.set()

        ended = await provider.end()

        assert ended.code() == grpc.StatusCode.UNAVAILABLE
        await task
