"""Unary registration over a real channel: what is answered, and what is refused."""

from pathlib import Path

import grpc
import grpc.aio
import pytest
from access_world import guarded
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2, registration_service_pb2_grpc
from muster.registry.v1 import registration_service_pb2 as wire
from running import ManualClock, running_server

API = instance_pb2.ServiceRef(name="api")


def instance(host: str = "h", port: int = 80, **fields: object) -> instance_pb2.Instance:
    return instance_pb2.Instance(endpoints=[instance_pb2.Endpoint(host=host, port=port)], **fields)


def ref(instance_id: str) -> instance_pb2.InstanceRef:
    return instance_pb2.InstanceRef(service=API, instance_id=instance_id)


def reason(error: grpc.aio.AioRpcError) -> str:
    return str(dict(error.trailing_metadata()).get("muster-reason"))


async def test_register_answers_the_instance_with_its_defaults() -> None:
    async with running_server() as server, server.channel() as channel:
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)

        answer = await stub.Register(wire.RegisterRequest(service=API, instance=instance(metadata={"a": "b"})))

        assert answer.instance.instance_id == "h#80#DEFAULT"
        assert answer.instance.lease.ttl.seconds == 15
        assert answer.instance.health == instance_pb2.HEALTH_HEALTHY
        assert answer.instance.admin_state == instance_pb2.ADMIN_STATE_ENABLED
        assert answer.revision == answer.instance.revision
        assert answer.epoch == server.engine.epoch
        found = await discovery_service_pb2_grpc.DiscoveryServiceStub(channel).GetInstance(
            discovery.GetInstanceRequest(ref=ref("h#80#DEFAULT"))
        )
        assert found.instance == answer.instance
        assert answer.instance_id == "h#80#DEFAULT"


async def test_register_that_asks_for_the_id_only_gets_no_instance() -> None:
    async with running_server() as server, server.channel() as channel:
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)

        answer = await stub.Register(wire.RegisterRequest(service=API, instance=instance(), id_only=True))

        assert (answer.instance_id, answer.HasField("instance")) == ("h#80#DEFAULT", False)
        assert (answer.revision, answer.epoch) == (server.engine.revision, server.engine.epoch)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (wire.RegisterRequest(instance=instance()), "service"),
        (wire.RegisterRequest(service=instance_pb2.ServiceRef(), instance=instance()), "service.name"),
        (wire.RegisterRequest(service=API), "instance"),
        (wire.RegisterRequest(service=API, instance=instance_pb2.Instance()), "endpoints"),
        (wire.RegisterRequest(service=API, instance=instance("")), "endpoints.host"),
        (wire.RegisterRequest(service=API, instance=instance(port=70000)), "endpoints.port"),
        (wire.RegisterRequest(service=API, instance=instance(weight=float("nan"))), "weight"),
        (wire.RegisterRequest(service=API, instance=instance(weight=-1)), "weight"),
        (wire.RegisterRequest(service=API, instance=instance(cluster="a\nb")), "cluster"),
        (wire.RegisterRequest(service=API, instance=instance(instance_id="x" * 1025)), "instance_id"),
        (wire.RegisterRequest(service=API, instance=instance(metadata={"k": "v" * 70000})), "metadata"),
        (wire.RegisterRequest(service=API, instance=instance(health=77)), "health"),
        (wire.RegisterRequest(service=API, instance=instance(lease={"ttl": {"seconds": -5}})), "lease.ttl"),
        (wire.RegisterRequest(service=API, instance=instance(lease={"ttl": {"nanos": 1}})), "lease.ttl"),
        (wire.RegisterRequest(service=API, instance=instance(persistent=True, lease={"ttl": {"seconds": 5}})), "lease"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_register_of_bad_input_names_the_field_and_changes_nothing(request_: wire.RegisterRequest, field: str) -> None:
    async with running_server() as server, server.channel() as channel:
        before = server.engine.revision
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Register(request_)

        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert reason(caught.value) == "INVALID_FIELD"
        status = rpc_status.from_call(caught.value)
        info, violations = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        assert status.details[0].Unpack(info)
        assert status.details[1].Unpack(violations)
        assert (info.domain, info.reason) == ("muster", "INVALID_FIELD")
        assert violations.field_violations[0].field == field
        assert server.engine.revision == before


async def test_request_that_is_no_protobuf_is_refused_as_bad_input() -> None:
    async with running_server() as server, server.channel() as channel:
        call = channel.unary_unary("/muster.registry.v1.RegistrationService/Register")

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(b"\xff\xff\xff")

        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_request_of_seventeen_mebibytes_is_refused() -> None:
    async with running_server() as server, server.channel() as channel:
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
        request = wire.RegisterRequest(service=API, instance=instance(metadata={"k": "v" * (17 << 20)}))

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Register(request)

        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_register_batch_answers_each_item_on_its_own_merits() -> None:
    async with running_server() as server, server.channel() as channel:
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
        good, bad = wire.RegisterRequest(service=API, instance=instance()), wire.RegisterRequest(service=API)

        answer = await stub.RegisterBatch(wire.RegisterBatchRequest(registrations=[good, bad, good]))

        assert [result.error.code for result in answer.results] == [0, 3, 0]
        assert answer.results[0].instance_id == "h#80#DEFAULT"


async def test_deregister_of_a_missing_instance_is_an_error_unless_allowed() -> None:
    async with running_server() as server, server.channel() as channel:
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Deregister(wire.DeregisterRequest(ref=ref("x")))
        allowed = await stub.Deregister(wire.DeregisterRequest(ref=ref("x"), allow_missing=True))

        assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.NOT_FOUND, "INSTANCE_NOT_FOUND")
        assert not allowed.removed


