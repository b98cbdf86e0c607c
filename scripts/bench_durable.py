"""Measures of durable writes: by the store, and by the whole engine, against one sqlite commit each."""

import asyncio
import functools
import sqlite3
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import cast

from bench_harness import Row
from muster_server.core.config_commands import Publish
from muster_server.core.config_model import Text, config_key
from muster_server.engine.clock import SystemClock
from muster_server.engine.engine import Engine
from muster_server.rpc.encoders import WireEncoder
from muster_server.storage.port import Bucket, Write
from muster_server.storage.sqlite import SqliteStore


async def durable(rounds: int) -> list[Row]:
    """64 writers: keys and values by the store alone, and publishes by the whole engine, against one sqlite commit each."""
    single: list[float] = []
    grouped: list[float] = []
    published: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as data:
            single.append(_one_commit_each(Path(data) / "single.db", 1000, bytes(1024)))
            grouped.append(await _group_commits(Path(data), 6400, bytes(1024)))
        with tempfile.TemporaryDirectory() as data:
            published.append(await _publishes(Path(data), 6400))
    bare, store, engine = map(statistics.median, (single, grouped, published))
    each = f"{bare:,.0f}/s one commit each"
    return [
        Row("writes of 1 KiB by the store, 64 writers", each, f"{store:,.0f}/s", store / bare),
        Row("publishes of 1 KiB by the engine, 64 writers", each, f"{engine:,.0f}/s", engine / bare, "≥ 10"),
    ]


async def _group_commits(data_dir: Path, count: int, value: bytes) -> float:
    store = SqliteStore(data_dir)
    loop, numbers = asyncio.get_running_loop(), iter(range(count))

    async def writer() -> None:
        for number in numbers:
            done = loop.create_future()
            write = Write(Bucket.CONTENTS, number.to_bytes(8, "big"), value)
            store.submit((write,), functools.partial(loop.call_soon_threadsafe, done.set_result))
            await done

    began_s = time.monotonic()
    await asyncio.gather(*(writer() for _ in range(64)))
    rate = count / (time.monotonic() - began_s)
    store.close()
    return rate


async def _publishes(data_dir: Path, count: int) -> float:
    store = SqliteStore(data_dir)
    engine, numbers = Engine(store, WireEncoder(), SystemClock()), iter(range(count))

    async def writer(name: str) -> None:
        key = config_key("", "bench", name)
        for number in numbers:
            await cast("asyncio.Future[object]", engine.execute(Publish(key, Text(f"{number:1024}", "text"))))

    began_s = time.monotonic()
    await asyncio.gather(*(writer(f"item-{at}") for at in range(64)))
    rate = count / (time.monotonic() - began_s)
    await engine.close()
    store.close()
    return rate


def _one_commit_each(path: Path, count: int, value: bytes) -> float:
    lock = threading.Lock()
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB)")
    numbers = iter(range(count))

    def write() -> None:
        while True:
            with lock:
                if (number := next(numbers, None)) is None:
                    return
                connection.execute("INSERT INTO entries VALUES (?, ?)", (str(number), value))

    threads = [threading.Thread(target=write) for _ in range(64)]
    began_s = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connection.close()
    return count / (time.monotonic() - began_s)
