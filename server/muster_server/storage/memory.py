"""A store that forgets when the process ends: for trials, and the tests' fake."""

from collections.abc import Sequence

from muster_server.storage.port import Bucket, Done, StorageError, Write


class MemoryStore:
    """Commits within `submit`. Tests hold commits back with `hold`/`release` and make the next one fail with `fail_next`."""

    kind = "memory"

    def __init__(self) -> None:
        self._data: dict[Bucket, dict[bytes, bytes]] = {bucket: {} for bucket in Bucket}
        self._held: list[tuple[Sequence[Write], Done]] | None = None
        self._failure: StorageError | None = None
        self._is_closed = False

    def scan(self, bucket: Bucket) -> list[tuple[bytes, bytes]]:
        """Everything in a bucket, ordered by key."""
        return sorted(self._data[bucket].items())

    def read(self, bucket: Bucket, key: bytes) -> bytes | None:
        """One value; None if there is none."""
        if self._is_closed:
            raise StorageError("the store is closed")
        return self._data[bucket].get(key)

    def submit(self, batch: Sequence[Write], done: Done) -> None:
        """Commit a batch, or queue it while commits are held."""
        if self._is_closed:
            raise StorageError("the store is closed")
        if self._held is not None:
            self._held.append((batch, done))
            return
        failure, self._failure = self._failure, None
        if failure is None:
            for write in batch:
                if write.value is None:
                    self._data[write.bucket].pop(write.key, None)
                else:
                    self._data[write.bucket][write.key] = write.value
        done(failure)

    def close(self) -> None:
        """Commit what is held and refuse from now on. The data stays for a next engine to read."""
        self.release()
        self._is_closed = True

    def reopen(self) -> None:
        """Take batches again, as a new process would find the data."""
        self._is_closed = False

    def fail_next(self, error: StorageError) -> None:
        """Refuse the next batch with this error."""
        self._failure = error

    def hold(self) -> None:
        """Keep batches in flight until `release`."""
        self._held = []

    def release(self) -> None:
        """Commit what is held, in order, and hold no more."""
        held, self._held = self._held or [], None
        for batch, done in held:
            self.submit(batch, done)
