"""Deadlines that cost nothing where nothing is waited for: a timer costs as much as many of the calls that it would bound."""

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float | None, work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine answers. None: however long it takes. Raises TimeoutError, and whatever the coroutine raises."""
    try:
        awaited = work.send(None)
    except StopIteration as answered:
        return answered.value  # type: ignore[no-any-return]  # a coroutine's value is of its own type
    async with asyncio.timeout(seconds):
        return await _continued(work, awaited)


@coroutine
def _continued(work: Coroutine[Any, Any, T], awaited: Any) -> Generator[Any, Any, T]:
    """The rest of a coroutine that waits: what it waits for goes to the loop, and what comes of it, a cancellation too, to it."""
    try:
        while True:
            try:
                yield awaited
            except BaseException as error:  # noqa: BLE001  # it is the coroutine's own to handle, or to let through
                awaited = work.throw(error)
            else:
                awaited = work.send(None)
    except StopIteration as answered:
        return answered.value  # type: ignore[no-any-return]  # likewise
