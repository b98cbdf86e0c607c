"""`muster services`, `instances` and `explain`."""

import yaml
from muster_client import Client, Endpoint, Instance, ServiceRef
from running import Server, running_server

from cli.running_cli import muster

API = ServiceRef(namespace="prod", name="api")


def at(host: str, **fields: object) -> Instance:
    return Instance(endpoints=[Endpoint(host=host, port=80)], **fields)


async def register_two(server: Server, client: Client) -> None:
    await client.register(API, at("one", metadata={"zone": "a", "app": "x"}))
    await client.register(ServiceRef(name="billing"), at("two", weight=2.5, cluster="blue"))


async def test_services_lists_all_namespaces_in_order() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await register_two(server, client)

        answer = await muster(server, "services")

        assert answer.status == 0
        assert [(row["NAMESPACE"], row["SERVICE"], row["AVAILABLE"]) for row in answer.rows()] == [
            ("default", "billing", "1"),
            ("prod", "api", "1"),
        ]


async def test_services_of_a_namespace_lists_it_alone() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await register_two(server, client)

        answer = await muster(server, "services", "-n", "prod", "-o", "json")

        assert [summary["service"]["name"] for summary in answer.document] == ["api"]
        assert answer.document[0]["instance_count"] == 1
        assert isinstance(answer.document[0]["revision"], int)


async def test_services_without_any_is_a_heading_or_an_empty_list() -> None:
    async with running_server() as server:
        table, document, text = [await muster(server, "services", "-o", form) for form in ("table", "json", "yaml")]

        assert table.out.split() == ["NAMESPACE", "GROUP", "SERVICE", "INSTANCES", "AVAILABLE", "REVISION"]
        assert document.document == []
        assert yaml.safe_load(text.out) == []


async def test_instances_shows_each_one_in_a_row_without_colours() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await register_two(server, client)

        answer = await muster(server, "instances", "billing")

        assert "\x1b" not in answer.out
        assert answer.rows() == [
            {
                "INSTANCE": "two#80#blue",
                "ADDRESS": "two:80",
                "CLUSTER": "blue",
                "WEIGHT": "2.5",
                "HEALTH": "HEALTHY",
                "STATE": "ENABLED",
                "LIVES BY": "session",
                "METADATA": "",
            }
        ]


async def test_instances_as_json_and_yaml_say_the_same() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await register_two(server, client)

        document = (await muster(server, "instances", "prod/api", "-o", "json")).document
        text = (await muster(server, "instances", "-n", "prod", "api", "-o", "yaml")).out

        assert document == yaml.safe_load(text)
        assert document["instances"][0]["metadata"] == {"app": "x", "zone": "a"}
        assert document["instances"][0]["health"] == "HEALTHY"


async def test_instances_available_leaves_out_what_an_operator_disabled() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await register_two(server, client)
        await muster(server, "state", "prod/api", "one:80", "disabled")

        everyone, available = [await muster(server, "instances", "prod/api", *flag) for flag in ((), ("--available",))]

        assert [row["STATE"] for row in everyone.rows()] == ["DISABLED"]
        assert available.rows() == []


async def test_instances_of_a_cluster_are_listed_alone() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await register_two(server, client)

        blue, red = [await muster(server, "instances", "billing", "--cluster", colour) for colour in ("blue", "red")]

        assert (len(blue.rows()), len(red.rows())) == (1, 0)


async def test_explain_of_a_healthy_instance_speaks_for_it() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await register_two(server, client)

        answer = await muster(server, "explain", "prod/api", "one:80")

        assert answer.status == 0
        assert "against" not in answer.out
        assert "one:80 is listed and can be called, registered 2" in answer.out


async def test_explain_tells_who_took_an_instance_out() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await register_two(server, client)
        await muster(server, "state", "prod/api", "one#80#DEFAULT", "out-of-service", "--comment", "disk")

        table, document = [await muster(server, "explain", "prod/api", "one:80", "-o", form) for form in ("table", "json")]

        assert "listed, and cannot be called" in table.out
        assert document.document["available"] is False
        against = [finding for finding in document.document["findings"] if not finding["favourable"]]
        assert [finding["subject"] for finding in against] == ["ADMIN_STATE"]
        assert "tester" in against[0]["text"]


async def test_explain_of_a_stranger_is_an_answer_and_no_failure() -> None:
    async with running_server() as server:
        answer = await muster(server, "explain", "prod/api", "nobody:1")

        assert answer.status == 0
        assert "nobody:1 is not listed" in answer.out
