"""Names -> wire: the frames of WatchServices and WatchConfigs, which differ in the message of a name only."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message

from muster_server.rpc.encoding import duration

MAX_PART = 1000

N = TypeVar("N")


class WireNamesEncoder(Generic[N]):
    """Implements the names hub's port (`engine.encoder.NamesEncoder`) with one of the two response messages."""

    def __init__(self, response: Any, name: Callable[[N], Message]) -> None:
        self._response, self._name = response, name

    def snapshot(self, names: Sequence[N], at: tuple[int, int], *, is_reset: bool, is_warming_up: bool) -> list[bytes]:
        """A snapshot in parts of 1,000 names; only the last one has no `more`."""
        frames = []
        for first in range(0, max(len(names), 1), MAX_PART):
            frame = self._response()
            frame.snapshot.names.extend(map(self._name, names[first : first + MAX_PART]))
            frame.snapshot.revision, frame.snapshot.epoch = at
            frame.snapshot.reset = is_reset and first == 0
            frame.snapshot.more = first + MAX_PART < len(names)
            frame.snapshot.warming_up = is_warming_up
            frames.append(frame.SerializeToString())
        return frames

    def delta(self, appeared: Sequence[N], disappeared: Sequence[N], revision: int) -> bytes:
        """A delta frame."""
        frame = self._response()
        frame.delta.appeared.extend(map(self._name, appeared))
        frame.delta.disappeared.extend(map(self._name, disappeared))
        frame.delta.revision = revision
        return bytes(frame.SerializeToString())

    def bookmark(self, revision: int, epoch: int, *, is_warming_up: bool) -> bytes:
        """A bookmark frame."""
        frame = self._response()
        frame.bookmark.revision, frame.bookmark.epoch, frame.bookmark.warming_up = revision, epoch, is_warming_up
        return bytes(frame.SerializeToString())

    def reconnect_after(self, delay_s: float) -> bytes:
        """A reconnect_after frame."""
        frame = self._response()
        frame.reconnect_after.delay.CopyFrom(duration(delay_s))
        return bytes(frame.SerializeToString())
