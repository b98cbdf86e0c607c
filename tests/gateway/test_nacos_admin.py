"""The Nacos admin calls for naming and for the server itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2, registration_service_pb2_grpc
from muster.registry.v1 import registration_service_pb2 as registration
from muster_server.app import gateway_serving
from muster_server.settings import Settings
from nacos_wire import nacos_client, register, subscribe
from running import Server, running_gateway, running_server

ADMIN, CLIENT = "/nacos/v3/admin/ns", "/nacos/v3/client/ns/instance"
CORE = "/nacos/v3/admin/core"
SERVICE = {"serviceName": "api"}
API = instance_pb2.ServiceRef(name="api")
KINDS = pytest.mark.parametrize("kind", ["local", "apart"])


class Http:
    """A caller that expects to be served."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def __call__(self, method: str, path: str, **sent: Any) -> Any:
        answer = await self.client.request(method, path, params=sent)
        assert (answer.status_code, answer.json()["code"]) == (200, 0), answer.text
        return answer.json()["data"]

    async def refused(self, method: str, path: str, **sent: Any) -> tuple[int, int, Any]:
        answer = await self.client.request(method, path, params=sent)
        return answer.status_code, answer.json()["code"], answer.json()["data"]


@asynccontextmanager
async def serving(kind: str = "local", **settings: Any) -> AsyncIterator[tuple[Http, Server]]:
    async with (
        running_server(**settings) as server,
        running_gateway(server, kind) as url,
        httpx.AsyncClient(base_url=url, timeout=30) as client,
    ):
        yield Http(client), server


async def put(http: Http, *ips: str, **fields: str) -> None:
    for ip in ips:
        await http("POST", CLIENT, **{**SERVICE, "ip": ip, "port": "80", **fields})


async def listed(http: Http, path: str = f"{CLIENT}/list", **sent: str) -> dict[str, dict[str, Any]]:
    return {shown["ip"]: shown for shown in await http("GET", path, **{**SERVICE, **sent})}


@KINDS
async def test_override_holds_over_what_the_client_registers_afterwards(kind: str) -> None:
    async with serving(kind) as (http, _):
        await put(http, "a", metadata="k=1", weight="5")
        await http("PUT", f"{ADMIN}/instance", **SERVICE, ip="a", port="80", weight="3", enabled="false", metadata="z=1")

        await put(http, "a", metadata="k=2", weight="9")

        shown = (await listed(http, f"{ADMIN}/instance/list"))["a"]
        assert (shown["weight"], shown["enabled"], shown["metadata"]) == (3.0, False, {"k": "2", "z": "1"})
        assert await listed(http) == {}


async def test_partial_override_leaves_what_is_not_sent() -> None:
    async with serving() as (http, _):
        await put(http, "a")
        where = {**SERVICE, "ip": "a", "port": "80"}
        await http("PUT", f"{ADMIN}/instance", **where, weight="3", enabled="false", metadata="x=1")

        await http("PUT", f"{ADMIN}/instance/partial", **where, metadata="y=2")
        await http("PUT", f"{ADMIN}/instance/partial", **where, enabled="true")

        shown = await http("GET", f"{ADMIN}/instance", **where)
        assert (shown["weight"], shown["enabled"], shown["metadata"]) == (3.0, True, {"x": "1", "y": "2"})


async def test_override_of_what_is_not_there_says_what_is_missing() -> None:
    async with serving() as (http, _):
        where = {**SERVICE, "port": "80"}
        no_service = await http.refused("PUT", f"{ADMIN}/instance", **where, ip="a")
        await put(http, "a")
        no_instance = await http.refused("PUT", f"{ADMIN}/instance", **where, ip="b")
        no_cluster = await http.refused("PUT", f"{ADMIN}/instance", **where, ip="a", clusterName="east")
        no_kind = await http.refused("PUT", f"{ADMIN}/instance/partial", **where, ip="a", ephemeral="false", weight="2")

        assert [one[:2] for one in (no_service, no_instance, no_cluster, no_kind)] == [(400, 21004)] * 4
        assert no_service[2].startswith("service not found, namespace: public, service: Service{namespace='public'")
        assert no_instance[2] == "instance not found: b:80 in service DEFAULT_GROUP@@api"
        assert (await listed(http))["a"]["weight"] == 1.0


