"""The clock that leases go by: it stands still while the process does, so that a stall costs nobody a lease."""

from muster_server.engine.clock import Clock

STALL_S = 1.0
"""Who is not seen for longer than this did not run: ticks come ten times as often."""


class LeaseClock:
    """Owned by the engine, which calls `notice` with every tick and before every decision."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen_s = clock.monotonic_s()
        self.stalled_s = 0.0

    def now_s(self) -> float:
        """Monotonic seconds without those of stalls."""
        return self._clock.monotonic_s() - self.stalled_s

    def noticed_s(self) -> float:
        """What `now_s` was at the last notice."""
        return self._seen_s - self.stalled_s

    def notice(self) -> float:
        """Take the time of a stall out. Answers its seconds, 0 if there was none."""
        now_s = self._clock.monotonic_s()
        gap_s, self._seen_s = now_s - self._seen_s, now_s
        if gap_s <= STALL_S:
            return 0.0
        self.stalled_s += gap_s
        return gap_s
