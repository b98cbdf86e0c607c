"""What the agent remembers: one file for each deployment, on disk before what it tells of is done."""

import asyncio
import fcntl
import os
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import msgspec

from muster_agent.processes import Identity


class ReplicaRecord(msgspec.Struct, kw_only=True):
    """A replica. `mark` is its process's own word; `process` is None while none was started, or its start was not written down."""

    index: int
    mark: str
    spec_generation: int
    spec: bytes
    directory: str
    port: int
    process: Identity | None = None
    start_s: float = 0.0
    restarts: int = 0
    is_leaving: bool = False


class DeploymentRecord(msgspec.Struct, kw_only=True):
    """A deployment. `desired` is the last DesiredDeployment; `package` the digest of what is unpacked for its spec_generation.

    `settled` is the generation that was last made true, or given up.
    """

    deployment_id: str
    desired: bytes
    replicas: list[ReplicaRecord] = msgspec.field(default_factory=list)
    package: str = ""
    package_generation: int = 0
    settled: int = 0


@dataclass(slots=True)
class _Turns:
    """Who writes a record: how often that was asked for, and how many of those are done with."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: int = 0
    written: int = 0


class Store:
    """The files below a directory, which is this process's alone while the store is open. Raises OSError if it is another's.

    `agent_id` is made with the directory, and stays on a `machine`: on another one a copy is another agent, which cannot take this
    one's place. One thread writes the files, in the order of the calls, while everything else goes on.
    """

    def __init__(self, directory: Path, machine: str | None = None) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = (directory / "agent").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise OSError(f"{directory} is in use by another agent") from None
        self._lock.seek(0)
        word = self._lock.read() or uuid4().hex
        if not self._lock.tell():
            self._lock.write(word)
            self._lock.flush()
        self.agent_id = sha256(f"{word} {_machine() if machine is None else machine}".encode()).hexdigest()[:32]
        self._writer = ThreadPoolExecutor(1, "agent's store")
        self._turns: defaultdict[str, _Turns] = defaultdict(_Turns)
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(DeploymentRecord)

    def load(self) -> list[DeploymentRecord]:
        """All there are. Raises OSError, also for a file that is no record: who goes on without it may run everything twice."""
        return [self._read(path) for path in sorted(self._directory.glob("*.json"))]

    async def save(self, record: DeploymentRecord) -> None:
        """Wait until one is on disk as it is now, or later. Raises OSError.

        Those who ask while it is being written have one write together: a hundred replicas that start at once are not written
        down a hundred times.
        """
        turns = self._turns[record.deployment_id]
        turns.asked += 1
        mine = turns.asked
        async with turns.lock:
            if turns.written < mine:
                asked = turns.asked
                await self._written(self._write, self._path(record.deployment_id), self._encoder.encode(record))
                turns.written = asked

    async def forget(self, deployment_id: str) -> None:
        """Take one away."""
        await self._written(self._path(deployment_id).unlink, True)  # missing_ok
        self._turns.pop(deployment_id, None)

    def close(self) -> None:
        """Let others have the directory."""
        self._writer.shutdown()
        self._lock.close()

    async def _written(self, write: Callable[..., None], *arguments: object) -> None:
        await asyncio.get_running_loop().run_in_executor(self._writer, write, *arguments)

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        scratch = path.with_suffix(".new")
        with open(scratch, "wb", opener=_private) as file:  # a Path's own cannot make it private
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)

    def _read(self, path: Path) -> DeploymentRecord:
        try:
            return self._decoder.decode(path.read_bytes())
        except msgspec.MsgspecError as error:
            raise OSError(f"{path} cannot be read ({error}): restore it, or end what it ran and remove it") from None

    def _path(self, deployment_id: str) -> Path:
        return self._directory / f"{deployment_id}.json"


def _machine() -> str:
    """What tells this machine from others (machine-id(5)); empty if nothing does, as in many containers."""
    try:
        return Path("/etc/machine-id").read_text().strip()
    except OSError:
        return ""


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
