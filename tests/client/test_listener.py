"""Configuration listened to: through cuts, restarts and refusals, against a real server."""

import asyncio
import contextlib
import itertools
import random
from pathlib import Path

import pytest
from muster.config.v1 import config_service_pb2 as wire
from muster.config.v1 import config_service_pb2_grpc
from muster.config.v1.config_pb2 import GrayRule
from muster_client import (
    Backoff,
    Client,
    ClientTraits,
    Config,
    ConfigRef,
    InvalidFieldError,
    Listener,
    MissingConfig,
    NotFoundError,
    Release,
)
from proxy import Proxy, running_proxy
from running import running_server

from client.odd_servers import OddServer, RacingServer

QUICK = Backoff(first_s=0.01, most_s=0.1)
LARGE = "x" * (2 << 20)


async def content_of(listener: Listener) -> str | None:
    """The content of the next state; None if there is none."""
    async with asyncio.timeout(20):
        state = await anext(listener)
    return state.content if isinstance(state, Config) else None


async def until(listener: Listener, content: str) -> list[Config | MissingConfig]:
    """States until one has this content."""
    states = []
    async with asyncio.timeout(30):
        async for state in listener:
            states.append(state)
            if isinstance(state, Config) and state.content == content:
                break
    return states


@pytest.mark.slow
async def test_content_of_ten_megabytes_passes_both_ways() -> None:
    content = "ä" * (5 << 20)
    async with running_server() as server, Client(server.grpc_target) as client, client.listen("a") as states:
        await anext(states)
        await client.publish_config("a", content)

        got = await client.get_config("a")

        assert got.content == content
        assert await content_of(states) == content


async def test_listener_is_told_each_state_once() -> None:
    async with running_server() as server, Client(server.grpc_target) as client, client.listen("a") as states:
        first = await anext(states)
        await client.publish_config("a", "one")
        put = await anext(states)
        await client.publish_config("a", "one")
        await client.delete_config("a")
        gone = await anext(states)
        await client.publish_config("a", "one")
        back = await anext(states)

        assert isinstance(first, MissingConfig)
        assert not first.is_deleted
        assert isinstance(put, Config)
        assert (put.content, put.number, put.ref.namespace, put.is_stale) == ("one", 1, "default", False)
        assert isinstance(gone, MissingConfig)
        assert gone.is_deleted
        assert isinstance(back, Config)
        assert back.number == 3
        assert first.as_of < put.as_of < gone.as_of < back.as_of


async def test_listener_follows_several_items_of_any_group() -> None:
    other = ConfigRef(namespace="n", group="g", name="b")
    async with running_server() as server, Client(server.grpc_target) as client:
        await client.publish_config("a", "1", group="x")
        await client.publish_config(other, "2")
        async with client.listen("a", other, "a", group="x") as states:
            first, second = await anext(states), await anext(states)
            await client.publish_config(other, "3")
            third = await anext(states)

        assert {(state.ref.group, state.ref.name) for state in (first, second)} == {("x", "a"), ("g", "b")}
        assert isinstance(third, Config)
        assert (third.content, third.ref) == ("3", other)


async def test_listeners_share_a_stream_and_go_alone() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        first, second = client.listen("a"), client.listen("a", "b")
        await content_of(first)
        await content_of(second)
        await content_of(second)
        streams = len(list(server.engine.config_hub.subscribers))
        await first.aclose()
        await client.publish_config("a", "1")

        seen = await content_of(second)

        assert (streams, seen) == (1, "1")
        with pytest.raises(StopAsyncIteration):
            await anext(first)
        await second.aclose()


async def test_listener_that_joins_late_gets_what_is_known() -> None:
    async with running_server() as server, Client(server.grpc_target) as client, client.listen("a") as first:
        await client.publish_config("a", "1")
        await until(first, "1")

        async with client.listen("a") as second:
            assert await content_of(second) == "1"


async def test_listener_that_lags_gets_the_latest_state() -> None:
    async with running_server() as server, Client(server.grpc_target) as client, client.listen("a") as lagging:
        await anext(lagging)
        for number in range(50):
            await client.publish_config("a", str(number))
        async with client.listen("a") as other:
            await until(other, "49")

        assert await content_of(lagging) == "49"


