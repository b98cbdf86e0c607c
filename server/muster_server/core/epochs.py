"""The life of the server: an epoch begins at each start, and when an archive is restored."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EpochBegan:
    """The history is another one from here: whoever follows it is told everything anew. Always higher than the one before."""

    epoch: int
