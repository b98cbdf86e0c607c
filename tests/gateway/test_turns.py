"""Turns: a few starts in each turn of the loop, at most 64 at once, in order of arrival."""

import asyncio
import itertools
from collections import Counter

import pytest
from muster_gateway.turns import MAX_RUNNING, MAX_SHARED_STARTS, MAX_STARTS, Turns


@pytest.mark.parametrize("are_calls_coming", [False, True])
async def test_requests_start_a_few_in_each_turn_of_the_loop_in_order(are_calls_coming: bool) -> None:
    calls = itertools.count() if are_calls_coming else itertools.repeat(0)
    turns = Turns(lambda: next(calls))
    most = MAX_SHARED_STARTS if are_calls_coming else MAX_STARTS
    started: list[tuple[int, int]] = []
    turn = 0

    async def request(number: int) -> None:
        async with turns:
            started.append((number, turn))

    async with asyncio.TaskGroup() as group:
        async with turns:  # the first turn tells whether calls are coming
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        for number in range(3 * MAX_STARTS):
            group.create_task(request(number))
        while len(started) < 3 * MAX_STARTS:
            await asyncio.sleep(0)
            turn += 1

    assert [number for number, _ in started] == list(range(3 * MAX_STARTS))
    assert max(Counter(turn for _, turn in started).values()) == most


async def test_request_that_is_cancelled_while_it_waits_takes_no_turn_from_others() -> None:
    turns = Turns()
    release = asyncio.Event()
    finished: list[int] = []

    async def request(number: int) -> None:
        async with turns:
            await release.wait()
            finished.append(number)

    tasks = [asyncio.create_task(request(number)) for number in range(MAX_RUNNING + 2)]
    for _ in range(3 * MAX_RUNNING):
        await asyncio.sleep(0)
    tasks[MAX_RUNNING].cancel()
    release.set()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert finished == [number for number in range(MAX_RUNNING + 2) if number != MAX_RUNNING]


async def test_request_cancelled_just_when_its_turn_comes_gives_it_back() -> None:
    turns = Turns()

    async def request() -> None:
        async with turns:
            await asyncio.sleep(0)

    for _ in range(2 * MAX_RUNNING):  # if each lost its place, the last could not run
        tasks = [asyncio.create_task(request()) for _ in range(2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    last = asyncio.create_task(request())

    await asyncio.wait_for(last, timeout=5)


async def test_requests_that_wait_aside_leave_their_places_to_others() -> None:
    turns = Turns()
    release = asyncio.Event()
    order: list[str] = []

    async def waiting() -> None:
        async with turns:
            async with turns.aside():
                await release.wait()
            order.append("waiting")

    async def other() -> None:
        async with turns:
            order.append("other")

    async with asyncio.TaskGroup() as group:
        for _ in range(2 * MAX_RUNNING):
            group.create_task(waiting())
        await group.create_task(other())
        release.set()

    assert order == ["other", *["waiting"] * (2 * MAX_RUNNING)]


async def test_requests_cancelled_aside_or_on_their_way_back_cost_no_place_and_win_none() -> None:
    turns = Turns()
    aside, inside = 0, asyncio.Event()
    release = asyncio.Event()

    async def waiting() -> None:
        nonlocal aside
        async with turns:
            async with turns.aside():
                aside += 1
                await release.wait()
            await inside.wait()

    tasks = [asyncio.create_task(waiting()) for _ in range(2 * MAX_RUNNING)]
    for _ in range(5 * MAX_RUNNING):
        await asyncio.sleep(0)
    assert aside == len(tasks)
    tasks[0].cancel()  # aside
    release.set()
    for _ in range(2 * MAX_RUNNING):
        await asyncio.sleep(0)
    tasks[-1].cancel()  # back, and waiting for a place
    await asyncio.sleep(0)
    running = 0

    async def holding() -> None:
        nonlocal running
        async with turns:
            running += 1
            await release_all.wait()

    inside.set()
    release_all = asyncio.Event()
    await asyncio.gather(*tasks, return_exceptions=True)
    holders = [asyncio.create_task(holding()) for _ in range(MAX_RUNNING + 1)]
    for _ in range(3 * MAX_RUNNING):
        await asyncio.sleep(0)
    assert running == MAX_RUNNING
    release_all.set()
    await asyncio.gather(*holders)
