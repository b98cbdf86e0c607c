"""Section 9 of the ServiceStage spec: cases 10 to 14, 88 and 90, and what holds of every answer."""

import httpx
import pytest
from access_world import guarded
from running import running_gateway, running_server

from gateway.servicestage import COMPONENT, ENVIRONMENT, client

UNKNOWN = {"error_msg": "The API does not exist", "error_code": "APIGW.0101"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", "/applications"), ("GET", "/nope"), ("GET", ""), ("GET", "/environments/"), ("HEAD", "/applications")],  # 90
)
async def test_90_unknown_call_is_the_api_gateways_404(method: str, path: str) -> None:
    async with running_server() as server, httpx.AsyncClient(base_url=server.http_urls[0]) as http:
        answer = await http.request(method, f"/v2/p1/cas{path}")

        assert answer.status_code == 404
        if method != "HEAD":
            assert answer.json() == UNKNOWN | {"request_id": answer.headers["x-request-id"]}


@pytest.mark.parametrize("project", ["%7Bproject_id%7D", "a" * 65, "a%20b", "%C3%A9"])
async def test_12_project_that_is_none_is_not_allowed(project: str) -> None:
    async with running_server() as server, httpx.AsyncClient(base_url=server.http_urls[0]) as http:
        answer = await http.get(f"/v2/{project}/cas/applications")

        assert (answer.status_code, answer.json()["error_code"]) == (403, "APIGW.0302")


async def test_11_project_of_the_header_must_be_that_of_the_path() -> None:
    async with client() as http:
        assert (await http.call("GET", "/applications", headers={"X-Project-Id": "p1"}))[0] == 200
        status, shown = await http.call("GET", "/applications", headers={"X-Project-Id": "p2"})
        assert (status, shown["error_code"]) == (403, "APIGW.0302")


async def test_13_id_with_odd_characters_is_not_found() -> None:
    async with client() as http:
        assert await http.refused("GET", "/applications/a%20c~%C3%A9") == (404, "403")


@pytest.mark.parametrize("content_type", ["application/json;charset=utf8", "text/plain", None])
async def test_14_content_type_does_not_matter(content_type: str | None) -> None:
    async with client() as http:
        headers = {} if content_type is None else {"Content-Type": content_type}
        assert (await http.call("POST", "/applications", content=b'{"name":"app1"}', headers=headers))[0] == 200


async def test_88_what_is_of_another_project_is_not_found() -> None:
    async with running_server() as server, httpx.AsyncClient(base_url=server.http_urls[0]) as http:
        ours = (await http.post("/v2/p1/cas/applications", json={"name": "app1"})).json()["id"]
        environment = (await http.post("/v2/p1/cas/environments", json=ENVIRONMENT)).json()["id"]
        theirs = (await http.post("/v2/p2/cas/applications", json={"name": "app1"})).json()["id"]

        assert (await http.get(f"/v2/p2/cas/applications/{ours}")).json()["error_code"] == "SVCSTG.00100403"
        assert (await http.post(f"/v2/p2/cas/applications/{ours}/components", json=COMPONENT)).status_code == 404
        said = {"environment_id": environment, "configuration": {"env": []}}
        answer = await http.put(f"/v2/p2/cas/applications/{theirs}/configuration", json=said)
        assert answer.json()["error_code"] == "SVCSTG.00100411"
        assert [one["id"] for one in (await http.get("/v2/p2/cas/applications")).json()["applications"]] == [theirs]


@pytest.mark.parametrize(
    "origin",
    [
        "https://example.org",
        "http://10.0.0.5:8848",
        "null",
        "http://localhost.example.org",
        "http://127.0.0.1.example.org",
        "http://[::1",
        "",
    ],
)
async def test_page_of_another_site_cannot_write_where_nobody_logs_in(origin: str) -> None:
    async with client() as http:
        how = {"headers": {"Origin": origin, "Content-Type": "text/plain"}}
        for method, path in (("POST", "/applications"), ("DELETE", "/applications/a"), ("PUT", "/x"), ("OPTIONS", "/applications")):
            status, shown = await http.call(method, path, content=b'{"name":"app1"}', **how)
            assert (status, shown["error_code"]) == (403, "APIGW.0302")

        assert (await http.call("GET", "/applications", **how))[1] == {"count": 0, "applications": []}


@pytest.mark.parametrize("host", ["localhost", "api.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "LOCALHOST"])
async def test_page_of_this_machine_can_write(host: str) -> None:
    async with client() as http:
        how = {"headers": {"Origin": f"http://{host}:3000"}}
        assert (await http.call("POST", "/applications", content=b'{"name":"app1"}', **how))[0] == 200


async def test_page_of_another_site_needs_a_credential_where_there_are_some() -> None:
    async with guarded() as world, running_gateway(world.server, "local") as url, httpx.AsyncClient(base_url=url) as http:
        headers = {"Origin": "https://example.org"}
        assert (await http.post("/v2/p1/cas/applications", json={"name": "app1"}, headers=headers)).status_code == 401
        headers |= dict(world.admin)
        assert (await http.post("/v2/p1/cas/applications", json={"name": "app1"}, headers=headers)).status_code == 200


async def test_body_above_its_bound_is_refused_in_the_dialects_form() -> None:
    async with client() as http:
        assert await http.refused("POST", "/applications", content=b" " * ((8 << 20) + 1)) == (413, "400")
