"""AdminService.Backup and Restore: an archive on its way out, and on its way in."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

import structlog
from muster.admin.v1 import admin_service_pb2 as wire

from muster_server.core.archive import Archive
from muster_server.core.copying import copied
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import MAX_NAME_BYTES, checked_text
from muster_server.core.namespaces import exists, namespace_not_found
from muster_server.core.restore_commands import Change, RestoreArchive, RestoredArchive
from muster_server.engine.archive_reader import read_archive
from muster_server.engine.archive_records import MAX_ARCHIVE_BYTES, Header
from muster_server.engine.archive_writer import write_archive
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.calls import Stream

log = structlog.get_logger(__name__)

CHUNK_BYTES = 1 << 20
SPOOL_BYTES = 8 << 20
MAX_CHANGES = 1000
MAX_RUNNING = 4
STUCK_AFTER_S = 30.0


class ArchiveServicer:
    """Documented in admin_service.proto. Archives lie in temporary files, in memory up to 8 MiB; at most 4 are under way at once.

    Files are written, read and checked in threads, so that neither a large archive nor a slow reader of one holds others up.
    """

    def __init__(self, engine: Engine, *, max_bytes: int = MAX_ARCHIVE_BYTES, stuck_after_s: float = STUCK_AFTER_S) -> None:
        self._engine = engine
        self._max_bytes = max_bytes
        self._stuck_after_s = stuck_after_s
        self._running = 0

    async def backup(self, request: wire.BackupRequest, stream: Stream) -> None:
        """Copy what is durable, write the archive, then send it."""
        namespace = checked_text("namespace", request.namespace, MAX_NAME_BYTES)
        with self._file() as file:
            archive, header = self._copied(namespace)
            size_bytes = await asyncio.to_thread(write_archive, file, header, archive, self._engine.contents.read, self._max_bytes)
            del archive
            file.seek(0)
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                await self._send(stream, wire.BackupResponse(chunk=chunk, total_bytes=size_bytes))

    async def restore(self, stream: Stream) -> wire.RestoreResponse:
        """Take the archive whole, check all of it, and only then make it true."""
        first = await stream.read()
        if first is None or first.WhichOneof("part") != "options":
            raise MusterError(Reason.PROTOCOL_VIOLATION, "the first message must be options")
        options = first.options
        author = checked_text("author", options.author, 256)
        into = checked_text("into_namespace", options.into_namespace, MAX_NAME_BYTES)
        with self._file() as file:
            await self._receive(stream, file)
            _, archive = await asyncio.to_thread(read_archive, file)
        if into:
            archive = archive.moved(into)
        restored: RestoredArchive = await perform(self._engine, RestoreArchive(archive, author, options.dry_run))
        if not options.dry_run:
            log.info("restored an archive", author=author, changes=len(restored.changes), epoch=self._engine.epoch)
        return wire.RestoreResponse(
            changes=map(_change, restored.changes[:MAX_CHANGES]),
            change_count=len(restored.changes),
            unchanged_count=restored.unchanged_count,
            epoch=self._engine.epoch,
            revision=self._engine.revision,
        )

    @contextmanager
    def _file(self) -> Iterator[BinaryIO]:
        """A temporary file. Raises MusterError if there are too many."""
        if self._running >= MAX_RUNNING:
            limit = {"limit": str(MAX_RUNNING)}
            raise MusterError(Reason.LIMIT_EXCEEDED, f"at most {MAX_RUNNING} archives can be under way at once", limit)
        self._running += 1
        try:
            with SpooledTemporaryFile(SPOOL_BYTES) as file:
                yield cast("BinaryIO", file)
        finally:
            self._running -= 1

    def _copied(self, namespace: str) -> tuple[Archive, Header]:
        engine = self._engine
        archive = copied(engine.state, namespace)
        if namespace and not exists(engine.state, namespace) and archive == Archive():
            raise namespace_not_found(namespace)
        create_time = datetime.fromtimestamp(engine.wall_s(), UTC)
        return archive, Header(epoch=engine.epoch, revision=engine.revision, create_time=create_time, namespace=namespace)

    async def _send(self, stream: Stream, frame: wire.BackupResponse) -> None:
        try:
            async with asyncio.timeout(self._stuck_after_s):
                await stream.write(frame)
        except TimeoutError:
            raise MusterError(Reason.SLOW_CONSUMER, f"nothing was read for {self._stuck_after_s:.0f} s") from None

    async def _receive(self, stream: Stream, file: BinaryIO) -> None:
        size_bytes = 0
        while (frame := await stream.read()) is not None:
            if frame.WhichOneof("part") != "chunk":
                raise MusterError(Reason.PROTOCOL_VIOLATION, "after the options only chunks may come")
            if len(frame.chunk) > CHUNK_BYTES:
                raise MusterError.invalid("chunk", f"must not be longer than {CHUNK_BYTES} bytes")
            size_bytes += len(frame.chunk)
            if size_bytes > self._max_bytes:
                problem = f"the archive is larger than {self._max_bytes} bytes"
                raise MusterError(Reason.TOO_LARGE, problem, {"limit": str(self._max_bytes)})
            await asyncio.to_thread(file.write, frame.chunk)
        file.seek(0)


def _change(change: Change) -> wire.RestoreChange:
    action = wire.RestoreChange.ACTION_ADD if change.is_addition else wire.RestoreChange.ACTION_CHANGE
    return wire.RestoreChange(action=action, kind=change.kind, name=change.name)
