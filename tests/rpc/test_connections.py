"""ListConnections: who is there, and how far they are."""

from typing import Any

import grpc
import grpc.aio
import pytest
from muster.admin.v1 import admin_service_pb2 as wire
from muster.catalog.v1 import catalog_pb2, catalog_service_pb2_grpc
from muster.catalog.v1 import catalog_service_pb2 as wire_catalog
from muster.config.v1 import config_pb2, config_service_pb2, config_service_pb2_grpc
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, registration_service_pb2
from running import ManualClock, running_server

from rpc.test_namespaces import admin, publish
from rpc.test_registration import API, reason
from rpc.test_streams import opened, subscribe, watch_call

SESSION, WATCH, LISTEN = wire.CONNECTION_KIND_SESSION, wire.CONNECTION_KIND_WATCH, wire.CONNECTION_KIND_LISTEN
PROVIDERS, NAMES = wire.CONNECTION_KIND_PROVIDERS, wire.CONNECTION_KIND_NAMES
ITEM = config_pb2.ConfigRef(namespace="shop", name="a")


async def listening(channel: grpc.aio.Channel) -> Any:
    request, call = config_service_pb2.ListenRequest, config_service_pb2_grpc.ConfigServiceStub(channel).Listen()
    await call.write(request(hello=request.Hello(client_name="listener")))
    await call.write(request(add=request.Add(interests=[request.Interest(ref=ITEM)])))
    await call.read()
    return call


async def watching(channel: grpc.aio.Channel) -> Any:
    call = watch_call(channel)
    await call.write(subscribe())
    await call.read()
    return call


async def listed(channel: grpc.aio.Channel, **fields: Any) -> wire.ListConnectionsResponse:
    answer: wire.ListConnectionsResponse = await admin(channel).ListConnections(wire.ListConnectionsRequest(**fields))
    return answer


async def test_connections_of_every_kind_are_listed_oldest_first() -> None:
    clock = ManualClock()
    async with running_server(clock=clock) as server, server.channel() as channel:
        watch = await watching(channel)
        server.advance(1)
        session, _ = await opened(channel, "one", "two")
        server.advance(1)
        listen = await listening(channel)

        found = (await listed(channel)).connections

        assert [(one.kind, one.client_name) for one in found] == [(WATCH, "watcher"), (SESSION, "test"), (LISTEN, "listener")]
        assert [one.connect_time.ToSeconds() - int(clock.wall_s()) for one in found] == [-2, -1, 0]
        assert {one.peer.partition(":")[0] for one in found} == {"ipv4"}
        assert [[entry.name for entry in one.subscriptions] for one in found] == [
            ["default/DEFAULT_GROUP/api"],
            ["default/DEFAULT_GROUP/api#one#80#DEFAULT", "default/DEFAULT_GROUP/api#two#80#DEFAULT"],
            ["shop/DEFAULT_GROUP/a"],
        ]
        assert [(one.subscription_count, one.pending_count) for one in found] == [(1, 0), (2, 0), (1, 0)]
        for call in (watch, session, listen):
            call.cancel()


async def test_connection_of_a_watch_tells_how_far_it_is() -> None:
    async with running_server() as server, server.channel() as channel:
        watch = await watching(channel)
        session, _ = await opened(channel, "one")
        seen = (await watch.read()).delta.revision

        sent = (await listed(channel, kind=WATCH)).connections[0].subscriptions[0]
        await watch.write(discovery.WatchRequest(ack=discovery.WatchRequest.Ack(service=API, revision=seen)))
        await watch.write(subscribe(service=type(API)(name="other")))
        await watch.read()
        acked = (await listed(channel, kind=WATCH)).connections[0].subscriptions[0]

        assert (sent.sent_revision, sent.acked_revision) == (seen, 0)
        assert (acked.sent_revision, acked.acked_revision) == (seen, seen)
        session.cancel()
        watch.cancel()


@pytest.mark.parametrize("kind", [SESSION, WATCH, LISTEN])
async def test_connections_of_one_kind_are_listed_alone(kind: Any) -> None:
    async with running_server() as server, server.channel() as channel:
        await publish(channel)
        calls = [await watching(channel), (await opened(channel))[0], await listening(channel)]

        found = (await listed(channel, kind=kind)).connections

        assert [one.kind for one in found] == [kind]
        for call in calls:
            call.cancel()


async def test_connections_are_paged_over_those_that_leave_meanwhile() -> None:
    async with running_server() as server, server.channel() as channel:
        calls = [(await opened(channel))[0], await watching(channel), (await opened(channel))[0], await watching(channel)]

        first = await listed(channel, page_size=2)
        await calls[0].write(registration_service_pb2.SessionRequest(goodbye=registration_service_pb2.SessionRequest.Goodbye()))
        assert await calls[0].read() is grpc.aio.EOF
        second = await listed(channel, page_size=2, page_token=first.next_page_token)

        assert [one.kind for one in (*first.connections, *second.connections)] == [SESSION, WATCH, SESSION, WATCH]
        assert second.next_page_token == ""
        for call in calls:
            call.cancel()


async def test_connection_that_holds_much_shows_the_first_hundred() -> None:
    async with running_server() as server, server.channel() as channel:
        session, _ = await opened(channel, *(f"h{number}" for number in range(150)))

        found = (await listed(channel)).connections[0]

        assert (len(found.subscriptions), found.subscription_count) == (100, 150)
        session.cancel()


async def test_connections_that_follow_the_catalog_and_names_are_listed_by_what_they_follow() -> None:
    async with running_server() as server, server.channel() as channel:
        catalog = catalog_service_pb2_grpc.CatalogServiceStub(channel)
        key = catalog_pb2.DefinitionKey(namespace="shop", name="basket", environment="test", version="1.0")
        made = (
            await catalog.CreateDefinition(wire_catalog.CreateDefinitionRequest(definition=catalog_pb2.Definition(key=key)))
        ).definition
        follow = catalog.WatchProviders(metadata=(("muster-client", "follower"),))
        request = wire_catalog.WatchProvidersRequest()
        request.subscribe.namespace, request.subscribe.definition_id = "shop", made.definition_id
        await follow.write(request)
        await follow.read()
        stub = discovery_service_pb2_grpc.DiscoveryServiceStub(channel)
        names = [stub.WatchServices(discovery.WatchServicesRequest(namespace=namespace)) for namespace in ("shop", "")]
        for call in names:
            await call.read()

        found = [(await listed(channel, kind=kind)).connections for kind in (PROVIDERS, NAMES)]

        assert [(one.client_name, [entry.name for entry in one.subscriptions]) for one in found[0]] == [
            ("follower", ["shop/DEFAULT_GROUP/basket@test 1.0"])
        ]
        assert [[entry.name for entry in one.subscriptions] for one in found[1]] == [["shop"], ["*"]]
        for call in (follow, *names):
            call.cancel()


@pytest.mark.parametrize("fields", [{"kind": 9}, {"page_size": -1}, {"page_token": "x"}])
async def test_connections_asked_for_wrongly_are_refused(fields: dict[str, Any]) -> None:
    async with running_server() as server, server.channel() as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await listed(channel, **fields)

        assert reason(caught.value) == "INVALID_FIELD"
