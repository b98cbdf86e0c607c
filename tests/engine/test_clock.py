"""The machine's clocks, as far as they can be told without waiting."""

from muster_server.engine.clock import SystemClock


def test_monotonic_clock_never_goes_back() -> None:
    clock = SystemClock()

    readings = [clock.monotonic_s() for _ in range(1000)]

    assert readings == sorted(readings)


def test_wall_clock_tells_unix_seconds_of_this_century() -> None:
    now_s = SystemClock().wall_s()

    assert 1_700_000_000 < now_s < 4_102_444_800
