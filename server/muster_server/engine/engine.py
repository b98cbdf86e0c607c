"""The engine: the one owner of all mutable state, and the one order of revisions.

An ephemeral command runs at once, in the caller's turn of the loop. A durable one is decided, written, and only then applied,
published and answered; what comes meanwhile waits behind it, in order.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from muster_server.core.commands import Command, Event, RenewSession, is_durable
from muster_server.core.decide import decide
from muster_server.core.errors import MusterError, Reason
from muster_server.core.expiry import expire, forget_configs
from muster_server.core.state import Limits
from muster_server.core.turn import Turn
from muster_server.engine.audience import Audience
from muster_server.engine.clock import Clock
from muster_server.engine.contents import Contents
from muster_server.engine.durations import Durations
from muster_server.engine.encoder import Encoder
from muster_server.engine.journal import Journal
from muster_server.engine.lease_clock import LeaseClock
from muster_server.engine.restore import RECONNECT_GRACE_S, restore, write_now
from muster_server.engine.revisions import Revisions
from muster_server.engine.touches import Touched
from muster_server.engine.writes import durable_writes
from muster_server.storage.port import StorageError, Store

MAX_QUEUED = 100_000
TICK_S = 0.1
JOURNAL_PAUSE_S = 0.05

Check = Callable[[], None]
"""Looks at the state, and raises MusterError if a command may not be done."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    command: Command
    check: Check | None
    future: "asyncio.Future[object]"


@dataclass(frozen=True, slots=True)
class _Decided:
    events: Sequence[Event]
    answer: object
    future: "asyncio.Future[object]"


