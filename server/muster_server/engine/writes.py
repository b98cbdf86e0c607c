"""Which writes an event means: those that must be on disk before it is true."""

from collections.abc import Iterator, Sequence

from muster_server.core.access_commands import AccessEvent, AccessPut
from muster_server.core.catalog_commands import (
    CatalogEvent,
    DefinitionDeleted,
    DefinitionPut,
    DefinitionRef,
    ProvidersSet,
    SchemaDeleted,
    SchemaPut,
)
from muster_server.core.commands import Event, InstanceKey, OverrideSet, Put, Removed, is_durable
from muster_server.core.config_commands import ConfigEvent, ConfigReleased, ReleasesCompacted
from muster_server.core.delivery_commands import DeliveryChanged, DeliveryEvent
from muster_server.core.delivery_model import Application, ApplicationConfig, Component, Environment
from muster_server.core.deployment_model import Deployment, Job
from muster_server.core.epochs import EpochBegan
from muster_server.core.lock_commands import LockEvent, LockFreed, LockTaken
from muster_server.core.namespace_commands import NamespaceDescribed, NamespaceEvent, NamespaceForgotten
from muster_server.core.service_commands import ServiceDescribed, ServiceEvent, ServiceUndescribed
from muster_server.engine import records
from muster_server.engine.restore import EPOCH
from muster_server.storage.port import Bucket, Write


def durable_writes(events: Sequence[Event]) -> list[Write]:
    """The writes that must be on disk before these events are true."""
    return [write for event in events if is_durable(event) for write in _writes(event)]


def _writes(event: Event) -> Iterator[Write]:
    match event:
        case Put(service=service, instance=instance, previous=previous):
            key, record = records.encode_key(InstanceKey(service, instance.instance_id)), records.encode(instance)
            is_persistent = instance.said.is_persistent
            if is_persistent or (previous is not None and previous.said.is_persistent):
                yield Write(Bucket.INSTANCES, key, record if is_persistent else None)
            if not is_persistent or (previous is not None and not previous.said.is_persistent):
                yield Write(Bucket.JOURNAL, key, None if is_persistent else record)
        case Removed(service=service, previous=previous):
            yield Write(Bucket.INSTANCES, records.encode_key(InstanceKey(service, previous.instance_id)), None)
        case OverrideSet(key=instance_key, override=override):
            yield Write(Bucket.OVERRIDES, records.encode_key(instance_key), records.encode(override) if override else None)
        case EpochBegan(epoch=epoch):
            yield Write(Bucket.META, EPOCH, records.encode(epoch))
        case _:
            yield from _other_writes(event)


def _other_writes(event: Event) -> Iterator[Write]:
    if isinstance(event, ConfigEvent):
        yield from _config_writes(event)
    elif isinstance(event, CatalogEvent):
        yield from _catalog_writes(event)
    elif isinstance(event, NamespaceEvent):
        yield _namespace_write(event)
    elif isinstance(event, ServiceEvent):
        yield _service_write(event)
    elif isinstance(event, AccessEvent):
        record = records.encode(event.record) if isinstance(event, AccessPut) else None
        yield Write(Bucket.ACCESS, records.encode_access_key(event.record), record)
    elif isinstance(event, LockEvent):
        yield _lock_write(event)
    elif isinstance(event, DeliveryEvent):
        yield _delivery_write(event)
    else:
        raise AssertionError(event)


def _namespace_write(event: NamespaceEvent) -> Write:
    match event:
        case NamespaceDescribed(namespace=namespace):
            return Write(Bucket.NAMESPACES, namespace.name.encode(), records.encode(namespace))
        case NamespaceForgotten(name=name):
            return Write(Bucket.NAMESPACES, name.encode(), None)


def _service_write(event: ServiceEvent) -> Write:
    match event:
        case ServiceDescribed(service=service, description=description):
            return Write(Bucket.SERVICES, records.encode_service_key(service), records.encode_service(service, description))
        case ServiceUndescribed(service=service):
            return Write(Bucket.SERVICES, records.encode_service_key(service), None)


def _lock_write(event: LockEvent) -> Write:
    match event:
        case LockTaken(lock=lock):
            return Write(Bucket.LOCKS, records.encode_pair(*lock.key), records.encode(lock))
        case LockFreed(key=key):
            return Write(Bucket.LOCKS, records.encode_pair(*key), None)


def _delivery_write(event: DeliveryEvent) -> Write:
    kept = event.kept
    record = records.encode(kept) if isinstance(event, DeliveryChanged) else None
    match kept:
        case ApplicationConfig():
            key = records.encode_pair(kept.application_id, kept.environment_id)
            return Write(Bucket.APPLICATION_CONFIGS, key, record)
        case Environment():
            return Write(Bucket.ENVIRONMENTS, kept.id.encode(), record)
        case Application():
            return Write(Bucket.APPLICATIONS, kept.id.encode(), record)
        case Component():
            return Write(Bucket.COMPONENTS, kept.id.encode(), record)
        case Deployment():
            return Write(Bucket.DEPLOYMENTS, kept.id.encode(), record)
        case Job():
            return Write(Bucket.JOBS, kept.id.encode(), record)


def _config_writes(event: ConfigEvent) -> Iterator[Write]:
    match event:
        case ConfigReleased(key=config, release=release, content=content):
            name = records.encode_revision(release.revision)
            yield Write(Bucket.RELEASES, name, records.encode_release(config, release))
            if content is not None:
                yield Write(Bucket.CONTENTS, name, content.encode())
        case ReleasesCompacted(releases=releases):
            for release in releases:
                name = records.encode_revision(release.revision)
                yield Write(Bucket.RELEASES, name, None)
                yield Write(Bucket.CONTENTS, name, None)


def _catalog_writes(event: CatalogEvent) -> Iterator[Write]:
    match event:
        case DefinitionPut(definition=definition):
            ref = DefinitionRef(definition.key.namespace, definition.definition_id)
            yield Write(Bucket.DEFINITIONS, records.encode_definition_key(ref), records.encode(definition))
        case DefinitionDeleted(definition=definition, schema_ids=schema_ids):
            ref = DefinitionRef(definition.key.namespace, definition.definition_id)
            yield Write(Bucket.DEFINITIONS, records.encode_definition_key(ref), None)
            yield Write(Bucket.PROVIDERS, records.encode_definition_key(ref), None)
            for schema_id in schema_ids:
                yield Write(Bucket.SCHEMAS, records.encode_definition_key(ref, schema_id), None)
        case SchemaPut(ref=ref, schema=schema):
            key = records.encode_definition_key(ref, schema.schema_id)
            yield Write(Bucket.SCHEMAS, key, records.encode_schema(ref, schema))
        case SchemaDeleted(ref=ref, schema_id=schema_id):
            yield Write(Bucket.SCHEMAS, records.encode_definition_key(ref, schema_id), None)
        case ProvidersSet(consumer=consumer, providers=providers):
            record = records.encode_providers(consumer, providers) if providers else None
            yield Write(Bucket.PROVIDERS, records.encode_definition_key(consumer), record)
