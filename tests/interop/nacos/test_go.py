"""The official Go SDK, unmodified, with nothing changed but the address of its server."""

import asyncio
import os
from pathlib import Path

import pytest
from running import running_nacos

from interop import tools

PROGRAM = tools.program("nacos-go")
EXPECTED = [
    "naming <nil>",
    "config <nil>",
    "subscribe <nil>",
    "register true <nil>",
    "seen 1",
    "batch true <nil>",
    "seen 3",
    "select true <nil>",
    "services 1 [go] <nil>",
    "refused false <nil>",
    "deregister true <nil>",
    "seen 0",
    "listen <nil>",
    "publish true <nil>",
    "config  g app one",
    "config  g app two",
    "read two <nil>",
    "cas refused false Cas publish fail, server md5 may have changed.",
    "delete true <nil>",
    "config  g app",
    "END",
]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason="the Nacos SDK for Go is missing: scripts/tools.sh")]


async def told(target: str, scratch: Path, **settings: str) -> list[str]:
    """What the program says from beginning to end. `settings` are variables that it reads."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(str(PROGRAM), target, cwd=scratch, stdout=pipe, env={**os.environ, **settings})
    try:
        said, _ = await asyncio.wait_for(process.communicate(), 50)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return [line.strip() for line in said.decode().splitlines()]


@pytest.mark.parametrize("place", ["local", "apart"])
async def test_go_sdk_registers_subscribes_publishes_and_listens(tmp_path: Path, place: str) -> None:
    async with running_nacos(place) as server:
        lines = await told(server.nacos, tmp_path)

        assert [line for line in lines if line in EXPECTED or line.startswith("TIMEOUT")] == EXPECTED
