"""Ctrl-C and SIGTERM as a regular end."""

import asyncio
import signal

import pytest
from muster_client.cli.signals import until_stopped


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_signal_ends_the_block_quietly_and_lets_it_clean_up(number: signal.Signals) -> None:
    said = []

    async with until_stopped():
        try:
            signal.raise_signal(number)
            await asyncio.Event().wait()
        finally:
            said.append("cleaned up")
    said.append("after")

    assert said == ["cleaned up", "after"]


async def test_block_that_ends_by_itself_leaves_signals_as_they_were() -> None:
    before = signal.getsignal(signal.SIGTERM)

    async with until_stopped():
        pass

    assert signal.getsignal(signal.SIGTERM) == before


async def test_timeout_of_the_block_itself_is_no_signal() -> None:
    with pytest.raises(TimeoutError):
        async with until_stopped(), asyncio.timeout(0):
            await asyncio.Event().wait()
