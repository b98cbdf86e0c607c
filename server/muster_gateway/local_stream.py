"""One bidirectional stream without a socket: a grpc.aio call on the client's side, a pipe of messages on the server's."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import Message

MAX_QUEUED = 16


class Pipe:
    """The server's side. Raises ConnectionError once the stream has ended."""

    def __init__(self, requests: "_Queue", responses: "_Queue") -> None:
        self._requests, self._responses = requests, responses

    async def receive(self) -> Any:
        """The next message of the client; None after half-close."""
        return await self._requests.get()

    async def send(self, frame: Message | bytes) -> None:
        """Send a message, or its bytes. Waits while 16 are unread."""
        await self._responses.put(frame)


class LocalStream:
    """The client's side: what grpc.aio.StreamStreamCall offers and callers of stubs use.

    Each direction holds 16 messages; whoever writes one more waits until the other side reads, as gRPC's flow control has it.
    """

    def __init__(self, group: asyncio.TaskGroup, name: str, serve: Callable[[Pipe], Awaitable[None]], parse: Any) -> None:
        self._requests, self._responses = _Queue(), _Queue()
        self._parse = parse
        self._has_half_closed = False
        self._error: grpc.aio.AioRpcError | None = None
        self._is_cancelled = False
        self._task = group.create_task(self._run(serve), name=name)
        self._task.add_done_callback(self._ended)

    async def write(self, message: Message) -> None:
        """Send a message. Raises asyncio.InvalidStateError after the end or done_writing, AioRpcError if the stream failed."""
        if self._has_half_closed:
            raise asyncio.InvalidStateError('RPC is half closed after calling "done_writing".')
        self._check(is_write=True)
        try:
            await self._requests.put(message)
        except ConnectionError:
            self._check(is_write=True)

    async def read(self) -> Any:
        """The next message; grpc.aio.EOF after the end. Raises AioRpcError if the stream failed."""
        if self._is_cancelled:
            raise asyncio.CancelledError
        frame = await self._responses.get()
        if frame is not None:
            return self._parse(frame) if isinstance(frame, bytes) else frame
        self._check(is_write=False)
        return grpc.aio.EOF

    async def done_writing(self) -> None:
        """Half-close."""
        self.say_all(())

    def say_all(self, messages: Iterable[Message]) -> None:
        """Send these, 16 at most on a new stream, and half-close."""
        self._has_half_closed = True
        self._requests.close(messages)

    def cancel(self) -> bool:
        """End the stream now. False if it has ended already."""
        if self.done():
            return False
        self._is_cancelled = True
        self._task.cancel()
        return True

    def done(self) -> bool:
        """True once the stream has ended."""
        return self._is_cancelled or self._task.done()

    async def code(self) -> grpc.StatusCode:
        """The status, once the stream has ended."""
        await asyncio.wait([self._task])
        if self._is_cancelled:
            return grpc.StatusCode.CANCELLED
        return grpc.StatusCode.OK if self._error is None else self._error.code()

    async def __aiter__(self) -> AsyncIterator[Any]:
        """The messages to the end."""
        while (message := await self.read()) is not grpc.aio.EOF:
            yield message

    async def _run(self, serve: Callable[[Pipe], Awaitable[None]]) -> None:
        try:
            await serve(Pipe(self._requests, self._responses))
        except grpc.aio.AioRpcError as error:
            self._error = error

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() and not self._is_cancelled:
            empty = grpc.aio.Metadata()
            self._error = grpc.aio.AioRpcError(grpc.StatusCode.CANCELLED, empty, empty, "the channel is closed")
        self._requests.close()
        self._responses.close()

    def _check(self, *, is_write: bool) -> None:
        if self._is_cancelled:
            raise asyncio.CancelledError
        if self._error is not None:
            raise self._error
        if is_write and self._task.done():
            raise asyncio.InvalidStateError("RPC already finished.")


class _Queue:
    """Up to 16 messages; `put` waits for room, `get` for a message. Closed, it takes none and hands out what it has, then None."""

    def __init__(self) -> None:
        self._items: deque[Any] = deque()
        self._is_closed = False
        self._changed = asyncio.Event()

    async def put(self, item: Any) -> None:
        """Raises ConnectionError if the queue is closed."""
        while len(self._items) >= MAX_QUEUED and not self._is_closed:
            await self._change()
        if self._is_closed:
            raise ConnectionError("the stream has ended")
        self._items.append(item)
        self._changed.set()

    async def get(self) -> Any:
        """The next one; None at the end."""
        while not self._items and not self._is_closed:
            await self._change()
        if not self._items:
            return None
        item = self._items.popleft()
        self._changed.set()
        return item

    def close(self, last: Iterable[Any] = ()) -> None:
        """Take these and no more."""
        self._items.extend(last)
        self._is_closed = True
        self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
