"""`muster config publish`: from a file or stdin, under a condition."""

import hashlib
from pathlib import Path

import pytest
from muster_client.cli.config_conditions import SUFFIXES, TYPES, condition, guess_type
from muster_client.cli.exits import CommandError
from running import Server, running_server

from cli.running_cli import muster, published


async def described(server: Server, name: str) -> dict[str, object]:
    answer = await muster(server, "config", "get", name, "-o", "json")
    found: dict[str, object] = answer.document
    return found


@pytest.mark.parametrize(
    ("file", "name", "options", "content_type"),
    [
        ("app.yml", "app", [], "yaml"),
        ("app.yml", "app", ["--type", "text"], "text"),
        ("app", "app.properties", [], "properties"),
        ("app", "app", [], "text"),
        ("APP.JSON", "app", [], "json"),
    ],
)
async def test_publish_takes_the_type_of_the_extension(
    tmp_path: Path, file: str, name: str, options: list[str], content_type: str
) -> None:
    (tmp_path / file).write_text("{}\n")
    async with running_server() as server:
        answer = await muster(server, "config", "publish", name, "-f", str(tmp_path / file), *options)

        assert answer.out.startswith(f"published {name}, release 1 at revision ")
        assert (await described(server, name))["content_type"] == content_type


async def test_publish_of_the_same_content_changes_nothing() -> None:
    async with running_server() as server:
        await published(server, "app", "one")

        answer = await muster(server, "config", "publish", "app", "-f", "-", text="one")

        assert answer.out.startswith("unchanged: app, release 1 at revision ")


async def test_publish_keeps_the_labels_unless_told_otherwise() -> None:
    async with running_server() as server:
        await published(server, "app", "one", "-l", "team=web", "-l", "tier=1")
        labels = []
        for options in ([], ["-l", "team=api"], ["--no-labels"]):
            await published(server, "app", f"content {options}", *options)
            labels.append((await described(server, "app"))["labels"])

        assert labels == [{"team": "web", "tier": "1"}, {"team": "api"}, {}]


async def test_publish_under_a_condition_that_does_not_hold_ends_with_4() -> None:
    async with running_server() as server:
        revision = await published(server, "app", "one")
        md5 = hashlib.md5(b"one", usedforsecurity=False).hexdigest().upper()

        async def publish(content: str, *options: str) -> int:
            return (await muster(server, "config", "publish", "app", "-f", "-", *options, text=content)).status

        assert await publish("two", "--create-only") == 4
        assert await publish("two", "--if-revision", str(revision - 1)) == 4
        assert await publish("two", "--if-md5", "0" * 32) == 4
        assert await publish("two", "--if-md5", md5) == 0
        assert await publish("three", "--if-md5", md5) == 4


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        (["-f", "-", "--type", "json"], 5, "(INVALID_CONTENT)"),
        (["-f", "no/such/file"], 2, "cannot read no/such/file: No such file or directory"),
        (["-f", "-", "--create-only", "--if-md5", "x"], 2, "give one of"),
        ([], 2, "--file"),
    ],
    ids=["content", "file", "conditions", "no-file"],
)
async def test_publish_that_cannot_be_says_why(options: list[str], status: int, says: str) -> None:
    async with running_server() as server:
        answer = await muster(server, "config", "publish", "app", *options, text="{")

        assert answer.status == status
        assert says in answer.errors


async def test_publish_takes_invalid_content_when_told_to() -> None:
    async with running_server() as server:
        await published(server, "app.json", "{", "--allow-invalid")

        assert (await described(server, "app.json"))["content"] == "{"


async def test_publish_of_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"ab\xff")
    async with running_server() as server:
        answer = await muster(server, "config", "publish", "app", "-f", str(tmp_path / "binary"))

        assert answer.status == 2
        assert "is not UTF-8: byte 2 is wrong" in answer.errors


def test_no_condition_means_anything() -> None:
    assert condition() is None
    zero = condition(revision=0)
    assert zero is not None
    assert zero.WhichOneof("kind") == "revision"


def test_two_conditions_are_refused() -> None:
    with pytest.raises(CommandError, match="give one of"):
        condition(create_only=True, revision=3)


def test_each_type_has_an_extension_that_means_it() -> None:
    assert {guess_type(f"file{suffix}") for suffix in SUFFIXES.values()} == set(TYPES.values())
