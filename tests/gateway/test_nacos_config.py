"""The Nacos config calls: the handbook's example literally, and one config behind both APIs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from muster.config.v1 import config_pb2, config_service_pb2_grpc
from muster.config.v1 import config_service_pb2 as wire
from muster_gateway.app import create_app
from muster_gateway.channel import LocalChannel
from running import ManualClock, running_gateway, running_server

PATH = "/nacos/v3/client/cs/config"
ADMIN = "/nacos/v3/admin/cs/config"
NAMES = {"dataId": "test", "groupName": "test"}
REF = config_pb2.ConfigRef(group="test", name="test")
# Seed document, "2.1 get config", but for lastModified, which is the time of this test's clock.
EXAMPLE = (
    '{"code":0,"message":"success","data":{"resultCode":200,"errorCode":0,"message":null,"requestId":null,"content":"test",'
    '"encryptedDataKey":null,"contentType":"text","md5":"098f6bcd4621d373cade4e832627b4f6","lastModified":1700001000000,'
    '"tag":null,"beta":false,"success":true}}'
)
KINDS = pytest.mark.parametrize("kind", ["local", "apart"])


class NoMetrics:
    def render(self) -> bytes:
        return b""


@asynccontextmanager
async def both(kind: str) -> AsyncIterator[tuple[Any, httpx.AsyncClient]]:
    """The native stub and an HTTP client of one server."""
    async with (
        running_server(clock=ManualClock()) as server,
        server.channel() as channel,
        running_gateway(server, kind) as url,
        httpx.AsyncClient(base_url=url, timeout=20) as http,
    ):
        yield config_service_pb2_grpc.ConfigServiceStub(channel), http


async def publish(http: httpx.AsyncClient, content: str = "test", headers: dict[str, str] | None = None, **form: str) -> None:
    answer = await http.post(ADMIN, data={**NAMES, "content": content, **form}, headers=headers)
    assert answer.json() == {"code": 0, "message": "success", "data": True}


async def read(http: httpx.AsyncClient, headers: dict[str, str] | None = None, **query: str) -> dict[str, Any] | None:
    answer = await http.get(PATH, params={**NAMES, **query}, headers=headers)
    data: dict[str, Any] | None = answer.json()["data"]
    return data


async def listening(native: Any, client: config_pb2.ClientTraits | None = None) -> Any:
    """A stream that has heard everything there is about the config."""
    call = native.Listen()
    await call.write(wire.ListenRequest(hello=wire.ListenRequest.Hello(client=client)))
    await call.write(wire.ListenRequest(add=wire.ListenRequest.Add(interests=[wire.ListenRequest.Interest(ref=REF)])))
    while (await call.read()).WhichOneof("frame") != "bookmark":
        pass
    return call


@KINDS
async def test_config_published_natively_reads_as_the_handbook_prints_it(kind: str) -> None:
    async with both(kind) as (native, http):
        await native.PublishConfig(wire.PublishConfigRequest(ref=REF, content="test"))

        answer = await http.get(f"{PATH}?dataId=test&groupName=test")

        assert (answer.status_code, answer.text) == (200, EXAMPLE)
        assert answer.headers["content-type"] == "application/json"


@KINDS
async def test_config_published_over_http_is_heard_by_a_native_listener(kind: str) -> None:
    async with both(kind) as (native, http):
        stream = await listening(native)

        await publish(http, "a: 1", type="yaml", srcUser="ann", encryptedDataKey="k")
        heard = (await stream.read()).changed.release

        assert (heard.content, heard.content_type, heard.author, heard.encrypted_data_key) == ("a: 1", "yaml", "ann", "k")
        stream.cancel()


@KINDS
async def test_config_deleted_over_http_is_missed_by_a_native_listener(kind: str) -> None:
    async with both(kind) as (native, http):
        await publish(http)
        stream = await listening(native)

        answer = await http.delete(ADMIN, params=NAMES)
        heard = await stream.read()

        assert answer.json()["data"] is True
        assert heard.missing.deleted
        assert await read(http) is None
        stream.cancel()


@KINDS
async def test_beta_is_heard_by_the_native_client_at_its_address_and_by_no_other(kind: str) -> None:
    async with both(kind) as (native, http):
        await publish(http, "formal")

        await publish(http, "beta", {"betaIps": "9.9.9.8, 9.9.9.9,"})
        seen = [
            await native.GetConfig(wire.GetConfigRequest(ref=REF, client=config_pb2.ClientTraits(ip=ip)))
            for ip in ("9.9.9.9", "9.9.9.7")
        ]

        assert [found.release.content for found in seen] == ["beta", "formal"]
        assert seen[0].release.gray == "beta"
        assert seen[0].release.rule.priority == 2147483647


@KINDS
@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"X-Forwarded-For": "10.1.2.3, 9.9.9.9"}, "gray"),
        ({"X-Forwarded-For": "9.9.9.9, 10.1.2.3"}, "main"),
        ({"X-Forwarded-For": "10.1.2.3 ,9.9.9.9"}, "gray"),
        ({"X-Forwarded-For": "9.9.9.9", "X-Real-IP": "10.1.2.3"}, "main"),
        ({"X-Forwarded-For": "", "X-Real-IP": "10.1.2.3"}, "gray"),
        ({"X-Real-IP": "10.1.2.3"}, "gray"),
        ({"X-Forwarded-For": "10.1.2.3 x"}, "main"),
        ({"X-Forwarded-For": "1" * 300}, "main"),
        ({}, "main"),
    ],
)
async def test_native_gray_line_is_read_by_the_caller_whose_address_its_rule_means(
    headers: dict[str, str], content: str, kind: str
) -> None:
    async with both(kind) as (native, http):
        await native.PublishConfig(wire.PublishConfigRequest(ref=REF, content="main", content_type="text"))
        rule = config_pb2.GrayRule(ips=config_pb2.GrayRule.IpMatch(addresses=["10.1.0.0/16"]))
        await native.PublishGray(wire.PublishGrayRequest(ref=REF, content="gray", content_type="html", gray="canary", rule=rule))

        data = await read(http, headers)

        assert data is not None
        assert (data["content"], data["beta"], data["contentType"]) == (
            content,
            content == "gray",
            {"gray": "html"}.get(content, "text"),
        )


@KINDS
async def test_beta_for_the_address_of_the_socket_needs_no_header(kind: str) -> None:
    async with both(kind) as (_, http):
        await publish(http, "formal")

        await publish(http, "beta", {"betaIps": "127.0.0.1"})

        data = await read(http)
        assert data is not None
        assert (data["content"], data["beta"]) == ("beta", True)


@pytest.mark.parametrize(
    ("socket", "ip"),
    [
        (("10.1.2.3", 1), "10.1.2.3"),
        (("::ffff:10.1.2.3", 1), "10.1.2.3"),
        (("2001:db8::1", 1), "2001:db8::1"),
        (("a name", 1), "a name"),
        (None, "unknown"),
    ],
)
async def test_address_of_the_socket_is_told_to_the_registry_as_gray_rules_write_it(socket: Any, ip: str) -> None:
    asked: list[wire.GetConfigRequest] = []

    async def dispatch(path: str, request: wire.GetConfigRequest) -> bytes:
        asked.append(request)
        return b""

    app = create_app(LocalChannel(dispatch), NoMetrics())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, client=socket), base_url="http://muster") as http:
        await http.get(PATH, params=NAMES)

        assert asked[0].client.ip == ip


async def test_beta_without_a_formal_config_has_neither_type_nor_key() -> None:
    async with both("local") as (_, http):
        await publish(http, "beta", {"betaIps": "127.0.0.1"})

        data = await read(http)

        assert data is not None
        assert (data["contentType"], data["encryptedDataKey"], data["beta"]) == (None, None, True)


async def test_tag_is_heard_by_native_clients_with_its_label_and_never_over_http() -> None:
    async with both("local") as (native, http):
        await publish(http, "formal")

        await publish(http, "tagged", tag="t1")
        traits = config_pb2.ClientTraits(labels={"Vipserver-Tag": "t1"})
        found = await native.GetConfig(wire.GetConfigRequest(ref=REF, client=traits))
        data = await read(http, {"Vipserver-Tag": "t1"}, tag="t1")

        assert (found.release.content, found.release.gray, found.release.rule.priority) == ("tagged", "tag_t1", 2147483646)
        assert data is not None
        assert data["content"] == "formal"


async def test_deletion_of_a_tag_ends_its_line_only() -> None:
    async with both("local") as (native, http):
        await publish(http, "formal")
        await publish(http, "tagged", tag="t1")

        answer = await http.delete(ADMIN, params={**NAMES, "tag": "t1"})

        found = await native.DescribeConfig(wire.DescribeConfigRequest(ref=REF))
        assert answer.json()["data"] is True
        assert not found.config.grays
        assert found.config.HasField("release")


async def test_what_has_no_field_is_kept_as_labels() -> None:
    said = {"configTags": "a,b", "appName": "shop", "desc": "d", "use": "u", "effect": "e", "schema": "{}"}
    async with both("local") as (native, http):
        await publish(http, **said)

        found = await native.GetConfig(wire.GetConfigRequest(ref=REF))

        assert dict(found.release.labels) == {f"nacos.{name}": value for name, value in said.items()}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [("json", "json"), ("unset", "unset"), ("", "text"), ("JSON", "text"), ("toml ", "text"), ("x" * 99, "text")],
)
async def test_type_is_stored_if_nacos_knows_it_and_the_content_is_not_checked(sent: str, stored: str) -> None:
    async with both("local") as (_, http):
        await publish(http, "{ no json", type=sent)

        data = await read(http)

        assert data is not None
        assert (data["content"], data["contentType"]) == ("{ no json", stored)


@pytest.mark.parametrize(
    ("nacos", "native"), [("", "default"), ("public", "default"), ("default", "public"), ("tenant-1", "tenant-1")]
)
async def test_namespace_has_one_native_name(nacos: str, native: str) -> None:
    async with both("local") as (stub, http):
        await publish(http, namespaceId=nacos)

        found = await stub.ListConfigs(wire.ListConfigsRequest(namespace=native))
        data = await read(http, namespaceId=nacos)

        assert [(one.ref.namespace, one.ref.group, one.ref.name) for one in found.configs] == [(native, "test", "test")]
        assert data is not None


@pytest.mark.parametrize(
    ("has_content", "cas_md5", "is_published"),
    [
        (True, "098f6bcd4621d373cade4e832627b4f6", True),
        (True, "098F6BCD4621D373CADE4E832627B4F6", False),
        (True, "0" * 32, False),
        (True, "wrong", False),
        (True, "", True),
        (False, "0" * 32, True),
        (False, "wrong", True),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"betaIps": "127.0.0.1"}], ids=["formal", "beta"])
async def test_compared_publication_needs_the_md5_or_no_content_at_all(
    headers: dict[str, str], has_content: bool, cas_md5: str, is_published: bool
) -> None:
    async with both("local") as (_, http):
        if has_content:
            await publish(http, "test", headers)

        answer = await http.post(ADMIN, data={**NAMES, "content": "new"}, headers={**headers, "casMd5": cas_md5})

        data = await read(http)
        assert answer.json()["code"] == (0 if is_published else 20005)
        assert data is not None
        assert data["content"] == ("new" if is_published else "test")


@KINDS
@pytest.mark.parametrize("content", ["", " ", "\r\n\t"])
async def test_blank_content_published_natively_is_not_found(content: str, kind: str) -> None:
    async with both(kind) as (native, http):
        await native.PublishConfig(wire.PublishConfigRequest(ref=REF, content=content))

        answer = await http.get(PATH, params=NAMES)

        assert (answer.status_code, answer.json()) == (200, {"code": 20004, "message": "resource not found", "data": None})


@KINDS
async def test_config_of_ten_mebibytes_is_read_whole(kind: str) -> None:
    content = "0123456789abcdef" * (10 << 16)
    async with both(kind) as (native, http):
        await native.PublishConfig(wire.PublishConfigRequest(ref=REF, content=content))

        data = await read(http)

        assert data is not None
        assert data["content"] == content


async def test_content_and_key_come_back_as_they_were_sent() -> None:
    content = ' é中\U0001f600 line\nnext\r\n\ttab "q" \0 '
    async with both("local") as (_, http):
        await publish(http, content, encryptedDataKey="key")

        data = await read(http)

        assert data is not None
        assert (data["content"], data["encryptedDataKey"]) == (content, "key")
