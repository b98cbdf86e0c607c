"""The one module that knows grpc.aio: servicers see a Call or a Stream of ours and fail by raising MusterError."""

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from enum import Enum
from typing import Any, TypeVar, assert_never

import grpc
import grpc.aio
import structlog
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from msgspec.structs import replace

from muster_server.core.access_model import Action, Resource
from muster_server.core.errors import MusterError, Reason
from muster_server.rpc.addresses import CALLER_KEY, CERTIFICATE_KEY, LOCAL_PEER, certificate_name
from muster_server.rpc.calls import Call, CallObserver, Method, Pipe, Stream, Unary
from muster_server.rpc.gate import Gate
from muster_server.rpc.status_codes import STATUS_CODES, trailers

log = structlog.get_logger(__name__)

T = TypeVar("T")

SERVER_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", 16 << 20),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_ping_strikes", 0),
)


_GONE = (grpc.aio.AbortError, grpc.aio.UsageError, grpc.aio.InternalError, asyncio.InvalidStateError)


class Shape(Enum):
    """Which sides of a method have many messages. On the wire all that stream are alike."""

    UNARY = (False, False)
    SERVER_STREAMING = (False, True)
    CLIENT_STREAMING = (True, False)
    BIDIRECTIONAL = (True, True)


class Services:
    """The methods of all services by path (`/package.Service/Method`), checked against their descriptors."""

    def __init__(self, observer: CallObserver, gate: Gate | None = None) -> None:
        self._observer = observer
        self._gate = gate
        self._methods: dict[str, tuple[type[Message], Method, Shape]] = {}
        self._numbers = itertools.count(1)
        self.finished_count = 0
        self.handlers = Handlers()
        self.names: list[str] = []
        self.running: set[asyncio.Task[Any]] = set()
        self.streams: set[_EndableStream] = set()
        if gate is not None:
            gate.streams = self.streams

    def add(self, service: ServiceDescriptor, methods: Mapping[str, Method]) -> None:
        """Serve a service. Raises ValueError if a method of the descriptor is missing or one is unknown."""
        if set(methods) != {method.name for method in service.methods}:
            raise ValueError(f"{service.full_name}: servicer and descriptor differ in their methods")
        self.names.append(service.full_name)
        for method in service.methods:
            path, request_class = f"/{service.full_name}/{method.name}", GetMessageClass(method.input_type)
            shaped = methods[method.name], Shape((bool(method.client_streaming), bool(method.server_streaming)))
            self._methods[path] = (request_class, *shaped)
            self.handlers.by_path[path] = self._handler(path, request_class, shaped)

    def call(self, path: str, request: Message, call: Call) -> Coroutine[Any, Any, Message | bytes]:
        """Call a unary method in this process. The coroutine raises grpc.aio.AioRpcError, as a channel would."""
        _, method, _ = self._methods[path]
        return self._answered(path, _LOCAL, self._answer(path, method, request, call))  # type: ignore[arg-type]  # unary by contract

    def _answer(self, path: str, method: Unary, request: Message, call: Call) -> Coroutine[Any, Any, Message | bytes]:
        return method(request, call) if self._gate is None else self._answer_admitted(path, method, request, call)

    async def _answer_admitted(self, path: str, method: Unary, request: Message, call: Call) -> Message | bytes:
        return await method(request, await self._admitted(path, call, request))

    async def _answered(self, path: str, context: "_Context", work: Coroutine[Any, Any, T]) -> T:
        """What a unary call's work answers, counted; whatever it raises becomes a status. The short way of what _Guard does."""
        began_s, code = time.monotonic(), "OK"
        self.started(path)
        try:
            return await work
        except asyncio.CancelledError:
            code = "CANCELLED"
            raise
        except Exception as error:  # the root of a call
            refusal = _as_refusal(error, path)
            code = STATUS_CODES[refusal.reason].name
            await context.abort(STATUS_CODES[refusal.reason], refusal.message, trailers(refusal))
            raise AssertionError("abort returned") from error
        finally:
            self.finished(path, code, time.monotonic() - began_s)

    async def stream(self, path: str, pipe: Pipe, peer: str, metadata: Mapping[str, str]) -> None:
        """Serve a streaming method in this process. Raises grpc.aio.AioRpcError, as a channel would."""
        _, method, shape = self._methods[path]
        stream = _PipedStream(pipe, Call(peer, metadata, number=next(self._numbers)))
        async with _Guard(self, path, _LocalContext(), stream):
            stream.call = await self._admitted(path, stream.call, None)
            await self._serve(path, stream, method, shape)

    def started(self, path: str) -> None:
        """A call began."""
        self._observer.started(path)

    def finished(self, path: str, code: str, seconds: float) -> None:
        """A call ended with a status code's name."""
        self.finished_count += 1
        self._observer.finished(path, code, seconds)

    def end_streams(self, error: MusterError) -> None:
        """End every stream with this error."""
        for stream in self.streams:
            stream.end(error)

    async def _serve(self, path: str, stream: Stream, method: Any, shape: Shape) -> None:
        match shape:
            case Shape.BIDIRECTIONAL:
                await method(stream)
            case Shape.CLIENT_STREAMING:
                await stream.write(await method(stream))
            case Shape.SERVER_STREAMING:
                request = await stream.read()
                if request is None:
                    raise MusterError(Reason.PROTOCOL_VIOLATION, "one request is needed, none came")
                if self._gate is not None:
                    needed = self._gate.needed(path, request)
                    for right in needed:
                        stream.call.require(*right)
                    stream.held = lambda: needed
                await method(request, stream)
            case Shape.UNARY:
                raise AssertionError(shape)
            case _:
                assert_never(shape)

    async def _admitted(self, path: str, call: Call, request: Message | None) -> Call:
        """The call with its principal. Raises MusterError (UNAUTHENTICATED, PERMISSION_DENIED, LOGIN_THROTTLED)."""
        if self._gate is None:
            return call
        authorization = call.metadata.get("authorization", "")
        certificate = call.metadata.get(CERTIFICATE_KEY, "") if call.peer == LOCAL_PEER else call.certificate
        principal = await self._gate.principal(path, authorization, call.address, certificate)
        admitted = replace(call, principal=principal, gate=self._gate)
        self._gate.admit(path, admitted, request)
        return admitted

    async def admit_guest(self, path: str, context: "grpc.aio.ServicerContext[Any, Any]", request: Message) -> None:
        """Let a call of a handler that is not ours pass. Raises as `_admitted` does."""
        await self._admitted(path, self._call(context), request)

    def _handler(self, path: str, request_class: type[Message], shaped: tuple[Method, Shape]) -> "grpc.RpcMethodHandler[Any, Any]":
        method, shape = shaped
        if shape is Shape.UNARY:
            return grpc.unary_unary_rpc_method_handler(self._unary(path, request_class, method))  # type: ignore[arg-type]  # by its shape
        return grpc.stream_stream_rpc_method_handler(self._streaming(path, request_class, shaped))

    def _unary(self, path: str, request_class: type[Message], method: Unary) -> Callable[..., Awaitable[bytes]]:
        async def work(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
            response = await self._answer(path, method, _parsed(request_class, request), self._call(context))
            return response if isinstance(response, bytes) else response.SerializeToString()

        async def handle(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
            task: asyncio.Task[Any] = asyncio.current_task()  # type: ignore[assignment]  # a handler is a task's
            self.running.add(task)
            try:
                return await self._answered(path, context, work(request, context))
            finally:
                self.running.discard(task)

        return handle

    def _streaming(self, path: str, request_class: type[Message], shaped: tuple[Method, Shape]) -> Callable[..., Awaitable[None]]:
        async def handle(_: AsyncIterator[bytes], context: grpc.aio.ServicerContext[Any, Any]) -> None:
            stream = _GrpcStream(context, request_class, self._call(context))
            async with _Guard(self, path, context, stream):
                await stream.open()
                stream.call = await self._admitted(path, stream.call, None)
                await self._serve(path, stream, *shaped)

        return handle

    def _call(self, context: "grpc.aio.ServicerContext[Any, Any]") -> Call:
        # Copied now, not when asked for: after the end of the call gRPC would read memory that it has freed.
        metadata = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
        # A gateway's own certificate says nothing of those whom it asks for.
        has_own_certificate = self._gate is not None and CALLER_KEY not in metadata
        certificate = certificate_name(context.auth_context()) if has_own_certificate else ""
        return Call(context.peer(), metadata, number=next(self._numbers), certificate=certificate)


class Handlers(grpc.GenericRpcHandler):
    """What grpc.aio serves. It has to be asked first, since it counts the calls that come over gRPC, whoever serves them.

    One for all services, which it finds at once: those of grpc itself are asked one after the other.
    """

    def __init__(self) -> None:
        self.by_path: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        self.arrived = 0

    def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """One more: who handles it, if it is ours."""
        self.arrived += 1
        return self.by_path.get(details.method)


class _EndableStream:
    """What every stream of ours can: fail from outside of its handler."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.failure: MusterError | None = None
        self.held: Callable[[], Iterable[tuple[Action, Resource]]] = tuple
        self._task = asyncio.current_task()

    def end(self, error: MusterError) -> None:
        """Cancel the handler, which then fails with the error."""
        if self.failure is None and self._task is not None:
            self.failure = error
            self._task.cancel()


class _PipedStream(_EndableStream):
    """A stream within this process behind our interface."""

    def __init__(self, pipe: Pipe, call: Call) -> None:
        super().__init__(call)
        self.read = pipe.receive
        self.write = pipe.send


class _LocalContext:
    """Stands in for grpc.aio's context where there is none: to abort is to raise what the caller of a channel would see."""

    async def abort(self, code: grpc.StatusCode, details: str, trailing_metadata: Any) -> None:
        """Raises grpc.aio.AioRpcError."""
        raise grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailing_metadata), details)