async def test_gray_line_is_seen_by_those_it_is_for() -> None:
    async with (
        running_server() as server,
        Client(server.grpc_target, traits=ClientTraits(labels={"zone": "a"})) as meant,
        Client(server.grpc_target) as others,
        meant.listen("a") as states,
        server.channel() as channel,
    ):
        stub = config_service_pb2_grpc.ConfigServiceStub(channel)
        await others.publish_config("a", "main")
        await until(states, "main")
        rule = GrayRule(labels=GrayRule.LabelMatch(labels={"zone": "a"}))
        await stub.PublishGray(wire.PublishGrayRequest(ref=ConfigRef(name="a"), gray="try", content="gray", rule=rule))
        gray = await anext(states)
        got = [(await client.get_config("a")).content for client in (meant, others)]
        await stub.StopGray(wire.StopGrayRequest(ref=ConfigRef(name="a"), gray="try"))
        main = await anext(states)

        assert isinstance(gray, Config)
        assert isinstance(main, Config)
        assert (gray.content, gray.release.gray, main.content) == ("gray", "try", "main")
        assert got == ["gray", "main"]
        assert main.revision < gray.revision
        assert main.as_of > gray.as_of


async def test_state_that_goes_and_comes_back_unseen_is_not_told_again() -> None:
    rule = GrayRule(percentage=GrayRule.PercentMatch(percent=100))
    async with running_server() as server, Client(server.grpc_target) as client, server.channel() as channel:
        stub = config_service_pb2_grpc.ConfigServiceStub(channel)
        await client.publish_config("a", "main")
        async with client.listen("a", "b") as states, client.listen("a") as other:
            assert {await content_of(states), await content_of(states)} == {"main", None}
            await stub.PublishGray(wire.PublishGrayRequest(ref=ConfigRef(name="a"), gray="try", content="gray", rule=rule))
            await until(other, "gray")
            await stub.StopGray(wire.StopGrayRequest(ref=ConfigRef(name="a"), gray="try"))
            await until(other, "main")
            await client.publish_config("b", "next")

            seen = await until(states, "next")

        assert all(state.ref.name == "b" for state in seen)


async def test_large_content_is_fetched_before_it_is_given() -> None:
    async with running_server() as server, Client(server.grpc_target) as client, client.listen("a", "b") as states:
        await anext(states)
        await anext(states)
        await client.publish_config("a", LARGE)
        large = await anext(states)
        await client.publish_config("b", "small")
        small = await anext(states)

        assert isinstance(large, Config)
        assert large.content == LARGE
        assert large.number == 1
        assert isinstance(small, Config)


async def test_large_content_that_is_replaced_meanwhile_is_given_as_it_is_now() -> None:
    async with running_server() as server, Client(server.grpc_target) as client, client.listen("a") as states:
        await anext(states)
        numbers = []

        async def write() -> None:
            for number in range(8):
                await client.publish_config("a", LARGE + str(number))
            await client.delete_config("a")
            await client.publish_config("a", LARGE + "last")

        writing = asyncio.create_task(write())
        for state in await until(states, LARGE + "last"):
            numbers.append(state.as_of)
        await writing

        assert numbers == sorted(set(numbers))


async def test_refused_item_raises_and_other_listeners_go_on() -> None:
    async with running_server() as server, Client(server.grpc_target) as client, client.listen("a") as good:
        await anext(good)

        with pytest.raises(InvalidFieldError):
            await anext(client.listen("b", "bad\x00name"))

        await client.publish_config("a", "1")
        assert await content_of(good) == "1"


async def test_name_that_no_server_takes_raises() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        with pytest.raises(InvalidFieldError):
            await anext(client.listen("n" * 5000))


async def test_traits_that_the_server_refuses_raise() -> None:
    traits = ClientTraits(labels={str(number): "" for number in range(100)})
    async with running_server() as server, Client(server.grpc_target, traits=traits) as client:
        with pytest.raises(InvalidFieldError):
            await anext(client.listen("a"))


async def test_nothing_to_listen_to_is_refused() -> None:
    async with Client("127.0.0.1:1") as client:
        with pytest.raises(ValueError, match="nothing"):
            client.listen()


