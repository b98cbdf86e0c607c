"""Section 9 of the ServiceStage spec, cases 18 to 32: environments."""

import asyncio
from typing import Any

import pytest

from gateway.servicestage import ENVIRONMENT, client

DEFAULT = {"id": "Default", "type": "ecs"}
SHOWN = {"id": "Default", "type": "ecs", "name": None}


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_18_environment_is_created_with_its_defaults(kind: str) -> None:
    async with client(kind) as http:
        status, shown = await http.call("POST", "/environments", ENVIRONMENT)

        assert status == 200
        assert shown.pop("id").count("-") == 4
        assert shown["create_time"] == shown.pop("update_time") > 10**12
        assert shown.pop("create_time")
        assert shown == {
            "name": "env1",
            "alias": "",
            "description": "",
            "project_id": "p1",
            "enterprise_project_id": "0",
            "charge_mode": "provided",
            "deploy_mode": "virtualmachine",
            "vpc_id": "local",
            "base_resources": [SHOWN],
            "optional_resources": [],
            "creator": "",
        }


async def test_19_name_is_used_once_whatever_its_case() -> None:
    async with client() as http:
        await http.made("/environments", ENVIRONMENT)

        assert await http.refused("POST", "/environments", ENVIRONMENT) == (400, "449")
        assert await http.refused("POST", "/environments", ENVIRONMENT | {"name": "ENV1"}) == (400, "449")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "e"}, "400"),  # 20
        ({"name": "1env"}, "400"),
        ({"name": "env-"}, "400"),
        ({"name": "e" * 65}, "400"),
        ({"name": None}, "400"),
        ({"name": 7}, "400"),
        ({"base_resources": []}, "422"),  # 21
        ({"base_resources": None}, "422"),
        ({"base_resources": [{"id": "r", "type": "rds"}]}, "400"),  # 22
        ({"base_resources": [{"type": "ecs"}]}, "400"),
        ({"base_resources": {"id": "a", "type": "ecs"}}, "400"),
        ({"base_resources": ["ecs"]}, "400"),
        ({"optional_resources": [DEFAULT]}, "400"),
        ({"charge_mode": "free"}, "400"),  # 23
        ({"deploy_mode": "cloud"}, "400"),
        ({"vpc_id": ""}, "400"),
        ({"vpc_id": None}, "400"),
        ({"alias": "a" * 65}, "400"),  # 24
        ({"description": "d" * 129}, "400"),
    ],
)
async def test_20_to_24_bad_fields_are_refused_and_nothing_is_made(fields: dict[str, Any], code: str) -> None:
    async with client() as http:
        assert await http.refused("POST", "/environments", ENVIRONMENT | fields) == (400, code)
        assert (await http.call("GET", "/environments"))[1] == {"count": 0, "environments": []}


@pytest.mark.parametrize("fields", [{"name": "e" * 64}, {"alias": "ä" * 64}, {"description": "d" * 128}, {"unknown": {}}])
async def test_20_to_24_what_is_just_within_its_bounds_is_taken(fields: dict[str, Any]) -> None:
    async with client() as http:
        assert (await http.call("POST", "/environments", ENVIRONMENT | fields))[0] == 200


@pytest.mark.parametrize(("types", "mode"), [(["as"], "virtualmachine"), (["cce", "cci"], "container"), (["cce", "ecs"], "mixed")])
async def test_23_deploy_mode_follows_the_base_resources_unless_it_is_said(types: list[str], mode: str) -> None:
    body = ENVIRONMENT | {"base_resources": [{"id": "x", "type": one} for one in types]}
    async with client() as http:
        assert (await http.call("POST", "/environments", body))[1]["deploy_mode"] == mode
        said = body | {"name": "env2", "deploy_mode": "mixed"}
        assert (await http.call("POST", "/environments", said))[1]["deploy_mode"] == "mixed"


@pytest.mark.parametrize("content", [b"[]", b"{bad", b"", b"null", b'"text"', b'{"name":"\xff"}', b"[" * 100_000])
async def test_25_body_that_is_no_object_is_refused(content: bytes) -> None:
    async with client() as http:
        assert await http.refused("POST", "/environments", content=content) == (400, "400")


async def test_26_unknown_environment_is_not_found() -> None:
    async with client() as http:
        path = "/environments/none"
        assert await http.refused("GET", path) == (404, "411")
        assert await http.refused("PUT", path, {}) == (404, "411")
        assert await http.refused("DELETE", path) == (404, "411")
        assert await http.refused("PATCH", f"{path}/resources", {}) == (404, "411")


async def test_27_what_is_said_changes_and_the_rest_stays() -> None:
    async with client() as http:
        path = f"/environments/{await http.made('/environments', ENVIRONMENT)}"
        _, before = await http.call("GET", path)

        _, described = await http.call("PUT", path, {"description": "d", "name": None, "vpc_id": "other"})
        _, cleared = await http.call("PUT", path, {"description": ""})
        _, untouched = await http.call("PUT", path, {})

        assert described == before | {"description": "d", "update_time": described["update_time"]}
        assert before["update_time"] < described["update_time"] < cleared["update_time"]
        assert cleared["description"] == ""
        assert untouched == cleared
        assert await http.refused("PUT", path, {"name": "-"}) == (400, "400")
        await http.made("/environments", ENVIRONMENT | {"name": "env2"})
        assert await http.refused("PUT", path, {"name": "ENV2"}) == (400, "449")


async def test_28_to_30_resources_are_removed_before_others_are_added() -> None:
    async with client() as http:
        path = f"/environments/{await http.made('/environments', ENVIRONMENT)}"
        database = {"id": "r", "type": "rds"}

        _, same = await http.call("PATCH", f"{path}/resources", {"remove_resources": [DEFAULT], "add_base_resources": [DEFAULT]})
        assert same["base_resources"] == [SHOWN]

        assert await http.refused("PATCH", f"{path}/resources", {"remove_resources": [DEFAULT]}) == (400, "422")
        assert (await http.call("GET", path))[1] == same

        for _ in range(2):
            _, both = await http.call("PATCH", f"{path}/resources", {"add_optional_resources": [database, database]})
            assert both["optional_resources"] == [database | {"name": None}]
        assert await http.refused("PATCH", f"{path}/resources", {"add_base_resources": [database]}) == (400, "400")
        absent = {"remove_resources": [{"id": "none", "type": "cse"}]}
        assert (await http.call("PATCH", f"{path}/resources", absent))[1] == both


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_30_patches_at_the_same_time_all_count(kind: str) -> None:
    async with client(kind) as http:
        path = f"/environments/{await http.made('/environments', ENVIRONMENT)}/resources"
        bodies = [{"add_optional_resources": [{"id": str(number), "type": "rds"}]} for number in range(40)]

        answers = await asyncio.gather(*(http.call("PATCH", path, body) for body in bodies))

        assert {status for status, _ in answers} == {200}
        _, shown = await http.call("PATCH", path, {})
        assert {one["id"] for one in shown["optional_resources"]} == {str(number) for number in range(40)}


async def test_31_deleted_environment_is_gone() -> None:
    async with client() as http:
        path = f"/environments/{await http.made('/environments', ENVIRONMENT)}"

        assert await http.call("DELETE", path) == (204, None)
        assert await http.refused("DELETE", path) == (404, "411")
