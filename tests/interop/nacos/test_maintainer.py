"""The official Java client for administrators, unmodified, with nothing changed but the address of its server."""

import asyncio
import shutil
from pathlib import Path

import pytest
from muster.config.v1 import config_pb2, config_service_pb2_grpc
from muster.config.v1 import config_service_pb2 as wire
from running import running_gateway, running_server

from interop.tools import TOOLS

HOME = TOOLS / "nacos-maintainer"
IS_THERE = (HOME / "Maintainer.class").exists() and shutil.which("java") is not None
EXPECTED = """
published: true
detail: port: 1 yaml about red,blue shop ann
described: true
description: port: 1 other red true
missing: 404 true
like: [app.yaml]
accurate: [db.yaml]
content: [app.yaml, db.yaml]
tag: [app.yaml]
page: [db.yaml] 2 2 2
namespace: [app.yaml, db.yaml]
history: [U formal, U formal, I formal]
entry: port: 1
previous: port: 1
beta published: true
beta: port: 4 beta true
beta stopped: true
cloned: {skipCount=0, succCount=1}
skipped: {skipCount=1, skipData=[{dataId=copy.yaml, group=g}], succCount=0}
copy: port: 3
listeners: {10.9.9.9=6796ad294770b315f128d2e31101b28d}
listens: {app.yaml+g+public=6796ad294770b315f128d2e31101b28d}
dumped: Local cache updated from store successfully!
deleted: true
left: []
deleted one: true
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_THERE, reason="the Nacos client for administrators is missing: scripts/tools.sh"),
]


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_administrator_publishes_searches_copies_and_deletes_while_a_native_client_listens(kind: str, tmp_path: Path) -> None:
    async with running_server() as server, server.channel() as channel, running_gateway(server, kind) as url:
        stream = config_service_pb2_grpc.ConfigServiceStub(channel).Listen()
        client = config_pb2.ClientTraits(ip="10.9.9.9")
        interest = wire.ListenRequest.Interest(ref=config_pb2.ConfigRef(group="g", name="app.yaml"))
        await stream.write(wire.ListenRequest(hello=wire.ListenRequest.Hello(client=client)))
        await stream.write(wire.ListenRequest(add=wire.ListenRequest.Add(interests=[interest])))
        process = await asyncio.create_subprocess_exec(
            *("java", "-cp", f"{HOME}:{HOME}/*", "Maintainer", url.removeprefix("http://")),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
        )

        said, _ = await asyncio.wait_for(process.communicate(), 50)
        heard = []
        while not (heard and heard[-1].missing.deleted):
            heard.append(await stream.read())

        assert said.decode().strip().splitlines() == EXPECTED.strip().splitlines()
        contents = {frame.changed.release.content for frame in heard if frame.WhichOneof("frame") == "changed"}
        assert contents <= {"port: 1", "port: 3"}
        stream.cancel()