class Engine:
    """Made once, on the loop that owns it. Every method is called on that loop.

    Raises StorageError if the store refuses the new epoch.
    """

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        clock: Clock,
        limits: Limits | None = None,
        *,
        journal_pause_s: float = JOURNAL_PAUSE_S,
    ) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits or Limits()
        self._leases = LeaseClock(clock)
        restored = restore(store, (clock.monotonic_s(), clock.wall_s()), self._limits)
        write_now(store, restored.writes())
        self.state = restored.state
        self.audience = Audience(restored, encoder, clock)
        self.hub, self.config_hub = self.audience.hub, self.audience.config_hub
        self.names, self.catalog_hub = self.audience.names, self.audience.catalog_hub
        self.contents = Contents(store, self.state)
        self.commit_durations = Durations()
        self.loop_lags = Durations()
        self.on_tick: Callable[[], None] = lambda: None
        self._warm_until_s = clock.monotonic_s() + RECONNECT_GRACE_S
        self._loop = asyncio.get_running_loop()
        self._journal = Journal(store, self.state, self._loop, journal_pause_s)
        self._revisions = Revisions(self._journal, self.state.revision, restored.reserved_revision)
        self._in_flight: list[_Decided] = []
        self._commit_began_s = 0.0
        self._is_expiry_late = False
        self._queue: deque[_Waiting] = deque()

    @property
    def revision(self) -> int:
        """The last revision that readers can see."""
        return self.state.revision

    @property
    def epoch(self) -> int:
        """The life of the server: another one after each start and each restored archive, and always higher."""
        return self.state.epoch

    @property
    def stalled_s(self) -> float:
        """Seconds by which deadlines were pushed back, because the process did not run."""
        return self._leases.stalled_s

    @property
    def storage_kind(self) -> str:
        """Where state is kept, in one word."""
        return self._store.kind

    @property
    def journal_waiting(self) -> int:
        """Instances and sessions that the disk does not have as they stand."""
        return self._journal.waiting

    @property
    def journal_failures(self) -> int:
        """How often the disk refused what is written lazily."""
        return self._journal.failures

    def execute(self, command: Command, check: Check | None = None) -> "object | asyncio.Future[object]":
        """Do a command. Answers at once, or by a future if it has to wait for the disk.

        `check` is made in the turn that decides the command, when all that was asked before it is true.
        Raises MusterError, at once or by the future; then nothing was changed.
        """
        is_next = not self._in_flight and not self._queue
        if is_next or isinstance(command, RenewSession):  # a sign of life depends on nothing that waits
            events, answer = self._decide(command, check)
            if not any(map(is_durable, events)):
                self._settle(events)
                return answer
            future = self._loop.create_future()
            self._commit([_Decided(events, answer, future)])
            return future
        if len(self._queue) >= MAX_QUEUED:
            raise MusterError(Reason.LIMIT_EXCEEDED, f"at most {MAX_QUEUED} waiting commands", {"limit": str(MAX_QUEUED)})
        future = self._loop.create_future()
        self._queue.append(_Waiting(command, check, future))
        return future

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            due_s = self._clock.monotonic_s() + TICK_S
            await asyncio.sleep(TICK_S)
            self.loop_lags.add(max(0.0, self._clock.monotonic_s() - due_s))
            self.tick()

    def tick(self) -> None:
        """Let happen whatever is due. If the process was stalled, leases are given that time back."""
        self._notice_stall()
        if self._in_flight:
            self._is_expiry_late = True
        else:
            self.expire_due()
        if self.lease_now_s() >= self._warm_until_s:
            self.audience.end_warm_up()
        self._journal.retry()
        self.audience.tick()
        self.on_tick()

    def expire_due(self) -> None:
        """Let everything happen whose time has come on the lease clock."""
        try:
            turn = self._turn()
        except MusterError:
            return  # no revisions are left: what is due waits for the disk, as every other change does
        expire(turn, self.state.timers.due(turn.now_s))
        forget_configs(turn)
        if turn.events:
            self._revisions.last = turn.last_revision
            self._settle(turn.events)
            if dropped := durable_writes(turn.events):
                self._journal.drop_expired(dropped)

    async def close(self) -> None:
        """Finish what waits for the disk, write the journal, and stop pushing. The store is the caller's to close."""
        while self._in_flight or self._queue:
            await asyncio.wait([entry.future for entry in self._in_flight] or [waiting.future for waiting in self._queue])
            await asyncio.sleep(0)
        await self._journal.close()
        await self.audience.close()

    def wall_s(self) -> float:
        """Unix seconds."""
        return self._clock.wall_s()

    def lease_now_s(self) -> float:
        """The moment on the lease clock, which stands still while the process stalls."""
        return self._leases.now_s()

    def _notice_stall(self) -> None:
        """Whoever comes first after a stall, a tick or a command."""
        if stalled_s := self._leases.notice():
            self.audience.forgive(stalled_s)

    def _turn(self) -> Turn:
        self._notice_stall()
        self._revisions.prepare()
        return Turn(self.state, (self._leases.noticed_s(), self._clock.wall_s()), self._limits, self._revisions.last)

    def _decide(self, command: Command, check: Check | None) -> tuple[Sequence[Event], object]:
        if check is not None:
            check()
        turn = self._turn()
        answer = decide(turn, command)
        self._revisions.give(turn.last_revision, turn.events)
        return turn.events, answer

    def _settle(self, events: Sequence[Event]) -> None:
        now_s = self._leases.noticed_s()
        for event in events:
            self.state.apply(event, now_s, self._limits)
            self.audience.tell(event)
        self._journal.note(events)

    def _commit(self, batch: list[_Decided]) -> None:
        self._in_flight = batch
        self._commit_began_s = self._clock.monotonic_s()
        writes = [write for entry in batch for write in durable_writes(entry.events)] + self._revisions.with_batch()
        self._journal.hold(event for entry in batch for event in entry.events)
        done = self._loop.call_soon_threadsafe
        try:
            self._store.submit(writes, lambda error: _quietly(done, self._committed, error))
        except StorageError as error:
            self._loop.call_soon(self._committed, error)

    def _committed(self, error: StorageError | None) -> None:
        self._notice_stall()
        batch, self._in_flight = self._in_flight, []
        self._journal.hold(())
        self.commit_durations.add(self._clock.monotonic_s() - self._commit_began_s)
        if error is None:
            self._revisions.batch_written()
        for entry in batch:
            if error is not None:
                _fail(entry.future, MusterError(Reason.STORAGE_FAILED, "the disk refused; nothing was changed"))
                continue
            self._settle(entry.events)
            if not entry.future.done():
                entry.future.set_result(entry.answer)
        if self._is_expiry_late:  # the disk is never idle under load: ticks alone would find no room
            self._is_expiry_late = False
            self.expire_due()
        self._take_queued()

    def _take_queued(self) -> None:
        """Decide as many waiting commands as do not touch one another, and write them together."""
        batch: list[_Decided] = []
        touched = Touched(self.state)
        is_durable_batch = False
        while self._queue and (not batch or touched.is_free(self._queue[0].command)):
            waiting = self._queue.popleft()
            if waiting.future.cancelled():
                continue
            try:
                events, answer = self._decide(waiting.command, waiting.check)
            except MusterError as error:
                _fail(waiting.future, error)
                continue
            entry = _Decided(events, answer, waiting.future)
            if is_durable_batch or any(map(is_durable, events)):
                touched.add(waiting.command)
                batch.append(entry)
                is_durable_batch = True
            else:
                self._settle(events)
                waiting.future.set_result(answer)
        if batch:
            self._commit(batch)


def _quietly(call: Callable[..., object], *arguments: object) -> None:
    try:
        call(*arguments)
    except RuntimeError:
        return  # the loop is closed: nobody is left to hear


def _fail(future: "asyncio.Future[object]", error: MusterError) -> None:
    if not future.done():
        future.set_exception(error)
