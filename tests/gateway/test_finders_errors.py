"""Bad input in the Finders dialect: a bare message, no envelope, 400 or 404, and nothing changed."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from muster_gateway.finders.routes import Finders
from muster_gateway.registry import Registry
from running import running_gateway, running_server

BODY = {"serviceName": "api", "ip": "10.0.0.1", "port": 80}
QUERY = {"serviceName": "api", "ip": "10.0.0.1", "port": "80"}
NO_JSON = "Body must be a JSON object"
NO_PORT = "Param 'port' is required and must be greater than zero"
BAD_PORT = "Param 'port' must be a number"
PORT_RANGE = "Param 'port' must not be greater than 65535 or negative"
BAD_CLUSTER = "Cluster name can only have these characters: 0-9a-zA-Z-_"
BAD_SERVICE = "Service name can only have these characters: 0-9a-zA-Z@.:_-"
WRITES = [("POST", "/api/instance"), ("DELETE", "/api/instance"), ("PUT", "/api/instance/beat")]
STATUS = ("PUT", "/api/instance/status")


@asynccontextmanager
async def gateway(kind: str) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway with one instance registered."""
    async with (
        running_server() as server,
        running_gateway(server, kind) as url,
        httpx.AsyncClient(base_url=url, timeout=20) as http,
    ):
        assert (await http.post("/api/instance", json=BODY)).text == "success"
        yield http


async def state(http: httpx.AsyncClient) -> tuple[str, str]:
    return (await http.get("/service/names")).text, (await http.get("/api/instance/list", params={"serviceName": "api"})).text


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in BODY.items() if key != name}


IDENTITIES: list[tuple[dict[str, Any], str]] = [
    ({}, "Param 'serviceName' is required"),
    (without("serviceName"), "Param 'serviceName' is required"),
    ({**BODY, "serviceName": ""}, "Param 'serviceName' is required"),
    ({**BODY, "serviceName": None}, "Param 'serviceName' is required"),
    ({**BODY, "serviceName": {}}, "Param 'serviceName' must be text"),
    ({**BODY, "serviceName": ["api"]}, "Param 'serviceName' must be text"),
    ({**BODY, "serviceName": "a b"}, BAD_SERVICE),
    ({**BODY, "serviceName": "a/b"}, BAD_SERVICE),
    ({**BODY, "serviceName": "ü"}, BAD_SERVICE),
    ({**BODY, "serviceName": "\ud800"}, "Param 'serviceName' must be text"),
    ({**BODY, "serviceName": "s" * 4097}, "service.name: must not be longer than 4096 bytes"),
    (without("ip"), "Param 'ip' is required"),
    ({**BODY, "ip": ""}, "Param 'ip' is required"),
    ({**BODY, "ip": {"a": 1}}, "Param 'ip' must be text"),
    ({**BODY, "ip": "\udfff"}, "Param 'ip' must be text"),
    (without("port"), NO_PORT),
    ({**BODY, "port": None}, NO_PORT),
    ({**BODY, "port": ""}, NO_PORT),
    ({**BODY, "port": 0}, NO_PORT),
    ({**BODY, "port": 0.7}, NO_PORT),
    ({**BODY, "port": "abc"}, BAD_PORT),
    ({**BODY, "port": "1.7"}, BAD_PORT),
    ({**BODY, "port": True}, BAD_PORT),
    ({**BODY, "port": [1]}, BAD_PORT),
    ({**BODY, "port": {}}, BAD_PORT),
    ({**BODY, "port": "1" * 11}, BAD_PORT),
    ({**BODY, "port": "8\uff10"}, BAD_PORT),
    ({**BODY, "port": float("nan")}, BAD_PORT),
    ({**BODY, "port": float("-inf")}, BAD_PORT),
    ({**BODY, "port": 1e300}, BAD_PORT),
    ({**BODY, "port": -1}, PORT_RANGE),
    ({**BODY, "port": 65536}, PORT_RANGE),
    ({**BODY, "port": 2**63}, PORT_RANGE),
    ({**BODY, "cluster": "a b"}, BAD_CLUSTER),
    ({**BODY, "cluster": "a.b"}, BAD_CLUSTER),
    ({**BODY, "cluster": []}, "Param 'cluster' must be text"),
    ({**BODY, "cluster": "\ud800"}, "Param 'cluster' must be text"),
    ({**BODY, "namespace": "n" * 4097}, "service.namespace: must not be longer than 4096 bytes"),
    ({**BODY, "namespace": "a\nb"}, "service.namespace: must not contain control characters"),
    ({**BODY, "namespace": "\ud800"}, "Param 'namespace' must be text"),
]
NO_OBJECTS: list[bytes] = [
    b"",
    b"null",
    b"[]",
    b"5",
    b'"text"',
    b"hello",
    b'{"serviceName":',
    b'{"serviceName":"api"',
    b"\xff\xfe{}",
    b'{"serviceName":"\xff"}',
    b"\xef\xbb\xbf{}",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"port":' + b"1" * 5000 + b"}",
    b"serviceName=api&ip=10.0.0.1&port=80",
]


