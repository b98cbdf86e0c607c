"""The rules of configuration: how content is published, ended and brought back."""

from collections.abc import Iterable
from dataclasses import replace

from muster_server.core.config_commands import (
    MAIN,
    NOTHING_SAID,
    Condition,
    ConfigCommand,
    Delete,
    Promote,
    Publish,
    Published,
    Rollback,
    StopGray,
)
from muster_server.core.config_model import DEFAULT_TYPE, ConfigKey, Release, ReleaseKind, Text
from muster_server.core.config_state import ConfigItem, Line
from muster_server.core.errors import MusterError, Reason
from muster_server.core.releasing import Step, ended, is_same, released, too_large
from muster_server.core.turn import Turn

REPEATABLE = 10


def decide_config(turn: Turn, command: ConfigCommand) -> object:
    """Collect in `turn.events` what a command means, and answer what its class says. Raises MusterError; then nothing happened."""
    match command:
        case Publish():
            return publish(turn, command)
        case Rollback():
            return rollback(turn, command)
        case Promote():
            return promote(turn, command)
        case Delete():
            return delete(turn, command)
        case StopGray():
            return stop_gray(turn, command)


def publish(turn: Turn, command: Publish) -> Published:
    """Release content on a line; the same again is no change.

    Raises MusterError: CONFIG_EXISTS, REVISION_MISMATCH, INVALID_FIELD (a new gray line needs a rule), TOO_LARGE, LIMIT_EXCEEDED.
    """
    item = turn.state.configs.items.get(command.key)
    if item is not None and command.note.request_id and (known := _repeated(item, command.note.request_id)) is not None:
        return Published(known, is_changed=False)
    line = item.lines.get(command.gray) if item is not None else None
    _check_condition(line, command.condition)
    rule = command.rule if command.rule is not None else line.release.rule if line is not None else None
    if command.gray != MAIN and rule is None:
        raise MusterError.invalid("rule", "is required: the line is new")
    text = command.text
    if command.gray != MAIN:
        text = replace(text, labels=item.main.release.labels if item is not None and item.main is not None else {})
    text = replace(text, content_type=type_of(item, command))
    if line is not None and is_same(line, text, rule):
        return Published(line.release, is_changed=False)
    _check_room(turn, item, line, command.gray, text)
    return released(turn, command.key, ReleaseKind.PUBLISHED, Step(command.gray, text, rule, command.note))


def type_of(item: ConfigItem | None, command: Publish) -> str:
    """The content type that a publication would have: what it says, or that of its line, of the main line, or `text`."""
    example = (item.lines.get(command.gray) or item.main) if item is not None else None
    return command.text.content_type or (example.release.content_type if example is not None else DEFAULT_TYPE)


def rollback(turn: Turn, command: Rollback) -> Published:
    """Raises MusterError: CONFIG_NOT_FOUND, RELEASE_NOT_FOUND, RELEASE_COMPACTED, RELEASE_EMPTY, and as `publish`."""
    item, release = found_release(turn.state.configs.items.get(command.key), command.key, command.number)
    if not release.has_content:
        raise MusterError(Reason.RELEASE_EMPTY, f"release {command.number} has no content: it tells of an end")
    line = item.lines.get(MAIN)
    _check_condition(line, command.condition)
    _check_room(turn, item, line, MAIN, command.text)
    return released(turn, command.key, ReleaseKind.ROLLED_BACK, Step(MAIN, command.text, None, command.note, command.number))


def promote(turn: Turn, command: Promote) -> Published:
    """Raises MusterError: GRAY_NOT_FOUND, REVISION_MISMATCH, LIMIT_EXCEEDED."""
    item = turn.state.configs.items.get(command.key)
    line = item.lines.get(command.gray) if item is not None else None
    if line is None:
        raise _gray_not_found(command.gray)
    _check_condition(line, command.condition)
    was = line.release
    text = Text(line.content, was.content_type, was.labels, was.encrypted_data_key)
    if item is not None and item.main is not None:
        text = replace(text, labels=item.main.release.labels)
    answer = released(turn, command.key, ReleaseKind.PROMOTED, Step(MAIN, text, None, command.note, was.number))
    ended(turn, command.key, ReleaseKind.GRAY_STOPPED, command.gray, command.note)
    return answer


