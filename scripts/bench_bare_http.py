"""What Muster's HTTP is measured against: a starlette app that does nothing but answer. Started by bench.py.

It is served by the same uvicorn with the same settings.
"""

import asyncio
import sys
from pathlib import Path

import uvloop
from bench_bare import announce
from muster_gateway.server import GatewayServer, listen
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket


class Bare:
    """Every call is answered by as many bytes as its header `x-size` says in digits, with the status of `x-status`.

    A socket is held until its client goes; what is posted to `/publish` is sent to all of them.
    """

    def __init__(self) -> None:
        self._held: set[WebSocket] = set()

    async def answer(self, request: Request) -> Response:
        """Read the body, and answer."""
        await request.body()
        headers = request.headers
        return Response(bytes(int(headers["x-size"])), int(headers["x-status"]), media_type="application/json")

    async def publish(self, request: Request) -> Response:
        """Send the body to every held socket."""
        text = (await request.body()).decode()
        for socket in self._held:
            await socket.send_text(text)
        return Response()

    async def hold(self, socket: WebSocket) -> None:
        """Until the client goes."""
        await socket.accept()
        self._held.add(socket)
        try:
            async for _ in socket.iter_text():
                pass
        finally:
            self._held.discard(socket)

    def app(self) -> Starlette:
        """What is served."""
        methods = ["GET", "POST", "PUT"]
        return Starlette(
            routes=[
                Route("/publish", self.publish, methods=["POST"]),
                Route("/{path:path}", self.answer, methods=methods),
                WebSocketRoute("/{path:path}", self.hold),
            ]
        )


async def serve(ready: Path) -> None:
    """Serve until killed; the address is written to the file once serving."""
    sockets = listen("127.0.0.1", (0,))
    server = GatewayServer(Bare().app(), sockets)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve(), name="bare HTTP")
        await server.started()
        host, port = sockets[0].getsockname()
        announce(ready, {"http": [f"{host}:{port}"]})


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
