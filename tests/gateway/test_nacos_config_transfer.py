"""The Nacos admin calls that carry configs over: zip files out and in, copies, and what becomes of what is there already."""

import re
from typing import Any

import httpx
import pytest
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as wire
from muster_gateway.nacos.config_zip import METADATA, ZippedConfig, pack, unpack
from nacos_wire import nacos_client

from gateway.nacos_configs import CONFIG, detail, found, gateway, got, publish, refusal
from gateway.test_nacos_config_zip import zipped

KINDS = pytest.mark.parametrize("kind", ["local", "apart"])
A, B, C = (ZippedConfig("g", name, f"new {name}", "yaml", "about", "shop") for name in "abc")


async def take(http: httpx.AsyncClient, data: bytes | None, **form: str) -> Any:
    """Import a file; answers code and data."""
    files = {"file": ("configs.zip", data, "application/zip")} if data is not None else None
    answer = await http.post(f"{CONFIG}/import", data=form, files=files)
    assert answer.status_code == 200, answer.text
    return answer.json()["code"], answer.json()["data"]


async def give(http: httpx.AsyncClient, **query: str) -> list[ZippedConfig]:
    answer = await http.get(f"{CONFIG}/export", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/octet-stream"
    assert re.fullmatch(r"attachment;filename=nacos_config_export_\d{14}\.zip", answer.headers["content-disposition"])
    return unpack(answer.content).configs


async def clone(http: httpx.AsyncClient, items: list[Any], **query: str) -> Any:
    answer = await http.post(f"{CONFIG}/clone", params={"namespaceId": "copies", **query}, json=items)
    assert answer.status_code == 200, answer.text
    return answer.json()["code"], answer.json()["data"]


async def ids(http: httpx.AsyncClient, *names: str) -> list[str]:
    return [(await detail(http, dataId=name))["id"] for name in names]


@KINDS
async def test_exported_configs_are_imported_elsewhere_as_they_were(kind: str) -> None:
    async with gateway(kind) as (http, _, _):
        await publish(http, "a: é\r\n", dataId="a", type="yaml", desc="about", appName="shop", configTags="t")
        await publish(http, "{}", dataId="b", type="json", groupName="h")
        exported = (await http.get(f"{CONFIG}/export", params={"ids": ""})).content

        code, data = await take(http, exported, namespaceId="copies", src_user="ann")
        shown = await detail(http, dataId="a", namespaceId="copies")

        assert (code, data) == (0, {"succCount": 2, "skipCount": 0})
        names = ("content", "type", "desc", "appName", "createUser", "configTags")
        assert [shown[name] for name in names] == ["a: é\r\n", "yaml", "about", "shop", "ann", None]
        assert await found(http, namespaceId="copies") == ["a", "b"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["a", "b", "a"]),
        ({"groupName": "g"}, ["a", "b"]),
        ({"dataId": "a"}, ["a", "a"]),
        ({"appName": "shop"}, ["b"]),
        ({"namespaceId": "other"}, ["z"]),
        ({"namespaceId": "none"}, []),
    ],
)
async def test_export_takes_what_it_is_told_to(query: dict[str, str], names: list[str]) -> None:
    async with gateway() as (http, _, _):
        await publish(http, dataId="a")
        await publish(http, dataId="a", groupName="h")
        await publish(http, dataId="b", appName="shop")
        await publish(http, dataId="z", namespaceId="other")

        answer = await http.get(f"{CONFIG}/export", params=query)

        if names:
            assert [config.data_id for config in unpack(answer.content).configs] == names
        assert (answer.status_code, b"g/" in answer.content or not names) == (200, True)


async def test_export_by_id_takes_those_and_no_others_whatever_the_namespace() -> None:
    async with gateway() as (http, _, _):
        for name in "abc":
            await publish(http, name, dataId=name)
        first, _, third = await ids(http, *"abc")

        configs = await give(http, ids=f"{third},{first}", namespaceId="other")

        assert [config.content for config in configs] == ["a", "c"]


async def test_export_leaves_out_names_that_would_be_paths_elsewhere() -> None:
    async with gateway() as (http, native, _):
        await publish(http, dataId="a")
        for group, name in (("g", "../../etc/passwd"), ("..", "x"), ("g", ".."), ("g", "a b"), ("g", "a\\b")):
            ref = config_pb2.ConfigRef(group=group, name=name)
            await native.PublishConfig(wire.PublishConfigRequest(ref=ref, content="x"))

        assert [config.data_id for config in await give(http)] == ["a"]


