"""The hub: who watches what, and what each of them is sent next. State, not events, to slow readers."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from muster_server.core.commands import Put, Removed
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import ServiceKey
from muster_server.core.state import RegistryState, Service
from muster_server.engine.clock import Clock
from muster_server.engine.encoder import Encoder
from muster_server.engine.feed import Feed

MAX_UNACKED = 64
MAX_SUBSCRIPTIONS = 10_000
MAX_NOTICES = 10_000
STUCK_AFTER_S = 30.0
BOOKMARK_EVERY_S = 30.0
MAX_FLUSH_DELAY_S = 0.05


@dataclass(slots=True)
class Subscription:
    """One watched service of one stream. `sent_revision` -1 means that a snapshot is due, with `reset` if `is_reset`.

    A subscription that resumes is answered even when it missed nothing: until `is_answered`, an empty delta is worth sending.
    `unacked` holds the revisions sent since the last ack; None until the client acks for the first time.
    """

    key: ServiceKey
    since_s: float
    sent_revision: int = -1
    is_reset: bool = False
    is_answered: bool = False
    acked_revision: int = 0
    unacked: deque[int] | None = None

    @property
    def is_window_full(self) -> bool:
        """True if the client must ack before it is sent more."""
        return self.unacked is not None and len(self.unacked) >= MAX_UNACKED


@dataclass(eq=False, slots=True)
class Subscriber:
    """One watch stream. `dirty` is its mailbox: the services it has not the latest state of, one slot each.

    `write` raises ConnectionError when the stream is gone; `end` makes the stream's handler fail with an error.
    """

    client_name: str
    peer: str
    write: Callable[[bytes], Awaitable[None]]
    end: Callable[[MusterError], None]
    subscriptions: dict[ServiceKey, Subscription] = field(default_factory=dict)
    dirty: dict[ServiceKey, None] = field(default_factory=dict)
    notices: deque[bytes] = field(default_factory=deque)
    is_bookmark_due: bool = False
    is_writing: bool = False
    waiting_since_s: float | None = None


class Hub:
    """Owned by the engine's loop. A change is encoded once; every subscriber and every query is served from the same bytes."""

    def __init__(self, state: RegistryState, encoder: Encoder, clock: Clock, epoch: int) -> None:
        self.state = state
        self.epoch = epoch
        self.is_warming_up = False
        self.pushes = 0
        self._encoder = encoder
        self._clock = clock
        self._feeds: dict[ServiceKey, Feed] = {}
        self._watchers: dict[ServiceKey, dict[Subscriber, None]] = {}
        self._subscribers: dict[Subscriber, None] = {}
        self._changed: dict[ServiceKey, None] = {}
        self._flush: asyncio.Handle | None = None
        self._last_flush_s = 0.0
        self._flush_cost_s = 0.0
        self._writes: set[asyncio.Future[list[None]]] = set()
        self._next_bookmark_s = clock.monotonic_s() + BOOKMARK_EVERY_S

    @property
    def subscribers(self) -> Iterable[Subscriber]:
        """All watch streams."""
        return self._subscribers

    def watchers(self, key: ServiceKey) -> list[Subscriber]:
        """The streams that watch a service, oldest first."""
        return list(self._watchers.get(key, ()))

    def list_response(self, key: ServiceKey) -> bytes:
        """The unfiltered answer of ListInstances, from the cache."""
        service = self.state.services.get(key)
        if service is None:
            return self._encoder.list_response((), 0, self.epoch, is_warming_up=self.is_warming_up)
        return self._feed(key, service).list_response(service, self.epoch, is_warming_up=self.is_warming_up)

    def note(self, event: Put | Removed) -> None:
        """A change was applied: tell the watchers, at once when it is quiet, else within 50 ms."""
        feed = self._feeds.get(event.service)
        if feed is not None:
            feed.note(event)
        if event.service in self._watchers:
            self._changed[event.service] = None
            if self._flush is None:
                self._schedule()

    def forget(self, key: ServiceKey) -> None:
        """A service was dropped."""
        if key not in self._watchers:
            self._feeds.pop(key, None)

    def attach(self, subscriber: Subscriber) -> None:
        """A watch stream opened."""
        self._subscribers[subscriber] = None

    def detach(self, subscriber: Subscriber) -> None:
        """A watch stream is gone."""
        self._subscribers.pop(subscriber, None)
        for key in list(subscriber.subscriptions):
            self.unsubscribe(subscriber, key)

    async def written(self, subscriber: Subscriber) -> None:
        """Wait until the stream has been sent what it is due."""
        while subscriber.is_writing:
            await asyncio.wait(self._writes, return_when=asyncio.FIRST_COMPLETED)

    def subscribe(self, subscriber: Subscriber, key: ServiceKey, from_revision: int, epoch: int) -> None:
        """Begin a subscription, afresh if there is one. A revision of the future cancels it, and so does one too many."""
        if key not in subscriber.subscriptions and len(subscriber.subscriptions) >= MAX_SUBSCRIPTIONS:
            self.cancel(subscriber, key, MusterError(Reason.LIMIT_EXCEEDED, f"at most {MAX_SUBSCRIPTIONS} subscriptions"))
            return
        if from_revision > self.state.revision and epoch in (0, self.epoch):
            self.unsubscribe(subscriber, key)
            self.cancel(subscriber, key, MusterError(Reason.UNKNOWN_REVISION, f"revision {from_revision} has not happened yet"))
            return
        subscription = Subscription(key, self._clock.wall_s())
        subscriber.subscriptions[key] = subscription
        self._watchers.setdefault(key, {})[subscriber] = None
        feed = self._feed(key, self.state.services.get(key))
        if from_revision > 0:
            if epoch in (0, self.epoch) and feed.can_resume(from_revision):
                subscription.sent_revision = from_revision
            else:
                subscription.is_reset = True
        self._wake(subscriber, key)

    def unsubscribe(self, subscriber: Subscriber, key: ServiceKey) -> None:
        """End a subscription, if there is one."""
        subscriber.subscriptions.pop(key, None)
        subscriber.dirty.pop(key, None)
        watchers = self._watchers.get(key)
        if watchers is not None:
            watchers.pop(subscriber, None)
            if not watchers:
                del self._watchers[key]
                if key not in self.state.services:
                    self._feeds.pop(key, None)

    def ack(self, subscriber: Subscriber, key: ServiceKey, revision: int) -> None:
        """The client applied everything up to a revision. Unknown services are ignored."""
        subscription = subscriber.subscriptions.get(key)
        if subscription is None:
            return
        subscription.acked_revision = max(subscription.acked_revision, min(revision, subscription.sent_revision))
        was_full = subscription.is_window_full
        if subscription.unacked is None:
            subscription.unacked = deque()
        while subscription.unacked and subscription.unacked[0] <= revision:
            subscription.unacked.popleft()
        if was_full and not subscription.is_window_full:
            self._wake(subscriber, key)

    def cancel(self, subscriber: Subscriber, key: ServiceKey, error: MusterError) -> None:
        """Tell the client that one subscription is not (or no longer) there. One that lets 10,000 such frames lie is ended."""
        if len(subscriber.notices) >= MAX_NOTICES:
            subscriber.end(MusterError(Reason.SLOW_CONSUMER, "too many answers were not read"))
            return
        subscriber.notices.append(self._encoder.cancelled(key, error.reason, error.message))
        self._start([subscriber])

    def tick(self) -> None:
        """Bookmarks, and the end of streams that are stuck. Called about ten times a second."""
        now_s = self._clock.monotonic_s()
        for subscriber in list(self._subscribers):
            since_s = subscriber.waiting_since_s
            if since_s is not None and now_s - since_s > STUCK_AFTER_S:
                subscriber.end(MusterError(Reason.SLOW_CONSUMER, f"nothing was read or acknowledged for {STUCK_AFTER_S:.0f} s"))
        if now_s >= self._next_bookmark_s:
            self.bookmark()

    def bookmark(self) -> None:
        """Send everybody who has nothing else to read a bookmark."""
        self._next_bookmark_s = self._clock.monotonic_s() + BOOKMARK_EVERY_S
        for subscriber in self._subscribers:
            subscriber.is_bookmark_due = bool(subscriber.subscriptions)
        self._start([subscriber for subscriber in self._subscribers if subscriber.is_bookmark_due])

    def end_warm_up(self) -> None:
        """From now on what is missing is gone; a bookmark says so."""
        self.is_warming_up = False
        for feed in self._feeds.values():
            feed.forget_frames()
        self.bookmark()

    def drain(self, delay_s: float) -> None:
        """Ask every stream to connect anew."""
        frame = self._encoder.reconnect_after(delay_s)
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

    def _feed(self, key: ServiceKey, service: Service | None) -> Feed:
        feed = self._feeds.get(key)
        if feed is None:
            revision = service.revision if service is not None else self.state.revision
            feed = self._feeds[key] = Feed(key, self._encoder, revision)
        return feed

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        delay_s = self._last_flush_s + min(MAX_FLUSH_DELAY_S, 2 * self._flush_cost_s) - loop.time()
        self._flush = loop.call_later(delay_s, self._flush_changed) if delay_s > 0 else loop.call_soon(self._flush_changed)

    def _flush_changed(self) -> None:
        self._flush = None
        changed, self._changed = self._changed, {}
        ready: dict[Subscriber, None] = {}
        for key in changed:
            for subscriber in self._watchers.get(key, ()):
                subscriber.dirty[key] = None
                ready[subscriber] = None
        began_s = asyncio.get_running_loop().time()
        self._last_flush_s = began_s
        done = self._start(list(ready))
        if done is not None:
            done.add_done_callback(lambda _: self._measure(began_s))

    def _measure(self, began_s: float) -> None:
        self._last_flush_s = asyncio.get_running_loop().time()
        self._flush_cost_s = self._last_flush_s - began_s

    def _wake(self, subscriber: Subscriber, key: ServiceKey) -> None:
        subscriber.dirty[key] = None
        self._start([subscriber])

    def _start(self, subscribers: list[Subscriber]) -> "asyncio.Future[list[None]] | None":
        """Write to the idle ones of these streams, all at once; the busy ones go on by themselves.

        This is the measured exception to tasks in groups: one gathered write costs less than a task for each stream.
        """
        idle = [subscriber for subscriber in subscribers if not subscriber.is_writing]
        if not idle:
            return None
        for subscriber in idle:
            subscriber.is_writing = True
        write = asyncio.gather(*map(self._pump, idle))
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)
        return write

    async def _pump(self, subscriber: Subscriber) -> None:
        try:
            while frames := self._next_frames(subscriber):
                for frame in frames:
                    subscriber.waiting_since_s = self._clock.monotonic_s()
                    await subscriber.write(frame)
                    self.pushes += 1
                subscriber.waiting_since_s = None
        except ConnectionError:
            subscriber.dirty.clear()  # its handler is about to detach it
        finally:
            subscriber.is_writing = False
            if subscriber.dirty:
                subscriber.waiting_since_s = subscriber.waiting_since_s or self._clock.monotonic_s()

    def _next_frames(self, subscriber: Subscriber) -> list[bytes]:
        if subscriber.notices:
            return [subscriber.notices.popleft()]
        for key in list(subscriber.dirty):
            subscription = subscriber.subscriptions[key]
            if subscription.is_window_full:
                continue
            del subscriber.dirty[key]
            if frames := self._frames_for(subscription):
                return frames
        if subscriber.is_bookmark_due and not subscriber.dirty:
            subscriber.is_bookmark_due = False
            for subscription in subscriber.subscriptions.values():
                subscription.sent_revision = max(subscription.sent_revision, self.state.revision)
            return [self._encoder.bookmark(self.state.revision, self.epoch, is_warming_up=self.is_warming_up)]
        return []

    def _frames_for(self, subscription: Subscription) -> list[bytes]:
        key, sent = subscription.key, subscription.sent_revision
        service = self.state.services.get(key) or Service()
        feed = self._feed(key, self.state.services.get(key))
        if sent >= 0 and feed.can_resume(sent):
            frames = feed.delta(sent)
            if not frames and not subscription.is_answered:
                frames = [self._encoder.delta(key, (), (), (max(sent, feed.revision), sent))]
        else:
            is_reset = subscription.is_reset or sent >= 0
            frames = feed.snapshot(service, self.epoch, is_reset=is_reset, is_warming_up=self.is_warming_up)
        if frames:
            subscription.sent_revision = max(sent, feed.revision)
            subscription.is_reset = False
            subscription.is_answered = True
            if subscription.unacked is not None:
                subscription.unacked.append(subscription.sent_revision)
        return frames
