"""The config hub: who listens to which item, and what each of them is sent next."""

from dataclasses import dataclass, field

from muster_server.core.config_commands import ConfigReleased
from muster_server.core.config_model import ConfigKey, Traits
from muster_server.core.config_state import ConfigItem, Line
from muster_server.core.errors import MusterError, Reason
from muster_server.core.state import RegistryState
from muster_server.engine import mailroom
from muster_server.engine.clock import Clock
from muster_server.engine.encoder import Encoder
from muster_server.engine.mailroom import MAX_SUBSCRIPTIONS, Mailroom


@dataclass(slots=True, kw_only=True)
class Listening(mailroom.Subscription[ConfigKey]):
    """One item of one stream. `known_md5` and `known_revision` are what the client said that it has; revision 0: nothing.

    `sent_number` is the release that it was sent last, 0 if it was told that there is none; None before the first frame.
    """

    known_md5: str = ""
    known_revision: int = 0
    sent_number: int | None = None


@dataclass(eq=False, slots=True)
class Listener(mailroom.Subscriber[ConfigKey, Listening]):
    """One listen stream, and what gray rules look at in its client."""

    traits: Traits = field(default_factory=Traits)


class ConfigHub(Mailroom[ConfigKey, Listening]):
    """A release is encoded once for all who listen to it. Listeners of one item may see different lines of it."""

    def __init__(self, state: RegistryState, encoder: Encoder, clock: Clock, epoch: int) -> None:
        super().__init__(clock)
        self.epoch = epoch
        self._state = state
        self._encoder = encoder
        self._frames: dict[ConfigKey, dict[int, bytes]] = {}

    def note(self, event: ConfigReleased) -> None:
        """A release was applied."""
        self._frames.pop(event.key, None)
        self._mark(event.key)

    def listen(self, listener: Listener, listening: Listening) -> None:
        """Begin to listen to an item, afresh if that was done before. One item too many is cancelled."""
        key = listening.key
        if key not in listener.subscriptions and len(listener.subscriptions) >= MAX_SUBSCRIPTIONS:
            self.cancel(listener, key, MusterError(Reason.LIMIT_EXCEEDED, f"at most {MAX_SUBSCRIPTIONS} items"))
            return
        self._add(listener, listening)
        self._wake(listener, key)

    def unsubscribe(self, subscriber: mailroom.Subscriber[ConfigKey, Listening], key: ConfigKey) -> None:
        """Stop listening to an item."""
        super().unsubscribe(subscriber, key)
        if key not in self._watchers:
            self._frames.pop(key, None)

    def md5_of(self, listening: Listening) -> str:
        """What a listener has: the md5 of the release that it was sent, else the one that it named; empty for nothing."""
        if listening.sent_number is None:
            return listening.known_md5
        item = self._state.configs.items.get(listening.key)
        release = item.releases.get(listening.sent_number) if item is not None else None
        return release.md5 if release is not None else ""

    def reset(self, epoch: int) -> None:
        """The history is another one: everybody is sent everything anew."""
        self.epoch = epoch
        self._frames.clear()
        for listener in self._subscribers:
            for key, listening in listener.subscriptions.items():
                listening.sent_number, listening.known_revision = None, 0
                self._wake(listener, key)
        self.bookmark()

    def _frames_for(self, subscriber: mailroom.Subscriber[ConfigKey, Listening], subscription: Listening) -> list[bytes]:
        key, item = subscription.key, self._state.configs.items.get(subscription.key)
        traits = subscriber.traits if isinstance(subscriber, Listener) else Traits()
        line = item.seen_by(key, traits) if item is not None else None
        if _has(subscription, line):
            return []
        subscription.sent_number = line.release.number if line is not None else 0
        subscription.sent(item.revision if item is not None else self._state.revision)
        return [self._frame(key, item, line)]

    def _frame(self, key: ConfigKey, item: ConfigItem | None, line: Line | None) -> bytes:
        if item is None:
            return self._encoder.missing(key, self._state.revision, is_deleted=False)
        frames = self._frames.setdefault(key, {})
        number = line.release.number if line is not None else 0
        if number not in frames:
            frames[number] = (
                self._encoder.changed(key, line.release, line.content, item.revision)
                if line is not None
                else self._encoder.missing(key, item.revision, is_deleted=True)
            )
        return frames[number]

    def _is_behind(self, subscription: Listening) -> bool:
        item = self._state.configs.items.get(subscription.key)
        return item is not None and item.revision > subscription.sent_revision

    def _bookmark(self, _: mailroom.Subscriber[ConfigKey, Listening]) -> bytes:
        return self._encoder.listen_bookmark(self._state.revision, self.epoch)

    def _cancelled(self, key: ConfigKey, error: MusterError) -> bytes:
        return self._encoder.listen_cancelled(key, error.reason, error.message)

    def _reconnect_after(self, delay_s: float) -> bytes:
        return self._encoder.listen_reconnect_after(delay_s)


def _has(listening: Listening, line: Line | None) -> bool:
    """True if the client has what the line shows, by what it was sent, else by what it said."""
    if listening.sent_number is not None:
        return listening.sent_number == (line.release.number if line is not None else 0)
    if listening.known_revision == 0:
        return False
    md5, revision = (line.release.md5, line.release.revision) if line is not None else ("", 0)
    return listening.known_md5 == md5 and revision <= listening.known_revision
