"""Long polls of Nacos 1: held until something changes, bounded, and nothing is left of one that ends."""

import asyncio
import hashlib
import resource
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlencode

import httpx
import pytest
from muster_client import Client, ConfigRef
from muster_gateway.nacos.errors import CausedError
from muster_gateway.nacos.v1 import probes
from program import start
from running import Server, running_gateway, running_server

PATH = "/nacos/v1/cs/configs"
LISTENER = f"{PATH}/listener"
WAITING = {"Long-Pulling-Timeout": "30000"}
ONE = hashlib.md5(b"one", usedforsecurity=False).hexdigest()
REF = ConfigRef(name="app", group="g")
KINDS = pytest.mark.parametrize("kind", ["local", "apart"])


def probe(*words: str) -> str:
    return "\x02".join(words) + "\x01"


@asynccontextmanager
async def gateway(kind: str = "local") -> AsyncIterator[tuple[Server, Client, httpx.AsyncClient]]:
    limits = httpx.Limits(max_connections=None)
    async with (
        running_server() as server,
        running_gateway(server, kind) as url,
        Client(server.grpc_target) as native,
        httpx.AsyncClient(base_url=url, timeout=40, limits=limits) as http,
    ):
        yield server, native, http


async def listen(http: httpx.AsyncClient, asked: str, headers: dict[str, str] | None = None) -> httpx.Response:
    return await http.post(LISTENER, data={"Listening-Configs": asked}, headers=headers)


def listeners(server: Server) -> int:
    """How many listen natively."""
    return len(list(server.engine.config_hub.subscribers))


async def until_listeners(server: Server, count: int) -> None:
    async with asyncio.timeout(20):
        while listeners(server) != count:  # noqa: ASYNC110  # the hub has no event for it
            await asyncio.sleep(0.01)


@KINDS
async def test_poll_is_answered_as_soon_as_a_config_changes(kind: str) -> None:
    async with gateway(kind) as (server, native, http), asyncio.TaskGroup() as group:
        await native.publish_config(REF, "one")
        poll = group.create_task(listen(http, probe("other", "g", "") + probe("app", "g", ONE), WAITING))
        await until_listeners(server, 1)
        await native.publish_config(REF, "two")
        began = time.monotonic()

        answer = await poll

        assert (answer.status_code, answer.text) == (200, "app%02g%01\n")
        assert time.monotonic() - began < 5.0
        await until_listeners(server, 0)


async def test_poll_hears_that_a_config_is_deleted_and_that_another_begins_to_be() -> None:
    async with gateway() as (server, native, http):
        await native.publish_config(REF, "one")
        async with asyncio.TaskGroup() as group:
            deleted = group.create_task(listen(http, probe("app", "g", ONE, "public"), WAITING))
            begun = group.create_task(listen(http, probe("new", "g", "", "dev"), WAITING))
            await until_listeners(server, 2)
            await native.delete_config(REF)
            await native.publish_config(ConfigRef(namespace="dev", name="new", group="g"), "x")

        assert (unquote(deleted.result().text), unquote(begun.result().text)) == (
            probe("app", "g", "public") + "\n",
            probe("new", "g", "dev") + "\n",
        )


async def test_poll_without_a_time_answers_at_once_what_differs() -> None:
    async with gateway() as (server, native, http):
        await native.publish_config(REF, "one")

        equal = await listen(http, probe("app", "g", ONE))
        hasty = await listen(http, probe("app", "g", ONE), {**WAITING, "Long-Pulling-Timeout-No-Hangup": "true"})
        differs = await listen(http, probe("app", "g", "x") + probe("none", "g", "") + probe("gone", "g", "y"))

        assert (equal.text, hasty.text) == ("", "")
        assert unquote(differs.text) == probe("app", "g") + probe("gone", "g") + "\n"
        await until_listeners(server, 0)


async def test_beta_is_heard_by_its_addresses_only() -> None:
    async with gateway() as (server, native, http), asyncio.TaskGroup() as group:
        await native.publish_config(REF, "one")
        meant = group.create_task(listen(http, probe("app", "g", ONE), {**WAITING, "X-Real-IP": "10.0.0.9"}))
        other = group.create_task(listen(http, probe("app", "g", ONE), WAITING))
        await until_listeners(server, 2)
        await http.post(PATH, data={"dataId": "app", "group": "g", "content": "beta"}, headers={"betaIps": "10.0.0.9"})

        heard = await meant

        assert heard.text == "app%02g%01\n"
        assert not other.done()
        await native.publish_config(REF, "two")
        await other