def delete(turn: Turn, command: Delete) -> Release | None:
    """Raises MusterError: CONFIG_NOT_FOUND, REVISION_MISMATCH."""
    item = turn.state.configs.items.get(command.key)
    if item is None or not item.lines or (item.main is None and command.is_gray_kept):
        if command.is_missing_allowed:
            return None
        raise config_not_found(command.key)
    _check_condition(item.main, command.condition)
    kind = ReleaseKind.MAIN_ENDED if command.is_gray_kept and item.grays else ReleaseKind.DELETED
    return ended(turn, command.key, kind, MAIN, command.note)


def delete_all(turn: Turn, keys: Iterable[ConfigKey]) -> None:
    """End all lines of those of these items that have any."""
    for key in keys:
        if turn.state.configs.items[key].lines:
            ended(turn, key, ReleaseKind.DELETED, MAIN, NOTHING_SAID)


def stop_gray(turn: Turn, command: StopGray) -> Release | None:
    """Raises MusterError: GRAY_NOT_FOUND."""
    item = turn.state.configs.items.get(command.key)
    if item is None or command.gray not in item.lines:
        if command.is_missing_allowed:
            return None
        raise _gray_not_found(command.gray)
    return ended(turn, command.key, ReleaseKind.GRAY_STOPPED, command.gray, command.note)


def found_release(item: ConfigItem | None, key: ConfigKey, number: int) -> tuple[ConfigItem, Release]:
    """A kept release. Raises MusterError: CONFIG_NOT_FOUND, RELEASE_NOT_FOUND, RELEASE_COMPACTED."""
    if item is None:
        raise config_not_found(key)
    if number in item.releases:
        return item, item.releases[number]
    if 1 <= number <= item.last_number:
        raise MusterError(Reason.RELEASE_COMPACTED, f"release {number} is no longer kept")
    raise MusterError(Reason.RELEASE_NOT_FOUND, f"there is no release {number}; the last one is {item.last_number}")


def config_not_found(key: ConfigKey) -> MusterError:
    """The error for an item that is not there."""
    return MusterError(Reason.CONFIG_NOT_FOUND, f"no config {key.name!r} in group {key.group!r}")


def _gray_not_found(gray: str) -> MusterError:
    return MusterError(Reason.GRAY_NOT_FOUND, f"there is no gray line {gray!r}")


def _repeated(item: ConfigItem, request_id: str) -> Release | None:
    """The release that was written under this name, among the last 10."""
    for number in range(item.last_number, max(0, item.last_number - REPEATABLE), -1):
        release = item.releases.get(number)
        if release is not None and release.note.request_id == request_id:
            return release
    return None


def _check_condition(line: Line | None, condition: Condition) -> None:
    revision, md5 = (line.release.revision, line.release.md5) if line is not None else (0, "")
    if condition.is_create_only and line is not None:
        raise MusterError(Reason.CONFIG_EXISTS, "it exists already", {"revision": str(revision), "md5": md5})
    if condition.revision is not None and condition.revision != revision:
        problem = f"the revision is {revision}, not {condition.revision}"
    elif condition.md5 is not None and (line is None or condition.md5 != md5):
        problem = "the content is not the expected one" if line is not None else "it does not exist"
    else:
        return
    raise MusterError(Reason.REVISION_MISMATCH, problem, {"revision": str(revision), "md5": md5})


def _check_room(turn: Turn, item: ConfigItem | None, line: Line | None, gray: str, text: Text) -> None:
    state, limits = turn.state.configs, turn.limits
    if text.size_bytes > limits.max_content_bytes:
        raise too_large("the content", text.size_bytes, limits.max_content_bytes)
    if item is None and len(state.items) >= limits.max_configs:
        raise _limit_exceeded("config items, those with history included", limits.max_configs)
    if gray != MAIN and line is None and item is not None and len(item.lines) - (MAIN in item.lines) >= limits.max_grays:
        raise _limit_exceeded("gray lines of an item", limits.max_grays)
    total = state.live_bytes + text.size_bytes - (line.release.size_bytes if line is not None else 0)
    if total > limits.max_total_bytes and text.size_bytes > (line.release.size_bytes if line is not None else 0):
        raise too_large("all contents together", total, limits.max_total_bytes)


def _limit_exceeded(what: str, limit: int) -> MusterError:
    return MusterError(Reason.LIMIT_EXCEEDED, f"at most {limit} {what}", {"limit": str(limit)})
