"""Requests to kie that wait for a change: who is answered, when, and what is left of those that are gone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from muster.config.v1 import config_pb2, config_service_pb2_grpc
from muster.config.v1 import config_service_pb2 as calls
from muster_gateway.app import Gateway
from muster_gateway.kie.room import KieRoom
from muster_gateway.registry import Registry
from muster_gateway.server import GatewayServer, listen
from muster_server.core.errors import MusterError, Reason
from running import ManualClock, running_server

from gateway.kies import KV, Kie, running_kie


class NoMetrics:
    def render(self) -> bytes:
        return b""


@asynccontextmanager
async def in_process() -> AsyncIterator[tuple[Kie, KieRoom]]:
    """Kie on a gateway of the test's own, so that the test sees who waits."""
    async with running_server() as server, server.channel() as channel:
        room, sockets = KieRoom(Registry(channel)), listen("127.0.0.1", (0,))
        app = Gateway((room,), NoMetrics())
        gateway, url = GatewayServer(app, sockets), f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        async with app.serving(), asyncio.TaskGroup() as group:
            group.create_task(gateway.serve())
            await gateway.started()
            async with httpx.AsyncClient(base_url=url, timeout=30, limits=httpx.Limits(max_connections=None)) as http:
                yield Kie(server, config_service_pb2_grpc.ConfigServiceStub(channel), http), room
            gateway.stop()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110  # neither the gateway nor the engine has an event for it
            await asyncio.sleep(0.001)


async def until_waiting(room: KieRoom, count: int) -> None:
    await until(lambda: room.changes.waiting_count == count)


async def test_two_hundred_wait_at_once_without_keeping_others_from_being_answered() -> None:
    async with in_process() as (kie, room):
        await kie.create("a", labels={"app": "shop"})
        revision = await kie.revision()
        waiting = [kie.hold(f"label=app:shop&revision={revision}&wait=60s") for _ in range(200)]
        await until_waiting(room, 200)
        meanwhile = await kie.values()
        await kie.publish("a", "2", "shop")
        answers = await asyncio.gather(*waiting)

        assert meanwhile == {"a": "1"}
        assert {(answer.status_code, answer.json()["data"][0]["value"]) for answer in answers} == {(200, "2")}
        assert room.changes.waiting_count == 0


@pytest.mark.parametrize(
    ("query", "is_meant"),
    [
        ("label=app:shop&match=exact", True),
        ("label=app:shop", True),
        ("", True),
        ("label=app:other", False),
        ("label=app:shop&label=service:cart", False),
        ("label=service:cart&match=exact", False),
    ],
)
async def test_only_who_means_a_key_is_told_of_its_change(query: str, *, is_meant: bool) -> None:
    async with in_process() as (kie, room):
        await kie.create("a", labels={"app": "shop"})
        revision = await kie.revision()
        told = kie.hold(f"{query}&revision={revision}&wait={'60s' if is_meant else '500ms'}")
        everything = kie.hold(f"revision={revision}&wait=60s")
        await until_waiting(room, 2)
        await kie.publish("a", "2", "shop")

        assert (await everything).status_code == 200
        assert (await told).status_code == (200 if is_meant else 304)


@pytest.mark.parametrize("what", ["create", "change", "delete"])
async def test_each_kind_of_change_is_told(what: str) -> None:
    async with in_process() as (kie, room):
        kv = await kie.create("a", "1", {"app": "shop"})
        waiting = kie.hold(f"label=app:shop&revision={await kie.revision()}&wait=60s")
        await until_waiting(room, 1)
        match what:
            case "create":
                await kie.create("b", "1", {"app": "shop", "service": "cart"})
            case "change":
                await kie.http.put(f"{KV}/{kv['id']}", json={"value": "2"})
            case _:
                await kie.http.delete(f"{KV}/{kv['id']}")
        answer = await waiting

        values = {kv["key"]: kv["value"] for kv in answer.json()["data"]}
        assert values == {"create": {"a": "1", "b": "1"}, "change": {"a": "2"}, "delete": {}}[what]
        assert answer.headers["X-Kie-Revision"] == await kie.revision()


async def test_who_has_another_revision_or_none_that_is_current_is_answered_at_once() -> None:
    async with running_kie() as kie:
        await kie.create("a")
        revision = int(await kie.revision())
        others = [await kie.http.get(f"{KV}?wait=60s&revision={other}") for other in (-1, 0, revision - 1, revision + 1)]
        current = await kie.http.get(f"{KV}?revision={revision}")
        nothing = await kie.http.get(f"{KV}?revision={revision}&wait=0s")
        unknown = await kie.http.get(f"{KV}?wait=10ms")

        assert [answer.status_code for answer in others] == [200] * 4
        assert [answer.status_code for answer in (current, nothing, unknown)] == [304] * 3
        assert (current.content, "X-Kie-Revision" in current.headers) == (b"", False)


async def test_registrations_and_other_projects_do_not_move_the_revision() -> None:
    async with running_kie() as kie:
        await kie.create("a")
        revision = await kie.revision()
        await kie.http.post("/api/instance", json={"serviceName": "s", "ip": "10.0.0.1", "port": 80})
        await kie.publish("a", "2", namespace="default/other")

        assert await kie.revision() == revision


async def test_client_that_goes_away_while_it_waits_leaves_nothing_behind() -> None:
    clock = ManualClock()
    async with running_kie(clock=clock) as kie:
        revision = await kie.revision()
        waiting = [kie.hold(f"revision={revision}&wait=300s") for _ in range(3)]
        watchers = kie.server.engine.names.releases
        await until(lambda: any(watchers.subscribers))
        for request in waiting:
            request.cancel()
        await asyncio.wait(waiting)

        def is_over() -> bool:
            kie.server.advance(31)  # the gateway's watch ends at a bookmark that finds nobody waiting
            return not any(watchers.subscribers)

        await until(is_over)
        assert await kie.values() == {}


async def test_stopping_server_answers_those_who_wait() -> None:
    async with in_process() as (kie, room):
        waiting = kie.hold(f"revision={await kie.revision()}&wait=300s")
        await until_waiting(room, 1)
        kie.server.engine.audience.drain(1.0)

        assert (await asyncio.wait_for(waiting, 10)).status_code == 200


async def test_watch_that_breaks_is_begun_anew_and_what_was_missed_is_told() -> None:
    async with in_process() as (kie, room):
        waiting = kie.hold(f"revision={await kie.revision()}&wait=300s")
        await until_waiting(room, 1)
        watchers = kie.server.engine.names.releases.subscribers
        for watcher in list(watchers):
            watcher.end(MusterError(Reason.DRAINING, "cut"))
        await until(lambda: not any(watchers))
        await kie.publish("a", "1")
        answer = await asyncio.wait_for(waiting, 10)

        assert [kv["key"] for kv in answer.json()["data"]] == ["a"]


async def test_name_of_the_revision_is_spelled_as_java_chassis_wants_it() -> None:
    async with running_kie() as kie:
        host, port = kie.server.http_urls[0].removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {KV} HTTP/1.1\r\nHost: muster\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()

        assert b"\r\nX-Kie-Revision: 0\r\n" in answer


async def test_deleted_key_of_another_kind_of_client_releases_those_who_wait() -> None:
    async with in_process() as (kie, room):
        await kie.publish("a", "1")
        waiting = kie.hold(f"revision={await kie.revision()}&wait=60s")
        await until_waiting(room, 1)
        await kie.native.DeleteConfig(calls.DeleteConfigRequest(ref=config_pb2.ConfigRef(name="a")))

        assert (await waiting).json() == {"total": 0, "data": []}
