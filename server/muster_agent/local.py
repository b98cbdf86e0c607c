"""The local agent put together: processes of this machine, for a server at the other end of a channel."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import structlog

from muster_agent.agent import Agent, Who
from muster_agent.deployer import Shop
from muster_agent.limits import Limiter
from muster_agent.packages import Packages
from muster_agent.ports import Ports
from muster_agent.registrar import Registrar
from muster_agent.replica import Tools
from muster_agent.runtime import LocalRuntime
from muster_agent.store import Store

log = structlog.get_logger(__name__)

PASSED_ON = ("PATH", "HOME", "LANG", "TZ")


@asynccontextmanager
async def agent_running(
    channel: Any, who: Who, directory: Path, env: Mapping[str, str], *, stops: bool = False
) -> AsyncIterator[None]:
    """Run what the server wants for as long as the context is open.

    What runs then goes on, and is found again by the next one, unless the agent `stops` it.

    `env` is what every process gets beside a few variables of the agent's own. Raises OSError if the directory cannot be used, or
    what is remembered there cannot be read.
    """
    _make_private(directory, *(directory / name for name in ("state", "packages", "logs")))
    with closing(Store(directory / "state")) as store, closing(Packages(directory / "packages")) as packages:
        registrar = Registrar(channel)
        passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        shop = Shop(
            store=store,
            packages=packages,
            tools=Tools(Limiter(), Ports()),
            registrar=registrar,
            logs=directory / "logs",
            env={**passed_on, **env},
            host=who.host,
        )
        runtime = LocalRuntime(shop)
        agent = Agent(channel, store.agent_id, who, runtime)
        await runtime.begin()
        tasks = [
            asyncio.create_task(_again_and_again(agent.run), name="agent"),
            asyncio.create_task(_again_and_again(runtime.run), name="agent's housekeeping"),
            asyncio.create_task(_again_and_again(registrar.run), name="agent's registrations"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await runtime.close(stops=stops)


def _make_private(directory: Path, *parts: Path) -> None:
    """What is in the parts is this user's alone, also where others may write beside them. Raises OSError if they are not ours."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for part in parts:
        part.mkdir(exist_ok=True, mode=0o700)
        found = part.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise OSError(f"{part} is no directory of this user")
        if found.st_mode & 0o077:
            part.chmod(0o700)


async def _again_and_again(work: Callable[[], Awaitable[None]]) -> None:
    """A defect of ours is told, and does not end what it is in."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("the agent has failed, and goes on")
        await asyncio.sleep(1.0)
