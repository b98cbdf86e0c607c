"""The two methods that every Nacos SDK calls, and what becomes of each request."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import structlog
from muster.config.v1 import config_pb2

from muster_gateway.callers import Caller, acting_for, current_caller
from muster_gateway.nacos.credentials import DENIED, authorization, why_refused
from muster_gateway.nacos.errors import BadParameterError, RefusedError
from muster_gateway.nacos.grpc import fuzzy, outbox, requests, wire
from muster_gateway.nacos.grpc.admission import Admission
from muster_gateway.nacos.grpc.configs import NOTHING, Configs, Notices
from muster_gateway.nacos.grpc.connections import Connection, Connections, address_of
from muster_gateway.nacos.grpc.fuzzy import FuzzyWatches
from muster_gateway.nacos.grpc.listening import Listening
from muster_gateway.nacos.grpc.locks import Locks
from muster_gateway.nacos.grpc.names import NamesByNamespace
from muster_gateway.nacos.grpc.naming import Naming
from muster_gateway.nacos.grpc.service_info import ReferenceTimes
from muster_gateway.nacos.grpc.session import Session
from muster_gateway.nacos.grpc.views import Views
from muster_gateway.nacos.grpc.watching import ServiceWatches
from muster_gateway.nacos.grpc.wire import BadPayloadError, Frame, RefusedCallError
from muster_gateway.registry import Registry, http_status, message_of

log = structlog.get_logger(__name__)

TICK_S = 0.25
ABILITIES = {"supportPersistentInstanceByGrpc": True, "fuzzyWatch": True, "lock": True}
_GONE = (grpc.aio.AbortError, grpc.aio.UsageError, grpc.aio.InternalError, asyncio.InvalidStateError)
_STARTING = 300  # what a server says that serves not yet, or not any more: SDKs try again


@dataclass(frozen=True, slots=True)
class _Route:
    """What a type of request is answered by. `fields` are what the response needs even when it says no."""

    request: type[Any]
    response: str
    handle: Callable[[Any, Connection, Frame], Awaitable[bytes]]
    fields: dict[str, object] = field(default_factory=dict)


class NacosGrpc:
    """Owns the connections and every task that serves them. Works within `serving`; `running` are the handlers of open streams."""

    def __init__(self, channel: Any, connections: Connections | None = None, *, is_guarded: bool = False) -> None:
        registry, times = Registry(channel), ReferenceTimes()
        self._registry = registry
        self.connections = Connections() if connections is None else connections
        self.views = Views(ServiceWatches(registry.discovery, self._spawn), times)
        self._group = asyncio.TaskGroup()
        self._sessions: set[Session] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self._admission = Admission(registry, self.connections, self._start) if is_guarded else None
        self.running: set[asyncio.Task[Any]] = set()
        self._fuzzy_services = FuzzyWatches(
            fuzzy.SERVICES, NamesByNamespace(registry.watch_services, self._spawn), registry.may_read
        )
        self._fuzzy_configs = FuzzyWatches(fuzzy.CONFIGS, NamesByNamespace(registry.watch_configs, self._spawn), registry.may_read)
        self._locks = Locks(registry)
        self._routes = self._table(Naming(registry, self.views, times, self._open_session), Configs(registry, self._open_listening))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Run what pushes and watches; at the end throw everybody off, their instances left to come back."""
        async with self._group:
            self._spawn(self._tick())
            if self._admission is not None:
                self._spawn(self._admission.review())
            try:
                yield
            finally:
                self.stop()
                for task in self._background:
                    task.cancel()

    def stop(self) -> None:
        """Stop serving: clients are to connect anew, and their instances wait for them."""
        self._is_stopping = True
        for session in list(self._sessions):
            session.abandoned()
        self.connections.end_all("the server is stopping")

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """What grpc.aio serves."""
        (unary_service, unary), (stream_service, stream) = wire.UNARY_PATH, wire.STREAM_PATH
        made_unary: Any = grpc.unary_unary_rpc_method_handler(self._request)
        made_stream: Any = grpc.stream_stream_rpc_method_handler(self._stream)
        return [
            grpc.method_handlers_generic_handler(unary_service, {unary: made_unary}),
            grpc.method_handlers_generic_handler(stream_service, {stream: made_stream}),
        ]

    async def _request(self, data: bytes, context: Any) -> bytes:
        try:
            frame = wire.decode(data)
            return await self._answer(frame, context)
        except BadPayloadError:
            return wire.refusal("ErrorResponse", wire.BAD_PAYLOAD, "errCode: 101, errMsg: Nacos deserialize failed.  ")

    async def _answer(self, frame: Frame, context: Any) -> bytes:
        peer = context.peer()
        if self._is_stopping:
            return wire.refusal("ErrorResponse", _STARTING, "Server is stopping.")
        if frame.type == "ServerCheckRequest":
            fields = {"connectionId": self.connections.check(peer), "supportAbilityNegotiation": True}
            return wire.answer("ServerCheckResponse", fields)
        route = self._routes.get(frame.type)
        if route is None and frame.type != "HealthCheckRequest":
            return wire.refusal("ErrorResponse", wire.NO_HANDLER, "RequestHandler Not Found")
        connection = self.connections.at(peer) or await self.connections.find(peer)
        if connection is not None:
            connection.is_active()
        if route is None:
            if connection is None:  # not 301 here: two SDKs take any 3xx for health
                return wire.refusal("ErrorResponse", wire.FAILED, "Connection is unregistered.")
            return wire.answer("HealthCheckResponse")
        if connection is None:
            return wire.refusal("ErrorResponse", wire.UNREGISTERED, "Connection is unregistered.")
        credential = authorization({name.lower(): value for name, value in frame.headers.items()}) if frame.headers else ""
        with acting_for(Caller(credential, address_of(peer), self._certificate(context))):
            return await self._handle(route, frame, connection)

    def _certificate(self, context: Any) -> str:
        """Whom a verified client certificate names; looked at only where somebody asks."""
        names = context.auth_context().get("x509_common_name", ()) if self._admission is not None else ()
        return next(iter(names), b"").decode(errors="replace")

    async def _handle(self, route: _Route, frame: Frame, connection: Connection) -> bytes:
        asked = wire.read(frame.body, route.request)
        try:
            if self._admission is not None:
                await self._admission.admit(connection)
            return await route.handle(asked, connection, frame)
        except RefusedCallError as refused:
            code, message = refused.code, refused.message
        except BadParameterError as refused:
            code, message = wire.INVALID_PARAMETER, f"Param check invalid:{refused}"
        except RefusedError as refused:
            code = wire.INVALID_PARAMETER if refused.status < 500 else wire.FAILED
            message = refused.data or ""
        except grpc.aio.AioRpcError as error:
            if (status := http_status(error)) in (401, 403):
                why = why_refused(current_caller().authorization, time.time()) if status == 401 else DENIED
                return wire.refusal(route.response, wire.FORBIDDEN, why, route.fields)
            is_callers = error.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION)
            code, message = wire.INVALID_PARAMETER if is_callers else wire.FAILED, message_of(error)
        except Exception as error:  # the root of a call: whatever happened becomes an answer
            log.error("nacos call failed", type=frame.type, exc_info=error)
            code, message = wire.FAILED, "internal error"
        return wire.refusal(route.response, code, message, route.fields)

    async def _stream(self, _: Any, context: Any) -> None:
        task = asyncio.current_task()
        if task is not None:
            self.running.add(task)
            task.add_done_callback(self.running.discard)
        peer = context.peer()
        connection: Connection | None = None
        why = "the stream has ended"
        try:
            await context.send_initial_metadata(())
            connection = self._set_up(wire.decode(await _read(context)), peer)
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(connection.outbox.write_all(context.write), name="nacos writer")
                while data := await _read(context):
                    self._take(wire.decode(data), connection)
                writer.cancel()
        except asyncio.CancelledError:
            if connection is None or not connection.failure or task is None:
                raise
            task.uncancel()
            why = connection.failure
        except BadPayloadError as error:
            why = f"what came cannot be read: {error}"
        except BaseExceptionGroup as errors:
            _, others = errors.split((*_GONE, BadPayloadError))
            if others is not None:
                log.error("nacos stream failed", exc_info=others)
        finally:
            if connection is not None:
                self._drop(peer, connection)
        await context.abort(grpc.StatusCode.UNAVAILABLE, why)  # an end with OK goes unnoticed by some SDKs

    def _set_up(self, frame: Frame, peer: str) -> Connection:
        if self._is_stopping or frame.type != "ConnectionSetupRequest":
            raise BadPayloadError("the first message must be a ConnectionSetupRequest")
        setup = wire.read(frame.body, requests.Setup)
        labels = {key: requests.text(value) for key, value in (setup.labels or {}).items()}
        connection = self.connections.set_up(peer, frame.client_ip[:256], labels)
        connection.version = requests.text(setup.clientVersion)[:64]
        if setup.abilityTable is not None:
            connection.outbox.post("setup", lambda _: wire.encode("SetupAckRequest", _SETUP_ACK), outbox.once)
        return connection

    def _take(self, frame: Frame, connection: Connection) -> None:
        """An answer to a push. What it claims to be is not looked at: SDKs differ in it."""
        connection.is_active()
        if frame.type.endswith("Response"):
            ack = wire.read(frame.body, requests.Ack)
            if ack.resultCode in (None, wire.OK):
                connection.outbox.acknowledge(ack.requestId or "")

    def _drop(self, peer: str, connection: Connection) -> None:
        self.connections.remove(peer, connection)
        self.views.drop(connection)
        if connection.session is not None:
            connection.session.lost()
        connection.stop_listening()
        connection.stop_holding()
        self._fuzzy_services.drop(connection)
        self._fuzzy_configs.drop(connection)

    def _open_session(self, connection: Connection) -> None:
        def spawn(work: Coroutine[Any, Any, None]) -> object:
            return self._start(work, connection)

        connection.session = session = Session(self._registry.registration, session_name(connection), connection.end, spawn)
        self._sessions.add(session)
        task = self._start(session.run(), connection)
        task.add_done_callback(lambda _: self._sessions.discard(session))

    def _open_listening(self, connection: Connection, traits: config_pb2.ClientTraits) -> None:
        connection.listening = listening = Listening(self._registry.config, traits, Notices(connection))
        connection.stop_listening = self._start(listening.run(), connection).cancel

    def _start(self, work: Coroutine[Any, Any, None], connection: Connection) -> "asyncio.Task[None]":
        """Run what one connection owns, in the name of the caller whose request needs it."""
        return self._group.create_task(_rooted(work, connection), name="nacos connection")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run what no single connection owns, until it is cancelled or the serving ends."""
        task = self._group.create_task(work, name="nacos")
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.connections.tick()

    def _table(self, naming: Naming, configs: Configs) -> dict[str, _Route]:
        return {
            "InstanceRequest": _Route(requests.Instance, "InstanceResponse", naming.instance),
            "BatchInstanceRequest": _Route(requests.Batch, "BatchInstanceResponse", naming.batch),
            "PersistentInstanceRequest": _Route(requests.Instance, "InstanceResponse", naming.persistent),
            "ServiceQueryRequest": _Route(requests.ServiceQuery, "QueryServiceResponse", naming.query),
            "SubscribeServiceRequest": _Route(requests.Subscribe, "SubscribeServiceResponse", naming.subscribe),
            "ServiceListRequest": _Route(
                requests.ServiceList, "ServiceListResponse", naming.list_services, {"count": 0, "serviceNames": []}
            ),
            "NamingFuzzyWatchRequest": _Route(requests.FuzzyWatch, "NamingFuzzyWatchResponse", self._fuzzy_services.watch),
            "ConfigFuzzyWatchRequest": _Route(requests.FuzzyWatch, "ConfigFuzzyWatchResponse", self._fuzzy_configs.watch),
            "LockOperationRequest": _Route(requests.LockOperation, "LockOperationResponse", self._locks.operate, {"result": False}),
            "ConfigQueryRequest": _Route(requests.Config, "ConfigQueryResponse", configs.query, dict(NOTHING)),
            "ConfigPublishRequest": _Route(requests.Publish, "ConfigPublishResponse", configs.publish),
            "ConfigRemoveRequest": _Route(requests.Config, "ConfigRemoveResponse", configs.remove),
            "ConfigBatchListenRequest": _Route(
                requests.BatchListen, "ConfigChangeBatchListenResponse", configs.listen, {"changedConfigs": []}
            ),
        }


def session_name(connection: Connection) -> str:
    """What the native session of a connection is called, for people and for the admin calls, which find the connection by it."""
    return f"nacos {connection.client_ip} {connection.id}"


_SETUP_ACK = {"headers": {}, "requestId": "", "module": "internal", "abilityTable": ABILITIES}


async def _rooted(work: Coroutine[Any, Any, None], connection: Connection) -> None:
    """The root of a connection's task: a defect costs this connection, and nobody else's."""
    try:
        await work
    except Exception as error:
        log.error("task of a nacos connection failed", exc_info=error)
        connection.end("internal error")


async def _read(context: Any) -> bytes:
    """The next message; empty at the end of what the client sends."""
    data = await context.read()
    return b"" if data is grpc.aio.EOF else data