async def raw_poll(address: str, asked: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A poll on a socket of its own, which costs this process next to nothing."""
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = urlencode({"Listening-Configs": asked})
    kind = "Content-Type: application/x-www-form-urlencoded\r\nLong-Pulling-Timeout: 30000"
    writer.write(f"POST {LISTENER} HTTP/1.1\r\nHost: muster\r\n{kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    return reader, writer


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc, which only Linux has")
async def test_two_hundred_polls_hold_no_turn_and_little_memory(tmp_path: Path) -> None:
    program = start(tmp_path / "data", "--storage", "memory")
    asked = probe("app", "g", ONE) + "".join(probe(f"other-{number}", "g", "") for number in range(20))
    try:
        async with Client(program.grpc) as native, httpx.AsyncClient(base_url=f"http://{program.http}", timeout=20) as http:
            await native.publish_config(REF, "one")
            await listen(http, asked)
            before = resident_bytes(program.process.pid)
            polls = [await raw_poll(program.http, asked) for _ in range(200)]
            async with asyncio.timeout(20):
                while "muster_listeners 200.0" not in (await http.get("/metrics")).text:
                    pass
            answer = await http.get(PATH, params={"dataId": "app", "group": "g"})
            held = resident_bytes(program.process.pid) - before
            await native.publish_config(REF, "two")
            async with asyncio.timeout(20):
                heads = [await reader.readuntil(b"app%02g%01\n") for reader, _ in polls]
            for _, writer in polls:
                writer.close()
    finally:
        program.kill()

    assert answer.text == "one"
    assert all(head.startswith(b"HTTP/1.1 200") for head in heads)
    assert held / len(polls) < 150 << 10  # each of 21 configs


async def test_client_that_hangs_up_leaves_nothing_behind() -> None:
    async with gateway() as (server, _, http):
        async with asyncio.TaskGroup() as group:
            polls = [group.create_task(listen(http, probe("app", "g", ""), WAITING)) for _ in range(100)]
            await until_listeners(server, 100)
            for poll in polls:
                poll.cancel()
        await until_listeners(server, 0)

        answer = await listen(http, probe("app", "g", "x"))

        assert answer.text == "app%02g%01\n"  # and there are turns left


@KINDS
async def test_stopping_gateway_answers_the_polls_that_wait(kind: str) -> None:
    async with httpx.AsyncClient(timeout=40) as http, running_server() as outer, asyncio.TaskGroup() as group:
        async with AsyncExitStack() as stack:
            server = outer if kind == "apart" else await stack.enter_async_context(running_server())
            http.base_url = await stack.enter_async_context(running_gateway(server, kind))
            poll = group.create_task(listen(http, probe("app", "g", ""), WAITING))
            await until_listeners(server, 1)

        answer = await poll

        assert (answer.status_code, answer.text) == (200, "")


@pytest.mark.parametrize(
    "asked",
    [
        "abc",
        probe("app"),
        probe("app", "g"),
        probe("app", "g", ONE, "t", "more"),
        probe("", "g", ONE),
        probe("app", "", ONE),
        probe("app", "g", ONE) + "rest",
        probe("a b", "g", ONE),
        probe("app", "g g", ONE),
        probe("app", "g", ONE, "t t"),
        probe("a" * 257, "g", ONE),
        "\x01",
        "\x02",
        " ",
        "%",
        "".join(probe(f"c{number}", "g", "") for number in range(probes.MAX_PROBES + 1)),
    ],
)
async def test_poll_that_cannot_be_read_answers_400(asked: str) -> None:
    async with gateway() as (server, _, http):
        answer = await listen(http, asked, WAITING)

        assert answer.status_code == 400
        assert answer.text
        assert listeners(server) == 0


def test_wait_is_a_little_less_than_the_client_waits_and_bounded() -> None:
    def waits(asked: str) -> float:
        return probes.wait_s({"long-pulling-timeout": asked})

    assert [waits(asked) for asked in ("", "30000", "10000", "0", "999999999")] == [0.0, 29.5, 10.0, 10.0, 120.0]
    for asked in ("x", "-1", "1.5", "9" * 50, "\u0661"):
        with pytest.raises(CausedError):
            waits(asked)
