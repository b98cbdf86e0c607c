"""What a change costs, however many Nacos clients subscribe."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import grpc.aio
from muster_gateway.nacos.grpc.service import NacosGrpc
from muster_server.rpc.adapter import bind
from nacos_wire import ips, nacos_client, register, subscribe
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
