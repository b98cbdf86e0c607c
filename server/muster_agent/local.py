"""The local agent put together: processes of this machine, for a server at the other end of a channel."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from muster_agent.agent import Agent, Who
from muster_agent.deployer import Shop
from muster_agent.limits import find_limiter
from muster_agent.packages import Packages
from muster_agent.ports import Ports
from muster_agent.registrar import Registrar
from muster_agent.replica import Tools
from muster_agent.runtime import LocalRuntime
from muster_agent.store import Store

PASSED_ON = ("PATH", "HOME", "LANG", "TZ")


@asynccontextmanager
async def agent_running(channel: Any, who: Who, directory: Path, env: Mapping[str, str]) -> AsyncIterator[None]:
    """Run what the server wants for as long as the context is open; what runs then goes on, and is found again by the next one.

    `env` is what every process gets beside a few variables of the agent's own. The directory is made when something is to run.
    Raises OSError, msgspec.MsgspecError if what is remembered there cannot be read.
    """
    registrar = Registrar(channel)
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    shop = Shop(
        store=Store(directory / "state"),
        packages=Packages(directory / "packages"),
        tools=Tools(find_limiter(), Ports()),
        registrar=registrar,
        logs=directory / "logs",
        env={**passed_on, **env},
        host=who.host,
    )
    runtime = LocalRuntime(shop)
    agent = Agent(channel, who, runtime)
    await runtime.begin()
    tasks = [
        asyncio.create_task(agent.run(), name="agent"),
        asyncio.create_task(runtime.run(), name="agent's housekeeping"),
        asyncio.create_task(registrar.run(), name="agent's registrations"),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await runtime.close()
