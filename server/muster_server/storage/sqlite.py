"""The embedded store: one sqlite file, one writer thread, group commit.

The writer takes whatever is queued when it is free and commits it in one transaction; there is no timer. If such a group fails,
its batches are tried one by one, so that one bad batch does not fail the others.
"""

import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from muster_server.storage.port import Bucket, Done, StorageError, StorageUnusableError, Write

log = structlog.get_logger(__name__)

MAX_QUEUED = 100_000
REPORT_EVERY_S = 10.0
_ENTRIES = (
    "CREATE TABLE entries (bucket TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (bucket, key)) WITHOUT ROWID"
)
MIGRATIONS: tuple[tuple[str, ...], ...] = ((_ENTRIES,),)
"""One tuple of statements for each schema version; applied forward, each in one transaction. Append only."""

_PUT = "INSERT INTO entries (bucket, key, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
_DELETE = "DELETE FROM entries WHERE bucket = ? AND key = ?"

_Queued = tuple[Sequence[Write], Done]


class SqliteStore:
    """A store in `data_dir`, which is created (0700) if missing. The connection belongs to the writer thread after start.

    At most 100,000 batches are queued; more are refused with StorageError at once.
    Raises StorageUnusableError if the directory is held by another process, not writable, damaged or of a newer version.
    """

    kind = "sqlite"

    def __init__(self, data_dir: Path, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS) -> None:
        self._lock = _lock(data_dir)
        try:
            self._connection = _open(data_dir / "muster.db", migrations)
            self._reader = sqlite3.connect(data_dir / "muster.db", isolation_level=None, check_same_thread=False)
        except BaseException:
            os.close(self._lock)
            raise
        self._queue: queue.SimpleQueue[_Queued | None] = queue.SimpleQueue()
        self._is_closed = False
        self._reading = threading.Lock()
        self._report = _Report()
        self._writer = threading.Thread(target=self._write, name="muster-storage", daemon=True)
        self._writer.start()

    def scan(self, bucket: Bucket) -> list[tuple[bytes, bytes]]:
        """Everything in a bucket, ordered by key. Only before the first `submit`."""
        return self._connection.execute("SELECT key, value FROM entries WHERE bucket = ? ORDER BY key", (bucket.value,)).fetchall()

    def read(self, bucket: Bucket, key: bytes) -> bytes | None:
        """One value, over a connection of its own: reading does not wait for the writer."""
        with self._reading:
            try:
                row = self._reader.execute("SELECT value FROM entries WHERE bucket = ? AND key = ?", (bucket.value, key)).fetchone()
            except sqlite3.Error as error:
                raise StorageError(f"the disk refused: {error}") from error
        return None if row is None else bytes(row[0])

    def submit(self, batch: Sequence[Write], done: Done) -> None:
        """Queue a batch; `done` is called on the writer thread."""
        if self._is_closed:
            raise StorageError("the store is closed")
        if self._queue.qsize() >= MAX_QUEUED:
            done(StorageError("too many writes are waiting for the disk"))
        else:
            self._queue.put((batch, done))

    def close(self) -> None:
        """Commit what is queued, fold the log into the file and let go of the directory."""
        if self._is_closed:
            return
        self._is_closed = True
        self._queue.put(None)
        self._writer.join()
        with self._reading:
            self._reader.close()
        self._connection.close()
        os.close(self._lock)

    def _write(self) -> None:
        while (first := self._queue.get()) is not None:
            group, is_last = [first], False
            while not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    is_last = True
                    break
                group.append(following)
            self._commit(group)
            if is_last:
                return

    def _commit(self, group: Sequence[_Queued]) -> None:
        error = self._transact([write for batch, _ in group for write in batch])
        for batch, done in group:
            done(error if error is None or len(group) == 1 else self._transact(batch))

    def _transact(self, writes: Sequence[Write]) -> StorageError | None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            last = {(write.bucket.value, write.key): write.value for write in writes}  # only the last write of a key matters
            self._connection.executemany(_PUT, [(*name, value) for name, value in last.items() if value is not None])
            self._connection.executemany(_DELETE, [name for name, value in last.items() if value is None])
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._report.refused(error)
            return StorageError(f"the disk refused: {error}")
        self._report.written()
        return None


class _Report:
    """Tells the log of a disk that refuses, every 10 s at the most, and that it takes writes again. The writer thread's."""

    def __init__(self) -> None:
        self._told_s: float | None = None
        self._is_refusing = False

    def refused(self, error: sqlite3.Error) -> None:
        """Nothing was written."""
        now_s = time.monotonic()
        if self._told_s is None or now_s - self._told_s >= REPORT_EVERY_S:
            self._told_s, self._is_refusing = now_s, True
            log.error("the disk refuses writes", why=str(error))

    def written(self) -> None:
        """Something was written."""
        if self._is_refusing:
            self._is_refusing = False
            log.warning("the disk takes writes again")


def _lock(data_dir: Path) -> int:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageUnusableError(f"cannot write to data directory {data_dir}: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(handle, 20).decode(errors="replace").strip() or "unknown"
        os.close(handle)
        raise StorageUnusableError(f"data directory {data_dir} is in use by another process (pid {holder})") from error
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle


def _open(path: Path, migrations: tuple[tuple[str, ...], ...]) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path, migrations)
        except BaseException:
            connection.close()  # else a migration that failed keeps its transaction, and the file locked, while the error lives
            raise
    except sqlite3.Error as error:
        raise StorageUnusableError(f"cannot use {path}: {error}") from error
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, migrations: tuple[tuple[str, ...], ...]) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    if (found := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise StorageUnusableError(f"{path} is damaged: {found}")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(migrations):
        raise StorageUnusableError(f"{path} has schema version {version}, this Muster knows {len(migrations)}: use a newer one")
    for number, statements in enumerate(migrations[version:], version + 1):
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
