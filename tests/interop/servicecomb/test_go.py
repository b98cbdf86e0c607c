"""The Go client of go-chassis, unmodified, as a story with a server that is killed in the middle of it."""

import asyncio
from pathlib import Path

import grpc.aio
import pytest
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2
from program import start

from interop import told, tools
from interop.servicecomb import accounts

PROGRAM = tools.program("servicecomb-go")
SCHEMA = """{"schema":"swagger: '2.0'"}"""  # the client hands out the body as it comes
STOCK = instance_pb2.ServiceRef(group="shop", name="stock@development")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason="the Go client is missing: scripts/tools.sh")]


async def is_watched(target: str) -> None:
    async with grpc.aio.insecure_channel(target) as channel, asyncio.timeout(30):
        stub = discovery_service_pb2_grpc.DiscoveryServiceStub(channel)
        while not (await stub.ListSubscribers(discovery.ListSubscribersRequest(service=STOCK))).subscribers:  # noqa: ASYNC110  # it is in another process
            await asyncio.sleep(0.05)  # the client comes back when its own pause is over, and tells nobody


async def test_go_client_registers_finds_watches_and_survives_a_killed_server(tmp_path: Path) -> None:
    server = start(tmp_path / "data")
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM), server.http, cwd=tmp_path, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    client = told.Program(process)
    try:
        assert not (await client.until("absent"))["id"]
        assert (await client.until("registered"))["same"]
        assert await client.until("schema") == {"event": "schema", "text": SCHEMA, "declared": ["hello"]}
        assert (await client.until("unknown"))["is_known_error"]
        assert (await client.until("found"))["ids"] == []
        assert (await client.until("instance"))["id"] == "stock-1"
        await client.until("watched", action="CREATE", name="stock", id="stock-1", status="UP")

        client.say("go on")
        revision = await client.until("revision")
        assert (revision["alive"], revision["unchanged"]) == (True, True)
        assert revision["endpoints"] == ["rest://10.0.0.1:8080?sslEnabled=false", "highway://10.0.0.1:7070"]
        await client.until("watched", action="UPDATE", status="DOWN", zone="b")  # two changes at once may come as one
        assert await client.until("providers") == {"event": "providers", "name": "stock", "count": 1}
        assert await client.until("batch") == {"event": "batch", "updated": 1, "failed": [1]}
        assert (await client.until("health"))["endpoints"] == [f"rest://{server.http}/"]
        await client.until("before")

        server.kill()
        server = start(tmp_path / "data", "--http-ports", server.http.rpartition(":")[2])
        client.say("it is back")
        after = await client.until("after")
        assert after == {"event": "after", "alive": True, "ids": ["stock-1"], "schema": SCHEMA}

        await is_watched(server.grpc)
        client.say("unregister")
        await client.until("watched", action="DELETE", id="stock-1")
        client.say("unregister the service too")
        assert (await client.until("gone"))["error"]
    finally:
        if process.returncode is None:
            await client.kill()
        server.kill()


async def test_go_client_logs_in_and_does_what_its_account_may_across_a_killed_server(tmp_path: Path) -> None:
    server = accounts.guarded(tmp_path / "data")
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), server.http, *accounts.CLERK), cwd=tmp_path, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    client = told.Program(process)
    try:
        assert await client.until("registered") == {"event": "registered", "alive": True, "ids": ["stock-1"]}
        assert (await client.until("denied"))["code"]

        server.kill()
        server = start(tmp_path / "data", "--auth", "--http-ports", server.http.rpartition(":")[2])
        client.say("it is back")
        restarted = await client.until("restarted")
        wrong = (await client.until("wrong"))["error"]
        await client.until("gone")

        assert restarted == {"event": "restarted", "unchanged": False, "error": ""}  # a restart gives new revisions
        assert "401" in wrong
    finally:
        if process.returncode is None:
            await client.kill()
        server.kill()
