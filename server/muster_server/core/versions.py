"""Versions and the rules that select among them, as ServiceComb has them.

A version is one to four numbers of 0 to 32767 with dots between; missing numbers are 0, so that `1.0` and `1.0.0.0` compare equal.
A rule is one of `1.2.3` (exactly that), `1.2+` (that or later), `1.0-2.0` (from the lower bound, below the upper one) and `latest`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

MAX_VERSION_BYTES = 64
MAX_RULE_BYTES = 129
_VERSION = re.compile(r"\d{1,5}(?:\.\d{1,5}){0,3}", re.ASCII)
_RANGE = re.compile(r"([\d.]+)-([\d.]+)", re.ASCII)
_PARTS = 4
_MAX_PART = 32767

K = TypeVar("K")
Version = tuple[int, ...]


def parsed(text: str) -> Version | None:
    """The four numbers of a version; None if it is none."""
    if _VERSION.fullmatch(text) is None:
        return None
    parts = tuple(map(int, text.split(".")))
    return parts + (0,) * (_PARTS - len(parts)) if max(parts) <= _MAX_PART else None


def is_rule(text: str) -> bool:
    """True if the text is a version or a rule."""
    return text == "latest" or parsed(text.removesuffix("+")) is not None or _bounds(text) is not None


def selected(rule: str, versions: Mapping[K, str]) -> list[K]:
    """Whatever has a version that the rule selects, by version. A rule that is none selects everything.

    >>> selected("1.1+", {"a": "1.0", "b": "2.0", "c": "1.1"})
    ['c', 'b']
    """
    ordered = sorted(versions, key=lambda key: parsed(versions[key]) or ())
    if rule == "latest":
        return ordered[-1:]
    if (bounds := _bounds(rule)) is not None:
        return [key for key in ordered if bounds[0] <= (parsed(versions[key]) or ()) < bounds[1]]
    lowest = parsed(rule.removesuffix("+"))
    if lowest is None:
        return ordered
    if rule.endswith("+"):
        return [key for key in ordered if (parsed(versions[key]) or ()) >= lowest]
    return [key for key in ordered if parsed(versions[key]) == lowest]


def _bounds(rule: str) -> tuple[Version, Version] | None:
    """The bounds of a range, the lower one first however they were written."""
    found = _RANGE.fullmatch(rule)
    if found is None:
        return None
    bounds: Iterable[Version | None] = map(parsed, found.groups())
    known = sorted(bound for bound in bounds if bound is not None)
    return (known[0], known[1]) if len(known) == 2 else None
