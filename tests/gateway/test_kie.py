"""Kie over the registry's configuration: keys, lists, history, and one state behind it and the other dialects."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as calls
from muster_gateway.channel import LocalChannel
from muster_gateway.kie.errors import MESSAGES
from muster_gateway.kie.room import KieRoom
from muster_gateway.registry import Registry

from gateway.kies import KV, Kie, running_kie

KINDS = pytest.mark.parametrize("kind", ["local", "apart"])
NACOS = "/nacos/v3/client/cs/config"
NACOS_ADMIN = "/nacos/v3/admin/cs/config"


@KINDS
async def test_key_is_a_config_item_whose_group_is_its_app(kind: str) -> None:
    async with running_kie(kind) as kie:
        kv = await kie.create("timeout", "5s", {"app": "shop", "service": "cart"}, value_type="properties", priority=3, check="x")
        release = await kie.read("timeout?service=cart", "shop")
        read = (await kie.http.get(f"{KV}/{kv['id']}")).json()

        assert (release.content, release.content_type) == ("5s", "properties")
        assert release.labels == {"app": "shop", "service": "cart", "kie:priority": "3", "kie:check": "x"}
        assert kv["create_revision"] == kv["update_revision"] == release.revision
        assert read == {**kv, "label_format": "app=shop::service=cart"}


@KINDS
async def test_native_item_is_a_key_and_enabled(kind: str) -> None:
    async with running_kie(kind) as kie:
        release = await kie.publish("timeout?service=cart", "5s", "shop", content_type="toml", allow_invalid=True)
        await kie.publish("no key: a blank", "x", "shop")
        listed = (await kie.http.get(f"{KV}?label=app:shop")).json()

        assert listed["total"] == 1
        kv = listed["data"][0]
        assert (kv["key"], kv["value"], kv["value_type"], kv["status"]) == ("timeout", "5s", "text", "enabled")
        assert (kv["labels"], kv["create_revision"]) == ({"app": "shop", "service": "cart"}, release.revision)


@KINDS
async def test_change_through_kie_is_heard_natively_and_keeps_what_kie_does_not_know(kind: str) -> None:
    async with running_kie(kind) as kie:
        await kie.publish("timeout", "5s", labels={"owner": "me"}, content_type="toml", encrypted_data_key="k", allow_invalid=True)
        listen = kie.native.Listen()
        await listen.write(calls.ListenRequest(hello=calls.ListenRequest.Hello()))
        interest = calls.ListenRequest.Interest(ref=config_pb2.ConfigRef(name="timeout"))
        await listen.write(calls.ListenRequest(add=calls.ListenRequest.Add(interests=[interest])))
        first = await listen.read()
        kv_id = (await kie.http.get(KV)).json()["data"][0]["id"]
        await kie.http.put(f"{KV}/{kv_id}", json={"value": "6s", "status": "disabled"})
        frame = await listen.read()
        while not frame.HasField("changed"):
            frame = await listen.read()
        listen.cancel()

        release = frame.changed.release
        assert (first.changed.release.content, release.content) == ("5s", "6s")
        assert (release.content_type, release.encrypted_data_key) == ("toml", "k")
        assert release.labels == {"owner": "me", "kie:status": "disabled"}


async def test_key_with_no_label_but_app_is_a_nacos_config_and_back() -> None:
    async with running_kie() as kie:
        await kie.create("timeout", "5s", {"app": "shop"})
        names = {"dataId": "timeout", "groupName": "shop"}
        read = (await kie.http.get(NACOS, params=names)).json()["data"]
        await kie.http.post(NACOS_ADMIN, data={**names, "content": "6s"})
        await kie.http.post(NACOS_ADMIN, data={"dataId": "retries", "groupName": "DEFAULT_GROUP", "content": "3"})

        assert read["content"] == "5s"
        assert await kie.values() == {"timeout": "6s", "retries": "3"}
        assert await kie.values("label=app:shop&match=exact") == {"timeout": "6s"}


async def test_gray_lines_are_not_seen_through_kie() -> None:
    async with running_kie() as kie:
        rule = config_pb2.GrayRule(percentage=config_pb2.GrayRule.PercentMatch(percent=100))
        for name in ("a", "only"):
            ref = config_pb2.ConfigRef(name=name)
            await kie.native.PublishGray(calls.PublishGrayRequest(ref=ref, gray="beta", content="gray", rule=rule))
        kv = await kie.create("a", "main")
        read = (await kie.http.get(f"{KV}/{kv['id']}")).json()

        assert (read["value"], await kie.values()) == ("main", {"a": "main"})


async def test_projects_share_nothing() -> None:
    async with running_kie() as kie:
        kv = await kie.create("a")
        elsewhere = KV.replace("default", "other")
        read = await kie.http.get(f"{elsewhere}/{kv['id']}")
        created = await kie.http.post(elsewhere, json={"key": "a", "value": "2"})
        release = await kie.native.GetConfig(calls.GetConfigRequest(ref=config_pb2.ConfigRef(namespace="default/other", name="a")))

        assert (read.status_code, created.status_code) == (404, 200)
        assert created.json()["id"] != kv["id"]
        assert (release.release.content, await kie.values()) == ("2", {"a": "1"})


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", "abcdef"),
        ("label=app:shop", "bcd"),
        ("label=app:shop&match=exact", "b"),
        ("label=app:shop&label=service:cart", "cd"),
        ("label=service:cart&label=app:shop&match=exact", "c"),
        ("label=service:cart", "cde"),
        ("label=service:cart&match=exact", "e"),
        ("label=version:", "f"),
        ("label=version:&match=exact", "f"),
        ("label=service:car", ""),
        ("match=exact", "abcdef"),
        ("label=version:1&label=service:cart", "d"),
    ],
)
async def test_labels_choose_the_keys(query: str, keys: str) -> None:
    async with running_kie() as kie:
        cart = {"app": "shop", "service": "cart"}
        chosen = [{}, {"app": "shop"}, cart, {**cart, "version": "1"}, {"service": "cart"}, {"version": ""}]
        for key, labels in zip("abcdef", chosen, strict=True):
            await kie.create(key, labels=labels)
        await kie.create("z", labels={"xservice": "cart", "service": "carts"})
        found = await kie.values(query)

        assert "".join(sorted(found)).removesuffix("z") == keys


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("key=a.one", {"a.one"}),
        ("key=A.ONE", {"a.one"}),
        ("key=beginWith(a.)", {"a.one", "a.two"}),
        ("key=wildcard(*.one)", {"a.one", "b.one"}),
        ("key=wildcard(a*e)", {"a.one"}),
        ("key=aXone", set()),
        ("value=secon", {"a.two"}),
        ("status=disabled", {"b.one"}),
        ("limit=1", {"b.one"}),
        ("limit=2&offset=2", {"a.one"}),
        ("limit=1&offset=5", set()),
    ],
)
async def test_key_value_status_and_place_choose_the_keys(query: str, keys: set[str]) -> None:
    async with running_kie() as kie:
        await kie.create("a.one", "first")
        await kie.create("a.two", "second")
        await kie.create("b.one", "third", status="disabled", priority=1)
        answer = (await kie.http.get(f"{KV}?{query}")).json()

        assert {kv["key"] for kv in answer["data"]} == keys
        assert answer["total"] == (3 if query.startswith("limit") else len(keys))


async def test_list_of_many_keys_is_whole_and_in_order() -> None:
    async with running_kie() as kie:
        for first in range(0, 1200, 100):
            await asyncio.gather(*(kie.publish(f"k{number:04}", "v" * 3000, "shop") for number in range(first, first + 100)))
        listed = (await kie.http.get(f"{KV}?label=app:shop")).json()

        revisions = [kv["update_revision"] for kv in listed["data"]]
        assert (listed["total"], len(set(revisions))) == (1200, 1200)
        assert revisions == sorted(revisions, reverse=True)


async def test_history_shows_each_step_since_the_creation() -> None:
    async with running_kie() as kie:
        old = await kie.create("a", "gone")
        await kie.http.delete(f"{KV}/{old['id']}")
        kv = await kie.create("a", "1")
        await kie.http.put(f"{KV}/{kv['id']}", json={"value": "2"})
        await kie.http.put(f"{KV}/{kv['id']}", json={"status": "disabled"})
        path = f"/v1/default/kie/revision/{kv['id']}"
        whole, part = (await kie.http.get(path)).json(), (await kie.http.get(f"{path}?limit=1&offset=1")).json()

        assert kv["id"] == old["id"]
        assert [(step["value"], step["status"]) for step in whole["data"]] == [
            ("2", "disabled"),
            ("2", "enabled"),
            ("1", "enabled"),
        ]
        assert (whole["total"], part["total"], part["data"]) == (3, 3, whole["data"][1:2])
        assert {(step["project"], step["domain"], step["create_revision"]) for step in whole["data"]} == {
            ("default", "default", kv["create_revision"])
        }


async def test_only_one_of_many_creations_succeeds() -> None:
    async with running_kie() as kie:
        answers = await asyncio.gather(*(kie.http.post(KV, json={"key": "a", "value": str(number)}) for number in range(20)))

        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19


async def test_changes_at_the_same_time_do_not_undo_one_another() -> None:
    async with running_kie() as kie:
        kv = await kie.create("a", "1")
        value, status = await asyncio.gather(
            kie.http.put(f"{KV}/{kv['id']}", json={"value": "2"}), kie.http.put(f"{KV}/{kv['id']}", json={"status": "disabled"})
        )
        read = (await kie.http.get(f"{KV}/{kv['id']}")).json()

        assert (value.status_code, status.status_code) == (200, 200)
        assert (read["value"], read["status"]) == ("2", "disabled")


async def test_key_that_was_made_by_somebody_else_is_found_by_its_id() -> None:
    async with running_kie() as kie, running_kie() as other:
        kv = await other.create("a", labels={"app": "shop"})
        for number in range(1100):
            await kie.publish(f"k{number}", "x", "aaa")
        await kie.publish("a", "natively", "shop")
        read = await kie.http.get(f"{KV}/{kv['id']}")
        deleted = await kie.http.request("DELETE", KV, json={"ids": [kv["id"], "unknown"]})
        gone = await kie.http.get(f"{KV}/{kv['id']}")

        assert read.json()["value"] == "natively"
        assert (deleted.status_code, gone.status_code, len(await kie.values())) == (204, 404, 1100)


async def test_content_that_lists_do_not_carry_is_no_key() -> None:
    async with running_kie() as kie, running_kie() as other:
        kv = await other.create("large")
        await kie.publish("large", "x" * (1 << 20 | 1))
        changed = await kie.http.put(f"{KV}/{kv['id']}", json={"status": "disabled"})

        assert (changed.status_code, await kie.values()) == (404, {})
        assert (await kie.read("large")).size_bytes == 1 << 20 | 1


async def upload(kie: Kie, override: str, *kvs: dict[str, Any]) -> httpx.Response:
    return await kie.http.post(f"/v1/default/kie/file?override={override}", json={"data": kvs})


async def test_upload_changes_what_is_there_only_when_forced() -> None:
    async with running_kie() as kie:
        await kie.create("a", "1", {"app": "shop"})
        a, b = {"key": "a", "value": "2", "labels": {"app": "shop"}}, {"key": "b", "value": "3"}
        skipped = (await upload(kie, "skip", a, b)).json()
        after_skip = await kie.values()
        forced = (await upload(kie, "force", a)).json()

        assert ([kv["key"] for kv in skipped["success"]], [one["error_code"] for one in skipped["failure"]]) == (["b"], [400004])
        assert after_skip == {"a": "1", "b": "3"}
        assert ([kv["value"] for kv in forced["success"]], await kie.values()) == (["2"], {"a": "2", "b": "3"})


def test_every_call_is_in_the_handbook() -> None:
    handbook = (Path(__file__).parents[2] / "docs" / "kie.md").read_text()
    room = KieRoom(Registry(LocalChannel(lambda path, request: asyncio.sleep(0, b""))))

    assert [route.path for route in room.routes() if f"{route.path}`" not in handbook and f"{route.path}?" not in handbook] == []
    assert [str(code) for code in MESSAGES if str(code) not in handbook and code // 1000 >= 401] == []