@pytest.mark.parametrize(
    ("asked", "updated"),
    [
        ({}, {"a", "b"}),
        ({"consistencyType": "ephemeral"}, {"a", "b"}),
        ({"consistencyType": "persist"}, set()),
        ({"instances": json.dumps([{"ip": "b", "port": 80}])}, {"b"}),
        ({"instances": json.dumps([{"ip": "b", "port": 80, "clusterName": "east"}])}, set()),
        ({"instances": json.dumps([{"ip": "b", "port": 80, "ephemeral": False}])}, set()),
        ({"instances": "[]"}, set()),
    ],
)
async def test_batch_lays_metadata_over_those_it_names_and_lifts_them_again(asked: dict[str, str], updated: set[str]) -> None:
    async with serving() as (http, _):
        await put(http, "a", "b", metadata="own=1")

        laid = await http("PUT", f"{ADMIN}/instance/metadata/batch", **SERVICE, **asked, metadata="k=v")
        shown = {ip: one["metadata"] for ip, one in (await listed(http)).items()}
        lifted = await http("DELETE", f"{ADMIN}/instance/metadata/batch", **SERVICE, **asked, metadata="k=x,own=x")

        assert set(laid["updated"]) == set(lifted["updated"]) == {f"{ip}:80:unknown:DEFAULT:ephemeral" for ip in updated}
        assert shown == {ip: {"own": "1"} | ({"k": "v"} if ip in updated else {}) for ip in "ab"}
        assert all(one["metadata"] == {"own": "1"} for one in (await listed(http)).values())


async def test_batch_above_its_limit_changes_nothing() -> None:
    async with serving() as (http, server), server.channel() as channel:
        stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
        for start in (0, 1000):
            items = [
                registration.RegisterRequest(service=API, instance=instance_pb2.Instance(endpoints=[{"host": f"h{number}"}]))
                for number in range(start, min(start + 1000, 1001))
            ]
            await stub.RegisterBatch(registration.RegisterBatchRequest(registrations=items))

        refused = await http.refused("PUT", f"{ADMIN}/instance/metadata/batch", **SERVICE, metadata="k=v")

        assert refused == (400, 20002, "The service has 1001 instances, and at most 1000 are changed at once.")
        assert server.engine.state.overrides == {}


async def test_changes_to_the_metadata_of_one_instance_at_once_are_all_kept() -> None:
    async with serving() as (http, _):
        await put(http, "a")
        where = {**SERVICE, "ip": "a", "port": "80"}

        await asyncio.gather(
            *(http("PUT", f"{ADMIN}/instance/partial", **where, metadata=f"k{number}=v") for number in range(4)),
        )

        assert set((await listed(http))["a"]["metadata"]) == {"k0", "k1", "k2", "k3"}


@KINDS
async def test_described_service_is_listed_and_shown_before_its_instances(kind: str) -> None:
    async with serving(kind) as (http, _):
        service = {**SERVICE, "groupName": "g", "namespaceId": "n"}
        await http("POST", f"{ADMIN}/service", **service, metadata="a=b", selector='{"type":"none"}')
        await http("PUT", f"{ADMIN}/cluster", **service, **cluster("east"), metadata="zone=e")
        await http("PUT", f"{ADMIN}/service", **service, protectThreshold="0.5", metadata="c=d")

        shown = await http("GET", f"{ADMIN}/service", **service)
        page = await http("GET", f"{ADMIN}/service/list", namespaceId="n", serviceNameParam="p", groupNameParam="g")

        assert (shown["metadata"], shown["protectThreshold"], shown["ephemeral"]) == ({"c": "d"}, 0.5, False)
        assert shown["clusterMap"]["east"]["metadata"] == {"zone": "e"}
        assert [(one["name"], one["groupName"], one["ipCount"]) for one in page["pageItems"]] == [("api", "g", 0)]
        await http("DELETE", f"{ADMIN}/service", **service)
        assert (await http("GET", f"{ADMIN}/service/list", namespaceId="n"))["totalCount"] == 0


def cluster(name: str) -> dict[str, str]:
    return {
        "clusterName": name,
        "checkPort": "80",
        "useInstancePort4Check": "true",
        "healthChecker": '{"type":"NONE"}',
    }


async def test_cluster_that_is_described_only_is_an_empty_list() -> None:
    async with serving() as (http, _):
        await http("POST", f"{ADMIN}/service", **SERVICE)
        await http("PUT", f"{ADMIN}/cluster", **SERVICE, **cluster("east"))

        assert await http("GET", f"{ADMIN}/instance/list", **SERVICE, clusterName="east") == []
        assert (await http.refused("GET", f"{ADMIN}/instance/list", **SERVICE))[:2] == (404, 30000)


