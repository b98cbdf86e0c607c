"""`muster config gray`: publish, list, stop, promote."""

import pytest
from muster_client.cli.config_gray import gray_rule
from muster_client.cli.exits import CommandError
from running import Server, running_server

from cli.running_cli import Answer, muster, published


async def gray(server: Server, *arguments: str, text: str = "") -> Answer:
    return await muster(server, "config", "gray", *arguments, text=text)


async def test_gray_line_begins_goes_on_and_keeps_its_rule() -> None:
    async with running_server() as server:
        await published(server, "app", "main")

        begun = await gray(server, "publish", "app", "canary", "-f", "-", "--percent", "10", text="one")
        gone_on = await gray(server, "publish", "app", "canary", "-f", "-", text="two")
        listed = await gray(server, "list", "app", "-o", "json")

        assert begun.out.startswith("published app line canary, release 2 at revision ")
        assert gone_on.out.startswith("published app line canary, release 3 at revision ")
        assert [(line["gray"], line["rule"]["percentage"]["percent"]) for line in listed.document] == [("canary", 10)]


async def test_gray_line_that_is_promoted_becomes_the_main_one() -> None:
    async with running_server() as server:
        await published(server, "app", "main")
        await gray(server, "publish", "app", "canary", "-f", "-", "--label", "zone=b", text="better")

        stale = await gray(server, "promote", "app", "canary", "--if-revision", "1")
        answer = await gray(server, "promote", "app", "canary")

        assert stale.status == 4
        assert "from line canary" in answer.out
        assert (await muster(server, "config", "get", "app")).out == "better"
        assert (await gray(server, "list", "app")).rows() == []


async def test_gray_line_that_is_stopped_is_gone() -> None:
    async with running_server() as server:
        await published(server, "app", "main")
        await gray(server, "publish", "app", "canary", "-f", "-", "--ip", "10.0.0.1", "--ip", "10.1.0.0/16", text="better")

        stopped = await gray(server, "stop", "app", "canary")
        missing = await gray(server, "stop", "app", "canary")
        allowed = await gray(server, "stop", "app", "canary", "--allow-missing")

        assert stopped.out == "ended line canary of app\n"
        assert (missing.status, allowed.status) == (3, 0)
        assert "(GRAY_NOT_FOUND)" in missing.errors
        assert allowed.out == "there was no line canary of app\n"


async def test_new_gray_line_without_a_rule_is_refused_by_the_server() -> None:
    async with running_server() as server:
        await published(server, "app", "main")

        answer = await gray(server, "publish", "app", "canary", "-f", "-", text="better")

        assert answer.status == 5


def test_rule_takes_one_kind_with_its_priority() -> None:
    rule = gray_rule((), ["10.0.0.1"], 0, 7)

    assert rule is not None
    assert (rule.WhichOneof("kind"), rule.priority) == ("ips", 7)
    assert gray_rule((), (), 0, 0) is None


@pytest.mark.parametrize(("labels", "percent", "priority"), [(["a=b"], 5, 0), ([], 0, 3)])
def test_rule_of_two_kinds_or_of_none_with_a_priority_is_refused(labels: list[str], percent: int, priority: int) -> None:
    with pytest.raises(CommandError, match="one of --label, --ip and --percent"):
        gray_rule(labels, (), percent, priority)
