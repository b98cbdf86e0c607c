"""Fuzzy watches over the Nacos wire, told as an SDK of 3.x is told them."""

from typing import Any

import pytest
from muster_client import Client, ConfigRef, Endpoint, Instance
from muster_gateway.nacos.grpc.fuzzy import MAX_MATCHES, MAX_PATTERNS
from nacos_wire import NacosClient, host, nacos_client, register
from running import running_server

SERVICES, CONFIGS = "NamingFuzzyWatch", "ConfigFuzzyWatch"


async def watch(client: NacosClient, kind: str, pattern: str, *received: str, **more: Any) -> dict[str, Any]:
    fields = {"initializing": True, "watchType": "WATCH", "receivedGroupKeys": list(received), **more}
    return await client.ok(f"{kind}Request", groupKeyPattern=pattern, **fields)


async def synced(client: NacosClient, kind: str = SERVICES) -> dict[str, Any]:
    """The next batch, acknowledged."""
    push = await client.pushed(f"{kind}SyncRequest")
    await client.ack(push, f"{kind}ChangeNotifyResponse")
    return push


async def changed(client: NacosClient, kind: str = SERVICES) -> dict[str, Any]:
    """The next single change, acknowledged."""
    push = await client.pushed(f"{kind}ChangeNotifyRequest")
    await client.ack(push, f"{kind}ChangeNotifyResponse")
    return push


def told(push: dict[str, Any]) -> dict[str, str]:
    return {context.get("serviceKey") or context["groupKey"]: context["changedType"] for context in push["contexts"]}


async def test_services_that_fit_are_told_and_then_that_this_was_all() -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client:
        for service in ("pay-a", "pay-b", "other"):
            await register(client, "10.0.0.1", service)
        await watch(client, SERVICES, "public>>*>>pay-*")
        first, last = await synced(client), await synced(client)

        assert told(first) == {"public@@DEFAULT_GROUP@@pay-a": "ADD_SERVICE", "public@@DEFAULT_GROUP@@pay-b": "ADD_SERVICE"}
        assert (first["syncType"], first["currentBatch"], first["totalBatch"]) == ("FUZZY_WATCH_INIT_NOTIFY", 1, 1)
        assert (last["syncType"], last["contexts"]) == ("FINISH_FUZZY_WATCH_INIT_NOTIFY", [])


async def test_service_that_comes_and_goes_is_told_each_time() -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client, nacos_client(server.grpc_target) as other:
        await watch(client, SERVICES, "public>>*>>*")
        await synced(client)
        await register(other, "10.0.0.1", "new")
        came = await changed(client)
        await other.ok("InstanceRequest", type="deregisterInstance", serviceName="new", instance=host("10.0.0.1"))
        went = await changed(client)

        key = {"serviceKey": "public@@DEFAULT_GROUP@@new", "syncType": "FUZZY_WATCH_RESOURCE_CHANGED"}
        assert came.items() >= {**key, "changedType": "ADD_SERVICE"}.items()
        assert went.items() >= {**key, "changedType": "DELETE_SERVICE"}.items()


async def test_many_services_come_in_batches_of_ten() -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client:
        for number in range(25):
            await register(client, "10.0.0.1", f"s{number}")
        await watch(client, SERVICES, "public>>*>>*")
        batches = [await synced(client) for _ in range(4)]

        assert [len(batch["contexts"]) for batch in batches] == [10, 10, 5, 0]
        assert [(batch["currentBatch"], batch["totalBatch"]) for batch in batches[:3]] == [(1, 3), (2, 3), (3, 3)]
        assert len({key for batch in batches for key in told(batch)}) == 25


async def test_client_that_comes_back_is_told_the_difference_only() -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client:
        await register(client, "10.0.0.1", "known")
        await register(client, "10.0.0.1", "new")
        received = ["public@@DEFAULT_GROUP@@known", "public@@DEFAULT_GROUP@@gone"]
        await watch(client, SERVICES, "public>>*>>*", *received, initializing=False)
        push = await synced(client)

        assert push["syncType"] == "FUZZY_WATCH_DIFF_SYNC_NOTIFY"
        assert told(push) == {"public@@DEFAULT_GROUP@@new": "ADD_SERVICE", "public@@DEFAULT_GROUP@@gone": "DELETE_SERVICE"}