@pytest.mark.parametrize("kind", ["local", "apart"])
@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_bad_field_of_a_write_is_refused_by_a_bare_message(method: str, path: str, kind: str) -> None:
    async with gateway(kind) as http:
        before = await state(http)

        for body, text in IDENTITIES:
            answer = await http.request(method, path, content=json.dumps(body))

            assert (answer.status_code, answer.text) == (400, text), body
            assert "content-type" not in answer.headers
        assert await state(http) == before


@pytest.mark.parametrize("kind", ["local", "apart"])
@pytest.mark.parametrize(("method", "path"), [*WRITES, STATUS])
async def test_body_that_is_no_object_is_refused(method: str, path: str, kind: str) -> None:
    async with gateway(kind) as http:
        before = await state(http)

        for content in NO_OBJECTS:
            answer = await http.request(method, path, content=content)

            is_empty_object = (method, path) == STATUS and content in (b"null", b"[]")
            expected = "Param 'serviceName' is required" if is_empty_object else NO_JSON
            assert (answer.status_code, answer.text) == (400, expected), content[:50]
        assert await state(http) == before


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_status_call_refuses_what_it_cannot_use(kind: str) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        *((without(name), f"Param '{name}' is required") for name in BODY),
        (BODY, "Param 'status' is required"),
        ({**BODY, "status": ""}, "Param 'status' is required"),
        ({**BODY, "status": {}}, "Param 'status' must be text"),
        ({**BODY, "status": "\ud800"}, "Param 'status' must be text"),
        ({**BODY, "status": "UP", "port": "x"}, BAD_PORT),
        ({**BODY, "status": "UP", "port": 1.5}, BAD_PORT),
        ({**BODY, "status": "UP", "port": True}, BAD_PORT),
        ({**BODY, "status": "UP", "port": 65536}, PORT_RANGE),
        ({**BODY, "status": "UP", "cluster": ["a"]}, "Param 'cluster' must be text"),
        ({**BODY, "status": "UP", "ip": "x" * 1100}, "instance_id: must not be longer than 1024 bytes"),
        ({**BODY, "status": "UP", "namespace": "\x00"}, "service.namespace: must not contain control characters"),
    ]
    async with gateway(kind) as http:
        before = await state(http)

        for body, text in cases:
            answer = await http.put("/api/instance/status", content=json.dumps(body))

            assert (answer.status_code, answer.text) == (400, text), body
        assert await state(http) == before


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_registration_refuses_statuses_it_does_not_know(kind: str) -> None:
    async with gateway(kind) as http:
        before = await state(http)

        for status in ("disable", "FOO", "", 4, -1, 1.0, True, [], {}):
            answer = await http.post("/api/instance", json={**BODY, "status": status})

            assert (answer.status_code, answer.text.partition(" must")[0]) == (400, "Param 'status'"), status
        assert await state(http) == before


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_bad_query_is_refused_by_a_bare_message(kind: str) -> None:
    long = "x" * 4097
    cases = [
        ("/api/instance/list", b"", "Param 'serviceName' is required"),
        ("/api/instance/list", b"serviceName=", "Param 'serviceName' is required"),
        ("/api/instance/list", b"serviceName=&serviceName=api", "Param 'serviceName' is required"),
        ("/api/instance/list", b"serviceName=%zz", "Query holds a broken escape"),
        ("/api/instance/list", b"%=1", "Query holds a broken escape"),
        ("/api/instance/list", b"serviceName=%00", "service.name: must not contain control characters"),
        ("/api/instance/list", f"serviceName={long}".encode(), "service.name: must not be longer than 4096 bytes"),
        ("/api/instance/list", f"serviceName=a&namespace={long}".encode(), "service.namespace: must not be longer than 4096 bytes"),
        ("/api/instance/list", b"serviceName=a&clusters=" + b"A," * 101, "Param 'clusters' must not name more than 100 clusters"),
        ("/api/instance", b"serviceName=api&ip=h", "Param 'port' is required"),
        ("/api/instance", b"serviceName=api&port=1", "Param 'ip' is required"),
        ("/api/instance", b"ip=h&port=1", "Param 'serviceName' is required"),
        ("/api/instance", b"serviceName=api&ip=h&port=abc", BAD_PORT),
        ("/api/instance", b"serviceName=api&ip=h&port=%208080", BAD_PORT),
        ("/api/instance", b"serviceName=api&ip=h&port=-1", PORT_RANGE),
        ("/api/instance", b"serviceName=api&ip=h&port=65536", PORT_RANGE),
        ("/api/instance", b"serviceName=api&ip=" + b"h" * 1025 + b"&port=1", "instance_id: must not be longer than 1024 bytes"),
        ("/service/names", f"namespace={long}".encode(), "namespace: must not be longer than 4096 bytes"),
        ("/service/names", b"namespace=%0a", "namespace: must not contain control characters"),
        ("/service/names", b"namespace=%", "Query holds a broken escape"),
    ]
    async with gateway(kind) as http:
        before = await state(http)

        for path, query, text in cases:
            answer = await http.get(httpx.URL(path, query=query))

            assert (answer.status_code, answer.text) == (400, text), query[:60]
        assert await state(http) == before


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_query_that_is_no_utf_8_or_doubled_is_read_as_far_as_it_goes(kind: str) -> None:
    async with gateway(kind) as http:
        broken = await http.get(httpx.URL("/api/instance/list", query=b"serviceName=%ff%fe"))
        doubled = await http.get(httpx.URL("/api/instance/list", query=b"serviceName=api&serviceName=other"))
        longest = await http.get(
            httpx.URL("/api/instance", query=b"serviceName=" + b"%c3%bc" * 2048 + b"&ip=" + b"h" * 990 + b"&port=1")
        )

        assert (broken.status_code, broken.json()["instances"]) == (200, [])
        assert len(doubled.json()["instances"]) == 1
        assert (longest.status_code, longest.text) == (200, "null")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_large_body_is_refused_and_the_next_request_served(kind: str) -> None:
    async with gateway(kind) as http:
        before = await state(http)

        within = await http.post("/api/instance", json={**BODY, "ip": "x" * (5 << 20)})
        above = await http.post("/api/instance", json={**BODY, "ip": "x" * (9 << 20)})

        assert within.status_code in (400, 413)
        assert (above.status_code, above.text) == (413, "Request body is too large")
        assert await state(http) == before


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/xml", ";;=", "\xff"])
async def test_content_type_of_a_body_does_not_matter(content_type: str) -> None:
    async with gateway("local") as http:
        headers = [(b"content-type", content_type.encode("latin-1"))] if content_type else []

        answer = await http.post("/api/instance", content=json.dumps({**BODY, "port": 81}), headers=headers)

        assert (answer.status_code, answer.text) == (200, "success")


async def test_unknown_path_and_wrong_method_are_not_found() -> None:
    served = {(route.method, route.path) for route in Finders(Registry(NoChannel())).routes()}
    methods = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
    async with gateway("local") as http:
        before = await state(http)

        for path in sorted({path for _, path in served} | {"/nope", "/api", "/api/instance/", "/API/instance", "/api/instance%00"}):
            for method in methods:
                if (method, path) not in served:
                    answer = await http.request(method, path)

                    assert (answer.status_code, answer.text) == (404, "" if method == "HEAD" else "Not Found"), (method, path)
        assert await state(http) == before


class NoChannel:
    """Enough of a channel to make stubs from."""

    def unary_unary(self, *_: Any, **__: Any) -> None:
        """No call is made."""

    unary_stream = stream_stream = unary_unary


async def test_preflight_allows_any_origin_and_echoes_the_headers_asked_for() -> None:
    async with gateway("local") as http:
        headers = {"origin": "http://x", "access-control-request-method": "PUT", "access-control-request-headers": "x-a"}

        answer = await http.options("/api/instance", headers=headers)

        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-allow-methods"] == "GET,POST,PUT,DELETE"
        assert answer.headers["access-control-allow-headers"] == "x-a"
