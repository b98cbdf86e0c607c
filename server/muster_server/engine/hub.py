"""The hub: who watches which service, and what each of them is sent next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from muster_server.core.commands import Put, Removed
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import Instance, ServiceKey
from muster_server.core.state import RegistryState, Service
from muster_server.engine import mailroom
from muster_server.engine.clock import Clock
from muster_server.engine.encoder import Encoder, Head
from muster_server.engine.feed import Feed
from muster_server.engine.mailroom import MAX_SUBSCRIPTIONS, Mailroom


@dataclass(slots=True, kw_only=True)
class Subscription(mailroom.Subscription[ServiceKey]):
    """One watched service of one stream. `sent_revision` -1 means that a snapshot is due, with `reset` if `is_reset`.

    A subscription that resumes is answered even when it missed nothing: until `is_answered`, an empty delta is worth sending.
    """

    is_reset: bool = False
    is_answered: bool = False


Subscriber = mailroom.Subscriber[ServiceKey, Subscription]


class Hub(Mailroom[ServiceKey, Subscription]):
    """A change is encoded once; every subscriber and every query is served from the same bytes."""

    def __init__(self, state: RegistryState, encoder: Encoder, clock: Clock, epoch: int) -> None:
        super().__init__(clock)
        self.state = state
        self.epoch = epoch
        self.is_warming_up = False
        self._encoder = encoder
        self._feeds: dict[ServiceKey, Feed] = {}

    def list_response(self, key: ServiceKey, wanted: Sequence[Instance] | None = None) -> bytes:
        """The answer of ListInstances from the cache: all instances, or the wanted ones of them."""
        service = self.state.services.get(key)
        if service is None:
            return self._encoder.list_response((), Head(0, self.epoch, is_warming_up=self.is_warming_up))
        feed = self._feed(key, service)
        if wanted is None:
            return feed.list_response(service, self.epoch, is_warming_up=self.is_warming_up)
        head = Head(feed.revision, self.epoch, service.protect_threshold, is_warming_up=self.is_warming_up)
        return self._encoder.list_response(self.fragments(key, wanted), head)

    def fragments(self, key: ServiceKey, instances: Iterable[Instance]) -> list[bytes]:
        """The bytes of instances of a service, each ready to be joined with others into a list."""
        feed = self._feed(key, self.state.services.get(key))
        return [feed.fragment(instance) for instance in instances]

    def note(self, event: Put | Removed) -> None:
        """A change was applied: tell the watchers, at once when it is quiet, else within 50 ms."""
        feed = self._feeds.get(event.service)
        if feed is not None:
            feed.note(event)
        self._mark(event.service)

    def begin_anew(self, key: ServiceKey) -> None:
        """What is said of a service as a whole has changed: its watchers are sent everything."""
        feed = self._feeds.get(key)
        if feed is not None:
            feed.begin_anew(self.state.services[key].revision)
        self._mark(key)

    def forget(self, key: ServiceKey) -> None:
        """A service was dropped."""
        if key not in self._watchers:
            self._feeds.pop(key, None)

    def subscribe(self, subscriber: Subscriber, key: ServiceKey, from_revision: int, epoch: int) -> None:
        """Begin a subscription, afresh if there is one. A revision of the future cancels it, and so does one too many."""
        if key not in subscriber.subscriptions and len(subscriber.subscriptions) >= MAX_SUBSCRIPTIONS:
            self.cancel(subscriber, key, MusterError(Reason.LIMIT_EXCEEDED, f"at most {MAX_SUBSCRIPTIONS} subscriptions"))
            return
        if from_revision > self.state.revision and epoch in (0, self.epoch):
            self.unsubscribe(subscriber, key)
            self.cancel(subscriber, key, MusterError(Reason.UNKNOWN_REVISION, f"revision {from_revision} has not happened yet"))
            return
        subscription = Subscription(key=key, since_s=self._clock.wall_s())
        self._add(subscriber, subscription)
        feed = self._feed(key, self.state.services.get(key))
        if from_revision > 0:
            if epoch in (0, self.epoch) and feed.can_resume(from_revision):
                subscription.sent_revision = from_revision
            else:
                subscription.is_reset = True
        self._wake(subscriber, key)

    def unsubscribe(self, subscriber: Subscriber, key: ServiceKey) -> None:
        """End a subscription, if there is one."""
        super().unsubscribe(subscriber, key)
        if key not in self._watchers and key not in self.state.services:
            self._feeds.pop(key, None)

    def reset(self, epoch: int) -> None:
        """The history is another one: everybody is sent everything anew."""
        self.epoch = epoch
        self._feeds.clear()
        for subscriber in self._subscribers:
            for key, subscription in subscriber.subscriptions.items():
                subscription.sent_revision, subscription.is_reset = -1, True
                self._feed(key, self.state.services.get(key))
                self._wake(subscriber, key)
        self.bookmark()

    def end_warm_up(self) -> None:
        """From now on what is missing is gone; a bookmark says so."""
        self.is_warming_up = False
        for feed in self._feeds.values():
            feed.forget_frames()
        self.bookmark()

    def _feed(self, key: ServiceKey, service: Service | None) -> Feed:
        feed = self._feeds.get(key)
        if feed is None:
            revision = service.revision if service is not None else self.state.revision
            feed = self._feeds[key] = Feed(key, self._encoder, revision)
        return feed

    def _is_behind(self, subscription: Subscription) -> bool:
        return subscription.sent_revision < self._feeds[subscription.key].revision

    def _bookmark(self, subscriber: Subscriber) -> bytes:
        for subscription in subscriber.subscriptions.values():
            subscription.sent_revision = max(subscription.sent_revision, self.state.revision)
        return self._encoder.bookmark(self.state.revision, self.epoch, is_warming_up=self.is_warming_up)

    def _cancelled(self, key: ServiceKey, error: MusterError) -> bytes:
        return self._encoder.cancelled(key, error.reason, error.message)

    def _reconnect_after(self, delay_s: float) -> bytes:
        return self._encoder.reconnect_after(delay_s)

    def _frames_for(self, _: Subscriber, subscription: Subscription) -> list[bytes]:
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
            subscription.sent(max(sent, feed.revision))
            subscription.is_reset = False
            subscription.is_answered = True
        return frames
