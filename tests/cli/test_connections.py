"""`muster connections`."""

from muster_client import Client, Endpoint, Instance, ServiceRef
from running import running_server

from cli.running_cli import muster


async def test_connections_shows_who_holds_and_watches_what() -> None:
    async with running_server() as server, Client(server.grpc_target, name="shop") as client:
        await client.register(ServiceRef(namespace="prod", name="api"), Instance(endpoints=[Endpoint(host="one", port=80)]))
        async with client.watch("billing") as updates:
            await anext(updates)

            everything = await muster(server, "connections", "-o", "json")
            watches = await muster(server, "connections", "--kind", "watch")

        assert {connection["kind"] for connection in everything.document} == {"SESSION", "WATCH"}
        session = next(connection for connection in everything.document if connection["kind"] == "SESSION")
        assert [held["name"] for held in session["subscriptions"]] == ["prod/DEFAULT_GROUP/api#one#80#DEFAULT"]
        assert [(row["KIND"], row["CLIENT"], row["COUNT"], row["ABOUT"]) for row in watches.rows()] == [
            ("watch", "shop", "1", "default/DEFAULT_GROUP/billing")
        ]


async def test_connections_of_nobody_is_a_heading() -> None:
    async with running_server() as server:
        answer = await muster(server, "connections", "--kind", "listen")

        assert (answer.status, answer.rows()) == (0, [])


async def test_connections_of_a_strange_kind_is_refused() -> None:
    answer = await muster("127.0.0.1:1", "connections", "--kind", "abacus")

    assert answer.status == 2
