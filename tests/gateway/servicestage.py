"""A ServiceStage client for tests: calls of one project, and what every answer of the room has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from running import running_gateway, running_server

ENVIRONMENT = {"name": "env1", "vpc_id": "local", "base_resources": [{"id": "Default", "type": "ecs"}]}
COMPONENT = {"name": "c1", "runtime": "Custom", "category": "MicroService", "sub_category": "Java Chassis"}


class Client:
    """Calls below /v2/<project>/cas; answers are the status and the JSON (None: no body)."""

    def __init__(self, http: httpx.AsyncClient, project: str) -> None:
        self._http = http
        self._root = f"/v2/{project}/cas"

    async def call(self, method: str, path: str, body: Any = None, **how: Any) -> tuple[int, Any]:
        if body is not None:
            how["json"] = body
        answer = await self._http.request(method, self._root + path, **how)
        assert len(answer.headers["x-request-id"]) == 32
        if not answer.content:
            return answer.status_code, None
        assert answer.headers["content-type"] == "application/json"
        return answer.status_code, answer.json()

    async def made(self, path: str, body: Any) -> str:
        """The id of what a POST makes."""
        status, shown = await self.call("POST", path, body)
        assert status == 200, shown
        return str(shown["id"])

    async def refused(self, method: str, path: str, body: Any = None, **how: Any) -> tuple[int, str]:
        """The status and the last three digits of the code of a call that fails."""
        status, shown = await self.call(method, path, body, **how)
        assert set(shown) == {"error_code", "error_msg"}
        assert shown["error_msg"]
        return status, shown["error_code"].removeprefix("SVCSTG.00100")


@asynccontextmanager
async def client(kind: str = "local", project: str = "p1", **settings: Any) -> AsyncIterator[Client]:
    async with running_server(**settings) as server, running_gateway(server, kind) as url, httpx.AsyncClient(base_url=url) as http:
        yield Client(http, project)
