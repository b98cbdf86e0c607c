"""Bad input in the Nacos dialect: the envelope, the parameter filter's bare text, or the error page's JSON; nothing changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from running import running_gateway, running_server

PATH = "/nacos/v3/client/ns/instance"
FORM = {"serviceName": "api", "ip": "10.0.0.1", "port": "80"}
WRITES = ["POST", "DELETE"]
PORT = "Param 'port' is illegal, the value should be between 0 and 65535."
SECURITY = {"x-content-type-options": "nosniff", "x-frame-options": "DENY", "pragma": "no-cache"}


def too_long(name: str, longest: int) -> str:
    return f"Param '{name}' is illegal, the param length should not exceed {longest}."


def bad_character(name: str) -> str:
    return f"Param '{name}' is illegal, illegal characters should not appear in the param."


# What the filter refuses: the parameter, the value, the text.
FILTERED: list[tuple[str, str, str]] = [
    ("namespaceId", "n" * 65, too_long("namespaceId/tenant", 64)),
    ("namespaceId", "a b", bad_character("namespaceId/tenant")),
    ("namespaceId", "ü", bad_character("namespaceId/tenant")),
    ("serviceName", "s" * 513, too_long("serviceName", 512)),
    ("serviceName", "\U0001f600" * 257, too_long("serviceName", 512)),
    ("serviceName", "a b", bad_character("serviceName")),
    ("serviceName", "@a", bad_character("serviceName")),
    ("serviceName", "a中", bad_character("serviceName")),
    ("serviceName", "g g@@s", bad_character("group")),
    ("groupName", "g" * 129, too_long("group", 128)),
    ("groupName", "g/g", bad_character("group")),
]
FILTERED_WRITES: list[tuple[str, str, str]] = [
    *FILTERED,
    ("clusterName", "c" * 65, too_long("cluster", 64)),
    ("clusterName", "c.c", bad_character("cluster")),
    ("ip", "i" * 129, too_long("ip", 128)),
    ("ip", "a b", bad_character("ip")),
    ("ip", "中", bad_character("ip")),
    *(("port", value, PORT) for value in ("-1", "65536", "abc", "80.5", "1e2", " 80", "8\uff10", "9" * 5000)),
    ("metadata", "k=" + "v" * 1024, too_long("Metadata", 1024)),
    ("metadata", '{"k":"' + "v" * 1024 + '"}', too_long("Metadata", 1024)),
]
# What the envelope refuses: the parameter, the value, the code.
ENVELOPED_WRITES: list[tuple[str, str, int]] = [
    *(
        ("metadata", value, 21002)
        for value in ("a", "a=", "a=b=c", ",", '{"a":{}}', "[1]", '{"a":', '{"a":"\\ud800"}', '{"\\udfff":"a"}', "[" * 50_000)
    ),
    ("ephemeral", "maybe", 20002),
]
ENVELOPED_REGISTRATION: list[tuple[str, str, int]] = [
    *(("weight", value, 21001) for value in ("-0.1", "10000.1", "-1e400", "inf", "1e400")),
    *(("weight", value, 20002) for value in ("abc", "NaN", "1_0", "1,0", "\u0661")),
    ("healthy", "maybe", 20002),
    ("enabled", "2", 20002),
    ("heartBeat", "maybe", 20002),
    ("clusterName", "a_b", 21004),
    ("metadata", "preserved.heart.beat.interval=20000", 21004),
    ("metadata", '{"":"v"}', 20002),
    ("metadata", '{"a\\nb":"v"}', 20002),
    ("metadata", "{" + ",".join(f'"{number}":""' for number in range(300)) + "}", 20002),
]


@asynccontextmanager
async def gateway(kind: str) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway with one instance registered."""
    async with (
        running_server() as server,
        running_gateway(server, kind) as url,
        httpx.AsyncClient(base_url=url, timeout=20) as http,
    ):
        assert (await http.post(PATH, data=FORM)).json()["data"] == "ok"
        yield http


async def state(http: httpx.AsyncClient) -> tuple[str, str]:
    """What both dialects list."""
    return (await http.get(f"{PATH}/list", params={"serviceName": "api"})).text, (await http.get("/service/names")).text


async def send(http: httpx.AsyncClient, method: str, values: dict[str, str], place: str) -> httpx.Response:
    """A write with its parameters in the query, a form, or a multipart form."""
    if place == "query":
        return await http.request(method, PATH, params=values)
    if place == "form":
        return await http.request(method, PATH, data=values)
    return await http.request(method, PATH, files={name: (None, value) for name, value in values.items()})


