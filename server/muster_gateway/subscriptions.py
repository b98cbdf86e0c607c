"""One stream to the registry for all that a dialect's clients subscribe to, begun anew whenever it breaks."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import grpc.aio
import structlog

from muster_gateway.retry import Retry

log = structlog.get_logger(__name__)

K = TypeVar("K", bound=Hashable)


class Subscriptions(Generic[K]):
    """Owned by its task, which is `run`. There is a stream for as long as anything is wanted.

    `open_stream` opens one, `frame` makes the request that begins (True) or ends the subscription to a subject, `take` gets each
    response, and `begun` is called before a stream on which everything is asked for anew.
    """

    def __init__(
        self,
        name: str,
        open_stream: Callable[[], Any],
        frame: Callable[[K, bool], Any],
        take: Callable[[Any], None],
        begun: Callable[[], None] = lambda: None,
    ) -> None:
        self._name, self._open_stream, self._frame, self._take, self._begun = name, open_stream, frame, take, begun
        self._wanted: dict[K, None] = {}
        self._unsaid: dict[K, bool] = {}
        self._wake = asyncio.Event()

    def want(self, subject: K) -> None:
        """Subscribe; what is wanted already is asked for afresh."""
        self._wanted[subject] = None
        self._say(subject, is_wanted=True)

    def unwant(self, subject: K) -> None:
        """Unsubscribe."""
        self._wanted.pop(subject, None)
        self._say(subject, is_wanted=False)

    async def run(self) -> None:
        """Run for ever."""
        retry = Retry()
        while True:
            while not self._wanted:
                self._wake.clear()
                await self._wake.wait()
            try:
                await self._converse(retry)
                continue
            except* (grpc.aio.AioRpcError, asyncio.InvalidStateError) as errors:
                log.warning("stream to the registry has ended", stream=self._name, error=str(errors.exceptions[0]))
            except* Exception as errors:
                log.error("stream to the registry failed", stream=self._name, exc_info=errors)
            await retry.wait()

    async def _converse(self, retry: Retry) -> None:
        self._begun()
        self._unsaid = dict.fromkeys(self._wanted, True)
        stream = self._open_stream()
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write(stream), name=f"{self._name} writer")
                while (frame := await stream.read()) is not grpc.aio.EOF:
                    if frame.WhichOneof("frame") == "reconnect_after":
                        raise asyncio.InvalidStateError("the registry is about to stop")
                    self._take(frame)
                    retry.succeeded()
                if not writer.done():
                    raise asyncio.InvalidStateError("the registry has ended the stream")
        finally:
            stream.cancel()

    async def _write(self, stream: Any) -> None:
        """Tell what is wanted; half-close when nothing is any more."""
        while self._wanted:
            while self._unsaid:
                subject = next(iter(self._unsaid))
                await stream.write(self._frame(subject, self._unsaid.pop(subject)))
            if self._wanted:
                self._wake.clear()
                await self._wake.wait()
        await stream.done_writing()

    def _say(self, subject: K, *, is_wanted: bool) -> None:
        self._unsaid[subject] = is_wanted
        self._wake.set()
