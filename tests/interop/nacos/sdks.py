"""The official SDKs that are told what to do line by line: where each is, how it starts, and how it differs."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from muster_client import Health, Update, Watch

from interop import tools
from interop.told import Program

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Sdk:
    """One SDK in one version. `installed` is there if it could be installed; `command` takes a directory for its files."""

    name: str
    installed: Path
    command: Callable[[Path], list[str]]
    tells_empty_at_first: bool = False

    def __str__(self) -> str:
        return self.name

    @asynccontextmanager
    async def running(self, target: str) -> AsyncIterator[Program]:
        """The SDK, connected."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        pipe = asyncio.subprocess.PIPE
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:  # some write files until they are dead
            process = await asyncio.create_subprocess_exec(
                *self.command(Path(scratch)), target, env=environment, cwd=scratch, stdin=pipe, stdout=pipe
            )
            program = Program(process)
            try:
                await program.until("ready", within_s=40.0)
                yield program
            finally:
                if process.returncode is None:
                    await program.kill()


async def done(program: Program, line: str) -> Any:
    """Have an SDK do something; its answer."""
    program.say(line)
    return (await program.until("done", what=line.split()))["answer"]


async def subscribed(sdk: Sdk, program: Program) -> None:
    """Subscribe to `svc`, which is not there yet. Some SDKs tell that, and so would be taken for one that saw it go."""
    await done(program, "subscribe svc")
    if sdk.tells_empty_at_first:
        await program.until("push", hosts=[])


async def until_healthy(watch: Watch) -> AsyncIterator[Update]:
    """The updates up to the one with a healthy instance."""
    async for update in watch:
        yield update
        if any(instance.health is Health.HEALTH_HEALTHY for instance in update.instances.values()):
            return


def _java(version: str, program: str) -> Sdk:
    jars = tools.TOOLS / f"nacos-java-{version}"
    offset = "-Dnacos.server.grpc.port.offset=0"

    def command(scratch: Path) -> list[str]:
        return ["java", offset, f"-Duser.home={scratch}", "-Xmx128m", "-cp", f"{jars}:{jars}/*", program]

    return Sdk(f"java-{version}", jars / f"{program}.class", command)


_PYTHON = tools.TOOLS / "nacos-python"
PYTHON = Sdk(
    "python",
    _PYTHON / "requirements.txt",
    lambda _: [str(_PYTHON / "bin" / "python"), str(HERE / "story.py")],
    tells_empty_at_first=True,
)
JAVA_3 = _java("3.1.1", "Newer")
JAVA_2 = _java("2.5.1", "Story")
ALL = (PYTHON, JAVA_3, JAVA_2)


def param(sdk: Sdk) -> Any:
    """This SDK as a parameter, skipped where it is not installed."""
    reason = f"the Nacos SDK {sdk} is missing: scripts/tools.sh"
    return pytest.param(sdk, id=sdk.name, marks=pytest.mark.skipif(not sdk.installed.exists(), reason=reason))
