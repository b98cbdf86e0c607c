"""The catalog's state: definitions, schemas and dependencies. Only `apply` changes it."""

from dataclasses import dataclass, field

from muster_server.core.catalog_commands import (
    CatalogEvent,
    DefinitionDeleted,
    DefinitionPut,
    DefinitionRef,
    ProvidersSet,
    SchemaDeleted,
    SchemaPut,
)
from muster_server.core.catalog_model import Definition, DefinitionKey, Schema, default_id, derived_key
from muster_server.core.model import ServiceKey


@dataclass(slots=True)
class Family:
    """What shares a name: the ids of its versions, of those that have it as an alias, and of who depends on it.

    `revision` is that of the last change of any of its versions: what was found by the name may have changed then.
    """

    versions: dict[str, None] = field(default_factory=dict)
    aliased: dict[str, None] = field(default_factory=dict)
    consumers: dict[str, None] = field(default_factory=dict)
    revision: int = 0


class CatalogState:
    """All definitions, by namespace and id in the order of their creation, and what is found by them."""

    def __init__(self) -> None:
        self.definitions: dict[str, dict[str, Definition]] = {}
        self.count = 0
        self.families: dict[ServiceKey, Family] = {}
        self.schemas: dict[DefinitionRef, dict[str, Schema]] = {}
        self.schema_bytes = 0
        self.providers: dict[DefinitionRef, dict[ServiceKey, None]] = {}
        self._homes: dict[DefinitionRef, ServiceKey] = {}

    def get(self, ref: DefinitionRef) -> Definition | None:
        """A definition that was created; None if there is none."""
        return self.definitions.get(ref.namespace, {}).get(ref.definition_id)

    def home_of(self, ref: DefinitionRef) -> ServiceKey | None:
        """The service that has this derived id; None if there is none."""
        return self._homes.get(ref)

    def by_key(self, key: DefinitionKey) -> Definition | None:
        """The definition with exactly this key, the version as it was written."""
        family = self.families.get(key.service)
        known = self.definitions.get(key.namespace, {})
        return next((known[i] for i in family.versions if known[i].key.version == key.version), None) if family else None

    def by_alias(self, definition: Definition) -> Definition | None:
        """The definition that has this one's alias and version."""
        family = self.families.get(definition.alias_service)
        known = self.definitions.get(definition.key.namespace, {})
        version = definition.key.version
        return next((known[i] for i in family.aliased if known[i].key.version == version), None) if family else None

    def note_service(self, service: ServiceKey) -> None:
        """A service is known from now on: instances without a definition may come."""
        self._homes[_derived_ref(service)] = service

    def forget_service(self, service: ServiceKey) -> None:
        """A service is known no more."""
        self._homes.pop(_derived_ref(service), None)

    def apply(self, event: CatalogEvent) -> None:
        """Make an event true. Events come from `decide` on this very state, so nothing is checked here."""
        match event:
            case DefinitionPut(definition=definition):
                self._put(definition)
            case DefinitionDeleted(definition=definition, revision=revision):
                self._delete(definition, revision)
            case SchemaPut(ref=ref, schema=schema):
                schemas = self.schemas.setdefault(ref, {})
                previous = schemas.get(schema.schema_id)
                self.schema_bytes += schema.size_bytes - (previous.size_bytes if previous else 0)
                schemas[schema.schema_id] = schema
            case SchemaDeleted(ref=ref, schema_id=schema_id):
                self.schema_bytes -= self.schemas[ref].pop(schema_id).size_bytes
            case ProvidersSet(consumer=consumer, providers=providers):
                self._set_providers(consumer, dict.fromkeys(providers))

    def _put(self, definition: Definition) -> None:
        namespace, definition_id = definition.key.namespace, definition.definition_id
        known = self.definitions.setdefault(namespace, {})
        previous = known.get(definition_id)
        self.count += previous is None
        known[definition_id] = definition
        if previous is not None and previous.alias not in ("", definition.alias):
            self._drop_alias(previous, definition.revision)
        family = self._family(definition.key.service)
        family.versions[definition_id] = None
        family.revision = definition.revision
        if definition.alias:
            aliased = self._family(definition.alias_service)
            aliased.aliased[definition_id] = None
            aliased.revision = definition.revision

    def _delete(self, definition: Definition, revision: int) -> None:
        namespace, definition_id = definition.key.namespace, definition.definition_id
        ref = DefinitionRef(namespace, definition_id)
        self._set_providers(ref, {})
        self.schema_bytes -= sum(schema.size_bytes for schema in self.schemas.pop(ref, {}).values())
        if self.definitions.get(namespace, {}).pop(definition_id, None) is None:
            return
        self.count -= 1
        if not self.definitions[namespace]:
            del self.definitions[namespace]
        family = self.families[definition.key.service]
        family.versions.pop(definition_id, None)
        family.revision = revision
        if definition.alias:
            self._drop_alias(definition, revision)
        self._tidy(definition.key.service)

    def _drop_alias(self, definition: Definition, revision: int) -> None:
        aliased = self.families[definition.alias_service]
        aliased.aliased.pop(definition.definition_id, None)
        aliased.revision = revision
        self._tidy(definition.alias_service)

    def _set_providers(self, consumer: DefinitionRef, providers: dict[ServiceKey, None]) -> None:
        for service in self.providers.pop(consumer, {}):
            self.families[service].consumers.pop(consumer.definition_id, None)
            if service not in providers:
                self._tidy(service)
        if providers:
            self.providers[consumer] = providers
        for service in providers:
            self._family(service).consumers[consumer.definition_id] = None

    def _family(self, service: ServiceKey) -> Family:
        return self.families.setdefault(service, Family())

    def _tidy(self, service: ServiceKey) -> None:
        family = self.families.get(service)
        if family is not None and not (family.versions or family.aliased or family.consumers):
            del self.families[service]


def _derived_ref(service: ServiceKey) -> DefinitionRef:
    return DefinitionRef(service.namespace, default_id(derived_key(service)))
