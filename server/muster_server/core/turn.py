"""One turn of deciding: when it is, and which revisions its changes get."""

from dataclasses import replace

from muster_server.core.catalog_commands import DefinitionPut
from muster_server.core.catalog_model import Definition
from muster_server.core.commands import Event, InstanceKey, OverrideOrphaned, Put, Removed
from muster_server.core.model import Instance, RemovalReason, ServiceKey
from muster_server.core.state import Limits, RegistryState


class Turn:
    """What a decision needs beside its command: the state (to read), the moment, the limits, and the next revisions.

    `events` collects what was decided, in order. Nothing here changes the state.
    """

    __slots__ = ("_revision", "events", "limits", "now_s", "state", "wall_s")

    def __init__(self, state: RegistryState, moment: tuple[float, float], limits: Limits, last_revision: int) -> None:
        self.state = state
        self.now_s, self.wall_s = moment
        self.limits = limits
        self._revision = last_revision
        self.events: list[Event] = []

    def trial(self) -> "Turn":
        """A turn at the same moment whose decisions are not for applying."""
        return Turn(self.state, (self.now_s, self.wall_s), self.limits, self._revision)

    @property
    def last_revision(self) -> int:
        """The last revision that was given out."""
        return self._revision

    def next_revision(self) -> int:
        """A revision of its own for one change."""
        self._revision += 1
        return self._revision

    def change(self, service: ServiceKey, instance: Instance, *, renews: bool, **fields: object) -> Instance:
        """Decide that an instance changes in `fields`; `renews` restarts its lease. Answers the changed instance."""
        changed = instance.changed(self.next_revision(), self.wall_s, **fields)
        self.events.append(Put(service, changed, instance, self.now_s if renews else None))
        return changed

    def define(self, definition: Definition) -> Definition:
        """Decide that a definition stands as it is given. Answers it stamped."""
        created_s = definition.create_time or self.wall_s
        stamped = replace(definition, create_time=created_s, update_time=self.wall_s, revision=self.next_revision())
        self.events.append(DefinitionPut(stamped))
        return stamped

    def remove(self, service: ServiceKey, instance: Instance, reason: RemovalReason, by_session: str | None = None) -> Removed:
        """Decide that an instance goes. Its override, if any, outlives it for a while."""
        removed = Removed(service, instance, reason, self.next_revision(), by_session)
        self.events.append(removed)
        key = InstanceKey(service, instance.instance_id)
        if key in self.state.overrides:
            self.events.append(OverrideOrphaned(key, self.now_s + self.limits.override_retention_s))
        return removed
