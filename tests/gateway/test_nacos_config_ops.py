"""The Nacos admin calls for the config module: what they count, and how they say that there is nothing to do."""

from typing import Any

import pytest

from gateway.nacos_configs import ADMIN, gateway, got, publish, refusal

NO_SCOPE = (400, 10000, "At least one of the parameters (groupName or namespaceId) must be provided")


@pytest.mark.parametrize(
    ("query", "usage"),
    [
        ({"namespaceId": "public"}, 2),
        ({"namespaceId": "other"}, 1),
        ({"groupName": "h"}, 2),
        ({"groupName": "h", "namespaceId": "public"}, 2),
        ({"groupName": "none"}, 0),
    ],
)
async def test_capacity_counts_and_shows_no_quota(query: dict[str, str], usage: int) -> None:
    async with gateway() as (http, _, _):
        await publish(http, dataId="a")
        await publish(http, dataId="a", groupName="h")
        await publish(http, dataId="a", groupName="h", namespaceId="other")

        shown = await got(http, "/capacity", **query)

        quotas = dict.fromkeys(("quota", "maxSize", "maxAggrCount", "maxAggrSize"), 0)
        assert shown == {"id": None, **quotas, "usage": usage, "gmtCreate": None, "gmtModified": None}


@pytest.mark.parametrize(
    ("method", "path", "query", "refused"),
    [
        ("GET", "/capacity", {}, NO_SCOPE),
        ("POST", "/capacity", {"quota": "1"}, NO_SCOPE),
        (
            "POST",
            "/capacity",
            {"groupName": "g"},
            (400, 10000, "At least one of the parameters (quota, maxSize, maxAggrCount, maxAggrSize) must be provided"),
        ),
        (
            "POST",
            "/capacity",
            {"groupName": "g", "quota": "x"},
            (400, 20002, "Param 'quota' is illegal, it cannot be read as its type."),
        ),
        (
            "POST",
            "/capacity",
            {"groupName": "g", "quota": "1"},
            (501, 40001, "There are no quotas of groups and namespaces: limits are settings of the server."),
        ),
        (
            "GET",
            "/metrics/cluster",
            {},
            (400, 10000, "Required request parameter 'ip' for method parameter type String is not present"),
        ),
        (
            "GET",
            "/metrics/ip",
            {"ip": "1.1.1.1"},
            (501, 40001, "Clients are not asked what they hold. GET /nacos/v3/admin/cs/listener shows what each was sent."),
        ),
        (
            "PUT",
            "/ops/log",
            {"logName": "x"},
            (400, 10000, "Required request parameter 'logLevel' for method parameter type String is not present"),
        ),
        (
            "GET",
            "/ops/derby",
            {},
            (400, 10000, "Required request parameter 'sql' for method parameter type String is not present"),
        ),
    ],
)
async def test_what_is_not_served_says_why(method: str, path: str, query: dict[str, str], refused: tuple[int, int, Any]) -> None:
    async with gateway() as (http, _, _):
        assert await refusal(http, method, path, params=query) == refused


@pytest.mark.parametrize(
    ("method", "path", "query", "message"),
    [
        ("GET", "/ops/derby", {"sql": "SELECT 1"}, "The current storage mode is not Derby"),
        ("POST", "/ops/derby/import", {}, "Limited to embedded storage mode"),
        (
            "PUT",
            "/ops/log",
            {"logName": "config", "logLevel": "DEBUG"},
            "Failed to set log level for module config to DEBUG: it is set when the server starts",
        ),
    ],
)
async def test_what_the_original_fails_with_a_text_of_its_own_fails_so(
    method: str, path: str, query: dict[str, str], message: str
) -> None:
    async with gateway() as (http, _, _):
        answer = await http.request(method, f"{ADMIN}{path}", params=query)

        assert (answer.status_code, answer.json()) == (200, {"code": 30000, "message": message, "data": None})
