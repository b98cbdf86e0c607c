"""Accounts, roles and logins of ServiceComb: how they come, change and go, and what is refused."""

from typing import Any

import httpx
import pytest
from access_world import ROOT
from muster.admin.v1 import access_service_pb2 as wire
from muster_gateway.app import create_app
from muster_gateway.channel import LocalChannel
from muster_gateway.route import Route
from running import ManualClock, running_server

from gateway.consoles import MICROSERVICES, PASSWORD, console, told
from gateway.test_access import KINDS
from gateway.test_app import NoMetrics, Sent, answer_to, is_in_form_of_servicecomb, oddly


@KINDS
async def test_an_account_is_made_logs_in_changes_and_goes(kind: str) -> None:
    async with console(kind) as one:
        ann = await one.account("ann", "developer")
        shown = (await one.http.get("/v4/accounts/ann")).json()
        perms = (await one.http.get("/v4/self-perms", headers=ann)).json()["perms"]
        changed = await one.http.put("/v4/accounts/ann", json={"roles": ["admin", "developer"], "status": "inactive"})
        suspended = await one.http.get(MICROSERVICES, headers=ann)
        listed = (await one.http.get("/v4/accounts")).json()
        await one.http.put("/v4/accounts/ann", json={"status": "active"})
        again = await one.http.get("/v4/accounts", headers=ann)
        gone = await one.http.delete("/v4/accounts/ann")

        assert (shown["name"], shown["roles"], shown["status"], len(shown["id"])) == ("ann", ["developer"], "active", 32)
        assert "password" not in shown
        assert perms[0]["verbs"] == ["*"]
        assert (changed.status_code, changed.content, gone.status_code) == (200, b"", 200)
        assert told(suspended) == (401, "401201", "the user is suspended")
        assert listed["total"] == 2
        assert {account["name"]: account["status"] for account in listed["data"]} == {"ann": "inactive", ROOT: "active"}
        assert listed["data"][0]["roles"] == ["admin", "developer"]
        assert again.status_code == 200
        assert told(await one.http.get(MICROSERVICES, headers=ann)) == (401, "401206", "account [ann] is deleted")


async def test_a_token_counts_for_twelve_hours_or_as_long_as_it_asks_for() -> None:
    clock = ManualClock()
    async with console(clock=clock) as one:
        await one.account("ann", "developer")
        usual = await one.login("ann")
        body = {"name": "ann", "password": PASSWORD, "tokenExpirationTime": "15m"}
        short = {"Authorization": f"Bearer {(await one.http.post('/v4/token', json=body)).json()['token']}"}
        ends = []
        for passed_s in (899, 900, 43_199, 43_200):
            clock.now_s += passed_s - (clock.now_s - 1000.0)
            ends.append([(await one.http.get(MICROSERVICES, headers=who)).status_code for who in (short, usual)])
        expired = await one.http.get(MICROSERVICES, headers=usual)

        assert ends == [[200, 200], [401, 200], [401, 200], [401, 401]]
        assert told(expired) == (401, "401205", "")


async def test_passwords_are_changed_by_who_knows_them_and_by_administrators() -> None:
    async with console() as one:
        ann = await one.account("ann", "developer")
        bob = await one.account("bob", "developer")

        def change(name: str, who: Any = None, **body: str) -> Any:
            return one.http.post(f"/v4/accounts/{name}/password", json=body, headers=who)

        other = "Bb!123456"
        refused = [
            told(await change("ann", ann, password=other)),
            told(await change("ann", ann, password=other, currentPassword="x")),
            told(await change("ann", ann, password=PASSWORD, currentPassword=PASSWORD)),
            told(await change("ann", ann, password="weak", currentPassword=PASSWORD)),
            told(await change("ann", bob, password=other, currentPassword=PASSWORD)),
            told(await change("root", None, password=other)),
            told(await change("none", None, password=other)),
        ]
        own = await change("ann", ann, password=other, currentPassword=PASSWORD)
        old = told(await one.http.get(MICROSERVICES, headers=ann))
        by_root = await change("ann", None, password=PASSWORD)

        assert refused == [
            (400, "400001", "current password should not be empty"),
            (401, "401207", ""),
            (400, "400206", "the password can not be same as old one"),
            (400, "400001", "field 'Account.Password' invalid value '******' does not match rule: {Regexp: password}"),
            (403, "403205", "role has no permissions[account:update]"),
            (400, "400001", "current password should not be empty"),
            (400, "400200", "account [none] not exist"),
        ]
        assert (own.status_code, by_root.status_code) == (200, 200)
        assert old == (401, "401201", "the user has another password since")
        assert await one.login("ann")


