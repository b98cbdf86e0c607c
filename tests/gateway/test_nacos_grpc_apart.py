"""The Nacos side of a gateway apart from its server: what clients see when the server goes. All else runs over both."""

import asyncio
from pathlib import Path

import grpc
import pytest
from muster_server.app import gateway_serving
from muster_server.settings import Settings
from nacos_wire import ips, nacos_client, register, subscribe
from program import start, start_gateway
from running import Server, gateway_apart, running_server


@pytest.mark.slow
async def test_gateway_process_serves_sdks_and_throws_them_off_when_it_stops(tmp_path: Path) -> None:
    server = start(tmp_path / "data")
    gateway = start_gateway(tmp_path / "gateway", server)
    try:
        async with nacos_client(gateway.nacos) as consumer, nacos_client(server.grpc) as provider:
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


async def test_client_whose_registry_goes_away_is_thrown_off_and_calls_are_refused_in_their_own_type() -> None:
    async with running_server() as other_end:
        pass
    async with gateway_apart(other_end) as gateway, nacos_client(gateway.nacos) as client:
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
    async with gateway_apart(servers[0]) as gateway, nacos_client(gateway.nacos) as provider:
        await register(provider, "10.0.0.1")
        leave.set()

        ended = await provider.end()

        assert ended.code() == grpc.StatusCode.UNAVAILABLE
        await task


async def test_gateway_without_a_port_for_nacos_opens_none() -> None:
    settings = Settings(http_ports=(0,), nacos_grpc_port=None)
    async with running_server() as server, gateway_serving(settings, server.grpc_target) as gateway:
        assert (gateway.nacos, len(gateway.http)) == ("", 1)


async def test_gateway_whose_port_for_nacos_is_its_targets_leaves_it_to_the_target() -> None:
    async with running_server() as server:
        port = int(server.grpc_target.rpartition(":")[2])
        async with (
            gateway_serving(Settings(http_ports=(0,), nacos_grpc_port=port), server.grpc_target) as gateway,
            nacos_client(gateway.nacos) as client,
        ):
            await register(client, "10.0.0.1")

            assert gateway.nacos == server.nacos


async def test_port_for_nacos_that_is_taken_ends_the_start() -> None:
    async with running_server() as server, running_server() as other:
        port = int(other.grpc_target.rpartition(":")[2])

        with pytest.raises(OSError, match="cannot listen"):
            async with gateway_serving(Settings(http_ports=(0,), nacos_grpc_port=port), server.grpc_target):
                pass