def assert_enveloped(answer: httpx.Response, status: int, code: int, about: object) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, list(body), body["code"]) == (status, ["code", "message", "data"], code), about
    assert answer.headers["content-type"] == "application/json"
    assert SECURITY.items() <= dict(answer.headers).items()
    return body


def assert_page(answer: httpx.Response, status: int, message: str) -> None:
    body = answer.json()
    assert (answer.status_code, list(body)) == (status, ["timestamp", "status", "error", "message", "path"])
    assert (body["status"], body["message"]) == (status, message)


@pytest.mark.parametrize("kind", ["local", "apart"])
@pytest.mark.parametrize("method", WRITES)
async def test_write_that_the_filter_refuses_answers_bare_text(method: str, kind: str) -> None:
    async with gateway(kind) as http:
        before = await state(http)

        for name, value, text in FILTERED_WRITES:
            answer = await send(http, method, {**FORM, name: value}, "form")

            assert (answer.status_code, answer.text) == (400, f"{text}\r\n"), (name, value[:50])
            assert "content-type" not in answer.headers
            assert answer.headers["cache-control"] == "no-cache,no-store"
        assert await state(http) == before


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_list_that_the_filter_refuses_answers_bare_text(kind: str) -> None:
    cases = [*FILTERED, ("clusters", "a,b b", bad_character("cluster")), ("clusters", "c" * 65, too_long("cluster", 64))]
    async with gateway(kind) as http:
        for name, value, text in cases:
            answer = await http.get(f"{PATH}/list", params={"serviceName": "api", name: value})

            assert (answer.status_code, answer.text) == (400, f"{text}\r\n"), (name, value[:50])


@pytest.mark.parametrize("kind", ["local", "apart"])
@pytest.mark.parametrize("method", WRITES)
async def test_write_with_a_bad_value_answers_the_envelope(method: str, kind: str) -> None:
    cases = ENVELOPED_WRITES + (ENVELOPED_REGISTRATION if method == "POST" else [])
    async with gateway(kind) as http:
        before = await state(http)

        for name, value, code in cases:
            answer = await send(http, method, {**FORM, name: value}, "form")

            assert_enveloped(answer, 400, code, (name, value[:50]))
        assert await state(http) == before


@pytest.mark.parametrize("place", ["query", "form", "multipart"])
@pytest.mark.parametrize("method", WRITES)
async def test_missing_parameter_is_named_wherever_it_was_looked_for(method: str, place: str) -> None:
    async with gateway("local") as http:
        before = await state(http)

        for name, kind in (("serviceName", "String"), ("ip", "String"), ("port", "Integer")):
            for values in ({key: FORM[key] for key in FORM if key != name}, {**FORM, name: ""}, {**FORM, name: " "}):
                answer = await send(http, method, values, place)

                is_read = place != "multipart" or method == "POST"
                missing = name if is_read else "serviceName"
                data = assert_enveloped(answer, 400, 10000, values)["data"]
                assert data == f"Required parameter '{missing}' type {kind if is_read else 'String'} is not present"
        assert await state(http) == before


async def test_list_without_a_service_or_with_a_bad_flag_answers_the_envelope() -> None:
    async with gateway("local") as http:
        missing = await http.get(f"{PATH}/list")
        flag = await http.get(f"{PATH}/list", params={"serviceName": "api", "healthyOnly": "abc"})

        assert_enveloped(missing, 400, 10000, "missing")
        assert_enveloped(flag, 400, 20002, "flag")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b"--x",
        b"--x\r\nfoo\r\n\r\nabc",
        b'--x\r\nContent-Disposition: form-data; name="ip"\r\n\r\nabc',
        b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--",
        b"--x\r\n" + b"A: b\r\n" * 100 + b"\r\nabc\r\n--x--",
        b"".join(b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' for _ in range(1500)) + b"--x--",
    ],
    ids=["empty", "garbage", "boundary", "truncated-head", "truncated-part", "nameless", "many-headers", "many-parts"],
)
@pytest.mark.parametrize(
    "content_type", ["multipart/form-data; boundary=x", "multipart/form-data", "multipart/form-data; boundary="]
)
async def test_broken_multipart_form_is_bad_input(content: bytes, content_type: str) -> None:
    async with gateway("local") as http:
        before = await state(http)

        answer = await http.post(PATH, content=content, headers={"content-type": content_type})

        assert answer.json()["code"] in (10000, 20002)
        assert_enveloped(answer, 400, answer.json()["code"], content[:30])
        assert await state(http) == before


