"""Config items of an archive: taken over whole, or released on top of what is here."""

import pytest
from muster_server.core.archive import Archive
from muster_server.core.config_commands import Delete, Publish, StopGray
from muster_server.core.config_model import ConfigKey, GrayRule, Note, ReleaseKind, Text, config_key
from muster_server.core.errors import MusterError, Reason
from muster_server.core.restore_commands import Change, RestoreArchive, RestoredArchive
from muster_server.core.state import Limits

from core.worlds import DurableWorld, histories, lines, world_after

A = config_key("shop", "", "a")
ALL, SOME = GrayRule(percent=100), GrayRule(percent=10)
CHANGED, ADDED = [Change("config", "shop/DEFAULT_GROUP/a", is_addition=is_new) for is_new in (False, True)]


def publish(content: str, gray: str = "", key: ConfigKey = A, rule: GrayRule | None = None, **note: str) -> Publish:
    return Publish(key, Text(content, "text", {"team": "one"}), gray, rule or (ALL if gray else None), note=Note(**note))


def steps(world: DurableWorld) -> list[tuple[int, str, str, str | None]]:
    return [(r.number, r.kind.name, r.gray, world.content_of(r)) for r in world.state.configs.items[A].releases.values()]


def restored(world: DurableWorld, archive: Archive) -> list[Change]:
    answer: RestoredArchive = world.answer(RestoreArchive(archive, "ops"))
    return list(answer.changes)


def test_item_that_is_not_here_comes_with_its_history_and_fresh_revisions() -> None:
    there = world_after(publish("one", author="ann", request_id="r1"), publish("two"), Delete(A), publish("three"))
    here = world_after(publish("x", key=config_key("", "", "other")))

    changes = restored(here, there.archive())

    assert changes == [ADDED]
    assert histories(here)[A] == histories(there)[A]
    assert [release.revision for release in here.state.configs.items[A].releases.values()] == [2, 3, 4, 5]


def test_lines_that_are_taken_over_began_when_they_did_and_at_revisions_of_here() -> None:
    there = world_after(publish("one"), publish("two", "beta"), publish("three"), Delete(A), publish("four"), publish("five"))
    here = world_after(publish("x", key=config_key("", "", "other")))

    restored(here, there.archive())

    here_releases, there_releases = (world.state.configs.items[A].releases.values() for world in (here, there))
    assert [release.begin_revision for release in here_releases] == [2, 3, 2, 0, 6, 6]
    assert [release.begin_time for release in here_releases] == [release.begin_time for release in there_releases]


def test_item_that_is_deleted_and_released_anew_within_a_restore_begins_anew() -> None:
    there = world_after(publish("one", "beta"))
    here = world_after(publish("two"), publish("three", "beta"))

    restored(here, there.archive())

    line = here.state.configs.items[A].lines["beta"].release
    assert (line.begin_revision, line.begin_time) == (line.revision, line.create_time)


def test_history_with_gaps_keeps_its_numbers_and_goes_on_after_them() -> None:
    limits = Limits(min_releases=1, max_releases=2)
    there, here = DurableWorld(limits), DurableWorld()
    for number in range(6):
        there.do(publish(str(number)))

    restored(here, there.archive())
    here.do(publish("next"))

    assert next(number for number, *_ in steps(there)) > 1
    assert steps(here) == [*steps(there), (7, "PUBLISHED", "", "next")]


def test_deleted_item_that_is_not_here_brings_its_history_and_stays_deleted() -> None:
    there, here = world_after(publish("one"), Delete(A)), world_after()

    changes = restored(here, there.archive())

    assert changes == [ADDED]
    assert steps(here) == steps(there)
    assert here.state.configs.live_count == 0


def test_item_that_shows_the_same_is_left_alone_whatever_its_history() -> None:
    there = world_after(publish("one"))
    here = world_after(publish("zero"), publish("two"), publish("one"))

    changes = restored(here, there.archive())

    assert changes == []
    assert len(steps(here)) == 3


