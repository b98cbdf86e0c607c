"""Durations as Go writes them: `1.5s`, `2m30s`."""

import re

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"([0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})([a-zµ]*)")
_DURATION = re.compile(rf"([+-]?)((?:{_PART.pattern})+)")
MAX_CHARACTERS = 64


def seconds(text: str) -> float:
    """A duration in seconds; may be negative. Raises ValueError, in the words of Go."""
    found = _DURATION.fullmatch(text) if len(text) <= MAX_CHARACTERS else None
    if found is None:
        raise ValueError(f'time: invalid duration "{text[:MAX_CHARACTERS]}"')
    total = 0.0
    for number, unit in _PART.findall(found[2]):
        if not unit and float(number):
            raise ValueError(f'time: missing unit in duration "{text}"')
        if unit and unit not in _SECONDS:
            raise ValueError(f'time: unknown unit "{unit}" in duration "{text}"')
        total += float(number) * _SECONDS.get(unit, 0.0)
    return -total if found[1] == "-" else total
