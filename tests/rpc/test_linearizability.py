"""Compare-and-set under sixteen writers and kill -9: one order explains every answer."""

import asyncio
import hashlib
import time
from pathlib import Path

import grpc
import grpc.aio
import pytest
from linearizability import UNKNOWN, Operation, is_linearizable
from muster.config.v1 import config_service_pb2 as wire
from program import Program, start

from rpc.configs import REF, publish, stub

WRITERS, ROUNDS, WRITES_A_ROUND = 16, 4, 60


def operation(start_s: float, end_s: float, value: str, expected: str | None = None, *, is_done: bool = True) -> Operation:
    return Operation(start_s, end_s, value, expected, is_done)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([operation(0, 1, "b", "a"), operation(2, 3, "b")], True),
        ([operation(0, 1, "b", "a"), operation(2, 3, "a")], False),
        ([operation(0, 3, "b", "a"), operation(1, 2, "a")], True),
        ([operation(0, 1, "b", "a"), operation(0, 1, "c", "a")], False),
        ([operation(0, 1, "b", "a"), operation(0, 1, "c", "a", is_done=False)], True),
        ([operation(0, UNKNOWN, "b", "a"), operation(5, 6, "b")], True),
        ([operation(0, UNKNOWN, "b", "a"), operation(5, 6, "a")], True),
        ([operation(0, UNKNOWN, "b", "a"), operation(5, 6, "b"), operation(7, 8, "a")], False),
    ],
)
def test_checker_tells_right_histories_from_wrong_ones(history: list[Operation], expected: bool) -> None:
    assert is_linearizable(history, "a") is expected


class Writers:
    """Sixteen writers that read and then compare-and-set one item; the server is killed after so many writes."""

    def __init__(self, first: str) -> None:
        self.first = first
        self.history: list[Operation] = []
        self.done = 0

    async def run(self, program: Program, number: int) -> None:
        async with grpc.aio.insecure_channel(program.grpc) as channel, asyncio.TaskGroup() as group:
            for writer in range(WRITERS):
                group.create_task(self._write(channel, program, f"{number}.{writer}"))

    async def _write(self, channel: grpc.aio.Channel, program: Program, name: str) -> None:
        configs, count = stub(channel), 0
        while program.process.poll() is None:
            began_s, count = time.monotonic(), count + 1
            try:
                seen = (await configs.GetConfig(wire.GetConfigRequest(ref=REF))).release
            except grpc.aio.AioRpcError:
                return
            self.history.append(Operation(began_s, time.monotonic(), seen.content))
            value, began_s = f"{name}.{count}", time.monotonic()
            try:
                await publish(channel, value, condition=wire.WriteCondition(md5=hashlib.md5(seen.content.encode()).hexdigest()))
            except grpc.aio.AioRpcError as error:
                is_refused = error.code() is grpc.StatusCode.ABORTED
                end_s = time.monotonic() if is_refused else UNKNOWN
                self.history.append(Operation(began_s, end_s, value, seen.content, is_done=not is_refused))
                continue
            self.history.append(Operation(began_s, time.monotonic(), value, seen.content))
            self.done += 1
            if self.done % WRITES_A_ROUND == 0:
                program.kill()


@pytest.mark.slow
async def test_compare_and_set_is_linearizable_under_sixteen_writers_and_kills(tmp_path: Path) -> None:
    writers = Writers("0")
    for number in range(ROUNDS):
        program = await asyncio.to_thread(start, tmp_path / "data")
        if number == 0:
            async with grpc.aio.insecure_channel(program.grpc) as channel:
                await publish(channel, "0", condition=wire.WriteCondition(create_only=True))
        await writers.run(program, number)

    refused = sum(1 for entry in writers.history if not entry.is_done)
    assert writers.done >= ROUNDS * WRITES_A_ROUND
    assert refused > 0
    assert is_linearizable(writers.history, "0")
