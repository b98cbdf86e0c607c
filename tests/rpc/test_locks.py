"""LockService over the wire."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.duration_pb2 import Duration
from muster.lock.v1 import lock_service_pb2 as wire
from muster.lock.v1 import lock_service_pb2_grpc
from running import ManualClock, running_server

from rpc.test_registration import reason

JOB = wire.LockRef(name="job")


async def acquire(channel: grpc.aio.Channel, holder: str = "a", seconds: int = 10, **fields: Any) -> wire.AcquireLockResponse:
    request = wire.AcquireLockRequest(**{"ref": JOB, "ttl": Duration(seconds=seconds), "holder": holder, **fields})
    response: wire.AcquireLockResponse = await lock_service_pb2_grpc.LockServiceStub(channel).AcquireLock(request)
    return response


async def release(channel: grpc.aio.Channel, token: int = 0) -> bool:
    request = wire.ReleaseLockRequest(ref=JOB, token=token)
    return bool((await lock_service_pb2_grpc.LockServiceStub(channel).ReleaseLock(request)).released)


async def test_lock_is_acquired_told_and_released() -> None:
    async with running_server(clock=ManualClock()) as server, server.channel() as channel:
        first, second = await acquire(channel), await acquire(channel, "b")
        wrong, right = await release(channel, first.token + 1), await release(channel, first.token)
        third = await acquire(channel, "b")

        assert (first.acquired, first.holder, first.remaining.seconds) == (True, "a", 10)
        assert (second.acquired, second.token, second.holder) == (False, 0, "a")
        assert (wrong, right) == (False, True)
        assert third.token > first.token


async def test_of_many_who_ask_at_once_one_gets_it(tmp_path: Path) -> None:
    async with running_server(data_dir=tmp_path) as server, server.channel() as channel:
        answers = await asyncio.gather(*(acquire(channel, str(number)) for number in range(50)))

        winners = [answer for answer in answers if answer.acquired]
        assert len(winners) == 1
        assert {answer.holder for answer in answers} == {winners[0].holder}


async def test_lock_expires() -> None:
    async with running_server(clock=ManualClock()) as server, server.channel() as channel:
        await acquire(channel)
        server.advance(9.0)
        early = await acquire(channel, "b")
        server.advance(2.0)
        late = await acquire(channel, "b")

        assert (early.acquired, early.remaining.seconds, late.acquired) == (False, 1, True)


async def test_lock_outlives_a_restart_and_its_expiry_is_on_disk(tmp_path: Path) -> None:
    async with running_server(data_dir=tmp_path, clock=ManualClock()) as server, server.channel() as channel:
        first = await acquire(channel)
        server.advance(9.0)
    async with running_server(data_dir=tmp_path, clock=ManualClock()) as server, server.channel() as channel:
        second = await acquire(channel, "b")
        server.advance(11.0)
    async with running_server(data_dir=tmp_path, clock=ManualClock()) as server, server.channel() as channel:
        third = await acquire(channel, "b")

    assert (second.acquired, second.holder, second.remaining.seconds) == (False, "a", 10)  # the whole ttl again
    assert third.token > first.token


@pytest.mark.parametrize(
    "fields",
    [
        {"ref": None},
        {"ref": wire.LockRef()},
        {"ref": wire.LockRef(name="x" * 4097)},
        {"ttl": None},
        {"ttl": Duration()},
        {"ttl": Duration(seconds=-1)},
        {"ttl": Duration(seconds=1801)},
        {"holder": "x" * 257},
    ],
    ids=str,
)
async def test_bad_request_is_refused(fields: dict[str, Any]) -> None:
    async with running_server() as server, server.channel() as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await acquire(channel, **fields)

        assert (refused.value.code(), reason(refused.value)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
        assert server.engine.state.locks == {}
