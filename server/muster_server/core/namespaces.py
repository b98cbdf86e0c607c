"""The rules of namespaces. One exists because it is described, or because something is in it; `default` always exists."""

import itertools
from dataclasses import dataclass, replace

from muster_server.core import guard
from muster_server.core.catalog_rules import forget
from muster_server.core.commands import ServiceForgotten
from muster_server.core.config_model import ConfigKey
from muster_server.core.config_rules import delete_all
from muster_server.core.delivery_model import Application, Environment
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import DEFAULT_NAMESPACE, MAX_NAME_BYTES, RemovalReason, ServiceKey, checked_text
from muster_server.core.namespace_commands import (
    CreateNamespace,
    DeleteNamespace,
    Namespace,
    NamespaceCommand,
    NamespaceDeleted,
    NamespaceDescribed,
    NamespaceForgotten,
    UpdateNamespace,
)
from muster_server.core.naming import limit_exceeded
from muster_server.core.service_commands import ServiceUndescribed
from muster_server.core.state import RegistryState
from muster_server.core.turn import Turn


@dataclass(frozen=True, slots=True)
class NamespaceSummary:
    """A namespace at a glance. `is_described` is False if it is only used, or is `default` as it came."""

    namespace: Namespace
    is_described: bool
    service_count: int
    instance_count: int
    config_count: int
    definition_count: int


def decide_namespace(turn: Turn, command: NamespaceCommand) -> Namespace | NamespaceDeleted:
    """Collect in `turn.events` what a command means, and answer what its class says. Raises MusterError; then nothing happened."""
    match command:
        case CreateNamespace():
            return create(turn, command)
        case UpdateNamespace():
            return update(turn, command)
        case DeleteNamespace():
            return delete(turn, command)


def create(turn: Turn, command: CreateNamespace) -> Namespace:
    """Raises MusterError: NAMESPACE_EXISTS, LIMIT_EXCEEDED."""
    name, described = command.namespace.name, turn.state.namespaces
    if name in described or name == DEFAULT_NAMESPACE:
        raise MusterError(Reason.NAMESPACE_EXISTS, f"namespace {name!r} exists already")
    if len(described) >= turn.limits.max_namespaces:
        raise limit_exceeded("described namespaces", turn.limits.max_namespaces)
    return describe(turn, command.namespace)


def update(turn: Turn, command: UpdateNamespace) -> Namespace:
    """The same description again is no change. Raises MusterError: NAMESPACE_NOT_FOUND, LIMIT_EXCEEDED."""
    name = command.namespace.name
    known = turn.state.namespaces.get(name)
    if known is None and not exists(turn.state, name):
        raise namespace_not_found(name)
    if known is None and len(turn.state.namespaces) >= turn.limits.max_namespaces:
        raise limit_exceeded("described namespaces", turn.limits.max_namespaces)
    if known is not None and replace(command.namespace, revision=known.revision) == known:
        return known
    return describe(turn, command.namespace)


def delete(turn: Turn, command: DeleteNamespace) -> NamespaceDeleted:
    """O(what is in it). Services that become empty are known for a while, as ever.

    What is delivered there does not go with it, even if that is forced: to stop programs takes a while, and may fail.

    Raises MusterError: INVALID_FIELD, NAMESPACE_DEFAULT, NAMESPACE_NOT_FOUND, NAMESPACE_NOT_EMPTY.
    """
    name, state = checked_text("name", command.name, MAX_NAME_BYTES, is_required=True), turn.state
    if name == DEFAULT_NAMESPACE:
        raise MusterError(Reason.NAMESPACE_DEFAULT, f"namespace {name!r} cannot be deleted")
    environments, applications = len(state.delivery.members(Environment, name)), len(state.delivery.members(Application, name))
    if environments or applications:
        raise MusterError(
            Reason.NAMESPACE_NOT_EMPTY,
            f"{environments} environments and {applications} applications are in namespace {name!r}: delete them first",
            {"environment_count": str(environments), "application_count": str(applications)},
        )
    if not exists(state, name):
        raise namespace_not_found(name)
    instances, services, configs = state.instance_tally[name], state.described_tally[name], state.configs.live_tally[name]
    definitions = list(state.catalog.definitions.get(name, {}).values())
    if (instances or services or configs or definitions) and not command.is_forced:
        held = {
            "instance_count": instances,
            "service_count": services,
            "config_count": configs,
            "definition_count": len(definitions),
        }
        raise MusterError(
            Reason.NAMESPACE_NOT_EMPTY,
            f"there are {instances} instances, {services} described services, {configs} config items and {len(definitions)}"
            f" definitions in namespace {name!r}",
            {what: str(count) for what, count in held.items()},
        )
    for key in itertools.takewhile(lambda key: key.namespace == name, state.services_after(ServiceKey(name, "", ""))):
        _empty(turn, key)
    delete_all(turn, itertools.takewhile(lambda key: key.namespace == name, state.configs.after(ConfigKey(name, "", ""))))
    for definition in definitions:
        forget(turn, definition)
    if name in state.namespaces:
        turn.events.append(NamespaceForgotten(name, turn.next_revision()))
    return NamespaceDeleted(instances, configs, len(definitions))


def _empty(turn: Turn, key: ServiceKey) -> None:
    """Decide that a service has no instances and no description; what was only described is forgotten at once."""
    service = turn.state.services[key]
    if service.description is not None:
        turn.events.append(ServiceUndescribed(key, turn.next_revision()))
        if not service.instances:
            turn.events.append(ServiceForgotten(key))
    for instance in service.instances.values():
        turn.remove(key, instance, RemovalReason.ADMIN)
    guard.release_if_recovered(turn, key)


def describe(turn: Turn, namespace: Namespace) -> Namespace:
    """Decide that a namespace has this description, whatever was before."""
    stamped = replace(namespace, revision=turn.next_revision())
    turn.events.append(NamespaceDescribed(stamped))
    return stamped


def summary(state: RegistryState, name: str) -> NamespaceSummary:
    """One namespace at a glance."""
    described = state.namespaces.get(name)
    return NamespaceSummary(
        described or Namespace(name),
        described is not None,
        state.service_tally[name],
        state.instance_tally[name],
        state.configs.live_tally[name],
        len(state.catalog.definitions.get(name, ())),
    )


def summaries(state: RegistryState) -> list[NamespaceSummary]:
    """All that are described or used, and `default`; ordered by name. O(namespaces)."""
    tallies = (state.instance_tally, state.described_tally, state.configs.live_tally, state.catalog.definitions)
    names = {DEFAULT_NAMESPACE, *state.namespaces, *(name for tally in tallies for name in tally)}
    return [summary(state, name) for name in sorted(names)]


def exists(state: RegistryState, name: str) -> bool:
    """True if a namespace is described or used, or is `default`."""
    is_used = state.instance_tally[name] or state.described_tally[name] or state.configs.live_tally[name]
    is_used = is_used or name in state.catalog.definitions
    return bool(is_used) or name in state.namespaces or name == DEFAULT_NAMESPACE


def namespace_not_found(name: str) -> MusterError:
    """The error for a namespace that is neither described nor used."""
    return MusterError(Reason.NAMESPACE_NOT_FOUND, f"there is no namespace {name!r}")
