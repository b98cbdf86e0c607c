"""The config half of the Nacos gRPC protocol, spoken without an SDK, in the server's own process and apart from it."""

import hashlib
import time
from typing import Any

import pytest
from nacos_wire import NacosClient, nacos_client
from running import running_nacos

pytestmark = pytest.mark.parametrize("place", ["local", "apart"])

NAMES = {"dataId": "app.yaml", "group": "g", "tenant": ""}


def md5(content: str) -> str:
    return hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()


async def publish(client: NacosClient, content: str, **more: Any) -> None:
    await client.ok("ConfigPublishRequest", **NAMES, content=content, **more)


async def listen(client: NacosClient, known: str = "", **more: Any) -> list[dict[str, str]]:
    context = {**NAMES, "md5": known, **more}
    answer = await client.ok("ConfigBatchListenRequest", listen=True, configListenContexts=[context])
    return list(answer["changedConfigs"])


async def content(client: NacosClient, **more: Any) -> str | None:
    kind, answer = await client.ask("ConfigQueryRequest", **NAMES, **more)
    assert kind == "ConfigQueryResponse"
    return answer["content"] if answer["resultCode"] == 200 else None


async def test_published_config_is_read_with_its_md5_and_type(place: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        additions = {"type": "yaml", "src_user": "me", "config_tags": "a,b", "betaIps": "", "tag": None}
        await publish(client, "x: 1", additionMap=additions, casMd5=None)

        found = await client.ok("ConfigQueryRequest", **NAMES, tag=None)

        assert (found["content"], found["md5"], found["contentType"]) == ("x: 1", md5("x: 1"), "yaml")
        assert (found["encryptedDataKey"], found["beta"], "tag" in found) == ("", False, False)
        assert isinstance(found["lastModified"], int)


async def test_missing_config_is_a_typed_answer_that_lacks_nothing(place: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        kind, answer = await client.ask("ConfigQueryRequest", **NAMES)

        assert kind == "ConfigQueryResponse"
        assert answer == {
            "resultCode": 500,
            "errorCode": 300,
            "success": False,
            "message": "config data not exist",
            "requestId": "",
            "lastModified": 0,
            "beta": False,
        }


@pytest.mark.parametrize("tenant", ["", "public", "apart"])
async def test_listener_is_told_what_differs_and_of_each_change_by_the_names_it_used(place: str, tenant: str) -> None:
    names = {**NAMES, "tenant": tenant}
    async with (
        running_nacos(place) as server,
        nacos_client(server.nacos) as client,
        nacos_client(server.nacos) as other,
    ):
        before = await listen(client, tenant=tenant)
        await other.ok("ConfigPublishRequest", **names, content="x: 1")
        came = await client.pushed("ConfigChangeNotifyRequest")
        await client.ack(came)
        differs = await listen(client, tenant=tenant)
        same = await listen(client, md5("x: 1"), tenant=tenant)
        await other.ok("ConfigPublishRequest", **names, content="x: 1")  # the same again is no change
        await other.ok("ConfigRemoveRequest", **names)
        went = await client.pushed("ConfigChangeNotifyRequest")

        assert (before, differs, same) == ([], [names], [])
        assert [{key: push[key] for key in names} for push in (came, went)] == [names, names]


async def test_push_does_not_overtake_the_answer_to_a_listen(place: str) -> None:
    async with (
        running_nacos(place) as server,
        nacos_client(server.nacos) as client,
        nacos_client(server.nacos) as other,
    ):
        assert await listen(client) == []
        answered_s = time.monotonic()
        await publish(other, "x: 1")
        await publish(other, "x: 2")
        await client.ack(await client.pushed("ConfigChangeNotifyRequest"))

        assert time.monotonic() - answered_s > 0.05  # of 0.1 s, some of which the answer was under way
        assert await listen(client, md5("x: 2")) == []


async def test_listener_that_ends_is_told_nothing_more(place: str) -> None:
    async with (
        running_nacos(place) as server,
        nacos_client(server.nacos) as client,
        nacos_client(server.nacos) as other,
    ):
        await listen(client)
        await listen(client, dataId="other")
        context = {**NAMES, "md5": ""}
        await client.ok("ConfigBatchListenRequest", listen=False, configListenContexts=[context])
        await publish(other, "x: 1")
        await other.ok("ConfigPublishRequest", **{**NAMES, "dataId": "other"}, content="y: 1")

        push = await client.pushed("ConfigChangeNotifyRequest")

        assert push["dataId"] == "other"


async def test_publication_with_another_md5_than_the_contents_is_refused_and_changes_nothing(place: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        await publish(client, "x: 1", casMd5=md5("nothing there: it is created"))
        kind, answer = await client.ask("ConfigPublishRequest", **NAMES, content="x: 2", casMd5=md5("wrong"))
        held = await content(client)
        await publish(client, "x: 3", casMd5=md5("x: 1"))

        assert (kind, answer["resultCode"], answer["errorCode"]) == ("ConfigPublishResponse", 500, 500)
        assert answer["message"] == "Cas publish fail, server md5 may have changed."
        assert (held, await content(client)) == ("x: 1", "x: 3")


async def test_beta_is_seen_by_the_address_that_the_client_says_it_has(place: str) -> None:
    async with (
        running_nacos(place) as server,
        nacos_client(server.nacos) as client,
        nacos_client(server.nacos, labels={"Vipserver-Tag": "blue"}) as blue,
    ):
        await publish(client, "formal")
        await publish(client, "for blue", additionMap={"tag": "blue"})
        held = [await content(client), await content(blue), await content(client, tag="blue"), await content(client, tag="green")]
        await client.ok("ConfigRemoveRequest", **NAMES, tag="blue")
        without_tag = await content(blue)

        assert held == ["formal", "for blue", "for blue", None]
        assert without_tag == "formal"


async def test_tag_outlives_the_config_that_it_belongs_to(place: str) -> None:
    async with (
        running_nacos(place) as server,
        nacos_client(server.nacos) as client,
        nacos_client(server.nacos, labels={"Vipserver-Tag": "blue"}) as blue,
    ):
        await publish(client, "formal")
        await publish(client, "for blue", additionMap={"tag": "blue"})
        await client.ok("ConfigRemoveRequest", **NAMES)
        seen = [await content(client), await content(blue)]
        await client.ok("ConfigRemoveRequest", **NAMES)
        await publish(client, "again")

        assert seen == [None, "for blue"]
        assert [await content(client), await content(blue)] == ["again", "for blue"]


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        ("ConfigPublishRequest", {**NAMES, "content": ""}, "content"),
        ("ConfigPublishRequest", {**NAMES, "content": "x", "dataId": "a b"}, "dataId"),
        ("ConfigPublishRequest", {**NAMES, "content": "x", "additionMap": {"tag": "t" * 17}}, "tag"),
        ("ConfigPublishRequest", {"content": "x", "dataId": "d"}, "group"),
        ("ConfigQueryRequest", {"dataId": None, "group": "g"}, "dataId"),
        ("ConfigBatchListenRequest", {"configListenContexts": [{"dataId": "a/b", "group": "g"}]}, "dataId"),
    ],
    ids=["content", "name", "tag", "none", "null", "listen"],
)
async def test_config_call_that_is_refused_is_answered_in_its_own_type(
    place: str, kind: str, body: dict[str, Any], says: str
) -> None:
    expected = {"ConfigBatchListenRequest": "ConfigChangeBatchListenResponse"}.get(kind, kind.replace("Request", "Response"))
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        found, answer = await client.ask(kind, **body)

        assert (found, answer["resultCode"], answer["errorCode"]) == (expected, 500, 400)
        assert says in answer["message"]
