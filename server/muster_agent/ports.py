"""Ports for replicas: free ones of this machine, none given twice."""

import socket
from contextlib import suppress


class Ports:
    """The ports that are given out."""

    def __init__(self) -> None:
        self._held: set[int] = set()

    def take(self, wanted: int, fixed: str | None = None) -> int:
        """A free port, `wanted` if that is still free; `fixed` is one that the replica's own variables say."""
        if fixed is not None and fixed.isascii() and fixed.isdigit() and 0 < int(fixed) <= 65535:
            return int(fixed)
        self._held.discard(wanted)
        port = wanted if wanted and _is_free(wanted) else self._any()
        self._held.add(port)
        return port

    def hold(self, port: int) -> None:
        """Note one that is in use by a process that was found again."""
        self._held.add(port)

    def release(self, port: int) -> None:
        """Its replica is gone."""
        self._held.discard(port)

    def _any(self) -> int:
        while True:
            with socket.socket() as probe:
                probe.bind(("", 0))
                port: int = probe.getsockname()[1]
            if port not in self._held:
                return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("", port))
        return True
    return False
