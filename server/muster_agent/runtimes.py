"""What a machine can run components on: found by asking each program for its version."""

import asyncio
import re
from dataclasses import dataclass

from muster.delivery.v1.delivery_pb2 import Runtime

TIMEOUT_S = 10.0
CUSTOM = Runtime(name="Custom", display_name="Custom", description="any command", default_port=8080)


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one kind is asked, and named: `name` takes the version's first number."""

    command: tuple[str, ...]
    version: re.Pattern[str]
    name: str
    display_name: str
    product: str


_KINDS = (
    _Kind(("python3", "--version"), re.compile(r"Python ((\d+)[\w.]*)"), "Python{}", "Python {}", "CPython"),
    _Kind(("node", "--version"), re.compile(r"v((\d+)[\w.]*)"), "Nodejs{}", "Node.js {}", "Node.js"),
    _Kind(("php", "--version"), re.compile(r"PHP ((\d+)[\w.]*)"), "Php{}", "PHP {}", "PHP"),
    _Kind(("java", "-version"), re.compile(r'version "((?:1\.)?(\d+)[\w.]*)'), "Java{}", "Java {}", "Java"),
)


async def discover() -> dict[str, Runtime]:
    """The runtimes of this machine by name, `Custom` (a bare command) always among them. All are asked at once, within 10 s."""
    found = await asyncio.gather(*map(_found, _KINDS))
    return {runtime.name: runtime for runtime in (*found, CUSTOM) if runtime is not None}


async def _found(kind: _Kind) -> Runtime | None:
    version = kind.version.search(await _output(kind.command))
    if version is None:
        return None
    whole, major = version.groups()
    return Runtime(
        name=kind.name.format(major),
        display_name=kind.display_name.format(major),
        description=f"{kind.product} {whole}",
        default_port=8080,
    )


async def _output(command: tuple[str, ...]) -> str:
    """What a program says; nothing if there is none, or if it takes too long."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except OSError:
        return ""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return ""
    return output.decode(errors="replace")
