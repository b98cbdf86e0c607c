"""`muster config listeners`: who listens to what."""

from muster.config.v1.config_pb2 import ConfigRef
from muster_client import Client, Config
from running import running_server

from cli.running_cli import muster, published

APP = ConfigRef(namespace="prod", name="app")


async def test_listeners_of_an_item_and_of_an_address_are_shown_with_what_they_have() -> None:
    async with running_server() as server:
        await published(server, "prod/app", "one")
        async with Client(server.grpc_target, name="shop") as client, client.listen(APP, "other") as states:
            seen = [await anext(states) for _ in range(2)]

            of_item = (await muster(server, "config", "listeners", "prod/app")).rows()
            of_address = (await muster(server, "config", "listeners", "--ip", "127.0.0.1", "-o", "json")).document
            of_nobody = await muster(server, "config", "listeners", "prod/app", "--ip", "10.9.9.9")

        assert [(row["CONFIG"], row["CLIENT"], row["IP"]) for row in of_item] == [("prod/app", "shop", "127.0.0.1")]
        assert {one["ref"]["name"]: one.get("md5", "") for one in of_address} == {"app": of_item[0]["MD5"], "other": ""}
        assert of_item[0]["MD5"] in {state.md5 for state in seen if isinstance(state, Config)}
        assert (of_nobody.status, of_nobody.rows()) == (0, [])


async def test_listeners_of_nothing_is_a_usage_error() -> None:
    async with running_server() as server:
        answer = await muster(server, "config", "listeners")

        assert (answer.status, answer.errors) == (2, "muster: name a config item, or an address with --ip\n")
