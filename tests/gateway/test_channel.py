"""Streams over a LocalChannel and over a real one: the same servicers, the same callers, the same outcome."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import pytest
from muster.registry.v1 import discovery_service_pb2 as wire
from muster.registry.v1 import discovery_service_pb2_grpc
from muster_gateway.channel import LocalChannel
from muster_gateway.registry import reason_of
from muster_server.core.errors import MusterError, Reason
from muster_server.rpc.adapter import Services, bind
from muster_server.rpc.calls import Stream
from rpc.test_adapter import DESCRIPTOR, Observer, unused

FRAME = wire.WatchRequest(ack=wire.WatchRequest.Ack(revision=7))
KINDS = pytest.mark.parametrize("kind", ["local", "real"])


@asynccontextmanager
async def watching(kind: str, watch: Any) -> AsyncIterator[tuple[Any, Services, Observer]]:
    """A stub over a channel of this kind whose Watch is served by `watch`."""
    observer = Observer()
    services = Services(observer)
    services.add(DESCRIPTOR, {method.name: watch if method.name == "Watch" else unused for method in DESCRIPTOR.methods})
    if kind == "local":
        channel = LocalChannel(unused, lambda path, pipe, metadata: services.stream(path, pipe, "gateway", metadata))
        async with channel:
            yield discovery_service_pb2_grpc.DiscoveryServiceStub(channel), services, observer
        return
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((services.handlers,))
    port = bind(server, "127.0.0.1", 0)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as real:
        yield discovery_service_pb2_grpc.DiscoveryServiceStub(real), services, observer
    await server.stop(0)


async def echo(stream: Stream) -> None:
    while (frame := await stream.read()) is not None:
        bookmark = wire.WatchResponse.Bookmark(revision=frame.ack.revision)
        await stream.write(wire.WatchResponse(bookmark=bookmark).SerializeToString())


@KINDS
async def test_stream_that_is_half_closed_answers_all_and_ends_with_ok(kind: str) -> None:
    async with watching(kind, echo) as (stub, _, observer):
        call = stub.Watch()
        for _ in range(3):
            await call.write(FRAME)
        await call.done_writing()
        answers = [answer.bookmark.revision async for answer in call]

        assert answers == [7, 7, 7]
        assert await call.code() == grpc.StatusCode.OK
        assert await call.read() is grpc.aio.EOF
        assert observer.codes == ["OK"]


@KINDS
async def test_stream_whose_handler_refuses_fails_with_reason_after_what_was_written(kind: str) -> None:
    async def refuse(stream: Stream) -> None:
        await stream.write(wire.WatchResponse())
        await stream.read()
        raise MusterError(Reason.SLOW_CONSUMER, "too slow")

    async with watching(kind, refuse) as (stub, _, _):
        call = stub.Watch()
        first = await call.read()
        await call.write(FRAME)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()

        assert first == wire.WatchResponse()
        assert (caught.value.code(), reason_of(caught.value)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "SLOW_CONSUMER")
        assert (caught.value.details(), await call.code()) == ("too slow", grpc.StatusCode.RESOURCE_EXHAUSTED)


@KINDS
async def test_stream_that_the_server_ends_from_outside_fails_with_that_error(kind: str) -> None:
    async with watching(kind, echo) as (stub, services, _):
        call = stub.Watch()
        await call.write(FRAME)
        await call.read()
        services.end_streams(MusterError(Reason.DRAINING, "stop"))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()

        assert reason_of(caught.value) == "DRAINING"


@KINDS
async def test_stream_that_its_caller_cancels_ends_the_handler(kind: str) -> None:
    async with watching(kind, echo) as (stub, services, observer):
        call = stub.Watch()
        await call.write(FRAME)
        await call.read()
        was_running = call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call.read()
        await asyncio.wait_for(observer.ended.wait(), 5)

        assert (was_running, call.cancel(), call.done()) == (True, False, True)
        assert len(observer.codes) == 1  # grpc.aio tells of it by a cancellation or by the end of what is read
        assert services.running == set()


@KINDS
async def test_stream_that_is_half_closed_takes_no_more_writes(kind: str) -> None:
    async with watching(kind, echo) as (stub, _, _):
        call = stub.Watch()
        await call.done_writing()

        with pytest.raises(asyncio.InvalidStateError):
            await call.write(FRAME)

        assert await call.read() is grpc.aio.EOF


@KINDS
async def test_stream_with_metadata_shows_it_to_the_handler(kind: str) -> None:
    async def tell(stream: Stream) -> None:
        cancelled = wire.WatchResponse.Cancelled(message=stream.call.metadata["muster-client"])
        await stream.write(wire.WatchResponse(cancelled=cancelled))

    async with watching(kind, tell) as (stub, _, _):
        answers = [answer.cancelled.message async for answer in stub.Watch(metadata=(("muster-client", "me"),))]

        assert answers == ["me"]


async def test_local_stream_that_nobody_reads_makes_its_writers_wait() -> None:
    written: list[int] = []

    async def flood(stream: Stream) -> None:
        for number in range(100):
            await stream.write(wire.WatchResponse())
            written.append(number)

    async with watching("local", flood) as (stub, _, _):
        call = stub.Watch()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        held = len(written)
        read = [answer async for answer in call]

        assert held == 16
        assert len(read) == 100


async def test_local_channel_that_closes_ends_its_streams() -> None:
    async with watching("local", echo) as (stub, _, observer):
        stub.Watch()
        await asyncio.sleep(0)

    assert observer.codes == ["CANCELLED"]


async def test_methods_with_one_streaming_side_are_streams() -> None:
    services = Services(Observer())
    services.add(DESCRIPTOR, {method.name: echo if method.name == "Watch" else unused for method in DESCRIPTOR.methods})
    channel = LocalChannel(unused, lambda path, pipe, metadata: services.stream(path, pipe, "gateway", metadata))
    path, parse = "/muster.registry.v1.DiscoveryService/Watch", wire.WatchResponse.FromString
    async with channel:
        sends = channel.stream_unary(path, response_deserializer=parse)()
        await sends.write(FRAME)
        await sends.done_writing()
        receives = channel.unary_stream(path, response_deserializer=parse)(FRAME)

        assert [answer.bookmark.revision for answer in (await sends.read(), await receives.read())] == [7, 7]
        assert [await sends.code(), await receives.code()] == [grpc.StatusCode.OK] * 2
