"""Short ways to speak to the Nacos config calls over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from muster.config.v1 import config_service_pb2_grpc
from running import ManualClock, Server, running_gateway, running_server

ADMIN = "/nacos/v3/admin/cs"
CONFIG = f"{ADMIN}/config"
NAMES = {"dataId": "d", "groupName": "g"}
OK = {"code": 0, "message": "success", "data": True}


@asynccontextmanager
async def gateway(kind: str = "local", **settings: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Any, Server]]:
    """An HTTP client, the native stub, and the server behind both."""
    async with (
        running_server(clock=ManualClock(), **settings) as server,
        server.channel() as channel,
        running_gateway(server, kind) as url,
        httpx.AsyncClient(base_url=url, timeout=20) as http,
    ):
        yield http, config_service_pb2_grpc.ConfigServiceStub(channel), server


async def publish(http: httpx.AsyncClient, content: str = "c", headers: dict[str, str] | None = None, **form: str) -> None:
    answer = await http.post(CONFIG, data={**NAMES, "content": content, **form}, headers=headers)
    assert answer.json() == OK


async def got(http: httpx.AsyncClient, path: str, **query: str) -> Any:
    """The data of a successful answer."""
    answer = await http.get(f"{ADMIN}{path}", params=query)
    body = answer.json()
    assert (answer.status_code, body["code"]) == (200, 0), body
    return body["data"]


async def detail(http: httpx.AsyncClient, **names: str) -> Any:
    return await got(http, "/config", **{**NAMES, **names})


async def found(http: httpx.AsyncClient, **query: str) -> list[str]:
    """The names that a search finds, on its first page."""
    return [item["dataId"] for item in (await got(http, "/config/list", **query))["pageItems"]]


async def refusal(http: httpx.AsyncClient, method: str, path: str, **request: Any) -> tuple[int, int, Any]:
    """Status, code and data of an answer that is none."""
    answer = await http.request(method, f"{ADMIN}{path}", **request)
    body = answer.json()
    return answer.status_code, body["code"], body["data"]
