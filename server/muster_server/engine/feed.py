"""What is kept of one service for those who watch or query it: bytes per instance, and the recent changes."""

from collections import deque
from dataclasses import dataclass

from muster_server.core.commands import Put, Removed
from muster_server.core.model import Instance, RemovalReason, ServiceKey
from muster_server.core.state import Service
from muster_server.engine.encoder import Encoder, Head

MAX_LOG = 1000


@dataclass(frozen=True, slots=True)
class _Change:
    revision: int
    instance_id: str
    instance: Instance | None
    reason: RemovalReason | None


class Feed:
    """Encodes each instance once per change, and each frame once per revision. Owned by the hub.

    `revision` is that of the service's last change, or of the making of the feed for a service that is not there.
    The log holds the last 1000 changes since the feed was made; who is older gets a snapshot.
    """

    __slots__ = ("_changes", "_fragments", "_frames", "_list", "_log_start", "encoder", "key", "revision")

    def __init__(self, key: ServiceKey, encoder: Encoder, revision: int) -> None:
        self.key = key
        self.encoder = encoder
        self._changes: deque[_Change] = deque()
        self._fragments: dict[str, tuple[Instance, bytes]] = {}
        self._frames: dict[tuple[int, bool], list[bytes]] = {}
        self._list: bytes | None = None
        self._log_start = revision
        self.revision = revision

    def note(self, event: Put | Removed) -> None:
        """Take a change into the log."""
        if isinstance(event, Put):
            change = _Change(event.instance.revision, event.instance.instance_id, event.instance, None)
        else:
            self._fragments.pop(event.previous.instance_id, None)
            change = _Change(event.revision, event.previous.instance_id, None, event.reason)
        self._changes.append(change)
        self.revision = change.revision
        if len(self._changes) > MAX_LOG:
            self._log_start = self._changes.popleft().revision
        self.forget_frames()

    def begin_anew(self, revision: int) -> None:
        """Forget what happened before this revision: whoever is older gets a snapshot."""
        self._changes.clear()
        self._log_start = self.revision = revision
        self.forget_frames()

    def forget_frames(self) -> None:
        """Drop what was encoded whole: the state or a flag in it has changed."""
        self._frames.clear()
        self._list = None

    def fragment(self, instance: Instance) -> bytes:
        """The bytes of one instance."""
        known = self._fragments.get(instance.instance_id)
        if known is not None and known[0] is instance:
            return known[1]
        encoded = self.encoder.fragment(instance)
        self._fragments[instance.instance_id] = (instance, encoded)
        return encoded

    def list_response(self, service: Service, epoch: int, *, is_warming_up: bool) -> bytes:
        """The unfiltered answer of ListInstances."""
        if self._list is None:
            fragments = [self.fragment(instance) for instance in service.instances.values()]
            head = Head(self.revision, epoch, service.protect_threshold, is_warming_up=is_warming_up)
            self._list = self.encoder.list_response(fragments, head)
        return self._list

    def can_resume(self, revision: int) -> bool:
        """True if every change after `revision` is still in the log."""
        return revision >= self._log_start

    def snapshot(self, service: Service, epoch: int, *, is_reset: bool, is_warming_up: bool) -> list[bytes]:
        """The frames of the whole state."""
        memo = (-1, is_reset)
        if memo not in self._frames:
            fragments = [self.fragment(instance) for instance in service.instances.values()]
            head = Head(self.revision, epoch, service.protect_threshold, is_warming_up=is_warming_up, is_reset=is_reset)
            self._frames[memo] = self.encoder.snapshot(self.key, fragments, head)
        return self._frames[memo]

    def delta(self, since: int) -> list[bytes]:
        """The frame from `since` to now: of each instance the last change only. Empty if there is none."""
        memo = (since, False)
        if memo not in self._frames:
            newest: dict[str, _Change] = {}
            for change in self._changes:
                if change.revision > since:
                    newest.pop(change.instance_id, None)
                    newest[change.instance_id] = change
            puts = [self.fragment(change.instance) for change in newest.values() if change.instance is not None]
            removals = [
                self.encoder.removal(change.instance_id, change.reason, change.revision)
                for change in newest.values()
                if change.reason is not None
            ]
            at = (self.revision, since)
            self._frames[memo] = [self.encoder.delta(self.key, puts, removals, at)] if newest else []
        return self._frames[memo]
