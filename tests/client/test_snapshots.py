"""Last known contents on disk: whole or not at all, private, and never of another item."""

import hashlib
import logging
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from muster_client import Config, ConfigRef, Release
from muster_client._names import ConfigName
from muster_client._snapshots import Snapshots, file_name

NAME = ConfigName("default", "DEFAULT_GROUP", "app.yaml")


def config(content: str, name: ConfigName = NAME, number: int = 1) -> Config:
    release = Release(number=number, revision=number, content=content, md5=hashlib.md5(content.encode()).hexdigest())
    return Config(name.ref(), release, as_of=number)


def files(directory: Path) -> list[Path]:
    return sorted(directory.iterdir())


async def test_snapshot_comes_back_as_it_was_and_stale(tmp_path: Path) -> None:
    writer, reader = Snapshots(tmp_path / "new" / "dir"), Snapshots(tmp_path / "new" / "dir")
    writer.keep(config("size: ä\r\n\x00", number=7))
    await writer.aclose()

    found = await reader.load(NAME)

    assert found is not None
    assert (found.content, found.number, found.is_stale) == ("size: ä\r\n\x00", 7, True)
    assert found.ref == ConfigRef(namespace="default", group="DEFAULT_GROUP", name="app.yaml")
    await reader.aclose()


async def test_snapshot_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "snapshots"
    snapshots = Snapshots(directory)

    snapshots.keep(config("secret"))
    await snapshots.aclose()

    assert directory.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in files(directory)] == [0o600]


async def test_latest_state_is_what_stays(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)

    for number in range(1, 200):
        snapshots.keep(config(f"content {number}", number=number))
    found = await snapshots.load(NAME)

    assert found is not None
    assert found.content == "content 199"
    await snapshots.aclose()
    assert len(files(tmp_path)) == 1


async def test_forgotten_item_has_no_snapshot_until_it_is_back(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.keep(config("one"))

    snapshots.forget(NAME)
    gone = await snapshots.load(NAME)
    snapshots.keep(config("one"))
    back = await snapshots.load(NAME)

    assert gone is None
    assert back is not None
    await snapshots.aclose()


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b"{}", b"[1]", None])
async def test_damaged_snapshot_is_none(tmp_path: Path, damage: bytes | None, caplog: pytest.LogCaptureFixture) -> None:
    snapshots = Snapshots(tmp_path)
    snapshots.keep(config("the secret content"))
    await snapshots.load(NAME)
    (file,) = files(tmp_path)
    file.write_bytes(file.read_bytes().replace(b"secret", b"public") if damage is None else damage)

    with caplog.at_level(logging.WARNING):
        found = await snapshots.load(NAME)

    assert found is None
    assert "app.yaml" in caplog.text
    assert "content" not in caplog.text
    await snapshots.aclose()


async def test_snapshot_under_the_name_of_another_item_is_none(tmp_path: Path) -> None:
    snapshots, other = Snapshots(tmp_path), NAME._replace(name="other")
    snapshots.keep(config("one"))
    snapshots.keep(config("two", other))
    await snapshots.load(NAME)
    first, second = files(tmp_path)
    first.rename(second)

    found = [await snapshots.load(name) for name in (NAME, other)]

    assert found == [None, None]
    await snapshots.aclose()


async def test_disk_that_refuses_is_told_in_the_log_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    snapshots = Snapshots(tmp_path / "file")

    snapshots.keep(config("one"))
    found = await snapshots.load(NAME)

    assert found is None
    assert "cannot be written" in caplog.text
    await snapshots.aclose()


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4, unique=True))
def test_file_name_of_any_name_is_short_plain_and_its_own(texts: list[str]) -> None:
    names = {NAME._replace(name=text) for text in [*texts, "../../etc/passwd", "a" * 5000]} | {ConfigName("a", "bc", "d")}

    found = {file_name(name) for name in [*names, ConfigName("ab", "c", "d")]}

    assert len(found) == len(names) + 1
    assert all(re.fullmatch("[0-9a-f]{64}.json", name) for name in found)
