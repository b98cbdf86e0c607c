"""ListConfigs: what is found by name, label, type, content and beginning, how it is paged and counted."""

from typing import Any

import grpc.aio
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as wire
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
        assert await names(channel, content_type="json") == ["b.json"]
        assert await names(channel, name_pattern="*.j*n") == ["b.json"]
        assert await names(channel, name_pattern="a1") == ["a1"]


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


async def test_search_in_large_contents_finds_everything_though_it_pauses() -> None:
    async with running_server() as server, server.channel() as channel:
        for number in range(5):
            await publish(channel, f"{LARGE}word{number}", named(f"a{number}"))
        await publish(channel, LARGE, named("b"))

        assert await names(channel, content_pattern="*word*") == ["a0", "a1", "a2", "a3", "a4"]
        counted = await listed(channel, content_pattern="*word*", count=True, page_size=1, skip=3)
        assert (counted.total_size, [summary.ref.name for summary in counted.configs]) == (5, ["a3"])
