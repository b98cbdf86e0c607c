"""kill -9 in the middle of writes, again and again: nothing acknowledged is lost, and revisions never go back."""

import asyncio
import itertools
from pathlib import Path

import grpc
import grpc.aio
import pytest
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2, registration_service_pb2_grpc
from muster.registry.v1 import registration_service_pb2 as wire
from program import Program, start

CYCLES = 50
KILL_AFTER_WRITES = 20
DURABLE, EPHEMERAL = instance_pb2.ServiceRef(name="durable"), instance_pb2.ServiceRef(name="ephemeral")


def request(service: instance_pb2.ServiceRef, host: str) -> wire.RegisterRequest:
    endpoint = instance_pb2.Endpoint(host=host, port=1)
    instance = instance_pb2.Instance(endpoints=[endpoint], persistent=service.name == "durable")
    if service.name == "ephemeral":
        instance.lease.ttl.seconds = 600
    return wire.RegisterRequest(service=service, instance=instance)


async def listed(channel: grpc.aio.Channel, service: instance_pb2.ServiceRef) -> tuple[set[str], int, int]:
    stub = discovery_service_pb2_grpc.DiscoveryServiceStub(channel)
    answer = await stub.ListInstances(discovery.ListInstancesRequest(service=service), wait_for_ready=True)
    return {i.endpoints[0].host for i in answer.instances}, answer.revision, answer.epoch


async def write_until_killed(
    channel: grpc.aio.Channel, numbers: "itertools.count[int]", acknowledged: set[str], program: Program, writes: int
) -> int:
    """Register durable instances, eight at a time; kill the server after so many; answers the last revision seen."""
    stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
    last, enough = 0, len(acknowledged) + writes

    async def write() -> None:
        nonlocal last
        while True:
            host = f"h{next(numbers)}"
            try:
                answer = await stub.Register(request(DURABLE, host))
            except grpc.aio.AioRpcError:
                return
            acknowledged.add(host)
            last = max(last, answer.revision)
            if len(acknowledged) == enough:
                program.kill()

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(write())
    return last


@pytest.mark.slow
async def test_fifty_kills_during_writes_lose_nothing_acknowledged(tmp_path: Path) -> None:
    acknowledged: set[str] = set()
    numbers, last_revision, last_epoch = itertools.count(), 0, 0
    for cycle in range(CYCLES):
        program = await asyncio.to_thread(start, tmp_path / "data")
        async with grpc.aio.insecure_channel(program.grpc) as channel:
            durable, revision, epoch = await listed(channel, DURABLE)
            ephemeral, _, _ = await listed(channel, EPHEMERAL)
            assert acknowledged <= durable
            assert revision >= last_revision
            assert epoch > last_epoch
            assert cycle < 2 or ephemeral == {"alive"}
            stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
            await stub.Register(request(EPHEMERAL, "alive"))
            seen = await write_until_killed(channel, numbers, acknowledged, program, KILL_AFTER_WRITES + cycle)
        last_revision, last_epoch = max(last_revision, seen), epoch

    assert len(acknowledged) >= CYCLES * KILL_AFTER_WRITES
