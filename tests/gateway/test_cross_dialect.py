"""One state behind every dialect: what one registers, disables or loses, the others see."""

from typing import Any

import httpx
import pytest
from muster.admin.v1 import admin_service_pb2, admin_service_pb2_grpc
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2
from nacos_wire import NacosClient, nacos_client
from nacos_wire import register as nacos_grpc_register
from running import ManualClock, Server, running_gateway, running_server

BODY = {"serviceName": "shared", "ip": "10.0.0.1", "port": 80}
FORM = {"serviceName": "shared", "ip": "10.0.0.1", "port": "80"}
NACOS = "/nacos/v3/client/ns/instance"


async def finders_register(http: httpx.AsyncClient) -> None:
    assert (await http.post("/api/instance", json=BODY)).text == "success"


async def nacos_register(http: httpx.AsyncClient) -> None:
    assert (await http.post(NACOS, data=FORM)).json()["data"] == "ok"


async def view(http: httpx.AsyncClient, watched: discovery.WatchResponse) -> tuple[list[str], list[bool], list[str]]:
    finders = (await http.get("/api/instance/list", params={"serviceName": "shared"})).json()["instances"]
    nacos = (await http.get(f"{NACOS}/list", params={"serviceName": "shared"})).json()["data"]
    puts = [*watched.delta.puts, *watched.snapshot.instances]
    health = [instance_pb2.Health.Name(put.health).removeprefix("HEALTH_") for put in puts]
    return [entry["status"] for entry in finders], [entry["healthy"] for entry in nacos], health


async def watching(server: Server, channel: Any) -> Any:
    watch = discovery_service_pb2_grpc.DiscoveryServiceStub(channel).Watch()
    service = instance_pb2.ServiceRef(name="shared")
    await watch.write(discovery.WatchRequest(subscribe=discovery.WatchRequest.Subscribe(service=service)))
    await watch.read()
    return watch


@pytest.mark.parametrize("kind", ["local", "apart"])
@pytest.mark.parametrize("register", [finders_register, nacos_register], ids=["finders", "nacos"])
async def test_registration_in_one_dialect_is_seen_in_all(register: Any, kind: str) -> None:
    async with (
        running_server() as server,
        server.channel() as channel,
        running_gateway(server, kind) as url,
        httpx.AsyncClient(base_url=url) as http,
    ):
        watch = await watching(server, channel)

        await register(http)
        frame = await watch.read()

        assert frame.delta.puts[0].cluster == "DEFAULT"
        assert await view(http, frame) == (["HEALTHY"], [True], ["HEALTHY"])
        watch.cancel()


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_silence_and_disabling_are_seen_in_all_and_a_beat_does_not_enable(kind: str) -> None:
    clock = ManualClock()
    async with (
        running_server(clock=clock) as server,
        server.channel() as channel,
        running_gateway(server, kind) as url,
        httpx.AsyncClient(base_url=url) as http,
    ):
        watch = await watching(server, channel)
        await finders_register(http)
        await watch.read()

        server.advance(11)
        silent = await watch.read()
        assert await view(http, silent) == (["UN_HEALTHY"], [False], ["UNHEALTHY"])
        await http.put("/api/instance/status", json={**BODY, "status": "DISABLE"})
        await watch.read()
        await http.put("/api/instance/beat", json=BODY)
        await http.post(NACOS, data={**FORM, "heartBeat": "true"})
        statuses, enabled, _ = await view(http, discovery.WatchResponse())

        assert statuses == ["DISABLE"]
        assert enabled == []  # Nacos lists enabled instances only
        watch.cancel()


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_what_an_operator_says_through_nacos_is_seen_in_all_and_back(kind: str) -> None:
    admin = "/nacos/v3/admin/ns"
    async with (
        running_server() as server,
        server.channel() as channel,
        running_gateway(server, kind) as url,
        httpx.AsyncClient(base_url=url) as http,
    ):
        watch = await watching(server, channel)
        await finders_register(http)
        await watch.read()

        said = {**FORM, "enabled": "false", "weight": "3", "metadata": "zone=b"}
        assert (await http.put(f"{admin}/instance", data=said)).json()["data"] == "ok"
        put = (await watch.read()).delta.puts[0]
        finders = (await http.get("/api/instance/list", params={"serviceName": "shared"})).json()["instances"]

        assert (put.admin_state, put.weight, dict(put.metadata)) == (instance_pb2.ADMIN_STATE_DISABLED, 3.0, {"zone": "b"})
        assert [entry["status"] for entry in finders] == ["DISABLE"]
        await http.put("/api/instance/status", json={**BODY, "status": "HEALTHY"})
        shown = (await http.get(f"{admin}/instance", params=FORM)).json()["data"]
        assert (shown["enabled"], shown["weight"]) == (True, 3.0)
        watch.cancel()


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_service_described_natively_is_shown_by_nacos(kind: str) -> None:
    async with (
        running_server() as server,
        server.channel() as channel,
        running_gateway(server, kind) as url,
        httpx.AsyncClient(base_url=url) as http,
    ):
        service = admin_service_pb2.Service(
            ref=instance_pb2.ServiceRef(name="shared"), metadata={"team": "one"}, protect_threshold=1
        )
        await admin_service_pb2_grpc.AdminServiceStub(channel).CreateService(
            admin_service_pb2.CreateServiceRequest(service=service)
        )
        await http.post(NACOS, data={**FORM, "healthy": "false"})

        shown = (await http.get("/nacos/v3/admin/ns/service", params={"serviceName": "shared"})).json()["data"]
        listed = (await http.get(f"{NACOS}/list", params={"serviceName": "shared"})).json()["data"]

        assert (shown["metadata"], shown["protectThreshold"], list(shown["clusterMap"])) == ({"team": "one"}, 1.0, ["DEFAULT"])
        assert [entry["healthy"] for entry in listed] == [True]


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_deregistration_in_one_dialect_is_seen_in_the_other(kind: str) -> None:
    async with running_server() as server, running_gateway(server, kind) as url, httpx.AsyncClient(base_url=url) as http:
        await finders_register(http)

        await http.delete(NACOS, params=FORM)

        assert await view(http, discovery.WatchResponse()) == ([], [], [])


