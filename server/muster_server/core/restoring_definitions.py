"""The rules of restoring definitions: each becomes what the archive shows, with its schemas and what it depends on."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from muster_server.core.archive import ArchivedDefinition
from muster_server.core.catalog_commands import DefinitionRef, ProvidersSet, SchemaDeleted, SchemaPut
from muster_server.core.catalog_model import Definition
from muster_server.core.errors import MusterError, Reason
from muster_server.core.naming import limit_exceeded
from muster_server.core.releasing import too_large
from muster_server.core.restore_commands import Change
from muster_server.core.turn import Turn


def restore_definitions(turn: Turn, archived: Sequence[ArchivedDefinition]) -> Iterator[Change | None]:
    """O(definitions and schemas of the archive).

    Raises MusterError: DEFINITION_EXISTS (an id, names, or an alias with its version, are another's), LIMIT_EXCEEDED, TOO_LARGE.
    """
    catalog, limits = turn.state.catalog, turn.limits
    added = sum(catalog.get(one.ref) is None for one in archived)
    if added and catalog.count + added > limits.max_definitions:
        raise limit_exceeded("definitions", limits.max_definitions)
    if any(len(one.providers) > limits.max_providers for one in archived):
        raise limit_exceeded("services that a definition depends on", limits.max_providers)
    grown = sum(_growth(turn, one) for one in archived)
    if grown > 0 and catalog.schema_bytes + grown > limits.max_total_schema_bytes:
        raise too_large("all schemas together", catalog.schema_bytes + grown, limits.max_total_schema_bytes)
    _check_names(turn, archived)
    for one in archived:
        yield _restore(turn, one)


def _check_names(turn: Turn, archived: Sequence[ArchivedDefinition]) -> None:
    """After the restore no two definitions may share names or an alias; within the archive an alias may change hands."""
    catalog, restored = turn.state.catalog, {one.ref for one in archived}
    owners: dict[object, DefinitionRef] = {}
    for one in archived:
        definition = one.definition
        present, named = catalog.get(one.ref), catalog.by_key(definition.key)
        aliased = catalog.by_alias(definition) if definition.alias else None
        names: list[object] = [definition.key]
        if definition.alias:
            names.append((definition.alias_service, definition.key.version))
        if (
            (present is not None and present.key != definition.key)
            or (named is not None and named.definition_id != definition.definition_id)
            or (aliased is not None and DefinitionRef(aliased.key.namespace, aliased.definition_id) not in restored)
            or any(owners.setdefault(name, one.ref) != one.ref for name in names)
        ):
            problem = f"the id, the names or the alias of definition {definition.definition_id!r} are another's"
            raise MusterError(Reason.DEFINITION_EXISTS, problem, {"definition_id": definition.definition_id})


def _restore(turn: Turn, archived: ArchivedDefinition) -> Change | None:
    catalog, wanted, ref = turn.state.catalog, archived.definition, archived.ref
    present, decided = catalog.get(ref), len(turn.events)
    if present is None or _shown(wanted) != _shown(present):
        turn.define(wanted if present is None else replace(wanted, create_time=present.create_time))
    schemas, kept = catalog.schemas.get(ref, {}), {schema.schema_id for schema in archived.schemas}
    for schema_id in schemas.keys() - kept:
        turn.events.append(SchemaDeleted(ref, schema_id, turn.next_revision()))
    for schema in archived.schemas:
        if schemas.get(schema.schema_id) != schema:
            turn.events.append(SchemaPut(ref, schema, turn.next_revision()))
    if tuple(catalog.providers.get(ref, ())) != archived.providers:
        turn.events.append(ProvidersSet(ref, archived.providers, turn.next_revision()))
    if len(turn.events) == decided:
        return None
    return Change("definition", f"{'/'.join(wanted.key.service)} {wanted.key.version}", present is None)


def _growth(turn: Turn, archived: ArchivedDefinition) -> int:
    present = turn.state.catalog.schemas.get(archived.ref, {})
    return sum(schema.size_bytes for schema in archived.schemas) - sum(schema.size_bytes for schema in present.values())


def _shown(definition: Definition) -> Definition:
    """A definition without its stamps."""
    return replace(definition, create_time=0.0, update_time=0.0, revision=0)
