"""A client in another language, on stubs of its own making: registers, watches, is cut off and resumes."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from muster_client import Client, Endpoint, Instance
from proxy import running_proxy
from running import running_server

from interop import tools
from interop.told import Program

ROOT = Path(__file__).resolve().parents[2]
MODULES = tools.TOOLS / "node"
NODE = tools.program("node")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NODE is None or not (MODULES / "node_modules").exists(), reason="Node or grpc-js missing: scripts/tools.sh"),
]


@asynccontextmanager
async def node(target: str) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        str(NODE),
        str(ROOT / "tests" / "interop" / "node" / "client.mjs"),
        target,
        str(ROOT / "protos"),
        env={**os.environ, "MUSTER_NODE_MODULES": str(MODULES)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_node_client_registers_watches_is_cut_off_and_resumes() -> None:
    async with (
        running_server() as server,
        running_proxy(server.grpc_target) as proxy,
        Client(server.grpc_target) as other,
        node(proxy.address) as program,
    ):
        first = await program.until("snapshot")
        granted = await program.until("granted")
        came = await program.until("delta")

        proxy.is_open = False
        proxy.cut()
        await program.until("lost", stream="watch")
        await other.register_leased("from-node", Instance(endpoints=[Endpoint(host="10.2.2.2", port=80)]))
        proxy.is_open = True
        resumed = await program.until("granted")
        after_cut: list[dict[str, Any]] = []
        seen: dict[str, str] = {}
        while seen != {"10.1.1.1#80#DEFAULT": "HEALTH_HEALTHY", "10.2.2.2#80#DEFAULT": "HEALTH_HEALTHY"}:
            after_cut.append(await program.until("delta"))
            seen.update(after_cut[-1]["puts"])
        await program.end()
        await program.until("goodbye")

        assert (first["ids"], granted["resumed"]) == ([], False)
        assert (came["isNext"], came["puts"]) == (True, [["10.1.1.1#80#DEFAULT", "HEALTH_HEALTHY"]])
        assert (resumed["resumed"], resumed["held"]) == (True, ["10.1.1.1#80#DEFAULT"])
        assert [delta["isNext"] for delta in after_cut] == [True] * len(after_cut)
        listed = await other.list_instances("from-node")
        assert [i.instance_id for i in listed.instances] == ["10.2.2.2#80#DEFAULT"]
