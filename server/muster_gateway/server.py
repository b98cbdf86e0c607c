"""uvicorn on sockets of our own, started and stopped by the caller."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_CONNECTIONS = 10_000
STOP_S = 2
MAX_SOCKET_MESSAGE_BYTES = 64  # of pings too, as service-center has it: clients of watchers have nothing to say but these
MAX_HEAD_BYTES = 128 * 1024  # request line and headers; what arrives in one piece may be as long as such a piece
HEAD_S = 30.0  # as bodies have


def listen(host: str, ports: Sequence[int]) -> list[socket.socket]:
    """Bind a socket for each port. Raises OSError, with all sockets closed, if one is taken."""
    sockets: list[socket.socket] = []
    try:
        for port in ports:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sets TCP_NODELAY for this protocol only
            sockets.append(bound)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((host, port))
            bound.listen(2048)
    except OSError as error:
        for bound in sockets:
            bound.close()
        raise OSError(f"cannot listen on {host}:{port} for HTTP: {error.strerror}") from error
    return sockets


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the composition root's business."""
        yield


class _Protocol(HttpToolsProtocol):
    """Bounds what a client may say before its request is known, and tells the app whom a verified client certificate names.

    That name is `scope["state"]["certificate"]`, empty without one. The parser keeps a head, and trailers, until they are whole,
    in a time that grows with the square of their length.
    """

    _unread_bytes = 0  # received, and no head or body has come of it
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self.app_state = {**self.app_state, "certificate": _common_name(transport.get_extra_info("peercert"))}
        self._await_head()

    def data_received(self, data: bytes) -> None:
        self._unread_bytes += len(data)
        super().data_received(data)
        if self._unread_bytes > MAX_HEAD_BYTES:
            self._refuse(b"431 Request Header Fields Too Large")
        elif self._unread_bytes and self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        self._head_arrived()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head_arrived()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._head_arrived()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_arrived()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_S, self._out_of_time)

    def _out_of_time(self) -> None:
        if self._is_answering():
            self._await_head()
        else:
            self._refuse(b"408 Request Timeout")

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _head_arrived(self) -> None:
        self._unread_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: bytes) -> None:
        """End the connection, with an answer unless another one is under way."""
        if self.transport.is_closing():
            return
        if not self._is_answering():
            self.transport.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()


def _common_name(certificate: Any) -> str:
    """The common name in a certificate as `ssl` shows it."""
    for part in (certificate or {}).get("subject", ()):
        for key, value in part:
            if key == "commonName":
                return str(value)
    return ""


class GatewayServer:
    """Serves an app on bound sockets; none at all is fine. With an SSL context it speaks TLS only."""

    def __init__(self, app: ASGIApp, sockets: list[socket.socket], tls: ssl.SSLContext | None = None) -> None:
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="websockets-sansio",
            ws_max_size=MAX_SOCKET_MESSAGE_BYTES,
            ws_per_message_deflate=False,  # events are small, and there are many sockets
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,  # a room that heeds X-Forwarded-For says so itself; uvicorn would hide the socket's address
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=STOP_S,
            ssl_context_factory=None if tls is None else lambda *_: tls,
        )
        self._sockets = sockets
        self._server = _Server(config)

    async def serve(self) -> None:
        """Serve until `stop`."""
        if self._sockets:
            await self._server.serve(sockets=self._sockets)

    async def started(self) -> None:
        """Wait until requests are taken."""
        while self._sockets and not self._server.started:  # noqa: ASYNC110  # uvicorn tells by this flag only
            await asyncio.sleep(0.005)

    def stop(self) -> None:
        """Take no more requests and finish those under way, 2 s at most."""
        self._server.should_exit = True
