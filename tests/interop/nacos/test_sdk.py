"""The official Python SDK, unmodified, with nothing changed but the address of its server."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from muster_client import Client, ConfigRef, Endpoint, Health, Instance, Update, Watch
from program import start
from running import running_nacos

from interop import tools
from interop.told import Program

PYTHON = tools.TOOLS / "nacos-python" / "bin" / "python"
INSTALLED = tools.TOOLS / "nacos-python" / "requirements.txt"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not INSTALLED.exists(), reason="the Nacos SDK is missing: scripts/tools.sh")]
over_both = pytest.mark.parametrize("place", ["local", "apart"])


@asynccontextmanager
async def sdk(target: str) -> AsyncIterator[Program]:
    """The SDK, connected."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    pipe = asyncio.subprocess.PIPE
    story = Path(__file__).with_name("story.py")
    process = await asyncio.create_subprocess_exec(str(PYTHON), str(story), target, env=environment, stdin=pipe, stdout=pipe)
    program = Program(process)
    try:
        await program.until("ready")
        yield program
    finally:
        if process.returncode is None:
            await program.kill()


async def done(program: Program, line: str) -> Any:
    """Have the SDK do something; its answer."""
    program.say(line)
    return (await program.until("done", what=line.split()))["answer"]


async def subscribed(program: Program) -> None:
    """Subscribe to a service that is not there yet, which is told as an empty list."""
    await done(program, "subscribe svc")
    await program.until("push", hosts=[])


async def until_healthy(watch: Watch) -> AsyncIterator[Update]:
    """The updates up to the one with a healthy instance."""
    async for update in watch:
        yield update
        if any(instance.health is Health.HEALTH_HEALTHY for instance in update.instances.values()):
            return


@over_both
async def test_sdk_registers_subscribes_sees_changes_and_deregisters(place: str) -> None:
    async with running_nacos(place) as server, sdk(server.nacos) as provider, sdk(server.nacos) as consumer:
        await subscribed(consumer)
        registered = await done(provider, "register svc 10.0.0.1")
        first = await consumer.until("push", hosts=["10.0.0.1:80"])
        replaced = await done(provider, "batch svc 10.0.0.2 10.0.0.3")
        both = await consumer.until("push", hosts=["10.0.0.2:80", "10.0.0.3:80"])
        listed = await done(consumer, "instances svc")
        services = await done(consumer, "services")
        withdrawn = await done(provider, "deregister svc 10.0.0.2")
        await consumer.until("push", hosts=[])

        assert (registered, replaced, withdrawn) == (True, True, True)
        assert (first["healthy"], both["healthy"]) == ([True], [True, True])
        assert (listed, services) == (["10.0.0.2", "10.0.0.3"], [1, ["svc"]])


@over_both
async def test_sdk_publishes_listens_compares_and_removes_configs(place: str) -> None:
    md5 = hashlib.md5(b"one", usedforsecurity=False).hexdigest()
    async with running_nacos(place) as server, sdk(server.nacos) as publisher, sdk(server.nacos) as listener:
        await done(listener, "listen app")
        published = await done(publisher, "publish app one")
        await listener.until("config", data_id="app", content="one")
        read = await done(listener, "read app")
        compared = await done(publisher, f"cas app two {md5}")
        await listener.until("config", data_id="app", content="two")
        publisher.say(f"cas app three {md5}")
        refused = await publisher.until("failed")
        removed = await done(publisher, "remove app")
        await listener.until("config", data_id="app", content="")

        assert (published, read, compared, removed) == (True, "one", True, True)
        assert "md5 may have changed" in refused["error"]


@over_both
async def test_provider_that_is_killed_is_gone_for_its_subscribers_after_the_grace(place: str) -> None:
    async with running_nacos(place) as server, sdk(server.nacos) as provider, sdk(server.nacos) as consumer:
        await subscribed(consumer)
        await done(provider, "register svc 10.0.0.1")
        await consumer.until("push", hosts=["10.0.0.1:80"])
        async with Client(server.grpc_target) as native:
            await provider.kill()
            gone = await consumer.until("push", hosts=[])
            listed = await native.list_instances("svc")

        assert gone["healthy"] == []
        assert list(listed.instances) == []


@over_both
async def test_registrations_of_sdk_and_of_others_are_seen_by_each_other(place: str) -> None:
    async with (
        running_nacos(place) as server,
        sdk(server.nacos) as client,
        Client(server.grpc_target) as native,
        httpx.AsyncClient(base_url=server.http_urls[0]) as http,
    ):
        await subscribed(client)
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


async def test_sdk_outlives_a_restart_of_its_server(tmp_path: Path) -> None:
    first = start(tmp_path / "data")
    port = first.grpc.rpartition(":")[2]
    async with sdk(first.grpc) as provider, sdk(first.grpc) as consumer:
        await subscribed(consumer)
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
