"""`muster config edit`: an editor, a compare-and-set, and nobody's text lost."""

import asyncio
import re
import stat
from pathlib import Path

import pytest
from running import running_server

from cli.running_cli import command_line, muster, published, terminal


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where texts are kept: a directory of the test's own."""
    kept = tmp_path / "kept"
    kept.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(kept))
    return kept


def editor(tmp_path: Path, script: str) -> str:
    """An editor that is a shell script; its first argument is the file."""
    path = tmp_path / "editor"
    path.write_text(f"#!/bin/sh\nset -e\n{script}\n")
    path.chmod(0o700)
    return str(path)


def files(directory: Path) -> list[Path]:
    """All but what the server's agent has of its own."""
    return sorted(path for path in directory.iterdir() if not path.name.startswith("muster-agent-"))


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def kept_text(screen: str) -> str:
    """What is in the file that the screen names."""
    found = re.search(r"your text is kept in (\S+)", screen)
    assert found is not None
    return Path(found.group(1)).read_text()


async def test_edit_publishes_what_the_editor_wrote_with_type_and_labels_as_they_were(tmp_path: Path, scratch: Path) -> None:
    async with running_server() as server:
        await published(server, "app", "a: 1\n", "--type", "yaml", "-l", "team=web")
        script = editor(tmp_path, f'echo "$1" > {tmp_path}/name; stat -c %a "$1" > {tmp_path}/mode; sed -i s/1/2/ "$1"')

        answer = await muster(server, "config", "edit", "app", "--comment", "two", EDITOR=script, VISUAL="")

        found = (await muster(server, "config", "get", "app", "-o", "json")).document
        assert answer.out.startswith("published app, release 2 at revision ")
        assert (found["content"], found["content_type"], found["labels"]) == ("a: 2\n", "yaml", {"team": "web"})
        assert (found["author"], found["comment"]) == ("tester", "two")
        assert (tmp_path / "mode").read_text() == "600\n"
        assert (tmp_path / "name").read_text().endswith(".yaml\n")
        assert files(scratch) == []


@pytest.mark.parametrize("script", ["true", 'echo >> "$1"'], ids=["untouched", "last-line-ended"])
async def test_edit_without_a_change_publishes_nothing(tmp_path: Path, script: str) -> None:
    async with running_server() as server:
        await published(server, "app", "no newline at the end")

        answer = await muster(server, "config", "edit", "app", VISUAL=editor(tmp_path, script))

        assert (answer.status, answer.out) == (0, "no change, nothing published\n")


@pytest.mark.parametrize(
    ("command", "says"),
    [("false", "the editor false ended with status 1"), ("no-such-editor", "cannot edit with no-such-editor")],
)
async def test_edit_with_an_editor_that_fails_publishes_nothing(scratch: Path, command: str, says: str) -> None:
    async with running_server() as server:
        await published(server, "app", "one")

        answer = await muster(server, "config", "edit", "app", VISUAL=command)

        assert answer.status == 2
        assert says in answer.errors
        assert files(scratch) == []


async def test_edit_of_an_item_that_is_not_there_opens_no_editor(tmp_path: Path) -> None:
    async with running_server() as server:
        answer = await muster(server, "config", "edit", "app", VISUAL=editor(tmp_path, f"touch {tmp_path}/opened"))

        assert answer.status == 3
        assert "opened" not in [path.name for path in files(tmp_path)]


async def test_edit_that_the_server_refuses_keeps_the_text(tmp_path: Path, scratch: Path) -> None:
    async with running_server() as server:
        await published(server, "app.json", "{}")

        answer = await muster(server, "config", "edit", "app.json", VISUAL=editor(tmp_path, 'echo "{" > "$1"'))

        (kept,) = files(scratch)
        assert answer.status == 5
        assert f"your text is kept in {kept}" in answer.errors
        assert "(INVALID_CONTENT)" in answer.errors
        assert kept.read_text() == "{\n"
        assert mode(kept) == 0o600


def rival(tmp_path: Path, name: str, content: str) -> str:
    """Shell text that publishes something else, the first time it runs."""
    publish = " ".join([*command_line("config", "publish", name, "-f", "-")])
    return f'if mkdir {tmp_path}/once 2>/dev/null; then printf "{content}" | {publish} >/dev/null; fi'


