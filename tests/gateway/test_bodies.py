"""Request bodies: bounded in size, in time, and all together."""

import asyncio

import pytest
from muster_gateway.bodies import MAX_BODY_BYTES, Bodies, BodyRefusedError
from starlette.types import Message, Receive, Scope

SCOPE: Scope = {"type": "http", "method": "POST", "path": "/", "headers": []}


def sends(*parts: bytes, is_whole: bool = True) -> Receive:
    """A client that sends these parts, and then nothing more if that is not all."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if is_whole:
        messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop(0)

    return receive


async def status_of(bodies: Bodies, receive: Receive) -> int:
    with pytest.raises(BodyRefusedError) as refused:
        async with bodies.read(SCOPE, receive):
            pass
    return refused.value.status


async def test_body_is_held_while_its_request_is_answered_and_then_let_go() -> None:
    bodies = Bodies()

    async with (reading := bodies.read(SCOPE, sends(b"abc", b"de"))):
        during, body = bodies.held_bytes, await reading.body()

    assert (during, body, bodies.held_bytes) == (5, b"abcde", 0)


async def test_body_above_eight_mebibytes_is_refused_and_let_go() -> None:
    bodies = Bodies()

    status = await status_of(bodies, sends(bytes(MAX_BODY_BYTES), b"x"))

    assert (status, bodies.held_bytes) == (413, 0)


async def test_body_that_does_not_arrive_is_refused_after_its_time() -> None:
    bodies = Bodies(timeout_s=0.01)

    status = await status_of(bodies, sends(b"{", is_whole=False))

    assert (status, bodies.held_bytes) == (408, 0)


async def test_bodies_that_are_too_many_together_are_refused_until_others_are_let_go() -> None:
    bodies = Bodies(most_bytes=10)

    async with bodies.read(SCOPE, sends(b"12345678")):
        status = await status_of(bodies, sends(b"abc"))
    async with (reading := bodies.read(SCOPE, sends(b"abc"))):
        body = await reading.body()

    assert (status, body, bodies.held_bytes) == (503, b"abc", 0)
