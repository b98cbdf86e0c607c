"""Deadlines: what answers at once has none, what waits is cut off in time, and whatever comes of it reaches the coroutine."""

import asyncio

import pytest
from muster_gateway.unhurried import within


async def at_once() -> str:
    return "answer"


async def after(happening: asyncio.Event) -> str:
    await happening.wait()
    await asyncio.sleep(0)
    return "answer"


async def test_what_answers_at_once_is_answered_whatever_time_there_is() -> None:
    assert await within(0.0, at_once()) == "answer"


@pytest.mark.parametrize("seconds", [None, 60.0])
async def test_what_waits_is_answered_when_it_is_done(seconds: float | None) -> None:
    happening = asyncio.Event()
    asyncio.get_running_loop().call_soon(happening.set)

    assert await within(seconds, after(happening)) == "answer"


async def test_what_takes_too_long_is_cancelled_and_may_clean_up() -> None:
    steps = []

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            steps.append("cleaned up")

    with pytest.raises(TimeoutError):
        await within(0.01, slow())

    assert steps == ["cleaned up"]


@pytest.mark.parametrize("waits", [False, True])
async def test_failure_is_passed_on(waits: bool) -> None:
    async def failing() -> None:
        if waits:
            await asyncio.sleep(0)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await within(60.0, failing())


async def test_cancellation_from_outside_is_not_a_timeout() -> None:
    task = asyncio.create_task(within(60.0, after(asyncio.Event())))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