BAD_ACCOUNTS = [
    ({}, "400001"),
    ({"name": ""}, "400001"),
    ({"name": "x" * 65}, "400001"),
    ({"name": "-x"}, "400001"),
    ({"name": "a b"}, "400001"),
    ({"name": 1}, "400001"),
    ({"password": "Aa!1234"}, "400001"),
    ({"password": "Aa!" + "1" * 30}, "400001"),
    ({"password": "aa!123456"}, "400001"),
    ({"password": "AA!123456"}, "400001"),
    ({"password": "Aaa123456"}, "400001"),
    ({"password": "Aa!bcdefg"}, "400001"),
    ({"name": "Aa1.2345b", "password": "Aa1.2345b"}, "400001"),
    ({"name": "b5432.1aA", "password": "Aa1.2345b"}, "400001"),
    ({"roles": []}, "400001"),
    ({"roles": ["r"] * 6}, "400001"),
    ({"roles": ["a b"]}, "400001"),
    ({"roles": "developer"}, "400001"),
    ({"roles": ["none"]}, "400202"),
    ({"roles": ["developer", "none"]}, "400202"),
    ({"status": "asleep"}, "400001"),
    ({"name": ROOT}, "409200"),
]


@pytest.mark.parametrize(("fields", "expected"), BAD_ACCOUNTS)
async def test_accounts_that_cannot_be_are_refused_alone_and_in_batches(fields: Any, expected: str) -> None:
    body = {"name": "ann", "password": PASSWORD, "roles": ["developer"], **fields} if fields else {}
    async with console() as one:
        alone = await one.http.post("/v4/accounts", json=body)
        batch = await one.http.post("/v4/accounts/batch-create", json={"accounts": [body]})

        assert told(alone)[1] == expected
        assert PASSWORD not in alone.text
        if batch.status_code == 200:  # one that cannot be read at all is refused whole
            assert [account["errorCode"] for account in batch.json()["accounts"]] == [expected]
        names = [account["name"] for account in (await one.http.get("/v4/accounts")).json()["data"]]
        assert names == [ROOT]


async def test_a_batch_creates_what_it_can_and_without_a_password_one_works_by_tokens() -> None:
    async with console() as one:
        accounts: list[Any] = [
            {"name": "ann", "password": PASSWORD, "roles": ["developer"]},
            {"name": "ann", "password": PASSWORD, "roles": ["developer"]},
            None,
            {"name": "robot", "roles": ["developer"]},
        ]

        answer = await one.http.post("/v4/accounts/batch-create", json={"accounts": accounts})
        none = await one.http.post("/v4/accounts/batch-create", json={"accounts": []})
        many = await one.http.post("/v4/accounts/batch-create", json={"accounts": [{"name": f"a{n}"} for n in range(21)]})
        alone = await one.http.post("/v4/accounts", json={"name": "other", "roles": ["developer"]})
        robot = await one.http.post("/v4/token", json={"name": "robot", "password": ""})

        codes = [account.get("errorCode", "") for account in answer.json()["accounts"]]
        assert codes == ["", "409200", "400001", ""]
        assert [told(refused)[1] for refused in (none, many, alone)] == ["400001"] * 3
        assert told(robot)[1] == "401202"
        _, token = await one.world.token("robot")
        assert (await one.http.get(MICROSERVICES, headers=dict(token))).status_code == 200


async def test_root_and_the_own_account_are_not_to_be_changed() -> None:
    async with console() as one:
        chief = await one.account("chief", "admin")

        answers = [
            await one.http.delete("/v4/accounts/root", headers=chief),
            await one.http.put("/v4/accounts/root", json={"status": "inactive"}, headers=chief),
            await one.http.delete("/v4/accounts/chief", headers=chief),
            await one.http.put("/v4/accounts/chief", json={"roles": ["developer"]}, headers=chief),
            await one.http.put("/v4/accounts/none", json={"roles": ["developer"]}),
            await one.http.put("/v4/accounts/chief", json={}),
            await one.http.put("/v4/accounts/chief", json={"roles": ["none"]}),
            await one.http.put("/v4/accounts/chief", json={"status": "gone"}),
            await one.http.put("/v4/accounts/chief", content=b"["),
            await one.http.delete("/v4/accounts/none"),
            await one.http.get("/v4/accounts/none"),
        ]

        assert [told(answer)[1] for answer in answers] == [
            *("403202", "403202", "403204", "403204", "400200", "400001", "400202", "400001", "400001", "400200", "400200"),
        ]


