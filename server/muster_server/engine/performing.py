"""How coroutines ask the engine."""

import asyncio
from typing import Any

from muster_server.core.commands import Command
from muster_server.engine.engine import Engine


async def perform(engine: Engine, command: Command) -> Any:
    """Do a command and answer what its class says, waiting for the disk if it must. Raises MusterError."""
    answer = engine.execute(command)
    return await answer if isinstance(answer, asyncio.Future) else answer
