"""The config center: what a service is configured with, by dimension."""

from typing import Any

import pytest

from gateway.kies import KV, Kie, running_kie

ITEMS = "/v3/default/configuration/items"
CART = {"app": "shop", "service": "cart"}


async def filled(kie: Kie) -> None:
    await kie.create("k0", "everybody")
    await kie.create("k1", "cart", CART)
    await kie.create("other", "cart", CART)
    await kie.create("k1", "new cart", {**CART, "version": "1.0.0"})
    await kie.create("k1", "live cart", {**CART, "environment": "production"})
    await kie.create("k2", "live", {"environment": "production"})
    await kie.create("off", "never", CART, status="disabled")
    await kie.create("k1", "till", {"app": "shop", "service": "till"})


async def items(kie: Kie, dimensions: str, environment: str = "", **query: str) -> Any:
    headers = {"x-environment": environment} if environment else {}
    answer = await kie.http.get(ITEMS, params={"dimensionsInfo": dimensions, **query}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_dimension_holds_the_keys_with_its_labels() -> None:
    async with running_kie() as kie:
        await filled(kie)

        service = {"application": {"k0": "everybody"}, "cart@shop": {"k1": "cart", "other": "cart"}}
        assert await items(kie, "cart@shop") == service
        assert await items(kie, "cart@shop#1.0.0") == {**service, "cart@shop#1.0.0": {"k1": "new cart"}}
        assert await items(kie, "cart@shop#2") == service
        assert await items(kie, "cart@shop,till@shop") == {**service, "till@shop": {"k1": "till"}}
        assert await items(kie, "nobody@nowhere") == {"application": {"k0": "everybody"}}
        assert await items(kie, "cart@shop", "production") == {"application": {"k2": "live"}, "cart@shop": {"k1": "live cart"}}
        assert await items(kie, "cart@shop", "no such") == service


async def test_who_has_no_environment_gets_keys_with_an_empty_one_too() -> None:
    async with running_kie() as kie:
        await kie.create("a", "none", CART)
        await kie.create("b", "none", CART)
        await kie.create("b", "empty", {**CART, "environment": ""})

        assert await items(kie, "cart@shop") == {"cart@shop": {"a": "none", "b": "empty"}}


async def test_key_filter_is_a_regular_expression() -> None:
    async with running_kie() as kie:
        await filled(kie)

        assert await items(kie, "cart@shop", keyFilter="^k1") == {"cart@shop": {"k1": "cart"}}
        assert await items(kie, "cart@shop", keyFilter="the|k0") == {
            "application": {"k0": "everybody"},
            "cart@shop": {"other": "cart"},
        }
        assert await items(kie, "cart@shop", keyFilter="(a*)*$" * 20 + "nothing") == {}


async def test_revision_tells_whether_anything_has_changed() -> None:
    async with running_kie() as kie:
        await filled(kie)
        first = await items(kie, "cart@shop", revision="null")
        revision = first["revision"]["version"]
        unchanged = await kie.http.get(ITEMS, params={"dimensionsInfo": "cart@shop", "revision": revision})
        await kie.publish("k1?service=cart", "native", "shop")
        changed = await items(kie, "cart@shop", revision=revision)

        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert changed["cart@shop"] == {"k1": "native", "other": "cart"}
        assert int(changed["revision"]["version"]) > int(revision)


async def test_health_is_that_of_the_registry() -> None:
    async with running_kie() as kie:
        answer = await kie.http.get("/v3/default/configuration/health?mode=readiness")
        kv = await kie.create("a")
        health = (await kie.http.get("/v1/health")).json()

        assert answer.status_code == 200
        assert (health["revision"], health["total_kv_count"]) == (str(kv["update_revision"]), 1)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "dimensionsInfo=",
        "dimensionsInfo=cart",
        "dimensionsInfo=@shop",
        "dimensionsInfo=cart@",
        "dimensionsInfo=cart%40shop%40more",
        "dimensionsInfo=ca%20rt%40shop",
        "dimensionsInfo=cart%40shop%231%232",
        "dimensionsInfo=" + ",".join(f"s{n}%40shop" for n in range(17)),
        "dimensionsInfo=cart%40shop&keyFilter=(",
        "dimensionsInfo=cart%40shop&keyFilter=" + "a" * 257,
        "dimensionsInfo=cart%40shop&keyFilter=" + "(((a{100}){100}){100})",
    ],
)
async def test_bad_input_is_refused(query: str) -> None:
    async with running_kie() as kie:
        answer = await kie.http.get(f"{ITEMS}?{query}")

        assert (answer.status_code, answer.json()["errorCode"]) == (400, "400001")
        assert (await kie.http.get(f"{KV}?limit=1")).json()["total"] == 0
