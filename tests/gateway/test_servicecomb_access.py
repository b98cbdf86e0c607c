"""What accounts of ServiceComb may do and may not, and what they are told."""

from typing import Any

from gateway.consoles import LOOSE, MICROSERVICES, PASSWORD, console, told
from gateway.test_access import KINDS


@KINDS
async def test_verbs_and_labels_hold_for_every_call(kind: str) -> None:
    async with console(kind) as one:
        await one.role("maker", {"type": "service", "labels": {"appId": "shop", "environment": "testing"}}, verbs=("get", "create"))
        ann = await one.account("ann", "maker")
        elsewhere, stock = await one.service(), await one.service(environment="testing")

        def create(**fields: Any) -> Any:
            return one.http.post(MICROSERVICES, json={"service": {**LOOSE, **fields}}, headers=ann)

        allowed = [
            await create(serviceName="basket", environment="testing"),
            await one.http.get(f"{MICROSERVICES}/{stock}", headers=ann),
            await one.http.post(
                f"{MICROSERVICES}/{stock}/instances",
                json={"instance": {"hostName": "h", "instanceId": "i", "endpoints": ["rest://10.0.0.1:80"]}},
                headers=ann,
            ),
            await one.http.get("/v4/default/registry/instances", params={**LOOSE, "env": "testing"}, headers=ann),
        ]
        labels = "for labels [map[appId:shop environment: serviceName:stock]]"
        refused = [
            (await create(serviceName="stock"), f"service:create] {labels}"),
            (await one.http.get(f"{MICROSERVICES}/{elsewhere}", headers=ann), f"service:get] {labels}"),
            (await one.http.get("/v4/default/registry/instances", params=LOOSE, headers=ann), f"service:get] {labels}"),
            (await one.http.put(f"{MICROSERVICES}/{stock}/properties", json={"properties": {}}, headers=ann), "service:update]"),
            (await one.http.put(f"{MICROSERVICES}/{stock}/instances/i/heartbeat", headers=ann), "service:update]"),
            (await one.http.put(f"{MICROSERVICES}/{stock}/instances/i/status?value=DOWN", headers=ann), "service:update]"),
            (await one.http.delete(f"{MICROSERVICES}/{stock}/instances/i", headers=ann), "service:delete]"),
            (await one.http.delete(f"{MICROSERVICES}/{stock}", headers=ann), "service:delete]"),
            (await one.http.get(f"{MICROSERVICES}/{stock}/schemas", headers=ann), "service/schema:get]"),
            (await one.http.get("/v4/default/admin/dump", headers=ann), "ops:get]"),
            (await one.http.delete("/v4/default/admin/alarms", headers=ann), "ops:delete]"),
            (await one.http.get("/v4/accounts", headers=ann), "account:get]"),
            (await one.http.get("/v4/account-locks", headers=ann), "account:get]"),
            (await one.http.post("/v4/roles", json={"name": "r"}, headers=ann), "role:create]"),
            (await one.http.get("/v4/default/admin/alarms", headers=ann), "ops:get]"),
            (await one.http.delete("/v4/accounts/none", headers=ann), "account:delete]"),
            (await one.http.delete("/v4/accounts/root", headers=ann), "account:delete]"),
            (await one.http.put("/v4/accounts/ann", json={"roles": ["admin"]}, headers=ann), "account:update]"),
            (await one.http.post("/v4/roles", json={"name": "developer"}, headers=ann), "role:create]"),
            (await one.http.put("/v4/roles/developer", json={}, headers=ann), "role:update]"),
            (await one.http.delete("/v4/roles/admin", headers=ann), "role:delete]"),
        ]
        listed = (await one.http.get(MICROSERVICES, headers=ann)).json()["services"]
        console_list = (await one.http.get("/v4/default/govern/microservices", headers=ann)).json()["allServicesDetail"]

        assert [answer.status_code for answer in allowed] == [200] * len(allowed)
        assert [told(answer) for answer, _ in refused] == [
            (403, "403205", f"role has no permissions[{what}") for _, what in refused
        ]
        assert sorted(service["serviceName"] for service in listed) == ["basket", "stock"]
        assert {detail["microService"]["environment"] for detail in console_list} == {"testing"}


