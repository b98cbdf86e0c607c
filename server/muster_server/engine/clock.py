"""Time, as the engine asks for it."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two readings: one that never goes back, one that people read."""

    def monotonic_s(self) -> float:
        """Seconds since some moment; never goes back."""
        ...

    def wall_s(self) -> float:
        """Unix seconds."""
        ...


class SystemClock:
    """The machine's clocks."""

    monotonic_s = staticmethod(time.monotonic)
    wall_s = staticmethod(time.time)
