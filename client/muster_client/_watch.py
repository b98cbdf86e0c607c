"""What is said on a Watch: which services this client follows, and how far it is with each."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.message import Message
from muster.registry.v1 import discovery_service_pb2 as wire

from muster_client._names import ServiceName, check_length
from muster_client._view import Mailbox, Removal, Update, View
from muster_client.errors import MusterError, UnavailableError, make_error, reason_name

log = logging.getLogger("muster_client")

_REFUSALS = {
    "INVALID_FIELD": grpc.StatusCode.INVALID_ARGUMENT,
    "LIMIT_EXCEEDED": grpc.StatusCode.RESOURCE_EXHAUSTED,
}


class Watch:
    """The updates of one service, as an async iterator. Made by `Client.watch`.

    The first update is the whole state; each one after it is what changed since the one before. The iterator survives losses of
    the stream and restarts of the server: it goes on where it was. It ends when it, or the client, is closed, and raises
    MusterError if the server refuses the subscription. A reader that lags gets the sum of what it missed.
    """

    def __init__(self, service: ServiceName, conversation: "WatchConversation") -> None:
        check_length("service", service)
        self._service = service
        self._conversation = conversation
        self._mailbox, self._changed = conversation.join(service, self)
        self._error: MusterError | None = None
        self._is_closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Update:
        """The next update. Raises StopAsyncIteration when closed, MusterError when refused."""
        while not self._mailbox.is_due:
            if self._error is not None:
                raise self._error
            if self._is_closed:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._mailbox.update()

    def note(self, touched: dict[str, Removal | None]) -> None:
        """For the conversation: the view changed."""
        self._mailbox.note(touched)
        if self._mailbox.is_due:
            self._changed.set()

    def end(self, error: MusterError | None) -> None:
        """For the conversation: nothing more comes."""
        self._error, self._is_closed = error, True
        self._changed.set()

    async def aclose(self) -> None:
        """Stop watching."""
        self._conversation.leave(self._service, self)
        self.end(None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        await self.aclose()


class WatchConversation:
    """Owned by the client's loop. One view for each watched service, shared by all its readers.

    `_due` holds the services whose subscription the server has still to hear of; `_acks` the revisions to acknowledge.
    """

    name = "watch"
    probe_every_s = 60.0
    silence_s = 120.0

    def __init__(self) -> None:
        self._views: dict[ServiceName, View] = {}
        self._readers: dict[ServiceName, list[Watch]] = {}
        self._due: dict[ServiceName, None] = {}
        self._acks: dict[ServiceName, int] = {}
        self.wake: Callable[[], None] = lambda: None

    # What users ask for.

    def join(self, service: ServiceName, reader: Watch) -> tuple[Mailbox, asyncio.Event]:
        """A new reader of a service."""
        view = self._views.get(service)
        if view is None:
            view = self._views[service] = View(service.ref())
            self._due[service] = None
            self.wake()
        self._readers.setdefault(service, []).append(reader)
        return Mailbox(view), asyncio.Event()

    def leave(self, service: ServiceName, reader: Watch) -> None:
        """A reader goes; with the last one the subscription."""
        readers = self._readers.get(service, [])
        if reader not in readers:
            return
        readers.remove(reader)
        if not readers:
            self._drop(service)
            self._due[service] = None
            self.wake()

    def close(self) -> None:
        """Nothing more comes."""
        for readers in self._readers.values():
            for reader in readers:
                reader.end(None)

    # What the link asks for.

    def opening(self) -> Sequence[Message]:
        """All subscriptions, each from where it is."""
        self._acks.clear()
        self._due.clear()
        for view in self._views.values():
            view.restart()
        return [_subscribe(view) for view in self._views.values()]

    def due(self) -> Sequence[Message]:
        """Subscriptions and their ends, then acks."""
        changed, self._due = self._due, {}
        acks, self._acks = self._acks, {}
        frames = [self._subscription(service) for service in changed]
        frames += [
            wire.WatchRequest(ack=wire.WatchRequest.Ack(service=service.ref(), revision=revision))
            for service, revision in acks.items()
            if service in self._views
        ]
        return frames

    def probe(self) -> Sequence[Message]:
        """Nothing: bookmarks come by themselves."""
        return ()

    def farewell(self) -> Sequence[Message]:
        """Nothing: half-close ends a watch."""
        return ()

    def lost(self, error: MusterError) -> bool:
        """Keep what is known. A refusal of the whole stream reaches the readers that know nothing yet."""
        if not isinstance(error, UnavailableError) and error.reason != "SLOW_CONSUMER":
            log.warning("watch refused: %s", error)
            for service, view in list(self._views.items()):
                if not view.is_known:
                    self._end(service, error)
        return False

    def take(self, frame: Any) -> None:
        """A frame came."""
        kind = frame.WhichOneof("frame")
        match kind:
            case "snapshot" | "delta":
                self._take_state(getattr(frame, kind))
            case "bookmark":
                for service, view in self._views.items():
                    self._publish(service, view.take_bookmark(frame.bookmark))
            case "cancelled":
                self._take_cancelled(frame.cancelled)
            case _:
                return

    def _take_state(self, frame: Any) -> None:
        service = ServiceName.of(frame.service)
        view = self._views.get(service)
        if view is None:
            return  # of a subscription that has just ended
        if isinstance(frame, wire.WatchResponse.Snapshot):
            touched: dict[str, Removal | None] | None = view.take_snapshot(frame)
            if frame.more:
                return
        else:
            touched = view.take_delta(frame)
        if touched is not None:
            self._acks[service] = view.revision
            self._publish(service, touched)
        elif view.is_known and frame.revision > view.revision:
            log.warning("gap in the watch of %s: at %d, delta from %d", service.name, view.revision, frame.prev_revision)
            view.forget_place()
            self._due[service] = None

    def _take_cancelled(self, cancelled: wire.WatchResponse.Cancelled) -> None:
        service, reason = ServiceName.of(cancelled.service), reason_name(cancelled.reason)
        view = self._views.get(service)
        if view is None:
            return
        if reason == "UNKNOWN_REVISION":  # the server's history was set back: begin anew
            view.forget_place()
            self._due[service] = None
            return
        self._end(service, make_error(_REFUSALS.get(reason, grpc.StatusCode.UNKNOWN), reason, cancelled.message))

    def _publish(self, service: ServiceName, touched: dict[str, Removal | None]) -> None:
        for reader in self._readers.get(service, ()):
            reader.note(touched)

    def _end(self, service: ServiceName, error: MusterError) -> None:
        readers = self._readers.get(service, [])
        self._drop(service)
        for reader in readers:
            reader.end(error)

    def _drop(self, service: ServiceName) -> None:
        self._views.pop(service, None)
        self._readers.pop(service, None)
        self._acks.pop(service, None)

    def _subscription(self, service: ServiceName) -> wire.WatchRequest:
        view = self._views.get(service)
        if view is None:
            return wire.WatchRequest(unsubscribe=wire.WatchRequest.Unsubscribe(service=service.ref()))
        return _subscribe(view)


def _subscribe(view: View) -> wire.WatchRequest:
    subscribe = wire.WatchRequest.Subscribe(service=view.service, from_revision=view.revision)
    if view.revision:
        subscribe.epoch = view.epoch
    return wire.WatchRequest(subscribe=subscribe)
