"""What can be asked of the catalog, and what can happen to it: frozen values, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from muster_server.core.catalog_model import Definition, DefinitionKey, Schema
from muster_server.core.model import ServiceKey


class DefinitionRef(NamedTuple):
    """Points at one definition."""

    namespace: str
    definition_id: str


@dataclass(frozen=True, slots=True)
class CreateDefinition:
    """Put a definition, or find the one that is in its place. `has_id`: the id was asked for. Answers `Created`."""

    definition: Definition
    has_id: bool = False


@dataclass(frozen=True, slots=True)
class ChangeDefinition:
    """Change fields: properties, tags, is_cross_group, attributes. Answers the Definition."""

    ref: DefinitionRef
    changes: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ChangeTags:
    """Change and remove tags that exist. Answers the Definition."""

    ref: DefinitionRef
    changed: Mapping[str, str]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeleteDefinition:
    """Delete a definition; by force with its instances. Answers None."""

    ref: DefinitionRef
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class PutSchemas:
    """Put schemas, or make them all that there are. Answers None."""

    ref: DefinitionRef
    schemas: tuple[Schema, ...]
    is_all: bool = False


@dataclass(frozen=True, slots=True)
class DeleteSchema:
    """Take the content of a schema away. Answers None."""

    ref: DefinitionRef
    schema_id: str


@dataclass(frozen=True, slots=True)
class SetDependencies:
    """Say which services consumers call; `is_all`: and no others. Answers None."""

    dependencies: tuple[tuple[DefinitionKey, tuple[ServiceKey, ...]], ...]
    is_all: bool = False


@dataclass(frozen=True, slots=True)
class AddProviders:
    """A consumer asked for these services: it depends on them from now on. Ignored if there is no such consumer. Answers None."""

    consumer: DefinitionRef
    providers: tuple[ServiceKey, ...]


CatalogCommand = (
    CreateDefinition | ChangeDefinition | ChangeTags | DeleteDefinition | PutSchemas | DeleteSchema | SetDependencies | AddProviders
)


@dataclass(frozen=True, slots=True)
class Created:
    """The definition that stands, and whether it is a new one."""

    definition: Definition
    is_new: bool


@dataclass(frozen=True, slots=True)
class DefinitionPut:
    """A definition came or changed."""

    definition: Definition


@dataclass(frozen=True, slots=True)
class DefinitionDeleted:
    """A definition is gone, with its schemas and with what it depended on."""

    definition: Definition
    schema_ids: tuple[str, ...]
    revision: int


@dataclass(frozen=True, slots=True)
class SchemaPut:
    """A schema has this content."""

    ref: DefinitionRef
    schema: Schema
    revision: int


@dataclass(frozen=True, slots=True)
class SchemaDeleted:
    """A schema has no content any more."""

    ref: DefinitionRef
    schema_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class ProvidersSet:
    """A consumer depends on these services."""

    consumer: DefinitionRef
    providers: tuple[ServiceKey, ...]
    revision: int


CatalogEvent = DefinitionPut | DefinitionDeleted | SchemaPut | SchemaDeleted | ProvidersSet
