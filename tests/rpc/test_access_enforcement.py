"""With authentication on, every method asks who calls, and allows what a permission says and nothing else."""

from typing import Any

import grpc
import grpc.aio
import pytest
from access_world import World, guarded
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pool import Default
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from muster.admin.v1 import access_service_pb2 as wire
from muster.admin.v1 import admin_service_pb2 as admin
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as config
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration
from muster_server.rpc.access_table import RULES
from running import running_server

from rpc.test_registration import instance, reason

PUBLIC = {
    "/muster.admin.v1.AccessService/CreateFirstUser",
    "/muster.admin.v1.AccessService/Login",
    "/muster.admin.v1.AccessService/VerifySignature",
    "/muster.admin.v1.AdminService/GetServerInfo",
}
OPEN_SERVICES = ("grpc.health.", "grpc.reflection.")  # what a probe and a person with grpcurl need
UNAUTHENTICATED, DENIED = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED
PAY, SHIP = (instance_pb2.ServiceRef(namespace="prod", group="g", name=name) for name in ("pay", "ship"))


async def reflected(channel: grpc.aio.Channel) -> dict[str, MethodDescriptor]:
    """Every method that the server says it has, by path."""
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    call = stub.ServerReflectionInfo()
    await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
    names = [service.name for service in (await call.read()).list_services_response.service]
    found = {}
    for name in names:
        await call.write(reflection_pb2.ServerReflectionRequest(file_containing_symbol=name))
        answer = await call.read()
        for data in answer.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(data)
            services = [f"{file.package}.{service.name}" for service in file.service]
            if name in services:
                found |= {f"/{name}/{method.name}": method for method in Default().FindServiceByName(name).methods}
    await call.done_writing()
    await call.read()
    return found


async def call_blindly(
    channel: grpc.aio.Channel, path: str, method: MethodDescriptor, metadata: Any = ()
) -> tuple[grpc.StatusCode, str]:
    """Call a method with an empty request, or with none if it takes a stream; answers how it ends, and what is said of it."""
    answer_class = GetMessageClass(method.output_type)
    codec = {"request_serializer": lambda message: message.SerializeToString(), "response_deserializer": answer_class.FromString}
    request = GetMessageClass(method.input_type)()
    if method.client_streaming:  # a write to a call that was refused meanwhile would fail by itself
        call: Any = channel.stream_stream(path, **codec)(iter(()), metadata=metadata, timeout=10)
    else:
        call = channel.unary_stream(path, **codec)(request, metadata=metadata, timeout=10)
    try:
        while await call.read() is not grpc.aio.EOF:
            pass
    except grpc.aio.AioRpcError:
        pass
    return await call.code(), await call.details()


async def test_every_reflected_method_has_a_rule() -> None:
    async with running_server() as server, server.channel() as channel:
        methods = await reflected(channel)

        ours = {path for path in methods if not path.startswith(tuple(f"/{name}" for name in OPEN_SERVICES))}
        assert ours - RULES.keys() == set()
        assert len(ours) > 50


async def test_every_method_but_the_public_ones_refuses_a_caller_without_credential() -> None:
    async with guarded() as world:
        ends = {}
        for path, method in (await reflected(world.channel)).items():
            if not path.startswith(tuple(f"/{name}" for name in OPEN_SERVICES)):
                ends[path] = await call_blindly(world.channel, path, method)

        asked = (UNAUTHENTICATED, "a credential is needed")
        assert {path for path, end in ends.items() if end != asked} == PUBLIC


async def test_channelz_is_for_administrators() -> None:
    async with guarded() as world:
        nobody = await world.user("eve")
        path = "/grpc.channelz.v1.Channelz/GetServers"
        method = Default().FindServiceByName("grpc.channelz.v1.Channelz").methods_by_name["GetServers"]

        codes = [(await call_blindly(world.channel, path, method, caller))[0] for caller in ((), nobody, world.admin)]

        assert codes == [UNAUTHENTICATED, DENIED, grpc.StatusCode.OK]


async def test_every_method_that_changes_or_shows_something_is_denied_to_a_user_without_permissions() -> None:
    free = {"WhoAmI", "CheckAccess"}  # about the caller; those of ITEMS answer item by item
    async with guarded() as world:
        nobody = await world.user("eve")
        ends = {}
        for path, method in (await reflected(world.channel)).items():
            rule = RULES.get(path)
            if rule is not None and rule.need.name in ("ADMIN", "RIGHT") and method.name not in free:
                ends[path] = await call_blindly(world.channel, path, method, nobody)

        batches = {path for path in ends if path.endswith(("/Renew", "/Drain"))}  # of nothing at all: refused or done as ever
        assert {path for path, (code, _) in ends.items() if code is not DENIED} <= batches


async def refused(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), reason(caught.value)


