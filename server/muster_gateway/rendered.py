"""Answers that are kept rendered until their service changes."""

from collections import OrderedDict
from typing import Generic, TypeVar

MAX_ENTRIES = 10_000
MAX_BYTES = 64 << 20


M = TypeVar("M", int, str)


class Rendered(Generic[M]):
    """The bodies that were asked for last, by name, each with the mark of the state it shows: at most 10,000, and 64 MiB in all.

    `unmarked` is the mark of what is not kept: no state has it.
    """

    def __init__(self, unmarked: M) -> None:
        self._unmarked: M = unmarked
        self._entries: OrderedDict[tuple[str, ...], tuple[M, bytes]] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple[str, ...]) -> tuple[M, bytes]:
        """Mark and body; (unmarked, empty) if it is not kept."""
        return self._entries.get(key, (self._unmarked, b""))

    def keep(self, key: tuple[str, ...], mark: M, body: bytes) -> None:
        """Keep a body, in place of an earlier one, and drop what was kept longest."""
        _, former = self._entries.pop(key, (self._unmarked, b""))
        size = sum(map(len, key))
        if not former:
            self._bytes += size
        self._bytes += len(body) - len(former)
        self._entries[key] = (mark, body)
        while self._entries and (len(self._entries) > MAX_ENTRIES or self._bytes > MAX_BYTES):
            dropped, (_, gone) = self._entries.popitem(last=False)
            self._bytes -= sum(map(len, dropped)) + len(gone)
