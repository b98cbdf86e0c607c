"""What a client sees of configuration: values."""

from dataclasses import dataclass, field

from muster.config.v1.config_pb2 import ConfigRef, Release
from muster.config.v1.config_service_pb2 import WriteCondition


@dataclass(frozen=True, slots=True)
class Config:
    """An item as this client sees it: a gray line whose rule matches the client, else the main line.

    `release` is the release with its content; most of it can be read here directly. `as_of` is the place in the server's history at
    which this was the state: of two, the later has the higher one, while `revision` may be lower (when a gray line ends).
    `is_stale` is true if it comes from this client's snapshot directory because no server answered.
    """

    ref: ConfigRef
    release: Release = field(repr=False)  # contents do not belong in logs
    as_of: int
    is_stale: bool = False

    @property
    def content(self) -> str:
        """The text."""
        return self.release.content

    @property
    def content_type(self) -> str:
        """What the text is, for example `yaml`."""
        return self.release.content_type

    @property
    def md5(self) -> str:
        """Of the content; what `if_md5` compares with."""
        return self.release.md5

    @property
    def number(self) -> int:
        """Of the release, in the history of the item."""
        return self.release.number

    @property
    def revision(self) -> int:
        """Of the release; what `if_revision` compares with."""
        return self.release.revision


@dataclass(frozen=True, slots=True)
class MissingConfig:
    """There is nothing for this client under that name. `is_deleted` is true if there was, as far as history goes."""

    ref: ConfigRef
    is_deleted: bool
    as_of: int


@dataclass(frozen=True, slots=True)
class Publication:
    """What a publication led to: the `release` that stands, without content. `is_changed` is false if it stood already."""

    release: Release
    is_changed: bool


def condition(*, create_only: bool = False, if_revision: int | None = None, if_md5: str | None = None) -> WriteCondition | None:
    """What must hold for a write; None means anything. Raises ValueError if more than one is given."""
    if create_only + (if_revision is not None) + (if_md5 is not None) > 1:
        raise ValueError("only one of create_only, if_revision and if_md5 can be asked for")
    if create_only:
        return WriteCondition(create_only=True)
    if if_revision is not None:
        return WriteCondition(revision=if_revision)
    return WriteCondition(md5=if_md5) if if_md5 is not None else None
