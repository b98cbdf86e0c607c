"""One replica: its process is started, watched, asked how it is, and started again if it ends, until it is stopped."""

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
from muster_agent.probing import Place, do, probe
from muster_agent.processes import REPLICA_VARIABLE, Process, find_marked, kill_marked
from muster_agent.store import ReplicaRecord

log = structlog.get_logger(__name__)

DEFAULT_READY_S = 30.0
DEFAULT_PERIOD_S = 2.0
GIVE_UP_AFTER = 3
MIN_UP_S = 1.0
"""How long a process must run to count as ready if nothing else says so."""
LAST_LINES = 5
MAX_MESSAGE_BYTES = 1024

STARTING, READY, UNREADY = wire.REPLICA_STATE_STARTING, wire.REPLICA_STATE_READY, wire.REPLICA_STATE_UNREADY
WAITING, EXITED, STOPPING = wire.REPLICA_STATE_WAITING, wire.REPLICA_STATE_EXITED, wire.REPLICA_STATE_STOPPING


class ReplicaFailedError(Exception):
    """A replica does not become ready. The message says why, for people."""


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
        self.state: int = STARTING
        self.message = ""
        self._env, self._files, self._tools = env, files, tools
        self._changed = changed
        self._process: Process | None = None
        self._moved = asyncio.Event()
        self._again = asyncio.Event()
        self._backoff = Backoff()
        self._failures = 0
        self._output_begin = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def index(self) -> int:
        """Which one of its deployment."""
        return self.record.index

    def begin(self) -> None:
        """Look after its process: the one that runs already, or a new one. What is leaving is not started again."""
        self._process = self._found()
        if not self.record.is_leaving:
            self._task = asyncio.create_task(self._run(), name=f"replica {self.record.mark}")

    def revive(self) -> None:
        """Somebody wants it to run: what failed so far does not count any more."""
        self._failures = 0
        self._backoff.reset()
        if self.state in (WAITING, EXITED):
            self._to(STARTING, "")
            self._again.set()

    async def until_ready(self) -> None:
        """Raises ReplicaFailedError if it is not within its time, or ends again and again."""
        timeout_s = self.ready_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                while self.state != READY:
                    if self.state == EXITED or self._failures >= GIVE_UP_AFTER:
                        raise ReplicaFailedError(f"replica {self.index} {self._why()}")
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            raise ReplicaFailedError(f"replica {self.index} is not ready after {timeout_s:g} s: {self._why()}") from None

    @property
    def ready_timeout_s(self) -> float:
        """How long a job waits for it."""
        if self.spec.HasField("ready_timeout"):
            return self.spec.ready_timeout.ToTimedelta().total_seconds()
        return DEFAULT_READY_S + max(
            asked.delay.ToTimedelta().total_seconds() for asked in (self.spec.readiness, self.spec.liveness)
        )

    async def stop(self, leave: Callable[["Replica"], Awaitable[None]]) -> None:
        """Take it out of traffic, and end its process and all that this started. It may be called again after a restart."""
        self.record.is_leaving = True
        await self._files.save_if_possible()
        if self._task is not None:  # or its probes would call it ready again
            self._task.cancel()
            await asyncio.wait([self._task])
        self._to(STOPPING, "")
        await leave(self)
        if self._process is not None:
            if self.spec.HasField("pre_stop") and (why := await do(self.spec.pre_stop, self._place())):
                log.info("pre-stop hook failed", replica=self.record.mark, why=why)
            grace_s = self.spec.stop_grace.ToTimedelta().total_seconds() if self.spec.HasField("stop_grace") else 10.0
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
            message=clipped(self.message, MAX_MESSAGE_BYTES),
        )
        message.state = self.state  # type: ignore[assignment]  # a number of the enum
        message.start_time.FromMicroseconds(round(self.record.start_s * 1e6))
        return message

    async def _run(self) -> None:
        try:
            await self._keep_running()
        except Exception:  # a defect of ours, which is not to be silent
            log.exception("replica lost", replica=self.record.mark)
            self._to(EXITED, "the agent has failed: its log says how")

    async def _keep_running(self) -> None:
        if self._process is None and self.record.process is not None:  # it ended while nobody looked
            await self._end_rest()
            if self.spec.restart_policy == wire.RESTART_POLICY_NEVER:
                self._to(EXITED, "ended while the agent was away")
                await self._again.wait()
        while True:
            if self._process is None:
                self._again.clear()
                await self._start()
            if self._process is not None:
                await self._look_after(self._process)
                self._process = None
            if self.spec.restart_policy == wire.RESTART_POLICY_NEVER:
                self._to(EXITED, self.message)
                await self._again.wait()
            else:
                self._to(WAITING, self.message)
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
        self._to(STARTING, "")
        place = self._place()
        try:
            await self._files.save()
            self._output_begin = logs.size(self._files.output)
            process = Process.start(list(self.spec.command), place.directory, place.env, self._files.output)
        except OSError as error:
            self._failures += 1
            self.message = f"cannot be started: {error.filename or self.spec.command[0]}: {error.strerror}"
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
        watched = asyncio.create_task(self._watch(), name=f"probes of {self.record.mark}")
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
        self._failures += 1
        lines = logs.last_lines(self._files.output, LAST_LINES, self._output_begin)
        self.message = f"{how}; it wrote last:\n{lines}" if lines else how
        log.info("replica ended", replica=self.record.mark, how=how)

    async def _watch(self) -> str:
        """Keep the state true to the probes. Answers why the process is to be killed, once it is."""
        place = self._place()
        if self.spec.HasField("post_start") and self.state == STARTING and (why := await do(self.spec.post_start, place)):
            return f"its post-start hook failed: {why}"
        if not (self.spec.HasField("readiness") or self.spec.HasField("liveness")):
            await asyncio.sleep(max(0.0, MIN_UP_S - self._age_s()))
            self._to(READY, "")
            self._backoff.ready()
            await asyncio.get_running_loop().create_future()
        readiness = self.spec.readiness if self.spec.HasField("readiness") else self.spec.liveness
        asking = asyncio.create_task(self._ask_ready(readiness, place), name=f"readiness of {self.record.mark}")
        try:
            if self.spec.HasField("liveness"):
                return await self._ask_alive(self.spec.liveness, place)
            await asking
            return "its probe is over"
        finally:
            asking.cancel()
            await asyncio.wait([asking])

    async def _ask_ready(self, asked: wire.Probe, place: Place) -> None:
        await asyncio.sleep(self._delay_s(asked))
        bad = 0
        while True:
            why = await probe(asked, place)
            bad = bad + 1 if why else 0
            if not why:
                self._to(READY, "")
                self._backoff.ready()
            elif self.state == STARTING:
                self._to(STARTING, why)
            elif bad >= (asked.failure_threshold or 3):
                self._to(UNREADY, why)
            await asyncio.sleep(_period_s(asked) if self.state == READY else min(_period_s(asked), 0.2))

    async def _ask_alive(self, asked: wire.Probe, place: Place) -> str:
        """Dead is what was well once and is not now, or is not well for longer than a job would wait for it."""
        await asyncio.sleep(self._delay_s(asked))
        bad, was_well, began_s = 0, False, time.monotonic()
        while True:
            why = await probe(asked, place)
            was_well = was_well or not why
            bad = bad + 1 if why else 0
            is_late = time.monotonic() - began_s > self.ready_timeout_s
            if bad >= (asked.failure_threshold or 3) and (was_well or is_late):
                return f"it is not alive: {why}"
            await asyncio.sleep(_period_s(asked))

    def _delay_s(self, asked: wire.Probe) -> float:
        """What is left of the probe's delay for this process."""
        return max(0.0, asked.delay.ToTimedelta().total_seconds() - self._age_s())

    def _age_s(self) -> float:
        return max(0.0, time.time() - self.record.start_s)

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

    def _to(self, state: int, message: str) -> None:
        is_another = (state, message) != (self.state, self.message)
        self.state, self.message = state, message
        self._moved.set()
        if is_another:
            self._changed()

    def _why(self) -> str:
        return self.message or "it runs, and is not ready"


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


def _period_s(asked: wire.Probe) -> float:
    return asked.period.ToTimedelta().total_seconds() or DEFAULT_PERIOD_S
