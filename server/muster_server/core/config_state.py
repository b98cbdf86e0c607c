"""The configuration state: items, their lines and their history. Only `apply` changes it."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from muster_server.core.config_commands import MAIN, ConfigEvent, ConfigReleased, ReleasesCompacted
from muster_server.core.config_model import ConfigKey, Release, ReleaseKind, Traits
from muster_server.core.deadlines import Deadlines
from muster_server.core.tally import Tally


@dataclass(frozen=True, slots=True)
class Line:
    """What a line shows: its latest release, with content."""

    release: Release
    content: str


@dataclass(slots=True)
class ConfigItem:
    """One item. `lines` holds the main line under the empty name, and the gray ones; empty if the item is deleted.

    `releases` is the kept history by number, oldest first. The last one is kept until the item is forgotten, so until then numbers
    are never used again.
    """

    lines: dict[str, Line] = field(default_factory=dict)
    releases: dict[int, Release] = field(default_factory=dict)
    last_number: int = 0
    revision: int = 0

    @property
    def main(self) -> Line | None:
        """The main line; None if there is none."""
        return self.lines.get(MAIN)

    @property
    def grays(self) -> list[Line]:
        """The gray lines in the order in which they are tried."""
        return sorted((line for name, line in self.lines.items() if name != MAIN), key=_precedence)

    def seen_by(self, key: ConfigKey, traits: Traits) -> Line | None:
        """What a client sees: the first gray line that means it, else the main line."""
        if len(self.lines) > (MAIN in self.lines):
            for line in self.grays:
                if line.release.rule is not None and line.release.rule.matches(traits, _salt(key, line.release.gray)):
                    return line
        return self.main


class ConfigState:
    """All items, deleted ones included while there is history of them. `live_bytes` counts the contents that lines show.

    `changed_revisions` holds the revision of the last release in each namespace, and under the empty name that of all together.
    `deletions` tells when what is deleted was deleted, in Unix seconds.
    """

    def __init__(self) -> None:
        self.items: dict[ConfigKey, ConfigItem] = {}
        self.live_bytes = 0
        self.live_count = 0
        self.live_tally = Tally()
        self.changed_revisions: dict[str, int] = {}
        self.deletions: Deadlines[ConfigKey] = Deadlines()
        self._names: list[ConfigKey] = []

    def apply(self, event: ConfigEvent) -> None:
        """Make an event true. Events come from `decide` on this very state, so nothing is checked here."""
        if isinstance(event, ReleasesCompacted):
            self._compact(event)
            return
        item = self.items.get(event.key)
        if item is None:
            item = self.items[event.key] = ConfigItem()
            insort(self._names, event.key)
        was_live, release = bool(item.lines), event.release
        self.live_bytes -= sum(line.release.size_bytes for line in item.lines.values())
        if event.content is not None:
            item.lines[release.gray] = Line(release, event.content)
        elif release.kind is ReleaseKind.DELETED:
            item.lines.clear()
        else:
            item.lines.pop(release.gray, None)
        self.live_bytes += sum(line.release.size_bytes for line in item.lines.values())
        self.live_count += bool(item.lines) - was_live
        self.live_tally.add(event.key.namespace, bool(item.lines) - was_live)
        if item.lines:
            self.deletions.cancel(event.key)
        else:
            self.deletions.set(event.key, release.create_time)
        item.releases[release.number] = release
        item.last_number, item.revision = release.number, release.revision
        for namespace in ("", event.key.namespace):
            self.changed_revisions[namespace] = max(self.changed_revisions.get(namespace, 0), release.revision)

    def _compact(self, event: ReleasesCompacted) -> None:
        """Drop releases; with the last one the item is forgotten."""
        item = self.items[event.key]
        for release in event.releases:
            del item.releases[release.number]
        if not item.releases:
            del self.items[event.key]
            del self._names[bisect_left(self._names, event.key)]

    def restore(self, key: ConfigKey, releases: Iterable[Release], contents: dict[int, str]) -> None:
        """Take an item as it was written down: its history, oldest first, and the contents of those that its lines show."""
        for release in with_beginnings(releases):
            self.apply(ConfigReleased(key, release, contents.get(release.number, "") if release.has_content else None))

    def after(self, key: ConfigKey) -> Iterator[ConfigKey]:
        """The names that come after `key`, in order, deleted items included. O(log items) to begin."""
        names = self._names
        return (names[index] for index in range(bisect_right(names, key), len(names)))


def with_beginnings(releases: Iterable[Release]) -> Iterator[Release]:
    """The kept history of an item, oldest first, each release with the beginning of its line.

    One that does not say when its line began is given that of the first release of its line that is kept.
    """
    lines: dict[str, Release] = {}
    for release in releases:
        known = release
        if release.kind is ReleaseKind.DELETED:
            lines.clear()
        elif not release.has_content:
            lines.pop(release.gray, None)
        else:
            first = lines.setdefault(release.gray, release)
            known = replace(
                release,
                begin_revision=release.begin_revision or first.begin_revision or first.revision,
                begin_time=release.begin_time or first.begin_time or first.create_time,
            )
            lines[release.gray] = known
        yield known


def shown_numbers(releases: Iterable[Release]) -> set[int]:
    """The numbers of the releases that the lines of an item show, given its kept history, oldest first."""
    shown: dict[str, int] = {}
    for release in releases:
        if release.has_content:
            shown[release.gray] = release.number
        elif release.kind is ReleaseKind.DELETED:
            shown.clear()
        else:
            shown.pop(release.gray, None)
    return set(shown.values())


def _precedence(line: Line) -> tuple[int, str]:
    rule = line.release.rule
    return (-rule.priority if rule is not None else 0, line.release.gray)


def _salt(key: ConfigKey, gray: str) -> str:
    return "\n".join((*key, gray))