async def test_form_of_too_many_fields_is_bad_input() -> None:
    async with gateway("local") as http:
        answer = await http.post(PATH, data={**FORM, **{f"a{number}": "b" for number in range(1500)}})

        assert_enveloped(answer, 400, 20002, "1500 fields")


async def test_file_in_a_form_is_no_parameter() -> None:
    async with gateway("local") as http:
        answer = await http.post(PATH, data={"serviceName": "api"}, files={"ip": b"10.0.0.2"})

        data = assert_enveloped(answer, 400, 10000, "file")["data"]
        assert data == "Required parameter 'ip' type String is not present"


@pytest.mark.parametrize(
    "headers",
    [{"content-type": "application/json"}, {"content-type": "text/plain"}, {}, {"content-type": ";;="}],
    ids=["json", "text", "none", "broken"],
)
async def test_body_of_another_type_is_ignored(headers: dict[str, str]) -> None:
    async with gateway("local") as http:
        before = await state(http)

        answer = await http.post(PATH, content=b"serviceName=api&ip=10.0.0.2&port=80", headers=headers)

        assert_enveloped(answer, 400, 10000, headers)
        assert await state(http) == before


async def test_doubled_parameters_are_joined_or_the_first_counts() -> None:
    async with gateway("local") as http:
        query = "serviceName=twice&ip=a&ip=b&port=1&port=2&weight=1&weight=x"

        answer = await http.post(f"{PATH}?{query}")
        listed = (await http.get(f"{PATH}/list", params={"serviceName": "twice"})).json()["data"]

        assert_enveloped(answer, 200, 0, query)
        assert [(entry["ip"], entry["port"]) for entry in listed] == [("a,b", 1)]


async def test_values_that_are_no_utf_8_do_no_harm() -> None:
    async with gateway("local") as http:
        content = b"serviceName=%ff&ip=\xff\xfe&port=1&metadata=%80"
        headers = {"content-type": "application/x-www-form-urlencoded; charset=nonsense"}

        written = await http.post(PATH, content=content, headers=headers)
        listed = await http.get(httpx.URL(f"{PATH}/list", query=b"serviceName=%ff%fe&groupName=g"))

        assert_enveloped(written, 400, 21002, content)
        assert listed.json()["data"] == []


@pytest.mark.slow
async def test_form_above_two_mebibytes_loses_its_parameters_and_a_body_above_eight_is_refused() -> None:
    async with gateway("local") as http:
        before = await state(http)

        lost = await http.post(PATH, data={**FORM, "metadata": "k=" + "v" * (3 << 20)})
        refused = await http.post(PATH, data={**FORM, "metadata": "k=" + "v" * (9 << 20)})

        assert_enveloped(lost, 400, 10000, "3 MiB")
        assert_page(refused, 413, "Request body is too large")
        assert await state(http) == before


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
async def test_wrong_method_is_not_allowed_and_told_which_are(method: str) -> None:
    async with gateway("local") as http:
        answer = await http.request(method, PATH)

        assert_page(answer, 405, f"Method '{method}' is not supported.")
        assert answer.headers["allow"] == "DELETE, POST"


async def test_head_answers_like_get_without_a_body_and_options_what_is_allowed() -> None:
    async with gateway("local") as http:
        found = await http.head(f"{PATH}/list", params={"serviceName": "api"})
        missing = await http.head(f"{PATH}/list")
        refused = await http.head(PATH)
        listing = await http.options(f"{PATH}/list")
        writing = await http.options(PATH)

        assert [answer.status_code for answer in (found, missing, refused)] == [200, 400, 405]
        assert all(answer.content == b"" for answer in (found, missing, refused, listing, writing))
        assert (listing.headers["allow"], writing.headers["allow"]) == ("GET,HEAD,OPTIONS", "POST,DELETE,OPTIONS")


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/nacos/nope", 404, "No endpoint GET /nacos/nope."),
        (f"{PATH}/list/", 404, f"No endpoint GET {PATH}/list/."),
        (f"{PATH}/LIST", 404, f"No endpoint GET {PATH}/LIST."),
        ("/nacos//v3", 400, "No message available"),
        (f"{PATH};a=b/list", 400, "No message available"),
        (f"{PATH}%2Flist", 400, "No message available"),
        (f"{PATH}%5Clist", 400, "No message available"),
        ("/nacos/%2e%2e/x", 400, "No message available"),
        ("/nacos/%ff", 404, "No endpoint GET /nacos/\ufffd."),
    ],
)
async def test_path_that_is_not_served_answers_the_error_page(path: str, status: int, message: str) -> None:
    async with gateway("local") as http:
        answer = await http.get(path)

        assert_page(answer, status, message)
