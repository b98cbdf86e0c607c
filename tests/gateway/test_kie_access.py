"""Kie on a server with authentication: callers read, wait for and write what they are permitted, from shared answers too."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
from access_world import World, guarded
from muster.admin.v1 import access_service_pb2 as wire

from gateway.kies import KV
from gateway.test_access import KINDS, edge, headers

LABELS = {"app": "shop"}


async def token_file(world: World, path: Path) -> Path:
    """A token of a user who may read all configuration, for a gateway apart."""
    await world.user("edge", ("*:*:config/*", "r"))
    _, metadata = await world.token("edge")
    return written(path, dict(metadata)["authorization"].removeprefix("Bearer "))


def written(path: Path, secret: str) -> Path:
    path.touch(0o600)
    path.write_text(secret)
    return path


def create(client: httpx.AsyncClient, who: Any, value: str, key: str = "a", labels: Any = None) -> Any:
    body = {"key": key, "value": value, "labels": LABELS if labels is None else labels}
    return client.post(KV, json=body, headers=who)


@KINDS
async def test_callers_get_what_they_are_permitted(kind: str, tmp_path: Path) -> None:
    async with guarded() as world:
        path = await token_file(world, tmp_path / "token")
        async with edge(kind, world, path) as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
            owner = headers(await world.user("owner", ("default:shop:config/*", "rw")))
            reader = headers(await world.user("reader", ("default:shop:config/*", "r")))
            stranger = headers(await world.user("stranger", ("default:other:config/*", "rw")))
            made = await create(client, owner, "1")
            elsewhere = await create(client, owner, "1", labels={"app": "other"})
            shared = f"{KV}?label=app:shop"
            lists = [await client.get(shared, headers=who) for who in (owner, reader, stranger, {}, reader)]
            everything = await client.get(KV, headers=reader)
            changed = await client.put(f"{KV}/{made.json()['id']}", json={"value": "2"}, headers=reader)
            center = [
                await client.get("/v3/default/configuration/items?dimensionsInfo=cart%40shop", headers=who)
                for who in (headers(world.admin), reader)
            ]

        assert (made.status_code, elsewhere.status_code) == (200, 403)
        assert [answer.status_code for answer in lists] == [200, 200, 403, 401, 200]
        assert [answer.json()["errorCode"] for answer in (lists[2], lists[3], everything, changed)] == [
            "403001",
            "401001",
            "403001",
            "403001",
        ]
        assert [answer.status_code for answer in center] == [200, 403]


@KINDS
async def test_who_may_read_is_told_and_who_may_not_is_refused_before_and_after_waiting(kind: str, tmp_path: Path) -> None:
    async with guarded() as world:
        path = await token_file(world, tmp_path / "token")
        async with edge(kind, world, path) as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
            owner = headers(await world.user("owner", ("default:shop:config/*", "rw")))
            await world.user("leaver", ("default:shop:config/*", "r"))
            token_id, metadata = await world.token("leaver")
            stranger = headers(await world.user("stranger", ("default:other:config/*", "rw")))
            made = await create(client, owner, "1")
            query = f"{KV}?label=app:shop&wait=20s&revision={made.json()['update_revision']}"
            refused = await client.get(query, headers=stranger)
            watchers = world.server.engine.names.releases
            waiting = [asyncio.create_task(client.get(query, headers=who)) for who in (owner, headers(metadata))]
            async with asyncio.timeout(20):
                while not any(watchers.subscribers):  # noqa: ASYNC110  # the engine has no event for it
                    await asyncio.sleep(0.01)
            await world.access.RevokeToken(wire.RevokeTokenRequest(id=token_id), metadata=world.admin)
            await client.put(f"{KV}/{made.json()['id']}", json={"value": "2"}, headers=owner)
            told, revoked = await asyncio.gather(*waiting)

        assert refused.status_code == 403
        assert (told.status_code, told.json()["data"][0]["value"]) == (200, "2")
        assert revoked.status_code == 401
