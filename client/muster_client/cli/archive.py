"""Copies of everything."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import grpc.aio
import typer
from muster.admin.v1 import admin_service_pb2 as wire
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from muster_client.cli import texts
from muster_client.cli.command import application, authorship, command
from muster_client.cli.context import Context
from muster_client.cli.document import document
from muster_client.cli.exits import CommandError, Exit
from muster_client.cli.output import Output, Table
from muster_client.errors import from_rpc_error

app = application("Copies.")

CHUNK_BYTES = 1 << 20


@command(app, "backup", example="muster backup muster-2026-01-31.archive")
async def backup(
    context: Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the archive goes.")],
    namespace: Annotated[str, typer.Option("--namespace", "-n", metavar="NAMESPACE", help="Only this one.")] = "",
) -> None:
    """Copy what is durable into a file: configuration with its history, persistent instances, definitions, what is delivered.

    Users and their rights are not in it. It holds what your configuration and your deployments hold, so only you may read it. It is
    there when it is whole, or not at all.
    """
    call = context.admin.Backup(wire.BackupRequest(namespace=namespace), metadata=context.metadata)
    try:
        with _whole_file(file) as out, _progress(context.output) as progress:
            task = progress.add_task("backup", total=None)
            done = total = 0
            async for part in call:
                out.write(part.chunk)
                done, total = done + len(part.chunk), part.total_bytes
                progress.update(task, completed=done, total=total)
            if done != total:
                raise CommandError(Exit.UNEXPECTED, f"the archive ended after {done} of {total} bytes")
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error) from None
    except OSError as error:
        raise CommandError(Exit.USAGE, f"cannot write {file}: {error.strerror}") from None
    context.output.say(f"wrote {file}: {texts.size(done)}", {"file": str(file), "size_bytes": done})


@command(app, "restore", example="muster restore muster-2026-01-31.archive --dry-run", options=(authorship,))
async def restore(
    context: Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An archive that `muster backup` wrote.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would change, and change nothing.")] = False,
    into: Annotated[
        str, typer.Option("--into", metavar="NAMESPACE", help="Restore the one namespace of the archive under this name.")
    ] = "",
) -> None:
    """Make the contents of an archive true, all of it or nothing. What exists and is not in the archive stays.

    Deployments that are not as the archive has them become so by a job of their own: `muster job list` shows them.
    """
    options = wire.RestoreOptions(dry_run=dry_run, into_namespace=into, author=context.author)
    try:
        with file.open("rb") as archive, _progress(context.output) as progress:
            response = await context.admin.Restore(_parts(options, archive, progress), metadata=context.metadata)
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error) from None
    except OSError as error:
        raise CommandError(Exit.USAGE, f"cannot read {file}: {error.strerror}") from None
    rows = [(wire.RestoreChange.Action.Name(c.action).removeprefix("ACTION_").lower(), c.kind, c.name) for c in response.changes]
    if rows or context.output.is_for_machines:
        context.output.show(Table(("action", "kind", "name"), rows), document(response))
    told = f"{texts.count(response.change_count, 'change')}, {response.unchanged_count} unchanged"
    context.output.remark(f"{told}; nothing was done" if dry_run else f"{told}, epoch {response.epoch}")


async def _parts(options: wire.RestoreOptions, archive: IO[bytes], progress: Progress) -> AsyncIterator[wire.RestoreRequest]:
    task = progress.add_task("restore", total=os.fstat(archive.fileno()).st_size)
    yield wire.RestoreRequest(options=options)
    while chunk := archive.read(CHUNK_BYTES):
        yield wire.RestoreRequest(chunk=chunk)
        progress.advance(task, len(chunk))


def _progress(output: Output) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn())
    return Progress(*columns, console=output.errors, disable=not output.errors.is_terminal)


@contextmanager
def _whole_file(file: Path) -> Iterator[IO[bytes]]:
    """A file beside `file` that takes its name when the block is done, and is gone when the block fails."""
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as out:  # mode 0600
        try:
            yield out
            out.flush()
            os.fsync(out.fileno())
        except BaseException:
            os.unlink(out.name)
            raise
    os.replace(out.name, file)
