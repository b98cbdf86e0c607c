"""Archives as bytes, from worlds and from text."""

import hashlib
import io
from datetime import UTC, datetime

import msgspec
from core.worlds import DurableWorld
from muster_server.core.archive import Archive
from muster_server.core.copying import copied
from muster_server.core.errors import MusterError, Reason
from muster_server.engine.archive_reader import read_archive
from muster_server.engine.archive_records import Header
from muster_server.engine.archive_writer import write_archive

HEADER = Header(epoch=5, revision=42, create_time=datetime(2026, 1, 31, 12, tzinfo=UTC), namespace="")
HEADER_LINE = (
    b'{"format":"muster-backup","version":1,"epoch":5,"revision":42,"create_time":"2026-01-31T12:00:00Z","namespace":""}\n'
)


def written(world: DurableWorld) -> bytes:
    """The archive of a world; it holds itself the contents that lines show, and the world is asked for the others."""
    file = io.BytesIO()
    size_bytes = write_archive(file, HEADER, copied(world.state), world.content_of)
    assert size_bytes == len(file.getvalue())
    return file.getvalue()


def read(data: bytes) -> Archive:
    return read_archive(io.BytesIO(data))[1]


def sealed(*records: object, header: bytes = HEADER_LINE, count: int | None = None) -> bytes:
    """An archive by hand: what is in it may be nonsense, the trailer is right."""
    encoded = [msgspec.msgpack.encode(record) for record in records]
    body = header + b"".join(len(record).to_bytes(4, "big") + record for record in encoded)
    body += bytes(4) + (len(records) if count is None else count).to_bytes(8, "big")
    return body + hashlib.sha256(body).digest()


def offset_of(error: MusterError) -> int:
    assert error.reason is Reason.ARCHIVE_INVALID
    assert f"(at byte {error.details['offset']})" in error.message or error.message.endswith("…")
    return int(error.details["offset"])
