"""How many there are of something in each namespace."""

from collections.abc import Iterator


class Tally:
    """Counts by namespace; one without any is not in it. Owned by the state that counts."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, namespace: str, change: int) -> None:
        """Count up or down."""
        count = self._counts.get(namespace, 0) + change
        if count:
            self._counts[namespace] = count
        else:
            self._counts.pop(namespace, None)

    def __getitem__(self, namespace: str) -> int:
        return self._counts.get(namespace, 0)

    def __iter__(self) -> Iterator[str]:
        """The namespaces that have any."""
        return iter(self._counts)