async def test_renew_answers_what_is_missing_and_renews_the_rest() -> None:
    clock = ManualClock()
    async with running_server(clock=clock) as server, server.channel() as channel:
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
        await stub.Register(wire.RegisterRequest(service=API, instance=instance()))
        server.advance(14)

        answer = await stub.Renew(wire.RenewRequest(refs=[ref("gone"), ref("h#80#DEFAULT")]))
        server.advance(14)

        assert [missing.instance_id for missing in answer.missing] == ["gone"]
        listed = await discovery_service_pb2_grpc.DiscoveryServiceStub(channel).ListInstances(
            discovery.ListInstancesRequest(service=API)
        )
        assert listed.instances[0].health == instance_pb2.HEALTH_HEALTHY


async def test_conditional_update_of_an_older_revision_tells_the_current_one() -> None:
    async with running_server() as server, server.channel() as channel:
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
        registered = await stub.Register(wire.RegisterRequest(service=API, instance=instance()))
        update = wire.UpdateInstanceRequest(
            ref=ref("h#80#DEFAULT"), instance=instance(weight=5), update_mask=FieldMask(paths=["weight"]), expected_revision=1
        )

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.UpdateInstance(update)
        update.expected_revision = registered.instance.revision
        updated = await stub.UpdateInstance(update)

        assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.ABORTED, "REVISION_MISMATCH")
        assert updated.instance.weight == 5


async def test_list_instances_with_the_current_revision_is_not_modified() -> None:
    async with running_server() as server, server.channel() as channel:
        await registration_service_pb2_grpc.RegistrationServiceStub(channel).Register(
            wire.RegisterRequest(service=API, instance=instance())
        )
        stub = discovery_service_pb2_grpc.DiscoveryServiceStub(channel)

        first = await stub.ListInstances(discovery.ListInstancesRequest(service=API))
        again = await stub.ListInstances(discovery.ListInstancesRequest(service=API, if_revision=first.revision))
        filtered = await stub.ListInstances(discovery.ListInstancesRequest(service=API, clusters=["other"]))

        assert len(first.instances) == 1
        assert again.not_modified
        assert not again.instances
        assert not filtered.instances


async def test_list_services_pages_in_order() -> None:
    async with running_server() as server, server.channel() as channel:
        registration = registration_service_pb2_grpc.RegistrationServiceStub(channel)
        for name in ("c", "a", "b"):
            await registration.Register(wire.RegisterRequest(service=instance_pb2.ServiceRef(name=name), instance=instance()))
        stub = discovery_service_pb2_grpc.DiscoveryServiceStub(channel)

        first = await stub.ListServices(discovery.ListServicesRequest(page_size=2))
        second = await stub.ListServices(discovery.ListServicesRequest(page_size=2, page_token=first.next_page_token))

        assert [summary.service.name for summary in first.services] == ["a", "b"]
        assert [summary.service.name for summary in second.services] == ["c"]
        assert not second.next_page_token


async def test_override_holds_over_a_new_registration_and_a_restart(tmp_path: Path) -> None:
    laid = instance_pb2.AdminOverride(state="ADMIN_STATE_DISABLED", weight=0, metadata={"zone": "b"}, author="ann")
    mask = FieldMask(paths=["state", "weight", "metadata"])
    async with running_server(data_dir=tmp_path) as server, server.channel() as channel:
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
        await stub.Register(wire.RegisterRequest(service=API, instance=instance()))
        await stub.OverrideInstance(wire.OverrideInstanceRequest(ref=ref("h#80#DEFAULT"), override=laid, update_mask=mask))

    async with running_server(data_dir=tmp_path) as server, server.channel() as channel:
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
        said = instance(weight=5, metadata={"zone": "a", "version": "1"})
        shown = (await stub.Register(wire.RegisterRequest(service=API, instance=said))).instance

    assert (shown.weight, dict(shown.metadata)) == (0, {"zone": "b", "version": "1"})
    assert (shown.admin_state, shown.declared_admin_state) == (instance_pb2.ADMIN_STATE_DISABLED, instance_pb2.ADMIN_STATE_ENABLED)
    assert (shown.admin_override.weight, shown.admin_override.author) == (0, "ann")
    assert shown.admin_override.HasField("weight")


async def test_override_bears_its_callers_name_unless_it_names_another() -> None:
    async with guarded() as world:
        ann = await world.user("ann", ("default:DEFAULT_GROUP:service/api", "rw"))
        await world.registration.Register(wire.RegisterRequest(service=API, instance=instance()), metadata=ann)
        requests = [
            wire.SetAdminStateRequest(ref=ref("h#80#DEFAULT"), state="ADMIN_STATE_DISABLED"),
            wire.SetAdminStateRequest(ref=ref("h#80#DEFAULT"), state="ADMIN_STATE_DISABLED", author="job 7"),
        ]
        said = instance_pb2.AdminOverride(weight=2)
        laid = wire.OverrideInstanceRequest(ref=ref("h#80#DEFAULT"), override=said, update_mask=FieldMask(paths=["weight"]))

        shown = [(await world.registration.SetAdminState(request, metadata=ann)).instance for request in requests]
        shown.append((await world.registration.OverrideInstance(laid, metadata=ann)).instance)

    assert [one.admin_override.author for one in shown] == ["ann", "job 7", "ann"]
