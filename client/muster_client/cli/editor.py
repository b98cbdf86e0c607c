"""The user's own editor, and questions on the terminal."""

import asyncio
import os
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from muster_client.cli.exits import CommandError, Exit


async def edited(text: str, suffix: str) -> str:
    """What the user makes of a text in $VISUAL, $EDITOR or vi. The file is for the user alone, and gone afterwards.

    Raises CommandError if the editor cannot be started or ends with another status than 0.
    """
    path = keep(text, suffix)
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    try:
        with _without_interrupts():  # Ctrl-C is the editor's, and reaches it by the terminal
            process = await asyncio.create_subprocess_exec(*command, str(path))
            status = await process.wait()
        if status != 0:
            raise CommandError(Exit.USAGE, f"the editor {command[0]} ended with status {status}; nothing was published")
        return path.read_bytes().decode()
    except OSError as error:
        raise CommandError(Exit.USAGE, f"cannot edit with {command[0]}: {error.strerror}; set EDITOR") from None
    except UnicodeDecodeError as error:
        kept = keep_bytes(path.read_bytes(), suffix)
        raise CommandError(Exit.USAGE, f"the text is not UTF-8: byte {error.start} is wrong; it is kept in {kept}") from None
    finally:
        path.unlink(missing_ok=True)


def keep(text: str, suffix: str) -> Path:
    """Write a text to a new file that only the user may read."""
    return keep_bytes(text.encode(), suffix)


def keep_bytes(data: bytes, suffix: str) -> Path:
    """Write bytes to a new file that only the user may read."""
    handle, name = tempfile.mkstemp(prefix="muster-", suffix=suffix)  # mode 0600
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    return Path(name)


def can_ask() -> bool:
    """True if somebody is there to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


async def confirm(question: str) -> bool:
    """Ask on the terminal; the default is yes, and the end of the input is a no.

    It is the loop that waits, not a read: a Ctrl-C just before a read would go unseen until the user typed something.
    """
    answered = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, answered.set)
    try:
        while True:
            typer.echo(f"{question} [Y/n]: ", nl=False, err=True)
            answered.clear()
            await answered.wait()
            answer = sys.stdin.readline()  # a terminal has whole lines, or its end
            if answer.strip().lower() in ("", "y", "yes", "n", "no"):
                return answer.strip().lower() in ("", "y", "yes") and answer != ""
            typer.echo("answer y or n", err=True)
    finally:
        loop.remove_reader(sys.stdin)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