async def put(world: World, service: instance_pb2.ServiceRef, metadata: Any) -> Any:
    return await world.registration.Register(registration.RegisterRequest(service=service, instance=instance()), metadata=metadata)


async def test_a_permission_allows_its_resources_and_actions_and_no_other() -> None:
    async with guarded() as world:
        clerk = await world.user("clerk", ("prod:*:service/pay*", "rw"), ("prod:*:service/ship", "r"))

        await put(world, PAY, clerk)
        listed = await world.discovery.ListInstances(discovery.ListInstancesRequest(service=PAY), metadata=clerk)
        await world.discovery.ListInstances(discovery.ListInstancesRequest(service=SHIP), metadata=clerk)

        assert len(listed.instances) == 1
        assert await refused(put(world, SHIP, clerk)) == (DENIED, "PERMISSION_DENIED")
        other = instance_pb2.ServiceRef(namespace="test", name="pay")
        assert (await refused(put(world, other, clerk)))[0] is DENIED
        everything = world.discovery.ListServices(discovery.ListServicesRequest(), metadata=clerk)
        assert (await refused(everything))[0] is DENIED


async def test_a_list_needs_a_right_on_all_that_it_lists() -> None:
    async with guarded() as world:
        reader = await world.user("reader", ("prod:*:*", "r"))
        part = await world.user("part", ("prod:g:config/pay-*", "r"))

        await world.discovery.ListServices(discovery.ListServicesRequest(namespace="prod"), metadata=reader)
        wanted = config.ListConfigsRequest(namespace="prod", group="g", name_prefix="pay-")
        await world.config.ListConfigs(wanted, metadata=part)

        wider = config.ListConfigsRequest(namespace="prod", group="g", name_prefix="pay")
        assert (await refused(world.config.ListConfigs(wider, metadata=part)))[0] is DENIED


async def test_namespaces_are_listed_to_whom_may_do_anything_in_them() -> None:
    async with guarded() as world:
        for name in ("prod", "test"):
            asked = admin.CreateNamespaceRequest(namespace=admin.Namespace(name=name))
            await world.administration.CreateNamespace(asked, metadata=world.admin)
        clerk = await world.user("clerk", ("prod:g:service/pay", "r"))

        seen = await world.administration.ListNamespaces(admin.ListNamespacesRequest(), metadata=clerk)

        assert [namespace.name for namespace in seen.namespaces] == ["prod"]


async def test_of_a_batch_only_what_is_forbidden_fails() -> None:
    async with guarded() as world:
        clerk = await world.user("clerk", ("prod:*:service/pay", "rw"))
        items = [registration.RegisterRequest(service=service, instance=instance()) for service in (PAY, SHIP)]

        answer = await world.registration.RegisterBatch(registration.RegisterBatchRequest(registrations=items), metadata=clerk)

        assert [result.error.code for result in answer.results] == [0, DENIED.value[0]]


async def test_of_a_watch_only_what_is_forbidden_is_cancelled() -> None:
    async with guarded() as world:
        clerk = await world.user("clerk", ("prod:*:service/pay", "r"))
        watch = world.discovery.Watch(metadata=clerk)
        for service in (SHIP, PAY):
            await watch.write(discovery.WatchRequest(subscribe=discovery.WatchRequest.Subscribe(service=service)))

        frames = [await watch.read() for _ in range(2)]

        kinds = {frame.WhichOneof("frame"): frame for frame in frames}
        assert set(kinds) == {"cancelled", "snapshot"}
        assert kinds["cancelled"].cancelled.service == SHIP
        watch.cancel()


async def test_of_a_listen_only_what_is_forbidden_is_cancelled() -> None:
    async with guarded() as world:
        clerk = await world.user("clerk", ("prod:*:config/pay", "r"))
        listen = world.config.Listen(metadata=clerk)
        await listen.write(config.ListenRequest(hello=config.ListenRequest.Hello()))
        interests = [
            config.ListenRequest.Interest(ref=config_pb2.ConfigRef(namespace="prod", group="g", name=name))
            for name in ("ship", "pay")
        ]
        await listen.write(config.ListenRequest(add=config.ListenRequest.Add(interests=interests)))

        frames = [await listen.read() for _ in range(2)]

        kinds = {frame.WhichOneof("frame"): frame for frame in frames}
        assert set(kinds) == {"cancelled", "missing"}
        assert kinds["cancelled"].cancelled.ref.name == "ship"
        listen.cancel()


async def test_without_authentication_nobody_is_asked() -> None:
    async with running_server() as server, server.channel() as channel:
        world = World(server, channel)

        await put(world, PAY, ())
        me = await world.access.WhoAmI(wire.WhoAmIRequest())

        assert (me.user, me.authentication, me.admin) == ("anonymous", False, True)
