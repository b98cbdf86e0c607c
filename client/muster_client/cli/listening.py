"""What is said on a Listen stream: which config items this command follows, and how far it is with each."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from google.protobuf.message import Message
from muster.config.v1 import config_service_pb2 as wire
from muster.config.v1.config_pb2 import ClientTraits, ConfigRef

from muster_client.cli.names import FullName
from muster_client.errors import MusterError, UnavailableError

State: TypeAlias = wire.ListenResponse.Changed | wire.ListenResponse.Missing | wire.ListenResponse.Cancelled


class ListenConversation:
    """Owned by the command's loop. Implements `muster_client._link.Conversation`.

    `_states` holds what the reader has not seen yet: the latest state of each item, so that it is bounded by their number.
    """

    name = "listen"
    probe_every_s = 60.0
    silence_s = 120.0

    def __init__(self, client_name: str, traits: ClientTraits, refs: Sequence[ConfigRef]) -> None:
        self._hello = wire.ListenRequest.Hello(client_name=client_name, client=traits)
        self._known = {_key(ref): wire.ListenRequest.Interest(ref=ref) for ref in refs}
        self._states: dict[FullName, State] = {}
        self._requests: list[Message] = []
        self._changed = asyncio.Event()
        self._error: MusterError | None = None
        self._epoch = 0
        self.answered = asyncio.Event()
        self.wake: Callable[[], None] = lambda: None

    async def next(self) -> State | None:
        """The next state; None when nothing is listened to any more. Raises MusterError if the stream is refused."""
        while not self._states:
            if self._error is not None:
                raise self._error
            if not self._known:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self._states.pop(next(iter(self._states)))

    def opening(self) -> Sequence[Message]:
        """Hello, and all items from where they are."""
        self._requests.clear()
        return [wire.ListenRequest(hello=self._hello), self._add()]

    def due(self) -> Sequence[Message]:
        """Acks, and items to begin anew."""
        requests, self._requests = self._requests, []
        return requests

    def probe(self) -> Sequence[Message]:
        """Nothing: bookmarks come by themselves."""
        return ()

    def farewell(self) -> Sequence[Message]:
        """Nothing: half-close ends it."""
        return ()

    def lost(self, error: MusterError) -> bool:
        """Keep what is known; a refusal of the stream is the reader's."""
        if not isinstance(error, UnavailableError) and error.reason != "SLOW_CONSUMER":
            self._error = error
            self.answered.set()
            self._changed.set()
        return False

    def close(self) -> None:
        """Nothing more comes."""
        self._known.clear()
        self._changed.set()

    def take(self, frame: Any) -> None:
        """A frame came."""
        match frame.WhichOneof("frame"):
            case "changed":
                self._take_state(frame.changed, frame.changed.release.md5)
            case "missing":
                self._take_state(frame.missing, "")
            case "cancelled":
                self._known.pop(_key(frame.cancelled.ref), None)
                self._note(frame.cancelled)
            case "bookmark":
                self._take_epoch(frame.bookmark.epoch)
            case _:
                return
        self.answered.set()

    def _take_state(self, state: wire.ListenResponse.Changed | wire.ListenResponse.Missing, md5: str) -> None:
        interest = self._known.get(_key(state.ref))
        if interest is None:
            return
        interest.md5, interest.revision = md5, state.revision
        ack = wire.ListenRequest.Ack(ref=state.ref, revision=state.revision)
        self._requests.append(wire.ListenRequest(ack=ack))
        self._note(state)
        self.wake()

    def _take_epoch(self, epoch: int) -> None:
        if self._epoch not in (0, epoch):  # another life of the server: its revisions are not those that we know
            for interest in self._known.values():
                interest.revision = 0
            self._requests.append(self._add())
            self.wake()
        self._epoch = epoch

    def _note(self, state: State) -> None:
        self._states[_key(state.ref)] = state
        self._changed.set()

    def _add(self) -> wire.ListenRequest:
        return wire.ListenRequest(add=wire.ListenRequest.Add(interests=self._known.values()))


def _key(ref: ConfigRef) -> FullName:
    return FullName(ref.namespace or "default", ref.group or "DEFAULT_GROUP", ref.name)
