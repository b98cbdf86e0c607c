"""The official Rust SDK, unmodified, with nothing changed but the address of its server.

It opens its stream before it checks the server, and reads answers strictly. Of a config it tells what it has not fetched itself,
and nothing when one is removed; so its story of configs is its own.
"""

import asyncio
import hashlib
from pathlib import Path

import pytest
from muster_client import Client, Health
from program import start
from running import running_server

from interop.nacos.sdks import RUST, Sdk, done, param, subscribed, until_healthy
from interop.told import Program

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("sdk", [param(RUST)])]


async def test_rust_registers_subscribes_sees_changes_and_deregisters(sdk: Sdk) -> None:
    async with running_server() as server, sdk.running(server.grpc_target) as provider, sdk.running(server.grpc_target) as consumer:
        await subscribed(sdk, consumer)
        await done(provider, "register svc 10.0.0.1")
        await consumer.until("push", hosts=["10.0.0.1:80"])
        await done(provider, "batch svc 10.0.0.2 10.0.0.3")
        await consumer.until("push", hosts=["10.0.0.2:80", "10.0.0.3:80"])
        listed, services = await done(consumer, "instances svc"), await done(consumer, "services")
        await done(provider, "deregister svc 10.0.0.2")
        await consumer.until("push", hosts=[])

        assert (listed, services) == (["10.0.0.2", "10.0.0.3"], [1, ["svc"]])


async def test_rust_publishes_listens_compares_and_removes_configs(sdk: Sdk) -> None:
    async with (
        running_server() as server,
        sdk.running(server.grpc_target) as publisher,
        sdk.running(server.grpc_target) as listener,
    ):
        await done(publisher, "publish app one")
        await done(listener, "listen app")
        told = await _told_of_a_change(publisher, listener)
        md5 = hashlib.md5(told.encode(), usedforsecurity=False).hexdigest()
        compared = await done(publisher, f"cas app three {md5}")
        await listener.until("config", data_id="app", content="three")
        publisher.say(f"cas app four {md5}")
        refused = await publisher.until("failed")
        kept, removed = await done(publisher, "read app"), await done(publisher, "remove app")
        publisher.say("read app")
        missing = await publisher.until("failed")

        assert (compared, kept, removed) == (True, "three", True)
        assert "md5 may have changed" in refused["error"]
        assert "config data not exist" in missing["error"]


async def _told_of_a_change(publisher: Program, listener: Program) -> str:
    """Change the config until the SDK has looked at it once, in its own time, and tells the next change."""
    for number in range(20):
        await done(publisher, f"publish app v{number}")
        try:
            return str((await listener.until("config", within_s=1.0, data_id="app", content=f"v{number}"))["content"])
        except TimeoutError:
            continue
    raise AssertionError("no change was told")


async def test_provider_that_is_killed_is_gone_for_its_subscribers_after_the_grace(sdk: Sdk) -> None:
    async with running_server() as server, sdk.running(server.grpc_target) as provider, sdk.running(server.grpc_target) as consumer:
        await subscribed(sdk, consumer)
        await done(provider, "register svc 10.0.0.1")
        await consumer.until("push", hosts=["10.0.0.1:80"])
        await provider.kill()

        await consumer.until("push", hosts=[])


async def test_rust_outlives_a_restart_of_its_server(tmp_path: Path, sdk: Sdk) -> None:
    first = start(tmp_path / "data")
    async with sdk.running(first.grpc) as provider, sdk.running(first.grpc) as consumer:
        await subscribed(sdk, consumer)
        await done(provider, "register svc 10.0.0.1")
        await consumer.until("push", hosts=["10.0.0.1:80"])
        first.process.terminate()
        await asyncio.to_thread(first.process.wait)
        second = start(tmp_path / "data", "--grpc-port", first.grpc.rpartition(":")[2])
        try:
            async with Client(second.grpc) as native, native.watch("svc") as watch:
                seen = [[each.health for each in update.instances.values()] async for update in until_healthy(watch)]
            await done(provider, "deregister svc 10.0.0.1")
            await consumer.until("push", hosts=[], within_s=70.0)
        finally:
            second.kill()

    assert seen[0] == [Health.HEALTH_SUSPECT]
    assert all(seen)  # it was never gone
