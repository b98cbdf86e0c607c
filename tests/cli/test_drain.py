"""`muster drain` and `muster state`."""

import asyncio

from muster.registry.v1.discovery_service_pb2 import ListSubscribersRequest, WatchRequest
from muster.registry.v1.discovery_service_pb2_grpc import DiscoveryServiceStub
from muster_client import AdminState, Client, Endpoint, Instance, ServiceRef
from running import running_server

from cli.running_cli import muster


def at(host: str) -> Instance:
    return Instance(endpoints=[Endpoint(host=host, port=80)])


async def test_drain_returns_when_watchers_have_it() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await client.register("api", at("one"))
        await client.register("api", at("two"))
        async with client.watch("api") as updates:
            await anext(updates)

            answer = await muster(server, "drain", "api", "one:80", "two#80#DEFAULT", "--comment", "kernel")

            found = await client.get_instance("api", "one#80#DEFAULT")
        assert answer.status == 0
        assert "2 instances drained at revision" in answer.out
        assert found.admin_state == AdminState.ADMIN_STATE_DRAINING
        assert (found.admin_override.author, found.admin_override.comment) == ("tester", "kernel")


async def test_drain_that_a_watcher_does_not_acknowledge_ends_with_6_and_its_name() -> None:
    async with running_server() as server, Client(server.grpc_target) as client, server.channel() as channel:
        await client.register("api", at("one"))
        call = DiscoveryServiceStub(channel).Watch(metadata=(("muster-client", "deaf"),))
        service = ServiceRef(name="api")
        await call.write(WatchRequest(subscribe=WatchRequest.Subscribe(service=service)))
        snapshot = (await call.read()).snapshot
        await call.write(WatchRequest(ack=WatchRequest.Ack(service=service, revision=snapshot.revision)))
        await _acknowledged(server.channel, snapshot.revision)

        table = await muster(server, "drain", "api", "one:80", "--wait", "0.2")
        document = await muster(server, "drain", "api", "one:80", "--wait", "0", "-o", "json")

        assert table.status == 6
        assert [(row["WATCHER"], row["CHANGE"]) for row in table.rows()[:1]] == [("deaf", "pending")]
        assert table.errors == "muster: 1 watcher not told within 0.2 s\n"
        assert document.document["complete"] is False
        assert document.document["pending"][0]["client_name"] == "deaf"
        call.cancel()


async def _acknowledged(channel: object, revision: int) -> None:
    """Wait until the server has taken the ack: only then it waits for further ones."""
    async with channel() as own:
        stub = DiscoveryServiceStub(own)
        while True:
            listed = await stub.ListSubscribers(ListSubscribersRequest(service=ServiceRef(name="api")))
            if listed.subscribers and listed.subscribers[0].acked_revision >= revision:
                return
            await asyncio.sleep(0)


async def test_drain_of_a_stranger_drains_nothing() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await client.register("api", at("one"))

        answer = await muster(server, "drain", "api", "one:80", "nobody:1")

        assert answer.status == 3
        assert (await client.get_instance("api", "one#80#DEFAULT")).admin_state == AdminState.ADMIN_STATE_ENABLED


async def test_state_is_laid_over_an_instance_and_taken_back() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await client.register("api", at("one"))

        laid = await muster(server, "state", "api", "one:80", "out-of-service", "-o", "json")
        cleared = await muster(server, "state", "api", "one:80", "clear")

        assert laid.document["instance"]["admin_state"] == "OUT_OF_SERVICE"
        assert cleared.out.startswith("one#80#DEFAULT is ENABLED at revision")
