"""`muster backup` and `muster restore`."""

import asyncio
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from delivery_world import populated
from running import Server, running_server

from cli.running_cli import Answer, muster, program, published, terminal


async def filled(server: Server) -> None:
    await published(server, "prod/app.yaml", "a: 1\n")
    await published(server, "level", "debug")
    assert (await muster(server, "register", "prod/db", "10.0.0.1:5432", "--persistent")).status == 0


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def test_backup_of_one_server_is_restored_into_another(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    async with running_server() as server:
        await filled(server)
        backup = await muster(server, "backup", str(archive))
    async with running_server() as server:
        dry = await muster(server, "restore", str(archive), "--dry-run", "-o", "json")
        before = await muster(server, "config", "get", "level")

        with program(
            server.grpc_target, "restore", str(archive)
        ) as process:  # apart: in this process the server logs to stdout too
            out, _ = await asyncio.to_thread(process.communicate)

        assert backup.out.startswith(f"wrote {archive}: ")
        assert (names(tmp_path), mode(archive)) == (["archive"], 0o600)
        assert {change["action"] for change in dry.document["changes"]} == {"ADD"}
        assert before.status == 3
        assert {row["KIND"] for row in Answer(0, out, "").rows()[:-1]} >= {"config", "instance"}
        assert (await muster(server, "config", "get", "prod/app.yaml")).out == "a: 1\n"
        assert len((await muster(server, "instances", "prod/db")).rows()) == 1


async def test_backup_of_a_namespace_is_restored_under_another_name(tmp_path: Path) -> None:
    archive = str(tmp_path / "archive")
    async with running_server() as server:
        await filled(server)
        await muster(server, "backup", archive, "-n", "prod")

        answer = await muster(server, "restore", archive, "--into", "staging")

        assert answer.status == 0
        assert (await muster(server, "config", "get", "staging/app.yaml")).out == "a: 1\n"


async def test_dry_run_shows_what_would_be_delivered_and_names_what_stands_in_its_way(tmp_path: Path) -> None:
    archive = str(tmp_path / "archive")
    async with populated() as made:
        await made.create()
        await muster(made.server, "backup", archive)
    async with running_server(agent=False) as server:
        dry = await muster(server, "restore", archive, "--dry-run")
        await muster(server, "env", "create", "prod")
        refused = await muster(server, "restore", archive, "--dry-run")

        assert [(row["ACTION"], row["KIND"], row["NAME"]) for row in dry.rows()[:-1]] == [
            ("add", "application", "default/shop"),
            ("add", "component", "default/shop/web"),
            ("add", "deployment", "default/prod/web-1"),
            ("add", "environment", "default/prod"),
        ]
        assert refused.status == 4
        assert "the environment 'prod' is here already, with another id than in the archive" in refused.errors


async def test_restore_of_what_is_true_already_changes_nothing(tmp_path: Path) -> None:
    archive = str(tmp_path / "archive")
    async with running_server() as server:
        await filled(server)
        await muster(server, "backup", archive)

        answer = await muster(server, "restore", archive, "--dry-run")

        assert answer.out.startswith("0 changes, ")
        assert answer.out.endswith("; nothing was done\n")


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-20], lambda _: b"", lambda _: b"no archive\n"], ids=["cut", "empty", "strange"]
)
async def test_restore_of_a_damaged_archive_ends_with_5(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    archive = tmp_path / "archive"
    async with running_server() as server:
        await filled(server)
        await muster(server, "backup", str(archive))
        _damage(archive, damage)

        answer = await muster(server, "restore", str(archive))

        assert answer.status == 5
        assert "(ARCHIVE_INVALID)" in answer.errors


def _damage(archive: Path, damage: Callable[[bytes], bytes]) -> None:
    archive.write_bytes(damage(archive.read_bytes()))


async def test_backup_that_fails_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("an older one")

    for file in ("old", "new"):
        answer = await muster("127.0.0.1:1", "backup", str(tmp_path / file))

        assert answer.status == 6
    assert names(tmp_path) == ["old"]
    assert (tmp_path / "old").read_text() == "an older one"


async def test_file_that_cannot_be_used_ends_with_2(tmp_path: Path) -> None:
    async with running_server() as server:
        backup = await muster(server, "backup", str(tmp_path / "no" / "such" / "directory"))
        restore = await muster(server, "restore", str(tmp_path / "nothing"))

        assert (backup.status, restore.status) == (2, 2)
        assert "cannot write" in backup.errors
        assert "cannot read" in restore.errors


async def test_backup_and_restore_on_a_terminal_show_how_far_they_are(tmp_path: Path) -> None:
    async with running_server() as server:
        await published(server, "app", "x" * (3 << 20))
        for command in ("backup", "restore"):
            with terminal(server.grpc_target, command, str(tmp_path / "archive")) as screen:
                status = await asyncio.to_thread(screen.end)

            assert status == 0
            assert f"{command} ━" in screen.screen
            assert "MiB" in screen.screen
