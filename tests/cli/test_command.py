"""What is common to all commands: the target, the output, exit statuses and the one line of an error."""

import asyncio
import socket

import pytest
from muster_client import Client, Endpoint, Instance
from running import running_server

from cli.running_cli import muster, program, published


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


async def test_command_without_a_server_ends_with_6_and_one_line() -> None:
    target = free_address()

    answer = await muster(target, "services")

    assert answer.status == 6
    assert answer.out == ""
    assert answer.errors.startswith(f"muster: no server at {target}: ")
    assert answer.errors.endswith("(UNAVAILABLE)\n")
    assert answer.errors.count("\n") == 1


@pytest.mark.parametrize("target", ["127.0.0.1:99999", "127.0.0.1:0", "http://127.0.0.1:9848", "127.0.0.1: 9848"])
async def test_target_that_is_no_address_is_no_server_that_is_away(target: str) -> None:
    answer = await muster(target, "services")

    assert (answer.status, answer.out) == (2, "")
    assert answer.errors == f"muster: --target: {target!r} is no address: write HOST:PORT\n"


async def test_target_as_an_option_wins_over_the_environment() -> None:
    async with running_server() as server:
        after = await muster(free_address(), "services", "--target", server.grpc_target)
        before = await muster(free_address(), "--target", server.grpc_target, "services")

        assert (after.status, before.status) == (0, 0)


async def test_output_before_the_command_holds_unless_one_follows_it() -> None:
    async with running_server() as server:
        before = await muster(server, "-o", "json", "services")
        both = await muster(server, "-o", "json", "services", "-o", "yaml")

        assert before.out == "[]\n"
        assert both.out == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["deregister", "api", "nobody:1"], 3, "(INSTANCE_NOT_FOUND)"),
        (["register", "api", "two:80", "--persistent"], 4, "(SERVICE_KIND_MISMATCH)"),
        (["register", "other", "two:80", "--persistent", "--cluster", "x" * 300], 5, "(INVALID_FIELD)"),
        (["instances", "prod/"], 2, "'prod/' is no name"),
        (["register", "api", "nowhere"], 2, "'nowhere' is no address"),
        (["register", "api", "one:80", "-m", "zone"], 2, "'zone' is no pair"),
    ],
    ids=["not-found", "conflict", "invalid", "name", "address", "pair"],
)
async def test_failure_has_its_status_and_its_line(arguments: list[str], status: int, says: str) -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await client.register("api", Instance(endpoints=[Endpoint(host="one", port=80)]))

        answer = await muster(server, *arguments)

        assert answer.status == status
        assert answer.errors.startswith("muster: ")
        assert says in answer.errors
        assert answer.errors.count("\n") == 1


async def test_reader_that_has_seen_enough_is_no_failure() -> None:
    async with running_server() as server:
        await published(server, "app", "x" * (4 << 20))
        with program(server.grpc_target, "config", "get", "app") as process:
            assert process.stdout is not None
            assert process.stderr is not None
            first = await asyncio.to_thread(process.stdout.read, 1)
            process.stdout.close()

            status = await asyncio.to_thread(process.wait)
            errors = process.stderr.read()

        assert (first, status, errors) == ("x", 0, "")


@pytest.mark.parametrize("arguments", [["nonsense"], ["services", "--nonsense"], ["services", "-o", "xml"], ["instances"]])
async def test_wrong_command_line_ends_with_2(arguments: list[str]) -> None:
    answer = await muster("127.0.0.1:1", *arguments)

    assert answer.status == 2
    assert "Error" in answer.errors
