"""The rules of configuration: publish, conditions, gray lines, rollback, deletion, history."""

import copy
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from muster_server.core.config_commands import Condition, Delete, Promote, Publish, Rollback, StopGray
from muster_server.core.config_model import Note, Text, config_key
from muster_server.core.errors import MusterError, Reason

from core.configuration import DAY_S, KEY, Configs, publish, rule

ZONE_A = {"labels": {"zone": "a"}}


def refusal(configs: Configs, command: Any) -> MusterError:
    before = copy.deepcopy((configs.state.configs.items, configs.state.revision))
    with pytest.raises(MusterError) as refused:
        configs.do(command)
    assert (configs.state.configs.items, configs.state.revision) == before
    return refused.value


def test_published_content_is_seen_with_its_hashes_and_number() -> None:
    configs = Configs()

    published = configs.publish("é: 1", content_type="yaml", author="ann", comment="first")

    release = published.release
    assert configs.seen() == "é: 1"
    assert (published.is_changed, release.number, release.content_type, release.size_bytes) == (True, 1, "yaml", 5)
    assert release.md5 == hashlib.md5("é: 1".encode()).hexdigest()
    assert release.sha256 == hashlib.sha256("é: 1".encode()).hexdigest()
    assert (release.note.author, release.note.comment, release.revision) == ("ann", "first", configs.state.revision)


def test_line_begins_with_its_first_release_and_anew_after_its_end() -> None:
    configs = Configs(min_releases=1, max_releases=2)
    gray = {"gray": "beta", "rule": rule(**ZONE_A)}

    first = configs.publish("a").release
    line = configs.publish("b", **gray).release
    later = [configs.publish(content).release for content in "cde"]
    promoted = configs.do(Promote(KEY, "beta")).release
    ended = configs.do(Delete(KEY))
    anew = [configs.publish("f").release, configs.publish("g", **gray).release]

    assert (first.begin_revision, first.begin_time) == (first.revision, first.create_time)
    assert (line.begin_revision, line.begin_time) == (line.revision, line.create_time)
    assert {(release.begin_revision, release.begin_time) for release in (*later, promoted)} == {(first.revision, first.create_time)}
    assert first.number not in configs.state.configs.items[KEY].releases, "its beginning is remembered when it is compacted"
    assert (ended.begin_revision, ended.begin_time) == (0, 0.0)
    assert [release.begin_revision for release in anew] == [release.revision for release in anew]


def test_same_content_again_is_no_change_but_another_type_or_label_is() -> None:
    configs = Configs()
    first = configs.publish("a", content_type="yaml")

    again = configs.publish("a")
    typed = configs.publish("a", content_type="text")
    labelled = configs.publish("a", labels={"team": "x"})

    assert (again.is_changed, again.release) == (False, first.release)
    assert [typed.is_changed, labelled.is_changed] == [True, True]
    assert labelled.release.content_type == "text"


def test_type_that_is_not_said_is_that_of_the_line_then_of_the_main_line_then_text() -> None:
    configs = Configs()
    other = config_key("", "app", "other")

    types = [
        configs.publish("a").release.content_type,
        configs.publish("b", content_type="json").release.content_type,
        configs.publish("c").release.content_type,
        configs.publish("d", gray="beta", rule=rule(**ZONE_A)).release.content_type,
        configs.do(publish("e", other)).release.content_type,
    ]

    assert types == ["text", "json", "json", "json", "text"]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (Condition(is_create_only=True), Reason.CONFIG_EXISTS),
        (Condition(revision=0), Reason.REVISION_MISMATCH),
        (Condition(revision=99), Reason.REVISION_MISMATCH),
        (Condition(md5="0" * 32), Reason.REVISION_MISMATCH),
    ],
)
def test_write_whose_condition_does_not_hold_is_refused_with_what_stands(condition: Condition, reason: Reason) -> None:
    configs = Configs()
    release = configs.publish("a").release

    for command in (Publish(KEY, Text("b"), condition=condition), Delete(KEY, condition), Rollback(KEY, 1, Text("a"), condition)):
        error = refusal(configs, command)

        assert (error.reason, error.details) == (reason, {"revision": str(release.revision), "md5": release.md5})


def test_write_whose_condition_holds_is_done() -> None:
    configs = Configs()

    first = configs.publish("a", is_create_only=True).release
    second = configs.publish("b", revision=first.revision).release
    configs.publish("c", md5=second.md5)
    configs.do(Delete(KEY))
    configs.publish("d", revision=0)

    assert configs.seen() == "d"


def test_expected_content_of_what_does_not_exist_is_a_mismatch() -> None:
    error = refusal(Configs(), publish("a", md5="0" * 32))

    assert (error.reason, error.details["revision"]) == (Reason.REVISION_MISMATCH, "0")


