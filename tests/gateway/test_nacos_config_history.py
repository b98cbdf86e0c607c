"""The Nacos admin calls for history: entries made of releases, whichever API made them."""

import json
from typing import Any

import httpx
import pytest
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as wire

from gateway.nacos_configs import CONFIG, NAMES, detail, gateway, got, publish, refusal

KINDS = pytest.mark.parametrize("kind", ["local", "apart"])
REF = config_pb2.ConfigRef(group="g", name="d")


async def entries(http: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    data = await got(http, "/history/list", **{**NAMES, **query})
    return list(data["pageItems"])


def told(entry: dict[str, Any]) -> tuple[str, str, str]:
    return entry["opType"].strip(), entry["publishType"], entry["srcUser"]


@KINDS
async def test_entries_say_what_happened_and_show_what_was_replaced(kind: str) -> None:
    async with gateway(kind) as (http, _, _):
        await publish(http, "one", srcUser="ann", appName="shop")
        await publish(http, "two", srcUser="bob")
        await http.delete(CONFIG, params=NAMES)
        await publish(http, "three")

        listed = await entries(http)
        shown = [await got(http, "/history", **NAMES, nid=entry["id"]) for entry in listed]

        assert [told(entry) for entry in listed] == [
            ("I", "formal", ""),
            ("D", "formal", ""),
            ("U", "formal", "bob"),
            ("I", "formal", "ann"),
        ]
        assert [entry["content"] for entry in shown] == ["three", "two", "one", "one"]
        assert [entry["appName"] for entry in listed] == ["", "", "shop", "shop"]
        assert {len(entry["opType"]) for entry in listed} == {10}
        assert json.loads(shown[2]["extInfo"]) == {"type": "text", "src_user": "bob"}
        assert [entry["grayName"] for entry in shown] == [""] * 4


async def test_gray_lines_have_entries_of_their_own() -> None:
    async with gateway() as (http, _, _):
        await publish(http, "formal")
        await publish(http, "beta 1", {"betaIps": "9.9.9.9"})
        await publish(http, "beta 2", {"betaIps": "9.9.9.9"})
        await http.delete(f"{CONFIG}/beta", params=NAMES)

        listed = await entries(http)
        shown = [await got(http, "/history", **NAMES, nid=entry["id"]) for entry in listed]

        assert [told(entry)[:2] for entry in listed] == [("D", "gray"), ("U", "gray"), ("I", "gray"), ("I", "formal")]
        assert [(entry["content"], entry["grayName"]) for entry in shown] == [
            ("beta 2", "beta"),
            ("beta 1", "beta"),
            ("beta 1", "beta"),
            ("formal", ""),
        ]


async def test_end_of_a_config_that_was_a_beta_alone_has_no_content_to_show() -> None:
    async with gateway() as (http, native, _):
        await publish(http, "beta", {"betaIps": "9.9.9.9"})
        await native.DeleteConfig(wire.DeleteConfigRequest(ref=REF))

        listed = await entries(http)

        assert [told(entry)[:2] for entry in listed] == [("D", "formal"), ("I", "gray")]
        status, code, _ = await refusal(http, "GET", "/history", params={**NAMES, "nid": listed[0]["id"]})
        assert (status, code) == (404, 20004)


async def test_deletion_that_leaves_a_beta_is_one_of_the_formal_content() -> None:
    async with gateway() as (http, _, _):
        await publish(http, "formal")
        await publish(http, "beta", {"betaIps": "9.9.9.9"})
        await http.delete(CONFIG, params=NAMES)

        listed = await entries(http)

        assert [told(entry)[:2] for entry in listed] == [("D", "formal"), ("I", "gray"), ("I", "formal")]
        assert (await got(http, "/history", **NAMES, nid=listed[0]["id"]))["content"] == "formal"


async def test_previous_is_the_last_entry_of_a_config_by_its_id() -> None:
    async with gateway() as (http, native, _):
        for content in ("one", "two"):
            await native.PublishConfig(wire.PublishConfigRequest(ref=REF, content=content))
        former = (await detail(http))["id"]
        await http.delete(CONFIG, params=NAMES)
        await native.RollbackConfig(wire.RollbackConfigRequest(ref=REF, number=1))
        later = (await detail(http))["id"]

        shown = [await got(http, "/history/previous", **NAMES, id=id_) for id_ in (former, later)]

        assert [(entry["opType"].strip(), entry["content"]) for entry in shown] == [("D", "two"), ("I", "one")]


async def test_history_has_pages_and_there_is_none_of_what_never_was() -> None:
    async with gateway() as (http, _, _):
        for number in range(5):
            await publish(http, str(number))

        page = await got(http, "/history/list", **NAMES, pageNo="2", pageSize="2")
        nothing = await got(http, "/history/list", dataId="never", groupName="g")

        assert [entry["id"] for entry in page["pageItems"]] == ["3", "2"]
        assert (page["totalCount"], page["pageNumber"], page["pagesAvailable"]) == (5, 2, 3)
        assert nothing == {"totalCount": 0, "pageNumber": 1, "pagesAvailable": 0, "pageItems": []}


@pytest.mark.parametrize(
    ("path", "query", "refused"),
    [
        ("/history/list", {"groupName": "g"}, (400, 10000, "Required parameter 'dataId' type String is not present")),
        (
            "/history/list",
            {**NAMES, "pageNo": "0"},
            (400, 20002, "Required parameter 'pageNo' should be positive integer, current is 0"),
        ),
        ("/history", NAMES, (400, 10000, "Required request parameter 'nid' for method parameter type Long is not present")),
        ("/history", {**NAMES, "nid": "x"}, (400, 20002, "Param 'nid' is illegal, it cannot be read as its type.")),
        ("/history", {**NAMES, "nid": "9" * 19}, (400, 20002, "Source must not be null")),
        ("/history/previous", NAMES, (400, 10000, "Required request parameter 'id' for method parameter type Long is not present")),
        ("/history/previous", {**NAMES, "id": "7"}, (404, 20004, "previous config history for id = 7 not exist")),
    ],
)
async def test_bad_input_is_refused_in_the_envelope(path: str, query: dict[str, str], refused: tuple[int, int, str]) -> None:
    async with gateway() as (http, _, _):
        assert await refusal(http, "GET", path, params=query) == refused
