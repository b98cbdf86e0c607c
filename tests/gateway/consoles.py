"""Short ways to administer accounts and roles as ServiceComb has them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from access_world import World, guarded

from gateway.test_access import edge

PASSWORD = "Aa!123456"
MICROSERVICES = "/v4/default/registry/microservices"
LOOSE: dict[str, Any] = {"appId": "shop", "serviceName": "stock", "version": "1.0.0"}


@dataclass
class Console:
    """Calls of a person who is logged in as the administrator, or as somebody else."""

    http: httpx.AsyncClient
    world: World

    async def login(self, name: str = "cse", password: str = PASSWORD) -> dict[str, str]:
        """The headers of somebody who has logged in."""
        answer = await self.http.post("/v4/token", json={"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    async def role(self, name: str, *resources: Any, verbs: tuple[str, ...] = ("*",)) -> None:
        """A role that may do this with all of these resources."""
        body = {"name": name, "perms": [{"resources": list(resources), "verbs": list(verbs)}]}
        assert (await self.http.post("/v4/roles", json=body)).status_code == 200

    async def account(self, name: str, *roles: str) -> dict[str, str]:
        """An account; the headers of its login."""
        made = await self.http.post("/v4/accounts", json={"name": name, "password": PASSWORD, "roles": roles})
        assert made.status_code == 200, made.text
        return await self.login(name)

    async def service(self, **fields: Any) -> str:
        """A microservice that the administrator has made."""
        made = await self.http.post(MICROSERVICES, json={"service": {**LOOSE, **fields}})
        return str(made.json()["serviceId"])


@asynccontextmanager
async def console(kind: str = "local", **settings: Any) -> AsyncIterator[Console]:
    async with guarded(**settings) as world, edge(kind, world) as url, httpx.AsyncClient(base_url=url, timeout=20) as http:
        http.headers.update(dict(world.admin))
        yield Console(http, world)


def told(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and detail of an error."""
    body = answer.json()
    assert body["errorCode"].startswith(str(answer.status_code))
    return answer.status_code, body["errorCode"], body.get("detail", "")
