"""Holding a process to what it may use: by cgroups where this machine lets us, else by resource limits."""

import os
import resource
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from muster.delivery.v1.deployment_pb2 import Limits

_PERIOD_US = 100_000
_CGROUPS = Path("/sys/fs/cgroup")


class Limiter(Protocol):
    """How it is done here. `text` says so, for people."""

    text: str

    def apply(self, name: str, pid: int, limits: Limits) -> None:
        """Hold a process, and what it starts, to its limits. Raises OSError."""
        ...

    def forget(self, name: str) -> None:
        """The processes of that name are gone."""
        ...


class CgroupLimiter:
    """A cgroup (v2) for each replica below one that is ours."""

    text = "memory and processors by cgroups"

    def __init__(self, parent: Path) -> None:
        self._parent = parent

    def apply(self, name: str, pid: int, limits: Limits) -> None:
        """See Limiter."""
        group = self._parent / name
        group.mkdir(exist_ok=True)
        if limits.memory_bytes:
            (group / "memory.max").write_text(str(limits.memory_bytes))
        if limits.cpu_milli:
            (group / "cpu.max").write_text(f"{limits.cpu_milli * _PERIOD_US // 1000} {_PERIOD_US}")
        (group / "cgroup.procs").write_text(str(pid))

    def forget(self, name: str) -> None:
        """See Limiter."""
        with suppress(OSError):
            (self._parent / name).rmdir()


class ResourceLimiter:
    """Memory by RLIMIT_DATA, which counts what is written to and not what is only reserved; processors in whole ones."""

    text = "memory by RLIMIT_DATA for each process, processors by affinity in whole ones"

    def apply(self, name: str, pid: int, limits: Limits) -> None:
        """See Limiter."""
        if limits.memory_bytes:
            resource.prlimit(pid, resource.RLIMIT_DATA, (limits.memory_bytes, limits.memory_bytes))
        if limits.cpu_milli:
            usable = sorted(os.sched_getaffinity(0))
            count = min(len(usable), -(-limits.cpu_milli // 1000))
            first = hash(name) % len(usable)
            os.sched_setaffinity(pid, {usable[(first + number) % len(usable)] for number in range(count)})

    def forget(self, name: str) -> None:
        """See Limiter."""


def find_limiter() -> Limiter:
    """What this machine lets us do."""
    parent = _CGROUPS / "muster-agent"
    with suppress(OSError):
        if {"cpu", "memory"} <= set((_CGROUPS / "cgroup.controllers").read_text().split()):
            (_CGROUPS / "cgroup.subtree_control").write_text("+cpu +memory")
            parent.mkdir(exist_ok=True)
            (parent / "cgroup.subtree_control").write_text("+cpu +memory")
            return CgroupLimiter(parent)
    return ResourceLimiter()
