"""The Nacos admin calls for configs: shown, described, found, deleted by id."""

import json
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
from access_world import guarded
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as wire
from muster_gateway.app import create_app
from muster_gateway.channel import LocalChannel
from muster_gateway.nacos.config_zip import ZippedConfig, pack

from gateway.nacos_configs import ADMIN, CONFIG, NAMES, OK, detail, found, gateway, got, publish, refusal

KINDS = pytest.mark.parametrize("kind", ["local", "apart"])
REF = config_pb2.ConfigRef(group="g", name="d")


class NoMetrics:
    def render(self) -> bytes:
        return b""


WORDS = {"desc": "about", "configTags": "a,b", "appName": "shop"}


@KINDS
async def test_detail_shows_all_that_was_said_and_both_times(kind: str) -> None:
    async with gateway(kind) as (http, _, server):
        await publish(http, "one", srcUser="ann", encryptedDataKey="k", type="json", **WORDS)
        server.advance(5)
        await publish(http, "two", srcUser="bob", type="json", **WORDS)

        shown = await detail(http)

        begin, change = shown.pop("createTime"), shown.pop("modifyTime")
        assert change - begin == 5000
        assert int(shown.pop("id")) > 0
        assert shown == {
            "namespaceId": "public",
            "groupName": "g",
            "dataId": "d",
            "md5": "b8a9f715dbb64fd5c56e7783c6820a61",
            "type": "json",
            "appName": "shop",
            "content": "two",
            "desc": "about",
            "encryptedDataKey": "",
            "createUser": "bob",
            "createIp": None,
            "configTags": "a,b",
        }


async def test_detail_shows_the_formal_config_beside_a_beta_and_natively_published_ones_too() -> None:
    async with gateway() as (http, native, _):
        await native.PublishConfig(wire.PublishConfigRequest(ref=REF, content="formal", content_type="toml", allow_invalid=True))
        await publish(http, "beta", {"betaIps": "127.0.0.1"})

        shown = await detail(http)

        assert (shown["content"], shown["type"], shown["desc"], shown["configTags"]) == ("formal", "toml", None, None)


async def test_id_stays_with_the_config_and_ends_with_it() -> None:
    async with gateway() as (http, _, _):
        await publish(http, "one")
        first = (await detail(http))["id"]
        await publish(http, "two")
        second = (await detail(http))["id"]
        await http.delete(CONFIG, params=NAMES)
        await publish(http, "three")

        assert first == second != (await detail(http))["id"]


@KINDS
async def test_metadata_are_changed_without_the_content_and_heard_natively(kind: str) -> None:
    async with gateway(kind) as (http, native, _):
        await publish(http, "content", type="yaml", encryptedDataKey="k", **WORDS)

        answer = await http.put(f"{CONFIG}/metadata", data={**NAMES, "desc": "other", "configTags": "", "srcUser": "bob"})
        shown = await detail(http)
        release = (await native.DescribeConfig(wire.DescribeConfigRequest(ref=REF))).config.release

        assert answer.json() == OK
        assert (shown["desc"], shown["configTags"], shown["appName"], shown["createUser"]) == ("other", None, "shop", "bob")
        assert (shown["content"], shown["type"], shown["encryptedDataKey"]) == ("content", "yaml", "k")
        assert dict(release.labels) == {"nacos.desc": "other", "nacos.appName": "shop"}


async def test_metadata_that_are_not_sent_stay() -> None:
    async with gateway() as (http, _, _):
        await publish(http, "content", **WORDS)

        await http.put(f"{CONFIG}/metadata", params={**NAMES, "desc": "other"})

        shown = await detail(http)
        assert (shown["desc"], shown["configTags"]) == ("other", "a,b")


