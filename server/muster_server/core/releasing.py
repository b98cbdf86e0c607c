"""How a release is made: its number, its revision, and what it pushes out of the history."""

from collections.abc import Iterator
from dataclasses import dataclass

from muster_server.core.config_commands import ConfigEvent, ConfigReleased, Published, ReleasesCompacted
from muster_server.core.config_model import ConfigKey, GrayRule, Note, Release, ReleaseKind, Text
from muster_server.core.config_state import Line
from muster_server.core.errors import MusterError, Reason
from muster_server.core.turn import Turn


@dataclass(frozen=True, slots=True)
class Step:
    """What a release with content says."""

    gray: str
    text: Text
    rule: GrayRule | None
    note: Note
    source_number: int = 0


def released(turn: Turn, key: ConfigKey, kind: ReleaseKind, step: Step) -> Published:
    """Decide a release with content."""
    text, line, revision = step.text, _line_before(turn, key, step.gray), turn.next_revision()
    release = Release(
        number=_next_number(turn, key),
        revision=revision,
        kind=kind,
        gray=step.gray,
        content_type=text.content_type,
        md5=text.md5,
        sha256=text.sha256,
        size_bytes=text.size_bytes,
        labels=text.labels,
        encrypted_data_key=text.encrypted_data_key,
        note=step.note,
        create_time=turn.wall_s,
        source_number=step.source_number,
        rule=step.rule,
        begin_revision=line.begin_revision if line is not None else revision,
        begin_time=line.begin_time if line is not None else turn.wall_s,
    )
    turn.events.append(ConfigReleased(key, release, text.content))
    _compact(turn, key, release)
    return Published(release, is_changed=True)


def ended(turn: Turn, key: ConfigKey, kind: ReleaseKind, gray: str, note: Note) -> Release:
    """Decide a release that tells of an end."""
    number, revision = _next_number(turn, key), turn.next_revision()
    release = Release(number, revision, kind, gray, "", "", "", 0, {}, "", note, turn.wall_s)
    turn.events.append(ConfigReleased(key, release, None))
    _compact(turn, key, release)
    return release


def _line_before(turn: Turn, key: ConfigKey, gray: str) -> Release | None:
    """The release that a line shows after what the turn has decided; None if the line is not there."""
    for event in _decided(turn, key):
        if isinstance(event, ConfigReleased) and (event.release.kind is ReleaseKind.DELETED or event.release.gray == gray):
            return event.release if event.release.has_content else None
    item = turn.state.configs.items.get(key)
    line = item.lines.get(gray) if item is not None else None
    return line.release if line is not None else None


def _next_number(turn: Turn, key: ConfigKey) -> int:
    item = turn.state.configs.items.get(key)
    decided = sum(isinstance(event, ConfigReleased) for event in _decided(turn, key))
    return (item.last_number if item is not None else 0) + decided + 1


def _decided(turn: Turn, key: ConfigKey) -> Iterator[ConfigEvent]:
    """What the turn has decided of an item, newest first. What is decided of one item is decided without a break."""
    for event in reversed(turn.events):
        if not isinstance(event, ConfigReleased | ReleasesCompacted) or event.key != key:
            return
        yield event


def _compact(turn: Turn, key: ConfigKey, newest: Release) -> None:
    """Drop what is old: of at most a few releases at a time, so that a write stays cheap; each write adds at most two."""
    item = turn.state.configs.items.get(key)
    if item is None:
        return
    limits = turn.limits
    shown = {line.release.number for line in item.lines.values()}
    dropped: list[Release] = []
    for number, release in item.releases.items():
        is_recent = release.create_time > turn.wall_s - limits.history_retention_s and len(item.releases) < limits.max_releases
        if len(dropped) == 4 or number > newest.number - limits.min_releases or is_recent:
            break
        if number not in shown:
            dropped.append(release)
    already = {
        release.number for event in _decided(turn, key) if isinstance(event, ReleasesCompacted) for release in event.releases
    }
    if remaining := tuple(release for release in dropped if release.number not in already):
        turn.events.append(ReleasesCompacted(key, remaining))


def is_same(line: Line, text: Text | Release, rule: GrayRule | None) -> bool:
    """True if a line shows just that, by its hashes."""
    was = line.release
    return (was.md5, was.sha256, was.content_type, was.encrypted_data_key, was.rule) == (
        text.md5,
        text.sha256,
        text.content_type,
        text.encrypted_data_key,
        rule,
    ) and was.labels == text.labels


def too_large(what: str, size_bytes: int, limit: int) -> MusterError:
    """The error for content above a limit."""
    return MusterError(Reason.TOO_LARGE, f"{what} would be {size_bytes} bytes, at most {limit} are taken", {"limit": str(limit)})
