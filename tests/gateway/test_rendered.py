"""What is kept rendered: the newest of each name, and no more than its bounds."""

from muster_gateway.rendered import MAX_BYTES, MAX_ENTRIES, Rendered


def test_body_is_kept_with_its_revision_until_another_takes_its_place() -> None:
    rendered = Rendered(unmarked=0)

    rendered.keep(("ns", "a"), 1, b"one")
    first = rendered.get(("ns", "a"))
    rendered.keep(("ns", "a"), 2, b"two")

    assert (first, rendered.get(("ns", "a")), rendered.get(("ns", "b"))) == ((1, b"one"), (2, b"two"), (0, b""))


def test_bodies_beyond_the_bytes_are_dropped_oldest_first() -> None:
    rendered = Rendered(unmarked=0)
    third = bytes(MAX_BYTES // 3)

    for name in "abcd":
        rendered.keep((name,), 1, third)

    assert [bool(rendered.get((name,))[0]) for name in "abcd"] == [False, False, True, True]


def test_names_count_too() -> None:
    rendered = Rendered(unmarked=0)

    for number in range(100):
        rendered.keep((str(number), "x" * (1 << 20)), 1, b"body")

    assert sum(bool(rendered.get((str(number), "x" * (1 << 20)))[0]) for number in range(100)) == 63


def test_entries_beyond_the_count_are_dropped() -> None:
    rendered = Rendered(unmarked=0)

    for number in range(MAX_ENTRIES + 1):
        rendered.keep((str(number),), 1, b"x")

    assert rendered.get(("0",)) == (0, b"")
    assert rendered.get(("1",)) == (1, b"x")
