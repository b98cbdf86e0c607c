"""Bad input to kie: its code, and nothing changed."""

import json
from typing import Any

import pytest

from gateway.kies import KV, running_kie

INVALID, MISSING = (400, "400001"), (404, "404001")
LONG = "x" * 65
FILE = "/v1/default/kie/file"
YAML = {"content-type": "text/yaml"}


@pytest.mark.parametrize(
    ("method", "path", "body", "answer"),
    [
        ("POST", KV, {"key": "a b", "value": "1"}, INVALID),
        ("POST", KV, {"key": "", "value": "1"}, INVALID),
        ("POST", KV, {"key": None}, INVALID),
        ("POST", KV, {"key": 1}, INVALID),
        ("POST", KV, {"key": "a", "value": 1}, INVALID),
        ("POST", KV, {"key": "a", "value": "x" * 131073}, INVALID),
        ("POST", KV, {"key": "a", "value_type": "yml"}, INVALID),
        ("POST", KV, {"key": "a", "status": "on"}, INVALID),
        ("POST", KV, {"key": "a", "labels": ["app"]}, INVALID),
        ("POST", KV, {"key": "a", "labels": {"a": 1}}, INVALID),
        ("POST", KV, {"key": "a", "labels": {"": "x"}}, INVALID),
        ("POST", KV, {"key": "a", "labels": {"a": "b&c=d"}}, INVALID),
        ("POST", KV, {"key": "a", "labels": {"kie:status": "x"}}, INVALID),
        ("POST", KV, {"key": "a", "labels": {f"l{n}": "" for n in range(7)}}, INVALID),
        ("POST", KV, {"key": "a", "priority": 2**40}, INVALID),
        ("POST", KV, {"key": "a", "priority": "high"}, INVALID),
        ("POST", KV, {"key": "a", "check": "x" * 8193}, INVALID),
        ("POST", KV, [], INVALID),
        ("POST", KV, None, INVALID),
        ("POST", KV.replace("default", "-bad"), {"key": "a"}, INVALID),
        ("POST", KV.replace("default", "x" * 257), {"key": "a"}, INVALID),
        ("PUT", f"{KV}/{LONG}", {"value": "2"}, INVALID),
        ("PUT", f"{KV}/none", {"value": "2"}, MISSING),
        ("PUT", "KV_ID", {"value": 2}, INVALID),
        ("PUT", "KV_ID", {"value": "x" * 131073}, INVALID),
        ("PUT", "KV_ID", {"status": "maybe"}, INVALID),
        ("DELETE", f"{KV}/none", None, MISSING),
        ("DELETE", f"{KV}/{LONG}", None, INVALID),
        ("DELETE", KV, {"ids": "all"}, INVALID),
        ("DELETE", KV, {"ids": [str(n) for n in range(10_001)]}, INVALID),
        ("GET", f"/v1/default/kie/revision/{LONG}", None, INVALID),
        ("GET", "/v1/default/kie/revision/none", None, MISSING),
        ("GET", "/v1/default/kie/track", None, MISSING),
        ("POST", FILE, {"data": []}, INVALID),
        ("POST", f"{FILE}?override=maybe", {"data": []}, INVALID),
        ("POST", f"{FILE}?override=force", {"data": [{"key": "a"}] * 1001}, INVALID),
        ("POST", f"{FILE}?override=force", {"data": {"key": "a"}}, INVALID),
        ("GET", f"{KV}?label=app", None, INVALID),
        ("GET", f"{KV}?label=a:b:c", None, INVALID),
        ("GET", f"{KV}?label=a:b&label=a:c", None, INVALID),
        ("GET", f"{KV}?label=a:*", None, INVALID),
        ("GET", f"{KV}?" + "&".join(f"label=l{n}:" for n in range(9)), None, INVALID),
        ("GET", f"{KV}?limit=0", None, INVALID),
        ("GET", f"{KV}?limit=1e2", None, INVALID),
        ("GET", f"{KV}?offset=-1", None, INVALID),
        ("GET", f"{KV}?offset=" + "9" * 5000, None, INVALID),
        ("GET", f"{KV}?revision=1.5", None, INVALID),
        ("GET", f"{KV}?revision=" + "9" * 5000, None, INVALID),
        ("GET", f"{KV}?wait=5", None, INVALID),
        ("GET", f"{KV}?wait=5x", None, INVALID),
        ("GET", f"{KV}?wait=-5s", None, INVALID),
        ("GET", f"{KV}?wait=" + "1s" * 5000, None, INVALID),
        ("GET", f"{KV}?wait=301s", None, (400, "400003")),
        ("GET", f"{KV}?wait=5s&key=a", None, INVALID),
        ("GET", f"{KV}?key=" + "a" * 129, None, INVALID),
        ("GET", f"{KV}?key=wildcard(a[b])", None, INVALID),
        ("GET", f"{KV}?status=on", None, INVALID),
    ],
)
async def test_bad_input_gets_its_code_and_changes_nothing(method: str, path: str, body: Any, answer: tuple[int, str]) -> None:
    async with running_kie() as kie:
        kv = await kie.create("there", "1")
        revision = kie.server.engine.revision
        content = json.dumps(body) if body is not None else None
        headers = {"content-type": "application/json"}
        found = await kie.http.request(method, path.replace("KV_ID", f"{KV}/{kv['id']}"), content=content, headers=headers)

        assert (found.status_code, found.json()["errorCode"]) == answer
        assert list(found.json()) == ["errorCode", "errorMessage", "detail"]
        assert kie.server.engine.revision == revision


