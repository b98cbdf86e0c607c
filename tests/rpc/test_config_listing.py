"""ListConfigs: what is found by name, label, type, content and beginning, how it is paged and counted."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as wire
from muster_server.rpc import config_listing
from muster_server.rpc.calls import Call
from muster_server.rpc.config_listing import ConfigLister
from running import running_server

from rpc.configs import delete, named, publish, stub

LARGE = "x" * (600 << 10)


async def listed(channel: grpc.aio.Channel, **fields: Any) -> wire.ListConfigsResponse:
    answer: wire.ListConfigsResponse = await stub(channel).ListConfigs(wire.ListConfigsRequest(**fields))
    return answer


async def names(channel: grpc.aio.Channel, *, page_size: int = 2, **fields: Any) -> list[str]:
    """The names on all pages."""
    found, token = [], ""
    while True:
        page = await listed(channel, page_size=page_size, page_token=token, **fields)
        found += [summary.ref.name for summary in page.configs]
        token = page.next_page_token
        if not token:
            return found


async def gray(channel: grpc.aio.Channel, name: str, content: str) -> None:
    rule = config_pb2.GrayRule(percentage=config_pb2.GrayRule.PercentMatch(percent=10))
    await stub(channel).PublishGray(wire.PublishGrayRequest(ref=named(name), gray="beta", content=content, rule=rule))


async def test_list_filters_by_name_label_and_type_and_pages_in_order() -> None:
    async with running_server() as server, server.channel() as channel:
        for number in range(4):
            await publish(channel, "x", named(f"a{number}"), labels={"odd": str(number % 2)})
        await publish(channel, "{}", named("b.json"), content_type="json")
        await publish(channel, "x", config_pb2.ConfigRef(namespace="other", name="z"))
        await publish(channel, "x", named("gone"))
        await delete(channel, named("gone"))

        assert await names(channel) == ["a0", "a1", "a2", "a3", "b.json", "z"]
        assert await names(channel, namespace="other") == ["z"]
        assert await names(channel, namespace="default", group="app", name_prefix="a") == ["a0", "a1", "a2", "a3"]
        assert await names(channel, namespace="default", group="app", name_prefix="b") == ["b.json"]
        assert await names(channel, name_prefix="b") == ["b.json"]
        assert await names(channel, labels={"odd": "1"}) == ["a1", "a3"]
        assert await names(channel, labels={"odd": ""}) == ["a0", "a1", "a2", "a3"]
        assert await names(channel, labels={"odd": "*0"}) == ["a0", "a2"]
        assert await names(channel, content_type="json") == ["b.json"]
        assert await names(channel, name_pattern="*.j*n") == ["b.json"]
        assert await names(channel, name_pattern="a1") == ["a1"]
        assert await names(channel, group_pattern="D*") == ["z"]


async def test_search_looks_into_the_contents_of_all_lines_or_of_main_lines_alone() -> None:
    async with running_server() as server, server.channel() as channel:
        await publish(channel, "the word is here", named("a"))
        await publish(channel, "nothing", named("b"))
        await gray(channel, "b", "a word")
        await gray(channel, "c", "a word")

        assert await names(channel, content_pattern="*word*") == ["a", "b", "c"]
        assert await names(channel, content_pattern="*word*", main_line_only=True) == ["a"]
        assert await names(channel, content_pattern="word") == []
        assert await names(channel, main_line_only=True) == ["a", "b"]


async def test_filters_must_hold_of_one_and_the_same_line() -> None:
    async with running_server() as server, server.channel() as channel:
        await publish(channel, "word", named("a"))
        await gray(channel, "a", "other")
        await publish(channel, "{}", named("a"), content_type="json")

        assert await names(channel, content_type="text", content_pattern="other") == ["a"]
        assert await names(channel, content_type="json", content_pattern="other") == []


async def test_item_is_found_by_the_revision_with_which_its_line_began() -> None:
    async with running_server() as server, server.channel() as channel:
        first = await publish(channel, "1", named("a"))
        await publish(channel, "2", named("a"))
        second = await publish(channel, "1", named("b"))

        assert await names(channel, begin_revisions=[first.revision]) == ["a"]
        assert await names(channel, begin_revisions=[first.revision, second.revision, 99]) == ["a", "b"]
        await delete(channel, named("a"))
        await publish(channel, "3", named("a"))
        assert await names(channel, begin_revisions=[first.revision]) == []


async def test_skipping_and_counting_go_beyond_the_page() -> None:
    async with running_server() as server, server.channel() as channel:
        for number in range(5):
            await publish(channel, "x", named(f"a{number}"))

        page = await listed(channel, page_size=2, skip=2, count=True)
        behind = await listed(channel, page_size=2, skip=9, count=True)
        rest = await listed(channel, page_size=2, page_token=page.next_page_token, count=True)
        uncounted = await listed(channel, page_size=2)

        assert ([summary.ref.name for summary in page.configs], page.total_size) == (["a2", "a3"], 5)
        assert (list(behind.configs), behind.total_size, behind.next_page_token) == ([], 5, "")
        assert ([summary.ref.name for summary in rest.configs], rest.total_size, rest.next_page_token) == (["a4"], 1, "")
        assert uncounted.total_size == 0


async def test_search_over_more_items_than_one_slice_finds_and_counts_all() -> None:
    async with running_server() as server, server.channel() as channel:
        for start in range(0, 1100, 100):
            await asyncio.gather(*(publish(channel, "x", named(f"a{number:04}")) for number in range(start, start + 100)))

        last = await listed(channel, name_pattern="*99", count=True, page_size=1, skip=10)

        assert (last.total_size, [summary.ref.name for summary in last.configs]) == (11, ["a1099"])
        assert len(await names(channel, page_size=300)) == 1100


async def test_search_in_large_contents_finds_everything_though_it_pauses() -> None:
    async with running_server() as server, server.channel() as channel:
        for number in range(5):
            await publish(channel, f"{LARGE}word{number}", named(f"a{number}"))
        await publish(channel, LARGE, named("b"))

        assert await names(channel, content_pattern="*word*") == ["a0", "a1", "a2", "a3", "a4"]
        counted = await listed(channel, content_pattern="*word*", count=True, page_size=1, skip=3)
        assert (counted.total_size, [summary.ref.name for summary in counted.configs]) == (5, ["a3"])


async def test_contents_come_on_request_in_pages_of_two_mebibytes_and_large_ones_not_at_all() -> None:
    async with running_server() as server, server.channel() as channel:
        for number in range(6):
            await publish(channel, LARGE, named(f"a{number}"))
        await publish(channel, LARGE * 2, named("b"))
        await publish(channel, "main", named("c"))
        await gray(channel, "c", "for some")

        first = await listed(channel, with_content=True)
        rest = await listed(channel, with_content=True, page_token=first.next_page_token)
        plain = await listed(channel)

        assert [len(summary.release.content) for summary in first.configs] == [len(LARGE)] * 4
        assert [summary.ref.name for summary in rest.configs] == ["a4", "a5", "b", "c"]
        assert (rest.configs[2].release.content, rest.configs[2].release.size_bytes) == ("", 2 * len(LARGE))
        assert (rest.configs[3].release.content, rest.configs[3].grays[0].content) == ("main", "")
        assert {summary.release.content for summary in plain.configs} == {""}


async def test_changed_revision_is_that_of_the_last_release_in_the_namespace_and_outlives_a_restart(tmp_path: Path) -> None:
    other = config_pb2.ConfigRef(namespace="other", name="z")
    async with running_server(data_dir=tmp_path) as server, server.channel() as channel:
        never = await listed(channel, namespace="default")
        await publish(channel, "x", named("a"))
        gone = (await stub(channel).DeleteConfig(wire.DeleteConfigRequest(ref=named("a")))).release.revision
        last = (await publish(channel, "x", other)).revision
        found = [(await listed(channel, namespace=namespace)).changed_revision for namespace in ("default", "other", "")]
    async with running_server(data_dir=tmp_path) as server, server.channel() as channel:
        again = [(await listed(channel, namespace=namespace)).changed_revision for namespace in ("default", "other", "")]

    assert never.changed_revision == 0
    assert found == again == [gone, last, last]


async def test_revisions_of_a_list_are_those_before_it_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_listing, "SLICE_ITEMS", 0)  # the loop is left to others after each item
    async with running_server() as server, server.channel() as channel:
        for number in range(3):
            await publish(channel, "x", named(f"a{number}"))
        before = server.engine.revision
        listing = ConfigLister(server.engine).list_configs(wire.ListConfigsRequest(namespace="default"), Call("", {}))
        listing.send(None)  # to where it leaves the loop
        await publish(channel, "y", named("a2"))

        answer = _rest(listing)

        assert (answer.revision, answer.changed_revision) == (before, before)
        assert [summary.ref.name for summary in answer.configs] == ["a0", "a1", "a2"]


def _rest(begun: Coroutine[None, None, wire.ListConfigsResponse]) -> wire.ListConfigsResponse:
    """What a coroutine answers that has taken its first step already, which a task or an await would refuse."""
    while True:
        try:
            begun.send(None)
        except StopIteration as done:
            answer: wire.ListConfigsResponse = done.value
            return answer
