"""How coroutines ask the engine."""

import asyncio
from typing import Any

from muster_server.core.commands import Command
from muster_server.engine.engine import Check, Engine


async def perform(engine: Engine, command: Command, check: Check | None = None) -> Any:
    """Do a command and answer what its class says, waiting for the disk if it must. `check` is as in `Engine.execute`.

    Raises MusterError.
    """
    answer = engine.execute(command, check)
    return await answer if isinstance(answer, asyncio.Future) else answer
