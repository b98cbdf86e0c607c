"""Requests that are held: what they wait for may be long in coming, and their clients may be gone before it."""

import asyncio
from collections.abc import Awaitable

from starlette.requests import ClientDisconnect, Request


async def held(request: Request, happening: Awaitable[object], timeout_s: float) -> bool:
    """Wait for something, which must not fail, aside of the turns; say whether it came in time.

    Raises ClientDisconnect as soon as the client is gone.
    """
    async with request.scope["turns"].aside():
        is_gone = False
        try:
            async with asyncio.TaskGroup() as group:
                client = group.create_task(_gone(request), name="client of a held request")
                has_come = await _comes(happening, timeout_s)
                client.cancel()
        except* ClientDisconnect:
            is_gone = True
        if is_gone:
            raise ClientDisconnect
    return has_come


async def _comes(happening: Awaitable[object], timeout_s: float) -> bool:
    try:
        async with asyncio.timeout(timeout_s):
            await happening
    except TimeoutError:
        return False
    return True


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass  # nothing else comes after the body
    raise ClientDisconnect
