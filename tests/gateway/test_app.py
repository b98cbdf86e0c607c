"""The gateway as a whole: no input makes it fail, and what it serves is documented."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from muster_gateway.app import Gateway, create_app
from muster_gateway.channel import LocalChannel
from running import running_server

PATHS = ["/api/instance", "/api/instance/list", "/api/instance/beat", "/api/instance/status", "/service/names"]
NACOS = ["/nacos/v3/client/ns/instance", "/nacos/v3/client/ns/instance/list"]
NAMES = ["namespace", "cluster", "clusters", "serviceName", "ip", "port", "status", "healthy", "namespaceId", "groupName"]
NAMES += ["clusterName", "weight", "enabled", "ephemeral", "metadata", "heartBeat", "healthyOnly"]
VALUES = st.one_of(st.text(max_size=20), st.sampled_from(["80", "-1", "1e400", "NaN", "true", "DISABLE", "a=b", "{", "a" * 5000]))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=8)),
    max_leaves=10,
)


class NoMetrics:
    def render(self) -> bytes:
        return b""


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(PATHS + NACOS),
            st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
            st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8),
            st.one_of(st.none(), JSON, st.binary(max_size=30)),
        ),
        min_size=20,
        max_size=40,
    )
)
def test_no_input_makes_the_gateway_fail(requests: list[tuple[str, str, dict[str, str], Any]]) -> None:
    async def send_all() -> list[int]:
        async with running_server() as server, httpx.AsyncClient(base_url=server.http_urls[0]) as http:
            return [await send(http, *request) for request in requests]

    statuses = asyncio.run(send_all())

    assert all(status < 500 for status in statuses), list(zip(statuses, requests, strict=True))


async def send(http: httpx.AsyncClient, path: str, method: str, values: dict[str, str], body: Any) -> int:
    encodable = {name: value.encode("utf-8", "replace").decode() for name, value in values.items()}
    if path in NACOS and method in ("POST", "DELETE"):
        return (await http.request(method, path, data=encodable)).status_code
    content = body if isinstance(body, bytes) else httpx_json(body)
    return (await http.request(method, path, params=encodable, content=content)).status_code


def httpx_json(body: Any) -> bytes:

    return json.dumps(body).encode("utf-8", "surrogatepass")


async def test_openapi_and_page_hold_every_route() -> None:
    app = create_app(LocalChannel(lambda path, request: asyncio.sleep(0, b"")), NoMetrics())
    assert isinstance(app, Gateway)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://muster") as http:
        document = (await http.get("/openapi.json")).json()
        page = (await http.get("/")).text

        served = {(route.method.lower(), route.path) for route in app.routes}
        assert {(method, path) for path, operations in document["paths"].items() for method in operations} == served
        assert all(f"{method.upper()} {path}" in page for method, path in served)


async def test_metrics_tell_of_calls_and_state() -> None:
    async with running_server() as server, httpx.AsyncClient(base_url=server.http_urls[0]) as http:
        await http.post("/api/instance", json={"serviceName": "s", "ip": "h", "port": 1})

        text = (await http.get("/metrics")).text

        assert "muster_instances 1.0" in text
        assert 'muster_calls_total{code="OK",method="/muster.registry.v1.RegistrationService/Register"} 1.0' in text


@pytest.mark.parametrize(
    ("path", "status", "start"),
    [("/nope", 404, "Not Found"), ("/nacos/nope", 404, '{"timestamp"'), ("/nacos//v3", 400, '{"timestamp"')],
)
async def test_unknown_paths_answer_in_the_dialects_form(path: str, status: int, start: str) -> None:
    async with running_server() as server, httpx.AsyncClient(base_url=server.http_urls[0]) as http:
        answer = await http.get(path)

        assert answer.status_code == status
        assert answer.text.startswith(start)


async def test_body_above_the_limit_is_refused() -> None:
    async with running_server() as server, httpx.AsyncClient(base_url=server.http_urls[0]) as http:
        answer = await http.post("/api/instance", content=b"x" * (9 << 20))

        assert answer.status_code == 413