@KINDS
async def test_batch_deletes_what_has_these_ids_and_listeners_hear_it(kind: str) -> None:
    async with gateway(kind) as (http, native, _):
        ids = []
        for name in ("a", "b", "c"):
            await publish(http, dataId=name)
            ids.append((await detail(http, dataId=name))["id"])
        stream = native.Listen()
        ref = config_pb2.ConfigRef(group="g", name="a")
        await stream.write(wire.ListenRequest(hello=wire.ListenRequest.Hello()))
        await stream.write(wire.ListenRequest(add=wire.ListenRequest.Add(interests=[wire.ListenRequest.Interest(ref=ref)])))
        while (await stream.read()).WhichOneof("frame") != "bookmark":
            pass

        answer = await http.delete(f"{CONFIG}/batch", params={"ids": f"{ids[0]},{ids[2]},{ids[0]},0,999999999999"})
        heard = await stream.read()

        assert answer.json() == OK
        assert heard.missing.deleted
        assert await found(http) == ["b"]
        stream.cancel()


async def test_beta_is_shown_with_its_addresses() -> None:
    async with gateway() as (http, _, _):
        await publish(http, "formal", **WORDS)
        await publish(http, "beta", {"betaIps": "9.9.9.8,9.9.9.9"}, srcUser="ann")
        await publish(http, "tagged", tag="t1")

        shown = await got(http, "/config/beta", **NAMES)

        assert json.loads(shown["grayRule"]) == {
            "type": "beta",
            "version": "1.0.0",
            "expr": "9.9.9.8,9.9.9.9",
            "priority": 2147483647,
        }
        names = ("content", "grayName", "createUser", "type", "desc", "configTags", "appName")
        assert [shown[name] for name in names] == ["beta", "beta", "ann", None, None, None, ""]


async def six(http: Any) -> None:
    await publish(http, "port: 1", dataId="app.yaml", type="yaml", appName="shop", configTags="red,blue")
    await publish(http, "port: 2", dataId="db.yaml", type="yaml", appName="store", configTags="reddish")
    await publish(http, "{}", dataId="app.json", type="json", groupName="h", configTags="blue")
    await publish(http, "port", dataId="plain")
    await publish(http, "elsewhere", dataId="app.yaml", namespaceId="other")
    await publish(http, "only beta port", {"betaIps": "1.1.1.1"}, dataId="beta")


@KINDS
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["app.yaml", "db.yaml", "plain", "app.json"]),
        ({"groupName": "h"}, ["app.json"]),
        ({"dataId": "app.yaml"}, ["app.yaml"]),
        ({"dataId": "app"}, []),
        ({"dataId": "*app*"}, ["app.yaml", "app.json"]),
        ({"dataId": "*.yaml", "groupName": "*g*"}, ["app.yaml", "db.yaml"]),
        ({"dataId": "*", "groupName": "h*"}, ["app.json"]),
        ({"search": "accurate", "dataId": "app.json", "groupName": ""}, ["app.json"]),
        ({"namespaceId": "other"}, ["app.yaml"]),
        ({"namespaceId": "nothing"}, []),
        ({"appName": "shop"}, ["app.yaml"]),
        ({"appName": "s*"}, ["app.yaml", "db.yaml"]),
        ({"configTags": "red"}, ["app.yaml"]),
        ({"configTags": "red,reddish"}, ["app.yaml", "db.yaml"]),
        ({"configTags": "blue", "groupName": "h"}, ["app.json"]),
        ({"type": "yaml"}, ["app.yaml", "db.yaml"]),
        ({"type": "json,text"}, ["plain", "app.json"]),
        ({"configDetail": "port"}, ["plain"]),
        ({"configDetail": "*port*"}, ["app.yaml", "db.yaml", "plain"]),
        ({"configDetail": "port:*", "type": "yaml", "appName": "store"}, ["db.yaml"]),
    ],
)
async def test_search_finds_what_it_is_told_to(query: dict[str, str], names: list[str], kind: str) -> None:
    async with gateway(kind) as (http, _, _):
        await six(http)

        assert await found(http, **query) == names


async def test_pages_are_numbered_and_counted_whoever_filters() -> None:
    async with gateway() as (http, _, _):
        for number in range(5):
            await publish(http, dataId=f"d{number}", configTags="t")

        for filters in ({}, {"configTags": "t"}):
            pages = [await got(http, "/config/list", pageNo=str(number), pageSize="2", **filters) for number in (1, 3, 4)]

            assert [[item["dataId"] for item in page["pageItems"]] for page in pages] == [["d0", "d1"], ["d4"], []]
            assert {(page["totalCount"], page["pagesAvailable"]) for page in pages} == {(5, 3)}
            assert [page["pageNumber"] for page in pages] == [1, 3, 4]


