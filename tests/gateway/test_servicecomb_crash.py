"""kill -9 of a server that ServiceComb's clients use: what was acknowledged and would not heal by itself is there again."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from program import Program, start

REGISTRY = "/v4/default/registry"


async def call(http: httpx.AsyncClient, method: str, path: str, **options: Any) -> dict[str, Any]:
    answer = await http.request(method, f"{REGISTRY}{path}", **options)
    assert answer.status_code == 200, answer.text
    return answer.json() if answer.content else {}  # type: ignore[no-any-return]  # JSON


def client(program: Program) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://{program.http}", timeout=20)


@pytest.mark.slow
async def test_acknowledged_changes_of_an_instance_survive_a_kill_at_once_after_the_answer(tmp_path: Path) -> None:
    program = await asyncio.to_thread(start, tmp_path / "data")
    async with client(program) as http:
        made = await call(http, "POST", "/microservices", json={"service": {"serviceName": "stock"}})
        every = f"/microservices/{made['serviceId']}/instances"
    changes: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("/status", {"params": {"value": "OUTOFSERVICE"}}, {"status": "OUTOFSERVICE"}),
        ("/properties", {"json": {"properties": {"zone": "east"}}}, {"properties": {"zone": "east"}}),
    ]
    for number, (path, change, expected) in enumerate(changes * 3):
        async with client(program) as http:
            instance = {"instanceId": f"i{number}", "hostName": "h", "endpoints": [f"rest://10.0.0.{number}:80"]}
            await call(http, "POST", every, json={"instance": instance})
            await call(http, "PUT", f"{every}/i{number}{path}", **change)
            program.kill()
        program = await asyncio.to_thread(start, tmp_path / "data")
        async with client(program) as http:
            found = (await call(http, "GET", f"{every}/i{number}"))["instance"]
            assert {name: found.get(name) for name in expected} == expected
    program.kill()


@pytest.mark.slow
async def test_instance_registered_anew_at_another_address_is_there_after_a_kill(tmp_path: Path) -> None:
    program = await asyncio.to_thread(start, tmp_path / "data")
    async with client(program) as http:
        made = await call(http, "POST", "/microservices", json={"service": {"serviceName": "stock"}})
        every = f"/microservices/{made['serviceId']}/instances"
        for host in ("10.0.0.1", "10.0.0.2"):
            instance = {"instanceId": "i", "hostName": "h", "endpoints": [f"rest://{host}:80"]}
            await call(http, "POST", every, json={"instance": instance})
        program.kill()
    program = await asyncio.to_thread(start, tmp_path / "data")

    async with client(program) as http:
        await call(http, "PUT", f"{every}/i/heartbeat")
        found = (await call(http, "GET", f"{every}/i"))["instance"]

    assert found["endpoints"] == ["rest://10.0.0.2:80"]
    program.kill()