CSE = "/v4/default/registry"
NAME = {"appId": "default", "serviceName": "shared"}


async def cse_register(http: httpx.AsyncClient, **fields: Any) -> tuple[str, str]:
    service = {"service": {**NAME, "version": "1.2.0", **fields}}
    service_id = (await http.post(f"{CSE}/microservices", json=service)).json()["serviceId"]
    instance = {"hostName": "h", "endpoints": ["rest://10.0.0.1:80"], "instanceId": "i", "properties": {"zone": "a"}}
    await http.post(f"{CSE}/microservices/{service_id}/instances", json={"instance": instance})
    return service_id, "i"


async def cse_view(http: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await http.get(f"{CSE}/instances", params={**NAME, **query})).json().get("instances", [])
    return found


@pytest.mark.parametrize("kind", ["local", "apart"])
@pytest.mark.parametrize("register", [finders_register, nacos_register], ids=["finders", "nacos"])
async def test_instance_of_another_dialect_is_found_by_servicecomb_under_a_derived_service(register: Any, kind: str) -> None:
    async with running_server() as server, running_gateway(server, kind) as url, httpx.AsyncClient(base_url=url) as http:
        await register(http)

        (found,) = await cse_view(http)
        service = (await http.get(f"{CSE}/microservices/{found['serviceId']}")).json()["service"]
        path = f"{CSE}/microservices/{found['serviceId']}/instances/{found['instanceId'].replace('#', '%23')}"
        one = (await http.get(path)).json()["instance"]
        beat = await http.put(f"{path}/heartbeat")
        gone = await http.delete(path)

        assert found["endpoints"] == ["rest://10.0.0.1:80"]
        assert (found["status"], found["version"], found["hostName"]) == ("UP", "0.0.1", "10.0.0.1")
        assert (service["appId"], service["serviceName"], service["version"]) == ("default", "shared", "0.0.1")
        assert one == found
        assert (beat.status_code, gone.status_code) == (200, 200)
        assert await view(http, discovery.WatchResponse()) == ([], [], [])


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_instance_of_servicecomb_is_seen_in_all(kind: str) -> None:
    async with (
        running_server() as server,
        server.channel() as channel,
        running_gateway(server, kind) as url,
        httpx.AsyncClient(base_url=url) as http,
    ):
        watch = await watching(server, channel)
        await cse_register(http)
        frame = await watch.read()
        (host,) = (await http.get(f"{NACOS}/list", params={"serviceName": "shared"})).json()["data"]

        assert await view(http, frame) == (["HEALTHY"], [True], ["HEALTHY"])
        assert (host["ip"], host["port"], host["metadata"]) == ("10.0.0.1", 80, {"zone": "a"})
        watch.cancel()


async def test_finders_calls_mean_the_instance_that_servicecomb_registered_at_that_place() -> None:
    clock = ManualClock()
    async with (
        running_server(clock=clock) as server,
        running_gateway(server, "local") as url,
        httpx.AsyncClient(base_url=url) as http,
    ):
        await cse_register(http)
        shown = (await http.get("/api/instance", params=FORM)).json()
        for _ in range(4):  # 160 s, of which a registration lasts 120
            server.advance(40)
            await http.put("/api/instance/beat", json=BODY)
        kept = await view(http, discovery.WatchResponse())
        await http.put("/api/instance/status", json={**BODY, "status": "DISABLE"})
        disabled = await view(http, discovery.WatchResponse())
        for body in ({**BODY, "cluster": "other"}, {**BODY, "port": 81}):
            assert (await http.request("DELETE", "/api/instance", json=body)).text == "success"
        elsewhere = await view(http, discovery.WatchResponse())
        await http.request("DELETE", "/api/instance", json=BODY)

        assert (shown["ip"], shown["port"], shown["status"]) == ("10.0.0.1", 80, "HEALTHY")
        assert kept == (["HEALTHY"], [True], [])
        assert disabled == elsewhere == (["DISABLE"], [], [])
        assert await view(http, discovery.WatchResponse()) == ([], [], [])


