"""WatchServices and WatchConfigs over the wire, from a channel and from the gateway's own."""

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest
from muster.config.v1 import config_pb2, config_service_pb2_grpc
from muster.config.v1 import config_service_pb2 as configs
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, registration_service_pb2_grpc
from muster.registry.v1 import registration_service_pb2 as registration
from running import running_server

from rpc.test_registration import API, instance, reason


async def next_kind(stream: Any, kind: str) -> Any:
    """The next frame of this kind; bookmarks may come before it."""
    async with asyncio.timeout(20):
        while True:
            frame = await stream.read()
            found = frame.WhichOneof("frame")
            if found == kind:
                return getattr(frame, kind)
            assert found == "bookmark", frame


async def test_watch_services_sends_what_is_there_and_what_comes() -> None:
    async with running_server() as server, server.channel() as channel:
        request = registration.RegisterRequest(service=API, instance=instance("one"))
        await registration_service_pb2_grpc.RegistrationServiceStub(channel).Register(request)
        stream = discovery_service_pb2_grpc.DiscoveryServiceStub(channel).WatchServices(discovery.WatchServicesRequest())
        first = await next_kind(stream, "snapshot")
        bookmark = await next_kind(stream, "bookmark")
        stream.cancel()

        assert [name.name for name in first.names] == ["api"]
        assert (first.more, first.reset, first.epoch) == (False, False, server.engine.epoch)
        assert bookmark.revision == server.engine.revision


async def test_watch_configs_sends_names_in_parts_and_then_changes() -> None:
    async with running_server() as server, server.channel() as channel:
        stub = config_service_pb2_grpc.ConfigServiceStub(channel)
        publish = [config_pb2.ConfigRef(namespace="n", name=f"c{number}") for number in range(1001)]
        await asyncio.gather(*(stub.PublishConfig(configs.PublishConfigRequest(ref=ref, content="x")) for ref in publish))
        stream = stub.WatchConfigs(configs.WatchConfigsRequest(namespace="n"))
        first, second = await next_kind(stream, "snapshot"), await next_kind(stream, "snapshot")
        await stub.DeleteConfig(configs.DeleteConfigRequest(ref=publish[0]))
        delta = await next_kind(stream, "delta")
        stream.cancel()

        assert (len(first.names), first.more, len(second.names), second.more) == (1000, True, 1, False)
        assert [ref.name for ref in delta.disappeared] == ["c0"]


async def test_namespace_that_is_none_is_refused() -> None:
    async with running_server() as server, server.channel() as channel:
        stub = discovery_service_pb2_grpc.DiscoveryServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.WatchServices(discovery.WatchServicesRequest(namespace="x" * 4097)).read()

        assert (refused.value.code(), reason(refused.value)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_stream_of_names_that_the_client_ends_is_forgotten() -> None:
    async with running_server() as server, server.channel() as channel:
        stream = discovery_service_pb2_grpc.DiscoveryServiceStub(channel).WatchServices(discovery.WatchServicesRequest())
        await next_kind(stream, "snapshot")
        hub = server.engine.service_names
        before = len(list(hub.subscribers))
        stream.cancel()
        async with asyncio.timeout(20):
            while list(hub.subscribers):
                await hub.progress()

        assert before == 1
