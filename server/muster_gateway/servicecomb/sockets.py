"""The WebSockets: events of what a microservice calls, and heartbeats by mere presence."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc.aio
from muster.catalog.v1 import catalog_service_pb2 as catalog
from starlette.websockets import WebSocket, WebSocketDisconnect

from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of
from muster_gateway.route import SocketRoute
from muster_gateway.servicecomb.calls import definition_of
from muster_gateway.servicecomb.errors import CseError
from muster_gateway.servicecomb.followers import Consumer, Outbox, written
from muster_gateway.servicecomb.names import namespace_of
from muster_gateway.servicecomb.registering import MAX_BATCH, Registering
from muster_gateway.servicecomb.watching import Watching

UNKNOWN = "service does not exist"
NO_INSTANCE = "heartbeat reporting failed because the instance does not exist"
NO_INSTANCE_CODE = 4001
TRY_AGAIN_CODE = 1013
FORBIDDEN_CODE = 1008
BEAT_S = 10.0


class Sockets:
    """The server pings every socket each 20 s and closes it if that is not answered, so a socket that is open is a sign of life."""

    def __init__(self, registry: Registry, watching: Watching, registering: Registering) -> None:
        self._registry, self._watching, self._registering = registry, watching, registering

    def routes(self) -> tuple[SocketRoute, ...]:
        """What is served, below the project and on the older path."""
        service = "/microservices/{service_id}"
        rows = (
            (f"{service}/watcher", self.watch),
            (f"{service}/listwatcher", self.list_and_watch),
            (f"{service}/instances/{{instance_id}}/heartbeat", self.beat),
        )
        prefixes = ("/v4/{project_id}/registry", "/registry/v3")
        return tuple(SocketRoute(f"{prefix}{path}", handler) for prefix in prefixes for path, handler in rows)

    async def watch(self, socket: WebSocket) -> None:
        """Send the events of what a microservice calls until it, or the client, is gone."""
        await self._watch(socket, lists=False)

    async def list_and_watch(self, socket: WebSocket) -> None:
        """The same, after a CREATE for each instance that is there, for old clients. What comes meanwhile may come twice."""
        await self._watch(socket, lists=True)

    async def _watch(self, socket: WebSocket, *, lists: bool) -> None:
        consumer = Consumer(namespace_of(socket), socket.path_params["service_id"])
        await socket.accept()
        try:
            await definition_of(self._registry, *consumer)  # in the caller's name: what sockets are fed from is the gateway's own
        except grpc.aio.AioRpcError as error:
            await _refuse(socket, reason_of(error))
            return
        outbox = self._watching.join(consumer)

        async def talk() -> None:
            try:
                present = await self._present(consumer) if lists else []
            except grpc.aio.AioRpcError as error:
                await _refuse(socket, reason_of(error))
                return
            for event in present:
                await socket.send_text(event)
            await _send_all(socket, outbox)

        try:
            await _while_open(socket, talk)
        finally:
            self._watching.leave(consumer, outbox)

    async def _present(self, consumer: Consumer) -> list[str]:
        """A CREATE for each instance that a consumer sees of what it calls. Raises grpc.aio.AioRpcError."""
        namespace, service_id = consumer
        called: catalog.ListProvidersResponse = await self._registry.catalog.ListProviders(
            catalog.ListProvidersRequest(namespace=namespace, definition_id=service_id), timeout=CALL_TIMEOUT_S
        )
        events = []
        for start in range(0, len(called.definitions), MAX_BATCH):
            some = called.definitions[start : start + MAX_BATCH]
            queries = [catalog.InstanceQuery(definition_id=definition.definition_id) for definition in some]
            asked = catalog.FindInstancesRequest(namespace=namespace, consumer_id=service_id, queries=queries)
            answer: catalog.FindInstancesResponse = await self._registry.catalog.FindInstances(asked, timeout=CALL_TIMEOUT_S)
            for group in (group for part in answer.answers for group in part.found):
                events += [written(namespace, "CREATE", group.definition, instance) for instance in group.instances]
        return events

    async def beat(self, socket: WebSocket) -> None:
        """Renew an instance for as long as the socket is open."""
        await socket.accept()
        await _while_open(socket, lambda: self._beat(socket))

    async def _beat(self, socket: WebSocket) -> None:
        path = socket.path_params
        while True:
            try:
                await self._registering.beat(namespace_of(socket), path["service_id"], path["instance_id"])
            except CseError:
                await socket.close(NO_INSTANCE_CODE, NO_INSTANCE)
                return
            except grpc.aio.AioRpcError:
                pass  # the registry is away for now: the lease says for how long that may be
            await asyncio.sleep(BEAT_S)


async def _refuse(socket: WebSocket, reason: str) -> None:
    match reason:
        case "DEFINITION_NOT_FOUND" | "INVALID_FIELD":
            await socket.send_text(UNKNOWN)
            await socket.close()
        case "PERMISSION_DENIED":
            await socket.close(FORBIDDEN_CODE, "no permission(s)")
        case _:
            await socket.close(TRY_AGAIN_CODE)


async def _send_all(socket: WebSocket, outbox: Outbox) -> None:
    while (event := await outbox.next()) is not None:
        await socket.send_text(event)
    if outbox.is_overrun:
        await socket.close(TRY_AGAIN_CODE)
        return
    await socket.send_text(UNKNOWN)
    await socket.close()


async def _while_open(socket: WebSocket, talk: Callable[[], Awaitable[None]]) -> None:
    """Talk until that ends or the client goes; what the client says is not listened to."""
    async with asyncio.TaskGroup() as group:
        talking = group.create_task(_quietly(talk), name="socket writer")
        while not talking.done():
            listening = group.create_task(_heard(socket), name="socket reader")
            await asyncio.wait((talking, listening), return_when=asyncio.FIRST_COMPLETED)
            if not listening.done():
                listening.cancel()
            elif not listening.result():
                talking.cancel()
                return


async def _heard(socket: WebSocket) -> bool:
    """True if the client said something, False if it is gone."""
    return bool((await socket.receive())["type"] != "websocket.disconnect")


async def _quietly(talk: Callable[[], Awaitable[None]]) -> None:
    try:
        await talk()
    except WebSocketDisconnect:
        return  # the reader notices too
