"""The gateway as a whole: no input makes it fail, and what it serves is documented."""

import asyncio
import dataclasses
import json
import re
import socket
from typing import Any
from urllib.parse import quote_from_bytes

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from muster.registry.v1 import registration_service_pb2 as registration
from muster_gateway.app import Gateway, create_app
from muster_gateway.channel import LocalChannel
from muster_gateway.route import Route
from muster_gateway.server import listen
from muster_gateway.turns import MAX_RUNNING
from proxy import running_proxy
from running import running_gateway, running_server

NACOS = "/nacos/v3/client/ns/instance"
PHASES = [Phase.explicit, Phase.generate]  # to make an example smaller takes minutes
SERVICECOMB = ("/v4/", "/registry/v3/", "/health", "/version", "/v1/syncer/")
VARIABLE = re.compile(r"\{\w+\}")
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)  # halves of characters too
SPECIAL = ["80", "0", "-1", "65536", "1e400", "NaN", "true", "maybe", "DISABLE", "a=b", "{", "a,b", "@@", "a" * 5000, "9" * 5000]
VALUES = st.one_of(
    st.sampled_from(SPECIAL).map(str.encode), st.binary(max_size=20), ANY_TEXT.map(lambda text: text.encode(errors="surrogatepass"))
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ANY_TEXT, st.sampled_from(SPECIAL)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(ANY_TEXT, inner, max_size=3)),
    max_leaves=6,
)
OTHER_NAMES = ["unknown", "healthyOnly", "clusters", "tenant", "group", "grayPriority", "tag"]
TOLD = [
    "9.9.9.9",
    "9.9.9.9, ::1,,",
    ",",
    "10.0.0.0/8",
    "1/2/3",
    "9" * 5000,
    "text/html;q=0.5,application/json",
    "a/b;q=2",
    "*/*",
    "/",
]
HEADER_VALUES = st.one_of(
    st.sampled_from(TOLD).map(str.encode),
    st.binary(max_size=20).map(lambda raw: bytes(one for one in raw if one > 31 and one != 127).strip()),
)
CONTENT_TYPES = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "", ";="]


@dataclasses.dataclass(frozen=True)
class Sent:
    """A request: its parameters in the query and in the body, by what the route documents and some that it does not."""

    route: Route
    method: str
    query: bytes
    body: bytes
    headers: dict[str, bytes]


class Routes(tuple[Route, ...]):
    """Some routes. What strategies are made of is printed, and all rows are too much for that."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{len(self)} routes"


def pairs(values: dict[str, bytes]) -> bytes:
    return "&".join(f"{name}={quote_from_bytes(value)}" for name, value in values.items()).encode()


@st.composite
def requests(draw: Any, routes: Routes) -> Sent:
    route = draw(st.sampled_from(routes))
    names = st.sampled_from([parameter.name for parameter in route.parameters] + OTHER_NAMES)
    enough = {parameter.name: b"80" for parameter in route.parameters if parameter.is_required}
    values = st.builds(
        lambda base, some: base | some, st.sampled_from([{}, enough, enough]), st.dictionaries(names, VALUES, max_size=12)
    )
    content_type = draw(st.sampled_from(CONTENT_TYPES))
    body = draw(
        st.one_of(
            st.dictionaries(names, JSON, max_size=12).map(lambda value: json.dumps(value).encode()),
            JSON.map(lambda value: json.dumps(value).encode()),
            values.map(pairs),
            st.binary(max_size=40).map(lambda part: b'--x\r\nContent-Disposition: form-data; name="ip"\r\n\r\n' + part),
            st.binary(max_size=40),
        )
    )
    method = draw(st.sampled_from([route.method] * 3 + ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"]))
    query = draw(st.one_of(values.map(pairs), st.binary(max_size=20).map(quote_from_bytes).map(str.encode)))
    told = st.sampled_from([parameter.name for parameter in route.parameters if parameter.place == "header"] + ["accept"])
    headers = draw(st.dictionaries(told, HEADER_VALUES, max_size=3))
    return Sent(route, method, query, body, headers | ({"content-type": content_type.encode()} if content_type else {}))


class NoMetrics:
    def render(self) -> bytes:
        return b""


def is_in_form(sent: Sent, answer: httpx.Response) -> bool:
    """Whether an answer is none of a defect, and looks as its dialect's answers do."""
    path = sent.route.path
    if path.startswith((*SERVICECOMB, "/v1/", "/v3/")):
        return is_in_form_of_servicecomb(sent, answer) if path.startswith(SERVICECOMB) else is_in_form_of_kie(answer)
    if path.startswith("/nacos/v1/"):
        return is_in_form_of_nacos_1(sent, answer)
    return is_in_form_of_others(sent, answer)


