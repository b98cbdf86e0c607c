"""Official SDKs that speak HTTP only, unmodified, with nothing changed but the address of their server."""

import asyncio
from pathlib import Path

import httpx
import pytest
from muster_client import Client, ConfigRef, Endpoint, Health, Instance
from program import start, until_journalled
from running import ManualClock, running_server

from interop.nacos.sdks import JAVA_1, NODE, OVER_HTTP, Sdk, done, param

pytestmark = pytest.mark.slow
each = pytest.mark.parametrize("sdk", [param(sdk) for sdk in OVER_HTTP])
datagrams = pytest.mark.parametrize("sdk", [param(NODE), param(JAVA_1)])
KEPT = {"serviceName": "svc", "ip": "10.0.0.9", "port": "80", "metadata": "enableClientBeat=true"}  # stays without beats


def address(url: str) -> str:
    return url.removeprefix("http://")


@each
async def test_sdk_registers_subscribes_sees_changes_and_deregisters(sdk: Sdk) -> None:
    async with running_server() as server:
        target = address(server.http_urls[0])
        async with sdk.running(target) as provider, sdk.running(target) as consumer, sdk.running(target) as other:
            await done(consumer, "subscribe svc")
            registered = await done(provider, "register svc 10.0.0.1")
            first = await consumer.until("push", hosts=["10.0.0.1:80"])
            await done(other, "register svc 10.0.0.2")
            await consumer.until("push", hosts=["10.0.0.1:80", "10.0.0.2:80"])
            listed = await done(consumer, "instances svc")
            withdrawn = await done(provider, "deregister svc 10.0.0.1")
            await consumer.until("push", hosts=["10.0.0.2:80"])

            assert (bool(registered), bool(withdrawn)) == (True, True)
            assert first["healthy"] == [True]
            assert listed == ["10.0.0.1", "10.0.0.2"]


@datagrams
async def test_changes_come_as_datagrams(sdk: Sdk) -> None:
    async with running_server() as server, Client(server.grpc_target) as native:
        target = address(server.http_urls[0])
        async with sdk.running(target) as consumer:
            await done(consumer, "subscribe svc")
            async with asyncio.timeout(8):  # by their own lists, one in 10 s, these SDKs would see one of these changes or two
                for number in range(1, 6):
                    await native.register_leased("svc", Instance(endpoints=[Endpoint(host=f"10.0.0.{number}", port=80)]))
                    await consumer.until("push", hosts=[f"10.0.0.{one}:80" for one in range(1, number + 1)])


@each
async def test_sdk_publishes_listens_and_removes_configs(sdk: Sdk) -> None:
    async with running_server() as server, Client(server.grpc_target) as native:
        target = address(server.http_urls[0])
        async with sdk.running(target) as publisher, sdk.running(target) as listener:
            await done(listener, "listen app")
            published = await done(publisher, "publish app one")
            await listener.until("config", data_id="app", content="one")
            read = await done(listener, "read app")
            await native.publish_config(ConfigRef(name="app", group="g"), "native")
            await listener.until("config", data_id="app", content="native")
            removed = await done(publisher, "remove app")
            await listener.until("config", data_id="app", content="")

            assert (published, read, removed) == (True, "one", True)


@each
async def test_provider_that_is_killed_is_unhealthy_after_15_s_and_gone_after_30(sdk: Sdk) -> None:
    async with running_server(clock=ManualClock()) as server, httpx.AsyncClient(base_url=server.http_urls[0]) as http:
        target = address(server.http_urls[0])
        await http.post("/nacos/v1/ns/instance", params=KEPT)
        async with sdk.running(target) as provider, sdk.running(target) as consumer:
            await done(consumer, "subscribe svc")
            await done(provider, "register svc 10.0.0.1")
            await consumer.until("push", hosts=["10.0.0.1:80", "10.0.0.9:80"], healthy=[True, True])
            await provider.kill()
            server.advance(16.0)
            listed = await done(consumer, "instances svc")
            await consumer.until("push", hosts=["10.0.0.1:80", "10.0.0.9:80"])
            server.advance(16.0)
            await consumer.until("push", hosts=["10.0.0.9:80"])

            assert listed == ["10.0.0.9"]


@each
async def test_sdk_outlives_a_crash_of_its_server(tmp_path: Path, sdk: Sdk) -> None:
    first = start(tmp_path / "data")
    async with sdk.running(first.http) as provider, sdk.running(first.http) as consumer:
        await done(consumer, "subscribe svc")
        await done(consumer, "listen app")
        await done(provider, "register svc 10.0.0.1")
        await consumer.until("push", hosts=["10.0.0.1:80"])
        await until_journalled(first)
        first.kill()
        second = await asyncio.to_thread(start, tmp_path / "data", "--http-ports", first.http.rpartition(":")[2])
        try:
            async with Client(second.grpc) as native:
                restored = await native.list_instances("svc")
                async with native.watch("svc") as watch, asyncio.timeout(20):
                    async for update in watch:
                        renewed = [one.health for one in update.instances.values()]
                        if renewed == [Health.HEALTH_HEALTHY]:
                            break
                await done(consumer, "subscribe svc")  # that of the Python SDK ends with the first list that fails
                await native.register_leased("svc", Instance(endpoints=[Endpoint(host="10.0.0.2", port=80)]))
                await consumer.until("push", hosts=["10.0.0.1:80", "10.0.0.2:80"])
            await done(provider, "publish app after")
            await consumer.until("config", data_id="app", content="after")
        finally:
            await asyncio.to_thread(second.kill)

    assert [one.endpoints[0].host for one in restored.instances] == ["10.0.0.1"]  # it was never gone
