"""What can be asked of configuration, and what can happen to it: frozen values, nothing else."""

from dataclasses import dataclass

from muster_server.core.config_model import ConfigKey, GrayRule, Note, Release, Text

MAIN = ""
"""The name of the main line."""
NOTHING_SAID = Note()


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of a line for a write; what is None does not matter. Revision 0 is that of a line that is not there."""

    revision: int | None = None
    md5: str | None = None
    is_create_only: bool = False


ANYTHING = Condition()


@dataclass(frozen=True, slots=True)
class Publish:
    """Release content on a line, the main one by default. Answers `Published`.

    An empty content type means that of the line, of the main line, or `text`; `rule` None means that of the line. A gray line has
    the labels of the main one, whatever `text` has.
    """

    key: ConfigKey
    text: Text
    gray: str = MAIN
    rule: GrayRule | None = None
    condition: Condition = ANYTHING
    note: Note = NOTHING_SAID


@dataclass(frozen=True, slots=True)
class Rollback:
    """Release what an earlier release had again, on the main line. Answers `Published`. `text` is the content of that release."""

    key: ConfigKey
    number: int
    text: Text
    condition: Condition = ANYTHING
    note: Note = NOTHING_SAID


@dataclass(frozen=True, slots=True)
class Promote:
    """Make the content of a gray line that of the main line, and end the gray line. Answers `Published`."""

    key: ConfigKey
    gray: str
    condition: Condition = ANYTHING
    note: Note = NOTHING_SAID


@dataclass(frozen=True, slots=True)
class Delete:
    """End all lines of an item, or its main line only (`is_gray_kept`).

    Answers the release that tells of it, None if there was nothing and that is allowed.
    """

    key: ConfigKey
    condition: Condition = ANYTHING
    is_missing_allowed: bool = False
    note: Note = NOTHING_SAID
    is_gray_kept: bool = False


@dataclass(frozen=True, slots=True)
class StopGray:
    """End a gray line. Answers the release that tells of it, None if there was nothing and that is allowed."""

    key: ConfigKey
    gray: str
    is_missing_allowed: bool = False
    note: Note = NOTHING_SAID


ConfigCommand = Publish | Rollback | Promote | Delete | StopGray


@dataclass(frozen=True, slots=True)
class Published:
    """The release that stands, and whether it is a new one."""

    release: Release
    is_changed: bool


@dataclass(frozen=True, slots=True)
class ConfigReleased:
    """There is a new release; `content` is None if it tells of a deletion or an end."""

    key: ConfigKey
    release: Release
    content: str | None


@dataclass(frozen=True, slots=True)
class ReleasesCompacted:
    """These releases are no longer kept. With its last one an item is forgotten."""

    key: ConfigKey
    releases: tuple[Release, ...]


ConfigEvent = ConfigReleased | ReleasesCompacted
