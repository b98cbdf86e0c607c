"""What happens when time is up: leases lapse and expire, lost sessions end, guards open, what is empty or deleted is forgotten."""

from collections import defaultdict
from collections.abc import Sequence

from muster_server.core import guard, sessions
from muster_server.core.commands import InstanceKey, Lapsed, OverrideSet, ServiceForgotten, SessionClosed
from muster_server.core.config_commands import ReleasesCompacted
from muster_server.core.lock_commands import LockFreed
from muster_server.core.model import Health, Instance, RemovalReason, ServiceKey
from muster_server.core.state import GuardTimer, LockTimer, OverrideTimer, ServiceTimer, SessionTimer, Timer
from muster_server.core.turn import Turn

MIN_DELETED_S = 3600.0
MAX_FORGOTTEN = 50


def forget_configs(turn: Turn) -> None:
    """Decide that config items are forgotten which were deleted longer ago than history is kept; an hour in any case.

    At most 50, the others next time: each costs O(items), if little. The hour is longer than any listener can be behind, so that
    none takes a release of a new life for the one of the same number that it was sent.
    """
    configs, kept_s = turn.state.configs, max(turn.limits.history_retention_s, MIN_DELETED_S)
    for key, _ in configs.deletions.due(turn.wall_s - kept_s, MAX_FORGOTTEN):
        turn.events.append(ReleasesCompacted(key, tuple(configs.items[key].releases.values())))


def expire(turn: Turn, due: Sequence[tuple[Timer, float]]) -> None:
    """Decide for the timers that `RegistryState.timers.due` has taken out. Instances are grouped by service for the guard."""
    state = turn.state
    falling: dict[ServiceKey, list[tuple[Instance, float]]] = defaultdict(list)
    opened: dict[ServiceKey, None] = {}
    for timer, deadline_s in due:
        match timer:
            case InstanceKey(service=key, instance_id=instance_id):
                falling[key].append((state.services[key].instances[instance_id], deadline_s))
            case SessionTimer(session=name):
                _session_due(turn, name, falling, deadline_s)
            case OverrideTimer(key=instance_key):
                turn.events.append(OverrideSet(instance_key, None))
            case LockTimer(key=lock_key):
                turn.events.append(LockFreed(lock_key))
            case GuardTimer(service=key):
                opened[key] = None
            case ServiceTimer(service=key):
                turn.events.append(ServiceForgotten(key))
    for key, entries in falling.items():
        _fall(turn, key, entries)
    for key in opened:
        if key in falling:
            state.timers.set(GuardTimer(key), turn.now_s)  # its service is changing in this very turn: open it in the next
        else:
            guard.release(turn, key, state.services[key])


def _session_due(turn: Turn, name: str, falling: dict[ServiceKey, list[tuple[Instance, float]]], deadline_s: float) -> None:
    session = turn.state.sessions[name]
    if session.connection is not None:
        sessions.suspect(turn, session)
        return
    for key, instance in sessions.instances_of(turn, name):
        falling[key].append((instance, deadline_s))
    turn.events.append(SessionClosed(name))


def _fall(turn: Turn, key: ServiceKey, entries: Sequence[tuple[Instance, float]]) -> None:
    service = turn.state.services[key]
    if guard.is_mass_removal(service, (instance.instance_id for instance, _ in entries), turn.now_s, turn.limits):
        guard.hold(turn, key, service, [instance for instance, _ in entries])
        return
    for instance, deadline_s in entries:
        lease = instance.said.lease
        if lease is None:
            turn.remove(key, instance, RemovalReason.CONNECTION_LOST)
        elif instance.instance_id in service.lapsed:
            turn.remove(key, instance, RemovalReason.LEASE_EXPIRED)
        else:
            if instance.health in (Health.HEALTHY, Health.SUSPECT):
                turn.change(key, instance, renews=False, health=Health.UNHEALTHY)
            turn.events.append(Lapsed(InstanceKey(key, instance.instance_id), deadline_s + lease.grace_s))
