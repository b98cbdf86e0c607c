"""One replica: its process is started, watched, and started again if it ends, until it is stopped."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from muster.delivery.v1 import deployment_pb2 as wire

from muster_agent import logs
from muster_agent.backoff import Backoff
from muster_agent.limits import Limiter
from muster_agent.ports import Ports
from muster_agent.probing import Place, do
from muster_agent.processes import REPLICA_VARIABLE, Process, find_marked, kill_marked
from muster_agent.standing import EXITED, STARTING, STOPPING, WAITING, ReplicaFailedError, Standing
from muster_agent.store import ReplicaRecord
from muster_agent.watching import Watch, ready_timeout_s

log = structlog.get_logger(__name__)

DEFAULT_GRACE_S = 10.0
LAST_LINES = 5
MAX_MESSAGE_BYTES = 1024


class Replica:
    """`changed` tells that it is another; `env` is all that its process gets, but for the port.

    `leave` is done before it is stopped: it takes the replica out of the registry and waits until callers know.
    """

    def __init__(
        self,
        record: ReplicaRecord,
        env: Mapping[str, str],
        files: "Files",
        tools: "Tools",
        changed: Callable[[], None],
    ) -> None:
        self.record = record
        self.spec = wire.DeploymentSpec.FromString(record.spec)
        self._standing = Standing(changed)
        self._env, self._files, self._tools = env, files, tools
        self._process: Process | None = None
        self._again = asyncio.Event()
        self._backoff = Backoff()
        self._output_begin = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def index(self) -> int:
        """Which one of its deployment."""
        return self.record.index

    @property
    def output(self) -> Path:
        """What it writes to, as did those before it of its index and spec."""
        return self._files.output

    @property
    def state(self) -> int:
        """Where it stands: one of those in `standing`."""
        return self._standing.state

    def begin(self) -> None:
        """Look after its process: the one that runs already, or a new one. What is leaving is not started again."""
        self._process = self._found()
        if not self.record.is_leaving:
            self._task = asyncio.create_task(self._run(), name=f"replica {self.record.mark}")

    def revive(self) -> None:
        """Somebody wants it to run: what failed so far does not count any more."""
        self._standing.failures = 0
        self._backoff.reset()
        if self.state in (WAITING, EXITED):
            self._standing.to(STARTING, "")
            self._again.set()

    async def until_ready(self) -> None:
        """Raises ReplicaFailedError if it is not within its time, or ends again and again."""
        try:
            await self._standing.until_ready(ready_timeout_s(self.spec))
        except ReplicaFailedError as error:
            raise ReplicaFailedError(f"replica {self.index} {error}") from None

    async def stop(self, leave: Callable[["Replica"], Awaitable[None]]) -> None:
        """Take it out of traffic, and end its process and all that this started. It may be called again after a restart."""
        self.record.is_leaving = True
        await self._files.save_if_possible()
        if self._task is not None:  # or its probes would call it ready again
            self._task.cancel()
            await asyncio.wait([self._task])
        self._standing.to(STOPPING, "")
        await leave(self)
        if self._process is not None:
            if self.spec.HasField("pre_stop") and (why := await do(self.spec.pre_stop, self._place())):
                log.info("pre-stop hook failed", replica=self.record.mark, why=why)
            has_grace = self.spec.HasField("stop_grace")
            grace_s = self.spec.stop_grace.ToTimedelta().total_seconds() if has_grace else DEFAULT_GRACE_S
            if not await self._process.stop(grace_s):
                log.info("replica killed", replica=self.record.mark, grace_s=grace_s)
            self._process = None
        await self._end_rest()
        self._tools.limiter.forget(self.record.mark)
        self._tools.ports.release(self.record.port)

    async def let_go(self) -> None:
        """Look after it no longer; its process goes on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._process is not None:
            self._process.let_go()

    def message_of(self) -> wire.Replica:
        """How it is, on the wire."""
        message = wire.Replica(
            index=self.index,
            pid=self._process.pid if self._process is not None else 0,
            port=self.record.port,
            version=self.spec.version,
            restarts=self.record.restarts,
            message=clipped(self._standing.message, MAX_MESSAGE_BYTES),
        )
        message.state = self.state  # type: ignore[assignment]  # a number of the enum
        message.start_time.FromMicroseconds(round(self.record.start_s * 1e6))
        return message

    async def _run(self) -> None:
        try:
            await self._keep_running()
        except Exception:  # a defect of ours, which is not to be silent
            log.exception("replica lost", replica=self.record.mark)
            self._standing.to(EXITED, "the agent has failed: its log says how")

    async def _keep_running(self) -> None:
        if self._process is None and self.record.process is not None:  # it ended while nobody looked
            await self._end_rest()
            if self.spec.restart_policy == wire.RESTART_POLICY_NEVER:
                self._standing.to(EXITED, "ended while the agent was away")
                await self._again.wait()
        while True:
            if self._process is None:
                self._again.clear()
                await self._start()
            if self._process is not None:
                await self._look_after(self._process)
                self._process = None
            if self.spec.restart_policy == wire.RESTART_POLICY_NEVER:
                self._standing.to(EXITED, self._standing.message)
                await self._again.wait()
            else:
                self._standing.to(WAITING, self._standing.message)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._backoff.next_s()):
                        await self._again.wait()
            self.record.restarts += 1

    async def _start(self) -> None:
        """Start the process. What it is to be is written down before, so that it is found whatever happens in between."""
        ports, record = self._tools.ports, self.record
        record.port = ports.take(record.port, self._env.get("PORT"))
        record.mark = f"{record.mark.partition('.')[0]}.{secrets.token_hex(4)}"
        record.process = None
        self._standing.to(STARTING, "")
        place = self._place()
        try:
            await self._files.save()
            self._output_begin = logs.size(self._files.output)
            process = Process.start(list(self.spec.command), place.directory, place.env, self._files.output)
        except OSError as error:
            self._standing.failed(f"cannot be started: {error.filename or self.spec.command[0]}: {error.strerror}")
            log.info("replica not started", replica=record.mark, why=error.strerror)
            return
        self._process = process
        record.process, record.start_s = process.identity, time.time()
        try:
            await self._files.save()
            self._tools.limiter.apply(record.mark, process.pid, self.spec.limits)
        except ProcessLookupError:
            pass  # it has ended already
        except OSError as error:
            log.warning("replica is not written down, or not held to its limits", replica=record.mark, why=error.strerror)
        log.info("replica started", replica=record.mark, pid=process.pid, port=record.port)

    async def _look_after(self, process: Process) -> None:
        """Until the process has ended. A probe that finds it dead ends it."""
        ended = asyncio.create_task(process.wait(), name=f"end of {self.record.mark}")
        watch = Watch(self.spec, self._place(), self.record.start_s, self._standing, self._backoff.ready)
        watched = asyncio.create_task(watch.run(), name=f"probes of {self.record.mark}")
        try:
            await asyncio.wait([ended, watched], return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                why = watched.result()
                await process.kill()
                self._note_end(f"was killed: {why}")
            else:
                self._note_end(str(ended.result()))
        finally:
            for task in (ended, watched):
                task.cancel()
            await asyncio.wait([ended, watched])
        await process.kill()  # what it left behind
        await self._end_rest()

    async def _end_rest(self) -> None:
        """What it started and what made itself a group or session of its own, as daemons do, goes with it."""
        if count := await asyncio.to_thread(kill_marked, self.record.mark):
            log.info("what a replica left behind was killed", replica=self.record.mark, processes=count)

    def _note_end(self, how: str) -> None:
        lines = logs.last_lines(self._files.output, LAST_LINES, self._output_begin)
        self._standing.failed(f"{how}; it wrote last:\n{lines}" if lines else how)
        log.info("replica ended", replica=self.record.mark, how=how)

    def _found(self) -> Process | None:
        """The process that was started before the agent's own restart."""
        identity = self.record.process or find_marked(self.record.mark)
        if identity is None or (process := Process.adopt(identity)) is None:
            return None
        if self.record.process is None:
            self.record.process, self.record.start_s = identity, time.time()
        self._tools.ports.hold(self.record.port)
        log.info("replica found again", replica=self.record.mark, pid=process.pid)
        return process

    def _place(self) -> Place:
        env = {**self._env, "PORT": str(self.record.port), REPLICA_VARIABLE: self.record.mark}
        return Place(self.record.port, Path(self.record.directory), env)


@dataclass(frozen=True, slots=True)
class Files:
    """A replica's: what it writes, and how its record is written down. `save` raises OSError, `save_if_possible` does not."""

    output: Path
    save: Callable[[], Awaitable[None]]
    save_if_possible: Callable[[], Awaitable[None]]


class Tools:
    """What replicas share."""

    def __init__(self, limiter: Limiter, ports: Ports) -> None:
        self.limiter = limiter
        self.ports = ports


def clipped(text: str, size: int) -> str:
    """As much of a text as fits into so many bytes."""
    return text.encode()[:size].decode(errors="ignore")
