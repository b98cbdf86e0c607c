"""What can be asked of locks, and what can happen to them: frozen values, nothing else."""

from dataclasses import dataclass
from typing import NamedTuple

from muster_server.core.errors import MusterError
from muster_server.core.model import DEFAULT_NAMESPACE, MAX_NAME_BYTES, checked_text

MAX_TTL_S = 1800.0
MIN_TTL_S = 0.001


class LockKey(NamedTuple):
    """The name of a lock. Make it with `lock_key`."""

    namespace: str
    name: str


def lock_key(namespace: str, name: str) -> LockKey:
    """A checked key; an empty namespace means the default one. Raises MusterError (INVALID_FIELD)."""
    return LockKey(
        checked_text("ref.namespace", namespace or DEFAULT_NAMESPACE, MAX_NAME_BYTES),
        checked_text("ref.name", name, MAX_NAME_BYTES, is_required=True),
    )


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that is held. `token` is the revision at which it was acquired; `ttl_s` counts from then, or from a restart."""

    key: LockKey
    token: int
    holder: str
    ttl_s: float


@dataclass(frozen=True, slots=True)
class AcquireLock:
    """Take a lock, or extend it (`token`). Answers a Grant."""

    key: LockKey
    ttl_s: float
    holder: str = ""
    token: int = 0

    def __post_init__(self) -> None:
        checked_text("holder", self.holder, 256)
        if not MIN_TTL_S <= self.ttl_s <= MAX_TTL_S:
            raise MusterError.invalid("ttl", "must be between 1 ms and 30 min")


@dataclass(frozen=True, slots=True)
class Grant:
    """The lock that is held now, and whether it is the asker's."""

    lock: Lock
    is_acquired: bool


@dataclass(frozen=True, slots=True)
class ReleaseLock:
    """Give a lock back; token 0 whoever holds it. Answers whether it was held."""

    key: LockKey
    token: int = 0


LockCommand = AcquireLock | ReleaseLock


@dataclass(frozen=True, slots=True)
class LockTaken:
    """A lock is held for its ttl from now on."""

    lock: Lock


@dataclass(frozen=True, slots=True)
class LockFreed:
    """Nobody holds a lock any more."""

    key: LockKey


LockEvent = LockTaken | LockFreed
