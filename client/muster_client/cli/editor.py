"""The user's own editor, and questions on the terminal."""

import asyncio
import os
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from muster_client.cli.exits import CommandError, Exit


async def edited(text: str, suffix: str) -> str:
    """What the user makes of a text in $VISUAL, $EDITOR or vi. The file is for the user alone, and gone afterwards.

    Raises CommandError if the editor cannot be started or ends with another status than 0.
    """
    path = keep(text, suffix)
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    try:
        with _interrupts(lambda *_: None):  # Ctrl-C is the editor's, and reaches it by the terminal
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


def confirm(question: str) -> bool:
    """Ask on the terminal; the default is yes. Raises typer.Abort on Ctrl-C and at the end of the input.

    It blocks the loop: while the user thinks, there is nothing else to do.
    """
    with _interrupts(signal.default_int_handler):  # asyncio's own handler would wait for the loop, which waits for the user
        return typer.confirm(question, default=True, err=True)


@contextmanager
def _interrupts(handler: Callable[..., Any]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
