"""The Nacos error codes: the handbook's table literally, and the requests that docs/nacos.md names for them."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from muster_gateway.app import Gateway, create_app
from muster_gateway.channel import LocalChannel
from muster_gateway.nacos.errors import MESSAGES
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import StorageError
from running import running_gateway, running_server

DOCUMENT = (Path(__file__).parents[2] / "docs" / "nacos.md").read_text()
INSTANCE = "/nacos/v3/client/ns/instance"
CONFIG = "/nacos/v3/client/cs/config"
ADMIN = "/nacos/v3/admin/cs/config"
CORE = "/nacos/v3/admin/core"
NAMESPACE = f"{CORE}/namespace"
SERVICES = "/nacos/v3/admin/ns/service"
SERVICE = {"serviceName": "s", "ip": "10.0.0.1", "port": "80"}
NAMES = {"dataId": "d", "groupName": "g"}
PUBLICATION = {**NAMES, "content": "c"}
# Seed document, "1.2 error codes": code and message, but for what it says of them in Chinese.
HANDBOOK = """
0 success
10000 parameter missing
10001 access denied
10002 data access error
20001 'tenant' parameter error
20002 parameter validate error
20003 MediaType Error
20004 resource not found
20005 resource conflict
20006 config listener is null
20007 config listener error
20008 invalid dataId
20009 parameter mismatch
21000 service name error
21001 weight error
21002 instance metadata error
21003 instance not found
21004 instance error
21005 service metadata error
21006 selector error
21007 service already exist
21008 service not exist
21009 service delete failure
21010 healthy param miss
21011 health check still running
22000 illegal namespace
22001 namespace not exist
22002 namespace already exist
23000 illegal state
23001 node info error
23002 node down failure
30000 server error
"""


@dataclass(frozen=True)
class Case:
    """A request that answers a code, once `tags_before` tags are published."""

    code: int
    status: int
    method: str
    path: str
    sent: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)
    tags_before: int = 0
    message: str = ""


CASES = [
    Case(0, 200, "GET", f"{INSTANCE}/list", {"serviceName": "s"}),
    Case(10000, 400, "POST", INSTANCE, {"ip": "10.0.0.1", "port": "80"}),
    Case(10002, 500, "POST", ADMIN, PUBLICATION),
    Case(20002, 400, "POST", ADMIN, {**PUBLICATION, "desc": "d" * 129}),
    Case(20004, 200, "GET", CONFIG, {**NAMES, "dataId": "other"}),
    Case(20005, 500, "POST", ADMIN, {**PUBLICATION, "content": "new"}, {"casMd5": "wrong"}),
    Case(20010, 400, "POST", ADMIN, {**PUBLICATION, "tag": "eleventh"}, tags_before=10),
    Case(21001, 400, "POST", INSTANCE, {**SERVICE, "weight": "-1"}),
    Case(21002, 400, "POST", INSTANCE, {**SERVICE, "metadata": "broken"}),
    Case(21003, 200, "POST", INSTANCE, {**SERVICE, "heartBeat": "true"}),
    Case(21004, 400, "POST", INSTANCE, {**SERVICE, "clusterName": "a_b"}),
    Case(21006, 400, "POST", SERVICES, {"serviceName": "s", "selector": '{"type":"label"}'}),
    Case(21007, 400, "POST", SERVICES, {"serviceName": "there"}),
    Case(21008, 400, "GET", SERVICES, {"serviceName": "gone"}),
    Case(21009, 400, "DELETE", SERVICES, {"serviceName": "there"}),
    Case(22000, 400, "PUT", NAMESPACE, {"namespaceId": "n", "namespaceName": "a@b"}),
    Case(22001, 404, "GET", NAMESPACE, {"namespaceId": "gone"}),
    Case(22002, 400, "POST", NAMESPACE, {"namespaceId": "public", "namespaceName": "a"}),
    Case(23000, 400, "GET", f"{CORE}/cluster/node/list", {"state": "nope"}),
    Case(30000, 200, "DELETE", f"{ADMIN}/beta", NAMES, message="remove beta data error"),
    Case(40001, 501, "POST", "/nacos/v3/admin/cs/capacity", {"groupName": "g", "quota": "1"}),
    Case(100005, 200, "POST", f"{ADMIN}/import", {}),
]


def documented() -> dict[int, tuple[str, str]]:
    """Message and request by code, as the document's table has them."""
    rows = re.findall(r"^\| (\d+) \| (.*?) \| (.*) \|$", DOCUMENT, re.MULTILINE)
    return {int(code): (message, request) for code, message, request in rows}


@pytest.mark.parametrize("kind", ["local", "apart"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.code))
async def test_code_is_answered_to_the_documented_request(case: Case, kind: str) -> None:
    store = MemoryStore()
    async with (
        running_server(store=store) as server,
        running_gateway(server, kind) as url,
        httpx.AsyncClient(base_url=url) as http,
    ):
        await http.post(INSTANCE, data={**SERVICE, "serviceName": "there"})
        for number in range(case.tags_before):
            await http.post(ADMIN, data={**PUBLICATION, "tag": f"t{number}"})
        if case.code == 20005:
            await http.post(ADMIN, data=PUBLICATION)
        if case.code == 10002:
            store.fail_next(StorageError("the disk is full"))

        answer = await http.request(case.method, case.path, params=case.sent, headers=case.headers)

        body = answer.json()
        message = case.message or MESSAGES[case.code]
        assert (answer.status_code, body["code"], body["message"]) == (case.status, case.code, message)


def test_messages_are_those_of_the_handbook() -> None:
    handbook = {int(line.split(" ", 1)[0]): line.split(" ", 1)[1] for line in HANDBOOK.split("\n") if line}

    assert handbook.items() <= MESSAGES.items()
    assert MESSAGES.keys() - handbook.keys() == {20010, 40001, 100002, 100004, 100005, 100006}


def test_document_has_every_code_with_its_message_and_the_tested_requests() -> None:
    rows = documented()

    assert {code: message for code, (message, _) in rows.items()} == MESSAGES
    named = {code: re.match(r"`(\w+) ([^`]+)`.*?(?:: (\d{3})|$)", request) for code, (_, request) in rows.items()}
    requests = {code: (found.group(1), found.group(2), int(found.group(3) or 200)) for code, found in named.items() if found}
    assert requests == {case.code: (case.method, case.path, case.status) for case in CASES}


def test_document_names_every_route_of_the_dialect() -> None:
    class NoMetrics:
        def render(self) -> bytes:
            return b""

    async def dispatch(path: str, request: object) -> bytes:
        return b""

    app = create_app(LocalChannel(dispatch), NoMetrics())

    assert isinstance(app, Gateway)
    served = {f"{route.method} {route.path}" for route in app.routes if route.path.startswith("/nacos")}
    assert served == set(re.findall(r"^\| `(\w+ /nacos[^`]+)` \|", DOCUMENT, re.MULTILINE))
