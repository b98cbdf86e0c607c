"""What is seen of the catalog: definitions, derived ones included, their instances, and who may see whom.

Instances that came without a definition belong to a derived one, which has the default version. It is not in the state: it is made
of the service when it is looked at, and put into the state when it is changed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from muster_server.core import versions
from muster_server.core.catalog_commands import DefinitionRef
from muster_server.core.catalog_model import Definition, default_id, derived_key
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import Instance, ServiceKey
from muster_server.core.state import RegistryState


@dataclass(frozen=True, slots=True)
class Provider:
    """A service that somebody depends on, with its versions, that for instances without a definition (`undefined_id`) included.

    `hidden_ids` are those that the consumer may not see.
    """

    service: ServiceKey
    definitions: tuple[Definition, ...]
    undefined_id: str
    hidden_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Providers:
    """What one definition depends on."""

    consumer: DefinitionRef
    providers: tuple[Provider, ...]


def seen(state: RegistryState, ref: DefinitionRef) -> Definition | None:
    """A definition, created or derived; None if there is none."""
    created = state.catalog.get(ref)
    if created is not None:
        return created
    home = state.catalog.home_of(ref)
    return derived(state, home) if home is not None else None


def found(state: RegistryState, ref: DefinitionRef) -> Definition:
    """A definition, created or derived. Raises MusterError: DEFINITION_NOT_FOUND."""
    definition = seen(state, ref)
    if definition is None:
        raise definition_not_found(ref.definition_id)
    return definition


def derived(state: RegistryState, service: ServiceKey) -> Definition | None:
    """What stands for the instances of a service that have no definition; None if there are none, or if it was created."""
    known = state.services.get(service)
    if known is None or not known.undefined_count:
        return None
    definition = Definition(derived_key(service), revision=known.revision)
    return definition if state.catalog.by_key(definition.key) is None else None


def of_service(state: RegistryState, service: ServiceKey) -> list[Definition]:
    """Every version of a service."""
    return [*_with_ids(state, service.namespace, _versions(state, service)), *_derived(state, service)]


def named(state: RegistryState, service: ServiceKey) -> list[Definition]:
    """Every version of a service, by its name, else by its alias."""
    definitions = of_service(state, service)
    if definitions:
        return definitions
    family = state.catalog.families.get(service)
    return _with_ids(state, service.namespace, family.aliased) if family is not None else []


def all_in(state: RegistryState, namespace: str) -> list[Definition]:
    """The definitions of a namespace as they were created, derived ones last. O(definitions + services of the namespace)."""
    created = sorted(state.catalog.definitions.get(namespace, {}).values(), key=lambda definition: definition.create_time)
    for service in state.services_after(ServiceKey(namespace, "", "")):
        if service.namespace != namespace:
            break
        created += _derived(state, service)
    return created


def resolved(state: RegistryState, service: ServiceKey, rule: str) -> Definition:
    """The highest version that a rule selects. Raises MusterError: DEFINITION_NOT_FOUND, VERSION_NOT_FOUND."""
    definitions = named(state, service)
    if not definitions:
        raise definition_not_found(service.name)
    exact = [definition for definition in definitions if definition.key.version == rule]
    if exact:
        return exact[0]
    if versions.parsed(rule) is None:
        chosen = versions.selected(rule, {index: definition.key.version for index, definition in enumerate(definitions)})
        if chosen:
            return definitions[chosen[-1]]
    raise MusterError(Reason.VERSION_NOT_FOUND, f"service {service.name!r} has no version {rule!r}")


def instances_of(state: RegistryState, definition: Definition) -> list[Instance]:
    """The instances of a definition. O(instances of its service)."""
    service = state.services.get(definition.key.service)
    if service is None:
        return []
    definition_id = definition.definition_id
    takes_undefined = definition_id == default_id(derived_key(definition.key.service)) if service.undefined_count else False
    if takes_undefined and service.undefined_count == len(service.instances):
        return list(service.instances.values())
    return [
        instance
        for instance in service.instances.values()
        if instance.said.definition_id == definition_id or (takes_undefined and not instance.said.definition_id)
    ]


def is_visible(consumer: Definition | None, provider: Definition) -> bool:
    """True if a consumer may see a provider: of its own group and environment, or open to other groups. Nobody sees everything."""
    if consumer is None:
        return True
    mine, its = consumer.key, provider.key
    return its.environment == mine.environment and (its.group == mine.group or provider.is_cross_group)


def providers_of(state: RegistryState, ref: DefinitionRef) -> Iterable[ServiceKey]:
    """The services that a definition depends on."""
    return state.catalog.providers.get(ref, ())


def dependencies(state: RegistryState, consumer: Definition) -> Providers:
    """What a definition depends on."""
    ref = DefinitionRef(consumer.key.namespace, consumer.definition_id)
    return Providers(ref, tuple(_provider(state, consumer, service) for service in providers_of(state, ref)))


def consumers_of(state: RegistryState, service: ServiceKey) -> list[Definition]:
    """Who depends on a service."""
    family = state.catalog.families.get(service)
    refs = (DefinitionRef(service.namespace, consumer) for consumer in family.consumers) if family is not None else ()
    return [definition for definition in (seen(state, ref) for ref in refs) if definition is not None]


def definition_not_found(what: str) -> MusterError:
    """The error for a definition that is not there."""
    return MusterError(Reason.DEFINITION_NOT_FOUND, f"there is no definition {what!r}")


def _provider(state: RegistryState, consumer: Definition, service: ServiceKey) -> Provider:
    created = _with_ids(state, service.namespace, _versions(state, service))
    key = derived_key(service)
    undefined = state.catalog.by_key(key) or Definition(key)
    every = created if undefined in created else [*created, undefined]
    hidden = tuple(definition.definition_id for definition in every if not is_visible(consumer, definition))
    return Provider(service, tuple(every), undefined.definition_id, hidden)


def _versions(state: RegistryState, service: ServiceKey) -> Iterable[str]:
    family = state.catalog.families.get(service)
    return family.versions if family is not None else ()


def _with_ids(state: RegistryState, namespace: str, ids: Iterable[str]) -> list[Definition]:
    known = state.catalog.definitions.get(namespace, {})
    return [known[definition_id] for definition_id in ids]


def _derived(state: RegistryState, service: ServiceKey) -> Iterator[Definition]:
    definition = derived(state, service)
    if definition is not None:
        yield definition
