"""The rules of registration: how instances come, change, renew and go at their clients' or operators' word."""

from typing import cast

from msgspec.structs import fields, replace

from muster_server.core import guard
from muster_server.core.catalog_commands import DefinitionRef
from muster_server.core.catalog_view import definition_not_found, found
from muster_server.core.commands import (
    AddressQuery,
    Deregister,
    InstanceKey,
    InstanceRef,
    LayOverride,
    OverrideSet,
    Put,
    Register,
    Removed,
    Renew,
    Renewed,
    SetAdminState,
    Update,
)
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import Address, Health, Instance, Lease, Override, Registration, RemovalReason, ServiceKey
from muster_server.core.state import Service
from muster_server.core.turn import Turn

_LEASE_FIELDS = frozenset(entry.name for entry in fields(Lease))


def register(turn: Turn, command: Register) -> Instance:
    """Put an instance. The same content again renews its lease and is no change.

    Raises MusterError: REVISION_MISMATCH, SERVICE_KIND_MISMATCH, SESSION_NOT_FOUND, DEFINITION_NOT_FOUND, LIMIT_EXCEEDED.
    """
    instance = place(turn, command)
    guard.release_if_recovered(turn, command.service)
    return instance


def place(turn: Turn, command: Register) -> Instance:
    """Register, but leave the guard to the caller, who may have more to decide. Raises as `register` does."""
    state, said = turn.state, command.registration
    if command.session is not None and command.session not in state.sessions:
        raise session_not_found()
    if said.definition_id:
        _define(turn, command.service, said.definition_id)
    service = state.services.get(command.service)
    if service is not None and command.is_id_reused:
        said = _with_known_id(service, said)
    previous = service.instances.get(said.instance_id) if service else None
    check_revision(previous, command.expected_revision)
    _check_room(turn, service, previous, said)
    key = InstanceKey(command.service, said.instance_id)
    if service is not None and command.is_address_unique:
        _replace_others(turn, command.service, service, said)
    is_same = previous is not None and previous.said == said and previous.session == command.session
    if previous is not None and is_same and previous.health is said.health:
        turn.events.append(Renewed(key, turn.now_s))
        return previous
    revision = turn.next_revision()
    instance = Instance(
        said=said,
        health=said.health,
        override=state.overrides.get(key),
        session=command.session,
        revision=revision,
        create_revision=previous.create_revision if previous else revision,
        create_time=previous.create_time if previous else turn.wall_s,
        update_time=turn.wall_s,
    )
    turn.events.append(Put(command.service, instance, previous, turn.now_s))
    return instance


def _define(turn: Turn, service: ServiceKey, definition_id: str) -> None:
    """See that a definition's instances may register in a service; a derived one is made by it. Raises DEFINITION_NOT_FOUND."""
    ref = DefinitionRef(service.namespace, definition_id)
    definition = found(turn.state, ref)
    if definition.key.service != service:
        raise definition_not_found(definition_id)
    if turn.state.catalog.get(ref) is None:
        turn.define(definition)


def _check_room(turn: Turn, service: Service | None, previous: Instance | None, said: Registration) -> None:
    state, limits = turn.state, turn.limits
    if service is None and len(state.services) >= limits.max_services:
        raise limit_exceeded("services", limits.max_services)
    if service is not None and service.instances:
        others = next(iter(service.instances.values()))
        is_alone = previous is not None and len(service.instances) == 1
        if others.said.is_persistent is not said.is_persistent and not is_alone:
            has, wants = ("persistent", "ephemeral") if others.said.is_persistent else ("ephemeral", "persistent")
            raise MusterError(
                Reason.SERVICE_KIND_MISMATCH, f"the service holds {has} instances and takes no {wants} one", {"kind": has}
            )
    if previous is None:
        if state.instance_count >= limits.max_instances:
            raise limit_exceeded("instances", limits.max_instances)
        if service is not None and len(service.instances) >= limits.max_instances_per_service:
            raise limit_exceeded("instances of a service", limits.max_instances_per_service)


def _replace_others(turn: Turn, key: ServiceKey, service: Service, said: Registration) -> None:
    for instance_id in service.ids_at(said.address):
        if instance_id != said.instance_id:
            turn.remove(key, service.instances[instance_id], RemovalReason.REPLACED)


def _with_known_id(service: Service, said: Registration) -> Registration:
    """The registration under the id that an instance of the same definition with the same endpoints has, if there is one."""
    wanted = set(said.endpoints)
    for endpoint in wanted:
        for instance_id in service.ids_at(Address(endpoint.host, endpoint.port)):
            other = service.instances[instance_id].said
            if other.definition_id == said.definition_id and set(other.endpoints) == wanted:
                return replace(said, instance_id=instance_id)
    return said


