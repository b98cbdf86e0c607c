"""Differences: correct whatever the texts, small when that is cheap, bounded when it is not."""

import difflib
import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from muster_server.rpc.diff import diffed, unified_diff

NAMES = ("release 1", "release 2")
LINES = st.lists(st.sampled_from(["a", "b", "c", "d\r", "", "\x0c", "-", "+++ x", "\\ no"]), max_size=30)
TEXTS = st.builds(lambda lines, end: "\n".join(lines) + end, LINES, st.sampled_from(["", "\n"]))


def patched(before: str, diff: str) -> str:
    """What `patch` makes of a text; fails if the difference does not fit it."""
    old = re.findall(r"[^\n]*\n|[^\n]+", before)
    new: list[str] = []
    at = 0
    lines = re.findall(r"[^\n]*\n", diff)[2:]
    for number, line in enumerate(lines):
        sign, text = line[0], line[1:]
        if number + 1 < len(lines) and lines[number + 1].startswith("\\"):
            text = text[:-1]
        if sign == "@":
            start, length = re.findall(r"-(\d+)(?:,(\d+))?", line)[0]
            start = int(start) - (length != "0")
            new += old[at:start]
            at = start
        elif sign in " -":
            assert old[at] == text
            new += [text] if sign == " " else []
            at += 1
        elif sign == "+":
            new.append(text)
    return "".join(new + old[at:])


@given(TEXTS, TEXTS)
def test_diff_makes_the_one_text_from_the_other(before: str, after: str) -> None:
    diff = unified_diff(before, after, NAMES)

    assert (patched(before, diff) if diff else before) == after
    assert bool(diff) == (before != after)


@given(TEXTS, st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["x", "a"])), max_size=3))
def test_diff_of_short_texts_is_no_longer_than_that_of_difflib(before: str, edits: list[tuple[int, str]]) -> None:
    lines = before.split("\n")
    for place, text in edits:
        lines[place : place + 1] = [text]
    after = "\n".join(lines)

    diff = unified_diff(before, after, NAMES)

    reference = list(difflib.unified_diff(before.split("\n"), lines, *NAMES, lineterm=""))
    changes = [line for line in reference[2:] if line[0] in "+-"]
    assert len([line for line in diff.split("\n")[2:] if line and line[0] in "+-"]) <= len(changes) + 2  # the end of the text


def test_diff_shows_three_lines_of_context_and_a_missing_end_of_line() -> None:
    before = "".join(f"{number}\n" for number in range(1, 21))

    diff = unified_diff(before, before.replace("\n10\n", "\nten\n")[:-1], NAMES)

    assert diff == (
        "--- release 1\n+++ release 2\n@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n"
        "@@ -17,4 +17,4 @@\n 17\n 18\n 19\n-20\n+20\n\\ No newline at end of file\n"
    )


@pytest.mark.parametrize(
    ("before", "after", "diff"),
    [
        ("", "a\n", "@@ -0,0 +1 @@\n+a\n"),
        ("a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n"),
        ("a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"),
        ("a\r\n", "a\n", "@@ -1 +1 @@\n-a\r\n+a\n"),
    ],
)
def test_diff_at_the_edges_is_what_patch_expects(before: str, after: str, diff: str) -> None:
    assert unified_diff(before, after, NAMES) == "--- release 1\n+++ release 2\n" + diff


def test_diff_of_long_texts_with_scattered_changes_is_small() -> None:
    lines = [f"line {number}" for number in range(20_000)]
    changed = list(lines)
    for place in range(100, 20_000, 1000):
        changed[place] = "changed"
    before, after = "\n".join(lines), "\n".join(changed)

    diff = unified_diff(before, after, NAMES)

    assert patched(before, diff) == after
    assert diff.count("\n") < 20 * 10


@pytest.mark.parametrize("alphabet", [1, 2, 3, 50, 100_000])
def test_diff_of_hostile_texts_is_correct_and_bounded_in_time(alphabet: int) -> None:
    chance = random.Random(alphabet)
    texts = ["\n".join(str(chance.randrange(alphabet)) for _ in range(100_000)) for _ in "ab"]
    began_s = time.process_time()

    diff = unified_diff(texts[0], texts[1], NAMES)

    assert time.process_time() - began_s < 20
    assert (patched(texts[0], diff) if diff else texts[0]) == texts[1]


async def test_diff_in_a_thread_is_the_same() -> None:
    assert await diffed("a\n", "b\n", NAMES) == unified_diff("a\n", "b\n", NAMES)