def is_in_form_of_others(sent: Sent, answer: httpx.Response) -> bool:
    if answer.status_code >= 500:  # the dialect's own words for a lost comparison, and for what is not served, are no defects
        return answer.headers.get("content-type") == "application/json" and answer.json()["code"] in (20005, 40001)
    if answer.headers.get("content-type") == "application/octet-stream":
        return sent.route.path.endswith("/export")
    if sent.method in ("HEAD", "OPTIONS") and not sent.route.path.startswith("/v2/"):
        return answer.content in (b"", b"Not Found")
    if sent.method == "HEAD":
        return answer.status_code == 404
    if answer.status_code == 400 and answer.text.startswith("caused: Required parameter "):
        return sent.route.path == "/nacos/v3/client/cs/config"
    if sent.route.path.startswith("/v2/"):
        return answer.status_code < 400 or list(answer.json()) in (
            ["error_code", "error_msg"],
            ["error_msg", "error_code", "request_id"],
        )
    if not sent.route.path.startswith("/nacos"):
        return answer.status_code == 200 or (answer.text != "" and "content-type" not in answer.headers)
    if "content-type" not in answer.headers:
        return answer.status_code == 400 and answer.text.endswith("\r\n")
    keys = list(answer.json())
    if sent.route.path.endswith("/login") and answer.status_code == 200:
        return keys == ["accessToken", "tokenTtl", "globalAdmin", "username"]
    return keys == ["code", "message", "data"] or (answer.status_code >= 400 and keys[:2] == ["timestamp", "status"])


def is_in_form_of_servicecomb(sent: Sent, answer: httpx.Response) -> bool:
    if sent.route.path == "/v1/syncer/health" and answer.status_code == 500:
        return bool(answer.json()["errorCode"] == "500003")  # there is no syncer to be healthy, as in the original
    if answer.status_code >= 400 and answer.headers.get("content-type", "").startswith("application/json") and answer.content:
        return {"errorCode", "errorMessage"} <= answer.json().keys() and answer.status_code < 500
    return answer.status_code < 500


def is_in_form_of_nacos_1(sent: Sent, answer: httpx.Response) -> bool:
    """Bare text, or JSON, as each call has it; of configs text is called JSON too, as in the original."""
    if answer.status_code >= 500:
        is_publication = (sent.method, sent.route.path) == ("POST", "/nacos/v1/cs/configs")
        return is_publication and answer.text == "false"  # a lost comparison
    is_config = sent.route.path.startswith("/nacos/v1/cs/")
    if is_config or not answer.headers.get("content-type", "").startswith("application/json") or sent.method in ("HEAD", "OPTIONS"):
        return True
    return answer.json() is not None


def is_in_form_of_kie(answer: httpx.Response) -> bool:
    if answer.status_code >= 400 and answer.headers["content-type"] == "application/json":
        return list(answer.json()) == ["errorCode", "errorMessage", "detail"] and answer.status_code < 500
    return answer.status_code in (200, 204, 304) or answer.text.startswith(f"{answer.status_code}: ") or answer.text == ""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # an example has a request for every route
def test_no_input_makes_the_gateway_fail() -> None:
    routes = Routes(make_app().routes)
    with asyncio.Runner() as runner:  # one loop for all examples: gRPC's poller outlives a loop

        @settings(
            max_examples=15, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
        )
        @given(st.lists(requests(routes), min_size=10, max_size=30))
        def holds(sent: list[Sent]) -> None:
            answers = runner.run(answers_to(sent))

            wrong = [
                (one, answer.status_code, answer.text)
                for one, answer in zip(sent, answers, strict=True)
                if not is_in_form(one, answer)
            ]
            assert not wrong

        holds()


@pytest.mark.slow
@pytest.mark.parametrize("value", ["80", "-1", "maybe", "a=b", "{", "@@", "ü\x00"])
async def test_every_route_answers_in_its_form_when_all_its_parameters_are_odd(value: str) -> None:
    sent = [
        Sent(route, route.method, query, body, headers)
        for route in make_app().routes
        for query, body, headers in oddly(route, value)
    ]

    answers = await answers_to(sent)

    wrong = [
        (one.method, one.route.path, answer.status_code, answer.text)
        for one, answer in zip(sent, answers, strict=True)
        if not is_in_form(one, answer)
    ]
    assert not wrong


def oddly(route: Route, value: str) -> list[tuple[bytes, bytes, dict[str, bytes]]]:
    """All its parameters with this value: in the query, in a form, and in JSON."""
    told = {one.name: value.encode("latin-1").replace(b"\0", b"") for one in route.parameters if one.place == "header"}
    named = {one.name: value for one in route.parameters if one.place not in ("header", "path")}
    encoded = pairs({name: text.encode() for name, text in named.items()})
    form, document = {"content-type": CONTENT_TYPES[1].encode()}, {"content-type": CONTENT_TYPES[0].encode()}
    return [(encoded, b"", told), (b"", encoded, told | form), (b"", json.dumps(named).encode(), told | document)]


async def answers_to(sent: list[Sent]) -> list[httpx.Response]:
    async with running_server() as server, httpx.AsyncClient(base_url=server.http_urls[0]) as http:
        return [await answer_to(http, one) for one in sent]


async def answer_to(http: httpx.AsyncClient, sent: Sent) -> httpx.Response:
    headers = [(name.encode(), value) for name, value in sent.headers.items()]
    return await http.request(
        sent.method, httpx.URL(VARIABLE.sub("x1", sent.route.path), query=sent.query), content=sent.body, headers=headers
    )


