"""The adapter over a real channel, with servicers that misbehave."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from muster.admin.v1 import admin_service_pb2 as admin
from muster.admin.v1 import admin_service_pb2_grpc
from muster.registry.v1 import discovery_service_pb2 as wire
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2
from muster_server.core.errors import MusterError, Reason
from muster_server.rpc.adapter import Services, bind
from muster_server.rpc.calls import Call, Stream

from rpc.test_registration import reason

DESCRIPTOR = wire.DESCRIPTOR.services_by_name["DiscoveryService"]
PATH = f"/{DESCRIPTOR.full_name}"
# A client that does not read makes the writer of such frames wait.
MEBIBYTE = wire.WatchResponse(cancelled=wire.WatchResponse.Cancelled(message="x" * (1 << 20))).SerializeToString()


@dataclass
class Observer:
    """Counts calls as metrics do, and tells when one has ended."""

    started_: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def started(self, method: str) -> None:
        self.started_.append(method.rpartition("/")[2])

    def finished(self, method: str, code: str, seconds: float) -> None:
        assert seconds >= 0
        self.codes.append(code)
        self.ended.set()


async def unused(*_: Any) -> Any:
    raise NotImplementedError


@asynccontextmanager
async def serving_any(descriptor: Any, stub: Any, methods: dict[str, Any]) -> AsyncIterator[tuple[Any, Observer, Services]]:
    """A stub of a service whose methods are the given ones, the observer, and the services."""
    observer = Observer()
    services = Services(observer)
    services.add(descriptor, {method.name: methods.get(method.name, unused) for method in descriptor.methods})
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((services.handlers,))
    port = bind(server, "127.0.0.1", 0)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield stub(channel), observer, services
    await server.stop(0)


def serving(**methods: Any) -> AbstractAsyncContextManager[tuple[Any, Observer, Services]]:
    """DiscoveryService: unary methods, and Watch with both sides streaming."""
    return serving_any(DESCRIPTOR, discovery_service_pb2_grpc.DiscoveryServiceStub, methods)


def serving_archives(**methods: Any) -> AbstractAsyncContextManager[tuple[Any, Observer, Services]]:
    """AdminService: Backup streams from the server, Restore from the client."""
    descriptor = admin.DESCRIPTOR.services_by_name["AdminService"]
    return serving_any(descriptor, admin_service_pb2_grpc.AdminServiceStub, methods)


async def failure_of(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await asyncio.wait_for(to_the_end(call), 10)
    return caught.value


async def to_the_end(call: Any) -> None:
    if isinstance(call, grpc.aio.UnaryUnaryCall):
        await call
    else:
        while await call.read() is not grpc.aio.EOF:
            pass


REFUSED = MusterError(Reason.REVISION_MISMATCH, "the revision is 7, not 6", {"revision": "7"})
DRAINING = MusterError(Reason.DRAINING, "stop")


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        (REFUSED, "ABORTED", "REVISION_MISMATCH"),
        (ExceptionGroup("tasks", [REFUSED]), "ABORTED", "REVISION_MISMATCH"),
        (ExceptionGroup("tasks", [ExceptionGroup("more", [REFUSED])]), "ABORTED", "REVISION_MISMATCH"),
        (ExceptionGroup("tasks", [REFUSED, ValueError("secret")]), "INTERNAL", "INTERNAL"),
        (ConnectionError("secret"), "UNAVAILABLE", "DRAINING"),
        (ValueError("secret"), "INTERNAL", "INTERNAL"),
        (TimeoutError("secret"), "INTERNAL", "INTERNAL"),
        (KeyError("secret"), "INTERNAL", "INTERNAL"),
    ],
    ids=["muster", "group", "nested-group", "mixed-group", "connection", "value", "timeout", "key"],
)
@pytest.mark.parametrize("method", ["GetInstance", "Watch"])
async def test_exception_of_a_servicer_becomes_one_typed_status_without_its_text(
    method: str, error: Exception, code: str, expected: str
) -> None:
    async def fail(*_: Any) -> Any:
        raise error

    async with serving(**{method: fail}) as (stub, observer, _):
        call = stub.Watch() if method == "Watch" else stub.GetInstance(wire.GetInstanceRequest())

        caught = await failure_of(call)
        await asyncio.wait_for(observer.ended.wait(), 10)  # the status arrives before the call is over

        assert (caught.code().name, reason(caught)) == (code, expected)
        assert "secret" not in f"{caught.details()} {caught.trailing_metadata()}"
        assert (observer.started_, observer.codes) == ([method], [code])


async def test_details_of_an_error_are_in_its_status() -> None:
    async def fail(*_: Any) -> Any:
        raise REFUSED

    async with serving(GetInstance=fail) as (stub, _, _):
        caught = await failure_of(stub.GetInstance(wire.GetInstanceRequest()))

        status, info = rpc_status.from_call(caught), error_details_pb2.ErrorInfo()
        assert status.details[0].Unpack(info)
        assert (info.reason, info.domain, dict(info.metadata)) == ("REVISION_MISMATCH", "muster", {"revision": "7"})
        assert len(status.details) == 1
        assert (status.code, status.message) == (grpc.StatusCode.ABORTED.value[0], REFUSED.message)


async def test_long_message_is_cut_so_that_the_status_arrives() -> None:
    async def fail(*_: Any) -> Any:
        raise MusterError.invalid("name", "\N{GRINNING FACE}" * 5000)

    async with serving(GetInstance=fail) as (stub, _, _):
        caught = await failure_of(stub.GetInstance(wire.GetInstanceRequest()))

        assert caught.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert str(caught.details()).endswith("…")


async def test_answer_of_a_servicer_is_sent_as_message_or_as_bytes() -> None:
    message = wire.GetInstanceResponse(instance=instance_pb2.Instance(instance_id="x"))

    async def answer(request: wire.GetInstanceRequest, _: Call) -> Any:
        return message if request.ref.instance_id else message.SerializeToString()

    async with serving(GetInstance=answer) as (stub, observer, _):
        as_message = await stub.GetInstance(wire.GetInstanceRequest(ref=instance_pb2.InstanceRef(instance_id="m")))
        as_bytes = await stub.GetInstance(wire.GetInstanceRequest())

        assert as_message == as_bytes == message
        assert observer.codes == ["OK", "OK"]


@pytest.mark.parametrize("method", ["GetInstance", "Watch"])
async def test_call_that_the_client_cancels_is_counted_as_cancelled(method: str) -> None:
    began = asyncio.Event()

    async def wait(*_: Any) -> Any:
        began.set()
        await asyncio.Event().wait()

    async with serving(**{method: wait}) as (stub, observer, services):
        call = stub.Watch() if method == "Watch" else stub.GetInstance(wire.GetInstanceRequest())
        waiting = asyncio.ensure_future(to_the_end(call))
        await began.wait()

        call.cancel()
        await asyncio.wait_for(observer.ended.wait(), 10)

        assert observer.codes == ["CANCELLED"]
        assert not services.running
        assert not services.streams
        await asyncio.gather(waiting, return_exceptions=True)


async def test_stream_that_is_half_closed_reads_none_and_ends_ok() -> None:
    frames: list[Any] = []

    async def watch(stream: Stream) -> None:
        while (frame := await stream.read()) is not None:
            frames.append(frame)
            await stream.write(wire.WatchResponse())

    async with serving(Watch=watch) as (stub, observer, _):
        call = stub.Watch()
        await call.write(wire.WatchRequest())
        await call.done_writing()
        await to_the_end(call)

        assert await call.code() == grpc.StatusCode.OK
        assert frames == [wire.WatchRequest()]
        assert observer.codes == ["OK"]


async def test_write_after_the_stream_was_ended_fails_as_a_lost_connection() -> None:
    streams: list[Stream] = []

    async def watch(stream: Stream) -> None:
        streams.append(stream)
        raise REFUSED

    async with serving(Watch=watch) as (stub, _, _):
        await failure_of(stub.Watch())

        with pytest.raises(ConnectionError):
            await streams[0].write(wire.WatchResponse())


@pytest.mark.parametrize("writer", ["handler", "child", "neighbour"])
@pytest.mark.parametrize("frames_before", [0, 1], ids=["first-frame", "later-frame"])
async def test_stream_ended_within_a_write_still_tells_its_client_why(writer: str, frames_before: int) -> None:
    """The client does not read, so the writer waits; then the stream is ended from outside; then the client reads."""
    writing = asyncio.Event()
    streams: list[Stream] = []
    neighbours: list[asyncio.Task[None]] = []

    async def write(stream: Stream) -> None:
        writing.set()
        while True:  # there is no other await: whoever comes in between finds a write under way
            await stream.write(MEBIBYTE)

    async def watch(stream: Stream) -> None:
        streams.append(stream)
        for _ in range(frames_before):
            await stream.write(wire.WatchResponse())
        if writer == "handler":
            await write(stream)
        elif writer == "child":
            async with asyncio.TaskGroup() as group:
                group.create_task(write(stream))
                await stream.read()
        else:
            neighbours.append(asyncio.ensure_future(write(stream)))
            await stream.read()

    async with serving(Watch=watch) as (stub, observer, _):
        call = stub.Watch()
        await asyncio.wait_for(writing.wait(), 10)

        streams[0].end(DRAINING)
        await asyncio.sleep(0)
        caught = await failure_of(call)
        await asyncio.wait_for(observer.ended.wait(), 10)

        assert (caught.code(), reason(caught)) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
        assert observer.codes == ["UNAVAILABLE"]
        await asyncio.gather(*neighbours, return_exceptions=True)


async def test_stream_of_a_client_that_never_reads_is_over_soon_after_its_end() -> None:
    began = asyncio.Event()

    async def watch(stream: Stream) -> None:
        began.set()
        while True:
            await stream.write(MEBIBYTE)

    async with serving(Watch=watch) as (stub, observer, services):
        call = stub.Watch()
        await began.wait()

        services.end_streams(DRAINING)
        await asyncio.wait_for(observer.ended.wait(), 10)

        assert observer.codes == ["UNAVAILABLE"]
        call.cancel()


async def test_call_in_process_ends_as_over_a_channel() -> None:
    async def fail(*_: Any) -> Any:
        raise REFUSED

    async with serving(GetInstance=fail) as (_, observer, services):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await services.call(f"{PATH}/GetInstance", wire.GetInstanceRequest(), Call("here", {}))

        assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.ABORTED, "REVISION_MISMATCH")
        assert rpc_status.from_call(caught.value).message == REFUSED.message
        assert (observer.started_, observer.codes) == (["GetInstance"], ["ABORTED"])


async def test_servicer_sees_peer_and_text_metadata() -> None:
    seen: list[Call] = []

    async def answer(_: Any, call: Call) -> Any:
        seen.append(call)
        return wire.GetInstanceResponse()

    async with serving(GetInstance=answer) as (stub, _, _):
        await stub.GetInstance(wire.GetInstanceRequest(), metadata=(("muster-client", "me"), ("some-bin", b"\xff")))

        assert seen[0].peer.startswith("ipv4:127.0.0.1:")
        assert seen[0].metadata["muster-client"] == "me"
        assert "some-bin" not in seen[0].metadata


def test_services_whose_methods_differ_from_the_descriptor_are_refused() -> None:
    services = Services(Observer())

    with pytest.raises(ValueError, match=DESCRIPTOR.full_name):
        services.add(DESCRIPTOR, {"GetInstance": unused})


async def test_server_streaming_method_gets_its_request_and_writes_frames() -> None:
    seen: list[Any] = []

    async def backup(request: admin.BackupRequest, stream: Stream) -> None:
        seen.append((request.namespace, stream.call.metadata["muster-client"], await stream.read()))
        for chunk in (b"a", b"b"):
            await stream.write(admin.BackupResponse(chunk=chunk))

    async with serving_archives(Backup=backup) as (stub, observer, services):
        call = stub.Backup(admin.BackupRequest(namespace="shop"), metadata=(("muster-client", "me"),))
        chunks = [part.chunk async for part in call]
        await observer.ended.wait()

        assert (seen, chunks) == ([("shop", "me", None)], [b"a", b"b"])
        assert (observer.started_, observer.codes, services.finished_count) == (["Backup"], ["OK"], 1)
        assert not services.streams


async def test_client_streaming_method_reads_frames_and_answers_once() -> None:
    async def restore(stream: Stream) -> admin.RestoreResponse:
        count = 0
        while await stream.read() is not None:
            count += 1
        return admin.RestoreResponse(change_count=count)

    async with serving_archives(Restore=restore) as (stub, observer, _):
        answer = await stub.Restore(iter([admin.RestoreRequest(chunk=b"x")] * 3))
        await observer.ended.wait()

        assert answer.change_count == 3
        assert (observer.started_, observer.codes) == (["Restore"], ["OK"])


@pytest.mark.parametrize("method", ["Backup", "Restore"])
async def test_refusal_of_a_method_with_one_streaming_side_arrives_as_its_status(method: str) -> None:
    async def fail(*_: Any) -> Any:
        raise REFUSED

    async with serving_archives(**{method: fail}) as (stub, observer, _):
        call = stub.Backup(admin.BackupRequest()).read() if method == "Backup" else stub.Restore(iter([admin.RestoreRequest()]))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        await asyncio.wait_for(observer.ended.wait(), 10)

        assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.ABORTED, "REVISION_MISMATCH")
        assert observer.codes == ["ABORTED"]


@pytest.mark.parametrize("method", ["Backup", "Restore"])
async def test_method_with_one_streaming_side_is_ended_with_all_streams(method: str) -> None:
    began = asyncio.Event()

    async def wait(*_: Any) -> Any:
        began.set()
        await asyncio.Event().wait()

    async with serving_archives(**{method: wait}) as (stub, _, services):
        call = stub.Backup(admin.BackupRequest()) if method == "Backup" else stub.Restore()
        await asyncio.wait_for(began.wait(), 10)

        services.end_streams(DRAINING)

        assert await asyncio.wait_for(call.code(), 10) == grpc.StatusCode.UNAVAILABLE


async def test_server_streaming_method_that_gets_no_request_is_refused() -> None:
    observer = Observer()
    services = Services(observer)
    descriptor = admin.DESCRIPTOR.services_by_name["AdminService"]
    services.add(descriptor, {method.name: unused for method in descriptor.methods})
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((services.handlers,))
    port = bind(server, "127.0.0.1", 0)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.stream_stream(f"/{descriptor.full_name}/Backup")()
        await call.done_writing()

        caught = await failure_of(call)

        assert reason(caught) == "PROTOCOL_VIOLATION"
    await server.stop(0)


async def test_later_call_has_a_higher_number() -> None:
    numbers: list[int] = []

    async def answer(_: Any, call: Call) -> Any:
        numbers.append(call.number)
        return wire.GetInstanceResponse()

    async with serving(GetInstance=answer) as (stub, _, _):
        for _ in range(3):
            await stub.GetInstance(wire.GetInstanceRequest())

    assert numbers == [1, 2, 3]
