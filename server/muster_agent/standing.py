"""Where a replica stands, and who waits for it to be ready."""

import asyncio
from collections.abc import Callable

from muster.delivery.v1 import deployment_pb2 as wire

GIVE_UP_AFTER = 3
"""Whoever waits for a replica that has ended so often does not wait longer."""

STARTING, READY, UNREADY = wire.REPLICA_STATE_STARTING, wire.REPLICA_STATE_READY, wire.REPLICA_STATE_UNREADY
WAITING, EXITED, STOPPING = wire.REPLICA_STATE_WAITING, wire.REPLICA_STATE_EXITED, wire.REPLICA_STATE_STOPPING


class ReplicaFailedError(Exception):
    """A replica does not become ready. The message says why, for people."""


class Standing:
    """A state, one of the six above, and a message for people. `changed` is called when either is another.

    `failures` counts ends of its process, and starts that failed, since somebody last wanted it to run.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.state: int = STARTING
        self.message = ""
        self.failures = 0
        self._changed = changed
        self._moved = asyncio.Event()

    def to(self, state: int, message: str) -> None:
        """It stands here now."""
        is_another = (state, message) != (self.state, self.message)
        self.state, self.message = state, message
        self._moved.set()
        if is_another:
            self._changed()

    def failed(self, why: str) -> None:
        """Its process has ended, or could not be started; what state that means is said next."""
        self.failures += 1
        self.message = why

    async def until_ready(self, timeout_s: float) -> None:
        """Raises ReplicaFailedError if it is not within its time, or ends again and again."""
        try:
            async with asyncio.timeout(timeout_s):
                while self.state != READY:
                    if self.state == EXITED or self.failures >= GIVE_UP_AFTER:
                        raise ReplicaFailedError(self._why())
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            raise ReplicaFailedError(f"is not ready after {timeout_s:g} s: {self._why()}") from None

    def _why(self) -> str:
        return self.message or "it runs, and is not ready"
