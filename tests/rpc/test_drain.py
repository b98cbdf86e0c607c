"""Drain: answers when the watchers have it, or who has not."""

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.duration_pb2 import Duration
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2, registration_service_pb2_grpc
from muster.registry.v1 import registration_service_pb2 as wire
from running import running_server

API = instance_pb2.ServiceRef(name="api")
REF = instance_pb2.InstanceRef(service=API, instance_id="h#80#DEFAULT")


async def register(channel: grpc.aio.Channel) -> None:
    instance = instance_pb2.Instance(endpoints=[instance_pb2.Endpoint(host="h", port=80)])
    stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
    await stub.Register(wire.RegisterRequest(service=API, instance=instance))


async def watch(channel: grpc.aio.Channel, name: str, *, is_acking: bool) -> Any:
    stream = discovery_service_pb2_grpc.DiscoveryServiceStub(channel).Watch(metadata=(("muster-client", name),))
    await stream.write(discovery.WatchRequest(subscribe=discovery.WatchRequest.Subscribe(service=API)))
    snapshot = (await stream.read()).snapshot
    if is_acking:
        await ack(stream, snapshot.revision)
    return stream


async def ack(stream: Any, revision: int) -> None:
    await stream.write(discovery.WatchRequest(ack=discovery.WatchRequest.Ack(service=API, revision=revision)))


async def test_drain_answers_when_every_watcher_has_acknowledged() -> None:
    async with running_server() as server, server.channel() as channel:
        await register(channel)
        acking = await watch(channel, "acking", is_acking=True)
        silent = await watch(channel, "silent", is_acking=False)
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)

        call = asyncio.ensure_future(stub.Drain(wire.DrainRequest(refs=[REF], author="ann")))
        delta = (await acking.read()).delta
        assert not call.done()
        await ack(acking, delta.revision)
        answer = await call

        assert delta.puts[0].admin_state == instance_pb2.ADMIN_STATE_DRAINING
        assert (answer.complete, answer.acknowledged_count, list(answer.pending)) == (True, 1, [])
        assert [watcher.client_name for watcher in answer.unconfirmed] == ["silent"]
        assert answer.revision == delta.revision
        silent.cancel()
        acking.cancel()


async def test_drain_at_its_deadline_names_who_has_not_acknowledged() -> None:
    async with running_server() as server, server.channel() as channel:
        await register(channel)
        stream = await watch(channel, "stuck", is_acking=True)
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)

        answer = await stub.Drain(wire.DrainRequest(refs=[REF], timeout=Duration(nanos=50_000_000)))

        assert not answer.complete
        assert [(watcher.client_name, watcher.service.name) for watcher in answer.pending] == [("stuck", "api")]
        stream.cancel()


async def test_drain_does_not_wait_for_a_watcher_that_goes_away() -> None:
    async with running_server() as server, server.channel() as channel:
        await register(channel)
        stream = await watch(channel, "leaving", is_acking=True)
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)

        call = asyncio.ensure_future(stub.Drain(wire.DrainRequest(refs=[REF])))
        await stream.read()
        stream.cancel()

        assert (await call).complete


async def test_drain_of_a_missing_instance_drains_nothing() -> None:
    async with running_server() as server, server.channel() as channel:
        await register(channel)
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
        missing = instance_pb2.InstanceRef(service=API, instance_id="other")
        before = server.engine.revision

        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.Drain(wire.DrainRequest(refs=[REF, missing]))

        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        assert server.engine.revision == before
