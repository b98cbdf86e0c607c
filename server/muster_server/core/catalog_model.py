"""The values of the catalog: definitions and schemas. Frozen, and checked when they are made.

Bounds are those of catalog.proto. Every constructor raises MusterError (INVALID_FIELD) for what is out of them.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from muster_server.core import versions
from muster_server.core.errors import MusterError
from muster_server.core.model import (
    MAX_ATTRIBUTES,
    MAX_DEFINITION_ID_BYTES,
    MAX_METADATA_BYTES,
    MAX_METADATA_ENTRIES,
    ServiceKey,
    check_pairs,
    checked_text,
    service_key,
)

MAX_DEFINITION_NAME_BYTES = 1024
MAX_TAGS = 100
MAX_DECLARED = 100
MAX_DESCRIPTION_BYTES = 1024
MAX_CONTENT_BYTES = 8 << 20
DEFAULT_VERSION = "0.0.1"

_SPACE = re.compile(r"\s")


class DefinitionKey(NamedTuple):
    """One version of one service in one environment. Make it with `definition_key`, which checks and fills in defaults."""

    namespace: str
    group: str
    name: str
    environment: str
    version: str

    @property
    def service(self) -> ServiceKey:
        """Where its instances register: no other environment is found by the same name, in whatever dialect."""
        return ServiceKey(self.namespace, self.group, f"{self.name}@{self.environment}" if self.environment else self.name)


def definition_key(namespace: str, group: str, name: str, environment: str, version: str) -> DefinitionKey:
    """A checked key; an empty namespace, group or version means the default one."""
    checked_text("key.name", name, MAX_DEFINITION_NAME_BYTES, is_required=True)
    checked_text("key.environment", environment, 256)
    if "@" in environment:
        raise MusterError.invalid("key.environment", "must not contain '@'")
    if "@" in name:
        raise MusterError.invalid("key.name", "must not contain '@': what follows it is the environment")
    if len(version) > versions.MAX_VERSION_BYTES or versions.parsed(version or DEFAULT_VERSION) is None:
        raise MusterError.invalid("key.version", "must be one to four numbers of 0 to 32767 with dots between")
    names = service_key(namespace, group, name)
    return DefinitionKey(names.namespace, names.group, name, environment, version or DEFAULT_VERSION)


def derived_key(service: ServiceKey) -> DefinitionKey:
    """The key of what stands for instances without a definition."""
    name, at, environment = service.name.rpartition("@")
    if not (name and at and environment):
        name, environment = service.name, ""
    return DefinitionKey(service.namespace, service.group, name, environment, DEFAULT_VERSION)


def default_id(key: DefinitionKey) -> str:
    """The id that follows from a key: that of ServiceComb, so that a service has the same one in every registry.

    Domain and project are the namespace; one without a slash is the domain, and the project `default`.
    Source: service-center, server/plugin/uuid/context; verified by the SERVICECENTER of the Huawei documentation.
    """
    domain, slash, project = key.namespace.rpartition("/")
    tenant = f"{domain}/{project}" if slash else f"{key.namespace}/default"
    application = "default" if key.group == "DEFAULT_GROUP" else "DEFAULT_GROUP" if key.group == "default" else key.group
    text = f"/cse-sr/ms/indexes/{tenant}/{key.environment}/{application}/{key.name}/{key.version}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Definition:
    """What one version of a service says of itself. `schema_ids` are those that it declares. Times are Unix seconds."""

    key: DefinitionKey
    definition_id: str = ""
    alias: str = ""
    description: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    schema_ids: tuple[str, ...] = ()
    is_cross_group: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    create_time: float = 0.0
    update_time: float = 0.0
    revision: int = 0

    def __post_init__(self) -> None:
        if not self.definition_id:
            object.__setattr__(self, "definition_id", default_id(self.key))
        check_definition_id("definition_id", self.definition_id)
        checked_text("alias", self.alias, MAX_DEFINITION_NAME_BYTES)
        checked_text("description", self.description, MAX_DESCRIPTION_BYTES)
        check_pairs("properties", self.properties, MAX_METADATA_ENTRIES, MAX_METADATA_BYTES)
        check_tags(self.tags)
        check_attributes(self.attributes)
        if len(self.schema_ids) > MAX_DECLARED:
            raise MusterError.invalid("schema_ids", f"must hold at most {MAX_DECLARED} entries")
        for schema_id in self.schema_ids:
            checked_text("schema_ids", schema_id, 160, is_required=True)

    @property
    def alias_service(self) -> ServiceKey:
        """The name under which its alias is looked up."""
        return self.key._replace(name=self.alias).service


def check_definition_id(name: str, definition_id: str) -> str:
    """The id, if it may be one."""
    checked_text(name, definition_id, MAX_DEFINITION_ID_BYTES, is_required=True)
    if _SPACE.search(definition_id):
        raise MusterError.invalid(name, "must not contain spaces")
    return definition_id


def check_tags(tags: Mapping[str, str]) -> None:
    """Raises MusterError unless there are at most 100, within 16 KiB."""
    check_pairs("tags", tags, MAX_TAGS, 16 * 1024)


def check_attributes(attributes: Mapping[str, str]) -> None:
    """Raises MusterError unless there are at most 16, within 64 KiB."""
    check_pairs("attributes", attributes, MAX_ATTRIBUTES, MAX_METADATA_BYTES)


@dataclass(frozen=True, slots=True)
class Schema:
    """The text of one interface."""

    schema_id: str
    content: str
    summary: str = ""

    def __post_init__(self) -> None:
        checked_text("schemas.schema_id", self.schema_id, 160, is_required=True)
        checked_text("schemas.summary", self.summary, 128)
        if not self.content:
            raise MusterError.invalid("schemas.content", "must not be empty")
        if self.size_bytes > MAX_CONTENT_BYTES:
            raise MusterError.invalid("schemas.content", f"must not be longer than {MAX_CONTENT_BYTES} bytes")

    @property
    def size_bytes(self) -> int:
        """The size of its content."""
        return len(self.content) if self.content.isascii() else len(self.content.encode())