async def connected_register(client: NacosClient, _: httpx.AsyncClient) -> None:
    await nacos_grpc_register(client, "10.0.0.1", "shared")


async def persistent_register(_: NacosClient, http: httpx.AsyncClient) -> None:
    assert (await http.post(NACOS, data={**FORM, "ephemeral": "false"})).json()["data"] == "ok"


@pytest.mark.parametrize("registers", [connected_register, persistent_register])
async def test_finders_status_is_that_of_an_instance_without_lease_too(registers: Any) -> None:
    async with (
        running_server() as server,
        running_gateway(server, "local") as url,
        httpx.AsyncClient(base_url=url) as http,
        nacos_client(server.grpc_target) as client,
    ):
        await registers(client, http)

        answers, shown = [], []
        for status in ("DISABLE", "HEALTHY", "UN_HEALTHY"):
            answers.append((await http.put("/api/instance/status", json={**BODY, "status": status})).text)
            shown.append((await http.get("/api/instance", params=FORM)).json()["status"])

        assert answers == ["success"] * 3
        assert shown == ["DISABLE", "HEALTHY", "UN_HEALTHY"]


@pytest.mark.parametrize("status", ["DOWN", "STARTING", "TESTING", "OUTOFSERVICE"])
async def test_status_of_servicecomb_takes_an_instance_out_of_traffic_everywhere_and_up_brings_it_back(status: str) -> None:
    async with running_server() as server, running_gateway(server, "local") as url, httpx.AsyncClient(base_url=url) as http:
        service_id, instance_id = await cse_register(http)
        path = f"{CSE}/microservices/{service_id}/instances/{instance_id}/status"

        await http.put(path, params={"value": status})
        out = await view(http, discovery.WatchResponse())
        await http.put(path, params={"value": "UP"})

        assert out == (["DISABLE"], [], [])
        assert await view(http, discovery.WatchResponse()) == (["HEALTHY"], [True], [])


async def test_disabled_and_silent_instances_of_others_are_down_for_servicecomb() -> None:
    clock = ManualClock()
    async with (
        running_server(clock=clock) as server,
        running_gateway(server, "local") as url,
        httpx.AsyncClient(base_url=url) as http,
    ):
        await finders_register(http)
        await http.put("/api/instance/status", json={**BODY, "status": "DISABLE"})
        disabled = [found["status"] for found in await cse_view(http)]
        await http.put("/api/instance/status", json={**BODY, "status": "HEALTHY"})

        server.advance(11)

        assert disabled == ["DOWN"]
        assert [found["status"] for found in await cse_view(http)] == ["DOWN"]


async def test_host_of_a_servicecomb_endpoint_is_what_its_client_wrote_letter_by_letter() -> None:
    async with running_server() as server, running_gateway(server, "local") as url, httpx.AsyncClient(base_url=url) as http:
        service_id = (await http.post(f"{CSE}/microservices", json={"service": NAME})).json()["serviceId"]
        instance = {"hostName": "h", "endpoints": ["rest://Host_1.Local:80"]}
        await http.post(f"{CSE}/microservices/{service_id}/instances", json={"instance": instance})

        (shown,) = (await http.get("/api/instance/list", params={"serviceName": "shared"})).json()["instances"]
        await http.delete(NACOS, params={**FORM, "ip": "Host_1.Local"})

        assert shown["ip"] == "Host_1.Local"
        assert await view(http, discovery.WatchResponse()) == ([], [], [])


async def test_environments_are_apart_in_every_dialect() -> None:
    async with running_server() as server, running_gateway(server, "local") as url, httpx.AsyncClient(base_url=url) as http:
        await cse_register(http, environment="production")

        named = (await http.get("/api/instance/list", params={"serviceName": "shared@production"})).json()["instances"]

        assert await view(http, discovery.WatchResponse()) == ([], [], [])
        assert len(named) == 1
        assert [len(await cse_view(http, env=env)) for env in ("production", "testing")] == [1, 0]


async def test_services_of_others_and_created_versions_are_found_side_by_side_and_by_version() -> None:
    async with running_server() as server, running_gateway(server, "local") as url, httpx.AsyncClient(base_url=url) as http:
        await cse_register(http)
        await http.post("/api/instance", json={**BODY, "ip": "10.0.0.2"})

        every, newest = await cse_view(http, version="0+"), await cse_view(http, version="latest")
        listed = (await http.get(f"{CSE}/microservices")).json()["services"]

        assert sorted(found["version"] for found in every) == ["0.0.1", "1.2.0"]
        assert [found["version"] for found in newest] == ["1.2.0"]
        assert sorted(service["version"] for service in listed) == ["0.0.1", "1.2.0"]
