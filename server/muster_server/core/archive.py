"""What a backup holds: everything that is durable, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from msgspec import structs

from muster_server.core.archived_delivery import Archived, moved
from muster_server.core.catalog_commands import DefinitionRef
from muster_server.core.catalog_model import Definition, Schema, default_id, definition_key
from muster_server.core.config_model import ConfigKey, Release, config_key
from muster_server.core.delivery_model import ApplicationConfig
from muster_server.core.errors import MusterError
from muster_server.core.model import Instance, Override, ServiceKey, service_key
from muster_server.core.namespace_commands import Namespace
from muster_server.core.service_commands import ServiceDescription


@dataclass(frozen=True, slots=True)
class ArchivedItem:
    """A config item with its kept history, oldest first, and contents by number: of all releases, or of those that lines show."""

    key: ConfigKey
    releases: tuple[Release, ...]
    contents: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class ArchivedOverride:
    """An override, and over which instance it is laid."""

    service: ServiceKey
    instance_id: str
    override: Override


@dataclass(frozen=True, slots=True)
class ArchivedDefinition:
    """A definition with the schemas that have content, and the services that it depends on."""

    definition: Definition
    schemas: tuple[Schema, ...] = ()
    providers: tuple[ServiceKey, ...] = ()

    @property
    def ref(self) -> DefinitionRef:
        """Which one it is."""
        return DefinitionRef(self.definition.key.namespace, self.definition.definition_id)

    def moved(self, namespace: str) -> "ArchivedDefinition":
        """The same in another namespace. An id that follows from the names follows from the new ones."""
        was = self.definition
        key = definition_key(namespace, was.key.group, was.key.name, was.key.environment, was.key.version)
        definition_id = default_id(key) if was.definition_id == default_id(was.key) else was.definition_id
        providers = tuple(service_key(namespace, provider.group, provider.name) for provider in self.providers)
        return ArchivedDefinition(replace(was, key=key, definition_id=definition_id), self.schemas, providers)


@dataclass(frozen=True, slots=True)
class Archive:
    """Namespaces, config items, persistent instances in order of registration, overrides, services, definitions: each only once.

    And what is delivered, each after what it belongs to.
    """

    namespaces: tuple[Namespace, ...] = ()
    items: tuple[ArchivedItem, ...] = ()
    instances: tuple[tuple[ServiceKey, Instance], ...] = ()
    overrides: tuple[ArchivedOverride, ...] = ()
    services: tuple[tuple[ServiceKey, ServiceDescription], ...] = ()
    definitions: tuple[ArchivedDefinition, ...] = ()
    delivery: tuple[Archived, ...] = ()

    def namespace_names(self) -> set[str]:
        """The namespaces that anything in it is of."""
        return {
            *(namespace.name for namespace in self.namespaces),
            *(item.key.namespace for item in self.items),
            *(key.namespace for key, _ in self.instances),
            *(laid.service.namespace for laid in self.overrides),
            *(key.namespace for key, _ in self.services),
            *(archived.definition.key.namespace for archived in self.definitions),
            *(archived.namespace for archived in self.delivery if not isinstance(archived, ApplicationConfig)),
        }

    def moved(self, namespace: str) -> "Archive":
        """The same in another namespace. Raises MusterError (INVALID_FIELD) if it holds several, or if a name gets too long."""
        if len(self.namespace_names()) > 1:
            raise MusterError.invalid("into_namespace", "must be empty: the archive holds several namespaces")
        if self.namespace_names() == {namespace}:
            return self

        def service(key: ServiceKey) -> ServiceKey:
            return service_key(namespace, key.group, key.name)

        try:
            definitions = tuple(archived.moved(namespace) for archived in self.definitions)
            ids = {
                was.definition.definition_id: now.definition.definition_id
                for was, now in zip(self.definitions, definitions, strict=True)
            }
            return Archive(
                tuple(replace(described, name=namespace) for described in self.namespaces),
                tuple(replace(item, key=config_key(namespace, item.key.group, item.key.name)) for item in self.items),
                tuple((service(key), _with_definition(instance, ids)) for key, instance in self.instances),
                tuple(replace(laid, service=service(laid.service)) for laid in self.overrides),
                tuple((service(key), description) for key, description in self.services),
                definitions,
                tuple(moved(archived, namespace) for archived in self.delivery),
            )
        except MusterError as error:
            raise MusterError.invalid("into_namespace", f"does not do: {error.message}") from error


def _with_definition(instance: Instance, ids: Mapping[str, str]) -> Instance:
    """The instance with what has become of its definition's id."""
    definition_id = ids.get(instance.said.definition_id, instance.said.definition_id)
    return structs.replace(instance, said=structs.replace(instance.said, definition_id=definition_id))