async def test_edit_that_somebody_overtook_ends_with_4_and_keeps_the_text(tmp_path: Path, scratch: Path) -> None:
    async with running_server() as server:
        await published(server, "app", "one\n")
        script = editor(tmp_path, f'{rival(tmp_path, "app", "theirs")}; echo mine > "$1"')

        answer = await muster(server, "config", "edit", "app", VISUAL=script)

        (kept,) = files(scratch)
        assert answer.status == 4
        assert "(REVISION_MISMATCH)" in answer.errors
        assert kept.read_text() == "mine\n"
        assert (await muster(server, "config", "get", "app")).out == "theirs"


async def test_edit_on_a_terminal_goes_on_on_top_of_what_somebody_else_published(tmp_path: Path) -> None:
    async with running_server() as server:
        await published(server, "app", "one\n")
        script = editor(tmp_path, f'{rival(tmp_path, "app", "theirs")}; cp "$1" {tmp_path}/given; echo mine >> "$1"')
        with terminal(server.grpc_target, "config", "edit", "app", VISUAL=script, TMPDIR=str(tmp_path)) as screen:
            await asyncio.to_thread(screen.wait_for, "edit again on top of what is there now? [Y/n]")
            before = screen.seen

            screen.type("y\n")
            status = await asyncio.to_thread(screen.end)

        assert status == 0
        assert "(REVISION_MISMATCH)" in before
        assert kept_text(before) == "one\nmine\n"
        assert (tmp_path / "given").read_text() == "theirs"
        assert "published app, release 3" in screen.screen
        assert (await muster(server, "config", "get", "app")).out == "theirsmine\n"


async def test_edit_on_a_terminal_of_invalid_text_opens_the_same_text_again(tmp_path: Path) -> None:
    async with running_server() as server:
        await published(server, "app.json", "{}\n")
        script = editor(
            tmp_path, f'cat "$1" >> {tmp_path}/given; if mkdir {tmp_path}/once; then echo "{{" > "$1"; else echo "[]" > "$1"; fi'
        )
        with terminal(server.grpc_target, "config", "edit", "app.json", VISUAL=script, TMPDIR=str(tmp_path)) as screen:
            await asyncio.to_thread(screen.wait_for, "edit it again? [Y/n]")
            screen.type("\n")
            await asyncio.to_thread(screen.wait_for, "published app.json, release 2")
            status = await asyncio.to_thread(screen.end)

        assert status == 0
        assert (tmp_path / "given").read_text() == "{}\n{\n"


async def test_edit_that_is_not_gone_on_with_keeps_the_text(tmp_path: Path) -> None:
    async with running_server() as server:
        await published(server, "app.json", "{}\n")
        script = editor(tmp_path, 'echo "{" > "$1"')
        with terminal(server.grpc_target, "config", "edit", "app.json", VISUAL=script, TMPDIR=str(tmp_path)) as screen:
            await asyncio.to_thread(screen.wait_for, "edit it again? [Y/n]")
            screen.type("n\n")
            status = await asyncio.to_thread(screen.end)

        assert status == 5
        assert kept_text(screen.seen) == "{\n"


async def test_ctrl_c_in_the_editor_is_the_editors_own(tmp_path: Path) -> None:
    async with running_server() as server:
        await published(server, "app", "one\n")
        script = editor(tmp_path, 'trap "echo interrupted > \\"$1\\"; exit 0" INT; echo ready; while :; do sleep 0.01; done')
        with terminal(server.grpc_target, "config", "edit", "app", VISUAL=script) as screen:
            await asyncio.to_thread(screen.wait_for, "ready")
            screen.type("\x03")
            await asyncio.to_thread(screen.wait_for, "published app, release 2")
            status = await asyncio.to_thread(screen.end)

        assert status == 0
        assert (await muster(server, "config", "get", "app")).out == "interrupted\n"


async def test_ctrl_c_at_a_question_ends_at_once_and_keeps_the_text(tmp_path: Path) -> None:
    async with running_server() as server:
        await published(server, "app.json", "{}\n")
        script = editor(tmp_path, 'echo "{" > "$1"')
        with terminal(server.grpc_target, "config", "edit", "app.json", VISUAL=script, TMPDIR=str(tmp_path)) as screen:
            await asyncio.to_thread(screen.wait_for, "edit it again? [Y/n]")
            screen.type("\x03")
            status = await asyncio.to_thread(screen.end)

        assert status != 0
        assert "Traceback" not in screen.screen
        assert kept_text(screen.seen) == "{\n"
