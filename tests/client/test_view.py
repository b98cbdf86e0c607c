"""What a client knows of a service: frames in, updates out."""

from hypothesis import given
from hypothesis import strategies as st
from muster.registry.v1.discovery_service_pb2 import WatchResponse
from muster_client import Instance, RemovalReason, ServiceRef
from muster_client._view import Mailbox, View

API = ServiceRef(namespace="default", group="DEFAULT_GROUP", name="api")


def instance(instance_id: str, revision: int = 1) -> Instance:
    return Instance(instance_id=instance_id, revision=revision)


def snapshot(*ids: str, revision: int = 1, epoch: int = 1, more: bool = False, warming_up: bool = False) -> WatchResponse.Snapshot:
    return WatchResponse.Snapshot(
        instances=[instance(i) for i in ids], service=API, revision=revision, epoch=epoch, more=more, warming_up=warming_up
    )


def delta(prev: int, revision: int, puts: tuple[str, ...] = (), removals: tuple[str, ...] = ()) -> WatchResponse.Delta:
    gone = [WatchResponse.Removal(instance_id=i, reason=RemovalReason.REMOVAL_REASON_LEASE_EXPIRED) for i in removals]
    return WatchResponse.Delta(
        puts=[instance(i, revision) for i in puts], removals=gone, service=API, revision=revision, prev_revision=prev
    )


def bookmark(revision: int, epoch: int = 1, warming_up: bool = False) -> WatchResponse.Bookmark:
    return WatchResponse.Bookmark(revision=revision, epoch=epoch, warming_up=warming_up)


def test_snapshot_in_parts_counts_when_it_is_whole() -> None:
    view = View(API)

    first = view.take_snapshot(snapshot("a", more=True))
    known = view.is_known
    second = view.take_snapshot(snapshot("b"))

    assert (first, known) == ({}, False)
    assert second == {"a": None, "b": None}


def test_delta_must_continue_what_is_known() -> None:
    view = View(API)

    before = view.take_delta(delta(0, 1, ("a",)))
    view.take_snapshot(snapshot("a", revision=5))
    late = view.take_delta(delta(4, 5, ("a",)))
    gap = view.take_delta(delta(6, 7, ("b",)))
    next_one = view.take_delta(delta(5, 6, ("b",), ("a", "never seen")))

    assert (before, late, gap) == (None, None, None)
    assert list(next_one or {}) == ["b", "a"]
    assert list(view.instances) == ["b"]
    assert view.revision == 6


def test_bookmark_moves_only_a_subscription_that_was_answered_on_this_stream() -> None:
    view = View(API)
    view.take_snapshot(snapshot("a", revision=5))

    view.restart()
    view.take_bookmark(bookmark(9))
    unanswered = view.revision
    view.take_delta(delta(5, 5))
    view.take_bookmark(bookmark(9))

    assert (unanswered, view.revision) == (5, 9)


def test_reset_tells_the_difference_only() -> None:
    view = View(API)
    view.take_snapshot(snapshot("a", "b", revision=5))

    touched = view.take_snapshot(snapshot("b", "c", revision=50, epoch=2))

    assert {i: removal and removal.reason for i, removal in touched.items()} == {"c": None, "a": 0}


def test_warming_up_server_removes_nothing_until_its_warm_up_ends() -> None:
    view = View(API)
    view.take_snapshot(snapshot("a", "b", "c", revision=5))

    during = view.take_snapshot(snapshot("a", revision=50, epoch=2, warming_up=True))
    still = view.take_bookmark(bookmark(51, 2, warming_up=True))
    came = view.take_delta(delta(51, 52, ("b",)))
    kept = set(view.instances)
    after = view.take_bookmark(bookmark(60, 2))

    assert (during, still, list(came or {})) == ({}, {}, ["b"])
    assert kept == {"a", "b", "c"}
    assert list(after) == ["c"]
    assert set(view.instances) == {"a", "b"}


def test_first_update_comes_even_when_nobody_is_there() -> None:
    view = View(API)
    mailbox = Mailbox(view)

    mailbox.note(view.take_snapshot(snapshot()))
    was_due, update = mailbox.is_due, mailbox.update()
    mailbox.note(view.take_bookmark(bookmark(9)))

    assert was_due
    assert (update.instances, update.puts, update.removals) == ({}, (), ())
    assert not mailbox.is_due


def test_reader_that_joins_late_starts_with_the_whole_state() -> None:
    view = View(API)
    view.take_snapshot(snapshot("a", "b"))

    update = Mailbox(view).update()

    assert [put.instance_id for put in update.puts] == ["a", "b"]


IDS = st.sampled_from("abcdef")
STEPS = st.lists(st.tuples(st.sampled_from(["put", "remove", "bookmark", "reset", "read"]), IDS), max_size=60)


@given(STEPS)
def test_updates_add_up_to_the_view_and_hold_no_more_than_it(steps: list[tuple[str, str]]) -> None:
    """However seldom a reader reads: applying its updates gives the view, and it is never told twice or of strangers."""
    view, revision = View(API), 1
    mailbox = Mailbox(view)
    mailbox.note(view.take_snapshot(snapshot("a", "b")))
    mirror: dict[str, Instance] = {}

    for kind, instance_id in [*steps, ("read", "")]:
        before, revision = revision, revision + 1
        match kind:
            case "put":
                mailbox.note(view.take_delta(delta(before, revision, (instance_id,))) or {})
            case "remove":
                mailbox.note(view.take_delta(delta(before, revision, (), (instance_id,))) or {})
            case "bookmark":
                mailbox.note(view.take_bookmark(bookmark(revision)))
            case "reset":
                mailbox.note(view.take_snapshot(snapshot(instance_id, revision=revision)))
            case _:
                revision = before
                assert len(mailbox._touched) <= len(mirror.keys() | view.instances.keys())
                if mailbox.is_due:
                    update = mailbox.update()
                    assert all(mirror.get(put.instance_id) != put for put in update.puts)
                    for removal in update.removals:
                        del mirror[removal.instance_id]
                    mirror |= {put.instance_id: put for put in update.puts}
                    assert update.instances == mirror
                    assert update.revision == view.revision

    assert mirror == view.instances
