"""The official Java client for administrators, unmodified, with nothing changed but the address of its server."""

import asyncio
import shutil
from pathlib import Path

import pytest
from muster.config.v1 import config_pb2, config_service_pb2_grpc
from muster.config.v1 import config_service_pb2 as wire
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2
from running import running_gateway, running_server

from interop.tools import TOOLS

HOME = TOOLS / "nacos-maintainer"
IS_THERE = (HOME / "NamingMaintainer.class").exists() and shutil.which("java") is not None
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
EXPECTED_NAMING = """
created: ok
created twice: 400 21007
cluster: ok
shown: api {team=one} 0.5 true none {zone=e}
updated: ok {team=two}
listed: 1 api 0
with hosts: 0
unknown: 400 21008
registered: ok ok
overridden: ok
holds: false 3.0 {zone=b}
partly: ok true
batch: [10.0.0.1:80:unknown:DEFAULT:ephemeral]
laid: {k=v, zone=b}
lifted: [10.0.0.1:80:unknown:DEFAULT:ephemeral]
instances: 2
with instances: 2
not empty: 400 21009
deregistered: ok 1
persistent: ok
unhealthy: ok false
client: ipPort true
publishes: api
subscribes: []
publishers: 10.0.0.1:80#true
subscribers: []
pages: 0
metrics: UP 2 2 1
log level: 501 40001
lives: true standalone
made: true true
namespace: Shop sells
renamed: true Store
namespaces: [public, shop]
deleted: true false
members: 1
connections: 0 0
generators: []
lookup: 501 40001
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

        said = await told("Maintainer", url, tmp_path)
        heard = []
        while not (heard and heard[-1].missing.deleted):
            heard.append(await stream.read())

        assert said == EXPECTED.strip().splitlines()
        contents = {frame.changed.release.content for frame in heard if frame.WhichOneof("frame") == "changed"}
        assert contents <= {"port: 1", "port: 3"}
        stream.cancel()


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_administrator_describes_overrides_and_counts_what_is_then_seen_natively(kind: str, tmp_path: Path) -> None:
    async with running_server() as server, server.channel() as channel, running_gateway(server, kind) as url:
        said = await told("NamingMaintainer", url, tmp_path)
        service = instance_pb2.ServiceRef(name="api")
        stub = discovery_service_pb2_grpc.DiscoveryServiceStub(channel)
        listed = await stub.ListInstances(discovery.ListInstancesRequest(service=service))

        assert said == EXPECTED_NAMING.strip().splitlines()
        (left,) = listed.instances
        assert (left.endpoints[0].host, left.weight, left.admin_state) == ("10.0.0.1", 3.0, instance_pb2.ADMIN_STATE_ENABLED)
        assert (dict(left.metadata), left.admin_override.weight) == ({"zone": "b"}, 3.0)
        assert listed.protect_threshold == 0.0


async def told(program: str, url: str, scratch: Path) -> list[str]:
    """What the client says it was answered."""
    process = await asyncio.create_subprocess_exec(
        *("java", "-cp", f"{HOME}:{HOME}/*", program, url.removeprefix("http://")), cwd=scratch, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asyncio.wait_for(process.communicate(), 50)
    return said.decode().strip().splitlines()
