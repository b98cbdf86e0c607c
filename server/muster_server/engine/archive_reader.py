"""Reads an archive, and believes nothing in it. The format is that of `archive_records`."""

import hashlib
from dataclasses import replace
from typing import BinaryIO

import msgspec

from muster_server.core.archive import Archive, ArchivedDefinition, ArchivedItem, ArchivedOverride
from muster_server.core.archived_delivery import Archived, Key, check_parents, key_of
from muster_server.core.catalog_commands import DefinitionRef
from muster_server.core.catalog_model import Schema
from muster_server.core.commands import InstanceKey
from muster_server.core.config_model import ConfigKey, Release
from muster_server.core.deployment_model import MAX_RECORDS, Deployment
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import Instance, ServiceKey
from muster_server.core.namespace_commands import Namespace
from muster_server.core.service_commands import ServiceDescription
from muster_server.engine.archive_records import (
    COUNT_BYTES,
    DIGEST_BYTES,
    FORMAT,
    LENGTH_BYTES,
    MAX_HEADER_BYTES,
    MAX_RECORD_BYTES,
    VERSION,
    DefinitionRecord,
    Header,
    InstanceRecord,
    NamespaceRecord,
    OverrideRecord,
    Record,
    ReleaseRecord,
    SchemaRecord,
    ServiceRecord,
)
from muster_server.engine.delivery_records import VersionRecord

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def read_archive(file: BinaryIO) -> tuple[Header, Archive]:
    """Read all of it, from the file's position on. Blocks. The whole archive is held in memory.

    Raises MusterError (ARCHIVE_INVALID) with the `offset` of the first part that is not as it must be: where it is cut off, the
    record that is none, the trailer if the sum is wrong, what comes after the trailer.
    """
    reader, contents = _Reader(file), _Contents()
    header = _header(reader)
    decoder, count = msgspec.msgpack.Decoder(Record), 0
    while (length := int.from_bytes(reader.take(LENGTH_BYTES), "big")) != 0:
        if length > MAX_RECORD_BYTES:
            raise reader.broken(f"a record says that it has {length} bytes")
        encoded = reader.take(length)
        try:
            contents.add(decoder.decode(encoded))
        except _UNREADABLE as error:
            raise reader.broken(f"a record is none: {error}") from None
        except MusterError as error:
            raise reader.broken(f"a record holds what cannot be: {error.message}") from None
        count += 1
        reader.next_part()
    if int.from_bytes(reader.take(COUNT_BYTES), "big") != count:
        raise reader.broken(f"the trailer tells of another number of records than {count}")
    digest = reader.digest()
    if reader.take(DIGEST_BYTES) != digest:
        raise reader.broken("the checksum is wrong")
    reader.next_part()
    if file.read(1):
        raise reader.broken("something comes after the trailer")
    return header, contents.archive()