async def test_configs_of_a_namespace_are_listed_whole() -> None:
    async with gateway() as (http, native, _):
        await six(http)
        await native.PublishConfig(
            wire.PublishConfigRequest(ref=config_pb2.ConfigRef(namespace="other", name="native"), content="x")
        )

        listed = await got(http, "/history/configs", namespaceId="other")

        assert [(item["groupName"], item["dataId"]) for item in listed] == [("DEFAULT_GROUP", "native"), ("g", "app.yaml")]


@pytest.mark.parametrize(
    ("method", "path", "query", "refused"),
    [
        ("GET", "/config", {"dataId": "d"}, (400, 10000, "Required parameter 'groupName' type String is not present")),
        ("GET", "/config", NAMES, (404, 20004, "Config not exist, please publish Config first.")),
        (
            "GET",
            "/config",
            {**NAMES, "grayPriority": "x"},
            (400, 20002, "Param 'grayPriority' is illegal, it cannot be read as its type."),
        ),
        ("PUT", "/config/metadata", NAMES, (404, 20004, "Config not exist, please publish Config first.")),
        ("PUT", "/config/metadata", {"groupName": "g"}, (400, 10000, "Required parameter 'dataId' type String is not present")),
        ("PUT", "/config/metadata", {**NAMES, "desc": "d" * 129}, (400, 20002, "too long desc, over 128")),
        ("PUT", "/config/metadata", {**NAMES, "configTags": "a,b,c,d,e,f"}, (400, 20002, "too much config_tags, over 5")),
        (
            "DELETE",
            "/config/batch",
            {},
            (400, 10000, "Required request parameter 'ids' for method parameter type List is not present"),
        ),
        ("DELETE", "/config/batch", {"ids": "1,x"}, (400, 20002, "Param 'ids' is illegal, it cannot be read as its type.")),
        ("DELETE", "/config/batch", {"ids": "-1"}, (400, 20002, "Param 'ids' is illegal, it cannot be read as its type.")),
        ("DELETE", "/config/batch", {"ids": "1" * 20}, (400, 20002, "Param 'ids' is illegal, it cannot be read as its type.")),
        ("DELETE", "/config/batch", {"ids": ",".join(map(str, range(1001)))}, (400, 20002, "too many ids, over 1000")),
        ("GET", "/config/beta", NAMES, (404, 20004, "Config is not in beta.")),
        (
            "GET",
            "/config/list",
            {"pageNo": "0"},
            (400, 20002, "Required parameter 'pageNo' should be positive integer, current is 0"),
        ),
        (
            "GET",
            "/config/list",
            {"pageSize": "-1"},
            (400, 20002, "Required parameter 'pageSize' should be positive integer, current is -1"),
        ),
        ("GET", "/config/list", {"pageSize": "x"}, (400, 20002, "Param 'pageSize' is illegal, it cannot be read as its type.")),
        ("GET", "/config/list", {"pageNo": "9" * 11}, (400, 20002, "Param 'pageNo' is illegal, it cannot be read as its type.")),
        ("GET", "/config/list", {"configDetail": "x" * 4097}, (400, 20002, "content_pattern: must be at most 4096 bytes")),
        ("GET", "/config/list", {"appName": "x" * 1025}, (400, 20002, "labels: must hold values of at most 1024 bytes")),
        (
            "GET",
            "/history/configs",
            {},
            (400, 10000, "Required request parameter 'namespaceId' for method parameter type String is not present"),
        ),
    ],
)
async def test_bad_input_is_refused_in_the_envelope(
    method: str, path: str, query: dict[str, str], refused: tuple[int, int, str]
) -> None:
    async with gateway() as (http, _, server):
        before = server.engine.revision

        assert await refusal(http, method, path, params=query) == refused
        assert server.engine.revision == before


