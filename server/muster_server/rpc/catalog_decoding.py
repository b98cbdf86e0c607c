"""Wire -> the catalog's values: the edge where every field is checked, once. Raises MusterError (INVALID_FIELD)."""

from muster.catalog.v1 import catalog_pb2
from muster.catalog.v1 import catalog_service_pb2 as wire

from muster_server.core.catalog_commands import ChangeDefinition, DefinitionRef
from muster_server.core.catalog_model import (
    Definition,
    DefinitionKey,
    Schema,
    check_attributes,
    check_definition_id,
    check_tags,
    definition_key,
)
from muster_server.core.errors import MusterError
from muster_server.core.model import (
    DEFAULT_NAMESPACE,
    MAX_METADATA_BYTES,
    MAX_METADATA_ENTRIES,
    MAX_NAME_BYTES,
    ServiceKey,
    check_pairs,
    checked_text,
)
from muster_server.core.versions import MAX_RULE_BYTES
from muster_server.rpc.decoding import require


def decode_namespace(name: str) -> str:
    """A namespace, the default one filled in."""
    return checked_text("namespace", name or DEFAULT_NAMESPACE, MAX_NAME_BYTES)


def decode_definition_ref(namespace: str, definition_id: str) -> DefinitionRef:
    """A ref to one definition."""
    return DefinitionRef(decode_namespace(namespace), check_definition_id("definition_id", definition_id))


def decode_definition_key(message: catalog_pb2.DefinitionKey) -> DefinitionKey:
    """A key, defaults filled in."""
    return definition_key(message.namespace, message.group, message.name, message.environment, message.version)


def decode_rule(message: catalog_pb2.DefinitionKey) -> tuple[ServiceKey, str]:
    """The service of a key whose version may be a rule, and the rule."""
    rule = checked_text("key.version", message.version, MAX_RULE_BYTES)
    key = definition_key(message.namespace, message.group, message.name, message.environment, "")
    return key.service, rule


def decode_definition(message: catalog_pb2.Definition) -> Definition:
    """A definition that is to be created."""
    require(message, "key")
    return Definition(
        key=decode_definition_key(message.key),
        definition_id=message.definition_id,
        alias=message.alias,
        description=message.description,
        properties=dict(message.properties),
        tags=dict(message.tags),
        schema_ids=tuple(dict.fromkeys(message.schema_ids)),
        is_cross_group=message.cross_group,
        attributes=dict(message.attributes),
    )


def decode_change(request: wire.UpdateDefinitionRequest) -> ChangeDefinition:
    """What an update changes."""
    require(request, "definition")
    message = request.definition
    changes: dict[str, object] = {}
    for path in request.update_mask.paths:
        match path:
            case "properties":
                check_pairs("properties", message.properties, MAX_METADATA_ENTRIES, MAX_METADATA_BYTES)
                changes["properties"] = dict(message.properties)
            case "tags":
                check_tags(message.tags)
                changes["tags"] = dict(message.tags)
            case "cross_group":
                changes["is_cross_group"] = message.cross_group
            case "attributes":
                check_attributes(message.attributes)
                changes["attributes"] = dict(message.attributes)
            case _:
                raise MusterError.invalid("update_mask", f"no such path: {path[:100]!r}")
    if not changes:
        raise MusterError.invalid("update_mask", "is required")
    return ChangeDefinition(decode_definition_ref(request.namespace, message.definition_id), changes)


def decode_schema(message: catalog_pb2.Schema) -> Schema:
    """A schema with content."""
    return Schema(message.schema_id, message.content, message.summary)


def decode_dependency(namespace: str, message: wire.Dependency) -> tuple[DefinitionKey, tuple[ServiceKey, ...]]:
    """A consumer and the services that it calls."""
    require(message, "consumer")
    if len(message.providers) > 100:
        raise MusterError.invalid("dependencies.providers", "must hold at most 100 entries")
    consumer = decode_definition_key(message.consumer)._replace(namespace=namespace)
    providers = (decode_rule(provider)[0]._replace(namespace=namespace) for provider in message.providers)
    return consumer, tuple(providers)
