"""`muster config list`, `describe`, `get` and `delete`."""

import asyncio
import re

import pytest
import yaml
from muster.config.v1.config_pb2 import GrayRule, Release, ReleaseKind
from muster_client.cli.config_items import kind_text, rule_text
from running import running_server

from cli.running_cli import muster, program, published


async def test_list_shows_items_of_all_namespaces_and_their_gray_lines() -> None:
    async with running_server() as server:
        await published(server, "prod/app.yaml", "a: 1\n", "-l", "team=web")
        await published(server, "level", "debug")
        await muster(server, "config", "gray", "publish", "level", "canary", "-f", "-", "--percent", "10", text="info")

        rows = (await muster(server, "config", "list")).rows()

        assert [(row["NAMESPACE"], row["CONFIG"], row["TYPE"], row["GRAY LINES"], row["LABELS"]) for row in rows] == [
            ("default", "level", "text", "canary", ""),
            ("prod", "app.yaml", "yaml", "", "team=web"),
        ]


@pytest.mark.parametrize(
    "filters",
    [
        ["-n", "prod"],
        ["-n", "prod", "-g", "DEFAULT_GROUP"],
        ["--prefix", "app"],
        ["--match", "*.yaml"],
        ["--contains", ": 1"],
        ["-l", "team=web"],
        ["--type", "yaml"],
    ],
)
async def test_list_of_some_items_leaves_the_others_out(filters: list[str]) -> None:
    async with running_server() as server:
        await published(server, "prod/app.yaml", "a: 1\n", "-l", "team=web")
        await published(server, "level", "debug")

        answer = await muster(server, "config", "list", "-o", "json", *filters)

        assert [summary["ref"]["name"] for summary in answer.document] == ["app.yaml"]


async def test_get_prints_the_content_exactly_as_it_is() -> None:
    async with running_server() as server:
        content = "first\r\n\tsecond \x1b[1m 服务\nno newline at the end"
        await published(server, "app", content)

        answer = await muster(server, "config", "get", "app", "-o", "json")
        with program(server.grpc_target, "config", "get", "app", PYTHONIOENCODING="ascii") as process:
            assert process.stdout is not None
            written = await asyncio.to_thread(process.stdout.buffer.read)

        assert answer.document["content"] == content
        assert written == content.encode()


async def test_get_as_yaml_holds_the_release() -> None:
    async with running_server() as server:
        revision = await published(server, "app", "one\ntwo\n", "--comment", "first")

        found = yaml.safe_load((await muster(server, "config", "get", "app", "-o", "yaml")).out)

        assert (found["content"], found["revision"], found["author"], found["comment"]) == (
            "one\ntwo\n",
            revision,
            "tester",
            "first",
        )


async def test_get_answers_the_main_line_a_gray_line_a_release_or_what_a_client_sees() -> None:
    async with running_server() as server:
        await published(server, "app", "one")
        await published(server, "app", "two")
        for line, rule in (("zone-b", ["--label", "zone=b"]), ("everyone", ["--percent", "100"])):
            await muster(server, "config", "gray", "publish", "app", line, "-f", "-", *rule, text=line)

        async def get(*options: str) -> str:
            return (await muster(server, "config", "get", "app", *options)).out

        assert await get() == "two"
        assert await get("--release", "1") == "one"
        assert await get("--gray", "zone-b") == "zone-b"
        assert await get("--as-ip", "10.0.0.1") == "everyone"
        assert {await get("--as-label", "zone=b", "--as-client", "me")} <= {"zone-b", "everyone"}


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        (["nothing"], 3, "(CONFIG_NOT_FOUND)"),
        (["app", "--release", "9"], 3, "(RELEASE_NOT_FOUND)"),
        (["app", "--gray", "none"], 3, "app has no gray line 'none'"),
        (["app", "--gray", "x", "--as-ip", "::1"], 2, "do not go with"),
    ],
)
async def test_get_of_what_is_not_there_says_what_is_missing(options: list[str], status: int, says: str) -> None:
    async with running_server() as server:
        await published(server, "app", "one")

        answer = await muster(server, "config", "get", *options)

        assert answer.status == status
        assert says in answer.errors
        assert answer.out == ""


async def test_describe_shows_each_line_and_for_whom_it_is() -> None:
    async with running_server() as server:
        await published(server, "app", "one", "-l", "team=web")
        await muster(server, "config", "gray", "publish", "app", "b", "-f", "-", "--ip", "10.0.0.0/8", "--priority", "3", text="b")

        table, document = [await muster(server, "config", "describe", "app", "-o", form) for form in ("table", "json")]

        assert "10.0.0.0/8, priority 3" in table.out
        assert re.search(r"there since \S+, labelled team=web\n0 clients listening\n$", table.out)
        assert [line["gray"] for line in document.document["config"]["grays"]] == ["b"]


async def test_delete_holds_to_its_condition_and_tells_when_there_is_nothing() -> None:
    async with running_server() as server:
        revision = await published(server, "app", "one")

        stale = await muster(server, "config", "delete", "app", "--if-revision", str(revision - 1))
        gone = await muster(server, "config", "delete", "app", "--if-revision", str(revision))
        missing = await muster(server, "config", "delete", "app")
        allowed = await muster(server, "config", "delete", "app", "--allow-missing")

        assert (stale.status, gone.status, missing.status, allowed.status) == (4, 0, 3, 0)
        assert "(REVISION_MISMATCH)" in stale.errors
        assert allowed.out == "app was not there\n"


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (GrayRule(labels=GrayRule.LabelMatch(labels={"zone": "b", "app": "x"})), "app=x,zone=b"),
        (GrayRule(ips=GrayRule.IpMatch(addresses=["::1", "10.0.0.0/8"]), priority=2), "::1,10.0.0.0/8, priority 2"),
        (GrayRule(percentage=GrayRule.PercentMatch(percent=5)), "5 %"),
        (GrayRule(), "nobody"),
    ],
)
def test_rule_is_said_in_words(rule: GrayRule, text: str) -> None:
    assert rule_text(rule) == text


def test_kind_of_a_copy_names_its_source() -> None:
    assert kind_text(Release(kind=ReleaseKind.RELEASE_KIND_ROLLED_BACK, source_number=3)) == "rolled back from 3"
    assert kind_text(Release(kind=ReleaseKind.RELEASE_KIND_PUBLISHED)) == "published"
