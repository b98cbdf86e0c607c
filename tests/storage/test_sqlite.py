"""What only the sqlite store can get wrong: groups, schemas, damage, locks, a full queue."""

import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from muster_server.storage.port import Bucket, StorageError, StorageUnusableError, Write
from muster_server.storage.sqlite import MAX_QUEUED, MIGRATIONS, SqliteStore
from structlog.testing import capture_logs

CHECKED = ("CREATE TRIGGER no_poison BEFORE INSERT ON entries WHEN NEW.key = X'FF' BEGIN SELECT RAISE(ABORT, 'poison'); END",)
POISON = Write(Bucket.META, b"\xff", b"")


class Answers:
    """Collects what the writer thread answers, and waits for it."""

    def __init__(self, count: int) -> None:
        self.given: list[tuple[str, StorageError | None]] = []
        self._left = count
        self._all = threading.Event()

    def named(self, name: str) -> "Answer":
        return Answer(self, name)

    def take(self, name: str, error: StorageError | None) -> None:
        self.given.append((name, error))
        self._left -= 1
        if self._left == 0:
            self._all.set()

    def wait(self) -> list[tuple[str, StorageError | None]]:
        assert self._all.wait(10)
        return self.given


class Answer:
    """The `done` of one batch. With a gate, it keeps the writer thread until the gate opens."""

    def __init__(self, answers: Answers, name: str, gate: threading.Event | None = None) -> None:
        self._answers, self._name, self._gate = answers, name, gate
        self.is_reached = threading.Event()

    def held_by(self, gate: threading.Event) -> "Answer":
        return Answer(self._answers, self._name, gate)

    def __call__(self, error: StorageError | None) -> None:
        self.is_reached.set()
        if self._gate is not None:
            assert self._gate.wait(10)
        self._answers.take(self._name, error)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "data", (*MIGRATIONS, CHECKED))
    yield store
    store.close()


def put(key: bytes, value: bytes = b"1") -> Write:
    return Write(Bucket.META, key, value)


def busy(store: SqliteStore, answers: Answers) -> threading.Event:
    """Keep the writer thread busy with the answer of a first batch, so that what follows is one group. Answers the gate."""
    gate = threading.Event()
    first = answers.named("first").held_by(gate)
    store.submit((put(b"first"),), first)
    assert first.is_reached.wait(10)
    return gate


def contents(tmp_path: Path) -> dict[bytes, bytes]:
    again = SqliteStore(tmp_path / "data", (*MIGRATIONS, CHECKED))
    found = dict(again.scan(Bucket.META))
    again.close()
    return found


def test_batches_that_wait_are_committed_together_and_answered_in_order(store: SqliteStore, tmp_path: Path) -> None:
    answers = Answers(51)
    gate = busy(store, answers)
    names = [f"b{number}" for number in range(50)]
    for name in names:
        store.submit((put(name.encode()),), answers.named(name))
    observer = sqlite3.connect(tmp_path / "data" / "muster.db")
    before = observer.execute("SELECT count(*) FROM entries").fetchone()

    gate.set()
    given = answers.wait()
    after = observer.execute("SELECT count(*) FROM entries").fetchone()
    observer.close()

    assert given == [("first", None), *((name, None) for name in names)]
    assert (before, after) == ((1,), (51,))


def test_group_is_seen_whole_by_the_first_of_its_answers(store: SqliteStore, tmp_path: Path) -> None:
    answers = Answers(11)
    gate = busy(store, answers)
    seen: list[int] = []

    def count(error: StorageError | None) -> None:
        observer = sqlite3.connect(tmp_path / "data" / "muster.db")
        seen.append(observer.execute("SELECT count(*) FROM entries").fetchone()[0])
        observer.close()
        answers.take("counted", error)

    store.submit((put(b"0"),), count)
    for number in range(1, 10):
        store.submit((put(str(number).encode()),), answers.named("other"))
    gate.set()
    answers.wait()

    assert seen == [11]


def test_bad_batch_in_a_group_fails_alone(store: SqliteStore, tmp_path: Path) -> None:
    answers = Answers(4)
    gate = busy(store, answers)
    store.submit((put(b"a"),), answers.named("a"))
    store.submit((put(b"half"), POISON), answers.named("bad"))
    store.submit((put(b"b"),), answers.named("b"))

    gate.set()
    given = dict(answers.wait())
    store.close()

    assert [name for name, error in given.items() if error is None] == ["first", "a", "b"]
    assert "poison" in str(given["bad"])
    assert set(contents(tmp_path)) == {b"first", b"a", b"b"}


