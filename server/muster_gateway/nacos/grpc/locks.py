"""The lock requests, each one a lock call of the registry."""

from google.protobuf.duration_pb2 import Duration
from muster.lock.v1 import lock_service_pb2 as native

from muster_gateway.nacos.grpc import requests, wire
from muster_gateway.nacos.grpc.connections import Connection
from muster_gateway.nacos.grpc.wire import Frame, RefusedCallError
from muster_gateway.registry import CALL_TIMEOUT_S, Registry

MUTEX = "NACOS_LOCK"
DEFAULT_MS = 30_000
MAX_MS = 30 * 60_000


class Locks:
    """Knows the registry by its stubs only. Nacos' locks have no owner: whoever names one may release it."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def operate(self, asked: requests.LockOperation, connection: Connection, _: Frame) -> bytes:
        """LockOperationRequest: its result is false for a lock that another holds, or, to be released, that nobody does."""
        lock = asked.lockInstance or requests.LockInstance()
        if not (lock.key or "").strip():
            raise RefusedCallError(wire.INVALID_PARAMETER, "Param 'key' is illegal, it is blank")
        if (lock.lockType or MUTEX) != MUTEX:
            raise RefusedCallError(wire.FAILED, f"Unsupported lock type {lock.lockType}")
        ref = native.LockRef(name=lock.key)
        match asked.lockOperationEnum:
            case "ACQUIRE":
                result = await self._acquire(ref, lock.expiredTime, connection)
            case "RELEASE":
                request = native.ReleaseLockRequest(ref=ref)
                result = (await self._registry.locks.ReleaseLock(request, timeout=CALL_TIMEOUT_S)).released
            case other:
                raise RefusedCallError(wire.FAILED, f"Unsupported lock operation {other}")
        return wire.answer("LockOperationResponse", {"result": result})

    async def _acquire(self, ref: native.LockRef, expires_ms: int | None, connection: Connection) -> bool:
        ttl = Duration()
        ttl.FromMilliseconds(DEFAULT_MS if expires_ms is None or expires_ms < 0 else min(max(1, expires_ms), MAX_MS))
        request = native.AcquireLockRequest(ref=ref, ttl=ttl, holder=f"nacos {connection.client_ip}"[:64])
        response: native.AcquireLockResponse = await self._registry.locks.AcquireLock(request, timeout=CALL_TIMEOUT_S)
        return response.acquired
