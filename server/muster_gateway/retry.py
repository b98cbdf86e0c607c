"""How long to wait before a stream to the registry is opened anew."""

import asyncio

FIRST_S = 0.02
MOST_S = 2.0


class Retry:
    """The first wait is short, since a stream most often breaks for once; each further failure doubles it, up to 2 s."""

    def __init__(self) -> None:
        self._next_s = FIRST_S

    def succeeded(self) -> None:
        """The stream has brought what was asked for."""
        self._next_s = FIRST_S

    async def wait(self) -> None:
        """Wait before the next try."""
        wait_s, self._next_s = self._next_s, min(MOST_S, self._next_s * 2)
        await asyncio.sleep(wait_s)
