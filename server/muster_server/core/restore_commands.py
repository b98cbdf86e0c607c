"""What it is to restore an archive: the command, its answer, and the event that ends it. Frozen values, nothing else."""

from dataclasses import dataclass

from muster_server.core.archive import Archive


@dataclass(frozen=True, slots=True)
class RestoreArchive:
    """Make what an archive holds true; what is not in it stays. Answers `RestoredArchive`.

    `author` signs the end of lines that the archive does not show. A dry run answers the same and changes nothing.
    """

    archive: Archive
    author: str = ""
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A difference between what is and what the archive says.

    `kind`: `application`, `application_config`, `component`, `config`, `definition`, `deployment`, `environment`, `instance`,
    `namespace`, `override`, `service`.
    """

    kind: str
    name: str
    is_addition: bool


@dataclass(frozen=True, slots=True)
class RestoredArchive:
    """All differences, ordered by kind and name, and how much of the archive was true already."""

    changes: tuple[Change, ...]
    unchanged_count: int
