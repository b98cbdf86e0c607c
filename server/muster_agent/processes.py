"""Processes of this machine that outlive who started them: found again by pid and start time, ended as a group.

Linux only: what is known of a process is what /proc says of it.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

REPLICA_VARIABLE = "MUSTER_REPLICA"
"""Marks every process of a replica with a word of its own, so that one is found whose pid could not be written down any more."""

MAX_SWEEPS = 100

_PROC = Path("/proc")
_START_FIELD = 19  # of what follows the name in /proc/<pid>/stat: clock ticks after boot


@dataclass(frozen=True, slots=True)
class Identity:
    """One process, and no other that had or will have its pid. `boot` is this run of the machine."""

    pid: int
    start_ticks: int
    boot: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit status, or minus the number of the signal; None if it was nobody's child any more."""

    status: int | None

    def __str__(self) -> str:
        if self.status is None:
            return "ended"
        if self.status >= 0:
            return f"ended with status {self.status}"
        with suppress(ValueError):
            return f"ended by {signal.Signals(-self.status).name}"
        return f"ended by signal {-self.status}"


class Process:
    """The first process of a group and session of its own. Make it with `start` or `adopt`."""

    def __init__(self, identity: Identity, child: "subprocess.Popen[bytes] | None") -> None:
        self.identity = identity
        self._child = child

    @classmethod
    def start(cls, command: Sequence[str], directory: Path, env: Mapping[str, str], output: Path) -> "Process":
        """Start a program without a shell; it writes to the end of `output`. Raises OSError."""
        with output.open("ab") as file:
            child = subprocess.Popen(  # noqa: S603  # to run what others say is what an agent is for
                command,
                cwd=directory,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(Identity(child.pid, _start_ticks(child.pid, with_zombies=True) or 0, boot_id()), child)

    @classmethod
    def adopt(cls, identity: Identity) -> "Process | None":
        """Take over one that somebody else started; None if it does not run any more."""
        return cls(identity, None) if is_running(identity) else None

    @property
    def pid(self) -> int:
        """Its number."""
        return self.identity.pid

    async def wait(self) -> Ended:
        """Wait until it has ended."""
        with suppress(ProcessLookupError):
            await _ended(self.identity)
        if self._child is None:
            return Ended(None)
        return Ended(self._child.wait())

    async def stop(self, grace_s: float) -> bool:
        """Tell its group to end, and kill it if it takes longer than the grace. False if it had to be killed."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                await self.wait()
        except TimeoutError:
            await self.kill()
            return False
        self._signal(signal.SIGKILL)  # what it left behind
        return True

    def let_go(self) -> None:
        """It goes on without us."""
        if self._child is not None:
            self._child.returncode = 0  # or its destructor complains

    async def kill(self) -> None:
        """End the whole group now."""
        self._signal(signal.SIGKILL)
        await self.wait()

    def _signal(self, number: signal.Signals) -> None:
        """The group keeps the leader's pid for as long as one of it lives, so nobody else can have it."""
        if _group_is(self.identity):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)


def boot_id() -> str:
    """Which run of the machine it is."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def is_running(identity: Identity) -> bool:
    """True if this very process runs; a zombie does not."""
    return identity.boot == boot_id() and _start_ticks(identity.pid) == identity.start_ticks


def find_marked(mark: str) -> Identity | None:
    """The first process of the session that has this mark in its environment. O(processes)."""
    for pid in _marked(mark):
        with suppress(ProcessLookupError):
            if os.getsid(pid) == pid and (ticks := _start_ticks(pid)) is not None:
                return Identity(pid, ticks, boot_id())
    return None


def kill_marked(mark: str) -> int:
    """Kill every process that has this mark in its environment, and answer how many there were. O(processes); blocks.

    It looks again until there is none, since one may have forked; a program that does nothing else is given up.
    """
    killed: set[int] = set()
    for _ in range(MAX_SWEEPS):
        found = [pid for pid in _marked(mark) if _start_ticks(pid) is not None]
        if not found:
            break
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed.update(found)
    return len(killed)


def _marked(mark: str) -> Iterator[int]:
    wanted = f"{REPLICA_VARIABLE}={mark}".encode()
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    yield int(entry.name)


def _group_is(identity: Identity) -> bool:
    """True unless the pid is another process's by now, which then leads its own group."""
    ticks = _start_ticks(identity.pid, with_zombies=True)
    return identity.boot == boot_id() and ticks in (None, identity.start_ticks)


def _start_ticks(pid: int, *, with_zombies: bool = False) -> int | None:
    """When a process was started; None if there is none, or only what is left of one."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return int(fields[_START_FIELD - 1]) if with_zombies or state not in "ZX" else None


async def _ended(identity: Identity) -> None:
    """Wait until a process has ended, whoever's child it is. Raises ProcessLookupError if it is not there any more."""
    descriptor = os.pidfd_open(identity.pid)
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        if _start_ticks(identity.pid, with_zombies=True) != identity.start_ticks:  # the pid is another's by now
            return
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
