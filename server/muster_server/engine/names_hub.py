"""The names hub: who wants to know which names there are, and what came and went."""

from collections.abc import Callable, Hashable, Iterator
from typing import Generic, Protocol, TypeVar

from muster_server.core.errors import MusterError
from muster_server.core.state import RegistryState
from muster_server.engine import mailroom
from muster_server.engine.clock import Clock
from muster_server.engine.encoder import NamesEncoder
from muster_server.engine.mailroom import Mailroom

MAX_LOG = 10_000


class Named(Hashable, Protocol):
    """What the name of a service and that of a config item have in common."""

    @property
    def namespace(self) -> str:
        """The namespace it is in."""
        ...


N = TypeVar("N", bound=Named)
Subscription = mailroom.Subscription[str]
Subscriber = mailroom.Subscriber[str, Subscription]


class NamesHub(Mailroom[str, Subscription], Generic[N]):
    """Subjects are namespaces, and "" for all of them together.

    `names_in` answers the names of a namespace, `is_there` whether one is; both look at the state as it is. Of each watched
    namespace the last 10,000 names that came or went are kept, with their revisions; who is older gets a snapshot.
    """

    def __init__(
        self,
        names_in: Callable[[str], Iterator[N]],
        is_there: Callable[[N], bool],
        encoder: NamesEncoder[N],
        state: RegistryState,
        clock: Clock,
    ) -> None:
        super().__init__(clock)
        self.is_warming_up = False
        self._names_in, self._is_there, self._encoder, self._state = names_in, is_there, encoder, state
        self._logs: dict[str, dict[N, int]] = {}
        self._log_starts: dict[str, int] = {}
        self._frames: dict[tuple[str, int, bool], list[bytes]] = {}

    def note(self, name: N, revision: int) -> None:
        """A name came or went."""
        for namespace in ("", name.namespace):
            log = self._logs.get(namespace)
            if log is None:
                continue
            log.pop(name, None)
            log[name] = revision
            if len(log) > MAX_LOG:
                self._log_starts[namespace] = log.pop(next(iter(log)))
            self._frames.clear()
            self._mark(namespace)

    def subscribe(self, subscriber: Subscriber, namespace: str) -> None:
        """Begin the one subscription of a stream."""
        self._logs.setdefault(namespace, {})
        self._log_starts.setdefault(namespace, self._state.revision)
        self._add(subscriber, Subscription(key=namespace, since_s=self._clock.wall_s()))
        self._wake(subscriber, namespace)
        self.bookmark_to(subscriber)

    def unsubscribe(self, subscriber: Subscriber, key: str) -> None:
        """End it."""
        super().unsubscribe(subscriber, key)
        if key not in self._watchers:
            self._logs.pop(key, None)
            self._log_starts.pop(key, None)
            self._frames.clear()

    def reset(self) -> None:
        """The history is another one: everybody is sent everything anew."""
        self._frames.clear()
        for subscriber in self._subscribers:
            for namespace, subscription in subscriber.subscriptions.items():
                subscription.sent_revision = -1
                self._wake(subscriber, namespace)
        self.bookmark()

    def end_warm_up(self) -> None:
        """From now on what is missing is gone; a bookmark says so."""
        self.is_warming_up = False
        self._frames.clear()
        self.bookmark()

    def _frames_for(self, _: Subscriber, subscription: Subscription) -> list[bytes]:
        memo = (subscription.key, subscription.sent_revision, subscription.written_revision >= 0)
        if memo not in self._frames:
            self._frames[memo] = self._made(*memo)
        subscription.sent(self._state.revision)
        return self._frames[memo]

    def _made(self, namespace: str, sent: int, is_reset: bool) -> list[bytes]:  # a memo's parts
        if sent < self._log_starts[namespace]:
            names = [name for name in self._names_in(namespace) if self._is_there(name)]
            at = (self._state.revision, self._state.epoch)
            return self._encoder.snapshot(names, at, is_reset=is_reset, is_warming_up=self.is_warming_up)
        changed: list[N] = []
        for name, revision in reversed(self._logs[namespace].items()):
            if revision <= sent:
                break
            changed.append(name)
        appeared = [name for name in reversed(changed) if self._is_there(name)]
        disappeared = [name for name in reversed(changed) if not self._is_there(name)]
        return [self._encoder.delta(appeared, disappeared, self._state.revision)] if changed else []

    def _is_behind(self, subscription: Subscription) -> bool:
        return subscription.sent_revision < self._state.revision

    def _bookmark(self, subscriber: Subscriber) -> bytes:
        for subscription in subscriber.subscriptions.values():
            subscription.sent_revision = max(subscription.sent_revision, self._state.revision)
        return self._encoder.bookmark(self._state.revision, self._state.epoch, is_warming_up=self.is_warming_up)

    def _cancelled(self, key: str, error: MusterError) -> bytes:
        raise AssertionError((key, error))  # a stream of names has one subscription, and ends with it

    def _reconnect_after(self, delay_s: float) -> bytes:
        return self._encoder.reconnect_after(delay_s)
