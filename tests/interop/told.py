"""Programs in other languages, or in environments of their own, that tell in JSON what happens to them."""

import asyncio
import json
from typing import Any


class Program:
    """A program that prints one JSON object for each happening, seen by what it prints."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.told: list[dict[str, Any]] = []

    async def until(self, event: str, *, within_s: float = 20.0, **fields: Any) -> dict[str, Any]:
        """The first happening of this kind, with these fields, that was not answered before."""
        assert self._process.stdout is not None
        async with asyncio.timeout(within_s):
            while True:
                for happening in self.told:
                    if happening["event"] == event and fields.items() <= happening.items():
                        self.told.remove(happening)
                        return happening
                line = await self._process.stdout.readline()
                assert line, f"the program ended before {event}; it told {self.told}"
                self.told.append(json.loads(line))

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()

    async def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.stdin.wait_closed()
