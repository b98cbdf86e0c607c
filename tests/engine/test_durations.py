"""Histograms: counts, sums, and what a share of them took at most."""

import hypothesis.strategies as st
import pytest
from hypothesis import given
from muster_server.engine.durations import BOUNDS_S, Durations


def made(*seconds: float) -> Durations:
    durations = Durations()
    for each in seconds:
        durations.add(each)
    return durations


@pytest.mark.parametrize(
    ("seconds", "share", "expected"),
    [
        ((), 0.5, 0.0),
        ((0.0001,), 0.5, 0.0005),
        ((0.0001,), 0.99, 0.0005),
        ((0.0005, 0.004), 0.5, 0.0005),
        ((0.0005, 0.004), 0.99, 0.005),
        ((0.001,) * 99 + (1.0,), 0.99, 0.001),
        ((0.001,) * 98 + (1.0,) * 2, 0.99, 1.0),
        ((3600.0,), 0.5, 10.0),
    ],
)
def test_share_of_durations_took_at_most_the_bound_of_its_bucket(seconds: tuple[float, ...], share: float, expected: float) -> None:
    assert made(*seconds).most(share) == expected


@given(st.lists(st.floats(0, BOUNDS_S[-1]), min_size=1), st.sampled_from([0.01, 0.5, 0.9, 0.99, 1.0]))
def test_share_of_durations_is_never_more_than_the_bound_says(seconds: list[float], share: float) -> None:
    bound = made(*seconds).most(share)

    assert sum(each <= bound for each in seconds) >= share * len(seconds)


@given(st.lists(st.floats(0, 100)), st.lists(st.floats(0, 100)))
def test_sum_of_durations_is_that_of_all_that_were_added(some: list[float], others: list[float]) -> None:
    both, together = made(*some) + made(*others), made(*some, *others)

    assert list(both.buckets()) == list(together.buckets())
    assert both.count == len(some) + len(others)
    assert both.total_s == pytest.approx(together.total_s)
