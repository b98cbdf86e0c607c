"""The mass-removal guard: when most of a service falls silent at once, suspect ourselves before them.

A service is guarded when, counting expiries of the last minute as still there, more than half of it has lapsed. Guarded instances
are SUSPECT and stay. The guard opens when renewals bring the share down to half, or when it has held for `guard_hold_s`; what is
still lapsed then goes the usual way, and the guard is spent until nothing is lapsed any more. Deregistration is never held back.
"""

from collections.abc import Collection, Iterable

from muster_server.core.commands import GuardChanged, InstanceKey, Lapsed, Put, Removed, Renewed
from muster_server.core.model import Health, Instance, RemovalReason, ServiceKey
from muster_server.core.state import Limits, Service
from muster_server.core.turn import Turn


def is_mass_removal(service: Service, falling: Iterable[str], now_s: float, limits: Limits) -> bool:
    """True if `falling` lapsing too would put the service under guard. O(lapsed + falling)."""
    if service.is_guarded:
        return True
    recent = sum(1 for removed_s in service.expiries if removed_s > now_s - limits.guard_window_s)
    total = len(service.instances) + recent
    if service.is_guard_spent or total < limits.guard_min_instances:
        return False
    return len(service.lapsed.union(falling)) + recent > total * limits.guard_fraction


def hold(turn: Turn, key: ServiceKey, service: Service, falling: Iterable[Instance]) -> None:
    """Put a service under guard (if it is not), and make the falling instances SUSPECT instead of anything worse."""
    if not service.is_guarded:
        turn.events.append(GuardChanged(key, turn.now_s + turn.limits.guard_hold_s))
    held = {instance.instance_id: instance for instance in falling}
    for instance_id in service.lapsed:
        held.setdefault(instance_id, service.instances[instance_id])
    for instance in held.values():
        is_orphan = instance.session is not None
        if instance.health is not Health.SUSPECT or is_orphan:
            turn.change(key, instance, renews=False, health=Health.SUSPECT, session=None)
        turn.events.append(Lapsed(InstanceKey(key, instance.instance_id), None))


def release_if_recovered(turn: Turn, key: ServiceKey) -> None:
    """Open the guard if, after what the turn has decided so far, at most half of the service is lapsed.

    Called once for a service, when the command has decided all its changes: a second release would repeat the first one's events.
    """
    service = turn.state.services.get(key)
    if service is None or not service.is_guarded:
        return
    total, recovered = len(service.instances), set[str]()
    for event in turn.events:
        match event:
            case Put(service=changed, instance=instance, previous=previous, lease_from_s=start_s) if changed == key:
                total += previous is None
                if start_s is not None:
                    recovered.add(instance.instance_id)
            case Removed(service=changed, previous=previous) if changed == key:
                total -= 1
                recovered.add(previous.instance_id)
            case Renewed(key=renewed) if renewed.service == key:
                recovered.add(renewed.instance_id)
    if len(service.lapsed - recovered) <= total * turn.limits.guard_fraction:
        release(turn, key, service, recovered)


def release(turn: Turn, key: ServiceKey, service: Service, recovered: Collection[str] = ()) -> None:
    """Open the guard: what is lapsed and has not `recovered` gets its grace now; what lived by a lost session is removed."""
    remaining = [instance for name, instance in service.instances.items() if name in service.lapsed and name not in recovered]
    turn.events.append(GuardChanged(key, None, is_spent=bool(remaining)))
    for instance in remaining:
        lease = instance.said.lease
        if lease is None:
            turn.remove(key, instance, RemovalReason.CONNECTION_LOST)
        else:
            turn.change(key, instance, renews=False, health=Health.UNHEALTHY)
            turn.events.append(Lapsed(InstanceKey(key, instance.instance_id), turn.now_s + lease.grace_s))
