"""Many Nacos clients that behave as SDKs do: when their connection is lost they come back and do again what they did."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from nacos_wire import OPTIONS, NacosClient, host, ips, parsed

BACKOFF_STEP_S = 0.1
"""After the n-th failure the Java SDK waits n times this long."""


@dataclass
class Member:
    """One client: a provider and a consumer of the same service.

    `redo_s` is how long after reconnecting it registers again (Java looks every 3 s); it subscribes at once. `seen` holds each list
    that it was told; `waited_s` is what it has waited by itself. It is `whole` while connected, registered, and told of as many
    instances as are `expected`.
    """

    target: str
    service: str
    ip: str
    redo_s: float = 0.0
    seen: list[list[str]] = field(default_factory=list)
    connects: int = 0
    waited_s: float = 0.0
    connected_s: float = 0.0
    registered_s: float = 0.0
    whole: asyncio.Event = field(default_factory=asyncio.Event)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    expected: int = 0

    async def run(self) -> None:
        """Stay connected until cancelled."""
        turn = 0
        while True:
            try:
                async with grpc.aio.insecure_channel(self.target, options=OPTIONS) as channel:
                    await self._live(NacosClient(channel))
            except* (grpc.aio.AioRpcError, AssertionError, asyncio.InvalidStateError):
                turn = turn + 1 if not self.whole.is_set() else 1
            if self.connects:
                self.lost.set()
            self.whole.clear()
            await self._wait(min(turn, 50) * BACKOFF_STEP_S)

    async def _live(self, client: NacosClient) -> None:
        await client.ok("ServerCheckRequest")
        await client.open(abilityTable={}, labels={"module": "naming"})
        self.connects += 1
        self.connected_s = time.monotonic()
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(self._read(client))
            group.create_task(self._redo(client))
            await reader

    async def _redo(self, client: NacosClient) -> None:
        try:
            answer = await client.ok("SubscribeServiceRequest", serviceName=self.service, subscribe=True)
            self._see(answer["serviceInfo"])
            if self.connects > 1:
                await self._wait(self.redo_s)
            await client.ok("InstanceRequest", type="registerInstance", serviceName=self.service, instance=host(self.ip))
            self.registered_s = time.monotonic()
            self._check()
        except (grpc.aio.AioRpcError, AssertionError):
            client.stream.cancel()

    async def _wait(self, seconds: float) -> None:
        self.waited_s += seconds
        await asyncio.sleep(seconds)

    async def _read(self, client: NacosClient) -> None:
        while (data := await client.stream.read()) is not grpc.aio.EOF:
            kind, push = parsed(data)
            if kind == "NotifySubscriberRequest":
                await client.ack(push)
                self._see(push["serviceInfo"])
                self._check()

    def _see(self, info: dict[str, Any]) -> None:
        self.seen.append(ips(info))

    def _check(self) -> None:
        if self.registered_s > self.connected_s and len(self.seen[-1]) == self.expected:
            self.whole.set()
