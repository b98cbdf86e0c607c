"""Bytes, JSON and clients that are not as they should be: each is told so, and nobody else notices."""

import asyncio
from typing import Any

import pytest
from muster_gateway.nacos.grpc import wire
from nacos_wire import host, ips, nacos_client, register, stranger, subscribe
from running import running_server

BROKEN = [
    b"{",
    b"[]",
    b"null",
    b'{"instance": []}',
    b'{"instance": {"port": "many"}}',
    b'{"instance": {"metadata": ["a"]}}',
    b'{"serviceName": 7}',
    b'{"serviceName": "\xff"}',
    b"[" * 100_000,
    b'{"instance": {"port": 1e400}}',
]


def raw(kind: str, body: bytes) -> bytes:
    payload = wire._PAYLOAD()
    payload.metadata.type = kind
    payload.body.value = body
    return bytes(payload.SerializeToString())


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
async def test_body_that_is_not_the_json_of_its_type_is_answered_and_the_connection_lives_on(body: bytes) -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client:
        kind, answer = await client.ask_raw(raw("InstanceRequest", body))

        assert (kind, answer["resultCode"], answer["errorCode"]) == ("ErrorResponse", 500, 502)
        assert (await register(client, "10.0.0.1"))["resultCode"] == 200


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("BatchInstanceRequest", {"type": "batchRegisterInstance", "serviceName": "svc", "instances": None}),
        ("ConfigBatchListenRequest", {"listen": None, "configListenContexts": None}),
        ("ConfigBatchListenRequest", {"configListenContexts": [None]}),
        ("ServiceQueryRequest", {"serviceName": "svc", "cluster": None, "healthyOnly": None, "unknown": {"a": [1]}}),
        ("ServiceListRequest", {"pageNo": None, "pageSize": None, "groupName": None, "namespace": None}),
        ("SubscribeServiceRequest", {"serviceName": "svc", "subscribe": None, "clusters": None}),
        ("InstanceRequest", {"type": "registerInstance", "serviceName": "svc", "instance": {"ip": "1.1.1.1", "port": "80"}}),
    ],
)
async def test_null_and_unknown_fields_are_as_good_as_absent_ones(kind: str, body: dict[str, Any]) -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client:
        answer = await client.ok(kind, **body)

        assert None not in answer.values()


@pytest.mark.parametrize("surrogate", ['"\\ud800"', '"a\\udc00"'])
async def test_half_of_a_character_is_refused(surrogate: str) -> None:
    body = f'{{"type": "registerInstance", "serviceName": {surrogate}, "instance": {{"ip": "1.1.1.1", "port": 1}}}}'
    async with running_server() as server, nacos_client(server.grpc_target) as client:
        kind, answer = await client.ask_raw(raw("InstanceRequest", body.encode()))

        assert (answer["resultCode"], kind in ("ErrorResponse", "InstanceResponse")) == (500, True)
        assert answer["message"] != "internal error"


async def test_bytes_that_are_no_payload_are_answered() -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client:
        kind, answer = await client.ask_raw(b"\xff\xff\xff")

        assert (kind, answer["errorCode"]) == ("ErrorResponse", 502)


@pytest.mark.parametrize("kind", ["LockOperationRequest", "QueryMcpServerRequest", "ServerReloadRequest", ""])
async def test_unknown_request_is_told_that_there_is_no_handler_even_to_a_stranger(kind: str) -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client, stranger(server.grpc_target) as other:
        answers = [await client.ask(kind), await other.ask(kind)]

        assert [(name, answer["resultCode"], answer["errorCode"]) for name, answer in answers] == [("ErrorResponse", 500, 302)] * 2
        assert (await client.ok("HealthCheckRequest"))["success"] is True


async def test_garbage_on_the_stream_ends_it_and_no_other() -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client, nacos_client(server.grpc_target) as other:
        await register(other, "10.0.0.1")
        await client.stream.write(b"\xff\xff\xff")

        ended = await client.end()

        assert ended.code().name == "UNAVAILABLE"
        assert ips((await other.ok("ServiceQueryRequest", serviceName="svc"))["serviceInfo"]) == ["10.0.0.1"]


@pytest.mark.slow
async def test_client_that_never_reads_holds_one_push_of_each_service_and_delays_nobody() -> None:
    async with (
        running_server() as server,
        nacos_client(server.grpc_target) as provider,
        nacos_client(server.grpc_target) as reader,
        nacos_client(server.grpc_target) as deaf,
    ):
        await subscribe(deaf)
        await subscribe(reader)
        metadata = {"padding": "x" * 1000}
        for number in range(300):
            many = [host(f"10.0.0.{each}", metadata={**metadata, "n": "0"}) for each in range(20)]
            many[0]["weight"] = 1.0 + number
            said = {"type": "batchRegisterInstance", "serviceName": "svc", "instances": many}
            await provider.ok("BatchInstanceRequest", **said)
        last = 0.0
        async with asyncio.timeout(10):
            while last != 300.0:
                push = await reader.pushed("NotifySubscriberRequest")
                await reader.ack(push)
                last = push["serviceInfo"]["hosts"][0]["weight"]

        assert (await deaf.ok("HealthCheckRequest"))["success"] is True


async def test_many_subscriptions_at_once_are_each_answered_with_their_own_service() -> None:
    async with running_server() as server, nacos_client(server.grpc_target) as client:
        infos = await asyncio.gather(*(subscribe(client, service=f"s{number}") for number in range(200)))

        assert [info["name"] for info in infos] == [f"s{number}" for number in range(200)]