async def test_an_administrator_whose_name_is_another_one_stays_too() -> None:
    async with console() as one:
        await one.account("chief", "admin")
        chief = await one.login("chief")
        await one.world.access.DeleteUser(wire.DeleteUserRequest(user=ROOT), metadata=one.world.admin)
        keeper = {"resources": [{"type": "account"}], "verbs": ["*"]}
        made = await one.http.post("/v4/roles", json={"name": "keeper", "perms": [keeper]}, headers=chief)
        account = {"name": "keep", "password": PASSWORD, "roles": ["keeper"]}
        await one.http.post("/v4/accounts", json=account, headers=chief)

        answer = await one.http.delete("/v4/accounts/chief", headers=await one.login("keep"))

        assert made.status_code == 200
        assert told(answer)[1] == "403205"


async def test_a_role_is_kept_as_it_was_written_and_shown_so_unless_it_was_changed_by_other_means() -> None:
    async with console() as one:
        perms = [{"resources": [{"type": "zzz"}, {"type": "service", "labels": {"environment": ""}}], "verbs": ["get", "fly"]}]
        await one.http.post("/v4/roles", json={"name": "odd", "perms": perms})
        await one.world.access.CreateRole(
            wire.CreateRoleRequest(role=wire.Role(name="ours", permissions=[{"resource": "*:*:*", "action": 1}])),
            metadata=one.world.admin,
        )
        first = (await one.http.get("/v4/roles/odd")).json()
        added = wire.AddPermissionRequest(role="odd", permission={"resource": "*:*:service/a", "action": 1})
        await one.world.access.AddPermission(added, metadata=one.world.admin)
        listed = {role["name"]: role.get("perms") for role in (await one.http.get("/v4/roles")).json()["data"]}

        assert first["perms"] == perms
        assert list(listed) == ["admin", "developer", "odd", "ours"]
        assert (listed["odd"], listed["ours"]) == (None, None)


@pytest.mark.parametrize("kept", ["", "[", "[]", '{"perms": 1}', '{"perms": [1]}', '{"perms": [{"resources": [{"labels": []}]}]}'])
async def test_a_role_whose_attributes_somebody_else_wrote_is_shown_without_perms(kept: str) -> None:
    async with console() as one:
        made = wire.Role(name="odd", permissions=[{"resource": "*:*:*", "action": 1}], attributes={"servicecomb": kept})
        await one.world.access.CreateRole(wire.CreateRoleRequest(role=made), metadata=one.world.admin)
        ann = await one.account("ann", "odd")

        shown = (await one.http.get("/v4/roles/odd")).json()
        perms = await one.http.get("/v4/self-perms", headers=ann)

        assert (shown["name"], shown.get("perms")) == ("odd", None)
        assert perms.status_code == 200


async def test_roles_that_cannot_be_are_refused() -> None:
    async with console() as one:
        await one.role("reader", {"type": "service"}, verbs=("get",))
        await one.account("ann", "reader")
        deep = {"name": "deep", "perms": [{"resources": [{"type": "service"}] * 10, "verbs": ["get"]}] * 900}

        answers = [
            await one.http.post("/v4/roles", json={}),
            await one.http.post("/v4/roles", json={"name": "x" * 65}),
            await one.http.post("/v4/roles", json={"name": "a b"}),
            await one.http.post("/v4/roles", json={"name": "r", "perms": [{"resources": "service"}]}),
            await one.http.post("/v4/roles", content=b"{"),
            await one.http.post("/v4/roles", json=deep),
            await one.http.post("/v4/roles", json={"name": "reader"}),
            await one.http.post("/v4/roles", json={"name": "admin"}),
            await one.http.post("/v4/roles", json={"name": "developer"}),
            await one.http.put("/v4/roles/none", json={"perms": []}),
            await one.http.put("/v4/roles/developer", json={"perms": []}),
            await one.http.delete("/v4/roles/admin"),
            await one.http.delete("/v4/roles/none"),
            await one.http.delete("/v4/roles/reader"),
            await one.http.get("/v4/roles/none"),
        ]

        assert [told(answer)[1] for answer in answers] == [
            *("400001", "400001", "400001", "400001", "400001", "400001", "409201", "409201", "409201"),
            *("400201", "403203", "403203", "400201", "400205", "400201"),
        ]


