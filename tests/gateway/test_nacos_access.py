"""Authentication as Nacos clients know it: where credentials are put, what is said of wrong ones, logins, users and roles."""

import base64
import json
from typing import Any

import httpx
import pytest
from access_world import PASSWORD, ROOT, World, guarded
from muster_gateway.nacos.credentials import authorization, why_refused
from running import running_server

CONFIG = "/nacos/v3/client/cs/config"
NAMES = {"dataId": "d", "groupName": "g"}
INSTANCE = {"serviceName": "s", "ip": "1.1.1.1", "port": "1"}
UNKNOWN = "Code: 401, Message: User not found! Please check user exist or password is right!."


def client(world: World) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=world.server.http_urls[0])


async def token_of(http: httpx.AsyncClient, user: str = ROOT, password: str = PASSWORD) -> str:
    answer = await http.post("/nacos/v3/auth/user/login", data={"username": user, "password": password})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["accessToken"])


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, claims)]
    return ".".join((*parts, "AAAA"))


@pytest.mark.parametrize("path", ["/nacos/v3/auth/user/login", "/nacos/v1/auth/users/login", "/nacos/v1/auth/login"])
@pytest.mark.parametrize("place", ["params", "data"])
async def test_login_answers_a_token_that_counts_wherever_it_is_put(path: str, place: str) -> None:
    async with guarded() as world, client(world) as http:
        login = await http.post(path, **{place: {"username": ROOT, "password": PASSWORD}})
        token = login.json()["accessToken"]
        answers = [
            await http.get(CONFIG, params={**NAMES, "accessToken": token}),
            await http.get(CONFIG, params=NAMES, headers={"accessToken": token}),
            await http.get(CONFIG, params=NAMES, headers={"Authorization": f"Bearer {token}"}),
            await http.get(CONFIG, params={**NAMES, "username": ROOT, "password": PASSWORD}),
            await http.get(CONFIG, params=NAMES, headers={"username": ROOT, "password": PASSWORD}),
            await http.post("/nacos/v3/client/ns/instance", data={**INSTANCE, "accessToken": token}),
        ]

        assert login.json() == {"accessToken": token, "tokenTtl": 18000, "globalAdmin": True, "username": ROOT}
        assert login.headers["authorization"] == f"Bearer {token}"
        assert [answer.json()["code"] for answer in answers] == [20004, 20004, 20004, 20004, 20004, 0]


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({}, UNKNOWN),
        (
            {"username": ROOT, "password": "wrong"},
            UNKNOWN,
        ),
        (
            {"username": "nobody", "password": "x"},
            UNKNOWN,
        ),
        ({"accessToken": "abc"}, "Code: 401, Message: token invalid!."),
        ({"accessToken": "mst_abc"}, "Code: 401, Message: token invalid!."),
        ({"accessToken": unsigned({"alg": "HS256"}, {"sub": ROOT})}, "Code: 401, Message: Invalid signature."),
        ({"accessToken": unsigned({"alg": "HS256"}, {"sub": ROOT, "exp": 1})}, "Code: 401, Message: token expired!."),
        ({"accessToken": unsigned({"alg": "none"}, {"sub": ROOT})}, "Code: 401, Message: unsupported signature algorithm."),
        ({"accessToken": "\u00e9.\u00e9.\u00e9"}, "Code: 401, Message: unsupported signature algorithm."),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_credential_that_does_not_count_is_told_why_with_403(method: str, parameters: dict[str, str], says: str) -> None:
    async with guarded() as world, client(world) as http:
        answer = await http.request(method, CONFIG, params={**NAMES, **parameters})

        assert answer.status_code == 403
        assert "www-authenticate" not in answer.headers
        if method == "GET":
            assert {key: answer.json()[key] for key in ("status", "error", "message", "path")} == {
                "status": 403,
                "error": "Forbidden",
                "message": says,
                "path": CONFIG,
            }


async def test_user_without_permission_is_told_so_and_authentication_comes_before_parameters() -> None:
    async with guarded() as world, client(world) as http:
        await world.user("ann", ("default:g:config/mine", "r"))
        token = await token_of(http, "ann")
        denied = await http.get(CONFIG, params={**NAMES, "accessToken": token})
        allowed = await http.get(CONFIG, params={"dataId": "mine", "groupName": "g", "accessToken": token})
        bad = await http.post("/nacos/v3/client/ns/instance", data={"serviceName": "s", "ip": "1.1.1.1", "port": "abc"})

        assert (denied.status_code, denied.json()["message"]) == (403, "Code: 403, Message: authorization failed!.")
        assert allowed.json()["code"] == 20004
        assert bad.status_code == 403


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/nacos/v3/auth/user/login", "No message available"),
        ("/nacos/v1/auth/users/login", "Handle API Compatibility failed, please see log for detail."),
    ],
)
@pytest.mark.parametrize(
    "parameters",
    [
        {"username": ROOT, "password": "wrong"},
        {"username": "nobody", "password": PASSWORD},
        {"username": ROOT},
        {"password": "x"},
        {},
    ],
)
async def test_failed_login_is_a_page_that_tells_nothing(path: str, says: str, parameters: dict[str, str]) -> None:
    async with guarded() as world, client(world) as http:
        answer = await http.post(path, data=parameters)

        assert (answer.status_code, answer.json()["message"]) == (500, says)
        assert "accessToken" not in answer.text


async def test_guessing_is_stopped_and_a_guess_counts_once() -> None:
    async with guarded() as world, client(world) as http:
        codes = [
            (await http.post("/nacos/v1/auth/users/login", params={"username": ROOT, "password": "wrong"})).status_code
            for _ in range(11)
        ]

        assert codes == [500] * 10 + [429]


