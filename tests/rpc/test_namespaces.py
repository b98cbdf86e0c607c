"""Namespaces over a real channel."""

from typing import Any

import grpc
import grpc.aio
import pytest
from muster.admin.v1 import admin_service_pb2 as wire
from muster.admin.v1 import admin_service_pb2_grpc
from muster.config.v1 import config_pb2, config_service_pb2, config_service_pb2_grpc
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2, registration_service_pb2, registration_service_pb2_grpc
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import StorageError
from running import running_server

from rpc.test_registration import instance, reason

API = instance_pb2.ServiceRef(namespace="shop", name="api")


def admin(channel: grpc.aio.Channel) -> Any:
    return admin_service_pb2_grpc.AdminServiceStub(channel)


async def register(channel: grpc.aio.Channel, host: str = "h", service: instance_pb2.ServiceRef = API, **fields: object) -> None:
    stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
    await stub.Register(registration_service_pb2.RegisterRequest(service=service, instance=instance(host, **fields)))


async def publish(channel: grpc.aio.Channel, name: str = "a", content: str = "x", namespace: str = "shop") -> None:
    ref = config_pb2.ConfigRef(namespace=namespace, name=name)
    stub = config_service_pb2_grpc.ConfigServiceStub(channel)
    await stub.PublishConfig(config_service_pb2.PublishConfigRequest(ref=ref, content=content))


async def listed(channel: grpc.aio.Channel) -> list[wire.Namespace]:
    return list((await admin(channel).ListNamespaces(wire.ListNamespacesRequest())).namespaces)


async def create(channel: grpc.aio.Channel, name: str = "shop", **fields: str) -> wire.Namespace:
    request = wire.CreateNamespaceRequest(namespace=wire.Namespace(name=name, **fields))
    answer: wire.CreateNamespaceResponse = await admin(channel).CreateNamespace(request)
    return answer.namespace


async def test_namespace_is_created_changed_and_deleted() -> None:
    async with running_server() as server, server.channel() as channel:
        created = await create(channel, display_name="Shop", description="sells")
        changed = (
            await admin(channel).UpdateNamespace(
                wire.UpdateNamespaceRequest(namespace=wire.Namespace(name="shop", description="buys"))
            )
        ).namespace
        both = await listed(channel)
        await admin(channel).DeleteNamespace(wire.DeleteNamespaceRequest(name="shop"))
        left = await listed(channel)

        assert created == wire.Namespace(name="shop", display_name="Shop", description="sells", described=True)
        assert changed == wire.Namespace(name="shop", description="buys", described=True)
        assert both == [wire.Namespace(name="default"), changed]
        assert left == [wire.Namespace(name="default")]


async def test_namespaces_are_listed_with_what_is_in_them() -> None:
    async with running_server() as server, server.channel() as channel:
        await register(channel, "one")
        await register(channel, "two")
        await publish(channel, "a")
        await publish(channel, "a", namespace="other")
        await create(channel, "empty")

        found = await listed(channel)

        assert found == [
            wire.Namespace(name="default"),
            wire.Namespace(name="empty", described=True),
            wire.Namespace(name="other", config_count=1),
            wire.Namespace(name="shop", service_count=1, instance_count=2, config_count=1),
        ]


async def test_forced_delete_is_seen_by_a_watcher_and_answers_what_went() -> None:
    async with running_server() as server, server.channel() as channel:
        await register(channel)
        await publish(channel)
        watch = discovery_service_pb2_grpc.DiscoveryServiceStub(channel).Watch()
        await watch.write(discovery.WatchRequest(subscribe=discovery.WatchRequest.Subscribe(service=API)))
        await watch.read()

        answer = await admin(channel).DeleteNamespace(wire.DeleteNamespaceRequest(name="shop", force=True))
        delta = (await watch.read()).delta

        assert (answer.removed_instance_count, answer.deleted_config_count) == (1, 1)
        assert [removal.reason for removal in delta.removals] == [instance_pb2.REMOVAL_REASON_ADMIN]
        assert await listed(channel) == [wire.Namespace(name="default")]
        watch.cancel()


@pytest.mark.parametrize(
    ("method", "request_", "code", "expected"),
    [
        ("CreateNamespace", wire.CreateNamespaceRequest(), "INVALID_ARGUMENT", "INVALID_FIELD"),
        ("CreateNamespace", wire.CreateNamespaceRequest(namespace=wire.Namespace()), "INVALID_ARGUMENT", "INVALID_FIELD"),
        (
            "CreateNamespace",
            wire.CreateNamespaceRequest(namespace=wire.Namespace(name="shop")),
            "ALREADY_EXISTS",
            "NAMESPACE_EXISTS",
        ),
        ("UpdateNamespace", wire.UpdateNamespaceRequest(), "INVALID_ARGUMENT", "INVALID_FIELD"),
        ("UpdateNamespace", wire.UpdateNamespaceRequest(namespace=wire.Namespace(name="x")), "NOT_FOUND", "NAMESPACE_NOT_FOUND"),
        ("DeleteNamespace", wire.DeleteNamespaceRequest(), "INVALID_ARGUMENT", "INVALID_FIELD"),
        ("DeleteNamespace", wire.DeleteNamespaceRequest(name="x"), "NOT_FOUND", "NAMESPACE_NOT_FOUND"),
        ("DeleteNamespace", wire.DeleteNamespaceRequest(name="default"), "FAILED_PRECONDITION", "NAMESPACE_DEFAULT"),
        ("DeleteNamespace", wire.DeleteNamespaceRequest(name="shop"), "FAILED_PRECONDITION", "NAMESPACE_NOT_EMPTY"),
    ],
)
async def test_namespace_request_that_cannot_be_done_ends_with_its_status(
    method: str, request_: Any, code: str, expected: str
) -> None:
    async with running_server() as server, server.channel() as channel:
        await create(channel)
        await register(channel)
        before = await listed(channel)

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await getattr(admin(channel), method)(request_)

        assert (caught.value.code().name, reason(caught.value)) == (code, expected)
        assert await listed(channel) == before


async def test_delete_that_the_disk_refuses_changes_nothing() -> None:
    store = MemoryStore()
    async with running_server(store=store) as server, server.channel() as channel:
        await create(channel)
        await register(channel, persistent=True)
        await publish(channel)
        before = await listed(channel)
        store.fail_next(StorageError("full"))

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await admin(channel).DeleteNamespace(wire.DeleteNamespaceRequest(name="shop", force=True))

        assert reason(caught.value) == "STORAGE_FAILED"
        assert await listed(channel) == before


async def test_namespaces_are_there_again_after_a_restart() -> None:
    store = MemoryStore()
    async with running_server(store=store) as server, server.channel() as channel:
        await create(channel, "shop", display_name="Shop")
        await create(channel, "gone")
        await admin(channel).DeleteNamespace(wire.DeleteNamespaceRequest(name="gone"))
        await register(channel, persistent=True)
        await publish(channel)
        before = await listed(channel)

    async with running_server(store=store) as server, server.channel() as channel:
        after = await listed(channel)

        assert after == before
