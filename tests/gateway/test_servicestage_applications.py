"""Section 9 of the ServiceStage spec, cases 33 to 48: lists, applications, and what they configure."""

from typing import Any

import pytest

from gateway.servicestage import COMPONENT, ENVIRONMENT, Client, client

BODY = {"name": "app1", "description": "demo"}


async def names(http: Client, query: str = "") -> tuple[int, list[str]]:
    status, shown = await http.call("GET", f"/applications{query}")
    assert status == 200
    return shown["count"], [one["name"] for one in shown["applications"]]


async def test_33_to_37_lists_are_paged_and_ordered() -> None:
    async with client() as http:
        every = [f"a{number:02}" for number in range(1, 16)]
        for name in every:
            await http.made("/applications", {"name": name})
        newest = every[::-1]

        assert await names(http) == (15, newest)
        assert await names(http, "?limit=5&offset=10") == (15, newest[10:])
        assert await names(http, "?offset=15") == (15, [])
        assert await names(http, "?limit=101") == (15, newest[:10])
        assert await names(http, "?limit=-1") == (15, newest[:10])
        assert await names(http, "?limit=1000") == (15, newest)
        assert await names(http, "?limit=0") == (15, [])
        assert await names(http, "?limit=&offset=") == (15, newest)
        assert await names(http, "?offset=99999999999999999") == (15, [])
        assert await names(http, "?order_by=name&order=asc") == (15, every)
        assert await names(http, "?order_by=bogus") == (15, newest)
        assert await names(http, "?order=sideways") == (15, newest)
        assert await http.refused("GET", "/applications?limit=abc") == (400, "400")
        assert await http.refused("GET", "/applications?limit=1.5") == (400, "400")
        assert await http.refused("GET", "/applications?offset=-1") == (400, "400")


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_38_application_is_created(kind: str) -> None:
    async with client(kind) as http:
        status, shown = await http.call("POST", "/applications", BODY)

        assert status == 200
        assert shown["create_time"] == shown["update_time"] > 10**12
        assert {key: value for key, value in shown.items() if key not in ("id", "create_time", "update_time")} == {
            "name": "app1",
            "description": "demo",
            "creator": "",
            "project_id": "p1",
            "enterprise_project_id": "0",
            "unified_model": None,
        }


async def test_39_bad_application_is_refused() -> None:
    async with client() as http:
        await http.made("/applications", BODY)

        assert await http.refused("POST", "/applications", BODY) == (400, "458")
        assert await http.refused("POST", "/applications", {"description": "d"}) == (400, "400")
        assert await http.refused("POST", "/applications", {"name": 7}) == (400, "400")
        assert await http.refused("POST", "/applications", {"name": "app2", "description": "d" * 129}) == (400, "400")
        assert await names(http) == (1, ["app1"])


async def test_40_to_42_application_counts_its_components_and_stays_while_it_has_some() -> None:
    async with client() as http:
        path = f"/applications/{await http.made('/applications', BODY)}"
        assert (await http.call("GET", path))[1]["component_count"] == 0
        component = await http.made(f"{path}/components", COMPONENT)
        assert (await http.call("GET", path))[1]["component_count"] == 1
        await http.made("/applications", {"name": "app2"})

        assert await http.refused("PUT", path, {"name": "app2"}) == (400, "458")
        assert (await http.call("PUT", path, {"name": "app1"}))[0] == 200
        assert (await http.call("PUT", path, {"description": ""}))[1]["description"] == ""
        assert await http.refused("DELETE", path) == (409, "400")

        assert await http.call("DELETE", f"{path}/components/{component}") == (204, None)
        assert await http.call("DELETE", path) == (204, None)
        assert await http.refused("GET", path) == (404, "403")
        assert await http.refused("PUT", path, {}) == (404, "403")
        assert await http.refused("DELETE", path) == (404, "403")


async def configured(http: Client) -> tuple[str, str, str]:
    """The path of an application's configuration, its id, and that of an environment."""
    application = await http.made("/applications", BODY)
    return f"/applications/{application}/configuration", application, await http.made("/environments", ENVIRONMENT)


def body(environment: str, *pairs: tuple[str, str]) -> dict[str, Any]:
    return {"environment_id": environment, "configuration": {"env": [{"name": name, "value": value} for name, value in pairs]}}


async def test_43_of_equal_names_the_last_counts() -> None:
    async with client() as http:
        path, application, environment = await configured(http)

        shown = await http.call("PUT", path, body(environment, ("a", "1"), ("b", ""), ("a", "2")))

        expected = body(environment, ("a", "2"), ("b", "")) | {"application_id": application}
        assert shown == (200, expected)


@pytest.mark.parametrize("name", ["1a", "", "a" * 65, "a b"])
async def test_44_bad_name_of_a_variable_is_refused(name: str) -> None:
    async with client() as http:
        path, _, environment = await configured(http)

        assert await http.refused("PUT", path, body(environment, (name, "v"))) == (400, "400")
        assert (await http.call("GET", path))[1] == {"configuration": []}


async def test_44_names_have_dots_and_dashes_and_values_may_be_empty_but_not_absent() -> None:
    async with client() as http:
        path, _, environment = await configured(http)

        assert (await http.call("PUT", path, body(environment, ("x.y-z_1", ""))))[0] == 200
        for env in ([{"name": "a"}], [{"name": "a", "value": None}], [{"name": "a", "value": 1}], {"a": "b"}, None):
            said = {"environment_id": environment, "configuration": {"env": env}}
            assert await http.refused("PUT", path, said) == (400, "400")


async def test_45_configuration_needs_an_application_and_an_environment() -> None:
    async with client() as http:
        path, _, environment = await configured(http)

        assert await http.refused("PUT", path, body("none")) == (404, "411")
        assert await http.refused("PUT", "/applications/none/configuration", body(environment)) == (404, "403")
        assert await http.refused("GET", "/applications/none/configuration") == (404, "403")
        assert await http.refused("PUT", path, {"configuration": {"env": []}}) == (400, "400")


async def test_46_to_48_configuration_is_replaced_shown_by_environment_and_deleted() -> None:
    async with client() as http:
        path, application, environment = await configured(http)
        other = await http.made("/environments", ENVIRONMENT | {"name": "env2"})
        await http.call("PUT", path, body(environment, ("a", "1")))
        await http.call("PUT", path, body(environment, ("b", "2")))

        expected = {"configuration": [body(environment, ("b", "2")) | {"application_id": application}]}
        assert (await http.call("GET", path))[1] == expected
        assert (await http.call("GET", f"{path}?environment_id={environment}"))[1] == expected
        assert (await http.call("GET", f"{path}?environment_id={other}"))[1] == {"configuration": []}
        assert await http.refused("DELETE", path) == (400, "400")
        assert await http.call("DELETE", f"{path}?environment_id={environment}") == (204, None)
        assert await http.call("DELETE", f"{path}?environment_id={environment}") == (204, None)
        assert (await http.call("GET", path))[1] == {"configuration": []}


async def test_configuration_goes_with_its_environment() -> None:
    async with client() as http:
        path, _, environment = await configured(http)
        await http.call("PUT", path, body(environment, ("a", "1")))

        await http.call("DELETE", f"/environments/{environment}")

        assert (await http.call("GET", path))[1] == {"configuration": []}
