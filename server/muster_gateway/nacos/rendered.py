"""Answers that are kept rendered until their service changes."""

from collections import OrderedDict

MAX_ENTRIES = 10_000
MAX_BYTES = 64 << 20


class Rendered:
    """The bodies that were asked for last, by name, each with the revision it shows: at most 10,000, and 64 MiB in all."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[str, ...], tuple[int, bytes]] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple[str, ...]) -> tuple[int, bytes]:
        """Revision and body; (0, empty) if it is not kept."""
        return self._entries.get(key, (0, b""))

    def keep(self, key: tuple[str, ...], revision: int, body: bytes) -> None:
        """Keep a body, in place of an earlier one, and drop what was kept longest."""
        _, former = self._entries.pop(key, (0, b""))
        size = sum(map(len, key))
        if not former:
            self._bytes += size
        self._bytes += len(body) - len(former)
        self._entries[key] = (revision, body)
        while self._entries and (len(self._entries) > MAX_ENTRIES or self._bytes > MAX_BYTES):
            dropped, (_, gone) = self._entries.popitem(last=False)
            self._bytes -= sum(map(len, dropped)) + len(gone)
