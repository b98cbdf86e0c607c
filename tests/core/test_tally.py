"""Counts by namespace."""

import hypothesis.strategies as st
from hypothesis import given
from muster_server.core.tally import Tally


@given(st.lists(st.sampled_from("abc")), st.data())
def test_tally_of_anything_counts_what_came_and_has_not_gone(came: list[str], data: st.DataObject) -> None:
    tally = Tally()
    went = data.draw(st.permutations(came))[: data.draw(st.integers(0, len(came)))]
    left = list(came)
    for name in went:
        left.remove(name)

    for name in came:
        tally.add(name, 1)
    for name in went:
        tally.add(name, -1)

    assert {name: tally[name] for name in tally} == {name: left.count(name) for name in set(left)}
    assert tally["z"] == 0
