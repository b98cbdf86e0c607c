"""Who a Nacos connection is, where the registry asks: one user, for as long as the credential counts and the rights hold."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import grpc
import grpc.aio

from muster_gateway.callers import Caller, acting_for, current_caller
from muster_gateway.nacos.credentials import DENIED
from muster_gateway.nacos.grpc import wire
from muster_gateway.nacos.grpc.connections import Connection, Connections
from muster_gateway.nacos.grpc.wire import RefusedCallError
from muster_gateway.registry import Registry

REVIEW_S = 10.0
_KINDS = {"naming": "service", "config": "config"}
Start = Callable[[Coroutine[Any, Any, None], Connection], "asyncio.Task[None]"]


class Admission:
    """Asked by every request of a client, before anything else is done with it.

    Each connection has a stream of its own at the registry, in its client's name: the registry ends it when the credential is
    revoked or has expired, and with it ends the connection. What is served from watches that connections share is looked at again
    every 10 s, because the rights to it may be taken without a word.
    """

    def __init__(self, registry: Registry, connections: Connections, start: Start) -> None:
        self._registry, self._connections, self._start = registry, connections, start

    async def admit(self, connection: Connection) -> None:
        """Let the request of the current caller pass.

        Raises AioRpcError for a credential that does not count, RefusedCallError for that of another user than this connection's,
        and for a connection that has ended meanwhile.
        """
        user, caller = await self._registry.prove(), current_caller()
        connection.check_open()
        if connection.user not in ("", user):
            raise RefusedCallError(wire.FORBIDDEN, DENIED)
        connection.user = user
        if connection.caller != caller:
            connection.caller = caller
            connection.stop_holding()
            connection.stop_holding = self._start(self._hold(connection), connection).cancel

    async def review(self) -> None:
        """Look every 10 s whether connections may still see what they watch, until cancelled."""
        while True:
            await asyncio.sleep(REVIEW_S)
            for connection in self._connections.all():
                if connection.caller is not None:
                    await self._review(connection, connection.caller)

    async def _review(self, connection: Connection, caller: Caller) -> None:
        try:
            with acting_for(caller):
                for service in list(connection.subscriptions):
                    if not await self._registry.may_read("service", *service):
                        return connection.end("a permission that a subscription needs was taken")
                for (module, _), watch in list(connection.fuzzy_watches.items()):
                    if not await self._registry.may_read(_KINDS[module], watch.namespace):
                        return connection.end("a permission that a fuzzy watch needs was taken")
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                connection.end("the credential does not count any more")

    async def _hold(self, connection: Connection) -> None:
        await self._registry.hold_stream("nacos-gateway")
        connection.end("the credential does not count any more, or the registry is gone")
