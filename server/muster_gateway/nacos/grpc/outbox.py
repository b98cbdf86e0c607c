"""What is to be pushed to one connection: the latest of each subject, acknowledged, and sent again when it is not."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from itertools import count

Make = Callable[[str], bytes]
"""Makes the payload, with the latest state, for a request id."""
Patience = Callable[[int], float | None]
"""Seconds until a push that was tried n times is sent again; None if it is not."""


def once(_: int) -> float | None:
    """Never again: nobody answers it, or its answer is awaited elsewhere."""
    return None


def naming(_: int) -> float | None:
    """5 s for the ack and 1 s more, without end, as a Nacos server does."""
    return 6.0


def config(tries: int) -> float | None:
    """3 s, then longer, five times: some SDKs never acknowledge a config that they have stopped listening to."""
    return 3.0 + 2.0 * (tries - 1) if tries <= 5 else None


@dataclass(slots=True)
class _Push:
    make: Make
    patience: Patience
    acknowledged: Callable[[], object]
    tries: int = 0
    request_id: str = ""
    again_s: float | None = None


class Outbox:
    """Owned by its connection's stream; one writer task sends. Holds one push for each subject, so it is bounded by them.

    A push of a subject that is not yet sent is replaced; one that is not yet acknowledged is forgotten for its successor.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._due: dict[Hashable, _Push] = {}
        self._unacked: dict[Hashable, _Push] = {}
        self._keys: dict[str, Hashable] = {}
        self._numbers = count(1)
        self._wake = asyncio.Event()
        self.writing_since_s: float | None = None

    def __len__(self) -> int:
        return len(self._due) + len(self._unacked)

    def post(self, key: Hashable, make: Make, patience: Patience, acknowledged: Callable[[], object] = lambda: None) -> None:
        """Push a subject's latest state. `acknowledged` is called when the client has taken it, unless another came after it."""
        self._forget(key)
        self._due[key] = _Push(make, patience, acknowledged)
        self._wake.set()

    def drop(self, key: Hashable) -> None:
        """The subject is of no interest any more."""
        self._due.pop(key, None)
        self._forget(key)

    def acknowledge(self, request_id: str) -> None:
        """A client has taken a push. Unknown ids are ignored: acks may come late, twice, or for nothing."""
        if (key := self._keys.get(request_id)) is not None:
            push = self._unacked[key]
            self._forget(key)
            push.acknowledged()

    def tick(self) -> None:
        """Make due again what was not acknowledged in time. O(unacknowledged)."""
        now_s = self._now()
        for key, push in list(self._unacked.items()):
            if push.again_s is None or push.again_s > now_s:
                continue
            self._forget(key)
            if key not in self._due:
                self._due[key] = push
                self._wake.set()

    async def write_all(self, write: Callable[[bytes], Awaitable[object]]) -> None:
        """Write what is due, for ever."""
        while True:
            while self._due:
                key = next(iter(self._due))
                push = self._due.pop(key)
                self._sent(key, push)
                self.writing_since_s = self._now()
                await write(push.make(push.request_id))
                self.writing_since_s = None
            self._wake.clear()
            await self._wake.wait()

    def _sent(self, key: Hashable, push: _Push) -> None:
        push.tries += 1
        push.request_id = str(next(self._numbers))
        wait_s = push.patience(push.tries)
        if wait_s is None:
            return
        push.again_s = self._now() + wait_s
        self._unacked[key] = push
        self._keys[push.request_id] = key

    def _forget(self, key: Hashable) -> None:
        push = self._unacked.pop(key, None)
        if push is not None:
            self._keys.pop(push.request_id, None)
