"""The config calls of Nacos 1: read, publish, delete."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from muster.config.v1 import config_pb2, config_service_pb2, config_service_pb2_grpc
from running import running_gateway, running_server

PATH = "/nacos/v1/cs/configs"
NAMES = {"dataId": "app", "group": "g"}
KINDS = pytest.mark.parametrize("kind", ["local", "apart"])


def md5(content: str) -> str:
    return hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()


@asynccontextmanager
async def gateway(kind: str = "local") -> AsyncIterator[httpx.AsyncClient]:
    async with (
        running_server() as server,
        running_gateway(server, kind) as url,
        httpx.AsyncClient(base_url=url, timeout=20) as http,
    ):
        yield http


async def publish(http: httpx.AsyncClient, content: str = "one", headers: dict[str, str] | None = None, **form: str) -> None:
    answer = await http.post(PATH, data={**NAMES, "content": content, **form}, headers=headers)
    assert (answer.status_code, answer.text) == (200, "true")


async def read(http: httpx.AsyncClient, headers: dict[str, str] | None = None, **query: str) -> str | None:
    answer = await http.get(PATH, params={**NAMES, **query}, headers=headers)
    return answer.text if answer.status_code == 200 else None


@KINDS
async def test_published_config_is_read_raw_with_what_is_known_of_it_in_headers(kind: str) -> None:
    async with gateway(kind) as http:
        await publish(http, "a: ü", type="yaml", encryptedDataKey="key")

        answer = await http.get(PATH, params=NAMES)

        assert answer.content.decode() == "a: ü"
        assert answer.headers["content-type"] == "text/plain;charset=UTF-8"
        known = ("content-md5", "config-type", "encrypted-data-key")
        assert [answer.headers[name] for name in known] == [md5("a: ü"), "yaml", "key"]
        assert answer.headers["last-modified"].endswith("GMT")
        assert "isbeta" not in answer.headers


async def test_deleted_config_is_404_and_deleting_again_is_no_error() -> None:
    async with gateway() as http:
        await publish(http)
        answers = [(await http.delete(PATH, params=NAMES)).text for _ in range(2)]

        missing = await http.get(PATH, params=NAMES)

        assert answers == ["true", "true"]
        assert (missing.status_code, missing.text) == (404, "config data not exist\n")


async def test_namespaces_are_apart_and_public_is_none() -> None:
    async with gateway() as http:
        await publish(http, "there", tenant="dev")
        await publish(http, "here")

        assert [await read(http, tenant=tenant) for tenant in ("dev", "public", "", "other")] == ["there", "here", "here", None]


async def test_publication_under_a_condition_answers_false_when_it_does_not_hold() -> None:
    async with gateway() as http:
        await publish(http, "one")
        await publish(http, "two", {"casMd5": md5("one")})

        refused = await http.post(PATH, data={**NAMES, "content": "three"}, headers={"casMd5": md5("one")})

        assert (refused.status_code, refused.text) == (500, "false")
        assert await read(http) == "two"


async def test_beta_is_seen_by_its_addresses_and_a_tag_by_those_who_name_it() -> None:
    async with gateway() as http:
        await publish(http, "all")
        await publish(http, "beta", {"betaIps": "10.0.0.9"})
        await publish(http, "tagged", tag="red")

        beta = await http.get(PATH, params=NAMES, headers={"X-Forwarded-For": "10.0.0.9"})

        assert (beta.text, beta.headers["isbeta"]) == ("beta", "true")
        assert await read(http) == "all"
        assert await read(http, tag="red") == "tagged"
        assert await read(http, tag="blue") is None
        assert await read(http, {"Vipserver-Tag": "red"}) == "tagged"


async def test_labels_are_kept_under_their_later_names() -> None:
    async with (
        running_server() as server,
        server.channel() as channel,
        httpx.AsyncClient(base_url=server.http_urls[0]) as http,
    ):
        await publish(http, src_user="me", config_tags="a,b", appName="shop")

        ref = config_pb2.ConfigRef(name="app", group="g")
        native = config_service_pb2_grpc.ConfigServiceStub(channel)
        found = (await native.DescribeConfig(config_service_pb2.DescribeConfigRequest(ref=ref))).config

        assert found.release.author == "me"
        assert dict(found.release.labels) == {"nacos.configTags": "a,b", "nacos.appName": "shop"}


async def test_key_that_cannot_stand_in_a_header_is_quoted_and_one_that_would_end_it_is_refused() -> None:
    async with gateway() as http:
        await publish(http, encryptedDataKey="\u00fc")
        refused = await http.post(PATH, data={**NAMES, "content": "two", "encryptedDataKey": "a\r\nX-Injected: 1"})

        answer = await http.get(PATH, params=NAMES)

        assert refused.status_code == 400
        assert (answer.text, answer.headers["encrypted-data-key"]) == ("one", "%C3%BC")


@KINDS
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_bad_names_answer_400_and_change_nothing(method: str, kind: str) -> None:
    cases: list[tuple[dict[str, str | None], str]] = [
        ({"dataId": None}, "Required parameter 'dataId' is not present."),
        ({"group": None}, "Required parameter 'group' is not present."),
        ({"dataId": " "}, "invalid dataId : blank"),
        ({"group": " "}, "invalid group : blank"),
        ({"dataId": "a b"}, "Param 'dataId' is illegal, illegal characters should not appear in the param.\r\n"),
        ({"group": "g" * 129}, "Param 'group' is illegal, the param length should not exceed 128.\r\n"),
        ({"tenant": "t t"}, "Param 'namespaceId/tenant' is illegal, illegal characters should not appear in the param.\r\n"),
        ({"tag": "t" * 17}, "too long tag, over 16"),
        ({"tag": "t/t"}, "invalid tag : t/t"),
    ]
    async with gateway(kind) as http:
        await publish(http)

        for changes, text in cases:
            values = {k: v for k, v in {**NAMES, "content": "two", **changes}.items() if v is not None}
            answer = await http.request(method, PATH, **({"data": values} if method == "POST" else {"params": values}))

            assert answer.status_code == 400, (changes, answer.text)
            said = answer.json()["message"] if answer.text.startswith("{") else answer.text
            assert said == text, changes
        assert await read(http) == "one"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({}, "Required parameter 'content' is not present."),
        ({"content": " "}, "invalid content : blank"),
        ({"content": "x", "config_tags": "a,b,c,d,e,f"}, "too much config_tags, over 5"),
        ({"content": "x", "desc": "d" * 129}, "too long desc, over 128"),
        ({"content": "x", "src_user": "u" * 257}, "author"),
    ],
)
async def test_bad_publication_answers_400_and_publishes_nothing(form: dict[str, str], text: str) -> None:
    async with gateway() as http:
        answer = await http.post(PATH, data={**NAMES, **form})

        assert answer.status_code == 400
        assert text in answer.text
        assert await read(http) is None


async def test_searches_and_descriptions_are_gone() -> None:
    async with gateway() as http:
        for query in ({"search": "blur"}, {"show": "all"}):
            answer = await http.get(PATH, params={**NAMES, **query})

            assert (answer.status_code, answer.json()["status"]) == (410, 410)
