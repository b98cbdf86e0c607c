"""The configuration state: what is known of a line when its history is only partly kept."""

from dataclasses import replace

from muster_server.core.config_commands import Delete
from muster_server.core.config_state import ConfigState, with_beginnings

from core.configuration import KEY, Configs, rule


def test_releases_that_do_not_say_when_their_line_began_are_given_the_first_that_is_kept() -> None:
    configs = Configs()
    gray = {"gray": "beta", "rule": rule(percent=10)}
    for content in ("one", "two"):
        configs.publish(content)
    configs.publish("gray", **gray)
    configs.do(Delete(KEY))
    configs.publish("three")
    told = list(configs.state.configs.items[KEY].releases.values())
    silent = [replace(release, begin_revision=0, begin_time=0.0) for release in told]

    assert list(with_beginnings(silent)) == told
    assert list(with_beginnings(told)) == told
    assert [release.begin_revision for release in with_beginnings(silent[1:2])] == [told[1].revision]


def test_state_that_was_written_without_beginnings_is_restored_with_them() -> None:
    configs = Configs()
    releases = [configs.publish(content).release for content in ("one", "two")]
    state = ConfigState()

    state.restore(KEY, (replace(release, begin_revision=0, begin_time=0.0) for release in releases), {2: "two"})

    line = state.items[KEY].main
    assert line is not None
    assert (line.release.begin_revision, line.release.begin_time) == (releases[0].revision, releases[0].create_time)
