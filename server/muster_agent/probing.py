"""Asking replicas how they are: by HTTP, by a connection, by a command; and what is done once, their hooks."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from muster.delivery.v1.deployment_pb2 import CommandCheck, Hook, HttpCheck, Probe, TcpCheck

LOOPBACK = "127.0.0.1"
HOOK_TIMEOUT_S = 30.0

_SAFE = "/?&=%:@!$'()*+,;~-._"
_WELL = range(200, 400)
_UNVERIFIED = ssl.create_default_context()
_UNVERIFIED.check_hostname = False
_UNVERIFIED.verify_mode = ssl.CERT_NONE


@dataclass(frozen=True, slots=True)
class Place:
    """Where a replica runs: its port, and what a command of it needs."""

    port: int
    directory: Path
    env: Mapping[str, str]


async def probe(asked: Probe, place: Place) -> str:
    """Ask once. Answers why it is not well; an empty text if it is."""
    match asked.WhichOneof("check"):
        case "http":
            check = _http(asked.http, place)
        case "tcp":
            check = _tcp(asked.tcp, place)
        case _:
            check = _command(asked.command, place)
    return await _within(asked.timeout.ToTimedelta().total_seconds() or 1.0, check)


async def do(hook: Hook, place: Place) -> str:
    """Do a hook. Answers why it failed; an empty text if it did not."""
    action = _http(hook.http, place) if hook.HasField("http") else _command(hook.command, place)
    return await _within(HOOK_TIMEOUT_S, action)


async def _within(timeout_s: float, work: "asyncio.Future[str] | object") -> str:
    try:
        async with asyncio.timeout(timeout_s):
            return await work  # type: ignore[misc,no-any-return]  # a coroutine of ours
    except TimeoutError:
        return f"no answer within {timeout_s:g} s"
    except (OSError, ValueError) as error:  # the latter for a line without an end, and for a host that is no name
        return " ".join((str(error) or type(error).__name__).split())


async def _tcp(check: TcpCheck, place: Place) -> str:
    _, writer = await asyncio.open_connection(check.host or LOOPBACK, check.port or place.port)
    writer.close()
    return ""


async def _http(check: HttpCheck, place: Place) -> str:
    host, port, path = check.host or LOOPBACK, check.port or place.port, check.path or "/"
    context = _UNVERIFIED if check.scheme == "https" else None
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        head = f"GET {quote(path, safe=_SAFE)} HTTP/1.1", f"Host: {host}:{port}", "User-Agent: muster-agent", "Connection: close"
        writer.write("\r\n".join((*head, "", "")).encode())
        line = (await reader.readline()).decode(errors="replace").split()
    finally:
        writer.close()
    if len(line) < 2 or not line[0].startswith("HTTP/") or not line[1].isdigit():
        return "it does not answer HTTP"
    return "" if int(line[1]) in _WELL else f"HTTP status {line[1]}"


async def _command(check: CommandCheck, place: Place) -> str:
    return await run(list(check.command), place)


async def run(command: Sequence[str], place: Place) -> str:
    """Run a program to its end; killed if it is not awaited any longer."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=place.directory,
        env=dict(place.env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        status = await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return "" if status == 0 else f"{command[0]} ended with status {status}"
