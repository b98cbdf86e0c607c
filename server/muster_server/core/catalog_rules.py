"""The rules of the catalog: how definitions, their schemas and dependencies come, change and go."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from muster_server.core import guard
from muster_server.core.catalog_commands import (
    AddProviders,
    CatalogCommand,
    ChangeDefinition,
    ChangeTags,
    Created,
    CreateDefinition,
    DefinitionDeleted,
    DefinitionRef,
    DeleteDefinition,
    DeleteSchema,
    ProvidersSet,
    PutSchemas,
    SchemaDeleted,
    SchemaPut,
    SetDependencies,
)
from muster_server.core.catalog_model import Definition, Schema
from muster_server.core.catalog_view import consumers_of, found, instances_of, providers_of, resolved, seen
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import RemovalReason, ServiceKey
from muster_server.core.naming import limit_exceeded
from muster_server.core.releasing import too_large
from muster_server.core.turn import Turn


def decide_catalog(turn: Turn, command: CatalogCommand) -> object:
    """Collect in `turn.events` what a command means, and answer what its class says. Raises MusterError; then nothing happened."""
    match command:
        case CreateDefinition():
            return create(turn, command)
        case ChangeDefinition(ref=ref, changes=changes):
            return _changed(turn, found(turn.state, ref), changes)
        case ChangeTags():
            return change_tags(turn, command)
        case DeleteDefinition():
            delete(turn, command)
        case PutSchemas():
            put_schemas(turn, command)
        case DeleteSchema():
            delete_schema(turn, command)
        case SetDependencies():
            set_dependencies(turn, command)
        case AddProviders():
            if seen(turn.state, command.consumer) is not None:
                _depend(turn, command.consumer, command.providers, is_all=False)
    return None


def create(turn: Turn, command: CreateDefinition) -> Created:
    """Put a definition unless its key or its alias is taken: then the one that has it is the answer, untouched.

    Raises MusterError: DEFINITION_EXISTS, LIMIT_EXCEEDED.
    """
    wanted, catalog = command.definition, turn.state.catalog
    ref = DefinitionRef(wanted.key.namespace, wanted.definition_id)
    present = catalog.by_key(wanted.key) or (catalog.by_alias(wanted) if wanted.alias else None)
    is_meant = present is not None and (present.key, present.definition_id) == (wanted.key, wanted.definition_id)
    if present is not None and (is_meant or not command.has_id):
        return Created(present, is_new=False)
    other = seen(turn.state, ref)
    if present is not None or (other is not None and other.key != wanted.key):
        problem = "the id is that of another definition, or the definition has another id"
        raise MusterError(Reason.DEFINITION_EXISTS, problem, {"definition_id": (present or other or wanted).definition_id})
    if catalog.count >= turn.limits.max_definitions:
        raise limit_exceeded("definitions", turn.limits.max_definitions)
    return Created(turn.define(wanted), is_new=True)


def change_tags(turn: Turn, command: ChangeTags) -> Definition:
    """Raises MusterError: DEFINITION_NOT_FOUND, TAG_NOT_FOUND, INVALID_FIELD."""
    definition = found(turn.state, command.ref)
    for tag in (*command.changed, *command.removed):
        if tag not in definition.tags:
            raise MusterError(Reason.TAG_NOT_FOUND, f"there is no tag {tag!r}", {"tag": tag})
    tags = {**definition.tags, **command.changed}
    return _changed(turn, definition, {"tags": {tag: value for tag, value in tags.items() if tag not in command.removed}})


def delete(turn: Turn, command: DeleteDefinition) -> None:
    """O(instances of its service). Raises MusterError: DEFINITION_NOT_FOUND, DEFINITION_NEEDED, DEFINITION_IN_USE."""
    state = turn.state
    definition = found(state, command.ref)
    service, definition_id = definition.key.service, definition.definition_id
    instances = instances_of(state, definition)
    if not command.is_forced:
        if any(consumer.definition_id != definition_id for consumer in consumers_of(state, service)):
            raise MusterError(Reason.DEFINITION_NEEDED, "other definitions depend on this one")
        if instances:
            raise MusterError(Reason.DEFINITION_IN_USE, f"the definition has {len(instances)} instances")
    for instance in instances:
        turn.remove(service, instance, RemovalReason.ADMIN)
    guard.release_if_recovered(turn, service)
    forget(turn, definition)


def forget(turn: Turn, definition: Definition) -> None:
    """Decide that a definition goes, whatever depends on it."""
    ref = DefinitionRef(definition.key.namespace, definition.definition_id)
    turn.events.append(DefinitionDeleted(definition, tuple(turn.state.catalog.schemas.get(ref, ())), turn.next_revision()))


def put_schemas(turn: Turn, command: PutSchemas) -> None:
    """Raises MusterError: DEFINITION_NOT_FOUND, LIMIT_EXCEEDED, TOO_LARGE."""
    definition, limits = found(turn.state, command.ref), turn.limits
    present = turn.state.catalog.schemas.get(command.ref, {})
    ids = [schema.schema_id for schema in command.schemas]
    if len(set(ids)) < len(ids):
        raise MusterError.invalid("schemas", "must not hold an id twice")
    declared = ids if command.is_all else list(dict.fromkeys((*definition.schema_ids, *ids)))
    kept = {*declared} if command.is_all else {*declared, *present}
    if len(kept) > limits.max_schemas and not kept <= {*definition.schema_ids, *present}:
        raise limit_exceeded("schemas of a definition", limits.max_schemas)
    gone = [schema for schema_id, schema in present.items() if schema_id not in kept]
    _check_bytes(turn, command.schemas, present, gone)
    for schema in gone:
        turn.events.append(SchemaDeleted(command.ref, schema.schema_id, turn.next_revision()))
    for schema in command.schemas:
        if present.get(schema.schema_id) != schema:
            turn.events.append(SchemaPut(command.ref, schema, turn.next_revision()))
    if tuple(declared) != definition.schema_ids or turn.state.catalog.get(command.ref) is None:
        turn.define(replace(definition, schema_ids=tuple(declared)))


def delete_schema(turn: Turn, command: DeleteSchema) -> None:
    """Raises MusterError: DEFINITION_NOT_FOUND, SCHEMA_NOT_FOUND."""
    found(turn.state, command.ref)
    if command.schema_id not in turn.state.catalog.schemas.get(command.ref, {}):
        raise schema_not_found(command.schema_id)
    turn.events.append(SchemaDeleted(command.ref, command.schema_id, turn.next_revision()))


def schema_not_found(schema_id: str) -> MusterError:
    """The error for a schema that has no content."""
    return MusterError(Reason.SCHEMA_NOT_FOUND, f"there is no schema {schema_id!r}")


def set_dependencies(turn: Turn, command: SetDependencies) -> None:
    """All of them or none. Raises MusterError: DEFINITION_NOT_FOUND, LIMIT_EXCEEDED."""
    merged: dict[DefinitionRef, list[ServiceKey]] = {}
    for index, (consumer, providers) in enumerate(command.dependencies):
        try:
            definition = resolved(turn.state, consumer.service, consumer.version)
        except MusterError as error:
            raise MusterError(Reason.DEFINITION_NOT_FOUND, error.message, {"index": str(index)}) from error
        ref = DefinitionRef(definition.key.namespace, definition.definition_id)
        if command.is_all:
            merged[ref] = list(providers)
        else:
            merged.setdefault(ref, []).extend(providers)
    for ref, wanted in merged.items():
        _depend(turn, ref, wanted, is_all=command.is_all)


def _depend(turn: Turn, consumer: DefinitionRef, providers: Iterable[ServiceKey], *, is_all: bool) -> None:
    present = tuple(providers_of(turn.state, consumer))
    wanted = tuple(dict.fromkeys(providers if is_all else (*present, *providers)))
    if wanted == present:
        return
    if len(wanted) > turn.limits.max_providers:
        raise limit_exceeded("services that a definition depends on", turn.limits.max_providers)
    turn.events.append(ProvidersSet(consumer, wanted, turn.next_revision()))


def _changed(turn: Turn, definition: Definition, changes: Mapping[str, object]) -> Definition:
    return turn.define(replace(definition, **changes))  # type: ignore[arg-type]  # the constructor checks them


def _check_bytes(turn: Turn, schemas: Iterable[Schema], present: Mapping[str, Schema], gone: Iterable[Schema]) -> None:
    added = sum(schema.size_bytes for schema in schemas)
    replaced = sum(present[schema.schema_id].size_bytes for schema in schemas if schema.schema_id in present)
    total = turn.state.catalog.schema_bytes + added - replaced - sum(schema.size_bytes for schema in gone)
    if total > turn.limits.max_total_schema_bytes and added > replaced:
        raise too_large("all schemas together", total, turn.limits.max_total_schema_bytes)
