"""Holding a process to what it may use: by cgroups where this machine lets us, else by resource limits."""

import os
import resource
from contextlib import suppress
from pathlib import Path

import structlog
from muster.delivery.v1.deployment_pb2 import Limits

log = structlog.get_logger(__name__)

CGROUPS = Path("/sys/fs/cgroup")

_CONTROLLERS = "cpu", "memory"
_PERIOD_US = 100_000


class Limiter:
    """By a cgroup (version 2) for each replica, made when the first is wanted; once that fails, by resource limits.

    RLIMIT_DATA counts what is written to, and not what is only reserved, which virtual machines do by the gigabyte.
    """

    def __init__(self, cgroups: Path = CGROUPS) -> None:
        self._parent = cgroups / "muster-agent" if _are_usable(cgroups) else None

    @property
    def text(self) -> str:
        """How it is done here, for people."""
        if self._parent is not None:
            return "memory and processors by cgroups"
        return "memory by RLIMIT_DATA for each process, processors by affinity in whole ones"

    def apply(self, name: str, pid: int, limits: Limits) -> None:
        """Hold a process, and what it starts, to its limits. Raises OSError."""
        if not limits.cpu_milli and not limits.memory_bytes:
            return
        if self._parent is not None:
            try:
                _join(self._parent, name, pid, limits)
            except OSError as error:
                log.warning("cgroups cannot be used", why=error.strerror)
                self._parent = None
            else:
                return
        _limit(name, pid, limits)

    def forget(self, name: str) -> None:
        """The processes of that name are gone."""
        if self._parent is not None:
            with suppress(OSError):
                (self._parent / name).rmdir()


def _are_usable(cgroups: Path) -> bool:
    try:
        return set(_CONTROLLERS) <= set((cgroups / "cgroup.controllers").read_text().split()) and os.access(cgroups, os.W_OK)
    except OSError:
        return False


def _join(parent: Path, name: str, pid: int, limits: Limits) -> None:
    group = parent / name
    group.mkdir(parents=True, exist_ok=True)
    for directory in (parent.parent, parent):
        (directory / "cgroup.subtree_control").write_text(" ".join(f"+{controller}" for controller in _CONTROLLERS))
    if limits.memory_bytes:
        (group / "memory.max").write_text(str(limits.memory_bytes))
    if limits.cpu_milli:
        (group / "cpu.max").write_text(f"{limits.cpu_milli * _PERIOD_US // 1000} {_PERIOD_US}")
    (group / "cgroup.procs").write_text(str(pid))


def _limit(name: str, pid: int, limits: Limits) -> None:
    if limits.memory_bytes:
        resource.prlimit(pid, resource.RLIMIT_DATA, (limits.memory_bytes, limits.memory_bytes))
    if limits.cpu_milli:
        usable = sorted(os.sched_getaffinity(0))
        count = min(len(usable), -(-limits.cpu_milli // 1000))
        first = hash(name) % len(usable)
        os.sched_setaffinity(pid, {usable[(first + number) % len(usable)] for number in range(count)})
