"""One ASGI app for all HTTP ports: finds the room that a path belongs to, and its route."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Protocol

import grpc.aio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from muster_gateway import openapi
from muster_gateway.bodies import Bodies, BodyRefusedError
from muster_gateway.callers import Caller, acting_for, authorization_of
from muster_gateway.finders.room import FindersRoom
from muster_gateway.kie.room import KieRoom
from muster_gateway.nacos.grpc.connections import Connections
from muster_gateway.nacos.room import NacosRoom
from muster_gateway.registry import Registry, details_of, http_status, message_of
from muster_gateway.route import Paths, Room, SocketRoom
from muster_gateway.servicecomb.room import ServiceCombRoom
from muster_gateway.servicestage.room import ServiceStageRoom
from muster_gateway.turns import Turns


class MetricsSource(Protocol):
    """Whoever can be scraped."""

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        ...


def create_app(
    channel: Any,
    metrics: MetricsSource,
    nacos_connections: Connections | None = None,
    *,
    host: str = "127.0.0.1",
    is_guarded: bool = False,
    arrivals: Callable[[], int] = lambda: 0,
) -> "Gateway":
    """The app over a channel, local or real. `is_guarded`: the registry asks for credentials.

    `nacos_connections` are those of the Nacos gRPC server of this process, if there is one. `host` is the address that the app is
    served on, from which changes are pushed over UDP. `arrivals` tells how many gRPC calls have come to this process.
    """
    registry = Registry(channel)
    connections = Connections() if nacos_connections is None else nacos_connections
    rooms = (
        NacosRoom(registry, connections, host=host, is_guarded=is_guarded),
        ServiceStageRoom(registry, is_guarded=is_guarded),
        ServiceCombRoom(registry, is_guarded=is_guarded),
        KieRoom(registry),
        FindersRoom(registry),
    )
    return Gateway(rooms, metrics, registry.prove if is_guarded else None, arrivals)


class Gateway:
    """The app. Requests take turns, so that HTTP load leaves the loop to gRPC. Paths of no room are answered by the last one.

    `prove`, if given, raises AioRpcError for a caller whose credential does not count: such a one gets public routes only.
    """

    def __init__(
        self,
        rooms: tuple[Room, ...],
        metrics: MetricsSource,
        prove: Callable[[], Awaitable[object]] | None = None,
        arrivals: Callable[[], int] = lambda: 0,
    ) -> None:
        self.routes = tuple(route for room in rooms for route in room.routes())
        self._rooms = rooms
        self._metrics = metrics
        self._prove = prove
        self._paths = Paths(self.routes)
        self._sockets = Paths([socket for room in rooms if isinstance(room, SocketRoom) for socket in room.sockets()])
        self._bodies = Bodies()
        self._turns = Turns(arrivals)
        self._document = openapi.document(self.routes)
        self._page = openapi.page(self.routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "websocket":
            await self._converse(scope, receive, send)
        if scope["type"] != "http":
            return
        scope["turns"] = self._turns
        room = self._room_of(scope["path"])
        request = self._bodies.read(scope, receive)
        try:
            async with request, self._turns:
                with acting_for(_caller(scope, await room.authorization(request))):
                    response = await self._answer(room, request)
        except BodyRefusedError as refusal:
            response = room.refused(request, refusal)
            if response.status_code == 401:
                response.headers["www-authenticate"] = "Bearer, Basic"
        except ClientDisconnect:
            return
        room.dress(request, response)
        await response(scope, receive, send)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Run what the rooms need beside their calls, for as long as the context is open."""
        async with AsyncExitStack() as stack:
            for room in self._rooms:
                await stack.enter_async_context(room.serving())
            yield

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a WebSocket. It takes no turns: it is mostly silent, and what it sends is small."""
        methods, scope["path_params"] = self._sockets.find(scope["path"])
        socket = WebSocket(scope, receive, send)
        if not methods:
            await socket.close()
            return
        with acting_for(_caller(scope, authorization_of(socket))):
            try:
                await self._check_caller()
            except BodyRefusedError:
                await socket.close()  # before it is accepted: the handshake is answered 403
                return
            with suppress(WebSocketDisconnect):
                await methods["WEBSOCKET"].handler(socket)

    def _room_of(self, path: str) -> Room:
        for room in self._rooms:
            if path.startswith(room.prefixes):
                return room
        return self._rooms[-1]

    async def _answer(self, room: Room, request: Request) -> Response:
        path = request.scope["path"]  # not that of the URL, which ends at a # or ? that was escaped
        if request.method == "GET" and (own := await self._own(path)) is not None:
            return own
        methods, request.scope["path_params"] = self._paths.find(path)
        chosen = room.choose(request, methods)
        if isinstance(chosen, Response):
            return chosen
        if not chosen.is_public:
            await self._check_caller()
        return await chosen.handler(request)

    async def _check_caller(self) -> None:
        """Raises BodyRefusedError."""
        if self._prove is None:
            return
        try:
            await self._prove()
        except grpc.aio.AioRpcError as error:
            raise BodyRefusedError(http_status(error), message_of(error), details_of(error)) from None

    async def _own(self, path: str) -> Response | None:
        match path:
            case "/metrics":
                await self._check_caller()
                return Response(self._metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")
            case "/openapi.json":
                return Response(self._document, media_type="application/json")
            case "/":
                return Response(self._page, media_type="text/html; charset=utf-8")
            case _:
                return None


def _caller(scope: Scope, authorization: str) -> Caller:
    client = scope.get("client")
    return Caller(authorization, client[0] if client else "", scope.get("state", {}).get("certificate", ""))
