"""SearchInstances over a real channel."""

import grpc.aio
import pytest
from muster.registry.v1 import discovery_service_pb2 as wire
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2
from muster_server.rpc.calls import Call
from muster_server.rpc.searching import Searcher
from running import running_server

from rpc.test_namespaces import register


def service(name: str, namespace: str = "default") -> instance_pb2.ServiceRef:
    return instance_pb2.ServiceRef(namespace=namespace, group="DEFAULT_GROUP", name=name)


async def search(channel: grpc.aio.Channel, **fields: object) -> list[str]:
    """All pages, an empty one being told by a dash."""
    stub, found, token = discovery_service_pb2_grpc.DiscoveryServiceStub(channel), [], ""
    while True:
        page = await stub.SearchInstances(wire.SearchInstancesRequest(**{**fields, "page_token": token}))
        found += [f"{one.service.namespace}/{one.service.name}#{one.instance.endpoints[0].host}" for one in page.instances] or ["-"]
        token = page.next_page_token
        if not token:
            return found


async def furnish(channel: grpc.aio.Channel) -> None:
    for name, hosts in (("a", "xyz"), ("b", "x"), ("c", "yx")):
        for host in hosts:
            await register(channel, host, service(name))
    await register(channel, "x", service("d", "shop"), persistent=True)


ALL = ["default/a#x", "default/a#y", "default/a#z", "default/b#x", "default/c#y", "default/c#x", "shop/d#x"]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8])
async def test_pages_of_any_size_hold_every_instance_once_and_in_order(size: int) -> None:
    async with running_server() as server, server.channel() as channel:
        await furnish(channel)

        assert await search(channel, page_size=size) == ALL


async def test_search_is_narrowed_to_a_namespace_an_address_and_a_kind() -> None:
    at_x = instance_pb2.InstanceAddress(host="x", port=80)
    persistent = instance_pb2.InstanceAddress(host="x", port=80, persistent=True)
    async with running_server() as server, server.channel() as channel:
        await furnish(channel)

        assert await search(channel, namespace="shop") == ["shop/d#x"]
        assert await search(channel, address=at_x, page_size=1) == ["default/a#x", "default/b#x", "default/c#x", "shop/d#x"]
        assert await search(channel, address=at_x, namespace="default") == ["default/a#x", "default/b#x", "default/c#x"]
        assert await search(channel, address=persistent) == ["shop/d#x"]
        assert await search(channel, namespace="nobody's") == ["-"]


async def test_page_looks_through_a_bounded_number_of_services() -> None:
    async with running_server() as server, server.channel() as channel:
        await furnish(channel)
        searcher = Searcher(server.engine, max_services=2)
        address = instance_pb2.InstanceAddress(host="x", port=80, persistent=True)

        first = await searcher.search_instances(wire.SearchInstancesRequest(address=address), Call("", {}))
        token = first.next_page_token
        second = await searcher.search_instances(wire.SearchInstancesRequest(address=address, page_token=token), Call("", {}))

        assert (len(first.instances), token) == (0, "default\nDEFAULT_GROUP\nc\n0")
        assert (len(second.instances), second.next_page_token) == (1, "")


async def test_service_that_went_between_two_pages_is_passed_over() -> None:
    async with running_server() as server, server.channel() as channel:
        await furnish(channel)
        stub = discovery_service_pb2_grpc.DiscoveryServiceStub(channel)

        page = await stub.SearchInstances(wire.SearchInstancesRequest(page_token="default\nDEFAULT_GROUP\nbb\n3", page_size=1))

        assert [one.service.name for one in page.instances] == ["c"]
        assert page.instances[0].instance.endpoints[0].host == "y"
