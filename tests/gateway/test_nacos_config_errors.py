"""Bad input to the Nacos config calls: each in its form, and nothing changed by it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
from muster.config.v1 import config_pb2, config_service_pb2_grpc
from muster.config.v1 import config_service_pb2 as wire
from muster_gateway.app import create_app
from muster_gateway.channel import LocalChannel
from running import running_gateway, running_server

PATH = "/nacos/v3/client/cs/config"
ADMIN = "/nacos/v3/admin/cs/config"
BETA = f"{ADMIN}/beta"
CALLS = [("GET", PATH), ("POST", ADMIN), ("DELETE", ADMIN), ("DELETE", BETA)]
FORM = {"dataId": "d", "groupName": "g", "content": "new"}
NOTHING_FOUND = {"code": 20004, "message": "resource not found", "data": None}
UNBOUND = "Validation failed for object='configFormV3'. Error count: 1"


def too_long(name: str, longest: int) -> str:
    return f"Param '{name}' is illegal, the param length should not exceed {longest}."


def bad_character(name: str) -> str:
    return f"Param '{name}' is illegal, illegal characters should not appear in the param."


# What the filter refuses: what is sent beside the names (None: what is left out), and the text.
FILTERED: list[tuple[dict[str, str | None], str]] = [
    ({"namespaceId": "n" * 65}, too_long("namespaceId/tenant", 64)),
    ({"namespaceId": "a.b"}, bad_character("namespaceId/tenant")),
    ({"namespaceId": "ü"}, bad_character("namespaceId/tenant")),
    ({"namespaceId": "a\n"}, bad_character("namespaceId/tenant")),
    ({"tenant": "a.b"}, bad_character("namespaceId/tenant")),
    ({"namespaceId": " ", "tenant": "", "namespace": "a.b"}, bad_character("namespaceId/tenant")),
    ({"dataId": "d" * 257}, too_long("dataId", 256)),
    ({"dataId": "a/b"}, bad_character("dataId")),
    ({"dataId": "配置"}, bad_character("dataId")),
    ({"dataId": "d\0"}, bad_character("dataId")),
    ({"groupName": "g" * 129}, too_long("group", 128)),
    ({"groupName": "a@@b"}, bad_character("group")),
    ({"groupName": None, "group": "a b"}, bad_character("group")),
    ({"groupName": None, "dataId": "a b"}, bad_character("dataId")),
    ({"ip": "a b"}, bad_character("ip")),
    ({"ip": "i" * 129}, too_long("ip", 128)),
    ({"namespaceId": "a.b", "dataId": "a/b", "groupName": "a/b", "ip": "a b"}, bad_character("namespaceId/tenant")),
    ({"dataId": "a/b", "groupName": "a/b", "ip": "a b"}, bad_character("dataId")),
    ({"groupName": "a/b", "ip": "a b"}, bad_character("group")),
]
# What the envelope refuses of a publication: what is sent, the headers, what is said.
REFUSED: list[tuple[dict[str, str], dict[str, str], str]] = [
    ({"tag": "t" * 17}, {}, "too long tag, over 16"),
    ({"tag": "a b"}, {}, "invalid tag : a b"),
    ({"configTags": "a,b,c,d,e,f"}, {}, "too much config_tags, over 5"),
    ({"configTags": "a," + "t" * 65}, {}, "too long tag, over 64"),
    ({"desc": "d" * 129}, {}, "too long desc, over 128"),
    ({"desc": "\U0001f600" * 65}, {}, "too long desc, over 128"),
    ({"use": "u" * 33}, {}, "too long use, over 32"),
    ({"effect": "e" * 33}, {}, "too long effect, over 32"),
    ({"schema": "s" * 32769}, {}, "too long schema, over 32768"),
    ({"schema": "中" * 32768}, {}, "labels: must hold values of at most 32768 bytes"),
    ({"srcUser": "u" * 257}, {}, "author: must not be longer than 256 bytes"),
    ({"srcUser": "a\nb"}, {}, "author: must not contain control characters"),
    ({"encryptedDataKey": "k" * 4097}, {}, "encrypted_data_key: must not be longer than 4096 bytes"),
    ({"grayPriority": "abc"}, {}, "Param 'grayPriority' is illegal, it cannot be read as its type."),
    ({}, {"betaIps": "10.0.0.0/99"}, "rule.ips: holds a range that is none"),
    ({}, {"betaIps": "a" * 257}, "rule.ips: must not be longer than 256 bytes"),
    ({}, {"betaIps": ",".join(["10.0.0.1"] * 1001)}, "rule.ips: must hold 1 to 1000 addresses"),
    ({}, {"betaIps": ","}, "rule: must have exactly one of labels, ips and percentage, and that not empty"),
]


@asynccontextmanager
async def gateway(kind: str) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
    """A gateway with one config published, and the native stub."""
    async with (
        running_server() as server,
        server.channel() as channel,
        running_gateway(server, kind) as url,
        httpx.AsyncClient(base_url=url, timeout=20) as http,
    ):
        assert (await http.post(ADMIN, data={**FORM, "content": "old"})).json()["data"] is True
        yield http, config_service_pb2_grpc.ConfigServiceStub(channel)


async def state(native: Any) -> tuple[bytes, int]:
    """Everything that there is, and the place in history."""
    found = await native.ListConfigs(wire.ListConfigsRequest())
    releases = await native.ListReleases(wire.ListReleasesRequest(ref=config_pb2.ConfigRef(group="g", name="d")))
    return found.SerializeToString(deterministic=True), len(releases.releases)


def said(values: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in {**FORM, **values}.items() if value is not None}


@pytest.mark.parametrize("kind", ["local", "apart"])
@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_call_that_the_filter_refuses_answers_bare_text(method: str, path: str, kind: str) -> None:
    async with gateway(kind) as (http, native):
        before = await state(native)

        for values, text in FILTERED:
            answer = await http.request(method, path, params=said(values))

            assert (answer.status_code, answer.text) == (400, f"{text}\r\n"), values
            assert "content-type" not in answer.headers
            assert answer.headers["cache-control"] == "no-cache,no-store"
        assert await state(native) == before


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "text/plain;charset=UTF-8"),
        ("*/*", "text/plain;charset=UTF-8"),
        ("text/*", "text/plain;charset=UTF-8"),
        ("", "text/plain;charset=UTF-8"),
        ("nonsense", "text/plain;charset=UTF-8"),
        ("text/html", "text/html;charset=UTF-8"),
        ("text/html,application/xml;q=0.9,*/*;q=0.8", "text/html;charset=UTF-8"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("text/html;q=0", "text/plain;charset=UTF-8"),
        ("application/json", "application/json"),
        ("application/json;charset=utf-8", "application/json"),
        ("application/problem+json", "application/problem+json"),
        ('text/"x"', "text/plain;charset=UTF-8"),
    ],
)
async def test_query_without_a_name_answers_bare_text_in_the_accepted_type(accept: str | None, content_type: str) -> None:
    async with gateway("local") as (http, _):
        answer = await http.get(PATH, params={"dataId": "d"}, headers={} if accept is None else {"accept": accept})

        assert (answer.status_code, answer.text) == (400, "caused: Required parameter 'groupName' type String is not present;")
        assert answer.headers["content-type"] == content_type
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({}, "groupName"),
        ({"dataId": "d", "groupName": ""}, "groupName"),
        ({"dataId": "d", "groupName": " "}, "groupName"),
        ({"dataId": "d", "group": "g"}, "groupName"),
        ({"groupName": "g"}, "dataId"),
        ({"groupName": "g", "dataId": "\t"}, "dataId"),
    ],
)
async def test_missing_name_is_told_by_each_call_in_its_form(query: dict[str, str], name: str) -> None:
    text = f"Required parameter '{name}' type String is not present"
    async with gateway("local") as (http, native):
        before = await state(native)

        read = await http.get(PATH, params=query)
        written = [await http.request(method, path, params={**query, "content": "x"}) for method, path in CALLS[1:]]

        assert (read.status_code, read.text) == (400, f"caused: {text};")
        for answer in written:
            assert (answer.status_code, answer.json()) == (400, {"code": 10000, "message": "parameter missing", "data": text})
        assert await state(native) == before


@pytest.mark.parametrize("value", ["abc", "", "2147483648", "-2147483649", "1.0", "1_0", "\u0661", "0x", "0x1FFFFFFFF", "9" * 5000])
async def test_gray_priority_that_is_no_number_answers_the_error_page(value: str) -> None:
    async with gateway("local") as (http, _):
        answer = await http.get(PATH, params={"dataId": "d", "groupName": "g", "grayPriority": value})

        body = answer.json()
        assert (answer.status_code, list(body)) == (400, ["timestamp", "status", "error", "message", "path"])
        assert (body["status"], body["error"], body["message"], body["path"]) == (400, "Bad Request", UNBOUND, PATH)


@pytest.mark.parametrize("value", ["1", "+1", " 007 ", "-2147483648", "2147483647", "0x1F", "#1f"])
async def test_gray_priority_that_is_a_number_is_ignored(value: str) -> None:
    async with gateway("local") as (http, _):
        answer = await http.get(PATH, params={"dataId": "d", "groupName": "g", "grayPriority": value})

        assert answer.json()["data"]["content"] == "old"


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_publication_with_a_bad_value_answers_the_envelope(kind: str) -> None:
    async with gateway(kind) as (http, native):
        before = await state(native)

        for values, headers, text in REFUSED:
            answer = await http.post(ADMIN, data={**FORM, **values}, headers=headers)

            expected = {"code": 20002, "message": "parameter validate error", "data": text}
            assert (answer.status_code, answer.json()) == (400, expected), (values, headers)
        assert await state(native) == before


@pytest.mark.parametrize("content", [None, "", " ", "\r\n"])
async def test_publication_without_content_answers_what_is_missing(content: str | None) -> None:
    async with gateway("local") as (http, native):
        before = await state(native)

        answer = await http.post(ADMIN, data=said({"content": content}))

        expected = "Required parameter 'content' type String is not present"
        assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (400, 10000, expected)
        assert await state(native) == before


async def test_doubled_names_are_joined_and_so_found_nowhere_nor_published() -> None:
    async with gateway("local") as (http, native):
        before = await state(native)

        read = await http.get(f"{PATH}?dataId=d&dataId=e&groupName=g")
        names = await http.post(f"{ADMIN}?dataId=d&dataId=e&groupName=g&content=x")
        groups = await http.post(f"{ADMIN}?dataId=d&groupName=g", data={"groupName": "h", "content": "x"})

        assert read.json() == NOTHING_FOUND
        assert [(answer.status_code, answer.json()["code"]) for answer in (names, groups)] == [(400, 20002)] * 2
        assert [answer.json()["data"] for answer in (names, groups)] == ["invalid dataId : d,e", "invalid group : g,h"]
        assert await state(native) == before


@pytest.mark.parametrize("headers", [{"tag": "x" * 17}, {"tag": "a b"}])
async def test_deletion_with_a_bad_tag_answers_the_envelope(headers: dict[str, str]) -> None:
    async with gateway("local") as (http, native):
        before = await state(native)

        answer = await http.delete(ADMIN, params={**FORM, **headers})

        assert (answer.status_code, answer.json()["code"]) == (400, 20002)
        assert await state(native) == before


async def test_deletion_of_what_is_not_there_is_no_error() -> None:
    async with gateway("local") as (http, native):
        before = await state(native)

        config = await http.delete(ADMIN, params={**FORM, "dataId": "other"})
        tag = await http.delete(ADMIN, params={**FORM, "tag": "t1"})

        assert [answer.json()["data"] for answer in (config, tag)] == [True, True]
        assert await state(native) == before


async def test_form_above_two_mebibytes_loses_its_parameters() -> None:
    async with gateway("local") as (http, native):
        before = await state(native)

        answer = await http.post(ADMIN, data={**FORM, "content": "v" * (3 << 20)})

        assert (answer.status_code, answer.json()["code"]) == (400, 10000)
        assert await state(native) == before


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [(PATH, "POST", "GET"), (PATH, "DELETE", "GET"), (ADMIN, "PUT", "DELETE, GET, POST"), (BETA, "POST", "DELETE, GET")],
)
async def test_wrong_method_is_not_allowed_and_told_which_are(path: str, method: str, allowed: str) -> None:
    async with gateway("local") as (http, _):
        answer = await http.request(method, path)

        assert (answer.status_code, answer.json()["message"]) == (405, f"Method '{method}' is not supported.")
        assert answer.headers["allow"] == allowed


async def test_head_answers_like_get_without_a_body_and_options_what_is_allowed() -> None:
    async with gateway("local") as (http, _):
        found = await http.head(PATH, params={"dataId": "d", "groupName": "g"})
        missing = await http.head(PATH)
        options = await http.options(PATH)

        assert [(answer.status_code, answer.content) for answer in (found, missing)] == [(200, b""), (400, b"")]
        assert options.headers["allow"] == "GET,HEAD,OPTIONS"


@pytest.mark.parametrize(
    ("reason", "code", "status", "expected"),
    [
        ("TOO_LARGE", grpc.StatusCode.RESOURCE_EXHAUSTED, 400, 20002),
        ("STORAGE_FAILED", grpc.StatusCode.UNAVAILABLE, 500, 10002),
        ("LIMIT_EXCEEDED", grpc.StatusCode.RESOURCE_EXHAUSTED, 503, 30000),
        ("DRAINING", grpc.StatusCode.UNAVAILABLE, 503, 30000),
        ("INTERNAL", grpc.StatusCode.INTERNAL, 500, 30000),
        ("CONFIG_NOT_FOUND", grpc.StatusCode.NOT_FOUND, 400, 20002),
    ],
)
async def test_reason_of_the_registry_has_its_status_and_code(
    reason: str, code: grpc.StatusCode, status: int, expected: int
) -> None:
    async def dispatch(path: str, request: Any) -> Any:
        trailers = grpc.aio.Metadata(("muster-reason", reason))
        raise grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailers, "in its own words")

    class NoMetrics:
        def render(self) -> bytes:
            return b""

    app = create_app(LocalChannel(dispatch), NoMetrics())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://muster") as http:
        answer = await http.post(ADMIN, data=FORM)

        assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (status, expected, "in its own words")
