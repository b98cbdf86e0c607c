"""What strangers pack: it stays inside, and it stays small."""

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from muster_agent import unpacking
from muster_agent.unpacking import PackageError, unpack


def zipped(path: Path, *entries: tuple[str, bytes], mode: int = 0o644, kind: int = stat.S_IFREG) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = (kind | mode) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return path


def tarred(path: Path, *members: tarfile.TarInfo | tuple[str, bytes], pack: Callable[[bytes], bytes] = bytes) -> Path:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
    path.write_bytes(pack(buffer.getvalue()))
    return path


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress], ids=["plain", "gzip", "bzip2", "xz"])
def test_tar_archives_of_every_kind(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    unpack(tarred(tmp_path / "a", ("web/main.py", b"x"), ("README", b"y"), pack=pack), tmp_path / "out", "a.tar")
    assert (tmp_path / "out/web/main.py").read_bytes() == b"x"
    assert (tmp_path / "out/README").read_bytes() == b"y"


def test_zip_archives_keep_who_may_execute(tmp_path: Path) -> None:
    unpack(zipped(tmp_path / "a", ("bin/run", b"#!/bin/sh\n"), mode=0o755), tmp_path / "out", "a.zip")
    assert os.access(tmp_path / "out/bin/run", os.X_OK)


def test_a_jar_is_an_archive_that_is_run_as_it_is(tmp_path: Path) -> None:
    archive = zipped(tmp_path / "a", ("Main.class", b"x"))
    assert not unpack(archive, tmp_path / "out", "app.jar")
    assert (tmp_path / "out/app.jar").read_bytes() == archive.read_bytes()


def test_another_file_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("print(1)\n")
    assert not unpack(tmp_path / "main.py", tmp_path / "out", "main.py")
    assert (tmp_path / "out/main.py").read_text() == "print(1)\n"


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "..\\evil"])
def test_zip_that_leaves_its_directory_is_refused_whole(tmp_path: Path, name: str) -> None:
    with pytest.raises(PackageError, match="would leave the package"):
        unpack(zipped(tmp_path / "a", ("good", b"x"), (name, b"x")), tmp_path / "deep" / "out", "a.zip")
    assert not (tmp_path / "deep" / "out").exists()
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(
    "members",
    [
        [("../evil", b"x")],
        [("/tmp/evil", b"x")],
        [link("a", "/etc"), ("a/evil", b"x")],
        [link("a", "../.."), ("a/evil", b"x")],
        [link("evil", "/etc/passwd", tarfile.LNKTYPE)],
        [link("evil", "", tarfile.CHRTYPE)],
        [link("evil", "", tarfile.FIFOTYPE)],
    ],
    ids=["up", "absolute", "link away", "link up", "hard link away", "device", "pipe"],
)
def test_tar_that_leaves_its_directory_is_refused_whole(tmp_path: Path, members: list[tarfile.TarInfo | tuple[str, bytes]]) -> None:
    with pytest.raises(PackageError):
        unpack(tarred(tmp_path / "a", ("good", b"x"), *members), tmp_path / "deep" / "out", "a.tar")
    assert not (tmp_path / "deep" / "out").exists()
    assert not [path for path in tmp_path.rglob("evil") if path.is_file()]


def test_zip_with_a_link_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="neither a file nor a directory"):
        unpack(zipped(tmp_path / "a", ("evil", b"/etc"), kind=stat.S_IFLNK), tmp_path / "out", "a.zip")


def test_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a", ("main.py", b"x"))
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    path.write_bytes(data)

    with pytest.raises(PackageError, match="password required"):
        unpack(path, tmp_path / "out", "a.zip")

    assert not (tmp_path / "out").exists()


ZEROS = b"\0" * (8 << 20)


@pytest.mark.parametrize(
    "make",
    [
        lambda path: zipped(path, ("zeros", ZEROS)),
        lambda path: tarred(path, ("zeros", ZEROS), pack=gzip.compress),
        lambda path: tarred(path, ("zeros", ZEROS), pack=lambda data: lzma.compress(data, preset=0)),
    ],
    ids=["zip", "gzip", "xz"],
)
def test_bombs_are_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], Path]) -> None:
    monkeypatch.setattr(unpacking, "FREE_BYTES", 1 << 20)
    path = make(tmp_path / "a")
    assert path.stat().st_size * unpacking.MAX_RATIO < len(ZEROS)
    with pytest.raises(PackageError, match="grows beyond"):
        unpack(path, tmp_path / "out", "a")
    assert not (tmp_path / "out").exists()


def test_a_sparse_file_counts_as_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_BYTES", 1000)
    info = tarfile.TarInfo("huge")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 2000
    with pytest.raises(PackageError):
        unpack(tarred(tmp_path / "a", info), tmp_path / "out", "a.tar")


def test_too_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_ENTRIES", 10)
    entries = [(f"{number}", b"") for number in range(11)]
    with pytest.raises(PackageError, match="more than 10 entries"):
        unpack(zipped(tmp_path / "a", *entries), tmp_path / "out", "a.zip")
    with pytest.raises(PackageError, match="more than 10 entries"):
        unpack(tarred(tmp_path / "b", *entries), tmp_path / "out", "b.tar")


@pytest.mark.parametrize("make", [zipped, tarred])
def test_cut_off_archives_are_refused(tmp_path: Path, make: Callable[..., Path]) -> None:
    path = make(tmp_path / "a", ("one", os.urandom(10_000)), ("two", os.urandom(10_000)))
    whole = path.read_bytes()
    packed = gzip.compress(whole) if make is tarred else whole
    for share in (0.2, 0.5, 0.9):
        path.write_bytes(packed[: int(len(packed) * share)])
        try:
            unpack(path, tmp_path / "out", "a")
        except PackageError:
            assert not (tmp_path / "out").exists()
        else:
            assert [file.name for file in (tmp_path / "out").iterdir()] == ["a"]  # what is no archive any more is a file
            (tmp_path / "out/a").unlink()
            (tmp_path / "out").rmdir()
    with pytest.raises(PackageError):
        unpack(_spoilt(path, packed), tmp_path / "out", "a")


def _spoilt(path: Path, data: bytes) -> Path:
    middle = len(data) // 2
    path.write_bytes(data[:middle] + bytes(byte ^ 0xFF for byte in data[middle : middle + 64]) + data[middle + 64 :])
    return path