@KINDS
@pytest.mark.parametrize(
    ("policy", "data", "contents"),
    [
        ("ABORT", {"succCount": 1, "skipCount": 1, "failData": ["b"], "skipData": ["c"]}, {"a": "new a", "b": "old", "c": None}),
        ("", {"succCount": 1, "skipCount": 1, "failData": ["b"], "skipData": ["c"]}, {"a": "new a", "b": "old", "c": None}),
        ("SKIP", {"succCount": 2, "skipCount": 1, "skipData": ["b"]}, {"a": "new a", "b": "old", "c": "new c"}),
        ("OVERWRITE", {"succCount": 3, "skipCount": 0}, {"a": "new a", "b": "new b", "c": "new c"}),
    ],
)
async def test_policy_decides_what_becomes_of_a_config_that_is_there(
    policy: str, data: dict[str, Any], contents: dict[str, str | None], kind: str
) -> None:
    async with gateway(kind) as (http, _, _):
        await publish(http, "old", dataId="b", configTags="kept", desc="old")

        code, answered = await take(http, pack([A, B, C]), policy=policy)

        lists = {key: [{"dataId": name, "group": "g"} for name in names] for key, names in data.items() if isinstance(names, list)}
        assert (code, answered) == (0, {**data, **lists})
        listed = await found(http)
        assert {name: (await detail(http, dataId=name))["content"] if name in listed else None for name in "abc"} == contents
        kept = await detail(http, dataId="b")
        assert (kept["configTags"], kept["desc"]) == ("kept", "about" if policy == "OVERWRITE" else "old")


@KINDS
async def test_import_and_clone_are_heard_by_native_and_nacos_listeners(kind: str) -> None:
    async with gateway(kind) as (http, native, server), nacos_client(server.grpc_target) as client:
        contexts = [{"dataId": name, "group": "g", "tenant": "", "md5": ""} for name in ("a", "copy")]
        await client.ok("ConfigBatchListenRequest", listen=True, configListenContexts=contexts)
        stream = native.Listen()
        refs = [config_pb2.ConfigRef(group="g", name=name) for name in ("a", "copy")]
        await stream.write(wire.ListenRequest(hello=wire.ListenRequest.Hello()))
        interests = [wire.ListenRequest.Interest(ref=ref) for ref in refs]
        await stream.write(wire.ListenRequest(add=wire.ListenRequest.Add(interests=interests)))
        while (await stream.read()).WhichOneof("frame") != "bookmark":
            pass

        await take(http, pack([A]))
        heard = [(await stream.read()).changed, await client.pushed("ConfigChangeNotifyRequest")]
        (id_,) = await ids(http, "a")
        await clone(http, [{"configId": id_, "targetDataId": "copy"}], namespaceId="public")
        heard += [(await stream.read()).changed, await client.pushed("ConfigChangeNotifyRequest")]

        assert [(frame.ref.name, frame.release.content) for frame in heard[::2]] == [("a", "new a"), ("copy", "new a")]
        assert [(push["dataId"], push["group"]) for push in heard[1::2]] == [("a", "g"), ("copy", "g")]
        stream.cancel()


async def test_what_in_a_file_is_no_config_is_named_and_the_rest_imported() -> None:
    metadata = (
        "metadata:\n- {group: g, dataId: a, type: yaml}\n- {group: g, dataId: a b, type: yaml}\n- {group: g, dataId: .., type: t}\n"
    )
    entries: dict[str, str | bytes] = {"g/a": "1", "g/a b": "2", "g/..": "3", "x": "4", METADATA: metadata}
    async with gateway() as (http, _, _):
        code, data = await take(http, zipped(entries))

        assert (code, data["succCount"], data["unrecognizedCount"]) == (0, 1, 3)
        assert data["unrecognizedData"] == [
            {"itemName": "x"},
            {"itemName": "Not a config: g/a b"},
            {"itemName": "Not a config: g/.."},
        ]
        assert await found(http) == ["a"]


