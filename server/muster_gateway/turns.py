"""Turns: how the gateway leaves the event loop to gRPC.

grpc.aio handles one event in each turn of the loop, and a call is some five events. A gateway that answers thirty requests in one
turn makes every gRPC event wait for all thirty. So where gRPC calls come, one request starts in each turn, the others in the next
ones. A turn is work too: where none come, thirty-two start, which makes each of them a fifth cheaper.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

MAX_RUNNING = 64
MAX_STARTS = 32
MAX_SHARED_STARTS = 1
SHARED_S = 0.1


class Turns:
    """Admits at most 64 requests at once, and starts a few of them in a turn of the loop. Owned by the gateway.

    `arrivals` tells how many gRPC calls have come to this process so far: for 100 ms after each, the loop is shared. What waits is
    bounded by the HTTP server's connections, each of which has one request under way.
    """

    def __init__(self, arrivals: Callable[[], int] = lambda: 0) -> None:
        self._arrivals = arrivals
        self._arrived = arrivals()
        self._shared_until_s = 0.0
        self._max_starts = MAX_STARTS
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
        return self._running < MAX_RUNNING and self._started < self._max_starts

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
        self._max_starts = MAX_SHARED_STARTS if self._is_shared() else MAX_STARTS
        while self._waiting and self._is_free:
            turn = self._waiting.popleft()
            if not turn.done():
                self._start()
                turn.set_result(None)
        if self._waiting and self._running < MAX_RUNNING:
            self._schedule()

    def _is_shared(self) -> bool:
        now_s, arrived = asyncio.get_running_loop().time(), self._arrivals()
        if arrived != self._arrived:
            self._arrived = arrived
            self._shared_until_s = now_s + SHARED_S
        return now_s < self._shared_until_s
