"""What a client may say before its request is known: bounded in size and in time, by a real server on a real socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from muster_gateway import server
from muster_gateway.server import GatewayServer, listen
from starlette.types import Receive, Scope, Send

WAIT_S = 20.0
GET = b"GET / HTTP/1.1\r\nhost: a\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"


class Talk:
    """One connection to a gateway whose app reads the body, waits until it `may_answer`, and answers "ok"."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def until_closed(self) -> bytes:
        """All that the server says before it ends the connection; it may do so while this end still writes."""
        said = b""
        async with asyncio.timeout(WAIT_S):
            with contextlib.suppress(ConnectionError):
                while part := await self.reader.read(65536):
                    said += part
        return said

    async def answer(self) -> bytes:
        async with asyncio.timeout(WAIT_S):
            return await self.reader.readuntil(b"ok")


@asynccontextmanager
async def talking() -> AsyncIterator[Talk]:
    talk = Talk()
    sockets = listen("127.0.0.1", [0])
    gateway = GatewayServer(talk, sockets)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(gateway.serve(), name="gateway")
        await gateway.started()
        talk.reader, talk.writer = await asyncio.open_connection(*sockets[0].getsockname())
        try:
            yield talk
        finally:
            talk.writer.transport.abort()
            gateway.stop()
    sockets[0].close()


@pytest.mark.parametrize(
    "start", [GET + b"x: ", b"GET /", GET + b"x:", CHUNKED + b"0\r\nx: "], ids=["header", "url", "space", "trailer"]
)
async def test_head_that_goes_on_and_on_is_refused(start: bytes) -> None:
    async with talking() as talk:
        filling = b" " if start.endswith(b":") else b"a"
        talk.writer.write(start + filling * 2 * server.MAX_HEAD_BYTES)
        talk.writer.write(filling * 8 * server.MAX_HEAD_BYTES)

        said = await talk.until_closed()

    assert b"200 OK" not in said


async def test_who_says_too_much_is_told_so() -> None:
    async with talking() as talk:
        talk.writer.write(GET + b"x: " + b"a" * server.MAX_HEAD_BYTES)

        assert (await talk.until_closed()).startswith(b"HTTP/1.1 431 ")


async def test_long_body_and_many_requests_are_no_long_head() -> None:
    async with talking() as talk:
        for _ in range(4):
            talk.writer.write(CHUNKED + b"10000\r\n" + b"a" * 0x10000 + b"\r\n")
            talk.writer.write(b"10000\r\n" + b"a" * 0x10000 + b"\r\n0\r\n\r\n")

            assert (await talk.answer()).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(("requests_before", "half"), [(0, b""), (0, b"G"), (0, GET), (1, b"G"), (1, GET)])
async def test_request_that_never_becomes_whole_is_given_up(
    monkeypatch: pytest.MonkeyPatch, requests_before: int, half: bytes
) -> None:
    monkeypatch.setattr(server, "HEAD_S", 0.05)
    async with talking() as talk:
        for _ in range(requests_before):
            talk.writer.write(GET + b"\r\n")
            await talk.answer()
        talk.writer.write(half)

        assert (await talk.until_closed()).startswith(b"HTTP/1.1 408 ")


async def test_answer_may_take_longer_than_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_S", 0.02)
    async with talking() as talk:
        talk.may_answer.clear()
        talk.writer.write(CHUNKED + b"1\r\na\r\n")
        await talk.writer.drain()
        talk.writer.write(b"0\r\n\r\n\r\n")  # an empty line after a request, as old clients have it
        asyncio.get_running_loop().call_later(0.2, talk.may_answer.set)

        assert (await talk.answer()).startswith(b"HTTP/1.1 200 OK")
