"""Writes an archive. The format is that of `archive_records`."""

import hashlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

import msgspec

from muster_server.core.archive import Archive, ArchivedItem
from muster_server.core.config_model import Release
from muster_server.core.errors import MusterError, Reason
from muster_server.engine.archive_records import (
    COUNT_BYTES,
    DIGEST_BYTES,
    LENGTH_BYTES,
    MAX_ARCHIVE_BYTES,
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
from muster_server.engine.delivery_records import records_of

ContentOf = Callable[[Release], str | None]


def write_archive(
    file: BinaryIO, header: Header, archive: Archive, content_of: ContentOf, max_bytes: int = MAX_ARCHIVE_BYTES
) -> int:
    """Write all of it, and answer its size in bytes. Blocks.

    `content_of` answers contents that the archive does not hold, None for a release that is not kept any more: it is left out.
    Raises MusterError: TOO_LARGE for what no server would take back, and what `content_of` raises.
    """
    encoder, digest, size_bytes, count = msgspec.msgpack.Encoder(), hashlib.sha256(), 0, 0

    def put(*parts: bytes) -> None:
        nonlocal size_bytes
        for part in parts:
            digest.update(part)
            file.write(part)
            size_bytes += len(part)
        if size_bytes > max_bytes - LENGTH_BYTES - COUNT_BYTES - DIGEST_BYTES:
            problem = f"the archive would be larger than {max_bytes} bytes: back up one namespace at a time"
            raise MusterError(Reason.TOO_LARGE, problem, {"limit": str(max_bytes)})

    put(msgspec.json.encode(header), b"\n")
    for record in _records(archive, content_of):
        encoded = encoder.encode(record)
        put(len(encoded).to_bytes(LENGTH_BYTES, "big"), encoded)
        count += 1
    end = bytes(LENGTH_BYTES) + count.to_bytes(COUNT_BYTES, "big")
    digest.update(end)
    file.write(end + digest.digest())
    return size_bytes + len(end) + DIGEST_BYTES


def _records(archive: Archive, content_of: ContentOf) -> Iterator[Record]:
    yield from map(NamespaceRecord.of, archive.namespaces)
    for key, description in archive.services:
        yield ServiceRecord.of(key, description)
    for item in archive.items:
        yield from _releases(item, content_of)
    for key, instance in archive.instances:
        yield InstanceRecord.of(key, instance)
    yield from map(OverrideRecord.of, archive.overrides)
    for archived in archive.definitions:
        yield DefinitionRecord.of(archived)
        for schema in archived.schemas:
            yield SchemaRecord.of(archived.definition, schema)
    for delivered in archive.delivery:
        yield from records_of(delivered)


def _releases(item: ArchivedItem, content_of: ContentOf) -> Iterator[ReleaseRecord]:
    for release in item.releases:
        content = None
        if release.has_content:
            content = item.contents[release.number] if release.number in item.contents else content_of(release)
            if content is None:
                continue  # it was compacted while the archive was written
        yield ReleaseRecord.of(item.key, release, content)
