"""The mailroom: many streams, each of which is sent the latest state of its subjects. State, not events, to slow readers."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from muster_server.core.errors import MusterError, Reason
from muster_server.engine.clock import Clock
from muster_server.engine.durations import Durations

MAX_UNACKED = 64
MAX_SUBSCRIPTIONS = 10_000
MAX_NOTICES = 10_000
STUCK_AFTER_S = 30.0
BOOKMARK_EVERY_S = 30.0
MAX_FLUSH_DELAY_S = 0.05
PUSH_BURST_S = 0.25
PUSH_SHARE = 0.5

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True, kw_only=True)
class Subscription(Generic[K]):
    """One subject of one stream: how far the stream is with it. `since_s` is Unix seconds.

    `sent_revision` is -1 while it knows nothing; `written_revision` follows when the write is done. `unacked` holds the revisions
    sent since the last ack; None until the client acks for the first time. `held_since_s` is when something was first due that the
    full window kept back.
    """

    key: K
    since_s: float
    sent_revision: int = -1
    written_revision: int = -1
    acked_revision: int = 0
    held_since_s: float | None = None
    unacked: deque[int] | None = None

    @property
    def is_window_full(self) -> bool:
        """True if the client must ack before it is sent more."""
        return self.unacked is not None and len(self.unacked) >= MAX_UNACKED

    def sent(self, revision: int) -> None:
        """A frame with the state at this revision is on its way."""
        self.sent_revision = revision
        if self.unacked is not None:
            self.unacked.append(revision)


S = TypeVar("S", bound=Subscription)  # type: ignore[type-arg]  # of the mailroom's own key


@dataclass(eq=False, slots=True)
class Subscriber(Generic[K, S]):
    """One stream. `dirty` is its mailbox: the subjects it has not the latest state of, one slot each, and since when.

    `write` raises ConnectionError when the stream is gone; `end` makes the stream's handler fail with an error. `since_s` is Unix
    seconds; `number` is the call's, a later call has a higher one.
    """

    client_name: str
    peer: str
    write: Callable[[bytes], Awaitable[None]]
    end: Callable[[MusterError], None]
    since_s: float = 0.0
    number: int = 0
    subscriptions: dict[K, S] = field(default_factory=dict)
    dirty: dict[K, float] = field(default_factory=dict)
    notices: deque[bytes] = field(default_factory=deque)
    is_bookmark_due: bool = False
    is_writing: bool = False
    waiting_since_s: float | None = None


class Mailroom(ABC, Generic[K, S]):
    """Owned by the engine's loop. Who inherits says what the frames are; when they are written, and to whom, is decided here."""

    def __init__(self, clock: Clock) -> None:
        self.pushes = 0
        self.push_durations = Durations()
        self._clock = clock
        self._watchers: dict[K, dict[Subscriber[K, S], None]] = {}
        self._subscribers: dict[Subscriber[K, S], None] = {}
        self._changed: dict[K, float] = {}
        self._flush: asyncio.Handle | None = None
        self._credit_s = PUSH_BURST_S
        self._credit_at_s = 0.0
        self._writes: set[asyncio.Future[list[None]]] = set()
        self._awaited: set[asyncio.Future[None]] = set()
        self._next_bookmark_s = clock.monotonic_s() + BOOKMARK_EVERY_S

    @abstractmethod
    def _frames_for(self, subscriber: Subscriber[K, S], subscription: S) -> list[bytes]:
        """The frames that bring a subscription up to date, none if it is. Notes what it sends by `subscription.sent`."""

    @abstractmethod
    def _is_behind(self, subscription: S) -> bool:
        """True if there is a later state than was sent. May err to true."""

    @abstractmethod
    def _bookmark(self, subscriber: Subscriber[K, S]) -> bytes:
        """The frame that says there is nothing else. Called when that is so."""

    @abstractmethod
    def _cancelled(self, key: K, error: MusterError) -> bytes:
        """The frame that ends one subscription."""

    @abstractmethod
    def _reconnect_after(self, delay_s: float) -> bytes:
        """The frame that asks to connect anew."""

    @property
    def subscribers(self) -> Iterable[Subscriber[K, S]]:
        """All streams, oldest first."""
        return self._subscribers

    def watchers(self, key: K) -> list[Subscriber[K, S]]:
        """The streams that subscribed to a subject, oldest first."""
        return list(self._watchers.get(key, ()))

    def attach(self, subscriber: Subscriber[K, S]) -> None:
        """A stream opened."""
        subscriber.since_s = self._clock.wall_s()
        self._subscribers[subscriber] = None

    def detach(self, subscriber: Subscriber[K, S]) -> None:
        """A stream is gone."""
        self._subscribers.pop(subscriber, None)
        for key in list(subscriber.subscriptions):
            self.unsubscribe(subscriber, key)

    def unsubscribe(self, subscriber: Subscriber[K, S], key: K) -> None:
        """End a subscription, if there is one."""
        self._progressed()
        subscriber.subscriptions.pop(key, None)
        subscriber.dirty.pop(key, None)
        watchers = self._watchers.get(key)
        if watchers is not None:
            watchers.pop(subscriber, None)
            if not watchers:
                del self._watchers[key]

    def ack(self, subscriber: Subscriber[K, S], key: K, revision: int) -> None:
        """The client applied everything up to a revision. Unknown subjects are ignored."""
        subscription = subscriber.subscriptions.get(key)
        if subscription is None:
            return
        subscription.acked_revision = max(subscription.acked_revision, min(revision, subscription.sent_revision))
        self._progressed()
        was_full = subscription.is_window_full
        if subscription.unacked is None:
            subscription.unacked = deque()
        while subscription.unacked and subscription.unacked[0] <= revision:
            subscription.unacked.popleft()
        if was_full and not subscription.is_window_full:
            subscription.held_since_s = None
            self._wake(subscriber, key)

    def cancel(self, subscriber: Subscriber[K, S], key: K, error: MusterError) -> None:
        """Tell the client that one subscription is not (or no longer) there. One that lets 10,000 such frames lie is ended."""
        if len(subscriber.notices) >= MAX_NOTICES:
            subscriber.end(MusterError(Reason.SLOW_CONSUMER, "too many answers were not read"))
            return
        subscriber.notices.append(self._cancelled(key, error))
        self._start([subscriber])

    async def written(self, subscriber: Subscriber[K, S]) -> None:
        """Wait until the stream has been sent what it is due."""
        while subscriber.is_writing:
            await asyncio.wait(self._writes, return_when=asyncio.FIRST_COMPLETED)

    async def progress(self) -> None:
        """Wait until some subscriber was written to, acknowledged or went away."""
        step: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited.add(step)
        try:
            await step
        finally:
            self._awaited.discard(step)

    def tick(self) -> None:
        """Bookmarks, and the end of streams that are stuck. Called about ten times a second."""
        now_s = self._clock.monotonic_s()
        for subscriber in list(self._subscribers):
            if any(since_s is not None and now_s - since_s > STUCK_AFTER_S for since_s in _waits(subscriber)):
                subscriber.end(MusterError(Reason.SLOW_CONSUMER, f"nothing was read or acknowledged for {STUCK_AFTER_S:.0f} s"))
        if now_s >= self._next_bookmark_s:
            self.bookmark()

    def forgive(self, stalled_s: float) -> None:
        """The process itself stood still: nobody could have read meanwhile."""
        for subscriber in self._subscribers:
            if subscriber.waiting_since_s is not None:
                subscriber.waiting_since_s += stalled_s
            for subscription in subscriber.subscriptions.values():
                if subscription.held_since_s is not None:
                    subscription.held_since_s += stalled_s

    def bookmark(self) -> None:
        """Send everybody who has nothing else to read a bookmark."""
        self._next_bookmark_s = self._clock.monotonic_s() + BOOKMARK_EVERY_S
        for subscriber in self._subscribers:
            subscriber.is_bookmark_due = bool(subscriber.subscriptions)
        self._start([subscriber for subscriber in self._subscribers if subscriber.is_bookmark_due])

    def bookmark_to(self, subscriber: Subscriber[K, S]) -> None:
        """Send one stream a bookmark after what it is due."""
        subscriber.is_bookmark_due = True
        self._start([subscriber])

    def drain(self, delay_s: float) -> None:
        """Ask every stream to connect anew."""
        frame = self._reconnect_after(delay_s)
        for subscriber in self._subscribers:
            subscriber.notices.append(frame)
        self._start(list(self._subscribers))

    async def close(self) -> None:
        """Stop writing."""
        if self._flush is not None:
            self._flush.cancel()
        for write in list(self._writes):
            write.cancel()
        await asyncio.gather(*self._writes, return_exceptions=True)

    def _add(self, subscriber: Subscriber[K, S], subscription: S) -> None:
        """Begin a subscription, in place of one to the same subject."""
        subscriber.subscriptions[subscription.key] = subscription
        self._watchers.setdefault(subscription.key, {})[subscriber] = None

    def _mark(self, key: K) -> None:
        """A subject changed: tell who subscribed to it, at once when it is quiet, else within 50 ms."""
        if key in self._watchers:
            self._changed.setdefault(key, self._clock.monotonic_s())
            if self._flush is None:
                self._schedule()

    def _progressed(self) -> None:
        for step in self._awaited:
            if not step.done():
                step.set_result(None)

    def _schedule(self) -> None:
        """Flush in the loop's next turn, but under churn leave the loop half of its time: pushing earns and spends a credit.

        The credit grows by 0.5 s a second up to 0.25 s; a flush costs what it took. While it is used up, changes gather for up to
        50 ms. Example: a change to 1,000 streams takes 30 ms; ten of them in a row go out at once, then about 17 a second, merged.
        """
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        self._credit_s = min(PUSH_BURST_S, self._credit_s + (now_s - self._credit_at_s) * PUSH_SHARE)
        self._credit_at_s = now_s
        delay_s = min(MAX_FLUSH_DELAY_S, -self._credit_s / PUSH_SHARE)
        self._flush = loop.call_later(delay_s, self._flush_changed) if delay_s > 0 else loop.call_soon(self._flush_changed)

    def _flush_changed(self) -> None:
        self._flush = None
        changed, self._changed = self._changed, {}
        ready: dict[Subscriber[K, S], None] = {}
        for key, changed_s in changed.items():
            for subscriber in self._watchers.get(key, ()):
                subscriber.dirty.setdefault(key, changed_s)
                ready[subscriber] = None
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        self._start(list(ready))
        loop.call_soon(self._charge, began_s)  # after the first step of every write, which is what keeps the loop busy

    def _charge(self, began_s: float) -> None:
        self._credit_s = max(-MAX_FLUSH_DELAY_S, self._credit_s - (asyncio.get_running_loop().time() - began_s))

    def _wake(self, subscriber: Subscriber[K, S], key: K) -> None:
        subscriber.dirty.setdefault(key, self._clock.monotonic_s())
        self._start([subscriber])

    def _start(self, subscribers: list[Subscriber[K, S]]) -> None:
        """Write to the idle ones of these streams, all at once; the busy ones go on by themselves.

        This is the measured exception to tasks in groups: one gathered write costs less than a task for each stream.
        """
        idle = [subscriber for subscriber in subscribers if not subscriber.is_writing]
        if not idle:
            return
        for subscriber in idle:
            subscriber.is_writing = True
        write = asyncio.gather(*map(self._pump, idle))
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)

    async def _pump(self, subscriber: Subscriber[K, S]) -> None:
        try:
            while (due := self._next_frames(subscriber)) is not None:
                frames, subscription, since_s = due
                for frame in frames:
                    subscriber.waiting_since_s = self._clock.monotonic_s()
                    await subscriber.write(frame)
                    self.pushes += 1
                subscriber.waiting_since_s = None
                if subscription is not None:
                    subscription.written_revision = subscription.sent_revision
                    self.push_durations.add(self._clock.monotonic_s() - since_s)
                    self._progressed()
        except ConnectionError:
            subscriber.dirty.clear()  # its handler is about to detach it
        finally:
            subscriber.is_writing = False

    def _next_frames(self, subscriber: Subscriber[K, S]) -> tuple[list[bytes], S | None, float] | None:
        """What is sent next, of which subscription if it is a state, and since when that is due; None if there is nothing."""
        if subscriber.notices:
            return [subscriber.notices.popleft()], None, 0.0
        for key in list(subscriber.dirty):
            subscription = subscriber.subscriptions[key]
            if subscription.is_window_full and self._is_behind(subscription):
                subscription.held_since_s = subscription.held_since_s or self._clock.monotonic_s()
                continue
            since_s = subscriber.dirty.pop(key)
            if frames := self._frames_for(subscriber, subscription):
                return frames, subscription, since_s
        is_behind = subscriber.dirty or not self._changed.keys().isdisjoint(subscriber.subscriptions)
        if subscriber.is_bookmark_due and not is_behind:
            subscriber.is_bookmark_due = False
            return [self._bookmark(subscriber)], None, 0.0
        return None


def _waits(subscriber: Subscriber[K, S]) -> Iterator[float | None]:
    """Since when a stream has taken nothing: at all, or of one subject."""
    yield subscriber.waiting_since_s
    for key in subscriber.dirty:
        yield subscriber.subscriptions[key].held_since_s
