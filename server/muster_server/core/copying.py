"""A copy of what is durable, as it stands at one moment."""

from collections.abc import Callable, Iterable, Iterator

from muster_server.core.archive import Archive, ArchivedDefinition, ArchivedItem, ArchivedOverride
from muster_server.core.archived_delivery import Archived
from muster_server.core.catalog_commands import DefinitionRef
from muster_server.core.delivery_model import Application, Component, Environment
from muster_server.core.delivery_state import DeliveryState
from muster_server.core.deployment_model import Deployment
from muster_server.core.model import Instance, ServiceKey
from muster_server.core.service_commands import ServiceDescription
from muster_server.core.state import RegistryState


def copied(state: RegistryState, namespace: str = "") -> Archive:
    """What is durable as it stands now, of one namespace or (empty) of all; contents of those releases only that lines show.

    O(everything), but nothing is copied except references: what is kept of an item or an instance never changes.
    """

    def is_wanted(name: str) -> bool:
        return namespace in ("", name)

    instances = [entry for entry in _persistent(state) if is_wanted(entry[0].namespace)]
    return Archive(
        tuple(state.namespaces[name] for name in sorted(state.namespaces) if is_wanted(name)),
        tuple(
            ArchivedItem(key, tuple(item.releases.values()), {line.release.number: line.content for line in item.lines.values()})
            for key, item in sorted(state.configs.items.items(), key=lambda entry: entry[0])
            if is_wanted(key.namespace)
        ),
        tuple(sorted(instances, key=lambda entry: entry[1].create_revision)),
        tuple(ArchivedOverride(*key, state.overrides[key]) for key in sorted(state.overrides) if is_wanted(key.service.namespace)),
        tuple(sorted(entry for entry in _described(state) if is_wanted(entry[0].namespace))),
        tuple(_definitions(state, [name for name in sorted(state.catalog.definitions) if is_wanted(name)])),
        tuple(_delivery(state.delivery, is_wanted)),
    )


def _definitions(state: RegistryState, namespaces: Iterable[str]) -> Iterator[ArchivedDefinition]:
    """In the order of their creation. What derived ones depend on is no part of it: they come and go with their instances."""
    catalog = state.catalog
    for namespace in namespaces:
        for definition in sorted(catalog.definitions[namespace].values(), key=lambda one: (one.create_time, one.definition_id)):
            ref = DefinitionRef(namespace, definition.definition_id)
            schemas = sorted(catalog.schemas.get(ref, {}).values(), key=lambda schema: schema.schema_id)
            yield ArchivedDefinition(definition, tuple(schemas), tuple(catalog.providers.get(ref, ())))


def _delivery(delivery: DeliveryState, is_wanted: Callable[[str], bool]) -> Iterator[Archived]:
    """Each after what it belongs to, in the order of their creation. What is being deleted is wanted by nobody any more."""
    things = sorted(delivery.things.values(), key=lambda thing: (thing.create_s, thing.id))
    things = [thing for thing in things if is_wanted(thing.namespace)]
    yield from (thing for thing in things if isinstance(thing, Environment))
    yield from (thing for thing in things if isinstance(thing, Application))
    yield from (thing for thing in things if isinstance(thing, Component) and not thing.is_deleting)
    for thing in things:
        if isinstance(thing, Application):
            yield from delivery.configs.get(thing.id, {}).values()
    yield from (thing for thing in things if isinstance(thing, Deployment) and not thing.is_dropped)


def _described(state: RegistryState) -> Iterator[tuple[ServiceKey, ServiceDescription]]:
    for key, service in state.services.items():
        if service.description is not None:
            yield key, service.description


def _persistent(state: RegistryState) -> Iterator[tuple[ServiceKey, Instance]]:
    for key, service in state.services.items():
        for instance in service.instances.values():
            if instance.said.is_persistent:
                yield key, instance
