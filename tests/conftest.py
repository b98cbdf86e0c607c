"""Runs `async def` tests, each on a loop of its own, and fails those that leave tasks behind."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import settings

ENDING_S = 5.0
MOST_S = 60.0
MOST_SLOW_S = 300.0

# Examples are not timed: that a busy machine takes longer than 200 ms for one is no failure of what is tested.
settings.register_profile("muster", deadline=None)
settings.load_profile("muster")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    most_s = MOST_S if pyfuncitem.get_closest_marker("slow") is None else MOST_SLOW_S
    asyncio.run(_run(pyfuncitem.obj, arguments, most_s))
    return True


async def _run(test: Callable[..., Awaitable[None]], arguments: dict[str, object], most_s: float) -> None:
    before = asyncio.all_tasks()
    await asyncio.wait_for(test(**arguments), timeout=most_s)
    leaked = asyncio.all_tasks() - before
    if leaked:  # gRPC's own end by themselves a moment after a channel or a server is closed; a leak does not
        _, leaked = await asyncio.wait(leaked, timeout=ENDING_S)
    assert not leaked, f"the test left tasks behind: {leaked}"
