"""What the engine asks of storage: ordered, atomic, durable batches of keys and values."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import Struct


class Bucket(StrEnum):
    """A name space of keys."""

    META = "meta"
    OVERRIDES = "overrides"
    INSTANCES = "instances"
    JOURNAL = "journal"
    SESSIONS = "sessions"
    RELEASES = "releases"
    CONTENTS = "contents"
    NAMESPACES = "namespaces"
    DEFINITIONS = "definitions"
    SCHEMAS = "schemas"
    PROVIDERS = "providers"
    ACCESS = "access"
    ENVIRONMENTS = "environments"
    APPLICATIONS = "applications"
    COMPONENTS = "components"
    APPLICATION_CONFIGS = "application_configs"
    DEPLOYMENTS = "deployments"
    JOBS = "jobs"
    SERVICES = "services"
    LOCKS = "locks"


class Write(Struct, frozen=True, gc=False):
    """Put a value, or delete the key (`value` None). Deleting a missing key is no error."""

    bucket: Bucket
    key: bytes
    value: bytes | None


Done = Callable[["StorageError | None"], None]


class StorageError(Exception):
    """The store refused. Nothing of the batch was written. The message is one line for an operator."""


class StorageUnusableError(StorageError):
    """The store cannot be opened: locked by another process, damaged, made by a newer Muster, or not writable."""


class Store(Protocol):
    """Batches are atomic and commit in the order they were submitted. `kind` is the adapter's name, for people."""

    kind: str

    def scan(self, bucket: Bucket) -> list[tuple[bytes, bytes]]:
        """Everything in a bucket, ordered by key. Only before the first `submit`."""
        ...

    def read(self, bucket: Bucket, key: bytes) -> bytes | None:
        """One value as the last batch that was reported done left it; None if there is none. Blocks; from any thread.

        Raises StorageError if the disk refuses or the store is closed.
        """
        ...

    def submit(self, batch: Sequence[Write], done: Done) -> None:
        """Queue a batch without blocking. `done` is called once, on any thread, after fsync or with the error."""
        ...

    def close(self) -> None:
        """Commit what is queued and let go. Idempotent; `submit` raises StorageError afterwards."""
        ...
