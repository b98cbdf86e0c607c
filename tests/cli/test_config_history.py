"""`muster config history`, `diff` and `rollback`."""

from pathlib import Path

from muster_client.cli.config_history import unified
from running import Server, running_server

from cli.running_cli import muster, published


async def three_releases(server: Server) -> None:
    for number in (1, 2, 3):
        await published(server, "app", f"same\nline {number}\n", "--comment", f"step {number}")


async def test_history_lists_the_newest_first() -> None:
    async with running_server() as server:
        await three_releases(server)

        table = await muster(server, "config", "history", "app")
        two = await muster(server, "config", "history", "app", "--limit", "2", "-o", "json")
        everything = await muster(server, "config", "history", "app", "--limit", "0", "-o", "json")

        assert [(row["RELEASE"], row["LINE"], row["AUTHOR"], row["COMMENT"]) for row in table.rows()] == [
            (str(number), "main", "tester", f"step {number}") for number in (3, 2, 1)
        ]
        assert [release["number"] for release in two.document] == [3, 2]
        assert len(everything.document) == 3


async def test_history_of_a_gray_line_leaves_the_main_one_out() -> None:
    async with running_server() as server:
        await three_releases(server)
        await muster(server, "config", "gray", "publish", "app", "b", "-f", "-", "--percent", "1", text="gray")

        answer = await muster(server, "config", "history", "app", "--gray", "b", "-o", "json")

        assert [release["number"] for release in answer.document] == [4]


async def test_diff_shows_the_last_step_or_the_one_that_was_asked_for() -> None:
    async with running_server() as server:
        await three_releases(server)

        last = await muster(server, "config", "diff", "app")
        asked = await muster(server, "config", "diff", "app", "--from", "1", "--to", "3", "-o", "json")

        assert "-line 2\n+line 3\n" in last.out
        assert "-line 1\n+line 3\n" in asked.document["unified_diff"]
        assert asked.document["from"]["number"] == 1


async def test_diff_with_a_file_compares_the_latest_release(tmp_path: Path) -> None:
    (tmp_path / "app").write_text("same\nline 4\n")
    async with running_server() as server:
        await three_releases(server)

        answer = await muster(server, "config", "diff", "app", "-f", str(tmp_path / "app"))
        first = await muster(server, "config", "diff", "app", "-f", "-", "--from", "1", text="same\nline 1\n")
        both = await muster(server, "config", "diff", "app", "-f", "-", "--to", "1")

        assert "--- release 3\n" in answer.out
        assert "-line 3\n+line 4\n" in answer.out
        assert (first.status, first.out) == (0, "")
        assert both.status == 2


async def test_rollback_is_a_new_release_with_the_old_content() -> None:
    async with running_server() as server:
        await three_releases(server)

        answer = await muster(server, "config", "rollback", "app", "1", "--comment", "3 is broken")
        stale = await muster(server, "config", "rollback", "app", "2", "--if-revision", "1")
        strange = await muster(server, "config", "rollback", "app", "99")

        assert answer.out.startswith("app is at release 4, a copy of 1, revision ")
        assert (await muster(server, "config", "get", "app")).out == "same\nline 1\n"
        assert (stale.status, strange.status) == (4, 3)


async def test_rollback_brings_a_deleted_item_back_and_refuses_the_deletion_itself() -> None:
    async with running_server() as server:
        await three_releases(server)
        await muster(server, "config", "delete", "app")

        empty = await muster(server, "config", "rollback", "app", "4")
        back = await muster(server, "config", "rollback", "app", "3")

        assert (empty.status, back.status) == (4, 0)
        assert "(RELEASE_EMPTY)" in empty.errors


def test_unified_diff_of_equal_texts_is_empty() -> None:
    assert unified("a\n", "a\n", "x", "y") == ""
    assert unified("a\n", "b\n", "x", "y") == "--- x\n+++ y\n@@ -1 +1 @@\n-a\n+b\n"