def test_write_repeated_under_its_request_id_answers_the_first_release() -> None:
    configs = Configs()
    first = configs.publish("a", request_id="r1").release
    configs.publish("b", request_id="r2")

    again = configs.publish("a", request_id="r1", revision=0)

    assert (again.is_changed, again.release) == (False, first)
    assert configs.seen() == "b"


def test_gray_line_is_seen_by_its_clients_only_and_a_main_publish_leaves_it() -> None:
    configs = Configs()
    configs.publish("main 1")
    configs.publish("gray", gray="beta", rule=rule(**ZONE_A))

    configs.publish("main 2")

    assert configs.seen() == "main 2"
    assert configs.seen(labels={"zone": "a", "other": "x"}) == "gray"
    assert configs.seen(labels={"zone": "b"}) == "main 2"


def test_of_several_gray_lines_the_highest_priority_is_seen_then_the_first_by_name() -> None:
    configs = Configs()
    configs.publish("main")
    for name, priority in (("b", 1), ("a", 1), ("low", 0)):
        configs.publish(name, gray=name, rule=rule(priority=priority, **ZONE_A))

    seen = []
    for name in ("", "a", "b", "low"):
        if name:
            configs.do(StopGray(KEY, name))
        seen.append(configs.seen(labels={"zone": "a"}))

    assert seen == ["a", "b", "low", "main"]


def test_gray_line_without_a_main_line_is_seen_by_its_clients_and_missing_to_others() -> None:
    configs = Configs()

    configs.publish("gray", gray="beta", rule=rule(addresses=("10.0.0.0/8", "host")))

    assert configs.seen(ip="10.1.2.3") == configs.seen(ip="host") == "gray"
    assert configs.seen(ip="11.1.2.3") is None


def test_new_gray_line_needs_a_rule_and_a_further_release_keeps_it() -> None:
    configs = Configs()

    error = refusal(configs, publish("a", gray="beta"))
    configs.publish("a", gray="beta", rule=rule(**ZONE_A))
    configs.publish("b", gray="beta")

    assert error.details == {"field": "rule"}
    assert configs.seen(labels={"zone": "a"}) == "b"


@given(st.integers(1, 99), st.integers(1, 99))
def test_percentage_is_sticky_and_raising_it_keeps_who_was_in(one: int, other: int) -> None:
    low, high = sorted((one, other))
    clients = [f"client-{number}" for number in range(200)]
    configs = Configs()
    configs.publish("main")

    configs.publish("gray", gray="g", rule=rule(percent=low))
    first = {client for client in clients if configs.seen(client_id=client) == "gray"}
    configs.publish("gray", gray="g", rule=rule(percent=high))
    second = {client for client in clients if configs.seen(client_id=client) == "gray"}

    assert first <= second
    assert abs(len(second) - 2 * high) < 40


def test_promotion_makes_the_gray_content_the_main_one_and_ends_the_line_in_one_step() -> None:
    configs = Configs()
    configs.publish("main", labels={"team": "x"})
    gray = configs.publish("gray", gray="beta", rule=rule(**ZONE_A)).release

    promoted = configs.do(Promote(KEY, "beta", note=Note("ann"))).release

    assert configs.seen() == configs.seen(labels={"zone": "a"}) == "gray"
    assert (promoted.source_number, promoted.gray, promoted.labels) == (gray.number, "", {"team": "x"})
    assert configs.history() == ["1 PUBLISHED", "2 PUBLISHED beta", "3 PROMOTED", "4 GRAY_STOPPED beta"]


def test_rollback_is_a_new_release_of_what_was() -> None:
    configs = Configs()
    configs.publish("a", content_type="yaml", labels={"v": "1"})
    configs.publish("b", content_type="json")

    rolled = configs.do(Rollback(KEY, 1, Text("a", "yaml", {"v": "1"}))).release

    assert configs.seen() == "a"
    assert (rolled.number, rolled.source_number, rolled.content_type, rolled.labels) == (3, 1, "yaml", {"v": "1"})
    assert configs.history() == ["1 PUBLISHED", "2 PUBLISHED", "3 ROLLED_BACK"]


def test_deletion_ends_all_lines_and_keeps_history_and_numbers() -> None:
    configs = Configs()
    configs.publish("a")
    configs.publish("g", gray="beta", rule=rule(**ZONE_A))

    configs.do(Delete(KEY))
    gone = configs.seen(), configs.seen(labels={"zone": "a"}), configs.state.configs.live_count, configs.state.configs.live_bytes
    configs.publish("b")

    assert gone == (None, None, 0, 0)
    assert configs.history() == ["1 PUBLISHED", "2 PUBLISHED beta", "3 DELETED", "4 PUBLISHED"]
    assert configs.seen(labels={"zone": "a"}) == "b"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (Delete(KEY), Reason.CONFIG_NOT_FOUND),
        (StopGray(KEY, "beta"), Reason.GRAY_NOT_FOUND),
        (Promote(KEY, "beta"), Reason.GRAY_NOT_FOUND),
        (Rollback(KEY, 1, Text("a")), Reason.CONFIG_NOT_FOUND),
    ],
)
def test_what_is_not_there_is_refused(command: Any, reason: Reason) -> None:
    assert refusal(Configs(), command).reason is reason


