"""The heap of deadlines, by example, and against a dictionary that is searched from end to end."""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from muster_server.core.deadlines import MIN_STALE, Deadlines


def made(**deadlines: float) -> Deadlines[str]:
    made: Deadlines[str] = Deadlines()
    for key, deadline_s in deadlines.items():
        made.set(key, deadline_s)
    return made


def test_deadline_is_due_at_its_time_and_not_before() -> None:
    deadlines = made(a=10.0)

    before = deadlines.due(9.999)
    at = deadlines.due(10.0)

    assert before == []
    assert at == [("a", 10.0)]


def test_no_more_are_due_at_once_than_are_asked_for() -> None:
    deadlines: Deadlines[str] = Deadlines()
    for number, name in enumerate("abc"):
        deadlines.set(name, float(number))

    assert [deadlines.due(5.0, 2), deadlines.due(5.0, 2)] == [[("a", 0.0), ("b", 1.0)], [("c", 2.0)]]


def test_deadline_that_was_due_is_taken_out() -> None:
    deadlines = made(a=10.0)

    deadlines.due(10.0)

    assert deadlines.due(1000.0) == []
    assert len(deadlines) == 0
    assert deadlines.get("a") is None


def test_deadlines_come_in_their_order_and_ties_in_that_of_setting() -> None:
    deadlines = made(late=3.0, one=2.0, two=2.0, early=1.0)

    due = deadlines.due(5.0)

    assert [key for key, _ in due] == ["early", "one", "two", "late"]


def test_deadline_set_later_waits_for_the_later_one() -> None:
    deadlines = made(a=10.0)
    deadlines.set("a", 25.0)

    seen = [deadlines.due(now_s) for now_s in (10.0, 24.0, 25.0)]

    assert seen == [[], [], [("a", 25.0)]]


def test_deadline_set_earlier_comes_once_at_the_earlier_one() -> None:
    deadlines = made(a=10.0)
    deadlines.set("a", 5.0)

    seen = [deadlines.due(now_s) for now_s in (5.0, 10.0)]

    assert seen == [[("a", 5.0)], []]


def test_deadline_set_earlier_then_back_comes_once() -> None:
    deadlines = made(a=10.0)
    deadlines.set("a", 5.0)
    deadlines.set("a", 10.0)

    seen = [deadlines.due(now_s) for now_s in (5.0, 10.0, 20.0)]

    assert seen == [[], [("a", 10.0)], []]


def test_deadline_set_in_the_past_is_due_at_once() -> None:
    deadlines = made(a=-5.0)

    assert deadlines.due(0.0) == [("a", -5.0)]


def test_cancelled_deadline_is_not_due() -> None:
    deadlines = made(a=10.0, b=10.0)

    deadlines.cancel("a")

    assert deadlines.get("a") is None
    assert deadlines.due(10.0) == [("b", 10.0)]


def test_cancelling_an_unknown_key_is_no_error() -> None:
    deadlines = made()

    deadlines.cancel("a")

    assert len(deadlines) == 0


def test_cancelled_deadline_that_is_set_again_is_due_once_at_its_new_time() -> None:
    deadlines = made(a=10.0)
    deadlines.cancel("a")
    deadlines.set("a", 12.0)

    seen = [deadlines.due(now_s) for now_s in (10.0, 12.0, 20.0)]

    assert seen == [[], [("a", 12.0)], []]


def test_renewing_often_keeps_one_deadline_for_each_key() -> None:
    deadlines = made(a=0.0, b=0.0)

    for now_s in range(1, 10_000):
        deadlines.set("a", now_s + 10.0)
        deadlines.set("b", now_s + 20.0)

    assert len(deadlines) == 2
    assert deadlines.due(10_008.0) == []
    assert deadlines.due(10_009.0) == [("a", 10_009.0)]


KEYS = st.sampled_from("abcde")


def test_names_that_come_and_go_with_far_deadlines_do_not_pile_up() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.set("stays", 50.0)

    for number in range(100_000):
        deadlines.set(f"name-{number}", 86_400.0)
        deadlines.cancel(f"name-{number}")

    assert deadlines.stale_count < 2 * MIN_STALE
    assert deadlines.due(100.0) == [("stays", 50.0)]


class DeadlinesMachine(RuleBasedStateMachine):
    """Deadlines lie on a coarse grid, so that ties and repetitions are frequent."""

    def __init__(self) -> None:
        super().__init__()
        self.deadlines: Deadlines[str] = Deadlines()
        self.model: dict[str, float] = {}
        self.now_s = 0

    @rule(key=KEYS, ahead_s=st.integers(-3, 12))
    def set(self, key: str, ahead_s: int) -> None:
        self.deadlines.set(key, self.now_s + ahead_s)
        self.model[key] = self.now_s + ahead_s

    @rule(key=KEYS)
    def cancel(self, key: str) -> None:
        self.deadlines.cancel(key)
        self.model.pop(key, None)

    @rule(seconds=st.integers(0, 8))
    def advance(self, seconds: int) -> None:
        self.now_s += seconds
        due = self.deadlines.due(self.now_s)
        expected = {key: deadline_s for key, deadline_s in self.model.items() if deadline_s <= self.now_s}
        assert dict(due) == expected
        assert len(due) == len(expected)
        assert [deadline_s for _, deadline_s in due] == sorted(expected.values())
        for key in expected:
            del self.model[key]

    @invariant()
    def both_sides_hold_the_same(self) -> None:
        assert len(self.deadlines) == len(self.model)
        assert {key: self.deadlines.get(key) for key in "abcde"} == {key: self.model.get(key) for key in "abcde"}


TestDeadlinesMachine = DeadlinesMachine.TestCase
TestDeadlinesMachine.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
