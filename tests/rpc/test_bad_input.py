"""Bad input over the native API: a typed status, nothing changed, and the connection serves on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, error_reason_pb2, instance_pb2, registration_service_pb2_grpc
from muster.registry.v1 import registration_service_pb2 as wire
from muster_server.storage.memory import MemoryStore
from running import Server, running_server

from rpc.test_registration import API, instance, reason
from rpc.test_streams import HELLO, opened, register, subscribe, watch_call

REGISTRATION, DISCOVERY = "/muster.registry.v1.RegistrationService/", "/muster.registry.v1.DiscoveryService/"
KNOWN = "one#80#DEFAULT"
NAN, INFINITY = float("nan"), float("inf")
LONG = "ü" * 2049  # 4098 bytes

Case = tuple[Any, str]


@dataclass
class Bench:
    """A server with one instance, and one connection to it."""

    server: Server
    channel: grpc.aio.Channel

    def __post_init__(self) -> None:
        self.registration = registration_service_pb2_grpc.RegistrationServiceStub(self.channel)
        self.discovery = discovery_service_pb2_grpc.DiscoveryServiceStub(self.channel)

    async def state(self) -> tuple[int, bytes, bytes]:
        """All that readers can see, asked over the same connection."""
        listed = await self.discovery.ListInstances(discovery.ListInstancesRequest(service=API))
        services = await self.discovery.ListServices(discovery.ListServicesRequest())
        return self.server.engine.revision, listed.SerializeToString(), services.SerializeToString()


@asynccontextmanager
async def bench(**settings_: Any) -> AsyncIterator[Bench]:
    async with running_server(**settings_) as server, server.channel() as channel:
        made = Bench(server, channel)
        await made.registration.Register(wire.RegisterRequest(service=API, instance=instance("one")))
        yield made


def at(instance_id: str = KNOWN, service: instance_pb2.ServiceRef = API) -> instance_pb2.InstanceRef:
    return instance_pb2.InstanceRef(service=service, instance_id=instance_id)


def named(**fields: str) -> instance_pb2.ServiceRef:
    return instance_pb2.ServiceRef(**{"name": "api", **fields})


BAD_SERVICES: list[tuple[instance_pb2.ServiceRef, str]] = [
    (named(name=""), "service.name"),
    (named(name=LONG), "service.name"),
    (named(name="a\x00b"), "service.name"),
    (named(name="a\x7f"), "service.name"),
    (named(namespace=LONG), "service.namespace"),
    (named(namespace="\n"), "service.namespace"),
    (named(group=LONG), "service.group"),
    (named(group="a\tb"), "service.group"),
    (named(name="n" * 4096, group="g" * 4096, namespace="x"), "service"),
]
BAD_REFS: list[tuple[instance_pb2.InstanceRef, str]] = [
    (instance_pb2.InstanceRef(), "service"),
    (instance_pb2.InstanceRef(instance_id="x"), "service"),
    (instance_pb2.InstanceRef(service=API), "key"),
    (at(""), "instance_id"),
    (at("x" * 1025), "instance_id"),
    (at("a\nb"), "instance_id"),
    (instance_pb2.InstanceRef(service=API, address=instance_pb2.InstanceAddress(port=80)), "address.host"),
    (instance_pb2.InstanceRef(service=API, address=instance_pb2.InstanceAddress(host="x" * 1025)), "address.host"),
    (instance_pb2.InstanceRef(service=API, address=instance_pb2.InstanceAddress(host="a\rb")), "address.host"),
    *((at(service=service), field) for service, field in BAD_SERVICES),
]


def lease(**fields: Any) -> instance_pb2.Instance:
    return instance(lease=fields)


def endpoint(**fields: Any) -> instance_pb2.Instance:
    return instance_pb2.Instance(endpoints=[instance_pb2.Endpoint(**{"host": "h", **fields})])


BAD_INSTANCES: list[tuple[instance_pb2.Instance, str]] = [
    (instance_pb2.Instance(), "endpoints"),
    (instance_pb2.Instance(endpoints=[instance_pb2.Endpoint(host="h")] * 17), "endpoints"),
    (endpoint(host=""), "endpoints.host"),
    (endpoint(host="h" * 1025), "endpoints.host"),
    (endpoint(host="a\x1fb"), "endpoints.host"),
    (endpoint(port=65536), "endpoints.port"),
    (endpoint(port=2**32 - 1), "endpoints.port"),
    (endpoint(scheme="a b"), "endpoints.scheme"),
    (endpoint(scheme="ü"), "endpoints.scheme"),
    (endpoint(scheme="s" * 65), "endpoints.scheme"),
    (endpoint(host="h" * 1024), "instance_id"),  # the default id is longer than an id may be
    (instance(instance_id="x" * 1025), "instance_id"),
    (instance(instance_id="a\nb"), "instance_id"),
    (instance(cluster="c" * 257), "cluster"),
    (instance(cluster="\x00"), "cluster"),
    (instance(weight=NAN), "weight"),
    (instance(weight=INFINITY), "weight"),
    (instance(weight=-INFINITY), "weight"),
    (instance(weight=-5e-324), "weight"),
    (instance(weight=1_000_000.1), "weight"),
    (instance(metadata={"": "v"}), "metadata key"),
    (instance(metadata={"k" * 1025: "v"}), "metadata key"),
    (instance(metadata={"a\nb": "v"}), "metadata key"),
    (instance(metadata={str(number): "" for number in range(257)}), "metadata"),
    (instance(metadata={"k": "v" * 65536}), "metadata"),
    (instance(metadata={"k": "v" * (3 << 20)}), "metadata"),
    (instance(health=77), "health"),
    (instance(health=-1), "health"),
    (instance(declared_admin_state=77), "admin_state"),
    (lease(ttl={"seconds": -1}), "lease.ttl"),
    (lease(ttl={"nanos": -1}), "lease.ttl"),
    (lease(ttl={"seconds": 1, "nanos": 1_000_000_000}), "lease.ttl"),
    (lease(ttl={"seconds": 2**63 - 1}), "lease.ttl"),
    (lease(ttl={"nanos": 99_999_999}), "lease.ttl"),
    (lease(ttl={"seconds": 86400, "nanos": 1}), "lease.ttl"),
    (lease(grace={"seconds": -1}), "lease.grace"),
    (lease(grace={"seconds": 86401}), "lease.grace"),
    (lease(grace={"seconds": -(2**63)}), "lease.grace"),
    (instance(persistent=True, lease={}), "lease"),
]
BAD_REGISTRATIONS: list[Case] = [
    (wire.RegisterRequest(), "service"),
    (wire.RegisterRequest(service=API), "instance"),
    *((wire.RegisterRequest(service=service, instance=instance()), field) for service, field in BAD_SERVICES),
    *((wire.RegisterRequest(service=API, instance=one), field) for one, field in BAD_INSTANCES),
]


def update(one: instance_pb2.Instance, *paths: str) -> wire.UpdateInstanceRequest:
    return wire.UpdateInstanceRequest(ref=at(), instance=one, update_mask=FieldMask(paths=paths))


BAD_CHANGES = {
    "weight": "weight",
    "metadata key": "metadata",
    "metadata": "metadata",
    "health": "health",
    "admin_state": "declared_admin_state",
    "lease.ttl": "lease.ttl",
    "lease.grace": "lease.grace",
}
BAD: dict[str, list[Case]] = {
    "Register": BAD_REGISTRATIONS,
    "RegisterBatch": [
        (wire.RegisterBatchRequest(), "registrations"),
        (wire.RegisterBatchRequest(registrations=[wire.RegisterRequest(service=API, instance=instance())] * 1001), "registrations"),
    ],
    "ReplaceInstances": [
        (wire.ReplaceInstancesRequest(), "service"),
        (wire.ReplaceInstancesRequest(service=API, instances=[instance()] * 1001), "instances"),
        (wire.ReplaceInstancesRequest(service=API, instances=[instance(persistent=True)]), "persistent"),
        *((wire.ReplaceInstancesRequest(service=service), field) for service, field in BAD_SERVICES),
        *(
            (wire.ReplaceInstancesRequest(service=API, instances=[instance(), one]), field)
            for one, field in BAD_INSTANCES
            if not field.startswith("lease")  # on a session it is ignored
        ),
    ],
    "Deregister": [
        (wire.DeregisterRequest(), "ref"),
        (wire.DeregisterRequest(allow_missing=True), "ref"),
        (wire.DeregisterRequest(ref=at(), reason=4), "reason"),
        (wire.DeregisterRequest(ref=at(), reason=99), "reason"),  # type: ignore[arg-type]  # that is the fault
        *((wire.DeregisterRequest(ref=one, allow_missing=True), field) for one, field in BAD_REFS),
    ],
    "Renew": [
        (wire.RenewRequest(), "refs"),
        (wire.RenewRequest(refs=[at()] * 1001), "refs"),
        *((wire.RenewRequest(refs=[at(), one]), field) for one, field in BAD_REFS),
    ],
    "Drain": [
        (wire.DrainRequest(), "refs"),
        (wire.DrainRequest(refs=[at()] * 1001), "refs"),
        *((wire.DrainRequest(refs=[at(), one]), field) for one, field in BAD_REFS),
        (wire.DrainRequest(refs=[at()], author=LONG), "author"),
        (wire.DrainRequest(refs=[at()], comment="x" * 1025), "comment"),
        *((wire.DrainRequest(refs=[at()], timeout=Duration(seconds=seconds)), "timeout") for seconds in (-1, 3601, 1 << 40)),
    ],
    "Explain": [
        (discovery.ExplainRequest(), "ref"),
        *((discovery.ExplainRequest(ref=one), field) for one, field in BAD_REFS),
        (discovery.ExplainRequest(ref=at(), clusters=["c"] * 101), "clusters"),
        (discovery.ExplainRequest(ref=at(), clusters=[LONG]), "clusters"),
    ],
    "UpdateInstance": [
        (wire.UpdateInstanceRequest(), "ref"),
        (wire.UpdateInstanceRequest(ref=at(), instance=instance()), "update_mask"),
        *((update(instance(), path), "update_mask") for path in ("", "nope", "endpoints", "lease", "Weight", "x" * 100_000, "*")),
        (update(instance(weight=2), "weight", "nope"), "update_mask"),
        (update(instance(), "health"), "health"),
        (update(instance(), "declared_admin_state"), "admin_state"),
        *(
            (update(one, BAD_CHANGES[field]), field)
            for one, field in BAD_INSTANCES
            if field in BAD_CHANGES and one.endpoints and not one.persistent
        ),
        *((wire.UpdateInstanceRequest(ref=one, update_mask=FieldMask(paths=["weight"])), field) for one, field in BAD_REFS),
    ],
    "SetAdminState": [
        (wire.SetAdminStateRequest(), "ref"),
        (wire.SetAdminStateRequest(ref=at(), state=77), "admin_state"),
        (wire.SetAdminStateRequest(ref=at(), state=-1), "admin_state"),
        *(
            (wire.SetAdminStateRequest(ref=at(), state=state, **fields), field)
            for state in (0, 2)
            for fields, field in (
                ({"author": "a" * 257}, "author"),
                ({"author": "a\nb"}, "author"),
                ({"comment": "c" * 1025}, "comment"),
                ({"comment": "\x00"}, "comment"),
            )
        ),
        *((wire.SetAdminStateRequest(ref=one, state=2), field) for one, field in BAD_REFS),
    ],
    "OverrideInstance": [
        (wire.OverrideInstanceRequest(), "ref"),
        (wire.OverrideInstanceRequest(ref=at()), "update_mask"),
        (wire.OverrideInstanceRequest(ref=at(), update_mask=FieldMask(paths=["health"])), "update_mask"),
        *(
            (wire.OverrideInstanceRequest(ref=at(), update_mask=FieldMask(paths=[path]), override=override), field)
            for path, override, field in (
                ("state", instance_pb2.AdminOverride(state=77), "admin_state"),
                ("state", instance_pb2.AdminOverride(author="a" * 257), "author"),
                ("state", instance_pb2.AdminOverride(comment="a\nb"), "comment"),
                ("weight", instance_pb2.AdminOverride(weight=-1), "weight"),
                ("weight", instance_pb2.AdminOverride(weight=float("nan")), "weight"),
                ("weight", instance_pb2.AdminOverride(weight=1_000_001), "weight"),
                ("metadata", instance_pb2.AdminOverride(metadata={"": "v"}), "metadata key"),
                ("metadata", instance_pb2.AdminOverride(metadata={"a": "v" * 65_536}), "metadata"),
                ("metadata", instance_pb2.AdminOverride(metadata={str(number): "" for number in range(257)}), "metadata"),
            )
        ),
        *((wire.OverrideInstanceRequest(ref=one, update_mask=FieldMask(paths=["state"])), field) for one, field in BAD_REFS),
    ],
    "GetInstance": [
        (discovery.GetInstanceRequest(), "ref"),
        *((discovery.GetInstanceRequest(ref=one), field) for one, field in BAD_REFS),
    ],
    "ListInstances": [
        (discovery.ListInstancesRequest(), "service"),
        (discovery.ListInstancesRequest(service=API, clusters=["c"] * 101), "clusters"),
        (discovery.ListInstancesRequest(service=API, clusters=["c" * 257]), "clusters"),
        (discovery.ListInstancesRequest(service=API, clusters=["a", "\n"]), "clusters"),
        *((discovery.ListInstancesRequest(service=service), field) for service, field in BAD_SERVICES),
    ],
    "SearchInstances": [
        (discovery.SearchInstancesRequest(page_size=-1), "page_size"),
        (discovery.SearchInstancesRequest(page_token="x"), "page_token"),
        (discovery.SearchInstancesRequest(page_token="a\nb\nc\nd"), "page_token"),
        (discovery.SearchInstancesRequest(page_token="a\nb\nc\n" + "9" * 19), "page_token"),
        (discovery.SearchInstancesRequest(page_token=f"a\nb\n{LONG}\n1"), "page_token"),
        (discovery.SearchInstancesRequest(namespace=LONG), "namespace"),
        (discovery.SearchInstancesRequest(address=instance_pb2.InstanceAddress()), "address.host"),
        (discovery.SearchInstancesRequest(address=instance_pb2.InstanceAddress(host="a\nb")), "address.host"),
    ],
    "ListServices": [
        (discovery.ListServicesRequest(page_size=-1), "page_size"),
        (discovery.ListServicesRequest(page_size=-(2**31)), "page_size"),
        (discovery.ListServicesRequest(page_token="x"), "page_token"),
        (discovery.ListServicesRequest(page_token="a\nb\nc\nd"), "page_token"),
        (discovery.ListServicesRequest(page_token="a\nb\nc\x00"), "page_token"),
        (discovery.ListServicesRequest(page_token=f"a\nb\n{LONG}"), "page_token"),
        (discovery.ListServicesRequest(namespace=LONG), "namespace"),
        (discovery.ListServicesRequest(namespace="a\nb"), "namespace"),
        (discovery.ListServicesRequest(group=LONG), "group"),
        (discovery.ListServicesRequest(group="\x7f"), "group"),
    ],
    "ListSubscribers": [
        (discovery.ListSubscribersRequest(), "service"),
        (discovery.ListSubscribersRequest(service=API, page_size=-1), "page_size"),
        *(
            (discovery.ListSubscribersRequest(service=API, page_token=token), "page_token")
            for token in ("x", "-1", "²", "1" * 5000)
        ),
        *((discovery.ListSubscribersRequest(service=service), field) for service, field in BAD_SERVICES),
    ],
}


def stub_of(made: Bench, method: str) -> Any:
    return getattr(made.registration if hasattr(made.registration, method) else made.discovery, method)


async def failure_of(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


def named_fields(error: grpc.aio.AioRpcError) -> tuple[str, str, str]:
    """Domain and reason of the ErrorInfo and the field of the BadRequest."""
    status, info, violations = rpc_status.from_call(error), error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(violations)
    assert violations.field_violations[0].description == status.message
    return info.domain, info.reason, violations.field_violations[0].field


@pytest.mark.parametrize("method", list(BAD))
async def test_bad_field_is_named_and_nothing_changes(method: str) -> None:
    async with bench() as made:
        before = await made.state()

        for number, (request, field) in enumerate(BAD[method]):
            error = await failure_of(stub_of(made, method)(request))

            about = f"case {number}: {str(request)[:200]}"
            assert (error.code(), reason(error)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"), about
            assert named_fields(error) == ("muster", "INVALID_FIELD", field), about
        assert await made.state() == before


def test_table_holds_every_unary_method() -> None:
    services = [wire.DESCRIPTOR.services_by_name["RegistrationService"], discovery.DESCRIPTOR.services_by_name["DiscoveryService"]]

    unary = {method.name for service in services for method in service.methods if not method.server_streaming}

    assert unary == set(BAD)


@pytest.mark.parametrize("method", list(BAD))
@pytest.mark.parametrize("raw", [b"\xff\xff\xff", b"\x0a\x7f", b"\x0a\x03\x1a\x01\xff"], ids=["garbage", "truncated", "no-utf-8"])
async def test_request_that_cannot_be_parsed_is_refused(method: str, raw: bytes) -> None:
    async with bench() as made:
        before = await made.state()
        prefix = REGISTRATION if hasattr(made.registration, method) else DISCOVERY

        wrapped = b"\x0a" + bytes([len(raw)]) + raw if method == "RegisterBatch" else raw  # its names lie one level deeper

        error = await failure_of(made.channel.unary_unary(prefix + method)(wrapped))

        refused = (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
        assert (error.code(), reason(error)) == refused
        assert named_fields(error)[0] == "muster"
        assert await made.state() == before


@pytest.mark.parametrize(
    ("method", "request_", "code", "expected"),
    [
        ("Deregister", wire.DeregisterRequest(ref=at("gone")), "NOT_FOUND", "INSTANCE_NOT_FOUND"),
        ("Deregister", wire.DeregisterRequest(ref=at(), expected_revision=-1), "ABORTED", "REVISION_MISMATCH"),
        ("UpdateInstance", wire.UpdateInstanceRequest(ref=at("gone"), update_mask=FieldMask(paths=["weight"])), "NOT_FOUND", ""),
        ("SetAdminState", wire.SetAdminStateRequest(ref=at("gone"), state=2), "NOT_FOUND", "INSTANCE_NOT_FOUND"),
        ("OverrideInstance", wire.OverrideInstanceRequest(ref=at("gone"), update_mask=FieldMask(paths=["state"])), "NOT_FOUND", ""),
        (
            "OverrideInstance",
            wire.OverrideInstanceRequest(ref=at(), update_mask=FieldMask(paths=["state"]), expected_revision=-1),
            "ABORTED",
            "REVISION_MISMATCH",
        ),
        ("GetInstance", discovery.GetInstanceRequest(ref=at("gone")), "NOT_FOUND", "INSTANCE_NOT_FOUND"),
        (
            "GetInstance",
            discovery.GetInstanceRequest(ref=at("ü" * 512, named(name="ü" * 2048))),
            "NOT_FOUND",
            "INSTANCE_NOT_FOUND",
        ),
        (
            "Register",
            wire.RegisterRequest(service=API, instance=instance("two", persistent=True)),
            "FAILED_PRECONDITION",
            "SERVICE_KIND_MISMATCH",
        ),
        (
            "Register",
            wire.RegisterRequest(service=API, instance=instance("one"), expected_revision=0),
            "ABORTED",
            "REVISION_MISMATCH",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_request_that_does_not_fit_the_state_is_refused(method: str, request_: Any, code: str, expected: str) -> None:
    async with bench() as made:
        before = await made.state()

        error = await failure_of(stub_of(made, method)(request_))

        assert (error.code().name, reason(error)) == (code, expected or "INSTANCE_NOT_FOUND")
        assert await made.state() == before


@pytest.mark.parametrize("method", ["Register", "Renew"])
async def test_request_above_sixteen_mebibytes_is_refused(method: str) -> None:
    async with bench() as made:
        before = await made.state()

        error = await failure_of(made.channel.unary_unary(REGISTRATION + method)(bytes((16 << 20) + 1)))

        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "larger than max" in str(error.details())
        assert await made.state() == before


@pytest.mark.parametrize("size", [20 << 10, 10 << 20], ids=["20KiB", "10MiB"])
async def test_call_metadata_above_the_transports_limit_is_refused(size: int) -> None:
    async with bench() as made:
        before = await made.state()
        request = wire.RegisterRequest(service=API, instance=instance("two"))

        error = await failure_of(made.registration.Register(request, metadata=(("x-large", "v" * size),)))

        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert await made.state() == before


async def test_instance_metadata_of_ten_mebibytes_is_refused_on_a_session_and_unary() -> None:
    async with bench() as made:
        before = await made.state()
        request = wire.RegisterRequest(service=API, instance=instance("two", metadata={"k": "v" * (10 << 20)}))
        session, _ = await opened(made.channel)

        unary = await failure_of(made.registration.Register(request))
        await session.write(wire.SessionRequest(register=wire.SessionRequest.Register(registrations=[request])))
        streamed = (await session.read()).results.results[0].error

        assert unary.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert streamed.reason == error_reason_pb2.ERROR_REASON_INVALID_FIELD
        assert await made.state() == before
        session.cancel()


async def test_batch_answers_each_bad_registration_by_itself() -> None:
    async with bench() as made:
        before = await made.state()
        small = [(request, field) for request, field in BAD_REGISTRATIONS if request.ByteSize() < 1 << 20]

        answer = await made.registration.RegisterBatch(wire.RegisterBatchRequest(registrations=[request for request, _ in small]))

        for result, (_, field) in zip(answer.results, small, strict=True):
            assert (result.error.code, result.error.reason, result.revision) == (3, 1, 0)
            assert result.error.message.startswith(f"{field}: ")
        assert await made.state() == before


async def test_batch_of_a_thousand_is_taken() -> None:
    async with bench() as made:
        items = [wire.RegisterRequest(service=API, instance=instance(f"h{number}")) for number in range(1000)]

        answer = await made.registration.RegisterBatch(wire.RegisterBatchRequest(registrations=items))

        assert not any(result.HasField("error") for result in answer.results)


def wide() -> instance_pb2.Instance:
    """Every field at its upper bound."""
    endpoints = [instance_pb2.Endpoint(scheme="s" * 64, host="h" * 1024, port=65535)] * 16
    return instance_pb2.Instance(
        instance_id="i" * 1024,
        endpoints=endpoints,
        cluster="c" * 256,
        weight=1_000_000,
        metadata={"k": "v" * 65535},
        lease={"ttl": {"seconds": 86400}, "grace": {"seconds": 86400}},
    )


async def test_instance_with_every_field_at_its_bound_is_taken_and_found() -> None:
    async with bench() as made:
        service = instance_pb2.ServiceRef(namespace="n" * 2048, group="g" * 2048, name="s" * 4096)

        registered = await made.registration.Register(wire.RegisterRequest(service=service, instance=wide()))
        found = await made.discovery.GetInstance(discovery.GetInstanceRequest(ref=at("i" * 1024, service)))

        assert found.instance == registered.instance
        assert found.instance.metadata == {"k": "v" * 65535}


async def test_persistent_instance_with_the_longest_default_id_survives_a_restart() -> None:
    store = MemoryStore()
    hosts = ["h" * length for length in (1024 - len("#80#DEFAULT"), 1024)]
    async with running_server(store=store) as server, server.channel() as channel:
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
        items = [wire.RegisterRequest(service=API, instance=instance(host, persistent=True)) for host in hosts]
        answer = await stub.RegisterBatch(wire.RegisterBatchRequest(registrations=items))
    store.reopen()

    async with running_server(store=store) as server, server.channel() as channel:
        listed = await discovery_service_pb2_grpc.DiscoveryServiceStub(channel).ListInstances(
            discovery.ListInstancesRequest(service=API)
        )

    assert [result.error.code for result in answer.results] == [0, 3]
    assert [one.endpoints[0].host for one in listed.instances] == hosts[:1]


async def test_update_to_an_absent_value_means_the_default_one() -> None:
    async with bench() as made:
        given_ = instance("one", weight=5, lease={"ttl": {"seconds": 60}, "grace": {"seconds": 60}})
        await made.registration.Register(wire.RegisterRequest(service=API, instance=given_))

        answer = await made.registration.UpdateInstance(update(instance_pb2.Instance(), "weight", "lease.ttl", "lease.grace"))

        changed = answer.instance
        assert (changed.weight, changed.lease.ttl.seconds, changed.lease.grace.seconds) == (1, 15, 15)


# Sessions.


def hello(**fields: Any) -> wire.SessionRequest:
    return wire.SessionRequest(hello=wire.SessionRequest.Hello(**fields))


def deregister(*refs: instance_pb2.InstanceRef) -> wire.SessionRequest:
    return wire.SessionRequest(sequence=9, deregister=wire.SessionRequest.Deregister(refs=refs))


@pytest.mark.parametrize(
    ("frames", "code", "expected", "field"),
    [
        ([hello(client_name="n" * 257)], "INVALID_ARGUMENT", "INVALID_FIELD", "hello.client_name"),
        ([hello(client_name="a\nb")], "INVALID_ARGUMENT", "INVALID_FIELD", "hello.client_name"),
        ([hello(client_version="v" * 65)], "INVALID_ARGUMENT", "INVALID_FIELD", "hello.client_version"),
        ([hello(client_version="\x00")], "INVALID_ARGUMENT", "INVALID_FIELD", "hello.client_version"),
        ([hello(ttl={"seconds": -1})], "INVALID_ARGUMENT", "INVALID_FIELD", "hello.ttl"),
        ([hello(ttl={})], "INVALID_ARGUMENT", "INVALID_FIELD", "hello.ttl"),
        ([hello(ttl={"nanos": 999_999_999})], "INVALID_ARGUMENT", "INVALID_FIELD", "hello.ttl"),
        ([hello(ttl={"seconds": 3601})], "INVALID_ARGUMENT", "INVALID_FIELD", "hello.ttl"),
        ([hello(ttl={"seconds": 2**63 - 1})], "INVALID_ARGUMENT", "INVALID_FIELD", "hello.ttl"),
        ([hello(grace={"nanos": -1})], "INVALID_ARGUMENT", "INVALID_FIELD", "hello.grace"),
        ([hello(grace={"seconds": 3600, "nanos": 1})], "INVALID_ARGUMENT", "INVALID_FIELD", "hello.grace"),
        ([hello(session_id="nobody's")], "NOT_FOUND", "SESSION_NOT_FOUND", ""),
        ([hello(session_id="x" * (3 << 20))], "NOT_FOUND", "SESSION_NOT_FOUND", ""),
        ([register("two")], "FAILED_PRECONDITION", "PROTOCOL_VIOLATION", ""),
        ([wire.SessionRequest(renew=wire.SessionRequest.Renew())], "FAILED_PRECONDITION", "PROTOCOL_VIOLATION", ""),
        ([wire.SessionRequest(goodbye=wire.SessionRequest.Goodbye())], "FAILED_PRECONDITION", "PROTOCOL_VIOLATION", ""),
        ([wire.SessionRequest(sequence=5)], "FAILED_PRECONDITION", "PROTOCOL_VIOLATION", ""),
        ([HELLO, HELLO], "FAILED_PRECONDITION", "PROTOCOL_VIOLATION", ""),
        ([HELLO, wire.SessionRequest.FromString(b"\xba\x3e\x00")], "FAILED_PRECONDITION", "PROTOCOL_VIOLATION", ""),
        ([HELLO, register()], "INVALID_ARGUMENT", "INVALID_FIELD", "registrations"),
        ([HELLO, register(*["x"] * 1001)], "INVALID_ARGUMENT", "INVALID_FIELD", "registrations"),
        ([HELLO, deregister()], "INVALID_ARGUMENT", "INVALID_FIELD", "refs"),
        ([HELLO, deregister(*[at()] * 1001)], "INVALID_ARGUMENT", "INVALID_FIELD", "refs"),
        ([HELLO, b"\xff\xff\xff"], "INVALID_ARGUMENT", "INVALID_FIELD", "request"),
        ([b"\x12\x03\x0a\x01\xff"], "INVALID_ARGUMENT", "INVALID_FIELD", "request"),
    ],
    ids=str,
)
async def test_bad_session_frame_ends_the_stream_with_a_typed_status(
    frames: list[wire.SessionRequest | bytes], code: str, expected: str, field: str
) -> None:
    async with bench() as made:
        before = await made.state()
        call = made.channel.stream_stream(f"{REGISTRATION}Session")()

        for frame in frames:
            await call.write(frame if isinstance(frame, bytes) else frame.SerializeToString())
        error = await failure_of(to_the_end(call))

        assert (error.code().name, reason(error)) == (code, expected)
        assert not field or named_fields(error) == ("muster", expected, field)
        assert await made.state() == before


async def to_the_end(call: Any) -> None:
    while await call.read() is not grpc.aio.EOF:
        pass


async def test_session_frame_above_four_mebibytes_ends_the_stream_and_leaves_its_instances_suspect() -> None:
    async with bench() as made:
        call = made.channel.stream_stream(f"{REGISTRATION}Session")()
        await call.write(HELLO.SerializeToString())
        await call.read()
        await call.write(register("two").SerializeToString())
        await call.read()
        watch = watch_call(made.channel)
        await watch.write(subscribe())
        await watch.read()

        await call.write(bytes((16 << 20) + 1))
        error = await failure_of(call.read())
        suspect = (await watch.read()).delta

        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert [put.health for put in suspect.puts] == [instance_pb2.HEALTH_SUSPECT]
        watch.cancel()


async def test_bad_items_on_a_session_are_answered_one_by_one_and_the_session_goes_on() -> None:
    async with bench() as made:
        session, _ = await opened(made.channel)
        before = await made.state()
        bad: list[Case] = [
            (request, field) for request, field in BAD_REGISTRATIONS if request.ByteSize() < 1 << 20 and "lease" not in field
        ]
        bad.append((wire.RegisterRequest(service=named(name="other"), instance=instance(persistent=True)), "persistent"))

        await session.write(
            wire.SessionRequest(sequence=7, register=wire.SessionRequest.Register(registrations=[request for request, _ in bad]))
        )
        registered = await session.read()
        await session.write(deregister(*(one for one, _ in BAD_REFS), at(), at("gone")))
        deregistered = await session.read()
        unchanged = await made.state()
        await session.write(register("two", sequence=10))
        taken = await session.read()

        assert (registered.sequence, deregistered.sequence, taken.sequence) == (7, 9, 10)
        for result, (_, field) in zip(registered.results.results, bad, strict=True):
            assert (result.error.code, result.error.message.partition(":")[0]) == (3, field)
        codes = [result.error.code for result in deregistered.results.results]
        assert codes == [3] * len(BAD_REFS) + [grpc.StatusCode.FAILED_PRECONDITION.value[0], grpc.StatusCode.NOT_FOUND.value[0]]
        assert unchanged == before
        assert not taken.results.results[0].HasField("error")
        session.cancel()


async def metrics(server: Server) -> str:
    async with httpx.AsyncClient() as http:
        return (await http.get(f"{server.http_urls[0]}/metrics")).text


# Watches.


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xba\x3e\x00", b"\xff\xff\xff", b"\x0a\x05\x0a\x03\x1a\x01\xff"],
    ids=["empty", "unknown-kind", "garbage", "no-utf-8"],
)
async def test_watch_frame_of_no_known_kind_ends_the_stream(raw: bytes) -> None:
    async with bench() as made:
        before = await made.state()
        call = made.channel.stream_stream(f"{DISCOVERY}Watch")()

        await call.write(raw)
        error = await failure_of(to_the_end(call))

        expected = {
            True: (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
            False: (grpc.StatusCode.FAILED_PRECONDITION, "PROTOCOL_VIOLATION"),
        }
        assert (error.code(), reason(error)) == expected[len(raw) > 3 or raw == b"\xff\xff\xff"]
        assert await made.state() == before


async def test_watch_frame_above_four_mebibytes_ends_the_stream_as_exhausted() -> None:
    async with bench() as made:
        call = made.channel.stream_stream(f"{DISCOVERY}Watch")()

        await call.write(bytes((16 << 20) + 1))
        error = await failure_of(call.read())

        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        await made.state()


@pytest.mark.parametrize("kind", ["subscribe", "unsubscribe", "ack"])
async def test_watch_frame_about_a_bad_service_is_cancelled_and_the_stream_goes_on(kind: str) -> None:
    message = {"subscribe": discovery.WatchRequest.Subscribe, "unsubscribe": discovery.WatchRequest.Unsubscribe}.get(
        kind, discovery.WatchRequest.Ack
    )
    bad = [
        message(),
        *(message(service=service) for service, _ in BAD_SERVICES),
        message(service=named(name="x" * (4194304 - 100))),
    ]
    async with bench() as made:
        before = await made.state()
        watch = watch_call(made.channel)

        for one in bad:
            await watch.write(discovery.WatchRequest(**{kind: one}))
        cancelled = [(await watch.read()).cancelled for _ in bad]
        await watch.write(subscribe())
        frame = await watch.read()

        assert [one.reason for one in cancelled] == [1] * len(bad)
        assert [one.message.partition(":")[0] for one in cancelled] == [
            "service",
            *(field for _, field in BAD_SERVICES),
            "service.name",
        ]
        assert frame.snapshot.instances[0].instance_id == KNOWN
        assert await made.state() == before
        watch.cancel()


@pytest.mark.parametrize(
    ("from_revision", "expected"),
    [(-1, 1), (-(2**63), 1), (10**12, 11), (2**63 - 1, 11)],
    ids=["-1", "lowest", "future", "highest"],
)
async def test_subscription_from_an_impossible_revision_is_cancelled_and_sends_no_more(from_revision: int, expected: int) -> None:
    async with bench() as made:
        watch = watch_call(made.channel)
        await watch.write(subscribe())
        await watch.read()

        await watch.write(subscribe(from_revision))
        cancelled = (await watch.read()).cancelled
        await made.registration.Register(wire.RegisterRequest(service=API, instance=instance("two")))
        await watch.write(subscribe(0, named(name="other")))
        after = await watch.read()

        assert (cancelled.reason, cancelled.service.name) == (expected, "api")
        assert after.snapshot.service.name == "other"
        watch.cancel()


async def test_subscription_from_another_epoch_is_reset_whatever_its_revision() -> None:
    async with bench() as made:
        watch = watch_call(made.channel)

        for epoch in (1, -1, 2**63 - 1):
            await watch.write(subscribe(2**62, epoch=epoch))
            frame = (await watch.read()).snapshot

            assert frame.reset
            assert frame.instances[0].instance_id == KNOWN
        watch.cancel()


async def test_ack_out_of_range_is_ignored() -> None:
    async with bench() as made:
        watch = watch_call(made.channel)
        await watch.write(subscribe())
        snapshot = (await watch.read()).snapshot

        for service, revision in ((API, -5), (API, 2**63 - 1), (named(name="unknown"), 1)):
            await watch.write(discovery.WatchRequest(ack=discovery.WatchRequest.Ack(service=service, revision=revision)))
        await watch.write(discovery.WatchRequest(unsubscribe=discovery.WatchRequest.Unsubscribe(service=named(name="unknown"))))
        await made.registration.Register(wire.RegisterRequest(service=API, instance=instance("two")))
        delta = (await watch.read()).delta
        listed = await made.discovery.ListSubscribers(discovery.ListSubscribersRequest(service=API))

        assert delta.prev_revision == snapshot.revision
        assert listed.subscribers[0].acked_revision <= delta.revision
        watch.cancel()


# Anything at all.

RAW = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([request for cases in BAD.values() for request, _ in cases if request.ByteSize() < 5000]).map(
        lambda request: request.SerializeToString()
    ),
)
FUZZ = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
DEFECTS = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)


@st.composite
def mutated(draw: Any) -> bytes:
    """A request, with some of its bytes changed or lost."""
    raw = bytearray(draw(RAW))
    for _ in range(draw(st.integers(0, 3))):
        if raw:
            raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
    return bytes(raw[: draw(st.integers(0, len(raw)))] if draw(st.booleans()) else raw)


@pytest.mark.slow
def test_any_bytes_to_any_unary_method_get_a_status_that_is_no_defect() -> None:
    with asyncio.Runner() as runner:  # one loop for all examples: gRPC's poller outlives a loop

        @FUZZ
        @given(st.lists(st.tuples(st.sampled_from(list(BAD)), mutated()), min_size=10, max_size=40))
        def holds(calls: list[tuple[str, bytes]]) -> None:
            codes = runner.run(codes_of(calls))

            assert not set(codes) & set(DEFECTS), list(zip(codes, calls, strict=True))

        holds()


async def codes_of(calls: list[tuple[str, bytes]]) -> list[grpc.StatusCode]:
    async with bench() as made:
        codes = []
        for method, raw in calls:
            prefix = REGISTRATION if hasattr(made.registration, method) else DISCOVERY
            codes.append(await code_of(made.channel.unary_unary(prefix + method)(raw)))
        await made.state()
        return codes


async def code_of(call: Any) -> grpc.StatusCode:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


@pytest.mark.slow
def test_any_bytes_on_any_stream_get_a_status_that_is_no_defect() -> None:
    with asyncio.Runner() as runner:

        @FUZZ
        @given(st.lists(st.tuples(st.booleans(), st.booleans(), st.lists(mutated(), max_size=5)), min_size=5, max_size=20))
        def holds(streams: list[tuple[bool, bool, list[bytes]]]) -> None:
            counted = runner.run(counted_of(streams))

            assert not any(f'muster_calls_total{{code="{code.name}"' in counted for code in DEFECTS)

        holds()


async def counted_of(streams: list[tuple[bool, bool, list[bytes]]]) -> str:
    """The server's own count of endings: a client that writes to an ended stream reports INTERNAL by itself."""
    async with bench() as made:
        for stream in streams:
            await feed(made, *stream)
        await made.state()
        return await metrics(made.server)


async def feed(made: Bench, is_session: bool, is_proper: bool, frames: list[bytes]) -> None:
    """Send frames, after a proper first one if asked, half-close, and read to the end."""
    path = f"{REGISTRATION}Session" if is_session else f"{DISCOVERY}Watch"
    first = (HELLO if is_session else subscribe()).SerializeToString()
    call = made.channel.stream_stream(path)()
    try:
        for frame in [first, *frames] if is_proper else frames:
            await call.write(frame)
        await call.done_writing()
        await to_the_end(call)
    except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
        return  # the server may end the stream at any frame