async def test_closing_the_client_ends_its_listeners() -> None:
    async with running_server() as server:
        async with Client(server.grpc_target) as client:
            states = client.listen("a")
            await anext(states)

        assert [state async for state in states] == []


async def test_cancelled_wait_loses_nothing() -> None:
    async with running_server() as server, Client(server.grpc_target) as client, client.listen("a") as states:
        await anext(states)
        for number in range(20):
            waiting = asyncio.ensure_future(anext(states))
            await client.publish_config("a", LARGE + str(number))
            waiting.cancel()
            await asyncio.wait([waiting])
        last = waiting.result() if not waiting.cancelled() else await anext(states)

        assert isinstance(last, Config)
        assert last.content == LARGE + "19"


Histories = dict[str, list[Config | MissingConfig]]


async def follow(listener: Listener, histories: Histories, expected: dict[str, Release | None]) -> None:
    """Take states until they are what the server ended with. `expected` is filled before the item `end` is published."""
    async with listener, asyncio.timeout(50):
        async for state in listener:
            histories[state.ref.name].append(state)
            last = {name: states[-1] if states else None for name, states in histories.items()}
            if isinstance(last["end"], Config) and all(_is(last[name], expected[name]) for name in histories if name != "end"):
                return


def _is(state: Config | MissingConfig | None, release: Release | None) -> bool:
    return state.release == release if isinstance(state, Config) else state is not None and release is None


async def churn(chance: random.Random, names: list[str], writer: Client, proxies: list[Proxy]) -> None:
    """Publish, delete and cut at random; at the end every path is cut once more."""
    for number in range(150):
        name = chance.choice(names)
        match chance.choice(["publish", "publish", "publish", "large", "delete", "cut"]):
            case "publish":
                await writer.publish_config(name, f"{chance.randrange(3)}")
            case "large":
                await writer.publish_config(name, f"{LARGE[: (1 << 20) + 1]}{number}")
            case "delete":
                await writer.delete_config(name, allow_missing=True)
            case _:
                chance.choice(proxies).cut()
    for proxy in proxies:
        proxy.cut()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
async def test_listeners_end_with_the_last_state_whatever_is_cut(seed: int) -> None:
    """The oracle: random publications, deletions and cuts; nobody goes back, is told twice, or misses how it ends."""
    chance, names = random.Random(seed), ["a", "b", "c"]
    followed: list[Histories] = []
    expected: dict[str, Release | None] = {}
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(running_server())
        writer = await stack.enter_async_context(Client(server.grpc_target))
        proxies = [await stack.enter_async_context(running_proxy(server.grpc_target)) for _ in range(3)]
        clients = [await stack.enter_async_context(Client(proxy.address, backoff=QUICK)) for proxy in proxies]

        async with asyncio.TaskGroup() as group:
            for client, some in itertools.product(clients, (names, chance.sample(names, 2))):
                followed.append({name: [] for name in [*some, "end"]})
                group.create_task(follow(client.listen(*followed[-1]), followed[-1], expected))
            await churn(chance, names, writer, proxies)
            for name in names:
                expected[name] = None
                with contextlib.suppress(NotFoundError):
                    expected[name] = (await writer.get_config(name)).release
            await writer.publish_config("end", "end")

        for states in (states for histories in followed for states in histories.values()):
            places = [state.as_of for state in states]
            assert places == sorted(set(places)), seed
        assert sum(proxy.connections for proxy in proxies) > 10, seed