@pytest.mark.parametrize(("healthy", "expected"), [(1, True), (2, False), (0, True)])
async def test_threshold_has_all_instances_shown_as_healthy_if_too_few_are(healthy: int, expected: bool) -> None:
    async with serving() as (http, _):
        await http("POST", f"{ADMIN}/service", **SERVICE, protectThreshold="0.5", ephemeral="true")
        for number, ip in enumerate("abc"):
            await put(http, ip, healthy=str(number < healthy).lower())

        shown = await listed(http)
        admin = await listed(http, f"{ADMIN}/instance/list")

        assert shown["c"]["healthy"] is expected
        assert [one["healthy"] for one in admin.values()].count(True) == healthy
        page = await http("GET", f"{ADMIN}/service/list")
        assert [one["triggerFlag"] for one in page["pageItems"]] == [str(expected).lower()]


async def test_cached_list_follows_a_change_of_the_threshold() -> None:
    async with serving() as (http, _):
        await put(http, "a", healthy="false")
        before = (await listed(http))["a"]["healthy"]

        await http("PUT", f"{ADMIN}/service", **SERVICE, protectThreshold="0")

        assert (before, (await listed(http))["a"]["healthy"]) == (False, True)


async def test_service_pages_hold_every_service_once() -> None:
    async with serving() as (http, _):
        for name in "edcba":
            await put(http, "a", serviceName=name)

        pages = [await http("GET", f"{ADMIN}/service/list", pageNo=str(number), pageSize="2") for number in (1, 2, 3, 4)]

        assert [[one["name"] for one in page["pageItems"]] for page in pages] == [["a", "b"], ["c", "d"], ["e"], []]
        assert {(page["totalCount"], page["pagesAvailable"]) for page in pages} == {(5, 3)}


async def test_health_of_a_persistent_instance_is_the_operators_to_say() -> None:
    async with serving() as (http, _):
        await put(http, "a", ephemeral="false")
        await put(http, "b", serviceName="beats")

        await http("PUT", f"{ADMIN}/health/instance", **SERVICE, ip="a", port="80", healthy="false")
        refused = await http.refused("PUT", f"{ADMIN}/health/instance", serviceName="beats", ip="b", port="80", healthy="false")

        assert (await listed(http))["a"]["healthy"] is False
        assert refused == (404, 20004, "there is no persistent instance b:80 in service DEFAULT_GROUP@@beats")


@KINDS
async def test_clients_over_http_are_addresses(kind: str) -> None:
    async with serving(kind) as (http, _):
        await put(http, "10.0.0.1", "10.0.0.2")
        await put(http, "10.0.0.1", serviceName="other", groupName="g", namespaceId="n")
        await put(http, "10.0.0.1", serviceName="kept", ephemeral="false")

        one = {"clientId": "10.0.0.1:80#true"}
        assert await http("GET", f"{ADMIN}/client/list") == ["10.0.0.1:80#true", "10.0.0.2:80#true", "10.0.0.1:80#false"]
        assert (await http("GET", f"{ADMIN}/client", **one))["clientType"] == "ipPort"
        assert (await http("GET", f"{ADMIN}/client", clientId="10.0.0.1:80#false"))["ephemeral"] is False
        published = await http("GET", f"{ADMIN}/client/publish/list", **one)
        assert [(entry["namespaceId"], entry["groupName"], entry["serviceName"]) for entry in published] == [
            ("public", "DEFAULT_GROUP", "api"),
            ("n", "g", "other"),
        ]
        assert await http("GET", f"{ADMIN}/client/subscribe/list", **one) == []
        publishers = await http("GET", f"{ADMIN}/client/service/publisher/list", **SERVICE, ip="10.0.0.2", port="80")
        assert [entry["clientId"] for entry in publishers] == ["10.0.0.2:80#true"]
        counters = await http("GET", f"{ADMIN}/ops/metrics", onlyStatus="false")
        assert (counters["ephemeralIpPortClientCount"], counters["persistentIpPortClientCount"]) == (2, 1)
        assert (counters["instanceCount"], counters["serviceCount"], counters["clientCount"]) == (4, 3, 3)


