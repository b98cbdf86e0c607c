"""The server as a whole: the standard services, and how it stops."""

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf import descriptor_pb2
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import registration_service_pb2, registration_service_pb2_grpc
from running import Server, running_server

from rpc.test_registration import API, instance, reason
from rpc.test_streams import opened, subscribe, watch_call

REGISTRATION, DISCOVERY = "muster.registry.v1.RegistrationService", "muster.registry.v1.DiscoveryService"
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
STOP_S = 20.0


class Stopping:
    """A server that a test stops itself, while its channels stay open."""

    def __init__(self, **settings: Any) -> None:
        self._stop, self._started = asyncio.Event(), asyncio.Event()
        self._settings = settings
        self.server: Server

    async def run(self) -> None:
        async with running_server(**self._settings) as self.server:
            self._started.set()
            await self._stop.wait()

    async def started(self) -> Server:
        await self._started.wait()
        return self.server

    def stop(self) -> None:
        """What SIGTERM does."""
        self._stop.set()


async def to_the_end(call: Any) -> tuple[list[Any], grpc.aio.AioRpcError]:
    """The frames that still come, and how the stream fails."""
    frames: list[Any] = []
    try:
        while (frame := await call.read()) is not grpc.aio.EOF:
            frames.append(frame)
    except grpc.aio.AioRpcError as error:
        return frames, error
    pytest.fail("the stream ended with OK")


@pytest.mark.parametrize("service", ["", REGISTRATION, DISCOVERY])
async def test_health_of_a_running_server_is_serving(service: str) -> None:
    async with running_server() as server, server.channel() as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service))

        assert answer.status == SERVING


async def test_health_of_an_unknown_service_is_not_found() -> None:
    async with running_server() as server, server.channel() as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service="nobody's"))

        assert caught.value.code() == grpc.StatusCode.NOT_FOUND


async def test_health_watch_hears_of_the_drain_and_so_do_sessions() -> None:
    heard: list[str] = []
    stopping = Stopping()
    async with asyncio.TaskGroup() as group:
        group.create_task(stopping.run())
        server = await stopping.started()
        async with server.channel() as channel:
            health = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=DISCOVERY))
            assert (await health.read()).status == SERVING
            session, _ = await opened(channel, "one")

            async def note_health() -> None:
                assert (await health.read()).status == NOT_SERVING
                heard.append("health")

            async def note_session() -> None:
                heard.append((await session.read()).WhichOneof("frame"))

            stopping.stop()
            async with asyncio.TaskGroup() as notes:
                notes.create_task(note_health())
                notes.create_task(note_session())
            health.cancel()
            session.cancel()
            await asyncio.gather(health.code(), session.code())

    assert set(heard) == {"health", "reconnect_after"}


@pytest.mark.slow
async def test_drain_asks_streams_to_reconnect_and_then_ends_them_as_unavailable() -> None:
    stopping = Stopping()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(stopping.run())
        server = await stopping.started()
        async with server.channel() as channel:
            session, _ = await opened(channel, "one")
            watch = watch_call(channel)
            await watch.write(subscribe())
            await watch.read()

            stopping.stop()
            ends = [await asyncio.wait_for(to_the_end(call), STOP_S) for call in (session, watch)]
            await asyncio.wait_for(running, STOP_S)

    for frames, error in ends:
        assert frames[0].reconnect_after.delay.seconds == 1
        assert (error.code(), reason(error)) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")


async def test_drain_of_streams_that_leave_when_asked_is_not_held_up() -> None:
    stopping = Stopping()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(stopping.run())
        server = await stopping.started()
        async with server.channel() as channel:
            watch = watch_call(channel)
            await watch.write(subscribe())
            await watch.read()

            stopping.stop()
            asked = await watch.read()
            await watch.done_writing()
            last = await watch.read()
            await asyncio.wait_for(running, 2.5)  # the drain itself would last 3 s

    assert asked.WhichOneof("frame") == "reconnect_after"
    assert last is grpc.aio.EOF


@pytest.mark.slow
async def test_drain_with_a_client_that_never_reads_ends_all_the_same() -> None:
    stopping = Stopping()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(stopping.run())
        server = await stopping.started()
        async with server.channel() as channel:
            stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
            for number in range(160):  # 10 MB: more than the transport takes
                body = instance(f"h{number}", metadata={"k": "v" * 65000})
                await stub.Register(registration_service_pb2.RegisterRequest(service=API, instance=body))
            watch = watch_call(channel)
            await watch.write(subscribe())
            session, _ = await opened(channel, "one")

            stopping.stop()
            await asyncio.wait_for(running, STOP_S)

            watch.cancel()
            session.cancel()
            await asyncio.gather(watch.code(), session.code())


async def reflected(channel: grpc.aio.Channel, path: str, request: reflection_pb2.ServerReflectionRequest) -> Any:
    method = channel.stream_stream(
        path,
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    call = method()
    await call.write(request)
    answer = await call.read()
    await call.done_writing()
    await call.read()
    return answer


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_reflection_lists_every_service(version: str) -> None:
    async with running_server() as server, server.channel() as channel:
        path = f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"

        answer = await reflected(channel, path, reflection_pb2.ServerReflectionRequest(list_services=""))

        names = {service.name for service in answer.list_services_response.service}
        assert {REGISTRATION, DISCOVERY, "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"} <= names


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
@pytest.mark.parametrize("symbol", [DISCOVERY, f"{DISCOVERY}.Watch", "muster.registry.v1.Instance", f"{REGISTRATION}.Session"])
async def test_reflection_finds_the_file_of_a_symbol(version: str, symbol: str) -> None:
    async with running_server() as server, server.channel() as channel:
        path = f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"

        answer = await reflected(channel, path, reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol))

        file = descriptor_pb2.FileDescriptorProto.FromString(answer.file_descriptor_response.file_descriptor_proto[0])
        assert file.package == "muster.registry.v1"
        named = {service.name for service in file.service} | {message.name for message in file.message_type}
        assert named & set(symbol.split("."))


async def test_reflection_of_an_unknown_symbol_is_an_error_and_the_stream_goes_on() -> None:
    async with running_server() as server, server.channel() as channel:
        call = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo()

        await call.write(reflection_pb2.ServerReflectionRequest(file_containing_symbol="no.such.Thing"))
        unknown = await call.read()
        await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
        listed = await call.read()

        assert unknown.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
        assert listed.list_services_response.service
        await call.done_writing()
        await call.read()


async def test_channelz_tells_of_the_server_and_its_calls() -> None:
    async with running_server() as server, server.channel() as channel:
        stub = channelz_pb2_grpc.ChannelzStub(channel)

        answer = await stub.GetServers(channelz_pb2.GetServersRequest())

        assert any(one.data.calls_started > 0 for one in answer.server)


async def test_unknown_method_is_unimplemented() -> None:
    async with running_server() as server, server.channel() as channel:
        call = channel.unary_unary(f"/{DISCOVERY}/Nope", response_deserializer=discovery.GetInstanceResponse.FromString)

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(b"")

        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