@pytest.mark.parametrize(
    "body",
    [
        b"a: [",
        b"- key: a",
        b"key: &a x\nvalue: *a",
        b"key: " + b"[" * 100_000,
        b"key: " + b"{a: " * 50,
        b"? [a]\n: b",
        b"key: \xff",
        b"\x00",
        b"key: a\npriority: high",
        b"value: " + b"x" * (1 << 20),
        b"--- ",
    ],
)
async def test_bad_yaml_is_refused(body: bytes) -> None:
    async with running_kie() as kie:
        answer = await kie.http.post(KV, content=body, headers=YAML)

        assert (answer.status_code, answer.json()["errorCode"]) == INVALID
        assert await kie.values() == {}


async def test_yaml_has_texts_for_what_looks_like_something_else() -> None:
    async with running_kie() as kie:
        body = b"key: a\nvalue: 1\npriority: 2\nstatus: ~\nlabels: {app: shop, version: 1.0, environment: null}\n"
        answer = await kie.http.post(KV, content=body, headers=YAML)

        kv = answer.json()
        assert (kv["value"], kv["priority"], kv["status"]) == ("1", 2, "disabled")
        assert kv["labels"] == {"app": "shop", "version": "1.0", "environment": ""}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "text"),
    [
        ("GET", "/v1/default/kie/nope", {}, 404, "404: Page Not Found"),
        ("GET", "/v1/default/kie/kv/", {}, 404, "404: Page Not Found"),
        ("GET", "/v3/default/configuration/nope", {}, 404, "404: Page Not Found"),
        ("PATCH", KV, {}, 405, "405: Method Not Allowed"),
        ("POST", KV, {"content-type": "text/plain"}, 415, "415: Unsupported Media Type"),
        ("DELETE", KV, {"content-type": "text/plain"}, 415, "415: Unsupported Media Type"),
    ],
)
async def test_what_is_no_call_gets_the_texts_of_the_original(
    method: str, path: str, headers: dict[str, str], status: int, text: str
) -> None:
    async with running_kie() as kie:
        answer = await kie.http.request(method, path, headers=headers)

        assert (answer.status_code, answer.text) == (status, text)


async def test_body_that_is_nested_too_deep_is_refused_in_the_form_of_kie() -> None:
    async with running_kie() as kie:
        answer = await kie.http.post(KV, content=b'{"a":' * 5000, headers={"content-type": "application/json"})

        assert (answer.status_code, answer.json()["errorCode"]) == INVALID


async def test_body_that_is_too_large_is_refused_in_the_form_of_kie() -> None:
    async with running_kie() as kie:
        answer = await kie.http.post(KV, content=b"x" * (9 << 20), headers={"content-type": "application/json"})

        assert (answer.status_code, answer.json()["errorCode"]) == INVALID
