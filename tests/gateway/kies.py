"""Short ways to speak kie."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from muster.config.v1 import config_pb2, config_service_pb2_grpc
from muster.config.v1 import config_service_pb2 as calls
from running import ManualClock, Server, running_gateway, running_server

KV = "/v1/default/kie/kv"


@dataclass
class Kie:
    """A server, its native stub, and kie over HTTP."""

    server: Server
    native: Any
    http: httpx.AsyncClient

    async def create(self, key: str, value: str = "1", labels: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
        answer = await self.http.post(KV, json={"key": key, "value": value, "labels": labels, "status": "enabled", **fields})
        assert answer.status_code == 200, answer.text
        kv: dict[str, Any] = answer.json()
        return kv

    async def values(self, query: str = "") -> dict[str, str]:
        answer = await self.http.get(f"{KV}?{query}")
        assert answer.status_code == 200, answer.text
        return {kv["key"]: kv["value"] for kv in answer.json()["data"]}

    async def revision(self) -> str:
        return (await self.http.get(KV)).headers["X-Kie-Revision"]

    async def publish(self, name: str, content: str, group: str = "", namespace: str = "", **fields: Any) -> config_pb2.Release:
        ref = config_pb2.ConfigRef(namespace=namespace, group=group, name=name)
        answer = await self.native.PublishConfig(calls.PublishConfigRequest(ref=ref, content=content, **fields))
        return answer.release

    async def read(self, name: str, group: str = "") -> config_pb2.Release:
        ref = config_pb2.ConfigRef(group=group, name=name)
        answer = await self.native.GetConfig(calls.GetConfigRequest(ref=ref))
        return answer.release

    def hold(self, query: str) -> "asyncio.Task[httpx.Response]":
        """A request that waits, sent."""
        return asyncio.get_running_loop().create_task(self.http.get(f"{KV}?{query}"))


@asynccontextmanager
async def running_kie(kind: str = "local", *, clock: ManualClock | None = None) -> AsyncIterator[Kie]:
    limits = httpx.Limits(max_connections=1000)
    async with (
        running_server(clock=clock) as server,
        server.channel() as channel,
        running_gateway(server, kind) as url,
        httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as http,
    ):
        yield Kie(server, config_service_pb2_grpc.ConfigServiceStub(channel), http)
