"""A channel without sockets or serialisation, for a gateway in the server's own process."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import Message

Dispatch = Callable[[str, Any], Awaitable[Message | bytes]]


class LocalChannel:
    """Stands in for grpc.aio.Channel under generated stubs, for unary calls.

    `dispatch` gets the method's path and the request; it answers the response, as a message or serialised, or raises
    grpc.aio.AioRpcError.
    """

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    def unary_unary(self, method: str, **codec: Any) -> Callable[..., Awaitable[Any]]:
        """A callable for one method, as a stub wants it."""
        parse = codec["response_deserializer"]

        async def call(request: Any, *, timeout: float | None = None) -> Any:  # noqa: ASYNC109  # the stubs' own parameter
            try:
                async with asyncio.timeout(timeout):
                    response = await self._dispatch(method, request)
            except TimeoutError as error:
                empty = grpc.aio.Metadata()
                raise grpc.aio.AioRpcError(grpc.StatusCode.DEADLINE_EXCEEDED, empty, empty, "Deadline Exceeded") from error
            return parse(response) if isinstance(response, bytes) else response

        return call

    def stream_stream(self, method: str, **_: Any) -> Callable[..., Any]:
        """Streams are not carried in process; the stubs ask for them all the same."""

        def call(*_: Any, **__: Any) -> Any:
            raise NotImplementedError(f"{method}: the gateway makes unary calls only")

        return call
