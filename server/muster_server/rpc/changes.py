"""Who waits for a change of what: a flag for each, so that who is slow sees the latest state and nothing piles up."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Changes:
    """Followers by id."""

    def __init__(self) -> None:
        self._followers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def note(self, key: str) -> None:
        """Something is another."""
        for follower in self._followers.get(key, ()):
            follower.set()

    @contextmanager
    def followed(self, key: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever it is another; the caller clears it before it looks."""
        changed = asyncio.Event()
        self._followers[key].add(changed)
        try:
            yield changed
        finally:
            self._followers[key].discard(changed)
            if not self._followers[key]:
                del self._followers[key]
