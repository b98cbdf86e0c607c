"""`muster register`, which holds a session, and `muster deregister`."""

import asyncio
import json
import signal

import pytest
from muster_client import Client, Endpoint, Instance, ServiceRef
from running import running_server

from cli.running_cli import muster, program

API = ServiceRef(namespace="prod", name="api")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_register_holds_the_instance_until_a_signal_which_removes_it(number: signal.Signals) -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        arguments = ["register", "prod/api", "grpc://10.0.0.1:8080", "-m", "zone=a", "--cluster", "blue", "--weight", "2"]
        with program(server.grpc_target, *arguments) as process:
            assert process.stdout is not None
            said = await asyncio.to_thread(process.stdout.readline)
            held = await client.get_instance(API, "10.0.0.1#8080#blue")

            process.send_signal(number)
            rest, errors = await asyncio.to_thread(process.communicate)

        assert said.startswith("registered 10.0.0.1#8080#blue at revision ")
        assert (held.weight, dict(held.metadata), held.on_session) == (2, {"zone": "a"}, True)
        assert held.endpoints[0].scheme == "grpc"
        assert (process.returncode, rest, errors) == (0, "stopped: the instance is removed\n", "")
        assert (await client.list_instances(API)).instances == []


async def test_register_that_loses_its_instance_says_so_and_ends_with_4() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        with program(server.grpc_target, "register", "prod/api", "10.0.0.1:8080", "-o", "json") as process:
            assert process.stdout is not None
            said = json.loads(await asyncio.to_thread(process.stdout.readline))

            await client.deregister(API, "10.0.0.1#8080#DEFAULT")
            _, errors = await asyncio.to_thread(process.communicate)

        assert said["event"] == "registered"
        assert process.returncode == 4
        assert errors == "muster: lost: 10.0.0.1#8080#DEFAULT of api: it was removed by others (DEREGISTERED)\n"


async def test_register_without_a_server_gives_up_after_the_timeout() -> None:
    answer = await muster("127.0.0.1:1", "register", "api", "one:80", "--timeout", "0.2")

    assert answer.status == 6
    assert answer.errors.startswith("muster: no server at 127.0.0.1:1: nothing for 0.2 s")


async def test_register_that_is_refused_ends_with_the_reason_in_one_line() -> None:
    async with running_server() as server:
        answer = await muster(server, "register", "api", "one:80", "--cluster", "x" * 300)

        assert answer.status == 5
        assert "(INVALID_FIELD)" in answer.errors
        assert answer.errors.count("\n") == 1


async def test_register_persistent_needs_no_session() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        answer = await muster(server, "register", "db", "[::1]:5432", "--persistent", "--id", "primary", "-o", "json")

        assert answer.document["instance"]["instance_id"] == "primary"
        found = await client.get_instance("db", "primary")
        assert found.persistent
        assert found.endpoints[0].host == "::1"


async def test_deregister_removes_by_address_and_tells_when_there_is_nothing() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await client.register("api", Instance(endpoints=[Endpoint(host="one", port=80)]))

        gone = await muster(server, "deregister", "api", "one:80")
        missing = await muster(server, "deregister", "api", "one:80")
        allowed = await muster(server, "deregister", "api", "one:80", "--allow-missing")

        assert gone.out.startswith("removed one:80 at revision ")
        assert missing.status == 3
        assert (allowed.status, allowed.out) == (0, "one:80 was not there\n")