def test_disk_that_refuses_is_told_once_and_that_it_takes_writes_again(store: SqliteStore) -> None:
    with capture_logs() as logs:
        for batch in (POISON, POISON, put(b"a"), put(b"b"), POISON):
            answers = Answers(1)
            store.submit((batch,), answers.named("alone"))
            answers.wait()

    assert [(line["log_level"], line["event"], line.get("why")) for line in logs] == [
        ("error", "the disk refuses writes", "poison"),
        ("warning", "the disk takes writes again", None),
    ]


def test_bad_batch_alone_leaves_nothing_of_it_and_the_next_one_is_taken(store: SqliteStore, tmp_path: Path) -> None:
    answers = Answers(2)

    store.submit((put(b"half"), POISON), answers.named("bad"))
    store.submit((put(b"next"),), answers.named("next"))
    given = dict(answers.wait())
    store.close()

    assert isinstance(given["bad"], StorageError)
    assert given["next"] is None
    assert set(contents(tmp_path)) == {b"next"}


def test_last_write_to_a_key_within_a_batch_and_within_a_group_holds(store: SqliteStore, tmp_path: Path) -> None:
    answers = Answers(4)
    gate = busy(store, answers)
    store.submit((put(b"k", b"1"), put(b"k", b"2")), answers.named("one"))
    store.submit((put(b"k", b"3"), Write(Bucket.META, b"first", None)), answers.named("two"))
    store.submit((Write(Bucket.META, b"gone", None), put(b"gone"), Write(Bucket.META, b"gone", None)), answers.named("three"))

    gate.set()
    answers.wait()
    store.close()

    assert contents(tmp_path) == {b"k": b"3"}


def test_empty_batch_is_answered(store: SqliteStore) -> None:
    answers = Answers(1)

    store.submit((), answers.named("empty"))

    assert answers.wait() == [("empty", None)]


def test_keys_and_values_are_bytes_of_any_kind_in_byte_order(store: SqliteStore, tmp_path: Path) -> None:
    keys = [b"", b"\x00", b"\x00\x00", b"a", b"a\x00b", b"\xc3\xa9", b"\xfe\xff"]
    answers = Answers(1)

    store.submit(tuple(put(key, key * 3) for key in reversed(keys)), answers.named("all"))
    answers.wait()
    store.close()

    assert list(contents(tmp_path).items()) == [(key, key * 3) for key in keys]


@pytest.mark.slow
def test_queue_that_is_full_refuses_at_once_and_loses_nothing_it_took(store: SqliteStore, tmp_path: Path) -> None:
    answers = Answers(MAX_QUEUED + 2)
    gate = busy(store, answers)
    for number in range(MAX_QUEUED):
        store.submit((put(str(number).encode()),), answers.named("taken"))

    store.submit((put(b"too many"),), answers.named("refused"))
    refused = list(answers.given)
    gate.set()
    given = answers.wait()
    store.close()

    assert [name for name, _ in refused] == ["refused"]
    assert "too many writes" in str(refused[0][1])
    assert sum(error is None for _, error in given) == MAX_QUEUED + 1
    assert len(contents(tmp_path)) == MAX_QUEUED + 1


def test_close_commits_what_is_queued(store: SqliteStore, tmp_path: Path) -> None:
    answers = Answers(101)
    gate = busy(store, answers)
    for number in range(100):
        store.submit((put(str(number).encode()),), answers.named("queued"))

    gate.set()
    store.close()

    assert len(answers.given) == 101
    assert len(contents(tmp_path)) == 101


def test_close_lets_go_of_the_directory_and_leaves_no_log_behind(store: SqliteStore, tmp_path: Path) -> None:
    store.close()

    SqliteStore(tmp_path / "data", (*MIGRATIONS, CHECKED)).close()

    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["lock", "muster.db"]


def test_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "some" / "where").close()

    assert stat.S_IMODE((tmp_path / "some" / "where").stat().st_mode) == 0o700