def test_what_is_not_there_may_be_missing_if_that_is_allowed() -> None:
    configs = Configs()

    answers = [configs.do(Delete(KEY, is_missing_allowed=True)), configs.do(StopGray(KEY, "beta", is_missing_allowed=True))]

    assert answers == [None, None]


def test_rollback_to_what_never_was_or_is_empty_is_refused() -> None:
    configs = Configs()
    configs.publish("a")
    configs.do(Delete(KEY))

    reasons = [refusal(configs, Rollback(KEY, number, Text("x"))).reason for number in (0, 2, 3)]

    assert reasons == [Reason.RELEASE_NOT_FOUND, Reason.RELEASE_EMPTY, Reason.RELEASE_NOT_FOUND]


def test_history_keeps_thirty_days_and_ten_releases_and_says_what_is_compacted() -> None:
    configs = Configs()
    for number in range(1, 21):
        configs.publish(f"content {number}")
    configs.wall_s += 31 * DAY_S

    for number in range(21, 26):
        configs.publish(f"content {number}")

    numbers = list(configs.state.configs.items[KEY].releases)
    assert numbers == list(range(16, 26))
    assert refusal(configs, Rollback(KEY, 15, Text("x"))).reason is Reason.RELEASE_COMPACTED


def test_history_keeps_what_a_line_shows_however_old() -> None:
    configs = Configs()
    configs.publish("main")
    for number in range(30):
        configs.wall_s += 31 * DAY_S
        configs.publish(f"gray {number}", gray="beta", rule=rule(**ZONE_A))

    numbers = list(configs.state.configs.items[KEY].releases)

    assert numbers == [1, *range(22, 32)]
    assert configs.seen() == "main"


def test_limits_refuse_what_is_too_large_too_many_or_too_gray() -> None:
    configs = Configs(max_content_bytes=4, max_total_bytes=6, max_configs=2, max_grays=1)
    configs.publish("four")
    configs.publish("g", gray="one", rule=rule(**ZONE_A))
    configs.do(publish("x", config_key("", "", "b")))

    refused = [
        refusal(configs, publish("éèa")),
        refusal(configs, publish("xx", config_key("", "", "b"))),
        refusal(configs, publish("", config_key("", "", "c"))),
        refusal(configs, publish("", gray="two", rule=rule(**ZONE_A))),
    ]

    assert [(error.reason, error.details["limit"]) for error in refused] == [
        (Reason.TOO_LARGE, "4"),
        (Reason.TOO_LARGE, "6"),
        (Reason.LIMIT_EXCEEDED, "2"),
        (Reason.LIMIT_EXCEEDED, "1"),
    ]


STEPS = st.one_of(
    st.tuples(st.just("publish"), st.sampled_from("abc"), st.sampled_from(["", "g", "h"])),
    st.tuples(st.just("delete"), st.just(""), st.just("")),
    st.tuples(st.just("stop"), st.just(""), st.sampled_from("gh")),
    st.tuples(st.just("promote"), st.just(""), st.sampled_from("gh")),
)


@given(st.lists(STEPS, max_size=40))
def test_history_that_is_read_back_makes_the_same_item(steps: list[tuple[str, str, str]]) -> None:
    configs = Configs(min_releases=3, history_retention_s=0.0)
    for kind, content, gray in steps:
        commands: dict[str, Any] = {
            "publish": publish(content, gray=gray, rule=rule(**ZONE_A) if gray else None),
            "delete": Delete(KEY, is_missing_allowed=True),
            "stop": StopGray(KEY, gray or "g", is_missing_allowed=True),
        }
        if kind != "promote":
            configs.do(commands[kind])
        elif gray in (configs.state.configs.items[KEY].lines if KEY in configs.state.configs.items else {}):
            configs.do(Promote(KEY, gray))
    item = configs.state.configs.items.get(KEY)
    if item is None:
        return
    again = Configs()

    shown = {line.release.number: line.content for line in item.lines.values()}
    again.state.configs.restore(KEY, item.releases.values(), shown)

    assert again.state.configs.items[KEY] == item
    assert again.state.configs.live_bytes == configs.state.configs.live_bytes
    assert again.state.configs.live_count == configs.state.configs.live_count