async def test_page_far_behind_the_last_is_empty() -> None:
    async with gateway() as (http, _, _):
        await publish(http)

        page = await got(http, "/config/list", pageNo="2147483647", pageSize="1000000")

        assert (page["pageItems"], page["totalCount"], page["pagesAvailable"]) == ([], 1, 1)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/config"),
        ("PUT", "/config/metadata"),
        ("DELETE", "/config/batch"),
        ("GET", "/config/beta"),
        ("GET", "/config/list"),
        ("GET", "/config/listener"),
        ("GET", "/listener"),
        ("GET", "/history"),
        ("GET", "/history/list"),
        ("GET", "/history/previous"),
        ("GET", "/history/configs"),
        ("POST", "/config/import"),
        ("GET", "/config/export"),
        ("POST", "/config/clone"),
        ("GET", "/capacity"),
        ("POST", "/capacity"),
        ("GET", "/metrics/ip"),
    ],
)
async def test_filter_comes_first_in_every_call(method: str, path: str) -> None:
    async with gateway() as (http, _, _):
        answer = await http.request(method, f"/nacos/v3/admin/cs{path}", params={"namespaceId": "a.b"})

        assert answer.status_code == 400
        assert answer.text == "Param 'namespaceId/tenant' is illegal, illegal characters should not appear in the param.\r\n"


@pytest.mark.parametrize(("collisions", "answered"), [(0, (200, 0)), (4, (200, 0)), (5, (500, 20005))])
async def test_metadata_are_laid_over_what_others_publish_meanwhile_but_not_for_ever(
    collisions: int, answered: tuple[int, int]
) -> None:
    published: list[tuple[str, int]] = []

    async def dispatch(path: str, request: Any) -> Any:
        if path.endswith("DescribeConfig"):
            release = config_pb2.Release(number=len(published) + 1)
            return wire.DescribeConfigResponse(config=config_pb2.ConfigSummary(ref=request.ref, release=release))
        if path.endswith("GetRelease"):
            return wire.GetReleaseResponse(release=config_pb2.Release(content=f"content {request.number}", revision=request.number))
        published.append((request.content, request.condition.revision))
        if len(published) <= collisions:
            reason = grpc.aio.Metadata(("muster-reason", "REVISION_MISMATCH"))
            raise grpc.aio.AioRpcError(grpc.StatusCode.ABORTED, grpc.aio.Metadata(), reason, "it changed")
        return wire.PublishConfigResponse(changed=True)

    app = create_app(LocalChannel(dispatch), NoMetrics())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://muster") as http:
        answer = await http.put(f"{CONFIG}/metadata", params={**NAMES, "desc": "about"})

        assert (answer.status_code, answer.json()["code"]) == answered
        tries = min(collisions + 1, 5)
        assert published == [(f"content {number}", number) for number in range(1, tries + 1)]


async def test_user_who_is_logged_in_is_shown_as_the_one_who_published() -> None:
    async with guarded() as world, httpx.AsyncClient(base_url=world.server.http_urls[0]) as http:
        login = dict(await world.user("ann", ("*:*:config/*", "rw")))
        form = {**NAMES, "content": "c"}

        assert (await http.post(CONFIG, data=form, headers=login)).json() == OK
        shown = (await http.get(CONFIG, params=NAMES, headers=login)).json()["data"]
        entries = (await http.get(f"{ADMIN}/history/list", params=NAMES, headers=login)).json()["data"]["pageItems"]

        assert (shown["createUser"], [entry["srcUser"] for entry in entries]) == ("ann", ["ann"])


async def test_user_with_rights_on_one_namespace_imports_into_it_and_searches_no_other() -> None:
    async with guarded() as world, httpx.AsyncClient(base_url=world.server.http_urls[0]) as http:
        login = dict(await world.user("ann", ("mine:*:config/*", "rw")))
        files = {"file": ("configs.zip", pack([ZippedConfig("g", "d", "c", "text")]))}

        taken = await http.post(f"{CONFIG}/import", params={"namespaceId": "mine"}, files=files, headers=login)
        refused = await http.post(f"{CONFIG}/import", params={"namespaceId": "other"}, files=files, headers=login)
        own = await http.get(f"{CONFIG}/list", params={"namespaceId": "mine"}, headers=login)
        others = await http.get(f"{CONFIG}/list", params={"namespaceId": "other"}, headers=login)

        assert taken.json()["data"]["succCount"] == 1
        assert own.json()["data"]["totalCount"] == 1
        assert (refused.status_code, others.status_code) == (403, 403)