@pytest.mark.parametrize(
    ("policy", "data", "names"),
    [
        ("ABORT", {"succCount": 1, "skipCount": 1, "failData": ["large"], "skipData": ["c"]}, ["a"]),
        ("SKIP", {"succCount": 2, "skipCount": 0, "failData": ["large"]}, ["a", "c"]),
        ("OVERWRITE", {"succCount": 2, "skipCount": 0, "failData": ["large"]}, ["a", "c"]),
    ],
)
async def test_what_the_registry_refuses_fails_by_itself(policy: str, data: dict[str, Any], names: list[str]) -> None:
    large = ZippedConfig("g", "large", "x" * 101, "text")
    async with gateway(max_content_bytes=100) as (http, _, _):
        code, answered = await take(http, pack([A, large, C]), policy=policy)

        lists = {key: [{"dataId": name, "group": "g"} for name in names] for key, names in data.items() if isinstance(names, list)}
        assert (code, answered) == (0, {**data, **lists})
        assert await found(http) == names


@pytest.mark.parametrize(
    ("data", "code", "answered"),
    [
        (None, 100005, {}),
        (b"", 100005, {}),
        (b"no zip", 100004, {"succCount": 0}),
        (zipped({"g/a": "x"}), 100002, {"succCount": 0}),
        (zipped({METADATA: "metadata:\n- {group: g, dataId: a, type: t}\n"}), 100005, {"succCount": 0}),
        (zipped({"g/a": bytes(11 << 20), METADATA: "metadata:\n- {group: g, dataId: a, type: t}\n"}), 100004, {"succCount": 0}),
    ],
)
async def test_file_that_brings_nothing_is_a_failure_with_a_code(data: bytes | None, code: int, answered: dict[str, int]) -> None:
    async with gateway() as (http, _, server):
        before = server.engine.revision

        assert await take(http, data) == (code, answered)
        assert server.engine.revision == before


async def test_file_that_cannot_be_read_is_told_why() -> None:
    async with gateway() as (http, _, _):
        answers = [
            await http.post(f"{CONFIG}/import", files={"file": ("x", data)}) for data in (b"no zip", zipped({"g/a": "x"}), b"")
        ]

        assert [answer.json()["message"] for answer in answers] == [
            "Failed to parse data: The file is no zip file that can be read: File is not a zip file",
            "Imported metadata is invalid: there is no list of metadata",
            "Imported file data is empty",
        ]


async def test_import_is_documented_as_a_form_with_a_file() -> None:
    async with gateway() as (http, _, _):
        document = (await http.get("/openapi.json")).json()

        body = document["paths"]["/nacos/v3/admin/cs/config/import"]["post"]["requestBody"]["content"]
        assert body["multipart/form-data"]["schema"]["properties"]["file"]["format"] == "binary"


async def test_clones_take_new_names_and_all_that_was_said() -> None:
    async with gateway() as (http, _, _):
        await publish(http, "one", dataId="a", type="yaml", desc="about", configTags="t", encryptedDataKey="k")
        await publish(http, "two", dataId="b")
        first, second = await ids(http, "a", "b")
        items = [
            {"configId": int(first), "targetGroupName": "h", "targetDataId": "copy"},
            None,
            {"configId": second},
            {"configId": "99999"},
        ]

        code, data = await clone(http, items, src_user="ann")
        shown = await detail(http, namespaceId="copies", groupName="h", dataId="copy")

        assert (code, data) == (0, {"succCount": 2, "skipCount": 0})
        names = ("content", "type", "desc", "configTags", "encryptedDataKey", "createUser")
        assert [shown[name] for name in names] == ["one", "yaml", "about", "t", "k", "ann"]
        assert await found(http, namespaceId="copies") == ["b", "copy"]


async def test_clone_onto_itself_aborts() -> None:
    async with gateway() as (http, _, _):
        await publish(http, "one", dataId="a")

        code, data = await clone(http, [{"configId": id_} for id_ in await ids(http, "a")], namespaceId="public")

        assert (code, data) == (0, {"succCount": 0, "skipCount": 0, "failData": [{"dataId": "a", "group": "g"}]})


@pytest.mark.parametrize(
    ("items", "code", "answered"),
    [
        ([], 100006, {"succCount": 0}),
        ([None], 100006, {"succCount": 0}),
        ([{"configId": 7}], 100005, {"succCount": 0}),
        ([{"configId": 0}], 100005, {"succCount": 0}),
    ],
)
async def test_clone_of_nothing_is_a_failure_with_a_code(items: list[Any], code: int, answered: dict[str, int]) -> None:
    async with gateway() as (http, _, _):
        assert await clone(http, items) == (code, answered)