async def test_server_without_authentication_lets_every_login_pass() -> None:
    async with running_server() as server, httpx.AsyncClient(base_url=server.http_urls[0]) as http:
        answer = await http.post("/nacos/v1/auth/users/login", params={"username": "nacos", "password": "whatever"})
        read = await http.get(CONFIG, params={**NAMES, "accessToken": answer.json()["accessToken"]})

        assert answer.json() == {"accessToken": "AUTH_DISABLED", "tokenTtl": 18000, "globalAdmin": True, "username": "nacos"}
        assert read.status_code == 200


async def test_first_administrator_is_made_once() -> None:
    async with guarded(has_admin=False) as world, client(world) as http:
        short = await http.post("/nacos/v3/auth/user/admin", data={"password": "short"})
        made = await http.post("/nacos/v3/auth/user/admin")
        again = await http.post("/nacos/v3/auth/user/admin", data={"password": "another one"})
        token = await token_of(http, "nacos", made.json()["data"]["password"])

        assert short.status_code == 400
        assert made.json()["data"]["username"] == "nacos"
        assert again.json() == {"code": 409, "message": "have admin user cannot use it.", "data": None}
        assert token


async def test_administrator_makes_users_roles_and_permissions_and_takes_them_away() -> None:
    async with guarded() as world, client(world) as http:
        http.headers["accessToken"] = await token_of(http)

        async def said(method: str, path: str, **fields: str) -> Any:
            answer = await http.request(method, f"/nacos/v3/auth/{path}", params=fields)
            assert answer.status_code == 200, answer.text
            return answer.json()["data"]

        right = {"role": "reader", "resource": "public:g:config/*", "action": "r"}
        page = {"pageNo": "1", "pageSize": "10"}
        told = [
            await said("POST", "user", username="ann", password="ann's password"),
            await said("POST", "role", role="reader", username="ann"),
            await said("POST", "permission", **right),
        ]
        permitted = await said("GET", "permission", **right)
        listed = [await said("GET", f"{kind}/list", **page) for kind in ("user", "role", "permission")]
        found = [await said("GET", "user/search", username="an"), await said("GET", "role/search", role="read")]
        headers = {"accessToken": await token_of(http, "ann", "ann's password")}
        async with httpx.AsyncClient(base_url=world.server.http_urls[0], headers=headers) as ann:
            before = await ann.get(CONFIG, params=NAMES)
            refused = await ann.get("/nacos/v3/auth/user/list", params=page)
            told.append(await said("DELETE", "permission", **right))
            after = await ann.get(CONFIG, params=NAMES)
            told.append(await said("PUT", "user", username="ann", newPassword="another password"))
            old = await ann.get(CONFIG, params=NAMES)
        told.append(await said("DELETE", "role", role="reader", username="ann"))
        told.append(await said("DELETE", "user", username="ann"))
        told.append(await said("DELETE", "user", username="ann"))

        assert told == [
            "create user ok!",
            "add role ok!",
            "add permission ok!",
            "delete permission ok!",
            "update user ok!",
            "delete role of user ann ok!",
            "delete user ok!",
            "delete user ok!",
        ]
        assert permitted is True
        assert [items["pageItems"] for items in listed] == [
            [{"username": "ann", "password": ""}, {"username": ROOT, "password": ""}],
            [{"role": "reader", "username": "ann"}, {"role": "ROLE_ADMIN", "username": ROOT}],
            [right],
        ]
        assert found == [["ann"], ["reader"]]
        assert [answer.status_code for answer in (before, refused, after, old)] == [200, 403, 403, 403]


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("POST", "user", {"username": "ann"}),
        ("POST", "user", {"username": "ann", "password": "short"}),
        ("POST", "user", {"username": ROOT, "password": "long enough"}),
        ("PUT", "user", {"username": "nobody", "newPassword": "long enough"}),
        ("DELETE", "user", {"username": ROOT}),
        ("POST", "role", {"role": "reader", "username": "nobody"}),
        ("POST", "permission", {"role": "nobody", "resource": "public:g:config/*", "action": "r"}),
        ("POST", "permission", {"role": "reader", "resource": "config", "action": "r"}),
        ("POST", "permission", {"role": "reader", "resource": "public:g:config/*", "action": "x"}),
        ("POST", "permission", {"role": "ROLE_ADMIN", "resource": "public:g:config/*", "action": "r"}),
        ("GET", "user/list", {}),
        ("GET", "user/list", {"pageNo": "0", "pageSize": "10"}),
        ("GET", "user/list", {"pageNo": "1", "pageSize": "x"}),
        ("GET", "user/list", {"pageNo": "1", "pageSize": "501"}),
    ],
)
async def test_bad_administration_is_a_typed_error(method: str, path: str, fields: dict[str, str]) -> None:
    async with guarded() as world, client(world) as http:
        answer = await http.request(method, f"/nacos/v3/auth/{path}", params=fields, headers={"accessToken": await token_of(http)})

        assert answer.status_code == 400
        assert answer.json()["code"] in (10000, 20002, 20005)


def test_bearer_is_preferred_to_a_token_and_that_to_a_password() -> None:
    said = {"authorization": "Bearer a", "accesstoken": "b", "username": "u", "password": "p"}

    chosen = [
        authorization(said),
        authorization({**said, "authorization": ""}),
        authorization({**said, "authorization": "", "accesstoken": ""}),
    ]

    assert chosen == ["Bearer a", "Bearer b", f"Basic {base64.b64encode(b'u:p').decode()}"]
    assert authorization({}) == ""


def test_token_that_expires_later_is_not_called_expired() -> None:
    token = unsigned({"alg": "HS256"}, {"exp": 100})

    assert [why_refused(f"Bearer {token}", now_s) for now_s in (99.0, 100.0)] == ["Invalid signature", "token expired!"]