async def test_clients_over_grpc_are_connections() -> None:
    async with serving() as (http, server):
        labels = {"module": "naming", "AppName": "shop"}
        async with nacos_client(server.grpc_target, labels=labels, clientVersion="Nacos-Test:v1") as client:
            await register(client, "10.0.0.7", service="api")
            await subscribe(client, "other")
            client_id = (await client.ok("ServerCheckRequest"))["connectionId"]

            shown = await http("GET", f"{ADMIN}/client", clientId=client_id)
            published = await http("GET", f"{ADMIN}/client/publish/list", clientId=client_id)
            subscribed = await http("GET", f"{ADMIN}/client/subscribe/list", clientId=client_id)
            publishers = await http("GET", f"{ADMIN}/client/service/publisher/list", **SERVICE)
            subscribers = await http("GET", f"{ADMIN}/client/service/subscriber/list", serviceName="other")
            page = await http("GET", f"{ADMIN}/service/subscribers", serviceName="other")
            connections = await http("GET", f"{CORE}/loader/current")

            assert (shown["clientType"], shown["appName"], shown["version"]) == ("connection", "shop", "Nacos-Test:v1")
            assert [entry["publisherInfo"] for entry in published] == [
                {"clientId": None, "ip": "10.0.0.7", "port": 80, "clusterName": "DEFAULT"}
            ]
            assert [entry["serviceName"] for entry in subscribed] == ["other"]
            assert [entry["clientId"] for entry in publishers] == [client_id]
            assert [entry["clientId"] for entry in subscribers] == [client_id]
            assert [(entry["agent"], entry["appName"]) for entry in page["pageItems"]] == [("Nacos-Test:v1", "shop")]
            assert await http("GET", f"{ADMIN}/client/list") == [client_id]
            assert list(connections) == [client_id]
            assert (await http("GET", f"{CORE}/loader/cluster"))["total"] == 1


async def test_threshold_is_pushed_and_holds_for_queries_of_healthy_instances_too() -> None:
    async with serving() as (http, server), nacos_client(server.grpc_target) as client:
        await put(http, "10.0.0.1", serviceName="svc", healthy="false")
        before = await subscribe(client)

        await http("PUT", f"{ADMIN}/service", serviceName="svc", protectThreshold="0.5")
        pushed = (await client.pushed("NotifySubscriberRequest"))["serviceInfo"]
        queried = (await client.ok("ServiceQueryRequest", serviceName="svc", healthyOnly=True))["serviceInfo"]

        infos = (before, pushed, queried)
        assert [info["reachProtectionThreshold"] for info in infos] == [False, True, True]
        assert [[host["healthy"] for host in info["hosts"]] for info in infos] == [[False], [True], [True]]
        assert pushed["lastRefTime"] > before["lastRefTime"]


async def test_client_that_an_operator_reloads_is_thrown_off() -> None:
    async with serving() as (http, server), nacos_client(server.grpc_target) as client:
        client_id = (await client.ok("ServerCheckRequest"))["connectionId"]

        await http("POST", f"{CORE}/loader/reloadClient", connectionId=client_id)

        assert (await client.end()).details() == "an operator asks to connect anew"
        assert (await http.refused("POST", f"{CORE}/loader/reloadClient", connectionId="gone"))[:2] == (404, 20004)


