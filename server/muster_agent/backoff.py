"""How long to wait before a process is started again: 1 s at first, twice as long each time, a minute at most."""

import time
from collections.abc import Callable

FIRST_S, MOST_S = 1.0, 60.0


class Backoff:
    """It begins anew once a process was ready for a minute. `now_s` is a monotonic clock."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._pause_s = FIRST_S
        self._ready_since_s: float | None = None

    def ready(self) -> None:
        """The process is ready."""
        if self._ready_since_s is None:
            self._ready_since_s = self._now_s()

    def reset(self) -> None:
        """What was so far does not count."""
        self._pause_s, self._ready_since_s = FIRST_S, None

    def next_s(self) -> float:
        """The process has ended: the pause before the next one."""
        if self._ready_since_s is not None and self._now_s() - self._ready_since_s >= MOST_S:
            self._pause_s = FIRST_S
        self._ready_since_s = None
        pause_s, self._pause_s = self._pause_s, min(MOST_S, self._pause_s * 2)
        return pause_s
