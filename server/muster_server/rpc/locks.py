"""LockService: one holder at a time, for a while."""

from muster.lock.v1 import lock_service_pb2 as wire

from muster_server.core.lock_commands import AcquireLock, Grant, LockKey, ReleaseLock, lock_key
from muster_server.core.state import LockTimer
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.calls import Call
from muster_server.rpc.decoding import require, seconds
from muster_server.rpc.encoding import duration


class LockServicer:
    """Each method is documented in lock_service.proto."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def acquire_lock(self, request: wire.AcquireLockRequest, _: Call) -> wire.AcquireLockResponse:
        """Take a lock, or extend it."""
        require(request, "ttl")
        key = _key(request)
        grant: Grant = await perform(self._engine, AcquireLock(key, seconds("ttl", request.ttl), request.holder, request.token))
        end_s = self._engine.state.timers.get(LockTimer(key))
        return wire.AcquireLockResponse(
            acquired=grant.is_acquired,
            token=grant.lock.token if grant.is_acquired else 0,
            holder=grant.lock.holder,
            remaining=duration(max(0.0, end_s - self._engine.lease_now_s()) if end_s is not None else 0.0),
        )

    async def release_lock(self, request: wire.ReleaseLockRequest, _: Call) -> wire.ReleaseLockResponse:
        """Give a lock back."""
        return wire.ReleaseLockResponse(released=await perform(self._engine, ReleaseLock(_key(request), request.token)))


def _key(request: wire.AcquireLockRequest | wire.ReleaseLockRequest) -> LockKey:
    require(request, "ref")
    return lock_key(request.ref.namespace, request.ref.name)
