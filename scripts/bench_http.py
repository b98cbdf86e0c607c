"""Clients of HTTP and WebSockets that cost little, so that they are not what is measured."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from bench_harness import IN_FLIGHT, Load, Server, loaded
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri


def request(method: str, path: str, body: bytes = b"", headers: str = "") -> bytes:
    """One as it is sent. Each of the `headers` ends its line."""
    return f"{method} {path} HTTP/1.1\r\nhost: bench\r\n{headers}content-length: {len(body)}\r\n\r\n".encode() + body


async def requested(server: Server, requests: Sequence[bytes], status: int) -> Load:
    """Send them all over 64 connections. Raises RuntimeError for an answer with another status.

    Meanwhile this process never sleeps: to wake it would be on the server's account, and only of the one that it waits for.
    """
    waiting = iter(requests)
    callers = [await _connected(server, _Caller(waiting, str(status).encode())) for _ in range(IN_FLIGHT)]
    spinning = asyncio.ensure_future(_spin())
    load = await loaded(server, len(callers), lambda number: callers[number].call(), len(callers))
    spinning.cancel()
    return load.of_each(len(requests) / len(callers))


async def _spin() -> None:
    while True:  # noqa: ASYNC110  # it is not to wait
        await asyncio.sleep(0)


class _Caller(asyncio.Protocol):
    """One connection, kept: sends a request as soon as the one before is answered."""

    def __init__(self, requests: Iterator[bytes], status: bytes) -> None:
        self._requests, self._status = requests, status
        self._received = b""
        self._transport: Any = None
        self._done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    async def call(self) -> None:
        """Until no request is left."""
        self._next()
        await self._done
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        if head[9:12] != self._status:
            self._done.set_exception(RuntimeError(self._received.decode()))
            return
        self._received = b""
        self._next()

    def _next(self) -> None:
        if (following := next(self._requests, None)) is not None:
            self._transport.write(following)
        else:
            self._done.set_result(None)


def _length(head: bytes) -> int:
    """What content-length says; 0 without one."""
    rest = head.lower().partition(b"\r\ncontent-length: ")[2]
    return int(rest.partition(b"\r\n")[0] or b"0")


class Socket(asyncio.Protocol):
    """A WebSocket."""

    def __init__(self, server: Server, path: str) -> None:
        self._protocol = ClientProtocol(parse_uri(f"ws://{server.http[0]}{path}"))
        self._transport: Any = None
        self.came = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Shake hands."""
        self._transport = transport
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Take what comes, and answer pings."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if not isinstance(event, Frame) or event.opcode is Opcode.TEXT:
                self.came.set_result(event)
        self._flush()

    async def next(self) -> Any:
        """What comes next: the answer to the handshake, then texts, one at a time."""
        try:
            return await self.came
        finally:
            self.came = asyncio.get_running_loop().create_future()

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def _flush(self) -> None:
        self._transport.writelines(self._protocol.data_to_send())


async def sockets(server: Server, path: str, count: int) -> list[Socket]:
    """So many that are open."""
    every: list[Socket] = []
    while len(every) < count:
        some = [await _connected(server, Socket(server, path)) for _ in range(min(100, count - len(every)))]
        await asyncio.gather(*(socket.next() for socket in some))
        every += some
    return every


async def _connected(server: Server, protocol: Any) -> Any:
    host, _, port = server.http[0].rpartition(":")
    await asyncio.get_running_loop().create_connection(lambda: protocol, host, int(port))
    return protocol
