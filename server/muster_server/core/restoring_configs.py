"""The rules of restoring config items.

An item that is not here at all comes with its whole history, numbers kept. One that is here keeps its own history; what the archive
shows is released on top of it, unless the lines show it already. So to restore the same archive again changes nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from muster_server.core.archive import ArchivedItem
from muster_server.core.config_commands import MAIN, ConfigReleased
from muster_server.core.config_model import Note, Release, ReleaseKind, Text
from muster_server.core.config_state import ConfigItem, shown_numbers
from muster_server.core.naming import limit_exceeded
from muster_server.core.releasing import Step, ended, is_same, released, too_large
from muster_server.core.restore_commands import Change
from muster_server.core.turn import Turn


def restore_items(turn: Turn, items: Sequence[ArchivedItem], author: str) -> Iterator[Change | None]:
    """Decide all items; None for each that is true already. Raises MusterError: LIMIT_EXCEEDED, TOO_LARGE."""
    _check_room(turn, items)
    for archived in items:
        item = turn.state.configs.items.get(archived.key)
        if item is None:
            _take_over(turn, archived)
        elif not _release_anew(turn, archived, item, author):
            yield None
            continue
        yield Change("config", "/".join(archived.key), item is None or not item.lines)


def _take_over(turn: Turn, archived: ArchivedItem) -> None:
    begun: dict[str, int] = {}
    for release in archived.releases:
        revision = turn.next_revision()
        if release.kind is ReleaseKind.DELETED:
            begun.clear()
        elif not release.has_content:
            begun.pop(release.gray, None)
        stamped = replace(release, revision=revision)
        if release.has_content:
            stamped = replace(stamped, begin_revision=begun.setdefault(release.gray, revision))
        turn.events.append(ConfigReleased(archived.key, stamped, archived.contents.get(release.number)))


def _release_anew(turn: Turn, archived: ArchivedItem, item: ConfigItem, author: str) -> bool:
    """Make the lines of an item show what the archive shows; False if they do.

    There is no end of the main line alone: if the archive shows none, the item is deleted first, and its gray lines return.
    """
    before, key, note = len(turn.events), archived.key, Note(author)
    wanted = {release.gray: release for release in shown(archived)}
    lines = item.lines
    if MAIN in lines and MAIN not in wanted:
        ended(turn, key, ReleaseKind.DELETED, MAIN, note)
        lines = {}
    for gray, release in wanted.items():
        if gray not in lines or not is_same(lines[gray], release, release.rule):
            text = Text(archived.contents[release.number], release.content_type, release.labels, release.encrypted_data_key)
            said = Note(release.note.author, release.note.comment)
            released(turn, key, ReleaseKind.PUBLISHED, Step(gray, text, release.rule, said))
    for gray in lines:
        if gray not in wanted:
            ended(turn, key, ReleaseKind.GRAY_STOPPED, gray, note)
    return len(turn.events) > before


def shown(archived: ArchivedItem) -> list[Release]:
    """The releases that the lines of an archived item show, the main line first."""
    numbers = shown_numbers(archived.releases)
    return sorted((release for release in archived.releases if release.number in numbers), key=lambda release: release.gray)


def _check_room(turn: Turn, items: Sequence[ArchivedItem]) -> None:
    state, limits, added, grown_bytes = turn.state.configs, turn.limits, 0, 0
    for archived in items:
        item, releases = state.items.get(archived.key), shown(archived)
        added += item is None
        grown_bytes += sum(release.size_bytes for release in releases)
        grown_bytes -= sum(line.release.size_bytes for line in item.lines.values()) if item is not None else 0
        largest = max((release.size_bytes for release in archived.releases), default=0)
        if largest > limits.max_content_bytes:
            raise too_large("a content", largest, limits.max_content_bytes)
        if sum(release.gray != MAIN for release in releases) > limits.max_grays:
            raise limit_exceeded("gray lines of an item", limits.max_grays)
    if added and len(state.items) + added > limits.max_configs:
        raise limit_exceeded("config items, those with history included", limits.max_configs)
    if grown_bytes > 0 and state.live_bytes + grown_bytes > limits.max_total_bytes:
        raise too_large("all contents together", state.live_bytes + grown_bytes, limits.max_total_bytes)
