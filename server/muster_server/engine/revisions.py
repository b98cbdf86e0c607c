"""Which revisions may be given out: those of a block that is reserved on the disk, so that none is ever given out twice."""

from collections.abc import Iterable

from muster_server.core.commands import Event, is_durable
from muster_server.core.errors import MusterError, Reason
from muster_server.engine import records
from muster_server.engine.journal import Journal
from muster_server.engine.restore import REVISION, REVISION_BLOCK
from muster_server.storage.port import Bucket, StorageError, Write

SPARE = 10_000
"""So many stay unused while a reservation is under way."""


class Revisions:
    """Owned by the engine. `last` was given out, though what it belongs to may be on its way to the disk still."""

    def __init__(self, journal: Journal, last: int, reserved: int) -> None:
        self.last = last
        self._journal = journal
        self._reserved = reserved
        self._reserving = reserved
        self._is_asking = False

    def prepare(self) -> None:
        """Called before a decision: asks for the next block in time. Raises MusterError (STORAGE_FAILED) if none are left."""
        if self._reserved - self.last >= REVISION_BLOCK // 2:
            return
        is_used_up = self.last + SPARE >= self._reserved
        if not self._is_asking:
            self._ask()
        if is_used_up:
            raise _none_left()

    def give(self, last: int, events: Iterable[Event]) -> None:
        """A decision took them up to this one. Raises MusterError (STORAGE_FAILED) if there were not so many.

        What is durable reserves what it needs itself.
        """
        if last > self._reserved and not any(map(is_durable, events)):
            raise _none_left()
        self.last = last

    def with_batch(self) -> list[Write]:
        """What has to be written with a durable batch: one command, such as a restore, may take any number of revisions."""
        self._reserving = self._reserved
        if self.last <= self._reserved:
            return []
        self._reserving = self.last + REVISION_BLOCK
        return [Write(Bucket.META, REVISION, records.encode(self._reserving))]

    def batch_written(self) -> None:
        """The disk has taken the batch."""
        self._reserved = max(self._reserved, self._reserving)

    def _ask(self) -> None:
        self._is_asking = True
        target = max(self._reserved, self.last) + REVISION_BLOCK

        def reserved(error: StorageError | None) -> None:
            self._is_asking = False
            if error is None:
                self._reserved = max(self._reserved, target)

        self._journal.reserve(target, reserved)


def _none_left() -> MusterError:
    return MusterError(Reason.STORAGE_FAILED, "no revisions are left: the disk does not take the reservation of more")
