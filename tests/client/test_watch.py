"""Following a service: through cuts, restarts and refusals, against a real server."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from muster.registry.v1 import discovery_service_pb2 as wire
from muster.registry.v1 import discovery_service_pb2_grpc
from muster_client import Backoff, Client, Endpoint, Instance, InvalidFieldError, Lease, MusterError, ServiceRef, Update, Watch
from muster_client._link import Link
from proxy import running_proxy
from running import ManualClock, running_server

QUICK = Backoff(first_s=0.01, most_s=0.1)


def at(host: str, **fields: Any) -> Instance:
    return Instance(endpoints=[Endpoint(host=host, port=80)], **fields)


async def until(watch: Watch, *ids: str) -> list[Update]:
    """Updates until exactly these hosts are there."""
    updates = []
    async with asyncio.timeout(20):
        async for update in watch:
            updates.append(update)
            if {instance.endpoints[0].host for instance in update.instances.values()} == set(ids):
                break
    return updates


async def test_updates_tell_each_change_once_with_its_reason() -> None:
    async with running_server() as server, Client(server.grpc_target) as client, client.watch("api") as watch:
        first = await anext(watch)
        registration = await client.register("api", at("one"))
        put = await anext(watch)
        await registration.deregister()
        gone = await anext(watch)

        assert (first.instances, first.service.namespace) == ({}, "default")
        assert [i.instance_id for i in put.puts] == list(put.instances) == ["one#80#DEFAULT"]
        assert [(r.instance_id, r.reason) for r in gone.removals] == [("one#80#DEFAULT", 1)]
        assert first.revision < put.revision < gone.revision


async def test_two_readers_of_a_service_share_a_subscription_and_go_alone() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        first, second = client.watch("api"), client.watch("api")
        await anext(first)
        await client.register_leased("api", at("one"))
        await until(first, "one")
        await until(second, "one")
        subscribers = sum(1 for _ in server.engine.hub.subscribers)
        await first.aclose()
        await client.register_leased("api", at("two"))

        await until(second, "one", "two")

        assert subscribers == 1
        with pytest.raises(StopAsyncIteration):
            await anext(first)
        await second.aclose()


async def test_watch_is_acknowledged() -> None:
    async with running_server() as server, Client(server.grpc_target, name="reader") as client, client.watch("api") as watch:
        await anext(watch)
        registered = await client.register_leased("api", at("one"))
        await until(watch, "one")
        stub = discovery_service_pb2_grpc.DiscoveryServiceStub(client._channel)

        async with asyncio.timeout(10):
            while True:
                answer = await stub.ListSubscribers(wire.ListSubscribersRequest(service=ServiceRef(name="api")))
                if answer.subscribers[0].acked_revision == registered.revision:
                    break

        assert answer.subscribers[0].client_name == "reader"


async def test_cuts_under_churn_leave_no_gap_and_no_duplicate() -> None:
    async with (
        running_server() as server,
        running_proxy(server.grpc_target) as proxy,
        Client(server.grpc_target) as writer,
        Client(proxy.address, backoff=QUICK) as reader,
        reader.watch("api") as watch,
    ):
        await anext(watch)
        mirror: dict[str, int] = {}
        revisions = []

        async def churn() -> None:
            for number in range(300):
                await writer.register_leased("api", at(f"h{number % 7}", metadata={"n": str(number)}))
                if number % 3 == 0:
                    await writer.deregister("api", f"h{number % 7}#80#DEFAULT")
                if number % 50 == 25:
                    proxy.cut()
            await writer.register_leased("api", at("last"))

        churning = asyncio.create_task(churn())
        async with asyncio.timeout(30):
            async for update in watch:
                revisions.append(update.revision)
                for removal in update.removals:
                    del mirror[removal.instance_id]
                for put in update.puts:
                    assert mirror.get(put.instance_id) != put.revision
                    mirror[put.instance_id] = put.revision
                assert mirror == {i.instance_id: i.revision for i in update.instances.values()}
                if "last#80#DEFAULT" in mirror:
                    break
        await churning

        listed = await writer.list_instances("api")
        assert mirror == {i.instance_id: i.revision for i in listed.instances}
        assert revisions == sorted(set(revisions))
        assert proxy.connections >= 5


async def test_restart_never_empties_a_service_and_tells_what_did_not_come_back() -> None:
    clock = ManualClock()
    async with contextlib.AsyncExitStack() as stack:
        async with running_server() as first:
            proxy = await stack.enter_async_context(running_proxy(first.grpc_target))
            client = await stack.enter_async_context(Client(proxy.address, backoff=QUICK))
            await client.register_leased("api", at("one"))
            await client.register_leased("api", at("two"))
            watch = client.watch("api")
            await until(watch, "one", "two")
            proxy.is_open = False
            proxy.cut()

        async with running_server(clock=clock) as second:
            second.engine.hub.is_warming_up = True
            async with Client(second.grpc_target) as writer:
                await writer.register_leased("api", at("one", lease=Lease(ttl=Duration(seconds=60))))
                proxy.target, proxy.is_open = second.grpc_target, True
                back = await anext(watch)
                second.advance(16)
                after = await anext(watch)

        assert {i.endpoints[0].host for i in back.instances.values()} == {"one", "two"}
        assert [put.instance_id for put in back.puts] == ["one#80#DEFAULT"]
        assert back.is_warming_up
        assert [removal.instance_id for removal in after.removals] == ["two#80#DEFAULT"]
        await watch.aclose()


async def test_name_that_no_server_takes_is_refused_at_once() -> None:
    async with Client("127.0.0.1:1") as client:
        with pytest.raises(InvalidFieldError, match="4096 bytes"):
            client.watch("n" * 5000)


async def test_a_refused_subscription_raises_and_the_others_go_on() -> None:
    async with running_server() as server, Client(server.grpc_target) as client, client.watch("api") as good:
        await anext(good)

        with pytest.raises(InvalidFieldError):
            await anext(client.watch(""))

        await client.register_leased("api", at("one"))
        assert len(await until(good, "one")) == 1


async def test_closing_the_client_ends_its_watches() -> None:
    async with running_server() as server:
        async with Client(server.grpc_target) as client:
            watch = client.watch("api")
            await anext(watch)

        assert [update async for update in watch] == []


async def test_reader_that_lags_gets_the_sum() -> None:
    async with running_server() as server, Client(server.grpc_target) as client, client.watch("api") as watch:
        await anext(watch)
        for number in range(50):
            await client.register_leased("api", at("one", metadata={"n": str(number)}))
            await client.register_leased("api", at(f"brief{number}"))
            await client.deregister("api", f"brief{number}#80#DEFAULT")

        async with client.watch("api") as other:
            await until(other, "one")
        update = await anext(watch)

        assert [put.metadata["n"] for put in update.puts] == ["49"]
        assert update.removals == ()


class Listener:
    """A conversation that only listens for a service, and gives the path 50 ms."""

    name = "listener"
    probe_every_s = 60.0
    silence_s = 0.05

    def __init__(self) -> None:
        self.losses: list[MusterError] = []
        self.lost_twice = asyncio.Event()
        self.is_closed = False

    def opening(self) -> Sequence[Message]:
        return [wire.WatchRequest(subscribe=wire.WatchRequest.Subscribe(service=ServiceRef(name="api")))]

    def due(self) -> Sequence[Message]:
        return ()

    probe = farewell = due

    def take(self, frame: Any) -> None:
        assert frame.WhichOneof("frame") == "snapshot"

    def lost(self, error: MusterError) -> bool:
        self.losses.append(error)
        if len(self.losses) == 2:
            self.lost_twice.set()
        return False

    def close(self) -> None:
        self.is_closed = True


async def test_silent_path_counts_as_dead_and_is_left() -> None:
    async with running_server() as server, server.channel() as channel:
        listener = Listener()
        link = Link(listener, discovery_service_pb2_grpc.DiscoveryServiceStub(channel).Watch, QUICK)
        running = asyncio.create_task(link.run())

        await asyncio.wait_for(listener.lost_twice.wait(), timeout=10)
        link.close()
        await running

        assert {error.code for error in listener.losses} == {grpc.StatusCode.UNAVAILABLE}
        assert "dead" in listener.losses[0].message
        assert listener.is_closed


def test_backoff_is_full_jitter_within_its_bounds() -> None:
    backoff = Backoff(first_s=0.1, most_s=3.0)

    early = [backoff.delay_s(1) for _ in range(500)]
    late = [backoff.delay_s(1000) for _ in range(500)]

    assert 0 <= min(early) < 0.02
    assert 0.18 < max(early) <= 0.2
    assert min(late) < 0.3
    assert 2.7 < max(late) <= 3.0
