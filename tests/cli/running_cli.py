"""The command line as its users have it: in this process for answers, as a program of its own for signals and terminals."""

import asyncio
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from muster_client.cli.commands import app
from running import Server
from typer.testing import CliRunner

WAIT_S = 20.0
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
ENVIRONMENT = {"MUSTER_AUTHOR": "tester", "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "150", "LINES": "40"}

# The terminal becomes the controlling one, so that Ctrl-C typed into it reaches the program as a signal.
IN_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "muster_client.cli.app", *sys.argv[1:]])
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended and what it wrote."""

    status: int
    out: str
    errors: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    def rows(self) -> list[dict[str, str]]:
        """The rows of a plain table, by heading."""
        heading, *lines = self.out.splitlines()
        starts = [match.start() for match in re.finditer(r"(?:^|(?<=  ))\S", heading)]
        bounds = list(zip(starts, [*starts[1:], None], strict=True))
        return [{heading[a:b].strip(): line[a:b].strip() for a, b in bounds} for line in lines]


async def muster(server: Server | str, *arguments: str, text: str = "", **variables: str) -> Answer:
    """Run a command to its end, in a thread with a loop of its own."""
    target = server if isinstance(server, str) else server.grpc_target
    environment = {**ENVIRONMENT, "MUSTER_TARGET": target, **variables}
    result = await asyncio.to_thread(CliRunner().invoke, app, list(arguments), input=text, env=environment, prog_name="muster")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


async def published(server: Server, name: str, content: str, *arguments: str) -> int:
    """Publish content; answers the revision of the release."""
    answer = await muster(server, "config", "publish", name, "-f", "-", "-o", "json", *arguments, text=content)
    assert answer.status == 0, answer.errors
    revision: int = answer.document["release"]["revision"]
    return revision


@dataclass
class Terminal:
    """A program in a terminal of its own: what it wrote, and a keyboard."""

    process: "subprocess.Popen[bytes]"
    master: int
    raw: str = ""
    seen: str = ""

    @property
    def screen(self) -> str:
        """Everything that was written, without colours and movements."""
        return CONTROL.sub("", self.raw).replace("\r", "")

    def wait_for(self, text: str) -> None:
        """Read until the text has been written. What was written until then is `seen`, and `screen` begins after it."""
        deadline = time.monotonic() + WAIT_S
        wanted = re.compile(" +".join(map(re.escape, text.split())))  # columns may be of any width
        while (found := wanted.search(self.screen)) is None:
            assert self._read(deadline), f"{text!r} did not come; there is:\n{self.screen}"
        screen = self.screen
        self.seen += screen[: found.end()]
        self.raw = screen[found.end() :]

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self) -> int:
        """Read until the program ends; answers its status."""
        deadline = time.monotonic() + WAIT_S
        while self._read(deadline):
            pass
        return self.process.wait(WAIT_S)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self.master, 1 << 16)
        except OSError:  # the other end is closed
            return False
        self.raw += data.decode(errors="replace")
        return bool(data)


@contextmanager
def terminal(target: str, *arguments: str, **environment: str) -> Iterator[Terminal]:
    """Run a command in a pseudo-terminal of 150 columns; killed at the end if it still runs."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (40, 150))
    process = subprocess.Popen(
        [sys.executable, "-c", IN_TERMINAL, *arguments],
        env={**os.environ, **ENVIRONMENT, "TERM": "xterm-256color", "MUSTER_TARGET": target, **environment},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "muster_client.cli.app", *arguments]


@contextmanager
def program(target: str, *arguments: str, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a command with pipes; killed at the end if it still runs."""
    process = subprocess.Popen(
        command_line(*arguments),
        env={**os.environ, **ENVIRONMENT, "MUSTER_TARGET": target, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def interrupt(process: "subprocess.Popen[Any]") -> None:
    process.send_signal(signal.SIGINT)
