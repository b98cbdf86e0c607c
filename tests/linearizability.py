"""Whether a history of reads and compare-and-sets of one register is linearizable: the search of Wing and Gong."""

from collections.abc import Sequence
from dataclasses import dataclass

UNKNOWN = float("inf")


@dataclass(frozen=True)
class Operation:
    """One call. `end` is UNKNOWN if no answer came: it may have happened, at any time after `start`, or not at all.

    A read has `expected` None and `value` what it saw. A compare-and-set has what it expected and what it wrote; `is_done` says
    whether the answer was that it was done.
    """

    start: float
    end: float
    value: str
    expected: str | None = None
    is_done: bool = True

    def follows(self, state: str) -> str | None:
        """The state after it, if what was answered is right in this state; else None."""
        if self.expected is None:
            return state if self.value == state else None
        if self.is_done:
            return self.value if state == self.expected else None
        return state if state != self.expected else None


def is_linearizable(history: Sequence[Operation], first: str) -> bool:
    """True if the operations can be put in one order that respects their times and explains every answer.

    What changes nothing and is right now is taken at once: that never stands in the way of anything. Only writes branch.
    """
    operations = sorted(history, key=lambda operation: operation.start)
    tried: set[tuple[frozenset[int], str]] = set()
    stack: list[tuple[frozenset[int], str]] = [(frozenset(range(len(operations))), first)]
    while stack:
        open_, state = stack.pop()
        open_ = _without_idle(operations, open_, state)
        if all(operations[number].end == UNKNOWN for number in open_):
            return True
        if (open_, state) in tried:
            continue
        tried.add((open_, state))
        for number in _candidates(operations, open_):
            if (after := operations[number].follows(state)) is not None:
                stack.append((open_ - {number}, after))
    return False


def _without_idle(operations: Sequence[Operation], open_: frozenset[int], state: str) -> frozenset[int]:
    """What is left when all that leaves the state as it is, and can be next, is taken."""
    while idle := [number for number in _candidates(operations, open_) if operations[number].follows(state) == state]:
        open_ -= set(idle)
    return open_


def _candidates(operations: Sequence[Operation], open_: frozenset[int]) -> list[int]:
    """The operations that can be next: those that began before any other of the open ones had ended."""
    bound = min((operations[number].end for number in open_), default=UNKNOWN)
    return [number for number in open_ if operations[number].start <= bound]
