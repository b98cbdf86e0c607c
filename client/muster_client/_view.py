"""What is known of one watched service: frames in, updates out. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from muster.registry.v1.discovery_service_pb2 import WatchResponse
from muster.registry.v1.instance_pb2 import REMOVAL_REASON_UNSPECIFIED, Instance, RemovalReason, ServiceRef


@dataclass(frozen=True, slots=True)
class Removal:
    """An instance is gone. `reason` is UNSPECIFIED if it went while the watch was cut off for long."""

    instance_id: str
    reason: RemovalReason


@dataclass(frozen=True, slots=True)
class Update:
    """What changed in a service since the update before, and what stands now.

    `instances` is the whole state by instance id, in the order of registration as far as it was seen; `puts` came or changed;
    `removals` are gone. `revision` is the place in the server's history, `epoch` the server's life. `is_warming_up` is true
    shortly after a restart of the server: what is listed holds, clients may still be coming back.
    """

    service: ServiceRef
    instances: Mapping[str, Instance]
    puts: tuple[Instance, ...]
    removals: tuple[Removal, ...]
    revision: int
    epoch: int
    is_warming_up: bool


class View:
    """The state of one service as far as frames told it. Owned by the watch conversation.

    `revision` is where to resume, 0 if nothing is known yet. `is_answered` is false from (re)subscribing until the first frame
    for it on this stream: a bookmark before that does not speak of this service. What a warming-up server does not list is
    `_held`, and goes only when the warm-up ends without it.
    """

    def __init__(self, service: ServiceRef) -> None:
        self.service = service
        self.instances: dict[str, Instance] = {}
        self.revision = 0
        self.epoch = 0
        self.is_answered = False
        self.is_warming_up = False
        self._held: set[str] = set()
        self._parts: list[Instance] = []

    @property
    def is_known(self) -> bool:
        """True if a snapshot was seen whole."""
        return self.epoch > 0

    def restart(self) -> None:
        """A new stream, or a new subscription: nothing was answered on it yet."""
        self.is_answered = False
        self._parts.clear()

    def forget_place(self) -> None:
        """Ask for a snapshot next time; what is known is kept to compare with it."""
        self.revision = 0
        self.restart()

    def take_snapshot(self, snapshot: WatchResponse.Snapshot) -> dict[str, Removal | None]:
        """Take a part of a snapshot; answers what changed by instance id, when it is whole."""
        self._parts.extend(snapshot.instances)
        if snapshot.more:
            return {}
        listed = {instance.instance_id: instance for instance in self._parts}
        self._parts.clear()
        self._at(snapshot.revision, snapshot.epoch, is_warming_up=snapshot.warming_up)
        missing = [instance_id for instance_id in self.instances if instance_id not in listed]
        touched: dict[str, Removal | None] = {
            instance_id: None for instance_id, instance in listed.items() if self.instances.get(instance_id) != instance
        }
        self._held = set(missing) if snapshot.warming_up else set()
        if snapshot.warming_up:
            self.instances.update(listed)
        else:
            touched.update((instance_id, Removal(instance_id, REMOVAL_REASON_UNSPECIFIED)) for instance_id in missing)
            self.instances = listed
        return touched

    def take_delta(self, delta: WatchResponse.Delta) -> dict[str, Removal | None] | None:
        """Take a delta; answers what changed by instance id, or None if it does not continue what is known."""
        if not self.is_known or delta.prev_revision != self.revision:
            return None
        touched: dict[str, Removal | None] = {}
        for instance in delta.puts:
            self.instances[instance.instance_id] = instance
            self._held.discard(instance.instance_id)
            touched[instance.instance_id] = None
        for removal in delta.removals:
            self._held.discard(removal.instance_id)
            if self.instances.pop(removal.instance_id, None) is not None:
                touched[removal.instance_id] = Removal(removal.instance_id, removal.reason)
        self.revision = delta.revision
        self.is_answered = True
        return touched

    def take_bookmark(self, bookmark: WatchResponse.Bookmark) -> dict[str, Removal | None]:
        """Nothing else happened up to here; after a warm-up, what did not come back is gone. Answers what changed."""
        if not self.is_answered:
            return {}
        self._at(max(self.revision, bookmark.revision), bookmark.epoch, is_warming_up=bookmark.warming_up)
        if bookmark.warming_up:
            return {}
        gone, self._held = self._held, set()
        for instance_id in gone:
            del self.instances[instance_id]
        return {instance_id: Removal(instance_id, REMOVAL_REASON_UNSPECIFIED) for instance_id in gone}

    def _at(self, revision: int, epoch: int, *, is_warming_up: bool) -> None:
        self.revision, self.epoch, self.is_warming_up, self.is_answered = revision, epoch, is_warming_up, True


class Mailbox:
    """What one reader of a view is still due: one slot for each instance, so that a slow reader gets states, not events.

    A reader that keeps up gets every change; one that does not gets the sum of what it missed. Bounded by the number of instances
    that it knows or that stand now.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._given: dict[str, Instance] = {}
        self._is_first = True
        self._touched: dict[str, Removal | None] = dict.fromkeys(view.instances)
        self.is_due = view.is_known

    def note(self, touched: Mapping[str, Removal | None]) -> None:
        """The view changed."""
        for instance_id, removal in touched.items():
            if self._view.instances.get(instance_id) == self._given.get(instance_id):
                self._touched.pop(instance_id, None)  # came and went, or went and came back, unseen
            else:
                self._touched[instance_id] = removal
        self.is_due = bool(self._touched) or (self._is_first and self._view.is_known)

    def update(self) -> Update:
        """Everything the reader is due, as one update."""
        view, touched = self._view, self._touched
        self._touched, self.is_due, self._is_first = {}, False, False
        self._given = dict(view.instances)
        return Update(
            service=view.service,
            instances=MappingProxyType(self._given),
            puts=tuple(view.instances[instance_id] for instance_id in touched if instance_id in view.instances),
            removals=tuple(removal for removal in touched.values() if removal is not None),
            revision=view.revision,
            epoch=view.epoch,
            is_warming_up=view.is_warming_up,
        )
