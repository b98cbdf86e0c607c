"""Turns: how the gateway leaves the event loop to gRPC.

grpc.aio handles one event in each turn of the loop, and a call is some five events. A gateway that answers thirty requests in one
turn makes every gRPC event wait for all thirty. So four requests start in each turn, the others in the next ones. With one in each,
gRPC would get a little more; but then a turn is mostly the loop's own work, which made every request a third dearer.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MAX_RUNNING = 64
MAX_STARTS = 4


class Turns:
    """Admits at most 64 requests at once, and starts four of them in a turn of the loop. Owned by the gateway.

    What waits is bounded by the HTTP server's connections, each of which has one request under way.
    """

    def __init__(self) -> None:
        self._running = 0
        self._started = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_scheduled = False

    async def __aenter__(self) -> None:
        """Wait for a turn, after those who came before."""
        self._schedule()
        if not self._waiting and self._is_free:
            self._start()
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._running -= 1
            raise

    async def __aexit__(self, *_: object) -> None:
        self._running -= 1
        self._schedule()

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[None]:
        """Within a turn: wait for something long without holding its place. After it, the request takes its turn again."""
        await self.__aexit__()
        try:
            yield
            await self.__aenter__()
        except BaseException:
            self._running += 1  # it ends without a turn, and its end gives a place back
            raise

    @property
    def _is_free(self) -> bool:
        return self._running < MAX_RUNNING and self._started < MAX_STARTS

    def _start(self) -> None:
        self._running += 1
        self._started += 1

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._is_scheduled = False
        self._started = 0
        while self._waiting and self._is_free:
            turn = self._waiting.popleft()
            if not turn.done():
                self._start()
                turn.set_result(None)
        if self._waiting and self._running < MAX_RUNNING:
            self._schedule()
