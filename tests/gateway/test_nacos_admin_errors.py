"""Bad input to the Nacos admin calls: every parameter, and nothing changed by it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from muster_gateway.app import Gateway, create_app
from muster_server.core.copying import copied
from running import running_gateway, running_server

from gateway.test_finders_errors import NoChannel
from gateway.test_nacos_errors import FILTERED, FILTERED_WRITES

NS, CORE = "/nacos/v3/admin/ns", "/nacos/v3/admin/core"
SERVICE = {"serviceName": "api"}
INSTANCE = {**SERVICE, "ip": "10.0.0.1", "port": "80"}
CLUSTER = {
    **SERVICE,
    "clusterName": "DEFAULT",
    "checkPort": "80",
    "useInstancePort4Check": "true",
    "healthChecker": '{"type":"NONE"}',
}
NAMESPACE = {"namespaceId": "n", "namespaceName": "a"}
# Every call that takes parameters, and parameters with which it is served.
GOOD: dict[str, dict[str, str]] = {
    f"POST {NS}/instance": INSTANCE,
    f"DELETE {NS}/instance": {**INSTANCE, "port": "81"},
    f"PUT {NS}/instance": INSTANCE,
    f"PUT {NS}/instance/partial": {**INSTANCE, "weight": "1"},
    f"PUT {NS}/instance/metadata/batch": {**SERVICE, "metadata": "k=v"},
    f"DELETE {NS}/instance/metadata/batch": {**SERVICE, "metadata": "k=v"},
    f"GET {NS}/instance/list": SERVICE,
    f"GET {NS}/instance": INSTANCE,
    f"POST {NS}/service": {"serviceName": "new"},
    f"PUT {NS}/service": SERVICE,
    f"DELETE {NS}/service": {"serviceName": "empty"},
    f"GET {NS}/service": SERVICE,
    f"GET {NS}/service/list": {},
    f"GET {NS}/service/subscribers": SERVICE,
    f"PUT {NS}/cluster": CLUSTER,
    f"PUT {NS}/health/instance": {**INSTANCE, "serviceName": "kept", "healthy": "true"},
    f"PUT {NS}/ops/switches": {"entry": "pushEnabled", "value": "true"},
    f"GET {NS}/ops/metrics": {},
    f"PUT {NS}/ops/log": {"logName": "a", "logLevel": "INFO"},
    f"GET {NS}/client": {"clientId": "10.0.0.1:80#true"},
    f"GET {NS}/client/publish/list": {"clientId": "10.0.0.1:80#true"},
    f"GET {NS}/client/subscribe/list": {"clientId": "10.0.0.1:80#true"},
    f"GET {NS}/client/service/publisher/list": SERVICE,
    f"GET {NS}/client/service/subscriber/list": SERVICE,
    f"GET {NS}/client/distro": {"ip": "10.0.0.1", "port": "80"},
    f"GET {CORE}/namespace": {"namespaceId": "public"},
    f"POST {CORE}/namespace": {"namespaceId": "new", "namespaceName": "New"},
    f"PUT {CORE}/namespace": {"namespaceId": "public", "namespaceName": "Public"},
    f"DELETE {CORE}/namespace": {"namespaceId": "gone"},
    f"GET {CORE}/namespace/check": {"namespaceId": "public"},
    f"GET {CORE}/cluster/node/list": {},
    f"PUT {CORE}/ops/log": {"logName": "a", "logLevel": "INFO"},
    f"POST {CORE}/loader/reloadClient": {"connectionId": "gone"},
}
STATUS = {
    f"PUT {NS}/ops/switches": 501,
    f"PUT {NS}/ops/log": 501,
    f"PUT {CORE}/ops/log": 501,
    f"POST {CORE}/loader/reloadClient": 404,
}
WITH_SERVICE = [call for call, good in GOOD.items() if "serviceName" in good]
WITH_INSTANCE = [call for call, good in GOOD.items() if "ip" in good and "serviceName" in good]
METADATA = [
    *(("metadata", value, 400, 21002) for value in ("a", "a=b=c", '{"a":{}}', "[1]", '{"a":', "[" * 50_000)),
    ("metadata", '{"":"v"}', 400, 20002),
]
ENABLED_WEIGHT = [
    ("enabled", "maybe", 400, 20002),
    *(("weight", value, 400, 21001) for value in ("-1", "10001", "1e400")),
    *(("weight", value, 400, 20002) for value in ("abc", "NaN", "1_0")),
]
PAGES = [
    *((name, value, 400, 20002) for name in ("pageNo", "pageSize") for value in ("0", "-1", "abc", "1.5", "9" * 30, "१")),
]
BATCH = [
    ("consistencyType", "other", 400, 20002),
    *(
        ("instances", value, 400, 20002)
        for value in ("x", "{", "1", "null", "[1]", "[{}]", '[{"ip":1,"port":80}]', '[{"ip":"a","port":"80"}]', "[" * 50_000)
    ),
    ("instances", '[{"ip":"a","port":80,"clusterName":[]}]', 400, 20002),
    ("instances", '[{"ip":"a","port":80,"ephemeral":"yes"}]', 400, 20002),
]
NAMES = [
    *(("namespaceId", value, 400, 22000) for value in ("a b", "a.b", "ü", "n" * 129, "a\nb")),
    *(("namespaceName", value, 400, 22000) for value in ("a@b", "a#b", "a%b")),
    ("namespaceName", "a\nb", 400, 20002),
    ("namespaceName", "n" * 257, 400, 20002),
    ("namespaceDesc", "d" * 1025, 400, 20002),
]
# What single calls refuse: parameter, value, status and code.
BAD: dict[str, list[tuple[str, str, int, int]]] = {
    f"POST {NS}/instance": [*METADATA, *ENABLED_WEIGHT, ("clusterName", "a_b", 400, 21004), ("healthy", "2", 400, 20002)],
    f"DELETE {NS}/instance": [*METADATA[:-1], ("ephemeral", "maybe", 400, 20002)],
    f"PUT {NS}/instance": [*METADATA, *ENABLED_WEIGHT, ("ephemeral", "maybe", 400, 20002), ("ip", "10.0.0.9", 400, 21004)],
    f"PUT {NS}/instance/partial": [*METADATA, *ENABLED_WEIGHT, ("ephemeral", "maybe", 400, 20002), ("port", "9", 400, 21004)],
    f"PUT {NS}/instance/metadata/batch": [*METADATA, *BATCH],
    f"DELETE {NS}/instance/metadata/batch": [*METADATA[:-1], *BATCH],
    f"GET {NS}/instance/list": [("healthyOnly", "maybe", 400, 20002), ("clusterName", "nope", 404, 30000)],
    f"GET {NS}/instance": [("port", "81", 404, 20004), ("clusterName", "nope", 404, 20004)],
    f"POST {NS}/service": [
        *METADATA,
        *(("protectThreshold", value, 400, 20002) for value in ("abc", "-0.1", "1.1", "NaN", "inf")),
        *(("selector", value, 400, 21006) for value in ("x", "[]", "{}", '{"type":"label"}', '{"type":["none"]}', "[" * 50_000)),
        ("ephemeral", "maybe", 400, 20002),
        ("serviceName", "api", 400, 21007),
    ],
    f"PUT {NS}/service": [("protectThreshold", "2", 400, 20002), ("selector", "{}", 400, 21006), ("serviceName", "x", 400, 21008)],
    f"DELETE {NS}/service": [("serviceName", "api", 400, 21009), ("serviceName", "x", 400, 21008)],
    f"GET {NS}/service": [("serviceName", "x", 400, 21008)],
    f"GET {NS}/service/list": [*PAGES, ("ignoreEmptyService", "x", 400, 20002), ("withInstances", "x", 400, 20002)],
    f"GET {NS}/service/subscribers": [*PAGES, ("aggregation", "x", 400, 20002)],
    f"PUT {NS}/cluster": [
        *METADATA,
        *(("healthChecker", value, 400, 20002) for value in ("nope", "[]", "{}", '{"type":"TCP"}', '{"type":[]}', "[" * 50_000)),
        ("useInstancePort4Check", "maybe", 400, 20002),
        ("serviceName", "x", 400, 30000),
    ],
    f"PUT {NS}/health/instance": [("healthy", "maybe", 400, 20002), ("serviceName", "api", 404, 20004)],
    f"GET {NS}/ops/metrics": [("onlyStatus", "maybe", 400, 20002)],
    f"GET {NS}/client": [
        ("clientId", value, 404, 20004) for value in ("x", "10.0.0.1:99#true", "10.0.0.1:80#maybe", ":80#true", "\x00")
    ],
    f"GET {NS}/client/publish/list": [("clientId", "x", 404, 20004)],
    f"GET {NS}/client/subscribe/list": [("clientId", "x", 404, 20004)],
    f"POST {CORE}/namespace": [*NAMES, ("namespaceId", "public", 400, 22002)],
    f"PUT {CORE}/namespace": [*NAMES, ("namespaceId", "gone", 404, 22001)],
    f"GET {CORE}/namespace": [("namespaceId", value, 404, 22001) for value in ("gone", "a b", "n" * 5000)],
    f"DELETE {CORE}/namespace": [("namespaceId", "public", 400, 22000), ("namespaceId", "n" * 5000, 400, 20002)],
    f"GET {CORE}/cluster/node/list": [("state", "nope", 400, 23000)],
}
# Which parameters a call cannot do without, where it is not those of its service or instance.
REQUIRED = [
    *((call, "serviceName") for call in WITH_SERVICE),
    *((call, name) for call in WITH_INSTANCE for name in ("ip", "port")),
    *((f"{method} {NS}/instance/metadata/batch", "metadata") for method in ("PUT", "DELETE")),
    *((f"PUT {NS}/cluster", name) for name in ("clusterName", "checkPort", "useInstancePort4Check", "healthChecker")),
    (f"PUT {NS}/health/instance", "healthy"),
    *((f"PUT {NS}/ops/switches", name) for name in ("entry", "value")),
    *((f"PUT {area}/ops/log", name) for area in (NS, CORE) for name in ("logName", "logLevel")),
    *((f"GET {NS}/client{path}", "clientId") for path in ("", "/publish/list", "/subscribe/list")),
    *((f"GET {NS}/client/distro", name) for name in ("ip", "port")),
    *((f"{method} {CORE}/namespace", "namespaceName") for method in ("POST", "PUT")),
    *((f"{method} {CORE}/namespace", "namespaceId") for method in ("GET", "POST", "PUT", "DELETE")),
    (f"GET {CORE}/namespace/check", "namespaceId"),
    (f"POST {CORE}/loader/reloadClient", "connectionId"),
]


class Furnished:
    """A server in which something of everything is."""

    def __init__(self, http: httpx.AsyncClient, state: Any) -> None:
        self._http, self._state = http, state

    async def send(self, call: str, sent: dict[str, str]) -> httpx.Response:
        method, _, path = call.partition(" ")
        return await self._http.request(method, path, **{"params" if method == "GET" else "data": sent})

    def seen(self) -> Any:
        known = {key: (dict(service.instances), service.description) for key, service in self._state.services.items()}
        return copied(self._state), known, self._state.revision


@asynccontextmanager
async def furnished() -> AsyncIterator[Furnished]:
    async with (
        running_server() as server,
        running_gateway(server, "local") as url,
        httpx.AsyncClient(base_url=url, timeout=60) as http,
    ):
        made = Furnished(http, server.engine.state)
        for call, sent in (
            (f"POST {NS}/instance", INSTANCE),
            (f"POST {NS}/instance", {**INSTANCE, "serviceName": "kept", "ephemeral": "false"}),
            (f"PUT {NS}/instance", {**INSTANCE, "metadata": "k=1"}),
            (f"POST {NS}/service", {"serviceName": "empty"}),
            (f"POST {CORE}/namespace", NAMESPACE),
        ):
            assert (await made.send(call, sent)).status_code == 200
        yield made


@pytest.mark.parametrize("call", GOOD)
async def test_good_parameters_are_served(call: str) -> None:
    async with furnished() as server:
        answer = await server.send(call, GOOD[call])

        assert answer.status_code == STATUS.get(call, 200), answer.text


@pytest.mark.parametrize("call", WITH_SERVICE)
async def test_filter_refuses_bad_names_and_addresses_in_every_call(call: str) -> None:
    bad = FILTERED_WRITES if call in WITH_INSTANCE else FILTERED
    async with furnished() as server:
        before = server.seen()

        for name, value, text in bad:
            answer = await server.send(call, {**GOOD[call], name: value})

            assert (answer.status_code, answer.text) == (400, f"{text}\r\n"), (name, value[:50])
            assert "content-type" not in answer.headers
        assert server.seen() == before


@pytest.mark.parametrize("call", BAD)
async def test_bad_value_has_its_code_and_changes_nothing(call: str) -> None:
    async with furnished() as server:
        before = server.seen()

        for name, value, status, code in BAD[call]:
            answer = await server.send(call, {**GOOD[call], name: value})

            assert (answer.status_code, answer.json()["code"]) == (status, code), (name, value[:50], answer.text[:200])
        assert server.seen() == before


@pytest.mark.parametrize(("call", "name"), REQUIRED)
async def test_missing_parameter_is_named_and_nothing_changes(call: str, name: str) -> None:
    async with furnished() as server:
        before = server.seen()

        for sent in ({**GOOD[call], name: " "}, {key: value for key, value in GOOD[call].items() if key != name}):
            if call == f"POST {CORE}/namespace" and name == "namespaceId" and name in sent:
                continue  # a blank one is made
            answer = await server.send(call, sent)

            assert (answer.status_code, answer.json()["code"]) == (400, 10000), answer.text
            assert f"'{name}'" in answer.json()["data"]
        assert server.seen() == before


def test_table_holds_every_call_that_takes_parameters_and_every_required_one() -> None:
    class NoMetrics:
        def render(self) -> bytes:
            return b""

    app = create_app(NoChannel(), NoMetrics())
    assert isinstance(app, Gateway)

    routes = {f"{route.method} {route.path}": route for route in app.routes if route.path.startswith((NS, CORE))}

    assert {call for call, route in routes.items() if route.parameters} == set(GOOD)
    required = {(call, one.name) for call, route in routes.items() for one in route.parameters if one.is_required}
    assert required == set(REQUIRED)
