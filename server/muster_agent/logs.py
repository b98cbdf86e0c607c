"""What replicas write: a file for each index and version, and one before it. It is read from the end, or as lines come."""

import asyncio
import os
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

MAX_FILE_BYTES = 10 << 20
CHUNK_BYTES = 64 << 10
POLL_S = 0.2
MAX_KEPT = 2
"""Files of an index, unless replicas that run write to more: what an upgrade replaces, and what it starts."""


@dataclass(frozen=True, slots=True)
class Log:
    """The output of the replicas of an index that ran one spec; `generation` is that in which it was set up."""

    index: int
    generation: int
    version: str

    def within(self, directory: Path) -> Path:
        """The file, named for instance `0-3-1.2.0.log`."""
        return directory / f"{self.index}-{self.generation}-{self.version}.log"


def rotate(path: Path) -> None:
    """Keep the end of a file that has become large as `<name>.1`, and begin anew. Processes that append to it go on doing so.

    What they write in the moment between copy and cut is lost, so is what a fast one wrote before that end. If there is no room for
    a copy there is none. Blocks.
    """
    length = size(path)
    if length <= MAX_FILE_BYTES:
        return
    before = _before(path)
    try:
        before.write_bytes(_end_of(path, length))
    except OSError:
        before.unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        os.truncate(path, 0)


def _end_of(path: Path, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(length - MAX_FILE_BYTES)
        return file.read(MAX_FILE_BYTES)


def ends(directory: Path, index: int | None) -> dict[Log, int]:
    """How much was written so far, of one index, or of all that are kept: by index, what was written to last last."""
    found = []
    for path in directory.glob("*-*-*.log"):
        number, generation, version = path.stem.split("-", 2)
        with suppress(FileNotFoundError):
            status = path.stat()
            found.append((status.st_mtime_ns, Log(int(number), int(generation), version), status.st_size))
    return {one: end for _, one, end in sorted(found, key=lambda file: (file[1].index, file[0])) if index in (None, one.index)}


def make_room(directory: Path, index: int, used: Collection[Path]) -> None:
    """Remove what was written longest ago of an index, until there are two with those that its replicas write to, which stay."""
    unused = [path for one in ends(directory, index) if (path := one.within(directory)) not in used]
    kept = max(0, MAX_KEPT - len(used))
    for path in unused[: -kept or None]:
        for file in (path, _before(path)):
            file.unlink(missing_ok=True)


def tails(directory: Path, lines: int, known: Mapping[Log, int]) -> Iterator[tuple[Log, bytes]]:
    """The last lines of each index before the ends that are known, of the versions before if there are not as many. Blocks."""
    for _, files in groupby(known, attrgetter("index")):
        missing, found = lines, list[tuple[Log, bytes]]()
        for one in reversed(list(files)):
            chunks = tail(one.within(directory), missing, known[one])
            missing -= sum(chunk.count(b"\n") for chunk in chunks)
            found[:0] = [(one, chunk) for chunk in chunks]
        yield from found


def tail(path: Path, lines: int, end: int) -> list[bytes]:
    """The last lines before `end` in chunks of at most 64 KiB; of the file before too if this one has not as many. Blocks."""
    parts: list[bytes] = []
    before = _before(path)
    for file, file_end in ((path, end), (before, size(before))):
        missing = lines - sum(part.count(b"\n") for part in parts)
        if missing > 0 and file_end:
            parts.insert(0, _tail(file, missing, file_end))
    text = b"".join(parts)
    return [text[start : start + CHUNK_BYTES] for start in range(0, len(text), CHUNK_BYTES)]


def last_lines(path: Path, count: int, begin: int) -> str:
    """The last lines as text, at most 2 KiB, of what stands after the first `begin` bytes, or of all if it was rotated since."""
    written = size(path)
    new_bytes = min(2048, written - begin if begin <= written else written)
    return _tail(path, count, written)[-new_bytes:].decode(errors="replace").rstrip("\n") if new_bytes else ""


async def follow(directory: Path, index: int | None, begins: Mapping[Log, int]) -> AsyncIterator[tuple[Log, bytes]]:
    """What is written after what `ends` answered, until the caller has enough: whole lines in chunks of at most 64 KiB.

    Replicas that are started meanwhile are followed too.
    """
    positions = dict(begins)
    while True:
        await asyncio.sleep(POLL_S)
        for one, end in ends(directory, index).items():
            position = positions.get(one, 0)
            if end < position:  # rotated
                position = 0
            while data := _lines_from(one.within(directory), position):
                position += len(data)
                yield one, data
            positions[one] = position


def size(path: Path) -> int:
    """In bytes; 0 if there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _before(path: Path) -> Path:
    return path.with_name(path.name + ".1")


def _lines_from(path: Path, position: int) -> bytes:
    if not path.exists():
        return b""
    with path.open("rb") as file:
        file.seek(position)
        data = file.read(CHUNK_BYTES)
    end = data.rfind(b"\n") + 1
    return data[:end] if end or len(data) < CHUNK_BYTES else data


def _tail(path: Path, lines: int, end: int) -> bytes:
    with path.open("rb") as file:
        position, data = end, b""
        while position > 0 and data.count(b"\n") <= lines and len(data) < MAX_FILE_BYTES:
            step = min(CHUNK_BYTES, position)
            position -= step
            file.seek(position)
            data = file.read(step) + data
    kept = data.splitlines(keepends=True)[-lines:] if lines else []
    return b"".join(kept)