_LOCAL = _LocalContext()
_Context = grpc.aio.ServicerContext[Any, Any] | _LocalContext


class _GrpcStream(_EndableStream):
    """A grpc.aio stream behind our interface."""

    def __init__(self, context: "grpc.aio.ServicerContext[Any, Any]", request_class: type[Message], call: Call) -> None:
        super().__init__(call)
        self._context = context
        self._request_class = request_class

    async def open(self) -> None:
        """Send the headers now: sent with a first frame that is not read, they would keep a status from following."""
        try:
            await self._context.send_initial_metadata(())
        except _GONE as error:
            raise ConnectionError("the stream is gone") from error

    async def read(self) -> Any:
        """Answer the next frame, None after half-close."""
        frame = await self._context.read()
        return None if frame is grpc.aio.EOF else _parsed(self._request_class, frame)

    async def write(self, frame: Message | bytes) -> None:
        """Send a frame."""
        try:
            await self._context.write(frame if isinstance(frame, bytes) else frame.SerializeToString())
        except _GONE as error:
            raise ConnectionError("the stream is gone") from error


class _Guard:
    """Around the handler of a stream: counts it, and turns whatever it raises into one status."""

    def __init__(
        self,
        services: Services,
        path: str,
        context: "_Context",
        stream: _EndableStream,
    ) -> None:
        self._services, self._path, self._context, self._stream = services, path, context, stream
        self._began_s = 0.0
        self._task: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> None:
        self._began_s = time.monotonic()
        self._task = asyncio.current_task()
        if self._task is not None:
            self._services.running.add(self._task)
        self._services.streams.add(self._stream)
        self._services.started(self._path)

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        code = "OK"
        self._services.streams.discard(self._stream)
        try:
            if isinstance(error, asyncio.CancelledError) and self._stream.failure is not None:
                if self._task is not None:
                    self._task.uncancel()
                error = self._stream.failure
            if isinstance(error, asyncio.CancelledError):
                code = "CANCELLED"
            elif isinstance(error, Exception):
                refusal = _as_refusal(error, self._path)
                code = STATUS_CODES[refusal.reason].name
                await self._context.abort(STATUS_CODES[refusal.reason], refusal.message, trailers(refusal))
        finally:
            if self._task is not None:
                self._services.running.discard(self._task)
            self._services.finished(self._path, code, time.monotonic() - self._began_s)


def _as_refusal(error: Exception, path: str) -> MusterError:
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, MusterError):
        return error
    if isinstance(error, ConnectionError):
        return MusterError(Reason.DRAINING, "the connection is gone")
    log.error("call failed", method=path, exc_info=error)
    return MusterError(Reason.INTERNAL, "internal error")


def _parsed(request_class: type[Message], frame: bytes) -> Message:
    try:
        return request_class.FromString(frame)
    except DecodeError:
        raise MusterError.invalid("request", f"is no {request_class.DESCRIPTOR.full_name}") from None


def bind(server: grpc.aio.Server, host: str, port: int, credentials: grpc.ServerCredentials | None = None) -> int:
    """Listen, with TLS if there are credentials; answers the port. Raises OSError if it cannot."""
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        _check_free(host, port)
        return server.add_insecure_port(target) if credentials is None else server.add_secure_port(target, credentials)
    except RuntimeError as error:
        raise OSError(f"cannot listen on {target} for gRPC: is the port in use?") from error
    except OSError as error:
        raise OSError(f"cannot listen on {target} for gRPC: {error.strerror}") from error


def _check_free(host: str, port: int) -> None:
    """Raises OSError with the reason, of which gRPC tells stderr alone."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