async def test_native_clients_are_their_peers() -> None:
    async with serving() as (http, server), server.channel() as channel:
        session = registration_service_pb2_grpc.RegistrationServiceStub(channel).Session()
        await session.write(registration.SessionRequest(hello=registration.SessionRequest.Hello(client_name="shop")))
        await session.read()
        items = [
            registration.RegisterRequest(service=API, instance=instance_pb2.Instance(endpoints=[{"host": "h", "port": 9}])),
            registration.RegisterRequest(
                service=instance_pb2.ServiceRef(name="odd/name#1"),
                instance=instance_pb2.Instance(endpoints=[{"host": "i", "port": 9}], cluster="east"),
            ),
            registration.RegisterRequest(
                service=instance_pb2.ServiceRef(name="own"),
                instance=instance_pb2.Instance(instance_id="id#1", endpoints=[{"host": "k", "port": 9}]),
            ),
        ]
        await session.write(registration.SessionRequest(register=registration.SessionRequest.Register(registrations=items)))
        await session.read()
        watch = discovery_service_pb2_grpc.DiscoveryServiceStub(channel).Watch(metadata=(("muster-client", "shop"),))
        await watch.write(discovery.WatchRequest(subscribe=discovery.WatchRequest.Subscribe(service=API)))
        await watch.read()

        (client_id,) = await http("GET", f"{ADMIN}/client/list")
        publishers = await http("GET", f"{ADMIN}/client/service/publisher/list", **SERVICE)
        subscribers = await http("GET", f"{ADMIN}/client/service/subscriber/list", **SERVICE)
        published = await http("GET", f"{ADMIN}/client/publish/list", clientId=client_id)

        assert [(one["serviceName"], one["publisherInfo"]["ip"], one["publisherInfo"]["clusterName"]) for one in published] == [
            ("api", "h", "DEFAULT"),
            ("odd/name#1", "i", "east"),
            ("own", "k", "DEFAULT"),
        ]
        assert client_id.startswith("ipv4:127.0.0.1:")
        assert publishers == [{"clientId": client_id, "ip": "h", "port": 9, "clusterName": "DEFAULT"}]
        assert [(one["clientId"], one["appName"]) for one in subscribers] == [(client_id, "shop")]
        assert subscribers[0]["address"] == client_id.removeprefix("ipv4:")
        watch.cancel()
        session.cancel()


@KINDS
async def test_namespaces_are_the_registrys(kind: str) -> None:
    async with serving(kind) as (http, _):
        await http("POST", f"{CORE}/namespace", namespaceId="", namespaceName="made", namespaceDesc="x")
        await http("POST", f"{CORE}/namespace", namespaceId="shop", namespaceName="Shop")
        await put(http, "a", namespaceId="used")

        found = await http("GET", f"{CORE}/namespace/list")

        assert found[0] == {
            "namespace": "public",
            "namespaceShowName": "public",
            "namespaceDesc": "Default Namespace",
            "quota": 200,
            "configCount": 0,
            "type": 0,
        }
        assert {one["namespaceShowName"] for one in found[1:]} == {"made", "Shop", "used"}
        assert [await http("GET", f"{CORE}/namespace/check", namespaceId=name) for name in ("used", "shop", "gone")] == [1, 1, 0]
        assert (await http.refused("DELETE", f"{CORE}/namespace", namespaceId="used"))[:2] == (400, 22000)
        await http("DELETE", f"{CORE}/namespace", namespaceId="shop")
        assert (await http.refused("GET", f"{CORE}/namespace", namespaceId="shop"))[:2] == (404, 22001)


async def test_namespace_default_of_nacos_is_another_than_public() -> None:
    async with serving() as (http, _):
        await http("POST", f"{CORE}/namespace", namespaceId="default", namespaceName="Other")

        found = {one["namespace"]: one["type"] for one in await http("GET", f"{CORE}/namespace/list")}

        assert found == {"public": 0, "default": 1}


@KINDS
async def test_server_says_where_it_is_and_that_it_is_ready(kind: str) -> None:
    async with serving(kind) as (http, _):
        address = http.client.base_url.netloc.decode()

        assert await http("GET", f"{CORE}/state/readiness") == await http("GET", f"{CORE}/state/liveness") == "ok"
        assert (await http("GET", f"{CORE}/cluster/node/self"))["address"] == address
        assert [one["address"] for one in await http("GET", f"{CORE}/cluster/node/list", state="up")] == [address]
        assert await http("GET", f"{CORE}/cluster/node/list", state="DOWN") == []
        assert await http("GET", f"{CORE}/cluster/node/list", address="10.") == []
        assert (await http("GET", f"{CORE}/state"))["server_port"] == address.rpartition(":")[2]
        assert await http("GET", f"{ADMIN}/client/distro", ip="1.2.3.4", port="80") == {"responsibleServer": address}
        assert await http("GET", f"{ADMIN}/ops/metrics") == {"status": "UP"}


async def test_gateway_whose_registry_is_gone_lives_and_is_not_ready() -> None:
    async with gateway_serving(Settings(http_ports=(0,)), "127.0.0.1:1") as running, httpx.AsyncClient() as http:
        ready = await http.get(f"http://{running.http[0]}{CORE}/state/readiness")
        alive = await http.get(f"http://{running.http[0]}{CORE}/state/liveness")

    assert (ready.status_code, ready.json()["message"]) == (503, "config and naming not in readiness")
    assert (alive.status_code, alive.json()["data"]) == (200, "ok")