class _Reader:
    """Takes bytes, sums them up, and knows where the part begins that is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sum = hashlib.sha256()
        self._part_start = 0
        self._position = 0

    def take(self, size_bytes: int) -> bytes:
        """So many bytes. Raises MusterError if there are fewer."""
        return self._taken(self._file.read(size_bytes), size_bytes)

    def line(self, max_bytes: int) -> bytes:
        """A line of JSON with its end. Raises MusterError if it does not end, or is none from its first byte."""
        line = self._file.readline(max_bytes)
        is_whole = line.endswith(b"\n")
        if not is_whole and (len(line) == max_bytes or line[:1] not in (b"", b"{")):
            raise self.broken("it does not begin with a line of JSON")
        return self._taken(line, len(line) if is_whole else len(line) + 1)

    def next_part(self) -> None:
        """What was read is well."""
        self._part_start = self._position

    def digest(self) -> bytes:
        """The sum of all that was taken."""
        return self._sum.digest()

    def broken(self, problem: str) -> MusterError:
        """The error that says where the part begins that is not well."""
        return _invalid(problem, self._part_start)

    def _taken(self, found: bytes, size_bytes: int) -> bytes:
        self._position += len(found)
        if len(found) < size_bytes:
            raise _invalid("it is cut off", self._position)
        self._sum.update(found)
        return found


class _Contents:
    """What the records hold, each once and in order."""

    def __init__(self) -> None:
        self._namespaces: dict[str, Namespace] = {}
        self._releases: dict[ConfigKey, dict[int, tuple[Release, str | None]]] = {}
        self._instances: dict[InstanceKey, Instance] = {}
        self._overrides: dict[InstanceKey, ArchivedOverride] = {}
        self._services: dict[ServiceKey, ServiceDescription] = {}
        self._definitions: dict[DefinitionRef, ArchivedDefinition] = {}
        self._schemas: dict[DefinitionRef, dict[str, Schema]] = {}
        self._delivery: dict[Key, Archived] = {}

    def add(self, record: Record) -> None:
        """Take a record in. Raises MusterError for one that cannot be, or not here."""
        match record:
            case NamespaceRecord(name=name):
                _check_new(name not in self._namespaces)
                self._namespaces[name] = record.value()
            case ServiceRecord():
                _check_new(record.key() not in self._services)
                self._services[record.key()] = record.value()
            case ReleaseRecord(number=number, content=content):
                history = self._releases.setdefault(record.key(), {})
                _check_new(number > next(reversed(history), 0))
                history[number] = record.value(), content
            case InstanceRecord(instance_id=instance_id):
                key = InstanceKey(record.key(), instance_id)
                _check_new(key not in self._instances)
                self._instances[key] = record.value()
            case OverrideRecord():
                _check_new(record.key() not in self._overrides)
                self._overrides[record.key()] = record.value()
            case DefinitionRecord() | SchemaRecord():
                self._add_definition(record)
            case VersionRecord():
                self._add_version(record)
            case _:
                self._add_delivered(record.value())

    def _add_definition(self, record: DefinitionRecord | SchemaRecord) -> None:
        if isinstance(record, DefinitionRecord):
            _check_new(record.ref() not in self._definitions)
            self._definitions[record.ref()] = record.value()
            return
        ref = DefinitionRef(record.namespace, record.definition_id)
        archived, schemas = self._definitions.get(ref), self._schemas.setdefault(ref, {})
        if archived is None or record.schema_id not in archived.definition.schema_ids:
            raise MusterError.invalid("schema_id", "is of no definition before it that declares it")
        _check_new(record.schema_id not in schemas)
        schemas[record.schema_id] = record.value()

    def _add_delivered(self, archived: Archived) -> None:
        check_parents(archived, self._delivery)
        _check_new(key_of(archived) not in self._delivery)
        self._delivery[key_of(archived)] = archived

    def _add_version(self, record: VersionRecord) -> None:
        deployment = self._delivery.get(record.deployment_id)
        if not isinstance(deployment, Deployment) or len(deployment.records) == MAX_RECORDS:
            raise MusterError.invalid("deployment_id", f"is of no deployment before it, or has more than {MAX_RECORDS} versions")
        release = record.value()
        _check_new(all(known.spec.version != release.spec.version for known in deployment.records))
        self._delivery[deployment.id] = replace(deployment, records=(*deployment.records, release))

    def archive(self) -> Archive:
        """All of it."""
        return Archive(
            tuple(self._namespaces.values()),
            tuple(
                ArchivedItem(
                    key,
                    tuple(release for release, _ in history.values()),
                    {number: content for number, (_, content) in history.items() if content is not None},
                )
                for key, history in self._releases.items()
            ),
            tuple((key.service, instance) for key, instance in self._instances.items()),
            tuple(self._overrides.values()),
            tuple(self._services.items()),
            tuple(
                replace(archived, schemas=tuple(self._schemas.get(ref, {}).values())) for ref, archived in self._definitions.items()
            ),
            tuple(self._delivery.values()),
        )


def _header(reader: _Reader) -> Header:
    line = reader.line(MAX_HEADER_BYTES)
    try:
        found = msgspec.json.decode(line)
    except _UNREADABLE:
        raise reader.broken("it does not begin with a line of JSON") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise reader.broken("it is no backup of a Muster")
    if found.get("version") != VERSION:
        raise reader.broken(f"this Muster reads version {VERSION} of the format, and it is of another")
    try:
        header = msgspec.json.decode(line, type=Header)
    except _UNREADABLE as error:
        raise reader.broken(f"its first line is not as it must be: {error}") from None
    reader.next_part()
    return header


def _check_new(is_new: bool) -> None:
    if not is_new:
        raise MusterError.invalid("record", "comes twice, or out of order")


def _invalid(problem: str, offset: int) -> MusterError:
    return MusterError(Reason.ARCHIVE_INVALID, f"{problem} (at byte {offset})", {"offset": str(offset)})