def make_app(dispatch: Any = None) -> Gateway:
    app = create_app(LocalChannel(dispatch or (lambda path, request: asyncio.sleep(0, b""))), NoMetrics())
    assert isinstance(app, Gateway)
    return app


async def test_openapi_and_page_hold_every_route() -> None:
    app = make_app()
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


async def test_openapi_document_is_valid_in_its_structure() -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(make_app()), base_url="http://muster") as http:
        answer = await http.get("/openapi.json")
        document = answer.json()

        assert answer.headers["content-type"] == "application/json"
        assert document["openapi"].startswith("3.1.")
        assert {"title", "version"} <= document["info"].keys()
        for path, operations in document["paths"].items():
            assert path.startswith("/")
            for method, operation in operations.items():
                assert method in ("get", "post", "put", "patch", "delete")
                assert operation["summary"]
                assert all(answer["description"] for answer in operation["responses"].values())
                parameters = operation["parameters"]
                assert len({(one["name"], one["in"]) for one in parameters}) == len(parameters)
                in_path = [one for one in parameters if one["in"] == "path"]
                assert sorted(f"{{{one['name']}}}" for one in in_path) == sorted(VARIABLE.findall(path))
                assert all(one["required"] for one in in_path)
                assert all(
                    {"name", "in", "required", "schema"} <= one.keys() and one["in"] in ("path", "query", "header")
                    for one in parameters
                )
                for media in operation.get("requestBody", {}).get("content", {}).values():
                    schema = media["schema"]
                    assert schema["type"] == "object"
                    assert set(schema["required"]) <= schema["properties"].keys()


async def test_openapi_document_names_every_parameter_of_every_route() -> None:
    app = make_app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://muster") as http:
        document = (await http.get("/openapi.json")).json()

        for route in app.routes:
            operation = document["paths"][route.path][route.method.lower()]
            named = {one["name"] for one in operation["parameters"]}
            for media in operation.get("requestBody", {}).get("content", {}).values():
                named |= media["schema"]["properties"].keys()
            assert named == {parameter.name for parameter in route.parameters}


async def test_requests_beyond_the_bound_wait_for_their_turn_and_are_answered() -> None:
    running, most, go = 0, 0, asyncio.Event()
    full = asyncio.Event()

    async def dispatch(path: str, request: Any) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == MAX_RUNNING:
            full.set()
        await go.wait()
        running -= 1
        return registration.RegisterResponse()

    app = make_app(dispatch)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://muster") as http:
        body = {"serviceName": "s", "ip": "h", "port": 1}
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(http.post("/api/instance", json=body)) for _ in range(2 * MAX_RUNNING)]
            await full.wait()
            for _ in range(100):
                await asyncio.sleep(0)
            go.set()

        assert most == MAX_RUNNING
        assert all(call.result().text == "success" for call in calls)


async def test_clients_that_send_their_bodies_slowly_do_not_keep_others_waiting() -> None:
    async with running_server() as server, httpx.AsyncClient(base_url=server.http_urls[0], timeout=10) as http:
        host, port = server.http_urls[0].removeprefix("http://").split(":")
        slow = [await asyncio.open_connection(host, int(port)) for _ in range(2 * MAX_RUNNING)]
        for _, writer in slow:
            writer.write(b"POST /api/instance HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            await writer.drain()

        answer = await http.get("/server/health")

        assert answer.text == "health"
        for _, writer in slow:
            writer.close()


@pytest.mark.slow
async def test_gateway_apart_answers_503_in_each_dialect_while_its_server_is_gone_and_then_recovers() -> None:
    body = {"serviceName": "s", "ip": "h", "port": 1}
    async with (
        running_server() as server,
        running_proxy(server.grpc_target) as proxy,
        running_gateway(dataclasses.replace(server, grpc_target=proxy.address), "apart") as url,
        httpx.AsyncClient(base_url=url, timeout=30) as http,
    ):
        assert (await http.post("/api/instance", json=body)).text == "success"

        proxy.is_open = False
        proxy.cut()
        finders = [await http.put("/api/instance/beat", json=body), await http.get("/service/names")]
        nacos = [
            await http.post(NACOS, data=body),
            await http.get(f"{NACOS}/list", params={"serviceName": "s"}),
            await http.get("/nacos/v3/client/cs/config", params={"dataId": "d", "groupName": "g"}),
        ]
        proxy.is_open = True
        answer = await http.get("/service/names")
        while answer.status_code == 503:
            answer = await http.get("/service/names")

        assert [(one.status_code, one.text) for one in finders] == [(503, "The registry does not answer")] * 2
        expected = {"code": 30000, "message": "server error", "data": "The registry does not answer"}
        assert [(one.status_code, one.json()) for one in nacos] == [(503, expected)] * 3
        assert answer.json() == ["s"]


def test_listening_sockets_are_of_the_protocol_for_which_asyncio_sends_without_delay() -> None:
    sockets = listen("127.0.0.1", [0, 0])

    assert [one.proto for one in sockets] == [socket.IPPROTO_TCP] * 2
    for one in sockets:
        one.close()
