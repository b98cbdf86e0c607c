"""Many deadlines in one heap: setting one later costs a dictionary entry, and the heap entry is refiled when it comes up.

Example: `set("a", 10)`, then `set("a", 25)` leaves one heap entry at 10. `due(12)` pops it, sees that "a" is due at 25, files it
there, and answers nothing. `due(25)` answers `[("a", 25)]`.
"""

import heapq
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

MIN_STALE = 1024
"""Cancelled entries are swept out of the heap when they are this many and outnumber the others."""


class Deadlines(Generic[K]):
    """Keys with deadlines in seconds of one clock. Owned by the registry state. `set` is O(1) for a later deadline."""

    def __init__(self) -> None:
        self._deadline: dict[K, float] = {}
        self._filed: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._serial = 0

    def __len__(self) -> int:
        return len(self._deadline)

    @property
    def stale_count(self) -> int:
        """How many entries of the heap stand for nothing any more."""
        return len(self._heap) - len(self._deadline)

    def get(self, key: K) -> float | None:
        """The deadline of a key; None if it has none."""
        return self._deadline.get(key)

    def set(self, key: K, deadline_s: float) -> None:
        """Give a key a deadline, in place of any it had."""
        self._deadline[key] = deadline_s
        filed = self._filed.get(key)
        if filed is None or deadline_s < filed:
            self._file(key, deadline_s)

    def cancel(self, key: K) -> None:
        """Take a key's deadline away, if it has one."""
        self._deadline.pop(key, None)

    def due(self, now_s: float, limit: int | None = None) -> list[tuple[K, float]]:
        """Take out and answer the keys whose deadline is `now_s` or earlier, in the order of their deadlines; at most `limit`."""
        found: list[tuple[K, float]] = []
        heap = self._heap
        while heap and heap[0][0] <= now_s and len(found) != limit:
            filed, _, key = heapq.heappop(heap)
            if self._filed.get(key) != filed:
                continue  # an earlier entry replaced this one
            del self._filed[key]
            deadline = self._deadline.get(key)
            if deadline is None:
                continue
            if deadline > now_s:
                self._file(key, deadline)
            else:
                del self._deadline[key]
                found.append((key, deadline))
        found.sort(key=lambda entry: entry[1])
        return found

    def _is_live(self, filed: float, key: K) -> bool:
        if self._filed.get(key) != filed:
            return False
        if key not in self._deadline:
            del self._filed[key]
            return False
        return True

    def _file(self, key: K, deadline_s: float) -> None:
        self._serial += 1
        self._filed[key] = deadline_s
        if len(self._heap) > 2 * len(self._deadline) + MIN_STALE:
            self._heap[:] = [(filed, serial, name) for filed, serial, name in self._heap if self._is_live(filed, name)]
            heapq.heapify(self._heap)
        heapq.heappush(self._heap, (deadline_s, self._serial, key))