async def test_of_a_batch_only_what_is_forbidden_fails() -> None:
    async with console() as one:
        await one.role("reader", {"type": "service", "labels": {"serviceName": "stock"}}, verbs=("get", "delete"))
        ann = await one.account("ann", "reader")
        stock, vault = await one.service(), await one.service(serviceName="vault")
        asked = {"services": [{"service": LOOSE}, {"service": {**LOOSE, "serviceName": "vault"}}]}

        found = await one.http.post("/v4/default/registry/instances/action?type=query", json=asked, headers=ann)
        deleted = await one.http.request("DELETE", MICROSERVICES, json={"serviceIds": [vault, stock], "force": True}, headers=ann)
        left = (await one.http.get(MICROSERVICES)).json()["services"]

        services = found.json()["services"]
        assert [one["indexes"] for one in services["failed"]] == [[1]]
        assert services["failed"][0]["error"]["errorCode"] == "403205"
        assert "service:delete] for labels" in deleted.text
        assert [service["serviceName"] for service in left] == ["vault"]


async def test_a_role_that_is_changed_counts_at_once_for_tokens_that_are_out() -> None:
    async with console() as one:
        await one.role("reader", {"type": "service"}, verbs=("get",))
        ann = await one.account("ann", "reader")
        stock = await one.service()

        before = await one.http.get(f"{MICROSERVICES}/{stock}", headers=ann)
        await one.http.put("/v4/roles/reader", json={"perms": [{"resources": [{"type": "config"}], "verbs": ["get"]}]})
        after = await one.http.get(f"{MICROSERVICES}/{stock}", headers=ann)

        assert (before.status_code, told(after)[1]) == (200, "403205")


async def test_who_may_change_accounts_gives_no_more_than_they_have() -> None:
    async with console() as one:
        await one.role("clerk", {"type": "account"}, {"type": "role"}, {"type": "service"})
        clerk = await one.account("clerk", "clerk")
        await one.account("dev", "developer")

        def create(name: str, *roles: str) -> Any:
            return one.http.post("/v4/accounts", json={"name": name, "password": PASSWORD, "roles": roles}, headers=clerk)

        def role(kind: str) -> Any:
            body = {"name": f"all-{kind}", "perms": [{"resources": [{"type": kind}], "verbs": ["*"]}]}
            return one.http.post("/v4/roles", json=body, headers=clerk)

        allowed = [await role("service"), await create("bob", "all-service", "clerk")]
        refused = [
            await create("eve", "admin"),
            await create("eve", "developer"),
            await role("config"),
            await one.http.put("/v4/accounts/bob", json={"roles": ["admin"]}, headers=clerk),
            await one.http.delete("/v4/accounts/dev", headers=clerk),
            await one.http.post("/v4/accounts/dev/password", json={"password": "Bb!123456"}, headers=clerk),
        ]

        assert [answer.status_code for answer in allowed] == [200, 200]
        assert [told(answer)[1] for answer in refused] == ["403205"] * len(refused)


async def test_the_role_for_developers_is_made_when_somebody_gets_it_and_means_what_it_says() -> None:
    async with console() as one:
        before = (await one.http.get("/v4/roles/developer")).json()
        ann = await one.account("ann", "developer")
        await one.account("bob", "developer")
        after = (await one.http.get("/v4/roles/developer")).json()
        stock = await one.service()
        kv = {"key": "timeout", "value": "1", "labels": {"app": "shop"}}

        allowed = [
            await one.http.put(f"{MICROSERVICES}/{stock}/schemas/hello", json={"schema": "x"}, headers=ann),
            await one.http.get(f"{MICROSERVICES}/{stock}/schemas/hello", headers=ann),
            await one.http.get("/v4/default/admin/dump", headers=ann),
            await one.http.post("/v1/default/kie/kv", json=kv, headers=ann),
            await one.http.delete(f"{MICROSERVICES}/{stock}?force=1", headers=ann),
        ]

        assert before["perms"] == after["perms"]
        assert [answer.status_code for answer in allowed] == [200] * len(allowed)
        assert told(await one.http.get("/v4/roles", headers=ann))[1] == "403205"


async def test_configuration_is_permitted_by_application() -> None:
    async with console() as one:
        await one.role("configurer", {"type": "config", "labels": {"appId": "shop"}}, verbs=("get", "create"))
        ann = await one.account("ann", "configurer")

        def put(application: str) -> Any:
            body = {"key": "timeout", "value": "1", "labels": {"app": application}}
            return one.http.post("/v1/default/kie/kv", json=body, headers=ann)

        made, elsewhere = await put("shop"), await put("other")
        key_id = made.json()["id"]
        changed = await one.http.put(f"/v1/default/kie/kv/{key_id}", json={"value": "2"}, headers=ann)
        deleted = await one.http.delete(f"/v1/default/kie/kv/{key_id}", headers=ann)
        found = await one.http.get("/v1/default/kie/kv?label=app:shop", headers=ann)

        assert [answer.status_code for answer in (made, elsewhere, changed, deleted, found)] == [200, 403, 403, 403, 200]
        assert [pair["value"] for pair in found.json()["data"]] == ["1"]
