"""The difference of two texts in unified format, in bounded time.

difflib is quadratic and worse for long texts. So what is equal at both ends is set aside; a middle that is still long is cut at the
lines that occur once on each side (the idea of patience diff); and what cannot be cut is told as replaced whole. The result is
always a correct difference, for long texts perhaps not the smallest.
"""

import asyncio
import bisect
import difflib
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

CONTEXT_LINES = 3
BUDGET_PAIRS = 2_000_000
"""How many pairs of lines difflib may be asked about in one difference: some 1400 changed lines against 1400. Raising it finds
smaller differences of long texts, at seconds of CPU for hostile ones."""


async def diffed(before: str, after: str, names: tuple[str, str]) -> str:
    """`unified_diff` in a thread: the loop is not blocked."""
    return await asyncio.to_thread(unified_diff, before, after, names)


def unified_diff(before: str, after: str, names: tuple[str, str]) -> str:
    r"""What `patch` needs to make the one from the other; empty if they are equal. `names` stand in its first two lines.

    Lines end with LF only, so that a CR shows as a change. As long as both texts together at most, and the signs before the lines.

        >>> print(unified_diff("a\nb\n", "a\nc", ("1", "2")))
        --- 1
        +++ 2
        @@ -1,2 +1,2 @@
         a
        -b
        +c
        \ No newline at end of file
        <BLANKLINE>
    """
    if before == after:
        return ""
    old, new = _lines(before), _lines(after)
    matcher = _Blocks(old, new)
    parts = [f"--- {names[0]}\n+++ {names[1]}\n"]
    for group in matcher.get_grouped_opcodes(CONTEXT_LINES):
        parts.append(f"@@ -{_range(group[0][1], group[-1][2])} +{_range(group[0][3], group[-1][4])} @@\n")
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                parts += [_shown(" ", line) for line in old[old_from:old_to]]
                continue
            parts += [_shown("-", line) for line in old[old_from:old_to]]
            parts += [_shown("+", line) for line in new[new_from:new_to]]
    return "".join(parts)


def _lines(text: str) -> list[str]:
    """Lines with their LF; the last has none if the text does not end with one."""
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _shown(sign: str, line: str) -> str:
    return sign + line if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n"


def _range(start: int, stop: int) -> str:
    """A range of lines as the format writes it: an empty one names the line before it."""
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"


@dataclass(slots=True)
class _Region:
    """Lines `old_from` up to `old_to` of the one text against `new_from` up to `new_to` of the other."""

    old_from: int
    old_to: int
    new_from: int
    new_to: int

    @property
    def pairs(self) -> int:
        """How many pairs of lines there are; 0 if one side is empty."""
        return (self.old_to - self.old_from) * (self.new_to - self.new_from)


class _Blocks(difflib.SequenceMatcher[str]):
    """difflib's grouping of changes, over matching blocks that were found in bounded time."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__(None, (), ())
        self.a, self.b = old, new
        self._search = _Search(old, new)

    def get_matching_blocks(self) -> list[difflib.Match]:
        """Ascending, none empty but the last."""
        merged: list[difflib.Match] = []
        for block in self._search.blocks():
            if merged and merged[-1].a + merged[-1].size == block.a and merged[-1].b + merged[-1].size == block.b:
                merged[-1] = difflib.Match(merged[-1].a, merged[-1].b, merged[-1].size + block.size)
            elif block.size:
                merged.append(block)
        return [*merged, difflib.Match(len(self.a), len(self.b), 0)]


@dataclass(slots=True)
class _Search:
    """The search for equal lines, and how much of it may still be spent."""

    old: Sequence[str]
    new: Sequence[str]
    left_pairs: int = field(default=BUDGET_PAIRS)

    def blocks(self) -> Iterator[difflib.Match]:
        """All that is found to match, ascending."""
        yield from self._within(_Region(0, len(self.old), 0, len(self.new)), can_cut=True)

    def _within(self, region: _Region, *, can_cut: bool) -> Iterator[difflib.Match]:
        ends = self._trim(region)
        yield ends[0]
        if 0 < region.pairs <= self.left_pairs:
            self.left_pairs -= region.pairs
            yield from self._by_difflib(region)
        elif region.pairs and can_cut:
            for part in self._cut(region):
                yield from self._within(part, can_cut=False)
        yield ends[1]

    def _trim(self, region: _Region) -> tuple[difflib.Match, difflib.Match]:
        """Set aside what is equal at the start and at the end."""
        start, stop = (region.old_from, region.new_from), region.old_to
        while region.pairs and self.old[region.old_from] == self.new[region.new_from]:
            region.old_from += 1
            region.new_from += 1
        while region.pairs and self.old[region.old_to - 1] == self.new[region.new_to - 1]:
            region.old_to -= 1
            region.new_to -= 1
        first = difflib.Match(*start, region.old_from - start[0])
        return first, difflib.Match(region.old_to, region.new_to, stop - region.old_to)

    def _by_difflib(self, region: _Region) -> Iterator[difflib.Match]:
        old, new = self.old[region.old_from : region.old_to], self.new[region.new_from : region.new_to]
        for block in difflib.SequenceMatcher(None, old, new).get_matching_blocks():
            yield difflib.Match(block.a + region.old_from, block.b + region.new_from, block.size)

    def _cut(self, region: _Region) -> Iterator[_Region]:
        """The parts of a region from one line that occurs once on each side to the next; in each, that line comes first."""
        cuts = [(region.old_from, region.new_from), *self._anchors(region), (region.old_to, region.new_to)]
        for (old_from, new_from), (old_to, new_to) in itertools.pairwise(cuts):
            yield _Region(old_from, old_to, new_from, new_to)

    def _anchors(self, region: _Region) -> list[tuple[int, int]]:
        """Lines that occur once on each side, the most of them that are in the same order on both. O(n log n)."""
        old = self.old[region.old_from : region.old_to]
        new = self.new[region.new_from : region.new_to]
        counts = Counter(old), Counter(new)
        places = {line: place for place, line in enumerate(new, region.new_from) if counts[1][line] == 1}
        pairs = [(at, places[line]) for at, line in enumerate(old, region.old_from) if counts[0][line] == 1 and line in places]
        return _ascending(pairs)


def _ascending(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs, in order, whose second numbers ascend: patience sorting."""
    tops: list[int] = []
    tails: list[int] = []
    previous: list[int] = []
    for index, (_, number) in enumerate(pairs):
        pile = bisect.bisect_left(tops, number)
        previous.append(tails[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [number]
        tails[pile : pile + 1] = [index]
    chain: list[tuple[int, int]] = []
    index = tails[-1] if tails else -1
    while index >= 0:
        chain.append(pairs[index])
        index = previous[index]
    return chain[::-1]
