"""Durations as Go writes them."""

import pytest
from muster_gateway import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10.0),
        ("1.5s", 1.5),
        (".5s", 0.5),
        ("1.s", 1.0),
        ("2m30s", 150.0),
        ("1h", 3600.0),
        ("100ms", 0.1),
        ("100us", 1e-4),
        ("100µs", 1e-4),
        ("100ns", 1e-7),
        ("+1s", 1.0),
        ("-1s", -1.0),
        ("0", 0.0),
    ],
)
def test_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert durations.seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "5", "1s5", "5x", "1 s", "s1", "--1s", ".s", "1e3s", "٣s", "1" * 13 + "s", "1s" * 33])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time: "):
        durations.seconds(text)