async def test_restart_of_the_server_repeats_nothing_and_misses_nothing(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with running_server(data_dir=tmp_path) as first:
            proxy = await stack.enter_async_context(running_proxy(first.grpc_target))
            client = await stack.enter_async_context(Client(proxy.address, backoff=QUICK))
            await client.publish_config("same", "1")
            await client.publish_config("other", "1")
            states = await stack.enter_async_context(client.listen("same", "other", "none"))
            before = [await anext(states) for _ in range(3)]
            proxy.is_open = False
            proxy.cut()

        async with running_server(data_dir=tmp_path) as second, Client(second.grpc_target) as writer:
            await writer.publish_config("other", "2")
            proxy.target, proxy.is_open = second.grpc_target, True
            after = [await anext(states)]
            await writer.publish_config("same", "2")
            after.append(await anext(states))

            assert {state.ref.name for state in before} == {"same", "other", "none"}
            assert [(state.ref.name, state.content) for state in after if isinstance(state, Config)] == [
                ("other", "2"),
                ("same", "2"),
            ]
            assert after[0].as_of < after[1].as_of


async def test_server_with_another_history_is_followed_from_its_beginning() -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with running_server() as first:
            proxy = await stack.enter_async_context(running_proxy(first.grpc_target))
            client = await stack.enter_async_context(Client(proxy.address, backoff=QUICK))
            for number in range(30):
                await client.publish_config("a", str(number))
            states = await stack.enter_async_context(client.listen("a"))
            before = await content_of(states)
            proxy.is_open = False
            proxy.cut()

        async with running_server() as second, Client(second.grpc_target) as writer:
            proxy.target, proxy.is_open = second.grpc_target, True
            emptied = await content_of(states)
            await writer.publish_config("a", "new")
            after = await content_of(states)

            assert (before, emptied, after) == ("29", None, "new")


async def test_listener_gives_the_stale_state_first_and_the_true_one_when_the_server_is_back(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(running_server())
        proxy = await stack.enter_async_context(running_proxy(server.grpc_target))
        async with Client(proxy.address, snapshot_dir=tmp_path) as client, client.listen("a") as states:
            await client.publish_config("a", "one")
            await until(states, "one")
        proxy.is_open = False
        client = await stack.enter_async_context(Client(proxy.address, snapshot_dir=tmp_path, backoff=QUICK))
        states = await stack.enter_async_context(client.listen("a", "never seen"))

        async with asyncio.timeout(5):  # half of the patience that a silent path gets
            stale = await anext(states)
        proxy.is_open = True
        fresh = {state.ref.name: state for state in (await anext(states), await anext(states))}

        assert isinstance(stale, Config)
        assert (stale.content, stale.is_stale) == ("one", True)
        assert isinstance(fresh["a"], Config)
        assert (fresh["a"].content, fresh["a"].is_stale) == ("one", False)
        assert isinstance(fresh["never seen"], MissingConfig)


async def test_listener_on_a_path_that_answers_nothing_gives_the_stale_state_after_the_timeout(tmp_path: Path) -> None:
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(running_server())
        proxy = await stack.enter_async_context(running_proxy(server.grpc_target))
        async with Client(proxy.address, snapshot_dir=tmp_path) as client:
            await client.publish_config("a", "one")
            await client.get_config("a")
        proxy.stall()
        client = await stack.enter_async_context(Client(proxy.address, snapshot_dir=tmp_path, timeout_s=0.2))

        async with client.listen("a") as states:
            stale = await anext(states)
            proxy.flow()
            fresh = await anext(states)

        assert isinstance(stale, Config)
        assert isinstance(fresh, Config)
        assert (stale.is_stale, fresh.is_stale) == (True, False)


async def test_deleted_item_leaves_no_snapshot(tmp_path: Path) -> None:
    async with (
        running_server() as server,
        Client(server.grpc_target, snapshot_dir=tmp_path) as client,
        client.listen("a") as states,
    ):
        for name in ("a", "b"):
            await client.publish_config(name, "one")
        await until(states, "one")
        await client.get_config("b")
        for name in ("a", "b"):
            await client.delete_config(name)
        await content_of(states)
        with pytest.raises(NotFoundError):
            await client.get_config("b")

    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []


async def test_large_content_is_fetched_until_the_server_has_it() -> None:
    odd = OddServer()
    async with odd.running() as target, Client(target) as client, client.listen("a") as states:
        state = await anext(states)

        assert isinstance(state, Config)
        assert state.content == "content 2"
        assert odd.gets == 3


async def test_large_content_that_comes_after_it_was_replaced_is_not_taken_for_the_new_one() -> None:
    racing = RacingServer()
    async with racing.running() as target, Client(target) as client, client.listen("a") as states:
        state = await anext(states)

        assert isinstance(state, Config)
        assert state.content == "content 2"