async def test_clone_that_is_nested_too_deep_is_refused() -> None:
    async with gateway() as (http, _, _):
        answer = await http.post(f"{CONFIG}/clone", params={"namespaceId": "copies"}, content=b'[{"a":' * 5000)

        assert (answer.status_code, answer.json()["code"]) == (400, 10000)


UNREADABLE = "Param '{}' is illegal, it cannot be read as its type."


@pytest.mark.parametrize(
    ("method", "path", "request_", "refused"),
    [
        ("POST", "/config/import", {"params": {"policy": "x"}}, (400, 20002, UNREADABLE.format("policy"))),
        ("GET", "/config/export", {"params": {"ids": "a"}}, (400, 20002, UNREADABLE.format("ids"))),
        (
            "POST",
            "/config/clone",
            {"params": {"namespaceId": "n"}, "json": [{"configId": number} for number in range(1001)]},
            (400, 20002, "too many configs, over 1000"),
        ),
        ("POST", "/config/clone", {"params": {"namespaceId": "n", "policy": "abort"}}, (400, 20002, UNREADABLE.format("policy"))),
        (
            "POST",
            "/config/clone",
            {"json": []},
            (400, 10000, "Required request parameter 'namespaceId' for method parameter type String is not present"),
        ),
        (
            "POST",
            "/config/clone",
            {"params": {"namespaceId": "n"}, "json": [{"configId": "x"}]},
            (400, 20002, UNREADABLE.format("configId")),
        ),
        (
            "POST",
            "/config/clone",
            {"params": {"namespaceId": "n"}, "json": [{"configId": -1}]},
            (400, 20002, UNREADABLE.format("configId")),
        ),
    ],
)
async def test_bad_input_is_refused_in_the_envelope(method: str, path: str, request_: Any, refused: tuple[int, int, str]) -> None:
    async with gateway() as (http, _, _):
        assert await refusal(http, method, path, **request_) == refused


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b"[{}]", b'[{"configId":null}]', b"[" * 100_000, b'[{"configId":1,"targetDataId":1}]']
)
async def test_clone_with_a_body_that_is_none_is_refused(body: bytes) -> None:
    async with gateway() as (http, _, _):
        status, code, data = await refusal(http, "POST", "/config/clone", params={"namespaceId": "n"}, content=body)

        assert (status, code) == (400, 10000)
        assert data.startswith("Required request body is missing or cannot be read: ")


@pytest.mark.parametrize("target", [{"targetDataId": "a b"}, {"targetGroupName": "a/b"}, {"targetDataId": ".."}])
async def test_clone_to_a_name_that_is_none_publishes_nothing(target: dict[str, str]) -> None:
    async with gateway() as (http, _, server):
        await publish(http, dataId="a")
        await publish(http, dataId="b")
        first, second = await ids(http, "a", "b")
        before = server.engine.revision

        query = {"namespaceId": "copies"}
        answer = await refusal(
            http, "POST", "/config/clone", params=query, json=[{"configId": first}, {"configId": second, **target}]
        )

        assert answer[:2] == (400, 20002)
        assert server.engine.revision == before


async def test_form_that_cannot_be_read_is_refused() -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    async with gateway() as (http, _, _):
        answer = await refusal(http, "POST", "/config/import", content=b"--y\r\nnone", headers=headers)

        assert answer == (400, 20002, "The form cannot be read.")


async def test_export_and_clone_of_too_much_are_refused() -> None:
    async with gateway() as (http, native, _):
        for number in range(4):
            ref = config_pb2.ConfigRef(group="g", name=f"d{number}")
            await native.PublishConfig(wire.PublishConfigRequest(ref=ref, content="x" * (10 << 20)))

        status, code, _ = await refusal(http, "GET", "/config/export")
        items = [{"configId": id_, "targetGroupName": "h"} for id_ in await ids(http, "d0", "d1", "d2", "d3")]
        cloned = await refusal(http, "POST", "/config/clone", params={"namespaceId": "public"}, json=items)

        assert (status, code) == cloned[:2] == (400, 20002)
        assert len(await give(http, dataId="d1")) == 1
        assert (await got(http, "/config/list"))["totalCount"] == 4
