"""A channel without sockets or serialisation, for a gateway in the server's own process."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Self
from weakref import WeakSet

import grpc
import grpc.aio
from google.protobuf.message import Message

from muster_gateway.local_stream import LocalStream, Pipe
from muster_gateway.unhurried import within

Dispatch = Callable[[str, Any], Coroutine[Any, Any, Message | bytes]]
DispatchStream = Callable[[str, Pipe, Mapping[str, str]], Awaitable[None]]


class LocalChannel:
    """Stands in for grpc.aio.Channel under generated stubs, for unary calls and those that are answered by a stream.

    `dispatch` gets the method's path and the request; it answers the response, as a message or serialised, or raises
    grpc.aio.AioRpcError. `dispatch_stream` gets the path, a pipe of messages and the metadata, and serves until the stream ends, or
    raises the same; None if no streams are asked for. Streams live within `async with` and are cancelled at its end.
    """

    def __init__(self, dispatch: Dispatch, dispatch_stream: DispatchStream | None = None) -> None:
        self._dispatch = dispatch
        self._dispatch_stream = dispatch_stream
        self._group = asyncio.TaskGroup()
        self._streams: WeakSet[LocalStream] = WeakSet()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        for stream in list(self._streams):
            stream.cancel()
        await self._group.__aexit__(None, None, None)

    def unary_unary(self, method: str, **codec: Any) -> Callable[..., Awaitable[Any]]:
        """A callable for one method, as a stub wants it."""
        parse = codec["response_deserializer"]

        async def call(request: Any, *, timeout: float | None = None) -> Any:  # noqa: ASYNC109  # the stubs' own parameter
            try:
                response = await within(timeout, self._dispatch(method, request))
            except TimeoutError as error:
                empty = grpc.aio.Metadata()
                raise grpc.aio.AioRpcError(grpc.StatusCode.DEADLINE_EXCEEDED, empty, empty, "Deadline Exceeded") from error
            return parse(response) if isinstance(response, bytes) else response

        return call

    def stream_stream(self, method: str, **codec: Any) -> Callable[..., LocalStream]:
        """A callable for one method, as a stub wants it."""

        def call(*, metadata: tuple[tuple[str, str], ...] = ()) -> LocalStream:
            return self._stream(method, codec, metadata)

        return call

    def unary_stream(self, method: str, **codec: Any) -> Callable[..., LocalStream]:
        """A callable for one method, as a stub wants it."""

        def call(request: Message, *, metadata: tuple[tuple[str, str], ...] = ()) -> LocalStream:
            stream = self._stream(method, codec, metadata)
            stream.say_all([request])
            return stream

        return call

    def stream_unary(self, method: str, **codec: Any) -> Callable[..., LocalStream]:
        """A callable for one method, as a stub wants it: write, `done_writing`, and read the one answer."""
        return self.stream_stream(method, **codec)

    def _stream(self, method: str, codec: Mapping[str, Any], metadata: tuple[tuple[str, str], ...]) -> LocalStream:
        if self._dispatch_stream is None:
            raise NotImplementedError(f"{method}: this channel carries no streams")
        dispatch, parse = self._dispatch_stream, codec["response_deserializer"]
        stream = LocalStream(self._group, f"local {method}", lambda pipe: dispatch(method, pipe, dict(metadata)), parse)
        self._streams.add(stream)
        return stream
