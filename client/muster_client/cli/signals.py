"""Ctrl-C and SIGTERM as a regular end."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def until_stopped() -> AsyncIterator[None]:
    """Run the block until it ends, or until SIGINT or SIGTERM, which end it quietly; what it has to clean up, it does.

    A second signal while it cleans up ends the program at once. Outside the main thread there are no signals to take.
    """
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def let_go() -> None:
        for number in numbers:
            with suppress(RuntimeError, ValueError):
                loop.remove_signal_handler(number)

    try:
        async with asyncio.timeout(None) as scope:

            def stop() -> None:
                let_go()
                scope.reschedule(loop.time())

            for number in numbers:
                with suppress(RuntimeError, ValueError, NotImplementedError):
                    loop.add_signal_handler(number, stop)
            yield
    except TimeoutError:
        if not scope.expired():
            raise
    finally:
        let_go()
