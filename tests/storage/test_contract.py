"""What every store must do, and what only the sqlite one can get wrong."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import Bucket, StorageError, StorageUnusableError, Store, Write
from muster_server.storage.sqlite import MIGRATIONS, SqliteStore

Opener = Callable[[], Store]


@pytest.fixture(params=["memory", "sqlite"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    memory = MemoryStore()

    def reopen() -> Store:
        if request.param == "sqlite":
            return SqliteStore(tmp_path / "data")
        memory.reopen()
        return memory

    return reopen


def commit(store: Store, *writes: Write) -> StorageError | None:
    results: list[StorageError | None] = []
    finished = threading.Event()

    def done(error: StorageError | None) -> None:
        results.append(error)
        finished.set()

    store.submit(writes, done)
    assert finished.wait(10)
    assert len(results) == 1
    return results[0]


def test_committed_batch_is_there_after_reopening_in_key_order(open_store: Opener) -> None:
    store = open_store()
    commit(store, Write(Bucket.JOURNAL, b"b", b"2"), Write(Bucket.JOURNAL, b"a", b"1"), Write(Bucket.META, b"a", b"3"))
    commit(store, Write(Bucket.META, b"a", None), Write(Bucket.META, b"missing", None))
    store.close()

    again = open_store()

    assert again.scan(Bucket.JOURNAL) == [(b"a", b"1"), (b"b", b"2")]
    assert again.scan(Bucket.META) == []
    again.close()


def test_batches_are_answered_once_and_in_order(open_store: Opener) -> None:
    store, answered = open_store(), list[int]()

    for number in range(500):
        store.submit((Write(Bucket.META, b"n", str(number).encode()),), lambda error, n=number: answered.append(n))
    store.close()

    assert answered == list(range(500))
    again = open_store()
    assert again.scan(Bucket.META) == [(b"n", b"499")]
    again.close()


def test_closed_store_refuses(open_store: Opener) -> None:
    store = open_store()
    store.close()
    store.close()

    with pytest.raises(StorageError):
        store.submit((), lambda error: None)


def test_failed_batch_leaves_nothing_and_the_next_one_is_taken() -> None:
    store = MemoryStore()
    store.fail_next(StorageError("full"))

    first = commit(store, Write(Bucket.META, b"a", b"1"))
    second = commit(store, Write(Bucket.META, b"b", b"2"))

    assert isinstance(first, StorageError)
    assert second is None
    assert store.scan(Bucket.META) == [(b"b", b"2")]


def test_second_process_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    code = f"from muster_server.storage.sqlite import SqliteStore; import pathlib; SqliteStore(pathlib.Path({str(tmp_path)!r}))"

    second = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"], capture_output=True, text=True, check=False
    )

    assert second.returncode != 0
    assert "is in use by another process (pid " in second.stderr
    store.close()


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "muster.db").write_bytes(b"not a database at all" * 100)

    with pytest.raises(StorageUnusableError):
        SqliteStore(tmp_path)


def test_schema_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    SqliteStore(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "muster.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(StorageUnusableError, match="newer"):
        SqliteStore(tmp_path)


def test_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StorageUnusableError, match="cannot write"):
        SqliteStore(tmp_path / "file" / "below")


def test_older_schema_is_migrated_forward_and_keeps_its_data(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    commit(store, Write(Bucket.META, b"a", b"1"))
    store.close()

    newer = SqliteStore(tmp_path, (*MIGRATIONS, ("CREATE TABLE more (x)", "UPDATE entries SET value = X'32'")))

    assert newer.scan(Bucket.META) == [(b"a", b"2")]
    newer.close()