def deregister(turn: Turn, command: Deregister) -> Removed | None:
    """Remove an instance; None if it was missing and may be.

    Raises MusterError: INSTANCE_NOT_FOUND, INSTANCE_NOT_OWNED, REVISION_MISMATCH.
    """
    instance = turn.state.find(command.ref)
    if instance is None:
        if command.is_missing_allowed:
            return None
        raise instance_not_found(command.ref)
    if command.session is not None and instance.session != command.session:
        raise MusterError(Reason.INSTANCE_NOT_OWNED, f"instance {instance.instance_id!r} does not belong to this session")
    check_revision(instance, command.expected_revision)
    removed = turn.remove(command.ref.service, instance, command.reason, command.session)
    guard.release_if_recovered(turn, command.ref.service)
    return removed


def renew(turn: Turn, command: Renew) -> tuple[InstanceRef, ...]:
    """Renew leases; answers the refs that point at nothing."""
    missing: list[InstanceRef] = []
    seen: set[InstanceKey] = set()
    recovering: dict[ServiceKey, None] = {}
    for ref in command.refs:
        instance = turn.state.find(ref)
        if instance is None:
            missing.append(ref)
            continue
        lease, key = instance.said.lease, InstanceKey(ref.service, instance.instance_id)
        if lease is None or lease.is_paused or key in seen:
            continue
        seen.add(key)
        if instance.health is Health.HEALTHY:
            turn.events.append(Renewed(key, turn.now_s))
        else:
            turn.change(ref.service, instance, renews=True, health=Health.HEALTHY)
            recovering[ref.service] = None
    for service in recovering:
        guard.release_if_recovered(turn, service)
    return tuple(missing)


def update(turn: Turn, command: Update) -> Instance:
    """Change fields of an instance. Changing health or lease renews the lease, even to the same value.

    Raises MusterError: INSTANCE_NOT_FOUND, REVISION_MISMATCH, INVALID_FIELD.
    """
    instance = _found(turn, command.ref)
    check_revision(instance, command.expected_revision)
    changes = dict(command.changes)
    lease_changes = {name: changes.pop(name) for name in _LEASE_FIELDS & changes.keys()}
    if lease_changes:
        if instance.said.lease is None:
            raise MusterError.invalid("lease", "the instance has none: it is persistent or lives by a session")
        changes["lease"] = replace(instance.said.lease, **lease_changes)
    said = replace(instance.said, **changes)
    health = cast("Health", changes.get("health", instance.health))
    renews = bool(lease_changes) or "health" in changes
    if said == instance.said and health is instance.health and not command.is_touched:
        if renews and said.lease is not None:
            turn.events.append(Renewed(InstanceKey(command.ref.service, instance.instance_id), turn.now_s))
            guard.release_if_recovered(turn, command.ref.service)
        return instance
    changed = turn.change(command.ref.service, instance, renews=renews, said=said, health=health)
    if renews:
        guard.release_if_recovered(turn, command.ref.service)
    return changed


def set_admin_state(turn: Turn, command: SetAdminState) -> Instance:
    """Lay or lift the state of an override. Raises MusterError: INSTANCE_NOT_FOUND."""
    return lay_override(turn, LayOverride(command.ref, {"state": command.state}, command.author, command.comment))


def lay_override(turn: Turn, command: LayOverride) -> Instance:
    """Change parts of an override; one without any is lifted. Raises MusterError: INSTANCE_NOT_FOUND, REVISION_MISMATCH."""
    instance = _found(turn, command.ref)
    check_revision(instance, command.expected_revision)
    signed = {"author": command.author, "comment": command.comment, "set_time": turn.wall_s}
    laid = replace(instance.override or Override(None), **signed, **command.changes)
    override = None if laid.is_empty else laid
    if override is None and instance.override is None:
        return instance
    turn.events.append(OverrideSet(InstanceKey(command.ref.service, instance.instance_id), override))
    return turn.change(command.ref.service, instance, renews=False, override=override)


def check_revision(instance: Instance | None, expected: int | None) -> None:
    """Raises MusterError (REVISION_MISMATCH) unless the instance has the expected revision; 0 is that of a missing one."""
    current = instance.revision if instance else 0
    if expected is not None and expected != current:
        raise MusterError(Reason.REVISION_MISMATCH, f"the revision is {current}, not {expected}", {"revision": str(current)})


def instance_not_found(ref: InstanceRef) -> MusterError:
    """The error for a ref that points at nothing."""
    target = ref.target
    what = f"at {target.address.host}:{target.address.port}" if isinstance(target, AddressQuery) else repr(target)
    return MusterError(Reason.INSTANCE_NOT_FOUND, f"no instance {what} in service {ref.service.name!r}")


def session_not_found() -> MusterError:
    """The error for a session that is over or never was."""
    return MusterError(Reason.SESSION_NOT_FOUND, "the session is unknown or over: say hello without its id")


def limit_exceeded(what: str, limit: int) -> MusterError:
    """The error for a full registry."""
    return MusterError(Reason.LIMIT_EXCEEDED, f"at most {limit} {what}", {"limit": str(limit)})


def _found(turn: Turn, ref: InstanceRef) -> Instance:
    instance = turn.state.find(ref)
    if instance is None:
        raise instance_not_found(ref)
    return instance
