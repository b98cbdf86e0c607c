"""Held requests: they wait aside of the turns, in time or not, and end with their clients."""

import asyncio

import pytest
from muster_gateway.holding import held
from muster_gateway.turns import MAX_RUNNING, Turns
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message


class Client:
    """The far end of a request; `gone` says when it goes away."""

    def __init__(self, turns: Turns) -> None:
        self.gone = asyncio.Event()
        self.request = Request({"type": "http", "turns": turns}, self._receive)

    async def _receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}


async def test_what_comes_in_time_is_told_from_what_does_not() -> None:
    turns, never = Turns(), asyncio.Event()
    async with turns:
        came = await held(Client(turns).request, asyncio.sleep(0), 60)
        missed = await held(Client(turns).request, never.wait(), 0.01)

    assert (came, missed) == (True, False)


async def test_held_requests_leave_their_turns_to_others() -> None:
    turns, happening = Turns(), asyncio.Event()

    async def request() -> bool:
        async with turns:
            return await held(Client(turns).request, happening.wait(), 60)

    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(request()) for _ in range(2 * MAX_RUNNING)]
        for _ in waiting:
            async with turns:
                await asyncio.sleep(0)
        happening.set()

    assert all(task.result() for task in waiting)


async def test_client_that_is_gone_ends_its_request_at_once_and_frees_its_turn() -> None:
    turns, never = Turns(), asyncio.Event()
    client = Client(turns)
    asyncio.get_running_loop().call_soon(client.gone.set)
    with pytest.raises(ClientDisconnect):
        async with turns:
            await held(client.request, never.wait(), 60)
    for _ in range(MAX_RUNNING + 1):
        async with turns:
            pass

    assert not never.is_set()
