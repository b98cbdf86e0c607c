"""What the caller of a socket may be told of where the registry asks for credentials: all sockets are fed from the same watches."""

from collections.abc import Callable

import grpc
import grpc.aio

from muster_gateway.registry import Registry
from muster_gateway.retry import Retry
from muster_gateway.servicecomb.followers import Home

REVIEW_S = 10.0


class Sight:
    """Of one caller, in whose name it is to be asked. It keeps an answer for each service that there was an event of."""

    def __init__(self, registry: Registry, now_s: Callable[[], float]) -> None:
        self._registry, self._now_s = registry, now_s
        self._answers: dict[Home, tuple[bool, float]] = {}

    async def may_see(self, home: Home) -> bool:
        """Whether the caller may read a service. An answer holds for 10 s: rights are taken without a word. Raises AioRpcError."""
        is_seen, asked_s = self._answers.get(home, (False, float("-inf")))
        if self._now_s() >= asked_s + REVIEW_S:
            asked_s = self._now_s()
            is_seen = await self._registry.may_read("service", *home)
            self._answers[home] = is_seen, asked_s
        return is_seen

    async def until_unknown(self) -> None:
        """Return as soon as the caller's credential counts no more. A registry that is away is waited for."""
        retry = Retry()
        while True:
            await self._registry.hold_stream("servicecomb-gateway")
            try:
                await self._registry.prove()
            except grpc.aio.AioRpcError as error:
                if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                    return
            await retry.wait()
