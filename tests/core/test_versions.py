"""Versions compare by numbers, and rules select by them."""

import pytest
from muster_server.core import versions

KNOWN = {"a": "1.0.0", "b": "1.1", "c": "2.0.0", "d": "1.0.10"}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1", (1, 0, 0, 0)),
        ("1.2", (1, 2, 0, 0)),
        ("01.2.3.4", (1, 2, 3, 4)),
        ("32767.0", (32767, 0, 0, 0)),
        ("32768", None),
        ("1.", None),
        ("1.2.3.4.5", None),
        ("v1", None),
        ("", None),
        ("1\n", None),
        ("\u0661", None),  # a digit, but none of ASCII
    ],
)
def test_version_is_four_numbers_of_which_the_last_may_be_missing(text: str, numbers: tuple[int, ...] | None) -> None:
    assert versions.parsed(text) == numbers


@pytest.mark.parametrize(
    ("rule", "chosen"),
    [
        ("1.0.0", "a"),
        ("1.0", "a"),
        ("1.1+", "bc"),
        ("1.0.0-2.0.0", "adb"),
        ("2.0.0-1.0.0", "adb"),
        ("1.0.1-1.1", "d"),
        ("latest", "c"),
        ("9.9", ""),
        ("9.9+", ""),
        ("0+", "adbc"),
        ("", "adbc"),
        ("0%2B", "adbc"),
        ("1.x", "adbc"),
        ("1.0-", "adbc"),
        ("1.0-2.0-3.0", "adbc"),
    ],
)
def test_rule_selects_by_numbers_and_what_is_none_selects_everything(rule: str, chosen: str) -> None:
    assert "".join(versions.selected(rule, KNOWN)) == chosen


def test_latest_of_nothing_is_nothing() -> None:
    assert versions.selected("latest", {}) == []


@pytest.mark.parametrize("text", ["1", "1.0+", "1-2", "latest"])
def test_rules_are_told_from_what_is_none(text: str) -> None:
    assert versions.is_rule(text)
    assert not versions.is_rule(text + "x")
