"""Locks over the Nacos wire."""

from typing import Any

import pytest
from nacos_wire import NacosClient, nacos_client
from running import ManualClock, running_server


async def operate(client: NacosClient, operation: str, expires_ms: int | None = 10_000, key: str = "job") -> bool:
    lock = {"key": key, "expiredTime": expires_ms, "lockType": "NACOS_LOCK", "params": None}
    return bool((await client.ok("LockOperationRequest", lockInstance=lock, lockOperationEnum=operation))["result"])


async def test_lock_is_held_by_one_and_released_by_anybody() -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as one, nacos_client(server.grpc_target) as other:
        acquired = [await operate(client, "ACQUIRE") for client in (one, one, other)]
        released = [await operate(other, "RELEASE") for _ in range(2)]
        again = await operate(other, "ACQUIRE")

        assert (acquired, released, again) == ([True, False, False], [True, False], True)


@pytest.mark.parametrize(("expires_ms", "held_s"), [(2000, 2.0), (-1, 30.0), (None, 30.0), (10**9, 1800.0)])
async def test_lock_expires(expires_ms: int | None, held_s: float) -> None:
    async with running_server(clock=ManualClock()) as server, nacos_client(server.grpc_target) as client:
        await operate(client, "ACQUIRE", expires_ms)
        (lock,) = server.engine.state.locks.values()

        assert lock.ttl_s == held_s


async def test_lock_outlives_the_connection_by_which_it_was_acquired() -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as other:
        async with nacos_client(server.grpc_target) as one:
            await operate(one, "ACQUIRE")

        assert not await operate(other, "ACQUIRE")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"lockInstance": None, "lockOperationEnum": "ACQUIRE"},
        {"lockInstance": {"key": " "}, "lockOperationEnum": "ACQUIRE"},
        {"lockInstance": {"key": "x" * 5000}, "lockOperationEnum": "ACQUIRE"},
        {"lockInstance": {"key": "job", "lockType": "OTHER"}, "lockOperationEnum": "ACQUIRE"},
        {"lockInstance": {"key": "job"}, "lockOperationEnum": "EXPIRE"},
        {"lockInstance": {"key": "job"}, "lockOperationEnum": None},
    ],
    ids=str,
)
async def test_bad_operation_is_a_typed_refusal_with_a_result(body: dict[str, Any]) -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client:
        kind, refused = await client.ask("LockOperationRequest", **body)

        assert (kind, refused["resultCode"], refused["result"]) == ("LockOperationResponse", 500, False)
        assert server.engine.state.locks == {}
