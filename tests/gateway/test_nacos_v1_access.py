"""The calls of Nacos 1 on a server with authentication: callers get what they are permitted."""

from typing import Any

import httpx
import pytest
from access_world import guarded

from gateway.test_access import KINDS, edge, headers
from gateway.test_nacos_v1_polls import WAITING, probe

INSTANCE = {"serviceName": "pay", "ip": "10.0.0.1", "port": "80"}


@KINDS
async def test_instances_are_registered_kept_and_listed_by_those_who_may(kind: str) -> None:
    async with guarded() as world, edge(kind, world) as url, httpx.AsyncClient(base_url=url) as client:
        clerk = headers(await world.user("clerk", ("default:DEFAULT_GROUP:service/pay", "rw")))

        async def codes(service: str) -> list[int]:
            params = {**INSTANCE, "serviceName": service}
            path = "/nacos/v1/ns/instance"
            return [
                (await client.request(method, f"{path}{more}", params=params, headers=clerk)).status_code
                for method, more in (("POST", ""), ("PUT", "/beat"), ("GET", "/list"), ("DELETE", ""))
            ]

        assert await codes("pay") == [200] * 4
        assert await codes("ship") == [403] * 4


@KINDS
async def test_configs_are_published_read_and_listened_to_by_those_who_may(kind: str) -> None:
    async with guarded() as world, edge(kind, world) as url, httpx.AsyncClient(base_url=url) as client:
        clerk = headers(await world.user("clerk", ("default:g:config/app", "rw")))

        async def codes(name: str) -> list[int]:
            path, names = "/nacos/v1/cs/configs", {"dataId": name, "group": "g"}
            asked: list[tuple[str, str, dict[str, Any]]] = [
                ("POST", path, {"data": {**names, "content": "x"}}),
                ("GET", path, {"params": names}),
                ("POST", f"{path}/listener", {"data": {"Listening-Configs": probe(name, "g", "old")}}),
                ("DELETE", path, {"params": names}),
            ]
            return [
                (await client.request(method, place, headers={**clerk, **WAITING}, **more)).status_code
                for method, place, more in asked
            ]

        assert await codes("app") == [200] * 4
        assert await codes("other") == [403] * 4


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_calls_that_are_gone_say_so_to_everybody(method: str) -> None:
    async with guarded() as world, httpx.AsyncClient(base_url=world.server.http_urls[0]) as client:
        assert (await client.request(method, "/nacos/v1/ns/instance")).status_code == 410
