"""The registry client of Java chassis and Spring Cloud Huawei, unmodified, and a server that forgets everything in between."""

import asyncio
import base64
import shutil
from pathlib import Path

import grpc.aio
import pytest
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2
from program import Program, start

from interop import told
from interop.servicecomb import accounts
from interop.tools import TOOLS

JAVA, CLASSES = shutil.which("java"), TOOLS / "servicecomb-java"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        JAVA is None or not (CLASSES / "Story.class").exists(),
        reason="the ServiceComb client for Java is missing: scripts/tools.sh",
    ),
]


async def story(address: str, directory: Path, *login: str) -> asyncio.subprocess.Process:
    """The program."""
    return await asyncio.create_subprocess_exec(
        str(JAVA),
        *("-cp", f"{CLASSES}:{CLASSES}/*", "Story", address, *login),
        cwd=directory,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def is_followed(server: Program, authorization: str = "") -> None:
    """Until the gateway has followed the socket: that it is open says only that it was accepted."""
    metadata = (("authorization", authorization),) if authorization else ()
    service = instance_pb2.ServiceRef(group="shop", name="stock")
    async with grpc.aio.insecure_channel(server.grpc) as channel, asyncio.timeout(20):
        stub = discovery_service_pb2_grpc.DiscoveryServiceStub(channel)
        asked = discovery.ListSubscribersRequest(service=service)
        while not (await stub.ListSubscribers(asked, metadata=metadata)).subscribers:  # noqa: ASYNC110  # it is in another process
            await asyncio.sleep(0.05)


async def test_java_client_registers_discovers_watches_and_registers_again_with_a_server_that_lost_its_data(tmp_path: Path) -> None:
    server = start(tmp_path / "data", "--storage", "memory")
    process = await story(server.http, tmp_path)
    java = told.Program(process)
    try:
        stock = (await java.until("registered", name="stock"))["id"]
        await java.until("beat", name="stock", success=True)
        java.say("schema")
        assert await java.until("schema") == {"event": "schema", "text": "swagger: '2.0'", "declared": ["hello"]}

        java.say("basket")
        await java.until("registered", name="basket")
        await java.until("found", name="stock", seen=[f"{stock} UP stock"])
        java.say("peers")
        assert (await java.until("peers"))["endpoints"] == [f"rest://{server.http}/"]
        await is_followed(server)
        java.say("down")
        await java.until("watched", name="basket")
        await java.until("changed", name="stock", seen=[f"{stock} DOWN stock"])

        server.kill()
        await java.until("beat", name="stock", success=False)
        server = start(tmp_path / "other", "--storage", "memory", "--http-ports", server.http.rpartition(":")[2])
        again = (await java.until("registered", name="stock", within_s=60))["id"]
        await java.until("registered", name="basket", within_s=60)
        java.say("stop")

        assert again
    finally:
        if process.returncode is None:
            await java.kill()
        server.kill()


async def test_java_client_logs_in_and_watches_with_its_token(tmp_path: Path) -> None:
    server = accounts.guarded(tmp_path / "data")
    process = await story(server.http, tmp_path, *accounts.CLERK)
    java = told.Program(process)
    try:
        stock = (await java.until("registered", name="stock"))["id"]
        await java.until("beat", name="stock", success=True)
        java.say("schema")
        assert (await java.until("schema"))["text"] == "swagger: '2.0'"

        java.say("basket")
        await java.until("found", name="stock", seen=[f"{stock} UP stock"])
        await is_followed(server, "Basic " + base64.b64encode(":".join(accounts.CLERK).encode()).decode())
        java.say("down")
        await java.until("watched", name="basket")

        await java.until("changed", name="stock", seen=[f"{stock} DOWN stock"])
    finally:
        if process.returncode is None:
            await java.kill()
        server.kill()