async def test_configs_of_other_dialects_are_told_with_words_of_their_own() -> None:
    async with (
        running_server() as server,
        nacos_client(server.grpc_target) as client,
        Client(server.grpc_target) as native,
    ):
        await native.publish_config(ConfigRef(name="app", group="g"), "x")
        await watch(client, CONFIGS, "public>>g>>*")
        first, last = await synced(client, CONFIGS), await synced(client, CONFIGS)
        await native.publish_config(ConfigRef(name="a+b", group="g"), "x")
        came = await changed(client, CONFIGS)
        await native.delete_config(ConfigRef(name="app", group="g"))
        went = await changed(client, CONFIGS)

        assert (told(first), last["syncType"]) == ({"app+g+public": "ADD_CONFIG"}, "FINISH_FUZZY_WATCH_INIT_NOTIFY")
        assert (came["groupKey"], came["changeType"]) == ("a%2Bb+g+public", "CONFIG_CHANGED")
        assert (went["groupKey"], went["changeType"]) == ("app+g+public", "DELETE_CONFIG")


async def test_service_of_another_dialect_is_told() -> None:
    async with (
        running_server() as server,
        nacos_client(server.grpc_target) as client,
        Client(server.grpc_target) as native,
    ):
        await watch(client, SERVICES, "public>>*>>*")
        await synced(client)
        await native.register_leased("svc", Instance(endpoints=[Endpoint(host="10.0.0.2", port=80)]))

        assert (await changed(client))["serviceKey"] == "public@@DEFAULT_GROUP@@svc"


async def test_cancelled_pattern_is_not_told_of_any_more() -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client:
        await watch(client, SERVICES, "public>>*>>a*")
        await synced(client)
        await watch(client, SERVICES, "public>>*>>b*")
        await synced(client)
        await watch(client, SERVICES, "public>>*>>a*", watchType="CANCEL_WATCH")
        await register(client, "10.0.0.1", "a1")
        await register(client, "10.0.0.1", "b1")

        assert (await changed(client))["serviceKey"] == "public@@DEFAULT_GROUP@@b1"


async def test_change_that_is_not_acknowledged_comes_again() -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client:
        await watch(client, SERVICES, "public>>*>>*")
        await synced(client)
        await register(client, "10.0.0.1", "svc")
        first = await client.pushed("NamingFuzzyWatchChangeNotifyRequest")
        again = await client.pushed("NamingFuzzyWatchChangeNotifyRequest")

        assert first["requestId"] != again["requestId"]
        assert first["serviceKey"] == again["serviceKey"]


async def test_pattern_too_many_is_refused_and_the_others_stand() -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client:
        for number in range(MAX_PATTERNS):
            await watch(client, SERVICES, f"public>>*>>p{number}", initializing=False)
        kind, refused = await client.ask("NamingFuzzyWatchRequest", groupKeyPattern="public>>*>>q", watchType="WATCH")
        await watch(client, CONFIGS, "public>>*>>q", initializing=False)
        await register(client, "10.0.0.1", "p3")

        assert (kind, refused["resultCode"], refused["errorCode"]) == ("NamingFuzzyWatchResponse", 500, 50310)
        assert (await changed(client))["serviceKey"] == "public@@DEFAULT_GROUP@@p3"


async def test_matches_too_many_are_left_out_and_said_so() -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client, Client(server.grpc_target) as native:
        for number in range(MAX_MATCHES + 1):
            await native.publish_config(ConfigRef(name=f"c{number:03}", group="g"), "x")
        kind, refused = await client.ask("ConfigFuzzyWatchRequest", groupKeyPattern="public>>*>>*", initializing=True)
        batches = []
        while (batch := await synced(client, CONFIGS))["syncType"] != "FINISH_FUZZY_WATCH_INIT_NOTIFY":
            batches.append(batch)
        await native.delete_config(ConfigRef(name="c000", group="g"))
        instead = await synced(client, CONFIGS)

        assert (kind, refused["resultCode"], refused["errorCode"]) == ("ConfigFuzzyWatchResponse", 500, 50311)
        assert sum(len(batch["contexts"]) for batch in batches) == MAX_MATCHES
        assert told(instead) == {"c000+g+public": "DELETE_CONFIG", "c500+g+public": "ADD_CONFIG"}


@pytest.mark.parametrize(
    "body",
    [
        {"groupKeyPattern": None},
        {"groupKeyPattern": "public"},
        {"groupKeyPattern": "public>>*>>*", "watchType": "LOOK"},
        {"groupKeyPattern": "public>>*>>*", "receivedGroupKeys": ["x"] * 10_001},
    ],
)
async def test_bad_fuzzy_watch_is_a_typed_refusal(body: dict[str, Any]) -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client:
        kind, refused = await client.ask("NamingFuzzyWatchRequest", **body)

        assert (kind, refused["resultCode"], refused["errorCode"]) == ("NamingFuzzyWatchResponse", 500, 400)
