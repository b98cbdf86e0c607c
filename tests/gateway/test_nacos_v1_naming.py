"""The naming calls of Nacos 1: what SDKs that speak HTTP only do, and what they get for bad input."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
from muster_client import Client, Endpoint, Instance
from muster_gateway.app import create_app
from muster_gateway.channel import LocalChannel
from running import ManualClock, running_gateway, running_server

PATH = "/nacos/v1/ns/instance"
API = {"serviceName": "api", "ip": "10.0.0.1", "port": "80"}
BEAT = {"ip": "10.0.0.1", "port": 80, "cluster": "c", "weight": 2.0, "metadata": {"a": "b"}, "scheduled": True}
KINDS = pytest.mark.parametrize("kind", ["local", "apart"])
PORT = "Param 'port' is illegal, the value should be between 0 and 65535.\r\n"


class NoMetrics:
    def render(self) -> bytes:
        return b""


@asynccontextmanager
async def gateway(kind: str = "local") -> AsyncIterator[httpx.AsyncClient]:
    async with (
        running_server() as server,
        running_gateway(server, kind) as url,
        httpx.AsyncClient(base_url=url, timeout=20) as http,
    ):
        yield http


async def hosts(http: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    answer = await http.get(f"{PATH}/list", params={"serviceName": "api", **query})
    found: list[dict[str, Any]] = answer.json()["hosts"]
    return found


async def ips(http: httpx.AsyncClient, **query: str) -> list[str]:
    return sorted(host["ip"] for host in await hosts(http, **query))


async def beat(http: httpx.AsyncClient, **params: str) -> dict[str, Any]:
    answer = await http.put(f"{PATH}/beat", params={"serviceName": "api", **params})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@KINDS
async def test_registered_instance_is_seen_by_all_versions_until_it_deregisters(kind: str) -> None:
    async with gateway(kind) as http:
        registered = await http.post(PATH, data={**API, "enable": "true", "metadata": '{"a":1}'})
        listed = await hosts(http)
        later = (await http.get("/nacos/v3/client/ns/instance/list", params={"serviceName": "api"})).json()["data"]
        gone = await http.delete(PATH, params=API)

        assert (registered.text, gone.text) == ("ok", "ok")
        assert [(host["ip"], host["metadata"], host["instanceId"]) for host in listed] == [
            ("10.0.0.1", {"a": "1"}, "10.0.0.1#80#DEFAULT#DEFAULT_GROUP@@api")
        ]
        assert [host["ip"] for host in later] == ["10.0.0.1"]
        assert await ips(http) == []


async def test_group_in_the_name_outweighs_the_parameter() -> None:
    async with gateway() as http:
        await http.post(PATH, params={**API, "serviceName": "g@@api", "groupName": "other"})

        assert await ips(http, serviceName="g@@api", groupName="other") == ["10.0.0.1"]
        assert await ips(http, groupName="g") == ["10.0.0.1"]
        assert await ips(http, groupName="other") == []


async def test_instance_that_is_not_enabled_is_not_listed_whatever_the_parameter_is_called() -> None:
    async with gateway() as http:
        await http.post(PATH, params={**API, "enable": "false"})
        await http.post(PATH, params={**API, "ip": "10.0.0.2", "enabled": "false", "enable": "true"})

        assert await ips(http) == []


async def test_list_is_narrowed_by_clusters_and_health() -> None:
    async with gateway() as http:
        await http.post(PATH, params={**API, "clusterName": "a"})
        await http.post(PATH, params={**API, "ip": "10.0.0.2", "cluster": "b", "healthy": "false"})

        assert await ips(http) == ["10.0.0.1", "10.0.0.2"]
        assert await ips(http, clusters="b") == ["10.0.0.2"]
        assert await ips(http, healthyOnly="true") == ["10.0.0.1"]
        assert await ips(http, clusters="b", healthyOnly="true") == []


async def test_persistent_instance_is_registered_and_removed_as_such() -> None:
    async with gateway() as http:
        await http.post(PATH, params={**API, "ephemeral": "false"})
        kept = await hosts(http)
        await http.delete(PATH, params=API)
        still = await ips(http)
        await http.delete(PATH, params={**API, "ephemeral": "false"})

        assert [host["ephemeral"] for host in kept] == [False]
        assert still == ["10.0.0.1"]  # no such ephemeral one
        assert await ips(http) == []


async def test_beats_keep_an_instance_and_without_them_it_is_unhealthy_and_then_gone() -> None:
    async with running_server(clock=ManualClock()) as server, httpx.AsyncClient(base_url=server.http_urls[0]) as http:
        await http.post(PATH, params=API)
        server.advance(14.0)
        answer = await beat(http, ip="10.0.0.1", port="80")
        server.advance(14.0)
        kept = [host["healthy"] for host in await hosts(http)]
        server.advance(2.0)
        silent = [host["healthy"] for host in await hosts(http)]
        server.advance(16.0)

        assert answer == {"clientBeatInterval": 5000, "code": 10200, "lightBeatEnabled": True}
        assert (kept, silent) == ([True], [False])
        assert await hosts(http) == []


async def test_beat_of_an_unknown_instance_asks_for_it_or_registers_what_it_tells() -> None:
    async with gateway() as http:
        unknown = await beat(http, ip="10.0.0.1", port="80")
        before = await ips(http)
        told = await beat(http, beat=json.dumps(BEAT))

        assert (unknown["code"], before) == (20404, [])
        assert told["code"] == 10200
        found = await hosts(http)
        assert [(host["clusterName"], host["weight"], host["metadata"]) for host in found] == [("c", 2.0, {"a": "b"})]


async def test_beat_answers_the_interval_that_the_instance_wants() -> None:
    async with gateway() as http:
        await http.post(PATH, params={**API, "metadata": "preserved.heart.beat.interval=1000"})

        light = await beat(http, ip="10.0.0.1", port="80")
        full = await beat(http, beat=json.dumps({**BEAT, "metadata": {"preserved.heart.beat.interval": "2000"}}))

        assert (light["clientBeatInterval"], full["clientBeatInterval"]) == (1000, 2000)


async def test_services_are_listed_in_pages() -> None:
    async with gateway() as http:
        for name in ("a", "b", "c"):
            await http.post(PATH, params={**API, "serviceName": name})

        pages = [(await http.get("/nacos/v1/ns/service/list", params={"pageNo": page, "pageSize": 2})).json() for page in (1, 2, 3)]

        assert pages == [{"count": 3, "doms": ["a", "b"]}, {"count": 3, "doms": ["c"]}, {"count": 3, "doms": []}]


async def test_metrics_tell_whether_the_registry_answers() -> None:
    async def dispatch(_: str, __: object) -> bytes:
        raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), "gone")

    path = "/nacos/v1/ns/operator/metrics"
    dead = httpx.ASGITransport(create_app(LocalChannel(dispatch), NoMetrics()))
    async with gateway() as http, httpx.AsyncClient(transport=dead, base_url="http://muster") as alone:
        assert (await http.get(path)).json() == {"status": "UP"}
        assert (await alone.get(path)).json() == {"status": "DOWN"}


async def test_registration_of_another_dialect_is_listed() -> None:
    async with (
        running_server() as server,
        Client(server.grpc_target) as native,
        httpx.AsyncClient(base_url=server.http_urls[0]) as http,
    ):
        await native.register_leased("api", Instance(endpoints=[Endpoint(host="10.0.0.7", port=80)]))

        assert await ips(http) == ["10.0.0.7"]


# What is refused: the parameters that are changed (None: left out), and the text.
REFUSED: list[tuple[dict[str, str | None], str]] = [
    ({"serviceName": None}, "Param 'serviceName' is required."),
    ({"serviceName": " "}, "Param 'serviceName' is required."),
    ({"ip": None}, "Param 'ip' is required."),
    ({"port": None}, "Param 'port' is required."),
    ({"port": "x"}, PORT),
    ({"port": "65536"}, PORT),
    ({"port": "-1"}, PORT),
    ({"serviceName": "g@@"}, "Param 'serviceName' is illegal, it should be format as 'groupName@@serviceName'"),
    ({"serviceName": "g g@@s"}, "Param 'group' is illegal, illegal characters should not appear in the param.\r\n"),
    ({"namespaceId": "n n"}, "Param 'namespaceId/tenant' is illegal, illegal characters should not appear in the param.\r\n"),
    ({"clusterName": "c" * 65}, "Param 'cluster' is illegal, the param length should not exceed 64.\r\n"),
    ({"metadata": "k=" + "v" * 1024}, "Param 'Metadata' is illegal, the param length should not exceed 1024.\r\n"),
    ({"metadata": "broken"}, "metadata format incorrect:broken"),
    ({"ephemeral": "maybe"}, "Param 'ephemeral' is illegal, it cannot be read as its type."),
]
REFUSED_REGISTRATION: list[tuple[dict[str, str | None], str]] = [
    ({"weight": "-1"}, "instance format invalid: The weights range from 0.0 to 10000.0"),
    ({"weight": "NaN"}, "Param 'weight' is illegal, it cannot be read as its type."),
    ({"enable": "maybe"}, "Param 'enabled' is illegal, it cannot be read as its type."),
]


@KINDS
@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_bad_write_answers_400_with_bare_text_and_changes_nothing(method: str, kind: str) -> None:
    async with gateway(kind) as http:
        await http.post(PATH, params=API)

        for changes, text in REFUSED + (REFUSED_REGISTRATION if method == "POST" else []):
            values = {key: value for key, value in {**API, **changes}.items() if value is not None}
            answer = await http.request(method, PATH, params=values)

            assert (answer.status_code, answer.text) == (400, text), changes
        assert await ips(http) == ["10.0.0.1"]


@pytest.mark.parametrize(
    "sent",
    [
        "{",
        '{"a":' + "[" * 5000,
        "[]",
        "null",
        '"text"',
        "1",
        '{"ip":1}',
        '{"ip":"10.0.0.1","port":"80"}',
        '{"ip":"10.0.0.1","port":65536}',
        '{"ip":"10.0.0.1","port":-1}',
        '{"ip":"a b","port":80}',
        '{"port":80}',
        '{"ip":"10.0.0.1","port":80,"metadata":[]}',
        '{"ip":"10.0.0.1","port":80,"metadata":{"a":{}}}',
        '{"ip":"10.0.0.1","port":80,"cluster":"a_b"}',
        '{"ip":"10.0.0.1","port":80,"weight":-1}',
        '{"ip":"10.0.0.1","port":80,"weight":1e400}',
        '{"ip":"10.0.0.1","port":80,"metadata":{"a":"' + "v" * 1024 + '"}}',
        '{"ip":"\\ud800","port":80}',
        "[" * 50_000,
    ],
)
async def test_beat_that_cannot_be_read_answers_400_and_registers_nothing(sent: str) -> None:
    async with gateway() as http:
        answer = await http.put(f"{PATH}/beat", data={"serviceName": "api", "beat": sent})

        assert answer.status_code == 400, answer.text
        assert answer.text
        assert await ips(http) == []


@pytest.mark.parametrize(
    "query",
    [{"pageSize": "1"}, {"pageNo": "1"}, {"pageNo": "x", "pageSize": "1"}, {"pageNo": "1", "pageSize": "-1"}, {"pageNo": "9" * 50}],
)
async def test_page_that_is_no_page_answers_400(query: dict[str, str]) -> None:
    async with gateway() as http:
        answer = await http.get("/nacos/v1/ns/service/list", params=query)

        assert answer.status_code == 400
        assert answer.text.startswith("Param 'page")


async def test_wrong_kind_of_instance_answers_400_in_the_words_of_the_original() -> None:
    async with gateway() as http:
        await http.post(PATH, params=API)

        answer = await http.post(PATH, params={**API, "ip": "10.0.0.2", "ephemeral": "false"})

        assert answer.status_code == 400
        assert "is ephemeral service, can't register persistent instance" in answer.text


async def test_methods_and_paths_that_are_gone_say_what_replaces_them() -> None:
    async with gateway() as http:
        put = await http.put(PATH, params=API)
        unknown = await http.get("/nacos/v1/ns/nothing")
        wrong = await http.patch(PATH, params=API)

        assert put.status_code == 410
        assert "PUT ${contextPath:nacos}/v3/admin/ns/instance" in put.json()["message"]
        assert (unknown.status_code, wrong.status_code) == (404, 405)
