"""Services as a whole over a real channel."""

from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from muster.admin.v1 import admin_service_pb2 as wire
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2
from running import running_server

from rpc.test_namespaces import admin, register
from rpc.test_registration import reason

API = instance_pb2.ServiceRef(namespace="shop", group="DEFAULT_GROUP", name="api")


def described(**fields: Any) -> wire.Service:
    return wire.Service(**{"ref": API, "metadata": {"team": "one"}, "protect_threshold": 0.5, **fields})


async def create(channel: grpc.aio.Channel, **fields: Any) -> wire.Service:
    answered: wire.CreateServiceResponse = await admin(channel).CreateService(
        wire.CreateServiceRequest(service=described(**fields))
    )
    return answered.service


async def test_created_service_is_there_before_its_instances_and_after_a_restart(tmp_path: Path) -> None:
    async with running_server(data_dir=tmp_path) as server, server.channel() as channel:
        created = await create(channel, clusters=[wire.ServiceCluster(name="east", metadata={"zone": "e"})], persistent=True)

    async with running_server(data_dir=tmp_path) as server, server.channel() as channel:
        found = (await admin(channel).GetService(wire.GetServiceRequest(ref=API))).service
        listed = await discovery_service_pb2_grpc.DiscoveryServiceStub(channel).ListServices(discovery.ListServicesRequest())

    assert (created.described, created.persistent, created.protect_threshold) == (True, True, 0.5)
    assert found.revision > created.revision
    found.revision = created.revision
    assert found == created
    assert [entry.service for entry in listed.services] == [API]


async def test_deleted_service_is_gone_after_a_restart_too(tmp_path: Path) -> None:
    async with running_server(data_dir=tmp_path) as server, server.channel() as channel:
        await create(channel)
        await admin(channel).DeleteService(wire.DeleteServiceRequest(ref=API))

    async with running_server(data_dir=tmp_path) as server:
        assert server.engine.state.services == {}


async def test_watchers_and_lists_are_told_of_the_threshold() -> None:
    async with running_server() as server, server.channel() as channel:
        stub = discovery_service_pb2_grpc.DiscoveryServiceStub(channel)
        await register(channel, service=API)
        watch = stub.Watch()
        await watch.write(discovery.WatchRequest(subscribe=discovery.WatchRequest.Subscribe(service=API)))
        first = (await watch.read()).snapshot

        mask = FieldMask(paths=["protect_threshold"])
        updated = await admin(channel).UpdateService(wire.UpdateServiceRequest(service=described(), update_mask=mask))
        second = (await watch.read()).snapshot
        listed = await stub.ListInstances(discovery.ListInstancesRequest(service=API, if_revision=first.revision))

        assert not first.HasField("protect_threshold")
        assert (second.protect_threshold, second.reset, len(second.instances)) == (0.5, True, 1)
        assert second.revision == updated.service.revision > first.revision
        assert (listed.protect_threshold, len(listed.instances)) == (0.5, 1)
        assert dict(updated.service.metadata) == {}
        watch.cancel()


async def test_watch_goes_on_with_deltas_after_the_description_has_changed() -> None:
    async with running_server() as server, server.channel() as channel:
        watch = discovery_service_pb2_grpc.DiscoveryServiceStub(channel).Watch()
        await watch.write(discovery.WatchRequest(subscribe=discovery.WatchRequest.Subscribe(service=API)))
        await watch.read()
        await create(channel)
        snapshot = (await watch.read()).snapshot

        await register(channel, service=API)
        delta = (await watch.read()).delta

        assert delta.prev_revision == snapshot.revision
        assert len(delta.puts) == 1
        watch.cancel()


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("CreateService", wire.CreateServiceRequest(), "service"),
        ("CreateService", wire.CreateServiceRequest(service=wire.Service()), "ref"),
        ("CreateService", wire.CreateServiceRequest(service=described(ref=instance_pb2.ServiceRef())), "service.name"),
        ("CreateService", wire.CreateServiceRequest(service=described(protect_threshold=2)), "protect_threshold"),
        ("CreateService", wire.CreateServiceRequest(service=described(metadata={"": "v"})), "metadata key"),
        ("CreateService", wire.CreateServiceRequest(service=described(clusters=[wire.ServiceCluster()])), "clusters.name"),
        ("GetService", wire.GetServiceRequest(), "ref"),
        ("GetService", wire.GetServiceRequest(ref=instance_pb2.ServiceRef(name="a\nb")), "service.name"),
        ("UpdateService", wire.UpdateServiceRequest(), "service"),
        ("UpdateService", wire.UpdateServiceRequest(service=described()), "update_mask"),
        ("UpdateService", wire.UpdateServiceRequest(service=described(), update_mask=FieldMask(paths=["ref"])), "update_mask"),
        ("DeleteService", wire.DeleteServiceRequest(), "ref"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_bad_input_names_its_field_and_changes_nothing(method: str, request_: Any, field: str) -> None:
    async with running_server() as server, server.channel() as channel:
        await create(channel)
        before = server.engine.revision

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await getattr(admin(channel), method)(request_)

        assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
        assert (caught.value.details() or "").startswith(f"{field}: ")
        assert server.engine.revision == before


@pytest.mark.parametrize(
    ("method", "request_", "code", "expected"),
    [
        ("CreateService", wire.CreateServiceRequest(service=described()), "ALREADY_EXISTS", "SERVICE_EXISTS"),
        ("DeleteService", wire.DeleteServiceRequest(ref=API), "FAILED_PRECONDITION", "SERVICE_NOT_EMPTY"),
        ("DeleteService", wire.DeleteServiceRequest(ref=instance_pb2.ServiceRef(name="x")), "NOT_FOUND", "SERVICE_NOT_FOUND"),
        ("GetService", wire.GetServiceRequest(ref=instance_pb2.ServiceRef(name="x")), "NOT_FOUND", "SERVICE_NOT_FOUND"),
    ],
)
async def test_refusal_has_its_reason(method: str, request_: Any, code: str, expected: str) -> None:
    async with running_server() as server, server.channel() as channel:
        await create(channel)
        await register(channel, service=API)

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await getattr(admin(channel), method)(request_)

        assert (caught.value.code().name, reason(caught.value)) == (code, expected)
