"""The engine: the one owner of all mutable state, and the one order of revisions.

An ephemeral command runs at once, in the caller's turn of the loop. A durable one is decided, written, and only then applied,
published and answered; what comes meanwhile waits behind it, in order.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from muster_server.core.access_commands import AccessEvent, AccessPut, AccessRemoved
from muster_server.core.catalog_commands import DefinitionDeleted, DefinitionPut, ProvidersSet
from muster_server.core.commands import (
    Command,
    Event,
    Put,
    Removed,
    Renewed,
    RenewSession,
    ServiceForgotten,
    SessionChanged,
    is_durable,
)
from muster_server.core.config_commands import ConfigReleased
from muster_server.core.config_model import ConfigKey, Release
from muster_server.core.decide import decide
from muster_server.core.delivery_commands import DeliveryChanged, DeliveryDiscarded, DeliveryEvent
from muster_server.core.epochs import EpochBegan
from muster_server.core.errors import MusterError, Reason
from muster_server.core.expiry import expire
from muster_server.core.service_commands import ServiceDescribed, ServiceUndescribed
from muster_server.core.state import Limits
from muster_server.core.turn import Turn
from muster_server.engine import records
from muster_server.engine.catalog_hub import CatalogHub
from muster_server.engine.clock import Clock
from muster_server.engine.config_hub import ConfigHub
from muster_server.engine.durations import Durations
from muster_server.engine.encoder import Encoder
from muster_server.engine.hub import Hub
from muster_server.engine.journal import Journal
from muster_server.engine.names import names_hubs, note_config, note_service
from muster_server.engine.restore import RECONNECT_GRACE_S, REVISION, REVISION_BLOCK, read_content, restore, write_now
from muster_server.engine.touches import Touched
from muster_server.engine.writes import durable_writes
from muster_server.storage.port import Bucket, StorageError, Store, Write

MAX_QUEUED = 100_000
TICK_S = 0.1
STALL_S = 1.0
JOURNAL_PAUSE_S = 0.05

SessionListener = Callable[[Put | Removed | SessionChanged], None]
AccessListener = Callable[[AccessEvent], None]
DeliveryListener = Callable[[DeliveryEvent], None]


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
        self.stalled_s = 0.0
        self.commit_durations = Durations()
        self.loop_lags = Durations()
        self._commit_began_s = 0.0
        self._last_tick_s = clock.monotonic_s()
        restored = restore(store, (clock.monotonic_s(), clock.wall_s()), self._limits)
        write_now(store, restored.writes())
        self.state = restored.state
        self.life_began_s = clock.wall_s()
        self.hub = Hub(self.state, encoder, clock, restored.epoch)
        self.hub.is_warming_up = restored.is_warm
        self.config_hub = ConfigHub(self.state, encoder, clock, restored.epoch)
        self.names = names_hubs(self.state, encoder, clock)
        self.names.services.is_warming_up = restored.is_warm
        self.catalog_hub = CatalogHub(self.state, encoder, clock, restored.epoch)
        names = (self.names.services, self.names.configs, self.names.releases)
        self._mailrooms = (self.hub, self.config_hub, self.catalog_hub, *names)
        self._warm_until_s = clock.monotonic_s() + RECONNECT_GRACE_S
        self._revision = self.state.revision
        self._reserved = restored.reserved_revision
        self._reserving = self._reserved
        self._is_reserving = False
        self._loop = asyncio.get_running_loop()
        self._journal = Journal(store, self.state, self._loop, journal_pause_s)
        self._in_flight: list[_Decided] = []
        self._is_expiry_late = False
        self._queue: deque[tuple[Command, asyncio.Future[object]]] = deque()
        self.on_session_change: SessionListener = lambda _: None
        self.on_access_change: AccessListener = lambda _: None
        self.on_delivery_change: DeliveryListener = lambda _: None
        self.on_tick: Callable[[], None] = lambda: None

    @property
    def revision(self) -> int:
        """The last revision that readers can see."""
        return self.state.revision

    @property
    def epoch(self) -> int:
        """The life of the server: another one after each start and each restored archive, and always higher."""
        return self.state.epoch

    @property
    def storage_kind(self) -> str:
        """Where state is kept, in one word."""
        return self._store.kind

    @property
    def journal_failures(self) -> int:
        """How often the disk refused what is written lazily."""
        return self._journal.failures

    def execute(self, command: Command) -> "object | asyncio.Future[object]":
        """Do a command. Answers at once, or by a future if it has to wait for the disk.

        Raises MusterError, at once or by the future; then nothing was changed.
        """
        is_next = not self._in_flight and not self._queue
        if is_next or isinstance(command, RenewSession):  # a sign of life depends on nothing that waits
            events, answer = self._decide(command)
            if not any(map(is_durable, events)):
                self._settle(events)
                return answer
            future = self._loop.create_future()
            self._commit([_Decided(events, answer, future)])
            return future
        if len(self._queue) >= MAX_QUEUED:
            raise MusterError(Reason.LIMIT_EXCEEDED, f"at most {MAX_QUEUED} waiting commands", {"limit": str(MAX_QUEUED)})
        future = self._loop.create_future()
        self._queue.append((command, future))
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
        if self.hub.is_warming_up and self.lease_now_s() >= self._warm_until_s:
            self.hub.end_warm_up()
            self.names.services.end_warm_up()
        self._journal.retry()
        for mailroom in self._mailrooms:
            mailroom.tick()
        self.on_tick()

    def expire_due(self) -> None:
        """Let everything happen whose time has come on the lease clock."""
        try:
            turn = self._turn()
        except MusterError:
            return  # no revisions are left: what is due waits for the disk, as every other change does
        due = self.state.timers.due(turn.now_s)
        if due:
            expire(turn, due)
            self._revision = turn.last_revision
            self._settle(turn.events)
            if dropped := durable_writes(turn.events):
                self._journal.drop_expired(dropped)

    async def close(self) -> None:
        """Finish what waits for the disk, write the journal, and stop pushing. The store is the caller's to close."""
        while self._in_flight or self._queue:
            await asyncio.wait([entry.future for entry in self._in_flight] or [future for _, future in self._queue])
            await asyncio.sleep(0)
        await self._journal.close()
        for mailroom in self._mailrooms:
            await mailroom.close()

    def drain(self, delay_s: float) -> None:
        """Ask every watcher and listener to connect anew."""
        for mailroom in self._mailrooms:
            mailroom.drain(delay_s)

    async def content_of(self, key: ConfigKey, release: Release) -> str:
        """The content of a kept release: from memory if a line shows it, else from the disk, without blocking the loop.

        Raises MusterError: RELEASE_EMPTY; RELEASE_COMPACTED if it was dropped meanwhile; STORAGE_FAILED.
        """
        if not release.has_content:
            raise MusterError(Reason.RELEASE_EMPTY, f"release {release.number} has no content: it tells of an end")
        line = self.state.configs.items[key].lines.get(release.gray)
        if line is not None and line.release.number == release.number:
            return line.content
        content = await asyncio.to_thread(self.read_content, release)
        if content is None:
            raise MusterError(Reason.RELEASE_COMPACTED, f"release {release.number} is no longer kept")
        return content

    def read_content(self, release: Release) -> str | None:
        """The content of a release from the disk; None if it is not kept. Blocks; from any thread, unlike everything else here.

        Raises MusterError: STORAGE_FAILED.
        """
        try:
            return read_content(self._store, release)
        except StorageError as error:
            raise MusterError(Reason.STORAGE_FAILED, "the disk refused") from error

    def wall_s(self) -> float:
        """Unix seconds."""
        return self._clock.wall_s()

    def lease_now_s(self) -> float:
        """The moment on the lease clock, which stands still while the process stalls."""
        return self._clock.monotonic_s() - self.stalled_s

    def _notice_stall(self) -> None:
        """Take the time of a stall out of the lease clock; whoever comes first after it, a tick or a command."""
        now_s = self._clock.monotonic_s()
        gap_s = now_s - self._last_tick_s
        self._last_tick_s = now_s
        if gap_s > STALL_S:
            self.stalled_s += gap_s
            for mailroom in self._mailrooms:
                mailroom.forgive(gap_s)

    def _turn(self) -> Turn:
        self._notice_stall()
        if self._reserved - self._revision < REVISION_BLOCK // 2:
            self._reserve()
        return Turn(self.state, (self.lease_now_s(), self._clock.wall_s()), self._limits, self._revision)

    def _decide(self, command: Command) -> tuple[Sequence[Event], object]:
        turn = self._turn()
        answer = decide(turn, command)
        if turn.last_revision > self._reserved and not any(map(is_durable, turn.events)):
            raise _out_of_revisions()  # a durable one reserves what it needs itself
        self._revision = turn.last_revision
        return turn.events, answer

    def _reserve(self) -> None:
        is_used_up = self._revision + 10_000 >= self._reserved
        if not self._is_reserving:
            self._ask_for_revisions()
        if is_used_up:
            raise _out_of_revisions()

    def _ask_for_revisions(self) -> None:
        self._is_reserving = True
        target = max(self._reserved, self._revision) + REVISION_BLOCK

        def reserved(error: StorageError | None) -> None:
            self._is_reserving = False
            if error is None:
                self._reserved = max(self._reserved, target)

        self._journal.reserve(target, reserved)

    def _settle(self, events: Sequence[Event]) -> None:
        now_s = self.lease_now_s()
        for event in events:
            self.state.apply(event, now_s, self._limits)
            self._tell(event)
        self._journal.note(events)

    def _tell(self, event: Event) -> None:
        """Tell whoever has to know that an event was applied."""
        match event:
            case Renewed():
                pass  # by far the most, and nobody's news
            case Put() | Removed():
                self.hub.note(event)
                note_service(self.names.services, self.state, event)
                if event.previous is not None and event.previous.session is not None:
                    self.on_session_change(event)
            case SessionChanged():
                self.on_session_change(event)
            case ConfigReleased():
                self.config_hub.note(event)
                note_config(self.names, self.state, event)
            case DefinitionPut() | DefinitionDeleted() | ProvidersSet():
                self.catalog_hub.note(event)
            case ServiceDescribed() | ServiceUndescribed():
                self.hub.begin_anew(event.service)
            case AccessPut() | AccessRemoved():
                self.on_access_change(event)
            case DeliveryChanged() | DeliveryDiscarded():
                self.on_delivery_change(event)
            case ServiceForgotten():
                self.hub.forget(event.service)
            case EpochBegan():
                self._begin_epoch(event.epoch)

    def _begin_epoch(self, epoch: int) -> None:
        self.life_began_s = self._clock.wall_s()
        self.hub.reset(epoch)
        self.config_hub.reset(epoch)
        for names in (self.names.services, self.names.configs, self.names.releases):
            names.reset()
        self.catalog_hub.reset(epoch)

    def _commit(self, batch: list[_Decided]) -> None:
        self._in_flight = batch
        self._commit_began_s = self._clock.monotonic_s()
        writes = [write for entry in batch for write in durable_writes(entry.events)]
        self._journal.hold(event for entry in batch for event in entry.events)
        self._reserving = self._reserved
        if self._revision > self._reserved:  # one command, such as a restore, may take any number
            self._reserving = self._revision + REVISION_BLOCK
            writes.append(Write(Bucket.META, REVISION, records.encode(self._reserving)))
        done = self._loop.call_soon_threadsafe
        try:
            self._store.submit(writes, lambda error: _quietly(done, self._committed, error))
        except StorageError as error:
            self._loop.call_soon(self._committed, error)

    def _committed(self, error: StorageError | None) -> None:
        batch, self._in_flight = self._in_flight, []
        self._journal.hold(())
        self.commit_durations.add(self._clock.monotonic_s() - self._commit_began_s)
        if error is None:
            self._reserved = max(self._reserved, self._reserving)
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
        while self._queue and (not batch or touched.is_free(self._queue[0][0])):
            command, future = self._queue.popleft()
            if future.cancelled():
                continue
            try:
                events, answer = self._decide(command)
            except MusterError as error:
                _fail(future, error)
                continue
            entry = _Decided(events, answer, future)
            if is_durable_batch or any(map(is_durable, events)):
                touched.add(command)
                batch.append(entry)
                is_durable_batch = True
            else:
                self._settle(events)
                future.set_result(answer)
        if batch:
            self._commit(batch)


def _quietly(call: Callable[..., object], *arguments: object) -> None:
    try:
        call(*arguments)
    except RuntimeError:
        return  # the loop is closed: nobody is left to hear


def _out_of_revisions() -> MusterError:
    return MusterError(Reason.STORAGE_FAILED, "no revisions are left: the disk does not take the reservation of more")


def _fail(future: "asyncio.Future[object]", error: MusterError) -> None:
    if not future.done():
        future.set_exception(error)
