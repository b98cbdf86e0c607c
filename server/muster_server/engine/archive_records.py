r"""The records of an archive. They are a format of their own, version 1: the core's values may change, these may not.

An archive is, byte after byte:

    {"format":"muster-backup","version":1,"epoch":5,"revision":42,"create_time":"2026-01-31T12:00:00Z","namespace":""}\n
    length (4 bytes, big-endian), record (that many bytes of msgpack: a map whose `record` says what it is)
    ... one after the other ...
    0 (4 bytes), number of records (8 bytes, big-endian), SHA-256 of every byte before it (32 bytes)
"""

from datetime import datetime
from typing import Literal

import msgspec

from muster_server.core.archive import ArchivedDefinition, ArchivedOverride
from muster_server.core.catalog_commands import DefinitionRef
from muster_server.core.catalog_model import Definition, Schema, definition_key
from muster_server.core.commands import InstanceKey
from muster_server.core.config_commands import MAIN
from muster_server.core.config_model import ConfigKey, GrayRule, Note, Release, ReleaseKind, Text, check_gray, config_key
from muster_server.core.errors import MusterError
from muster_server.core.model import (
    MAX_ID_BYTES,
    AdminState,
    Endpoint,
    Health,
    Instance,
    Override,
    Registration,
    ServiceKey,
    checked_text,
    service_key,
)
from muster_server.core.namespace_commands import Namespace
from muster_server.core.service_commands import ServiceDescription
from muster_server.engine.archive_checks import MAX_NUMBER, moment, required
from muster_server.engine.delivery_records import DeliveryRecord

FORMAT = "muster-backup"
VERSION = 1
LENGTH_BYTES = 4
COUNT_BYTES = 8
DIGEST_BYTES = 32
MAX_RECORD_BYTES = 64 << 20
MAX_HEADER_BYTES = 64 << 10
MAX_ARCHIVE_BYTES = 1 << 30


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the archive is: of which moment, and of which namespace (empty: of all)."""

    format: Literal["muster-backup"] = "muster-backup"
    version: int = VERSION
    epoch: int
    revision: int
    create_time: datetime
    namespace: str


class NamespaceRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="namespace"):
    """A described namespace."""

    name: str
    display_name: str
    description: str

    @classmethod
    def of(cls, namespace: Namespace) -> "NamespaceRecord":
        """The record of a namespace."""
        return cls(namespace.name, namespace.display_name, namespace.description)

    def value(self) -> Namespace:
        """The namespace. Raises MusterError for what is none."""
        return Namespace(self.name, self.display_name, self.description)


class ServiceRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="service"):
    """A described service; `clusters` holds metadata by name."""

    namespace: str
    group: str
    name: str
    metadata: dict[str, str]
    protect_threshold: float | None
    persistent: bool
    clusters: dict[str, dict[str, str]]

    @classmethod
    def of(cls, key: ServiceKey, said: ServiceDescription) -> "ServiceRecord":
        """The record of a service."""
        clusters = {name: dict(metadata) for name, metadata in said.clusters.items()}
        return cls(*key, dict(said.metadata), said.protect_threshold, said.is_persistent, clusters)

    def key(self) -> ServiceKey:
        """Which service it is."""
        return service_key(required(self.namespace), required(self.group), self.name)

    def value(self) -> ServiceDescription:
        """What is said of it. Raises MusterError for what is none."""
        return ServiceDescription(self.metadata, self.protect_threshold, self.persistent, self.clusters)


class RuleRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom a gray line is for."""

    labels: dict[str, str]
    addresses: tuple[str, ...]
    percent: int
    priority: int


class ReleaseRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="release"):
    """A release with its content; None if it tells of an end. `kind` as in the proto."""

    namespace: str
    group: str
    name: str
    number: int
    kind: ReleaseKind
    gray: str
    content: str | None
    content_type: str
    labels: dict[str, str]
    encrypted_data_key: str
    author: str
    comment: str
    request_id: str
    create_time: float
    begin_time: float
    source_number: int
    rule: RuleRecord | None

    @classmethod
    def of(cls, key: ConfigKey, release: Release, content: str | None) -> "ReleaseRecord":
        """The record of a release."""
        rule, note = release.rule, release.note
        return cls(
            *key,
            number=release.number,
            kind=release.kind,
            gray=release.gray,
            content=content,
            content_type=release.content_type,
            labels=dict(release.labels),
            encrypted_data_key=release.encrypted_data_key,
            author=note.author,
            comment=note.comment,
            request_id=note.request_id,
            create_time=release.create_time,
            begin_time=release.begin_time,
            source_number=release.source_number,
            rule=RuleRecord(dict(rule.labels), rule.addresses, rule.percent, rule.priority) if rule is not None else None,
        )

    def key(self) -> ConfigKey:
        """Of which item it is."""
        return config_key(required(self.namespace), required(self.group), self.name)

    def value(self) -> Release:
        """The release, without a revision. Raises MusterError for what is none."""
        if not (1 <= self.number < MAX_NUMBER and 0 <= self.source_number < MAX_NUMBER):
            raise MusterError.invalid("number", "is out of range")
        if self.gray != MAIN:
            check_gray(self.gray)
        text = Text(self.content or "", self.content_type, self.labels, self.encrypted_data_key)
        rule = GrayRule(self.rule.labels, self.rule.addresses, self.rule.percent, self.rule.priority) if self.rule else None
        has_content = self.content is not None
        release = Release(
            number=self.number,
            revision=0,
            kind=self.kind,
            gray=self.gray,
            content_type=self.content_type,
            md5=text.md5 if has_content else "",
            sha256=text.sha256 if has_content else "",
            size_bytes=text.size_bytes,
            labels=self.labels,
            encrypted_data_key=self.encrypted_data_key,
            note=Note(self.author, self.comment, self.request_id),
            create_time=moment(self.create_time),
            source_number=self.source_number,
            rule=rule,
            begin_time=moment(self.begin_time),
        )
        if release.has_content is not has_content:
            raise MusterError.invalid("content", "does not suit the kind of the release")
        if rule is None and has_content and self.gray != MAIN:
            raise MusterError.invalid("rule", "is needed on a gray line")
        return release


class InstanceRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="instance"):
    """A persistent instance. `endpoints` are (scheme, host, port); health and state as in the proto."""

    namespace: str
    group: str
    name: str
    instance_id: str
    endpoints: tuple[tuple[str, str, int], ...]
    cluster: str
    weight: float
    metadata: dict[str, str]
    health: Health
    declared_state: AdminState
    registered_health: Health
    create_time: float
    update_time: float
    definition_id: str = ""
    attributes: dict[str, str] = {}

    @classmethod
    def of(cls, key: ServiceKey, instance: Instance) -> "InstanceRecord":
        """The record of an instance."""
        said = instance.said
        return cls(
            *key,
            instance_id=said.instance_id,
            endpoints=tuple((endpoint.scheme, endpoint.host, endpoint.port) for endpoint in said.endpoints),
            cluster=said.cluster,
            weight=said.weight,
            metadata=dict(said.metadata or {}),
            health=instance.health,
            declared_state=said.declared_state,
            registered_health=said.health,
            create_time=instance.create_time,
            update_time=instance.update_time,
            definition_id=said.definition_id,
            attributes=dict(said.attributes or {}),
        )

    def key(self) -> ServiceKey:
        """Of which service it is."""
        return service_key(required(self.namespace), required(self.group), self.name)

    def value(self) -> Instance:
        """The instance, without revisions and override. Raises MusterError for what is none."""
        said = Registration(
            endpoints=tuple(Endpoint(*endpoint) for endpoint in self.endpoints),
            instance_id=required(self.instance_id),
            cluster=self.cluster,
            weight=self.weight,
            metadata=self.metadata,
            is_persistent=True,
            health=self.registered_health,
            declared_state=self.declared_state,
            definition_id=self.definition_id,
            attributes=self.attributes,
        )
        return Instance(said, self.health, None, None, 0, 0, moment(self.create_time), moment(self.update_time))


class OverrideRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="override"):
    """An operator's word over an instance, which need not be there."""

    namespace: str
    group: str
    name: str
    instance_id: str
    state: AdminState | None
    author: str
    comment: str
    set_time: float
    weight: float | None = None
    metadata: dict[str, str] = {}

    @classmethod
    def of(cls, laid: ArchivedOverride) -> "OverrideRecord":
        """The record of an override."""
        override = laid.override
        return cls(
            *laid.service,
            instance_id=laid.instance_id,
            state=override.state,
            author=override.author,
            comment=override.comment,
            set_time=override.set_time,
            weight=override.weight,
            metadata=dict(override.metadata or {}),
        )

    def key(self) -> InstanceKey:
        """Over which instance it is laid."""
        service = service_key(required(self.namespace), required(self.group), self.name)
        return InstanceKey(service, checked_text("instance_id", self.instance_id, MAX_ID_BYTES, is_required=True))

    def value(self) -> ArchivedOverride:
        """The override. Raises MusterError for what is none."""
        said = Override(self.state, self.author, self.comment, moment(self.set_time), self.weight, self.metadata)
        if said.is_empty:
            raise MusterError.invalid("override", "says nothing")
        return ArchivedOverride(*self.key(), said)


class DefinitionRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="definition"):
    """A definition; `providers` are the groups and names of the services that it depends on, all of its namespace."""

    namespace: str
    group: str
    name: str
    environment: str
    version: str
    definition_id: str
    alias: str
    description: str
    properties: dict[str, str]
    tags: dict[str, str]
    schema_ids: tuple[str, ...]
    cross_group: bool
    attributes: dict[str, str]
    create_time: float
    providers: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, archived: ArchivedDefinition) -> "DefinitionRecord":
        """The record of a definition."""
        definition = archived.definition
        return cls(
            *definition.key,
            definition_id=definition.definition_id,
            alias=definition.alias,
            description=definition.description,
            properties=dict(definition.properties),
            tags=dict(definition.tags),
            schema_ids=definition.schema_ids,
            cross_group=definition.is_cross_group,
            attributes=dict(definition.attributes),
            create_time=definition.create_time,
            providers=tuple((provider.group, provider.name) for provider in archived.providers),
        )

    def ref(self) -> DefinitionRef:
        """Which one it is."""
        return DefinitionRef(required(self.namespace), required(self.definition_id))

    def value(self) -> ArchivedDefinition:
        """The definition, without revision and schemas. Raises MusterError for what is none."""
        key = definition_key(self.namespace, required(self.group), self.name, self.environment, required(self.version))
        definition = Definition(
            key,
            self.definition_id,
            self.alias,
            self.description,
            self.properties,
            self.tags,
            self.schema_ids,
            self.cross_group,
            self.attributes,
            moment(self.create_time),
        )
        providers = (service_key(self.namespace, required(group), name) for group, name in self.providers)
        return ArchivedDefinition(definition, (), tuple(dict.fromkeys(providers)))


class SchemaRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="record", tag="schema"):
    """A schema of a definition that came before."""

    namespace: str
    definition_id: str
    schema_id: str
    content: str
    summary: str

    @classmethod
    def of(cls, definition: Definition, schema: Schema) -> "SchemaRecord":
        """The record of a schema."""
        return cls(definition.key.namespace, definition.definition_id, schema.schema_id, schema.content, schema.summary)

    def value(self) -> Schema:
        """The schema. Raises MusterError for what is none."""
        return Schema(self.schema_id, self.content, self.summary)


Record = (
    NamespaceRecord
    | ServiceRecord
    | ReleaseRecord
    | InstanceRecord
    | OverrideRecord
    | DefinitionRecord
    | SchemaRecord
    | DeliveryRecord
)
