"""`muster watch`: lines in a pipe, documents for machines, a live view on a terminal."""

import asyncio
import io
import json
from collections import deque

from muster.registry.v1.instance_pb2 import RemovalReason
from muster_client import Client, Endpoint, Health, Instance, Removal, ServiceRef, Update
from muster_client.cli.watch import picture, update_document, update_lines
from rich.console import Console
from running import running_server

from cli.running_cli import interrupt, muster, program, terminal

API = ServiceRef(namespace="prod", group="DEFAULT_GROUP", name="api")


def at(host: str) -> Instance:
    return Instance(endpoints=[Endpoint(host=host, port=80)])


def update(*instances: Instance, removals: tuple[Removal, ...] = ()) -> Update:
    by_id = {instance.instance_id: instance for instance in instances}
    return Update(API, by_id, instances, removals, 7, 1, is_warming_up=True)


ONE = Instance(instance_id="one", endpoints=[Endpoint(host="one", port=80)], health=Health.HEALTH_SUSPECT)
GONE = Removal("two", RemovalReason.REMOVAL_REASON_LEASE_EXPIRED)


def test_update_becomes_a_line_for_each_instance() -> None:
    assert list(update_lines(update(ONE, removals=(GONE,)))) == [
        "prod/api  put  one  one:80  SUSPECT  UNSPECIFIED",
        "prod/api  gone  two  LEASE_EXPIRED",
    ]


def test_update_of_nothing_says_so() -> None:
    assert list(update_lines(update())) == ["prod/api  empty"]


def test_update_becomes_one_document() -> None:
    found = update_document(update(ONE, removals=(GONE,)))

    assert found["removals"] == [{"instance_id": "two", "reason": "LEASE_EXPIRED"}]
    assert (found["revision"], found["warming_up"], found["instance_count"]) == (7, True, 1)


def test_picture_shows_what_stands_and_the_last_changes() -> None:
    console = Console(width=120, record=True, file=io.StringIO())

    console.print(picture({"prod/api": update(ONE)}, deque(["12:00:00  prod/api  gone  two"]), 40))

    text = console.export_text()
    assert "prod/api: 1 instance at revision 7, the server started a moment ago" in text
    assert text.index("SUSPECT") < text.index("gone  two")


def test_picture_of_many_instances_fits_into_the_window() -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    many = [Instance(instance_id=f"i{number}", endpoints=[Endpoint(host="one", port=80)]) for number in range(100)]

    console.print(picture({"a": update(*many), "b": update(*many)}, deque(["change"] * 8), 40))

    text = console.export_text()
    assert len(text.splitlines()) <= 40
    assert text.count("and 92 more") == 2
    assert "change" in text


async def test_watch_without_a_server_gives_up_after_the_timeout() -> None:
    answer = await muster("127.0.0.1:1", "watch", "api", "--timeout", "0.2")

    assert answer.status == 6
    assert answer.errors.count("\n") == 1


async def test_watch_of_a_name_that_is_refused_ends_with_5() -> None:
    async with running_server() as server:
        answer = await muster(server, "watch", "a\nb")

        assert answer.status == 5
        assert "(INVALID_FIELD)" in answer.errors


async def test_watch_in_a_pipe_writes_a_line_for_each_change_until_ctrl_c() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        with program(server.grpc_target, "watch", "prod/api", "billing") as process:
            assert process.stdout is not None
            first = sorted([await asyncio.to_thread(process.stdout.readline) for _ in range(2)])
            registration = await client.register(API, at("one"))
            came = await asyncio.to_thread(process.stdout.readline)
            await registration.deregister()
            went = await asyncio.to_thread(process.stdout.readline)

            interrupt(process)
            rest, errors = await asyncio.to_thread(process.communicate)

        assert first == ["billing  empty\n", "prod/api  empty\n"]
        assert came == "prod/api  put  one#80#DEFAULT  one:80  HEALTHY  ENABLED\n"
        assert went == "prod/api  gone  one#80#DEFAULT  DEREGISTERED\n"
        assert (process.returncode, rest, errors) == (0, "", "")


async def test_watch_as_json_writes_an_object_a_line() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await client.register(API, at("one"))
        with program(server.grpc_target, "watch", "prod/api", "-o", "json") as process:
            assert process.stdout is not None
            found = json.loads(await asyncio.to_thread(process.stdout.readline))

        assert found["service"] == {"namespace": "prod", "group": "DEFAULT_GROUP", "name": "api"}
        assert [put["instance_id"] for put in found["puts"]] == ["one#80#DEFAULT"]


async def test_watch_on_a_terminal_redraws_its_table_and_ctrl_c_ends_it() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        with terminal(server.grpc_target, "watch", "prod/api") as screen:
            await asyncio.to_thread(screen.wait_for, "prod/api: 0 instances")
            registration = await client.register(API, at("10.0.0.1"))
            await asyncio.to_thread(screen.wait_for, "prod/api: 1 instance at")
            await asyncio.to_thread(screen.wait_for, "put  10.0.0.1#80#DEFAULT")
            await registration.deregister()
            await asyncio.to_thread(screen.wait_for, "gone  10.0.0.1#80#DEFAULT  DEREGISTERED")

            screen.type("\x03")
            status = await asyncio.to_thread(screen.end)

        assert status == 0
        assert "Traceback" not in screen.screen
        assert "\x1b[?25h" in screen.raw  # the cursor is there again
