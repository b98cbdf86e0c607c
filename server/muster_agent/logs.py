"""What replicas write: a file for each index of a deployment, and one before it. It is read from the end, or as lines come."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path

MAX_FILE_BYTES = 10 << 20
CHUNK_BYTES = 64 << 10
POLL_S = 0.2


def rotate(path: Path) -> None:
    """Keep the end of a file that has become large as `<name>.1`, and begin anew. Processes that append to it go on doing so.

    What they write in the moment between copy and cut is lost, so is what a fast one wrote before that end. If there is no room for
    a copy there is none. Blocks.
    """
    length = size(path)
    if length <= MAX_FILE_BYTES:
        return
    before = path.with_name(path.name + ".1")
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


def path_of(directory: Path, index: int) -> Path:
    """Where the replicas of an index write."""
    return directory / f"{index}.log"


def ends(directory: Path, index: int | None) -> dict[int, int]:
    """How much was written so far, by index: of one index, or of all that ever ran."""
    there = sorted(int(path.stem) for path in directory.glob("*.log") if path.stem.isdecimal())
    return {one: size(path_of(directory, one)) for one in there if index in (None, one)}


def tail(path: Path, lines: int, end: int) -> list[bytes]:
    """The last lines before `end` in chunks of at most 64 KiB; of the file before too if this one has not as many. Blocks."""
    parts: list[bytes] = []
    before = path.with_name(path.name + ".1")
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


async def follow(directory: Path, index: int | None, begins: Mapping[int, int]) -> AsyncIterator[tuple[int, bytes]]:
    """What is written after what `ends` answered, by index, until the caller has enough: whole lines in chunks of at most 64 KiB.

    Replicas that are started meanwhile are followed too.
    """
    positions = dict(begins)
    while True:
        await asyncio.sleep(POLL_S)
        for one, end in ends(directory, index).items():
            position = positions.get(one, 0)
            if end < position:  # rotated
                position = 0
            while data := _lines_from(path_of(directory, one), position):
                position += len(data)
                yield one, data
            positions[one] = position


def size(path: Path) -> int:
    """In bytes; 0 if there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


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
