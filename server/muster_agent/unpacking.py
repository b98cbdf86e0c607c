"""Unpacking what strangers packed: nothing leaves the directory, nothing grows without bound."""

import bz2
import gzip
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO, Any

MAX_ENTRIES = 100_000
MAX_BYTES = 4 << 30
MAX_RATIO = 200
FREE_BYTES = 64 << 20
"""What may come out of any archive, however small: above it the ratio counts."""

_CHUNK = 1 << 20
_OPENERS: tuple[tuple[bytes, Callable[[IO[bytes]], Any]], ...] = (
    (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
)
_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    RuntimeError,  # a zip with a password; or a method that nobody knows
    UnicodeError,
    ValueError,
)


class PackageError(Exception):
    """A package that cannot be had or unpacked. The message is one line for people."""


def is_whole(name: str) -> bool:
    """True for an archive that is run as it is: Java's."""
    return name.endswith((".jar", ".war"))


def unpack(archive: Path, directory: Path, name: str) -> bool:
    """Unpack a zip or tar archive (plain, gzip, bzip2, xz) into a new directory; another file is put there under its name.

    Answers whether it was unpacked. Raises PackageError; then the directory is gone. Blocks.
    """
    directory.mkdir(parents=True)
    try:
        return _unpack(archive, directory, name)
    except (OSError, *_BROKEN) as error:
        shutil.rmtree(directory, ignore_errors=True)
        raise PackageError(f"{name} cannot be unpacked: {_reason(error)}") from error
    except PackageError:
        shutil.rmtree(directory, ignore_errors=True)
        raise


def _unpack(archive: Path, directory: Path, name: str) -> bool:
    budget = _Budget(archive.stat().st_size)
    if zipfile.is_zipfile(archive) and not is_whole(name):
        _unpack_zip(archive, directory, budget)
        return True
    with archive.open("rb") as file:
        head = file.read(6)
        file.seek(0)
        opened = next((opener(file) for magic, opener in _OPENERS if head.startswith(magic)), file)
        if opened is file and not tarfile.is_tarfile(archive):
            shutil.copyfile(archive, directory / _plain_name(name))
            return False
        _unpack_tar(_Counted(opened, budget), directory, budget)
    return True


class _Budget:
    """How much may still come out."""

    def __init__(self, packed_bytes: int) -> None:
        self._bytes = min(MAX_BYTES, max(FREE_BYTES, packed_bytes * MAX_RATIO))
        self._entries = MAX_ENTRIES

    def take_entry(self) -> None:
        self._entries -= 1
        if self._entries < 0:
            raise PackageError(f"the package holds more than {MAX_ENTRIES} entries")

    def take(self, count: int) -> None:
        self._bytes -= count
        if self._bytes < 0:
            raise PackageError(f"the package grows beyond {MAX_BYTES >> 30} GiB, or {MAX_RATIO} times its size")


class _Counted:
    """A stream that is read within a budget."""

    def __init__(self, file: Any, budget: _Budget) -> None:
        self._file, self._budget = file, budget

    def read(self, size: int) -> bytes:
        data: bytes = self._file.read(size)
        self._budget.take(len(data))
        return data


def _unpack_zip(archive: Path, directory: Path, budget: _Budget) -> None:
    with zipfile.ZipFile(archive) as packed:
        for entry in packed.infolist():
            budget.take_entry()
            path, mode = _inside(directory, entry.filename), entry.external_attr >> 16
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise PackageError(f"{entry.filename[:200]!r} is neither a file nor a directory")
            if entry.is_dir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with packed.open(entry) as source, path.open("xb") as target:
                while data := source.read(_CHUNK):
                    budget.take(len(data))
                    target.write(data)
            path.chmod(0o755 if mode & 0o100 else 0o644)


def _unpack_tar(source: _Counted, directory: Path, budget: _Budget) -> None:
    if not hasattr(tarfile, "data_filter"):
        raise PackageError("this Python is too old to unpack tar archives safely: 3.11.4 can")
    with tarfile.open(fileobj=source, mode="r|") as packed:  # type: ignore[call-overload]  # it needs `read` only
        for member in packed:
            budget.take_entry()
            if member.size > MAX_BYTES:  # a sparse one says more than the stream holds
                raise PackageError(f"{member.name[:200]!r} is larger than {MAX_BYTES >> 30} GiB")
            if member.issparse():
                budget.take(member.size)
            _inside(directory, member.name)
            packed.extract(member, directory, filter="data")
    while source.read(_CHUNK):  # to its end, where its checksum is
        pass


def _inside(directory: Path, name: str) -> Path:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or "\0" in name:
        raise PackageError(f"{name[:200]!r} would leave the package")
    return directory / parts


def _plain_name(name: str) -> str:
    return PurePosixPath(name).name or "package"


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
