"""Official SDKs, unmodified, with nothing changed but the address of their server."""

import asyncio
import hashlib
from pathlib import Path

import httpx
import pytest
from muster_client import Client, ConfigRef, Endpoint, Health, Instance
from program import start
from running import running_nacos, running_server

from interop.nacos.sdks import ALL, Sdk, done, param, subscribed, until_healthy

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("sdk", [param(sdk) for sdk in ALL])]
over_both = pytest.mark.parametrize("place", ["local", "apart"])


@over_both
async def test_sdk_registers_subscribes_sees_changes_and_deregisters(sdk: Sdk, place: str) -> None:
    async with running_nacos(place) as server, sdk.running(server.nacos) as provider, sdk.running(server.nacos) as consumer:
        await subscribed(sdk, consumer)
        registered = await done(provider, "register svc 10.0.0.1")
        first = await consumer.until("push", hosts=["10.0.0.1:80"])
        replaced = await done(provider, "batch svc 10.0.0.2 10.0.0.3")
        both = await consumer.until("push", hosts=["10.0.0.2:80", "10.0.0.3:80"])
        listed = await done(consumer, "instances svc")
        services = await done(consumer, "services")
        single = await done(provider, "register svc 10.0.0.4")
        await consumer.until("push", hosts=["10.0.0.4:80"])
        withdrawn = await done(provider, "deregister svc 10.0.0.4")
        await consumer.until("push", hosts=[])

        assert (registered, replaced, single, withdrawn) == (True, True, True, True)
        assert (first["healthy"], both["healthy"]) == ([True], [True, True])
        assert (listed, services) == (["10.0.0.2", "10.0.0.3"], [1, ["svc"]])


@over_both
async def test_sdk_publishes_listens_compares_and_removes_configs(sdk: Sdk, place: str) -> None:
    md5 = hashlib.md5(b"one", usedforsecurity=False).hexdigest()
    async with (
        running_nacos(place) as server,
        sdk.running(server.nacos) as publisher,
        sdk.running(server.nacos) as listener,
    ):
        await done(listener, "listen app")
        published = await done(publisher, "publish app one")
        await listener.until("config", data_id="app", content="one")
        read = await done(listener, "read app")
        compared = await done(publisher, f"cas app two {md5}")
        await listener.until("config", data_id="app", content="two")
        publisher.say(f"cas app three {md5}")
        await publisher.until("failed")
        kept = await done(publisher, "read app")
        removed = await done(publisher, "remove app")
        await listener.until("config", data_id="app", content="")

        assert (published, read, compared, kept, removed) == (True, "one", True, "two", True)


async def test_provider_that_is_killed_is_gone_for_its_subscribers_after_the_grace(sdk: Sdk) -> None:
    async with running_server() as server, sdk.running(server.grpc_target) as provider, sdk.running(server.grpc_target) as consumer:
        await subscribed(sdk, consumer)
        await done(provider, "register svc 10.0.0.1")
        await consumer.until("push", hosts=["10.0.0.1:80"])
        async with Client(server.grpc_target) as native:
            await provider.kill()
            gone = await consumer.until("push", hosts=[])
            listed = await native.list_instances("svc")

        assert gone["healthy"] == []
        assert list(listed.instances) == []


async def test_registrations_of_sdk_and_of_others_are_seen_by_each_other(sdk: Sdk) -> None:
    async with (
        running_server() as server,
        sdk.running(server.grpc_target) as client,
        Client(server.grpc_target) as native,
        httpx.AsyncClient(base_url=server.http_urls[0]) as http,
    ):
        await subscribed(sdk, client)
        await done(client, "register svc 10.0.0.1")
        finders = (await http.get("/api/instance/list", params={"serviceName": "svc"})).json()["instances"]
        listed = await native.list_instances("svc")
        await native.register_leased("svc", Instance(endpoints=[Endpoint(host="10.0.0.2", port=80)]))
        await client.until("push", hosts=["10.0.0.1:80", "10.0.0.2:80"])
        await http.request("DELETE", "/nacos/v3/client/ns/instance", params={"serviceName": "svc", "ip": "10.0.0.2", "port": "80"})
        await client.until("push", hosts=["10.0.0.1:80"])
        await done(client, "listen app")
        await native.publish_config(ConfigRef(name="app", group="g"), "native")
        await client.until("config", data_id="app", content="native")
        await done(client, "publish app sdk")
        found = await native.get_config(ConfigRef(name="app", group="g"))

        assert [(each["ip"], each["status"]) for each in finders] == [("10.0.0.1", "HEALTHY")]
        assert [(each.health, dict(each.metadata)) for each in listed.instances] == [(Health.HEALTH_HEALTHY, {"by": "sdk"})]
        assert found.content == "sdk"


async def test_sdk_outlives_a_restart_of_its_server(tmp_path: Path, sdk: Sdk) -> None:
    first = start(tmp_path / "data")
    port = first.grpc.rpartition(":")[2]
    async with sdk.running(first.grpc) as provider, sdk.running(first.grpc) as consumer:
        await subscribed(sdk, consumer)
        await done(consumer, "listen app")
        await done(provider, "register svc 10.0.0.1")
        await consumer.until("push", hosts=["10.0.0.1:80"])
        first.process.terminate()
        await asyncio.to_thread(first.process.wait)
        second = await asyncio.to_thread(start, tmp_path / "data", "--grpc-port", port)
        try:
            async with Client(second.grpc) as native:
                restored = await native.list_instances("svc")
                health = [each.health for each in restored.instances]
                async with native.watch("svc") as watch, asyncio.timeout(45):  # the SDK registers again after 30 s at most
                    seen = [
                        sorted(instance.health for instance in update.instances.values()) async for update in until_healthy(watch)
                    ]
            await done(provider, "publish app after")
            await consumer.until("config", data_id="app", content="after")
            await done(provider, "deregister svc 10.0.0.1")
            await consumer.until("push", hosts=[], within_s=40.0)
        finally:
            await asyncio.to_thread(second.kill)

    assert health == [Health.HEALTH_SUSPECT]
    assert all(seen)  # it was never gone