def test_second_store_on_a_directory_is_refused_even_in_the_same_process(store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(StorageUnusableError, match=rf"in use by another process \(pid {os.getpid()}\)"):
        SqliteStore(tmp_path / "data")


def test_refused_open_lets_go_of_the_directory(tmp_path: Path) -> None:
    SqliteStore(tmp_path, (*MIGRATIONS, CHECKED)).close()
    with pytest.raises(StorageUnusableError, match="newer"):
        SqliteStore(tmp_path)

    SqliteStore(tmp_path, (*MIGRATIONS, CHECKED)).close()


def test_migrations_are_applied_from_the_version_of_the_file_on_and_once(tmp_path: Path) -> None:
    second, third = ("CREATE TABLE steps (name TEXT)", "INSERT INTO steps VALUES ('two')"), ("INSERT INTO steps VALUES ('three')",)
    SqliteStore(tmp_path, (*MIGRATIONS, second)).close()

    SqliteStore(tmp_path, (*MIGRATIONS, second, third)).close()
    SqliteStore(tmp_path, (*MIGRATIONS, second, third)).close()

    file = sqlite3.connect(tmp_path / "muster.db")
    steps, version = file.execute("SELECT name FROM steps").fetchall(), file.execute("PRAGMA user_version").fetchone()
    file.close()
    assert steps == [("two",), ("three",)]
    assert version == (3,)


def test_migration_that_fails_is_said_and_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    answers = Answers(1)
    store = SqliteStore(tmp_path)
    store.submit((put(b"a"),), answers.named("a"))
    answers.wait()
    store.close()

    with pytest.raises(StorageUnusableError, match="no such table") as caught:
        SqliteStore(tmp_path, (*MIGRATIONS, ("DELETE FROM entries", "INSERT INTO missing VALUES (1)")))

    again = SqliteStore(tmp_path)
    assert again.scan(Bucket.META) == [(b"a", b"1")]
    again.close()
    assert caught.value.__cause__ is not None  # the error is still alive here, and holds no lock
    observer = sqlite3.connect(tmp_path / "muster.db", timeout=0)
    observer.execute("BEGIN EXCLUSIVE")
    observer.close()


def test_file_that_is_damaged_in_the_middle_is_refused(tmp_path: Path) -> None:
    answers = Answers(1)
    store = SqliteStore(tmp_path)
    store.submit(tuple(put(str(number).encode(), b"v" * 100) for number in range(2000)), answers.named("all"))
    answers.wait()
    store.close()
    file = tmp_path / "muster.db"
    content = bytearray(file.read_bytes())
    content[8192 : len(content) // 2] = b"\xa5" * (len(content) // 2 - 8192)
    file.write_bytes(content)

    with pytest.raises(StorageUnusableError, match=r"muster\.db"):
        SqliteStore(tmp_path)


def test_file_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    answers = Answers(1)
    store = SqliteStore(tmp_path)
    store.submit(tuple(put(str(number).encode(), b"v" * 100) for number in range(2000)), answers.named("all"))
    answers.wait()
    store.close()
    os.truncate(tmp_path / "muster.db", (tmp_path / "muster.db").stat().st_size // 2)

    with pytest.raises(StorageUnusableError, match=r"muster\.db"):
        SqliteStore(tmp_path)


def test_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    (tmp_path / "muster.db").mkdir()

    with pytest.raises(StorageUnusableError, match="unable to open"):
        SqliteStore(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write to what is read-only")
def test_directory_that_is_read_only_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(StorageUnusableError, match="cannot write"):
        SqliteStore(tmp_path)


def test_lock_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()

    with pytest.raises(StorageUnusableError, match="cannot write"):
        SqliteStore(tmp_path)


def test_batch_whose_transaction_sqlite_rolled_back_by_itself_is_refused_and_the_next_one_taken(tmp_path: Path) -> None:
    rolls_back = (
        "CREATE TRIGGER no_poison BEFORE INSERT ON entries WHEN NEW.key = X'FF' BEGIN SELECT RAISE(ROLLBACK, 'rolled back'); END",
    )
    store = SqliteStore(tmp_path, (*MIGRATIONS, rolls_back))
    answers = Answers(2)

    store.submit((put(b"half"), POISON), answers.named("bad"))
    store.submit((put(b"next"),), answers.named("next"))
    given = dict(answers.wait())
    store.close()

    assert "rolled back" in str(given["bad"])
    assert given["next"] is None


def test_data_that_was_not_folded_into_the_file_when_the_process_died_is_there_again(store: SqliteStore, tmp_path: Path) -> None:
    answers = Answers(1)
    store.submit((put(b"a"),), answers.named("a"))
    answers.wait()

    shutil.copytree(tmp_path / "data", tmp_path / "copy")  # as a dead process leaves it: the log beside the file
    again = SqliteStore(tmp_path / "copy", (*MIGRATIONS, CHECKED))

    assert again.scan(Bucket.META) == [(b"a", b"1")]
    again.close()
