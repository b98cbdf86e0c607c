"""The configuration clients of Java chassis, unmodified: kie with its four queries and long polls, and the older config center."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from muster_client import Client
from muster_gateway.kie.changes import Changes, Waiter
from muster_gateway.kie.filters import Filter
from muster_gateway.kie.items import Moment
from program import start
from running import Server, running_server

from interop import tools
from interop.told import Program

CLASSES = tools.TOOLS / "kie-java"
IS_THERE = shutil.which("java") is not None and (CLASSES / "built-from").exists()
KV = "/v1/default/kie/kv"
APP = {"app": "shop", "environment": ""}
SERVICE = {**APP, "service": "cart"}
VERSION = {**SERVICE, "version": "1.0.0"}
LEVELS = 4

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_THERE, reason="the configuration clients of Java chassis are missing: scripts/tools.sh"),
]


@asynccontextmanager
async def running(kind: str, url: str) -> AsyncIterator[Program]:
    pipe = asyncio.subprocess.PIPE
    arguments = ["-cp", f"{CLASSES}:{CLASSES}/*", "Story", kind, url]
    process = await asyncio.create_subprocess_exec("java", *arguments, stdin=pipe, stdout=pipe)
    client = Program(process)
    try:
        yield client
    finally:
        await client.kill()


async def create(http: httpx.AsyncClient, key: str, value: str, labels: dict[str, str], **fields: Any) -> str:
    body = {"key": key, "value": value, "labels": labels, "status": "enabled", **fields}
    answer = await http.post(KV, json=body)
    assert answer.status_code == 200, answer.text
    kv_id: str = answer.json()["id"]
    return kv_id


class Polls(Changes):
    """Remembers at which revision each level was last held."""

    held: ClassVar[dict[str, int]] = {}

    @asynccontextmanager
    async def waiting(self, wanted: Filter) -> AsyncIterator[tuple[Waiter, Moment]]:
        async with super().waiting(wanted) as (waiter, moment):
            self.held[str(wanted.labels)] = moment.changed_revision
            yield waiter, moment


@pytest.fixture
def polls(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    monkeypatch.setattr("muster_gateway.kie.room.Changes", Polls)
    monkeypatch.setattr(Polls, "held", {})
    return Polls.held


async def until_known(server: Server, polls: dict[str, int]) -> None:
    """Until the client has asked for all of its four levels, with its three threads, since the last change.

    They keep the revision of their answers in one variable: while two are answered, one may take the other's and miss a change.
    """
    async with asyncio.timeout(20):
        while [*polls.values()] != [server.engine.state.configs.changed_revisions[""]] * LEVELS:  # noqa: ASYNC110  # no event for it
            await asyncio.sleep(0.001)


async def test_kie_client_merges_all_levels_and_is_told_of_changes(polls: dict[str, int]) -> None:
    async with (
        running_server() as server,
        httpx.AsyncClient(base_url=server.http_urls[0]) as http,
        Client(server.grpc_target) as native,
    ):
        await create(http, "a", "app", APP)
        await create(http, "b", "app", APP)
        await create(http, "b", "service", SERVICE)
        await create(http, "c", "version", VERSION)
        await create(http, "d", "public", {"public": ""})
        await create(http, "off", "never", APP, status="disabled")
        document = await create(http, "doc", "x:\n  y: 1\n", APP, value_type="yaml")
        async with running("kie", server.http_urls[0]) as java:
            values = {"a": "app", "b": "service", "c": "version", "d": "public", "x.y": "1"}
            await java.until("configuration", values=values)
            await until_known(server, polls)
            await http.put(f"{KV}/{document}", json={"value": "x:\n  y: 2\n"})
            await java.until("configuration", values={**values, "x.y": "2"})
            await until_known(server, polls)
            await native.publish_config("b?environment=&service=cart", "native", group="shop")
            await java.until("configuration", values={**values, "x.y": "2", "b": "native"})
            await until_known(server, polls)
            await http.delete(f"{KV}/{document}")
            await java.until(
                "configuration", values={key: value for key, value in {**values, "b": "native"}.items() if key != "x.y"}
            )


async def test_kie_client_goes_on_after_a_restart(tmp_path: Path) -> None:
    first = start(tmp_path / "data")
    async with httpx.AsyncClient(base_url=f"http://{first.http}") as http, running("kie", f"http://{first.http}") as java:
        try:
            kv_id = await create(http, "a", "one", APP)
            await java.until("configuration", values={"a": "one"})
        finally:
            first.kill()
        second = start(tmp_path / "data", "--http-ports", first.http.rpartition(":")[2])
        try:
            await http.put(f"{KV}/{kv_id}", json={"value": "two"})
            await java.until("configuration", values={"a": "two"}, within_s=40)
        finally:
            second.kill()


async def test_config_center_client_merges_dimensions_and_is_told_of_changes() -> None:
    async with running_server() as server, httpx.AsyncClient(base_url=server.http_urls[0]) as http:
        await create(http, "a", "1", {})
        await create(http, "b", "1", {})
        kv_id = await create(http, "b", "2", {"app": "shop", "service": "cart"})
        await create(http, "c", "3", {"app": "shop", "service": "cart", "version": "1.0.0"})
        async with running("center", server.http_urls[0]) as java:
            await java.until("configuration", values={"a": "1", "b": "2", "c": "3"})
            await http.put(f"{KV}/{kv_id}", json={"value": "4"})
            await java.until("configuration", values={"a": "1", "b": "4", "c": "3"})
