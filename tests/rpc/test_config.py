"""ConfigService over gRPC: reading, writing, history, and what is refused."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as wire
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import StorageError
from running import running_server

from rpc.configs import REF, delete, named, publish, publish_gray, stub

LONG = "x" * 4097


async def refused(call: Any) -> tuple[str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code().name, dict(caught.value.trailing_metadata()).get("muster-reason", "")


async def get(channel: grpc.aio.Channel, ref: config_pb2.ConfigRef = REF, **fields: Any) -> wire.GetConfigResponse:
    answer: wire.GetConfigResponse = await stub(channel).GetConfig(wire.GetConfigRequest(ref=ref, **fields))
    return answer


async def test_published_content_is_answered_with_everything_that_was_said_of_it() -> None:
    async with running_server() as server, server.channel() as channel:
        said = {"content_type": "yaml", "labels": {"team": "x"}, "author": "ann", "comment": "why", "encrypted_data_key": "k"}

        release = await publish(channel, "a: é", **said)
        answer = await get(channel)

        assert answer.release.content == "a: é"
        assert {name: getattr(answer.release, name) for name in said} == said
        assert (release.content, release.number) == ("", 1)
        assert (answer.epoch, answer.revision) == (server.engine.epoch, release.revision)


async def test_beginning_of_a_line_is_remembered_beyond_its_first_release_and_a_restart(tmp_path: Path) -> None:
    async with running_server(data_dir=tmp_path) as server, server.channel() as channel:
        first = await publish(channel, "a", labels={"team": "x"})
    async with running_server(data_dir=tmp_path) as server, server.channel() as channel:
        second = await publish(channel, "b", labels={"team": "x"})

        listed = await stub(channel).ListConfigs(wire.ListConfigsRequest(labels={"team": "x"}))

        (release,) = [summary.release for summary in listed.configs]
        assert (release.number, release.begin_revision, release.begin_time) == (2, first.revision, first.create_time)
        assert second.revision > second.begin_revision == first.begin_revision


async def test_get_with_the_current_md5_answers_no_content() -> None:
    async with running_server() as server, server.channel() as channel:
        release = await publish(channel, "a")

        same, other = await get(channel, if_md5=release.md5), await get(channel, if_md5="0" * 32)

        assert (same.not_modified, same.release.content, same.release.md5) == (True, "", release.md5)
        assert (other.not_modified, other.release.content) == (False, "a")


async def test_gray_line_is_answered_by_label_and_by_the_address_of_the_connection() -> None:
    async with running_server() as server, server.channel() as channel:
        await publish(channel, "main")
        await publish_gray(channel, "zoned", "zone", zone="a")

        zoned = await get(channel, client=config_pb2.ClientTraits(labels={"zone": "a"}))
        rule = config_pb2.GrayRule(ips=config_pb2.GrayRule.IpMatch(addresses=["127.0.0.0/8"]))
        await stub(channel).PublishGray(wire.PublishGrayRequest(ref=REF, gray="local", content="local", rule=rule))
        here, there = await get(channel), await get(channel, client=config_pb2.ClientTraits(ip="10.0.0.1"))

        assert [answer.release.content for answer in (zoned, here, there)] == ["zoned", "local", "main"]


async def test_history_diff_and_rollback_go_back_to_what_only_the_disk_knows(tmp_path: Path) -> None:
    async with running_server(data_dir=tmp_path) as server, server.channel() as channel:
        for content in ("a\nb\n", "a\nc\n"):
            await publish(channel, content)
        await delete(channel)
    async with running_server(data_dir=tmp_path) as server, server.channel() as channel:
        configs = stub(channel)

        history = await configs.ListReleases(wire.ListReleasesRequest(ref=REF))
        diff = await configs.DiffReleases(wire.DiffReleasesRequest(ref=REF, from_number=1, to_number=2))
        first = await configs.GetRelease(wire.GetReleaseRequest(ref=REF, number=1))
        gone = await refused(get(channel))
        rolled = await configs.RollbackConfig(wire.RollbackConfigRequest(ref=REF, number=1, author="ann"))
        answer = await get(channel)

        assert [(release.number, release.kind) for release in history.releases] == [
            (3, config_pb2.RELEASE_KIND_DELETED),
            (2, config_pb2.RELEASE_KIND_PUBLISHED),
            (1, config_pb2.RELEASE_KIND_PUBLISHED),
        ]
        assert diff.unified_diff == "--- db.yaml #1\n+++ db.yaml #2\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
        assert first.release.content == answer.release.content == "a\nb\n"
        assert gone == ("NOT_FOUND", "CONFIG_NOT_FOUND")
        assert (rolled.release.number, rolled.release.source_number) == (4, 1)


async def test_difference_that_is_too_large_is_refused_with_the_limit() -> None:
    async with running_server() as server, server.channel() as channel:
        for letter in "ab":
            await publish(channel, "".join(f"{letter}{number}\n" for number in range(100_000)))

        refusal = await refused(stub(channel).DiffReleases(wire.DiffReleasesRequest(ref=REF)))

        assert refusal == ("RESOURCE_EXHAUSTED", "TOO_LARGE")


async def test_history_is_answered_in_pages_and_by_line() -> None:
    async with running_server() as server, server.channel() as channel:
        for number in range(5):
            await publish(channel, f"{number}")
        await publish_gray(channel, "g", "beta", zone="a")
        configs = stub(channel)

        numbers, token = [], ""
        while True:
            page = await configs.ListReleases(wire.ListReleasesRequest(ref=REF, page_size=4, page_token=token))
            numbers.append([release.number for release in page.releases])
            token = page.next_page_token
            if not token:
                break
        gray = await configs.ListReleases(wire.ListReleasesRequest(ref=REF, gray="beta"))

        assert numbers == [[6, 5, 4, 3], [2, 1]]
        assert [release.number for release in gray.releases] == [6]


async def test_promote_and_stop_answer_the_releases_that_tell_of_it() -> None:
    async with running_server() as server, server.channel() as channel:
        await publish(channel, "main")
        await publish_gray(channel, "g", "beta", zone="a")
        configs = stub(channel)

        described = await configs.DescribeConfig(wire.DescribeConfigRequest(ref=REF))
        promoted = await configs.PromoteGray(wire.PromoteGrayRequest(ref=REF, gray="beta"))
        stopped = await refused(configs.StopGray(wire.StopGrayRequest(ref=REF, gray="beta")))
        missing = await configs.StopGray(wire.StopGrayRequest(ref=REF, gray="beta", allow_missing=True))

        assert [release.gray for release in described.config.grays] == ["beta"]
        assert (promoted.release.kind, promoted.release.source_number) == (config_pb2.RELEASE_KIND_PROMOTED, 2)
        assert stopped == ("NOT_FOUND", "GRAY_NOT_FOUND")
        assert not missing.HasField("release")
        assert (await get(channel)).release.content == "g"


async def test_content_of_ten_mebibytes_is_taken_and_one_byte_more_is_not() -> None:
    options = (("grpc.max_receive_message_length", 16 << 20), ("grpc.max_send_message_length", 16 << 20))
    async with running_server() as server, grpc.aio.insecure_channel(server.grpc_target, options=options) as channel:
        await publish(channel, "x" * (10 << 20))

        refusal = await refused(publish(channel, "x" * ((10 << 20) + 1)))

        assert len((await get(channel)).release.content) == 10 << 20
        assert refusal == ("RESOURCE_EXHAUSTED", "TOO_LARGE")


async def test_limits_of_contents_are_settings() -> None:
    async with running_server(max_content_bytes=4, max_total_content_bytes=6) as server, server.channel() as channel:
        await publish(channel, "four")

        refusals = [await refused(publish(channel, "fives")), await refused(publish(channel, "abc", named("other")))]

        assert refusals == [("RESOURCE_EXHAUSTED", "TOO_LARGE")] * 2


async def test_content_that_is_not_what_its_type_says_is_refused_unless_allowed() -> None:
    async with running_server() as server, server.channel() as channel:
        refusal = await refused(publish(channel, "{", content_type="json"))
        await publish(channel, "{", content_type="json", allow_invalid=True)
        by_the_lines_type = await refused(publish(channel, "}"))
        gray = await refused(stub(channel).PublishGray(wire.PublishGrayRequest(ref=REF, gray="g", content="}")))

        assert refusal == by_the_lines_type == gray == ("INVALID_ARGUMENT", "INVALID_CONTENT")


BAD = {
    "GetConfig": [
        wire.GetConfigRequest(),
        wire.GetConfigRequest(ref=config_pb2.ConfigRef(group="g")),
        wire.GetConfigRequest(ref=named(LONG)),
        wire.GetConfigRequest(ref=named("a\nb")),
        wire.GetConfigRequest(ref=REF, client=config_pb2.ClientTraits(ip=LONG)),
        wire.GetConfigRequest(ref=REF, client=config_pb2.ClientTraits(labels={str(n): "" for n in range(65)})),
    ],
    "DescribeConfig": [wire.DescribeConfigRequest()],
    "ListConfigs": [
        wire.ListConfigsRequest(page_size=-1),
        wire.ListConfigsRequest(page_token="x"),
        wire.ListConfigsRequest(namespace=LONG),
        wire.ListConfigsRequest(content_type="a b"),
        wire.ListConfigsRequest(labels={"": "x"}),
        wire.ListConfigsRequest(name_pattern=LONG),
        wire.ListConfigsRequest(group_pattern=LONG),
        wire.ListConfigsRequest(content_pattern=LONG),
        wire.ListConfigsRequest(skip=-1),
        wire.ListConfigsRequest(begin_revisions=range(1, 1002)),
        wire.ListConfigsRequest(begin_revisions=[1, 0]),
    ],
    "ListListeners": [
        wire.ListListenersRequest(),
        wire.ListListenersRequest(ref=config_pb2.ConfigRef()),
        wire.ListListenersRequest(ip=LONG),
        wire.ListListenersRequest(ip="1.1.1.1", page_size=-1),
        wire.ListListenersRequest(ip="1.1.1.1", page_token="x"),
    ],
    "PublishConfig": [
        wire.PublishConfigRequest(content="a"),
        wire.PublishConfigRequest(ref=REF, content_type="x" * 33),
        wire.PublishConfigRequest(ref=REF, author="x" * 257),
        wire.PublishConfigRequest(ref=REF, comment="x" * 1025),
        wire.PublishConfigRequest(ref=REF, request_id="x" * 129),
        wire.PublishConfigRequest(ref=REF, encrypted_data_key=LONG),
        wire.PublishConfigRequest(ref=REF, labels={"a": "x" * (32 * 1024 + 1)}),
        wire.PublishConfigRequest(ref=REF, condition=wire.WriteCondition(create_only=False)),
        wire.PublishConfigRequest(ref=REF, condition=wire.WriteCondition(revision=-1)),
        wire.PublishConfigRequest(ref=REF, condition=wire.WriteCondition(md5="nope")),
    ],
    "DeleteConfig": [wire.DeleteConfigRequest()],
    "ListReleases": [
        wire.ListReleasesRequest(),
        wire.ListReleasesRequest(ref=REF, page_size=-1),
        wire.ListReleasesRequest(ref=REF, page_token="²"),
        wire.ListReleasesRequest(ref=REF, gray=LONG),
    ],
    "GetRelease": [wire.GetReleaseRequest(number=1)],
    "DiffReleases": [wire.DiffReleasesRequest()],
    "RollbackConfig": [wire.RollbackConfigRequest(number=1)],
    "PublishGray": [
        wire.PublishGrayRequest(ref=REF),
        wire.PublishGrayRequest(ref=REF, gray="g"),
        wire.PublishGrayRequest(ref=REF, gray="x" * 129, rule=config_pb2.GrayRule()),
        wire.PublishGrayRequest(ref=REF, gray="g", rule=config_pb2.GrayRule()),
        *(
            wire.PublishGrayRequest(ref=REF, gray="g", rule=rule)
            for rule in (
                config_pb2.GrayRule(labels=config_pb2.GrayRule.LabelMatch()),
                config_pb2.GrayRule(ips=config_pb2.GrayRule.IpMatch(addresses=["10.0.0.0/99"])),
                config_pb2.GrayRule(ips=config_pb2.GrayRule.IpMatch(addresses=["a"] * 1001)),
                config_pb2.GrayRule(percentage=config_pb2.GrayRule.PercentMatch(percent=101)),
                config_pb2.GrayRule(percentage=config_pb2.GrayRule.PercentMatch()),
            )
        ),
    ],
    "StopGray": [wire.StopGrayRequest(ref=REF)],
    "PromoteGray": [wire.PromoteGrayRequest(ref=REF)],
}


@pytest.mark.parametrize("method", list(BAD))
async def test_bad_field_is_refused_and_nothing_changes(method: str) -> None:
    async with running_server() as server, server.channel() as channel:
        before = server.engine.revision

        refusals = [await refused(getattr(stub(channel), method)(request)) for request in BAD[method]]

        assert refusals == [("INVALID_ARGUMENT", "INVALID_FIELD")] * len(refusals)
        assert server.engine.revision == before


def test_bad_fields_are_tried_for_every_unary_method() -> None:
    methods = wire.DESCRIPTOR.services_by_name["ConfigService"].methods

    assert {method.name for method in methods if not method.server_streaming} == set(BAD)


async def all_before_wait(channel: grpc.aio.Channel) -> None:
    """A call on the same connection was answered, so those made before it are with the engine."""
    await asyncio.sleep(0)  # tasks begin, and make theirs
    assert (await refused(publish(channel, "x", request_id=LONG)))[0] == "INVALID_ARGUMENT"


async def test_writers_of_one_item_within_a_flush_are_judged_by_what_stands_when_their_turn_comes() -> None:
    store = MemoryStore()
    async with running_server(store=store) as server, server.channel() as channel:
        creating = {"condition": wire.WriteCondition(create_only=True)}
        await all_before_wait(channel)
        store.hold()
        first = asyncio.ensure_future(publish(channel, "a", labels={"team": "x"}, **creating))
        await all_before_wait(channel)
        others = [
            asyncio.ensure_future(call)
            for call in (
                publish(channel, "b", **creating),
                publish(channel, "c", condition=wire.WriteCondition(revision=0)),
                publish_gray(channel, "d", "beta", zone="a"),
            )
        ]
        await all_before_wait(channel)
        store.release()

        assert (await first).number == 1
        assert await refused(others[0]) == ("ALREADY_EXISTS", "CONFIG_EXISTS")
        assert await refused(others[1]) == ("ABORTED", "REVISION_MISMATCH")
        gray = await others[2]
        assert (gray.number, dict(gray.labels)) == (2, {"team": "x"})


async def test_content_is_checked_for_the_type_that_its_line_has_when_its_turn_comes() -> None:
    store = MemoryStore()
    async with running_server(store=store) as server, server.channel() as channel:
        await all_before_wait(channel)
        store.hold()
        first = asyncio.ensure_future(publish(channel, "{}", content_type="json"))
        await all_before_wait(channel)
        others = [
            asyncio.ensure_future(call)
            for call in (publish(channel, "[1"), publish_gray(channel, "[2", "beta", zone="a"), publish(channel, "[3]"))
        ]
        await all_before_wait(channel)
        store.release()

        assert (await first).number == 1
        assert await refused(others[0]) == ("INVALID_ARGUMENT", "INVALID_CONTENT")
        assert await refused(others[1]) == ("INVALID_ARGUMENT", "INVALID_CONTENT")
        assert ((await others[2]).content_type, (await get(channel)).release.content) == ("json", "[3]")


async def test_disk_that_refuses_changes_nothing_and_writes_recover_when_it_takes_again() -> None:
    store = MemoryStore()
    async with running_server(store=store) as server, server.channel() as channel:
        await publish(channel, "a")
        store.fail_next(StorageError("database or disk is full"))

        refusal = await refused(publish(channel, "b"))
        during = (await get(channel)).release.content
        await publish(channel, "c")

        assert refusal == ("UNAVAILABLE", "STORAGE_FAILED")
        assert (during, (await get(channel)).release.content) == ("a", "c")