def test_item_that_shows_another_content_is_released_anew_on_top_of_its_history() -> None:
    there = world_after(publish("one", author="ann", comment="first", request_id="r1"))
    here = world_after(publish("one"), publish("two"))

    changes = restored(here, there.archive())

    last = here.state.configs.items[A].releases[3]
    assert changes == [CHANGED]
    assert steps(here) == [(1, "PUBLISHED", "", "one"), (2, "PUBLISHED", "", "two"), (3, "PUBLISHED", "", "one")]
    assert last.note == Note("ann", "first")
    assert (last.labels, last.create_time) == ({"team": "one"}, here.now_s)


@pytest.mark.parametrize(
    "differing",
    [
        Publish(A, Text("one", "text", {"team": "two"})),
        Publish(A, Text("one", "json", {"team": "one"})),
        Publish(A, Text("one", "text", {"team": "one"}, "key")),
    ],
    ids=["labels", "type", "encrypted-data-key"],
)
def test_item_that_differs_in_what_is_said_of_its_content_is_released_anew(differing: Publish) -> None:
    there, here = world_after(publish("one")), world_after(differing)

    changes = restored(here, there.archive())

    assert changes == [CHANGED]
    assert lines(here, A) == lines(there, A)


def test_item_that_was_deleted_here_returns_as_an_addition() -> None:
    there, here = world_after(publish("one")), world_after(publish("zero"), Delete(A))

    changes = restored(here, there.archive())

    assert changes == [ADDED]
    assert steps(here)[-1] == (3, "PUBLISHED", "", "one")


def test_item_that_was_deleted_there_is_deleted_here_by_who_restores() -> None:
    there, here = world_after(publish("one"), Delete(A)), world_after(publish("one"))

    changes = restored(here, there.archive())

    last = here.state.configs.items[A].releases[2]
    assert changes == [CHANGED]
    assert (last.kind, last.note) == (ReleaseKind.DELETED, Note("ops"))


def test_gray_lines_become_those_of_the_archive() -> None:
    there = world_after(publish("main"), publish("b", "beta"), publish("c", "gamma", rule=SOME))
    here = world_after(publish("main"), publish("b", "beta", rule=SOME), publish("d", "delta"))

    changes = restored(here, there.archive())

    assert changes == [CHANGED]
    assert lines(here, A) == lines(there, A)
    assert [step[1:] for step in steps(here)[3:]] == [
        ("PUBLISHED", "beta", "b"),
        ("PUBLISHED", "gamma", "c"),
        ("GRAY_STOPPED", "delta", None),
    ]


def test_item_with_gray_lines_only_loses_its_main_line() -> None:
    there = world_after(publish("b", "beta"))
    here = world_after(publish("main"), publish("b", "beta"))

    changes = restored(here, there.archive())

    assert changes == [CHANGED]
    assert lines(here, A) == lines(there, A)
    assert [step[1] for step in steps(here)[2:]] == ["DELETED", "PUBLISHED"]


def test_item_without_any_line_there_ends_gray_lines_here() -> None:
    there = world_after(publish("b", "beta"), StopGray(A, "beta"))
    here = world_after(publish("b", "beta"))

    changes = restored(here, there.archive())

    assert changes == [CHANGED]
    assert lines(here, A) == {}


def test_items_that_are_not_in_the_archive_stay() -> None:
    here = world_after(publish("one"))

    changes = restored(here, world_after(publish("x", key=config_key("shop", "", "b"))).archive())

    assert [change.name for change in changes] == ["shop/DEFAULT_GROUP/b"]
    assert steps(here) == [(1, "PUBLISHED", "", "one")]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(max_configs=1), Reason.LIMIT_EXCEEDED),
        (Limits(max_content_bytes=4), Reason.TOO_LARGE),
        (Limits(max_total_bytes=8), Reason.TOO_LARGE),
        (Limits(max_grays=1), Reason.LIMIT_EXCEEDED),
    ],
    ids=["items", "content", "total", "grays"],
)
def test_archive_for_which_there_is_no_room_is_refused_whole(limits: Limits, reason: Reason) -> None:
    there = world_after(publish("12345"), publish("b", "beta"), publish("c", "gamma"))
    here = DurableWorld(limits)
    here.do(publish("1234", key=config_key("shop", "", "b")))

    with pytest.raises(MusterError) as caught:
        here.answer(RestoreArchive(there.archive()))

    assert caught.value.reason is reason
    assert (here.state.revision, list(here.state.configs.items)) == (1, [config_key("shop", "", "b")])
