"""The rules of restoring: an archive becomes true in one step, what differs from it and nothing else."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from msgspec import structs

from muster_server.core import guard
from muster_server.core.archive import Archive
from muster_server.core.commands import InstanceKey, OverrideOrphaned, OverrideSet, Put
from muster_server.core.described_services import describe as describe_service
from muster_server.core.epochs import EpochBegan
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import Instance, Override, ServiceKey
from muster_server.core.namespaces import describe
from muster_server.core.naming import limit_exceeded
from muster_server.core.restore_commands import Change, RestoreArchive, RestoredArchive
from muster_server.core.restoring_configs import restore_items
from muster_server.core.restoring_definitions import restore_definitions
from muster_server.core.restoring_delivery import restore_delivery
from muster_server.core.turn import Turn


def restore_archive(turn: Turn, command: RestoreArchive) -> RestoredArchive:
    """O(archive). The epoch after it is the present time in Unix milliseconds, or the next number if that is not higher.

    Raises MusterError: SERVICE_KIND_MISMATCH, DEFINITION_EXISTS, LIMIT_EXCEEDED, TOO_LARGE, and what `restore_delivery` raises.
    """
    trial, archive = turn.trial() if command.is_dry_run else turn, command.archive
    epoch = max(int(turn.wall_s * 1000), turn.state.epoch + 1)
    found = [
        *_namespaces(trial, archive),
        *_services(trial, archive),
        *restore_definitions(trial, archive.definitions),
        *restore_items(trial, archive.items, command.author),
        *_overrides(trial, archive),
        *_instances(trial, archive),
        *restore_delivery(trial, archive.delivery, epoch, command.author),
    ]
    if not command.is_dry_run:
        turn.events.append(EpochBegan(epoch))
    changes = sorted(change for change in found if change is not None)
    return RestoredArchive(tuple(changes), len(found) - len(changes))


def _namespaces(turn: Turn, archive: Archive) -> Iterator[Change | None]:
    known, added = turn.state.namespaces, 0
    for namespace in archive.namespaces:
        present = known.get(namespace.name)
        if present is not None and replace(namespace, revision=present.revision) == present:
            yield None
            continue
        added += present is None
        describe(turn, namespace)
        yield Change("namespace", namespace.name, present is None)
    if added and len(known) + added > turn.limits.max_namespaces:
        raise limit_exceeded("described namespaces", turn.limits.max_namespaces)


def _services(turn: Turn, archive: Archive) -> Iterator[Change | None]:
    for key, description in archive.services:
        service = turn.state.services.get(key)
        present = service.description if service is not None else None
        if present is not None and replace(description, revision=present.revision) == present:
            yield None
            continue
        describe_service(turn, key, description)
        yield Change("service", "/".join(key), present is None)


def _overrides(turn: Turn, archive: Archive) -> Iterator[Change | None]:
    """Lay the overrides; an instance that the archive does not hold changes with its own here."""
    archived = {InstanceKey(key, instance.instance_id) for key, instance in archive.instances}
    for key, override in _by_instance(archive).items():
        known = turn.state.overrides.get(key)
        if known == override:
            yield None
            continue
        turn.events.append(OverrideSet(key, override))
        service = turn.state.services.get(key.service)
        instance = service.instances.get(key.instance_id) if service is not None else None
        if instance is None and key not in archived:
            turn.events.append(OverrideOrphaned(key, turn.now_s + turn.limits.override_retention_s))
        elif instance is not None and key not in archived:
            turn.change(key.service, instance, renews=False, override=override)
        yield Change("override", _name(key), known is None)


def _instances(turn: Turn, archive: Archive) -> Iterator[Change | None]:
    services: defaultdict[ServiceKey, list[Instance]] = defaultdict(list)
    for key, instance in archive.instances:
        services[key].append(instance)
    added = sum(_check_service(turn, key, instances) for key, instances in services.items())
    _check_totals(turn, {*services, *(key for key, _ in archive.services)}, added)
    overrides = turn.state.overrides | _by_instance(archive)
    for key, instances in services.items():
        for instance in instances:
            name = InstanceKey(key, instance.instance_id)
            yield _put(turn, name, instance, overrides.get(name))
        guard.release_if_recovered(turn, key)


def _put(turn: Turn, key: InstanceKey, archived: Instance, override: Override | None) -> Change | None:
    service = turn.state.services.get(key.service)
    present = service.instances.get(key.instance_id) if service is not None else None
    is_same = present is not None and (present.said, present.health) == (archived.said, archived.health)
    if present is not None and is_same and present.override == override:
        return None
    revision = turn.next_revision()
    instance = structs.replace(
        archived,
        override=override,
        session=None,
        revision=revision,
        create_revision=present.create_revision if present is not None else revision,
        create_time=present.create_time if present is not None else archived.create_time,
        update_time=turn.wall_s,
    )
    turn.events.append(Put(key.service, instance, present, turn.now_s))
    return None if is_same else Change("instance", _name(key), present is None)


def _check_service(turn: Turn, key: ServiceKey, archived: list[Instance]) -> int:
    """How many instances come to a service. Raises MusterError if others, that stay, are ephemeral, or if there is no room."""
    service, limits = turn.state.services.get(key), turn.limits
    present = service.instances if service is not None else dict[str, Instance]()
    ids = {instance.instance_id for instance in archived}
    for instance_id, instance in present.items():
        if instance_id not in ids and not instance.said.is_persistent:
            problem = f"service {'/'.join(key)} holds ephemeral instances and takes no persistent one"
            raise MusterError(Reason.SERVICE_KIND_MISMATCH, problem, {"kind": "ephemeral"})
    added = len(ids - present.keys())
    if added and len(present) + added > limits.max_instances_per_service:
        raise limit_exceeded("instances of a service", limits.max_instances_per_service)
    return added


def _check_totals(turn: Turn, services: set[ServiceKey], added: int) -> None:
    state, limits = turn.state, turn.limits
    new = sum(key not in state.services for key in services)
    if new and len(state.services) + new > limits.max_services:
        raise limit_exceeded("services", limits.max_services)
    if added and state.instance_count + added > limits.max_instances:
        raise limit_exceeded("instances", limits.max_instances)


def _by_instance(archive: Archive) -> dict[InstanceKey, Override]:
    return {InstanceKey(laid.service, laid.instance_id): laid.override for laid in archive.overrides}


def _name(key: InstanceKey) -> str:
    return f"{'/'.join(key.service)}#{key.instance_id}"
