"""The port through which the hub makes frames, so that the engine knows no wire."""

from collections.abc import Sequence
from typing import Protocol

from muster_server.core.errors import Reason
from muster_server.core.model import Instance, RemovalReason, ServiceKey


class Encoder(Protocol):
    """Makes bytes of values. A fragment is one instance, ready to be joined with others into a list, a snapshot or a delta."""

    def fragment(self, instance: Instance) -> bytes:
        """One instance."""
        ...

    def removal(self, instance_id: str, reason: RemovalReason, revision: int) -> bytes:
        """One removal, to be joined into a delta."""
        ...

    def list_response(self, fragments: Sequence[bytes], revision: int, epoch: int, *, is_warming_up: bool) -> bytes:
        """The answer of ListInstances."""
        ...

    def snapshot(
        self, key: ServiceKey, fragments: Sequence[bytes], at: tuple[int, int], *, is_reset: bool, is_warming_up: bool
    ) -> list[bytes]:
        """The frames of a snapshot; `at` is (revision, epoch)."""
        ...

    def delta(self, key: ServiceKey, puts: Sequence[bytes], removals: Sequence[bytes], at: tuple[int, int]) -> bytes:
        """The frame of a delta; `at` is (revision, prev_revision)."""
        ...

    def bookmark(self, revision: int, epoch: int, *, is_warming_up: bool) -> bytes:
        """The frame of a bookmark."""
        ...

    def cancelled(self, key: ServiceKey, reason: Reason, message: str) -> bytes:
        """The frame that ends one subscription."""
        ...

    def reconnect_after(self, delay_s: float) -> bytes:
        """The frame that asks to connect anew."""
        ...
