"""go-chassis' kie client, unmodified: what it writes, lists and waits for."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from muster_client import Client
from program import start
from running import running_server

from interop import tools
from interop.told import Program

PROGRAM = tools.program("kie-go")
LABELS = {"app": "shop", "service": "cart"}

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason="the kie client for Go is missing: scripts/tools.sh")]


@asynccontextmanager
async def running(url: str) -> AsyncIterator[Program]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(str(PROGRAM), url, stdin=pipe, stdout=pipe)
    client = Program(process)
    try:
        yield client
    finally:
        await client.kill()


async def done(client: Program, what: str, **fields: Any) -> dict[str, Any]:
    client.say(json.dumps({"do": what, **fields}))
    return await client.until(what)


async def test_go_client_creates_lists_changes_and_deletes() -> None:
    async with running_server() as server, running(server.http_urls[0]) as client:
        created = await done(client, "create", key="timeout", value="5s", labels=LABELS, status="enabled")
        again = await done(client, "create", key="timeout", value="6s", labels=LABELS)
        other = await done(client, "create", key="retries", value="3", labels=LABELS)
        listed = await done(client, "list", labels=LABELS, exact=True)
        nowhere = await done(client, "list", labels={"app": "shop"}, exact=True)
        changed = await done(client, "put", id=created["id"], value="7s", status="disabled")
        read = await done(client, "get", id=created["id"])
        unchanged = await done(client, "list", labels=LABELS, revision=(await done(client, "list", labels=LABELS))["revision"])
        await done(client, "delete", id=f"{created['id']},{other['id']}")
        gone = await done(client, "get", id=created["id"])

        assert "kv already exists" in again["error"]
        assert listed["values"] == {"timeout": "5s", "retries": "3"}
        assert nowhere["values"] == {}
        assert (changed["value"], changed["status"], read["value"], read["labels"]) == ("7s", "disabled", "7s", LABELS)
        assert unchanged["error"] == "kv has not been changed since last polling"
        assert "can not find any key value" in gone["error"]


async def test_go_client_that_waits_is_told_of_a_native_change() -> None:
    async with running_server() as server, running(server.http_urls[0]) as client, Client(server.grpc_target) as native:
        await done(client, "create", key="timeout", value="5s", labels=LABELS)
        known = await done(client, "list", labels=LABELS)
        client.say(json.dumps({"do": "list", "labels": LABELS, "revision": known["revision"], "wait": "20s"}))
        await client.until("waits")
        await native.publish_config("timeout?service=cart", "9s", group="shop")
        told = await client.until("list", within_s=10)

        assert told["values"] == {"timeout": "9s"}
        assert told["revision"] > known["revision"]


async def test_go_client_finds_its_keys_and_ids_after_a_restart(tmp_path: Path) -> None:
    first = start(tmp_path / "data")
    try:
        async with running(f"http://{first.http}") as client:
            created = await done(client, "create", key="timeout", value="5s", labels=LABELS)
            before = await done(client, "list", labels=LABELS)
    finally:
        first.kill()
    second = start(tmp_path / "data")
    try:
        async with running(f"http://{second.http}") as client:
            unchanged = await done(client, "list", labels=LABELS, revision=before["revision"])
            changed = await done(client, "put", id=created["id"], value="6s")
    finally:
        second.kill()

    assert unchanged["error"] == "kv has not been changed since last polling"
    assert changed["value"] == "6s"
