"""What only the official Java SDKs can: shrinking a batch, persistent instances over gRPC, and since 3.0 patterns and locks."""

from pathlib import Path

import pytest
from muster_client import Client
from program import start
from running import running_server

from interop.nacos.sdks import JAVA_2, JAVA_3, Sdk, done, param, until_healthy

pytestmark = pytest.mark.slow
both = pytest.mark.parametrize("sdk", [param(JAVA_3), param(JAVA_2)])
newer = pytest.mark.parametrize("sdk", [param(JAVA_3)])


@both
async def test_batch_is_shrunk_by_what_is_deregistered(sdk: Sdk) -> None:
    async with running_server() as server, sdk.running(server.grpc_target) as java:
        await done(java, "subscribe svc")
        await done(java, "batch svc 10.0.0.1 10.0.0.2 10.0.0.3")
        await java.until("push", hosts=["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"])
        await done(java, "shrink svc 10.0.0.1 10.0.0.3")
        await java.until("push", hosts=["10.0.0.2:80"])


@both
async def test_persistent_instance_outlives_its_client(sdk: Sdk) -> None:
    async with running_server() as server, Client(server.grpc_target) as native:
        async with sdk.running(server.grpc_target) as java:
            await done(java, "persist svc 10.0.0.1")
        listed = await native.list_instances("svc")

        assert [(each.persistent, each.endpoints[0].host) for each in listed.instances] == [(True, "10.0.0.1")]


@newer
async def test_services_that_fit_a_pattern_are_told(sdk: Sdk) -> None:
    async with (
        running_server() as server,
        sdk.running(server.grpc_target) as watcher,
        sdk.running(server.grpc_target) as provider,
    ):
        await done(provider, "register pay-a 10.0.0.1")
        there = await done(watcher, "watch-services pay-*")
        await watcher.until("service", name="pay-a", change="ADD_SERVICE", sync="FUZZY_WATCH_INIT_NOTIFY")
        await done(provider, "register pay-b 10.0.0.1")
        await watcher.until("service", name="pay-b", change="ADD_SERVICE", sync="FUZZY_WATCH_RESOURCE_CHANGED")
        await done(provider, "deregister pay-a 10.0.0.1")
        await watcher.until("service", name="pay-a", change="DELETE_SERVICE")

        assert there == ["public@@DEFAULT_GROUP@@pay-a"]


@newer
async def test_configs_that_fit_a_pattern_are_told(sdk: Sdk) -> None:
    async with running_server() as server, sdk.running(server.grpc_target) as java:
        await done(java, "publish app-a one")
        there = await done(java, "watch-configs app-*")
        await java.until("item", name="app-a", change="ADD_CONFIG", sync="FUZZY_WATCH_INIT_NOTIFY")
        await done(java, "publish app-b two")
        await java.until("item", name="app-b", change="ADD_CONFIG", sync="FUZZY_WATCH_RESOURCE_CHANGED")
        await done(java, "remove app-a")
        await java.until("item", name="app-a", change="DELETE_CONFIG")

        assert there == ["app-a+g+public"]


@newer
async def test_fuzzy_watches_outlive_a_restart(tmp_path: Path, sdk: Sdk) -> None:
    first = start(tmp_path / "data")
    async with sdk.running(first.grpc) as java:
        await done(java, "register pay-a 10.0.0.1")
        await done(java, "watch-services pay-*")
        await java.until("service", name="pay-a", change="ADD_SERVICE")
        first.kill()
        second = start(tmp_path / "data", "--grpc-port", first.grpc.rpartition(":")[2])
        try:
            async with Client(second.grpc) as native, native.watch("pay-a") as watch:
                seen = [len(update.instances) async for update in until_healthy(watch)]
            await done(java, "register pay-b 10.0.0.1")
            await java.until("service", name="pay-b", change="ADD_SERVICE")
            gone = [told for told in java.told if told.get("change") == "DELETE_SERVICE"]
        finally:
            second.kill()

    assert (gone, all(seen)) == ([], True)