@KINDS
async def test_four_wrong_logins_lock_an_account_which_is_listed(kind: str) -> None:
    async with console(kind) as one:
        await one.account("ann", "developer")
        wrong = {"name": "ann", "password": "x"}

        codes = [told(await one.http.post("/v4/token", json=wrong)) for _ in range(4)]
        right = told(await one.http.post("/v4/token", json={**wrong, "password": PASSWORD}))
        locks = (await one.http.get("/v4/account-locks")).json()

        assert codes == [(401, "401202", "")] * 3 + [(403, "403201", "")]
        assert right == (403, "403201", "")
        assert locks["total"] == 1
        assert (locks["data"][0]["key"], locks["data"][0]["status"]) == ("ann::127.0.0.1", "banned")
        assert locks["data"][0]["releaseAt"] > 0


async def test_no_and_bad_credentials_have_codes_of_their_own() -> None:
    async with console() as one:
        one.http.headers.pop("authorization")
        ends = {}
        for given in ("", "Basic x", "Bearer x", "x", "Bearer a.b.c", "Bearer mst_x"):
            answer = await one.http.get(MICROSERVICES, headers={"Authorization": given} if given else {})
            ends[given] = told(answer)[1:]

        segments = ("401201", "token contains an invalid number of segments")
        assert ends[""] == ("401204", "")
        assert [ends[given] for given in ("Basic x", "Bearer x", "x", "Bearer mst_x")] == [segments] * 4
        assert ends["Bearer a.b.c"] == ("401201", "the token is unknown or was revoked")


ODD_BODIES = [
    *(
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"1",
        b"{",
        b"\xff",
        b'{"name": null, "roles": null, "perms": null, "accounts": null}',
        b"[" * 10_000,
    ),
    b'{"name": "a", "roles": [null], "password": "Aa!123456", "perms": [null]}',
    b'{"accounts": [null, {"name": "a", "password": "Aa!123456", "roles": [null]}]}',
    b'{"name": "a", "perms": [{"resources": [{"type": null, "labels": {"appId": null, "": ""}}, null], "verbs": [null]}]}',
    b'{"name": "\\ud800", "password": "\\ud800Aa!12345", "tokenExpirationTime": "\\ud800"}',
    b'{"NAME": "a", "Perms": [{"Resources": [{"Type": "service"}], "Verbs": ["*"]}], "unknown": {"a": [1]}}',
    b'{"name": "a", "tokenExpirationTime": "' + b"9" * 400 + b'h"}',
    b'{"name": "' + b"x" * (3 << 20) + b'"}',
]


async def test_every_call_about_accounts_answers_in_its_form_whatever_it_is_sent() -> None:
    routes = [one for one in guarded_routes() if one.path.startswith(("/v4/token", "/v4/acc", "/v4/roles", "/v4/self"))]
    async with console() as one:
        wrong = []
        for route in routes:
            oddities = [part for value in ("80", "@@", "\u00fc\x00") for part in oddly(route, value)]
            for query, body, headers in (*oddities, *((b"", body, {}) for body in ODD_BODIES)):
                sent = Sent(
                    route, route.method, query, body, {**headers, "authorization": dict(one.world.admin)["authorization"].encode()}
                )
                answer = await answer_to(one.http, sent)
                if not is_in_form_of_servicecomb(sent, answer):
                    wrong.append((route.method, route.path, body[:60], answer.status_code, answer.text))

        assert len(routes) == 15
        assert not wrong


def guarded_routes() -> tuple[Route, ...]:
    app = create_app(LocalChannel(None), NoMetrics(), is_guarded=True)  # type: ignore[arg-type]  # never called
    return app.routes


async def test_without_authentication_there_are_no_accounts() -> None:
    calls = [
        *(
            ("POST", path)
            for path in ("/v4/token", "/v4/accounts", "/v4/accounts/batch-create", "/v4/accounts/a/password", "/v4/roles")
        ),
        *(("GET", path) for path in ("/v4/self-perms", "/v4/accounts", "/v4/accounts/a", "/v4/account-locks", "/v4/roles/a")),
        ("PUT", "/v4/accounts/a"),
        ("DELETE", "/v4/roles/a"),
    ]
    async with running_server() as server, httpx.AsyncClient(base_url=server.http_urls[0]) as http:
        answers = [await http.request(method, path, json={} if method != "GET" else None) for method, path in calls]

        assert [(answer.status_code, answer.text) for answer in answers] == [(404, "404 page not found\n")] * len(calls)
