"""The ServiceComb dialect against a plain model of a service-center: random calls, the same answers."""

import asyncio
import random
from collections.abc import Iterator

import httpx
import pytest
from running import ManualClock, running_server

from gateway.cse_calls import Calls
from gateway.cse_comparing import World
from gateway.cse_drawing import Call, drawn_calls


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with asyncio.Runner() as runner:
        serving = running_server(clock=ManualClock())
        server = runner.run(serving.__aenter__())
        client = httpx.AsyncClient(base_url=server.http_urls[0], timeout=20)
        yield World(runner, server, client)
        runner.run(client.aclose())
        runner.run(serving.__aexit__(None, None, None))


@pytest.mark.parametrize("seed", range(5))
def test_random_calls_are_answered_as_the_model_says(world: World, seed: int) -> None:
    _compare(world, seed)


@pytest.mark.slow
def test_many_random_calls_are_answered_as_the_model_says(world: World) -> None:
    for _ in range(150):
        _compare(world, random.getrandbits(32))


def _compare(world: World, seed: int) -> None:
    calls = drawn_calls(random.Random(seed), 60)
    if _problem(world, calls):
        calls = _shortened(world, calls)
        told = "".join(
            f"\n    calls.{name}({', '.join(f'{key}={value!r}' for key, value in made.items())})" for name, made in calls
        )
        pytest.fail(f"seed {seed}, shortened to{told}\n{_problem(world, calls)}", pytrace=False)


def _problem(world: World, calls: list[Call]) -> str:
    """What is wrong with the answers to a sequence of calls; empty if nothing is."""
    made = Calls(world)
    try:
        for name, arguments in calls:
            getattr(made, name)(**arguments)
    except (AssertionError, LookupError) as error:  # a LookupError is an answer without the parts that it must have
        return str(error) or repr(error)
    return ""


def _shortened(world: World, calls: list[Call]) -> list[Call]:
    """A part of a sequence that has a problem still, and has none when any one call of it is left out."""
    for place in reversed(range(len(calls))):
        rest = calls[:place] + calls[place + 1 :]
        if _problem(world, rest):
            return _shortened(world, rest)
    return calls
