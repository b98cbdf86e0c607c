"""What replicas write: one file each, and one before it. Whole lines are read, from the end or as they come."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

MAX_FILE_BYTES = 10 << 20
CHUNK_BYTES = 64 << 10
POLL_S = 0.2


def rotate(path: Path) -> None:
    """Keep a file that has become large as `<name>.1`, and begin anew. Processes that append to it go on doing so.

    What they write in the moment between copy and cut is lost. Blocks.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            shutil.copyfile(path, path.with_name(path.name + ".1"))
            os.truncate(path, 0)
    except FileNotFoundError:
        return


def tail(path: Path, lines: int) -> list[bytes]:
    """The last lines in chunks of at most 64 KiB; of the file before too if this one has not as many. Blocks."""
    parts: list[bytes] = []
    for file in (path, path.with_name(path.name + ".1")):
        missing = lines - sum(part.count(b"\n") for part in parts)
        if missing > 0 and file.exists():
            parts.insert(0, _tail(file, missing))
    text = b"".join(parts)
    return [text[start : start + CHUNK_BYTES] for start in range(0, len(text), CHUNK_BYTES)]


def last_lines(path: Path, count: int, begin: int) -> str:
    """The last lines as text, at most 2 KiB, of what stands after the first `begin` bytes, or of all if it was rotated since."""
    written = size(path)
    new_bytes = min(2048, written - begin if begin <= written else written)
    return _tail(path, count)[-new_bytes:].decode(errors="replace").rstrip("\n") if new_bytes else ""


async def follow(path: Path) -> AsyncIterator[bytes]:
    """What is written from now on, whole lines in chunks of at most 64 KiB, until the caller has enough."""
    position = size(path)
    while True:
        await asyncio.sleep(POLL_S)
        if size(path) < position:  # rotated
            position = 0
        while data := _lines_from(path, position):
            position += len(data)
            yield data


def size(path: Path) -> int:
    """In bytes; 0 if there is none."""
    return path.stat().st_size if path.exists() else 0


def _lines_from(path: Path, position: int) -> bytes:
    if not path.exists():
        return b""
    with path.open("rb") as file:
        file.seek(position)
        data = file.read(CHUNK_BYTES)
    end = data.rfind(b"\n") + 1
    return data[:end] if end or len(data) < CHUNK_BYTES else data


def _tail(path: Path, lines: int) -> bytes:
    with path.open("rb") as file:
        position = file.seek(0, os.SEEK_END)
        data = b""
        while position > 0 and data.count(b"\n") <= lines and len(data) < MAX_FILE_BYTES:
            step = min(CHUNK_BYTES, position)
            position -= step
            file.seek(position)
            data = file.read(step) + data
    kept = data.splitlines(keepends=True)[-lines:] if lines else []
    return b"".join(kept)
