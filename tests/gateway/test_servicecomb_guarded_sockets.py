"""The WebSockets of ServiceComb where the registry asks for credentials: what they tell, and how long they are open."""

import asyncio
import json

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from gateway.consoles import MICROSERVICES, Console, console
from gateway.test_access import KINDS


async def watching(one: Console, service_id: str, who: dict[str, str]) -> ClientConnection:
    """A socket that is told of what a microservice calls."""
    url = str(one.http.base_url).rstrip("/").replace("http", "ws", 1)
    return await connect(f"{url}{MICROSERVICES}/{service_id}/watcher", additional_headers=who)


async def is_followed(one: Console, *names: str) -> None:
    """Until the gateway watches these services."""
    hub = one.world.server.engine.hub
    async with asyncio.timeout(5):
        while not set(names) <= {key.name for each in hub.subscribers for key in each.subscriptions}:  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.005)


async def closed(socket: ClientConnection) -> int:
    """The code with which a socket is closed."""
    async with asyncio.timeout(5):
        with pytest.raises(ConnectionClosed) as caught:
            await socket.recv()
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


async def test_a_watcher_is_told_of_what_its_account_may_see_only() -> None:
    async with console() as one:
        basket, stock, vault = [await one.service(serviceName=name) for name in ("basket", "stock", "vault")]
        names = [{"type": "service", "labels": {"serviceName": name}} for name in ("basket", "stock")]
        await one.role("clerk", *names, verbs=("get",))
        for name in ("stock", "vault"):
            asked = {"appId": "shop", "serviceName": name}
            await one.http.get("/v4/default/registry/instances", params=asked, headers={"X-ConsumerId": basket})
        socket = await watching(one, basket, await one.account("ann", "clerk"))
        await is_followed(one, "stock", "vault")

        for service in (vault, stock):
            instance = {"hostName": "h", "instanceId": f"of-{service}", "endpoints": ["rest://10.0.0.1:80"]}
            made = await one.http.post(f"{MICROSERVICES}/{service}/instances", json={"instance": instance})
            assert made.status_code == 200
        async with asyncio.timeout(5):
            told_of = json.loads(await socket.recv())

        assert told_of["instance"]["instanceId"] == f"of-{stock}"
        await socket.close()


@KINDS
@pytest.mark.parametrize("how", ["suspended", "deleted", "another password"])
async def test_a_watcher_is_closed_as_soon_as_its_credential_counts_no_more(kind: str, how: str) -> None:
    async with console(kind) as one:
        basket = await one.service(serviceName="basket")
        await one.role("reader", {"type": "service"}, verbs=("get",))
        sockets = {name: await watching(one, basket, await one.account(name, "reader")) for name in ("ann", "bob")}

        match how:
            case "suspended":
                await one.http.put("/v4/accounts/ann", json={"status": "inactive"})
            case "deleted":
                await one.http.delete("/v4/accounts/ann")
            case _:
                await one.http.post("/v4/accounts/ann/password", json={"password": "Bb!123456"})

        assert await closed(sockets["ann"]) == 1008
        assert sockets["bob"].state is State.OPEN
        await sockets["bob"].close()


async def test_a_heartbeat_socket_of_who_may_not_renew_is_closed() -> None:
    async with console() as one:
        stock = await one.service()
        await one.role("reader", {"type": "service"}, verbs=("get",))
        url = str(one.http.base_url).rstrip("/").replace("http", "ws", 1)
        path = f"{MICROSERVICES}/{stock}/instances/i/heartbeat"

        socket = await connect(f"{url}{path}", additional_headers=await one.account("ann", "reader"))

        assert await closed(socket) == 1008
