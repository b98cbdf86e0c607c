"""The catalog's values -> wire."""

from google.protobuf.message import Message
from muster.catalog.v1 import catalog_pb2
from muster.catalog.v1 import catalog_service_pb2 as wire
from muster.registry.v1 import instance_pb2

from muster_server.core.catalog_commands import DefinitionRef
from muster_server.core.catalog_model import Definition, DefinitionKey, Schema
from muster_server.core.catalog_view import Providers
from muster_server.core.errors import Reason
from muster_server.rpc.encoding import duration, service_message, timestamp


def key_message(key: DefinitionKey) -> catalog_pb2.DefinitionKey:
    """A key, in full."""
    return catalog_pb2.DefinitionKey(
        namespace=key.namespace, group=key.group, name=key.name, environment=key.environment, version=key.version
    )


def definition_message(definition: Definition, *, is_derived: bool = False) -> catalog_pb2.Definition:
    """A definition with all its output fields."""
    return catalog_pb2.Definition(
        definition_id=definition.definition_id,
        key=key_message(definition.key),
        alias=definition.alias,
        description=definition.description,
        properties=definition.properties,
        tags=definition.tags,
        schema_ids=definition.schema_ids,
        cross_group=definition.is_cross_group,
        attributes=definition.attributes,
        service=service_message(definition.key.service),
        derived=is_derived,
        create_time=timestamp(definition.create_time),
        update_time=timestamp(definition.update_time),
        revision=definition.revision,
    )


def summary_message(definition: Definition) -> catalog_pb2.DefinitionSummary:
    """A definition by its names."""
    return catalog_pb2.DefinitionSummary(
        definition_id=definition.definition_id, key=key_message(definition.key), alias=definition.alias
    )


def schema_message(schema: Schema, *, with_content: bool = True) -> catalog_pb2.Schema:
    """A schema."""
    return catalog_pb2.Schema(schema_id=schema.schema_id, summary=schema.summary, content=schema.content if with_content else "")


class ProvidersEncoder:
    """Implements the catalog hub's port (`engine.encoder.CatalogEncoder`) with the messages of catalog_service.proto."""

    def providers(self, found: Providers, revision: int) -> bytes:
        """A providers frame."""
        message = wire.WatchProvidersResponse.Providers(
            namespace=found.consumer.namespace, definition_id=found.consumer.definition_id, revision=revision
        )
        for provider in found.providers:
            message.providers.add(
                service=service_message(provider.service),
                definitions=map(summary_message, provider.definitions),
                undefined_id=provider.undefined_id,
                hidden_ids=provider.hidden_ids,
            )
        return _frame(wire.WatchProvidersResponse(providers=message))

    def providers_bookmark(self, revision: int, epoch: int) -> bytes:
        """A bookmark frame."""
        bookmark = wire.WatchProvidersResponse.Bookmark(revision=revision, epoch=epoch)
        return _frame(wire.WatchProvidersResponse(bookmark=bookmark))

    def providers_cancelled(self, consumer: DefinitionRef, reason: Reason, message: str) -> bytes:
        """A cancelled frame."""
        cancelled = wire.WatchProvidersResponse.Cancelled(
            namespace=consumer.namespace,
            definition_id=consumer.definition_id,
            reason=f"ERROR_REASON_{reason.value}",
            message=message,
        )
        return _frame(wire.WatchProvidersResponse(cancelled=cancelled))

    def providers_reconnect_after(self, delay_s: float) -> bytes:
        """A reconnect_after frame."""
        return _frame(wire.WatchProvidersResponse(reconnect_after=instance_pb2.ReconnectAfter(delay=duration(delay_s))))


def _frame(message: Message) -> bytes:
    return message.SerializeToString()
