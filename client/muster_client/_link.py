"""One bidirectional stream that is kept open: connects, converses, and connects anew after a loss."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import grpc
import grpc.aio
from google.protobuf.message import Message

from muster_client.errors import MusterError, UnavailableError, from_rpc_error

log = logging.getLogger("muster_client")

FAREWELL_S = 3.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next attempt: anything up to first_s * 2**failures, at most most_s (full jitter).

    Raising `first_s` spreads the clients of a restarted server, raising `most_s` spares a server that is gone for long.
    """

    first_s: float = 0.1
    most_s: float = 3.0

    def delay_s(self, failures: int) -> float:
        """The wait after so many failures in a row, 0 or more."""
        return random.uniform(0, min(self.most_s, self.first_s * 2 ** min(failures, 30)))  # noqa: S311  # not a secret


class Conversation(Protocol):
    """What is said on the stream: plain state, without I/O. All methods are called on the loop that owns the link."""

    name: str
    probe_every_s: float
    silence_s: float

    def opening(self) -> Sequence[Message]:
        """A new stream is open: what to say first."""
        ...

    def due(self) -> Sequence[Message]:
        """What there is to say now."""
        ...

    def probe(self) -> Sequence[Message]:
        """Nothing was said for `probe_every_s`: what to say to learn whether anybody listens."""
        ...

    def take(self, frame: Any) -> None:
        """A frame came."""
        ...

    def lost(self, error: MusterError) -> bool:
        """The stream ended with an error. True if the next attempt need not wait."""
        ...

    def farewell(self) -> Sequence[Message]:
        """The client closes: the last words."""
        ...

    def close(self) -> None:
        """Nothing will be said any more: tell everybody who waits."""
        ...


class Link:
    """Keeps a conversation's stream open until `close`. `run` is the task that owns it; the others call `wake` and `close`.

    A stream on which nothing comes for the conversation's `silence_s` counts as lost.
    """

    def __init__(self, conversation: Conversation, open_call: Callable[[], Any], backoff: Backoff) -> None:
        self._conversation = conversation
        self._open_call = open_call
        self._backoff = backoff
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._reconnect_after_s: float | None = None
        self._call: Any = None

    def wake(self) -> None:
        """There may be something due to say."""
        self._wake.set()

    def close(self) -> None:
        """Say farewell and stop; `run` returns within 3 s."""
        self._closing.set()
        self._wake.set()
        if self._call is not None:
            asyncio.get_running_loop().call_later(FAREWELL_S, self._call.cancel)

    async def run(self) -> None:
        """Connect and converse, again and again, until `close`."""
        try:
            await self._run()
        except Exception:  # the task's root: a defect must not leave readers waiting for ever
            log.exception("%s stream failed", self._conversation.name)
        finally:
            self._conversation.close()

    async def _run(self) -> None:
        failures = 0
        loop = asyncio.get_running_loop()
        while not self._closing.is_set():
            began_s = loop.time()
            self._reconnect_after_s = None
            error = await self._converse()
            if self._closing.is_set():
                return
            failures = 1 if loop.time() - began_s > self._backoff.most_s else failures + 1
            at_once = self._conversation.lost(error)
            delay_s = 0.0 if at_once and failures == 1 else self._backoff.delay_s(failures)
            if self._reconnect_after_s is not None:
                delay_s = self._reconnect_after_s * random.uniform(0.5, 1.5)  # noqa: S311  # not a secret
            log.debug("%s stream lost, next attempt in %.2f s: %s", self._conversation.name, delay_s, error)
            await self._pause(delay_s)

    async def _pause(self, delay_s: float) -> None:
        try:
            async with asyncio.timeout(delay_s):
                await self._closing.wait()
        except TimeoutError:
            return

    async def _converse(self) -> MusterError:
        call = self._call = self._open_call()
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write(call), name=f"muster {self._conversation.name} writer")
                error = await self._read(call)
                writer.cancel()
        finally:
            call.cancel()
        return error

    async def _read(self, call: Any) -> MusterError:
        try:
            while True:
                async with asyncio.timeout(self._conversation.silence_s):
                    frame = await call.read()
                if frame is grpc.aio.EOF:
                    return UnavailableError(grpc.StatusCode.UNAVAILABLE, "", "the server ended the stream")
                if frame.WhichOneof("frame") == "reconnect_after":
                    self._reconnect_after_s = frame.reconnect_after.delay.ToMilliseconds() / 1000
                    return UnavailableError(grpc.StatusCode.UNAVAILABLE, "DRAINING", "the server is about to stop")
                self._conversation.take(frame)
                self._wake.set()
        except grpc.aio.AioRpcError as error:
            return from_rpc_error(error)
        except TimeoutError:
            return UnavailableError(grpc.StatusCode.UNAVAILABLE, "", "the path is dead: nothing came for too long")

    async def _write(self, call: Any) -> None:
        """Write what is due. A failed write is told by the reader, which learns the status."""
        try:
            await self._write_all(call, self._conversation.opening())
            while True:
                self._wake.clear()
                while frames := self._conversation.due():
                    await self._write_all(call, frames)
                if self._closing.is_set():
                    break
                try:
                    async with asyncio.timeout(self._conversation.probe_every_s):
                        await self._wake.wait()
                except TimeoutError:
                    await self._write_all(call, self._conversation.probe())
            await self._write_all(call, self._conversation.farewell())
            await call.done_writing()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError, grpc.aio.UsageError):
            return

    @staticmethod
    async def _write_all(call: Any, frames: Sequence[Message]) -> None:
        for frame in frames:
            await call.write(frame)
