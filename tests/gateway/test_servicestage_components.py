"""Section 9 of the ServiceStage spec, cases 16, 17 and 49 to 57: what components run on, and components."""

from typing import Any

import pytest

from gateway.servicestage import COMPONENT, Client, client

ARTIFACT = {
    "kind": "artifact",
    "spec": {"storage": "obs", "type": "package", "url": "file:///p.zip", "properties": {"n": 1, "f": 1.5}},
}


async def components(http: Client, name: str = "app1") -> str:
    return f"/applications/{await http.made('/applications', {'name': name})}/components"


async def test_16_runtimes_are_those_of_this_machine() -> None:
    async with client() as http:
        status, shown = await http.call("GET", "/metadata/runtimes")

        assert status == 200
        assert "Custom" in [runtime["type_name"] for runtime in shown["runtimes"]]
        for runtime in shown["runtimes"]:
            assert isinstance(runtime["type_name"], str)
            assert isinstance(runtime["container_default_port"], int)


async def test_17_flavors_are_those_of_the_document() -> None:
    async with client() as http:
        _, shown = await http.call("GET", "/metadata/flavors")

        assert {
            "flavor_id": "MICRO-5G:0.5C:1G",
            "storage_size": "5G",
            "num_cpu": "500m",
            "num_cpu_init": "200m",
            "memory_size": "1Gi",
            "memory_size_init": "200Mi",
            "label": "Micro: 5G Storage, 0.5 CPU, 1G Memory",
            "custom": False,
        } in shown["flavors"]
        assert [flavor["flavor_id"] for flavor in shown["flavors"] if flavor["custom"]] == ["CUSTOM-XG:X-X:X-X"]


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_49_component_is_created(kind: str) -> None:
    async with client(kind) as http:
        path = await components(http)

        status, shown = await http.call("POST", path, COMPONENT)

        assert status == 200
        assert {key: value for key, value in shown.items() if key not in ("id", "create_time", "update_time")} == {
            **COMPONENT,
            "status": 0,
            "description": "",
            "project_id": "p1",
            "application_id": path.split("/")[2],
            "source": None,
            "build": None,
            "creator": "",
            "pipeline_ids": [],
        }


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"runtime": "Cobol60"}, "420"),  # 50
        ({"runtime": None}, "400"),
        ({"category": "Foo"}, "400"),
        ({"category": None}, "400"),
        ({"sub_category": "Web"}, "400"),
        ({"category": "Common", "sub_category": "Mesher"}, "400"),
        ({"name": "1"}, "400"),
        ({"description": "d" * 129}, "400"),
        ({"source": {"kind": "svn", "spec": {}}}, "400"),  # 52
        ({"source": {"kind": "artifact", "spec": {"type": "package"}}}, "400"),
        ({"source": {"kind": "artifact", "spec": {"url": 7}}}, "400"),
        ({"source": {"kind": "code", "spec": {"url": "u"}}}, "400"),
        ({"source": {"kind": "code"}}, "400"),
        ({"source": "file:///x"}, "400"),
        ({"source": {"kind": "artifact", "spec": {"url": "u", "more": "x" * 70_000}}}, "400"),
        ({"build": {"parameters": []}}, "400"),
    ],
)
async def test_50_to_52_bad_component_is_refused(fields: dict[str, Any], code: str) -> None:
    async with client() as http:
        path = await components(http)

        assert await http.refused("POST", path, COMPONENT | fields) == (400, code)
        assert (await http.call("GET", path))[1] == {"count": 0, "components": []}


async def test_51_name_is_used_once_in_an_application() -> None:
    async with client() as http:
        path = await components(http)
        await http.made(path, COMPONENT)

        assert await http.refused("POST", path, COMPONENT | {"name": "C1"}) == (400, "400")
        await http.made(await components(http, "app2"), COMPONENT)


async def test_52_code_is_of_the_master_branch_unless_it_is_said() -> None:
    async with client() as http:
        spec = {"repo_type": "GitHub", "repo_url": "https://example.org/a.git"}

        _, shown = await http.call("POST", await components(http), COMPONENT | {"source": {"kind": "code", "spec": spec}})

        assert shown["source"] == {"kind": "code", "spec": {**spec, "repo_ref": "master"}}


async def test_52_artifact_and_build_are_shown_as_they_were_said() -> None:
    async with client() as http:
        build = {"parameters": {"build_cmd": "make", "node_label_selector": {"a": "b"}, "jobs": 4, "clsuter_name": None}}

        _, shown = await http.call("POST", await components(http), COMPONENT | {"source": ARTIFACT, "build": build})

        assert shown["source"] == ARTIFACT
        assert shown["build"]["parameters"] == {"build_cmd": "make", "node_label_selector": {"a": "b"}, "jobs": 4}
        assert isinstance(shown["source"]["spec"]["properties"]["n"], int)  # 1, not 1.0


async def test_53_runtime_and_categories_never_change() -> None:
    async with client() as http:
        path = await components(http)
        path = f"{path}/{await http.made(path, COMPONENT | {'source': ARTIFACT})}"
        _, before = await http.call("GET", path)

        _, shown = await http.call("PUT", path, {"description": "x", "runtime": "Java8", "category": "Common"})

        assert shown == before | {"description": "x", "update_time": shown["update_time"]}
        code = {"kind": "code", "spec": {"repo_url": "u", "repo_ref": "r"}}
        assert (await http.call("PUT", path, {"source": code}))[1]["source"] == code


async def test_54_component_is_found_in_its_application_only() -> None:
    async with client() as http:
        one, two = await components(http), await components(http, "app2")
        component = await http.made(one, COMPONENT)

        for path in (f"{two}/{component}", f"{one}/none"):
            assert await http.refused("GET", path) == (404, "404")
            assert await http.refused("PUT", path, {}) == (404, "404")
            assert await http.refused("DELETE", path) == (404, "404")
        for path in ("/applications/none/components", f"/applications/none/components/{component}"):
            assert await http.refused("GET", path) == (404, "403")
        assert await http.refused("POST", "/applications/none/components", COMPONENT) == (404, "403")


async def test_55_component_is_deleted() -> None:
    async with client() as http:
        path = await components(http)
        path = f"{path}/{await http.made(path, COMPONENT)}"

        assert await http.call("DELETE", f"{path}?force=true") == (204, None)
        assert await http.refused("GET", path) == (404, "404")


@pytest.mark.parametrize("category", ["MicroService", "Microservice", "MICROSERVICE"])
@pytest.mark.parametrize("sub_category", ["SpringCloud", "Spring Cloud"])
async def test_56_category_is_shown_as_the_document_writes_it_and_sub_category_as_it_was_said(
    category: str, sub_category: str
) -> None:
    async with client() as http:
        said = COMPONENT | {"category": category, "sub_category": sub_category}

        _, shown = await http.call("POST", await components(http), said)

        assert (shown["category"], shown["sub_category"]) == ("MicroService", sub_category)


async def test_57_overviews_list_components_with_what_is_deployed_of_them() -> None:
    async with client() as http:
        path = await components(http)
        component = await http.made(path, COMPONENT)

        _, shown = await http.call("GET", f"{path}/overviews?limit=10")

        assert shown["count"] == 1
        assert (shown["components"][0]["id"], shown["components"][0]["instances"]) == (component, [])
