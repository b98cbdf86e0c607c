"""What is said on a Listen stream: which items this client follows, and what it has of each."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import grpc
from google.protobuf.message import Message
from muster.config.v1 import config_service_pb2 as wire
from muster.config.v1.config_pb2 import ClientTraits

from muster_client._config_view import ConfigView
from muster_client._names import ConfigName, check_length
from muster_client.errors import InvalidFieldError, MusterError, UnavailableError, make_error, reason_name

log = logging.getLogger("muster_client")

MAX_ITEMS = 1000
MAX_FRAME_BYTES = 1 << 20
_REFUSALS = {
    "INVALID_FIELD": grpc.StatusCode.INVALID_ARGUMENT,
    "LIMIT_EXCEEDED": grpc.StatusCode.RESOURCE_EXHAUSTED,
}


class Reader:
    """One who follows items. `due` are those that it has to look at, in the order in which they came; `changed` is set with them.

    Bounded by the number of items: a reader that lags finds the latest state of each.
    """

    def __init__(self, names: Iterable[ConfigName]) -> None:
        self.names = tuple(dict.fromkeys(names))
        self.due: dict[ConfigName, None] = {}
        self.changed = asyncio.Event()
        self.error: MusterError | None = None
        self.is_closed = False

    def note(self, name: ConfigName) -> None:
        """There is a new state of an item."""
        self.due[name] = None
        self.changed.set()

    def end(self, error: MusterError | None) -> None:
        """Nothing more comes."""
        self.error, self.is_closed = error, True
        self.changed.set()


class ListenConversation:
    """Owned by the client's loop. One view for each item, shared by all its readers.

    `_due` holds the items of which the server has still to hear, `_acks` the revisions to acknowledge, `_epoch` the server's life
    as the stream told it, 0 before its first bookmark. `is_cut_off` is true from a failure to reach the server to the next frame.
    """

    name = "listen"
    probe_every_s = 60.0
    silence_s = 120.0

    def __init__(self, client_name: str, traits: ClientTraits) -> None:
        self._hello = wire.ListenRequest.Hello(client_name=client_name, client=traits)
        self._views: dict[ConfigName, ConfigView] = {}
        self._readers: dict[ConfigName, list[Reader]] = {}
        self._due: dict[ConfigName, None] = {}
        self._acks: dict[ConfigName, int] = {}
        self._epoch = 0
        self.is_cut_off = False
        self.wake: Callable[[], None] = lambda: None

    # What users ask for.

    def join(self, reader: Reader) -> None:
        """A new reader; what is known is due to it at once. A name that is too long ends it: the server would echo it cut short."""
        try:
            for name in reader.names:
                check_length("ref", name)
        except InvalidFieldError as error:
            reader.end(error)
            return
        for name in reader.names:
            view = self._views.get(name)
            if view is None:
                view = self._views[name] = ConfigView(name)
                self._due[name] = None
            self._readers.setdefault(name, []).append(reader)
            if view.state is not None:
                reader.note(name)
        self.wake()

    def leave(self, reader: Reader) -> None:
        """A reader goes; with the last one of an item the interest in it."""
        for name in reader.names:
            readers = self._readers.get(name, [])
            if reader in readers:
                readers.remove(reader)
                if not readers:
                    self._drop(name)
                    self._due[name] = None
        self.wake()

    def view(self, name: ConfigName) -> ConfigView:
        """What is known of an item that somebody follows."""
        return self._views[name]

    def close(self) -> None:
        """Nothing more comes."""
        for reader in self._all_readers(self._views):
            reader.end(None)

    # What the link asks for.

    def opening(self) -> Sequence[Message]:
        """Who listens, and to what: each item from where it is."""
        self._due.clear()
        self._acks.clear()
        self._epoch = 0
        for view in self._views.values():
            view.restart()
        return [wire.ListenRequest(hello=self._hello), *self._add_frames(self._views.values())]

    def due(self) -> Sequence[Message]:
        """Ends of interests and new ones, then acks."""
        changed, self._due = self._due, {}
        acks, self._acks = self._acks, {}
        gone = [name.ref() for name in changed if name not in self._views]
        return [
            *(wire.ListenRequest(remove=wire.ListenRequest.Remove(refs=refs)) for refs in _batches(gone)),
            *self._add_frames(self._views[name] for name in changed if name in self._views),
            *(
                wire.ListenRequest(ack=wire.ListenRequest.Ack(ref=name.ref(), revision=revision))
                for name, revision in acks.items()
                if name in self._views
            ),
        ]

    def probe(self) -> Sequence[Message]:
        """Nothing: bookmarks come by themselves."""
        return ()

    def farewell(self) -> Sequence[Message]:
        """Nothing: half-close ends a Listen."""
        return ()

    def lost(self, error: MusterError) -> bool:
        """Keep what is known. A refusal of the whole stream reaches the readers that know nothing yet."""
        self.is_cut_off = True
        unknown = [name for name, view in self._views.items() if view.state is None]
        if not isinstance(error, UnavailableError) and error.reason != "SLOW_CONSUMER":
            log.warning("listen refused: %s", error)
            for name in unknown:
                self._end(name, error)
        for reader in self._all_readers(unknown):
            reader.changed.set()  # it may have a snapshot to go on with
        return False

    def take(self, frame: Any) -> None:
        """A frame came."""
        self.is_cut_off = False
        kind = frame.WhichOneof("frame")
        match kind:
            case "changed" | "missing":
                self._take_state(getattr(frame, kind))
            case "bookmark":
                self._epoch = frame.bookmark.epoch
                self._due.update((name, None) for name, view in self._views.items() if view.take_epoch(self._epoch))
            case "cancelled":
                self._take_cancelled(frame.cancelled)
            case _:
                return

    def _take_state(self, frame: wire.ListenResponse.Changed | wire.ListenResponse.Missing) -> None:
        name = ConfigName.of(frame.ref)
        view = self._views.get(name)
        if view is None:
            return  # of an item that nobody follows any more
        self._acks[name] = frame.revision
        if view.take(frame, self._epoch):
            for reader in self._readers[name]:
                reader.note(name)

    def _take_cancelled(self, cancelled: wire.ListenResponse.Cancelled) -> None:
        name, reason = ConfigName.of(cancelled.ref), reason_name(cancelled.reason)
        if reason == "UNKNOWN_REVISION" and name in self._views:  # the server's history was set back: begin anew
            self._views[name].forget_place()
            self._due[name] = None
            return
        self._end(name, make_error(_REFUSALS.get(reason, grpc.StatusCode.UNKNOWN), reason, cancelled.message))

    def _add_frames(self, views: Iterable[ConfigView]) -> Iterator[Message]:
        for interests in _batches([view.interest for view in views]):
            yield wire.ListenRequest(add=wire.ListenRequest.Add(interests=interests))

    def _all_readers(self, names: Iterable[ConfigName]) -> list[Reader]:
        return list(dict.fromkeys(reader for name in names for reader in self._readers.get(name, ())))

    def _end(self, name: ConfigName, error: MusterError) -> None:
        """End all who follow an item, with everything that they follow."""
        for reader in list(self._readers.get(name, ())):
            self.leave(reader)
            reader.end(error)

    def _drop(self, name: ConfigName) -> None:
        del self._views[name]
        del self._readers[name]
        self._acks.pop(name, None)


def _batches(messages: Sequence[Any]) -> Iterator[list[Any]]:
    """At most 1000 messages and about 1 MiB to a frame."""
    batch: list[Any] = []
    size = 0
    for message in messages:
        batch.append(message)
        size += message.ByteSize()
        if len(batch) == MAX_ITEMS or size >= MAX_FRAME_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
