"""The Nacos side of a gateway apart from its server: what clients see when the server goes. All else runs over both."""

import asyncio

import grpc
from nacos_wire import nacos_client, register
from running import Server, gateway_apart, running_server


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
