"""Bytes, JSON and clients that are not as they should be: each is told so, and nobody else notices."""

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest
from muster_gateway.nacos.grpc import wire
from nacos_wire import ask_subscription, host, ips, nacos_client, register, stranger, subscribe
from running import running_nacos

pytestmark = pytest.mark.parametrize("place", ["local", "apart"])

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
async def test_body_that_is_not_the_json_of_its_type_is_answered_and_the_connection_lives_on(place: str, body: bytes) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
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
        ("NamingFuzzyWatchRequest", {"groupKeyPattern": "public>>*>>*", "receivedGroupKeys": None, "initializing": None}),
        ("ConfigFuzzyWatchRequest", {"groupKeyPattern": "public>>*>>*", "receivedGroupKeys": [None, ""], "watchType": None}),
        ("LockOperationRequest", {"lockOperationEnum": "ACQUIRE", "lockInstance": {"key": "k", "params": None, "lockType": None}}),
    ],
)
async def test_null_and_unknown_fields_are_as_good_as_absent_ones(place: str, kind: str, body: dict[str, Any]) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        answer = await client.ok(kind, **body)

        assert None not in answer.values()


@pytest.mark.parametrize("surrogate", ['"\\ud800"', '"a\\udc00"'])
async def test_half_of_a_character_is_refused(place: str, surrogate: str) -> None:
    body = f'{{"type": "registerInstance", "serviceName": {surrogate}, "instance": {{"ip": "1.1.1.1", "port": 1}}}}'
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        kind, answer = await client.ask_raw(raw("InstanceRequest", body.encode()))

        assert (answer["resultCode"], kind in ("ErrorResponse", "InstanceResponse")) == (500, True)
        assert answer["message"] != "internal error"


async def test_bytes_that_are_no_payload_are_answered(place: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        kind, answer = await client.ask_raw(b"\xff\xff\xff")

        assert (kind, answer["errorCode"]) == ("ErrorResponse", 502)


@pytest.mark.parametrize("kind", ["QueryMcpServerRequest", "ServerReloadRequest", ""])
async def test_unknown_request_is_told_that_there_is_no_handler_even_to_a_stranger(place: str, kind: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client, stranger(server.nacos) as other:
        answers = [await client.ask(kind), await other.ask(kind)]

        assert [(name, answer["resultCode"], answer["errorCode"]) for name, answer in answers] == [("ErrorResponse", 500, 302)] * 2
        assert (await client.ok("HealthCheckRequest"))["success"] is True


async def test_garbage_on_the_stream_ends_it_and_no_other(place: str) -> None:
    async with (
        running_nacos(place) as server,
        nacos_client(server.nacos) as client,
        nacos_client(server.nacos) as other,
    ):
        await register(other, "10.0.0.1")
        await client.stream.write(b"\xff\xff\xff")

        ended = await client.end()

        assert ended.code().name == "UNAVAILABLE"
        assert ips((await other.ok("ServiceQueryRequest", serviceName="svc"))["serviceInfo"]) == ["10.0.0.1"]


@pytest.mark.slow
async def test_client_that_never_reads_holds_one_push_of_each_service_and_delays_nobody(place: str) -> None:
    async with (
        running_nacos(place) as server,
        nacos_client(server.nacos) as provider,
        nacos_client(server.nacos) as reader,
        nacos_client(server.nacos) as deaf,
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


async def test_many_subscriptions_at_once_are_each_answered_with_their_own_service(place: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        infos = await asyncio.gather(*(ask_subscription(client, service=f"s{number}") for number in range(200)))

        assert [info["name"] for info in infos] == [f"s{number}" for number in range(200)]


@pytest.mark.parametrize(
    "metadata",
    [{"k": "v" * 1025}, {f"key{number}": "v" for number in range(300)}, {"k" * 1025: None}, {"ü" * 1000: "ü" * 1000}],
    ids=["long", "many", "long key", "not ascii"],
)
async def test_huge_metadata_is_a_typed_refusal_and_what_was_registered_stays(place: str, metadata: dict[str, str]) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        await register(client, "10.0.0.1")
        huge = host("10.0.0.2", metadata=metadata)
        kind, answer = await client.ask("InstanceRequest", type="registerInstance", serviceName="svc", instance=huge)
        found = await client.ok("ServiceQueryRequest", serviceName="svc")

        assert (kind, answer["resultCode"], answer["errorCode"]) == ("InstanceResponse", 500, 400)
        assert ips(found["serviceInfo"]) == ["10.0.0.1"]


async def test_batch_of_too_many_is_a_typed_refusal(place: str) -> None:
    hosts = [host(f"10.0.{number // 250}.{number % 250}") for number in range(1001)]
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        kind, answer = await client.ask("BatchInstanceRequest", type="batchRegisterInstance", serviceName="svc", instances=hosts)

        assert (kind, answer["resultCode"], answer["errorCode"]) == ("BatchInstanceResponse", 500, 400)
        assert server.engine.state.instance_count == 0


async def test_message_above_the_limit_is_refused_and_the_connection_lives_on(place: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.ask("ConfigPublishRequest", dataId="a", group="g", content="x" * (17 << 20))

        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await register(client, "10.0.0.1"))["resultCode"] == 200


async def test_acks_that_are_replayed_late_or_for_nothing_change_nothing(place: str) -> None:
    async with (
        running_nacos(place) as server,
        nacos_client(server.nacos) as consumer,
        nacos_client(server.nacos) as provider,
    ):
        await subscribe(consumer)
        await register(provider, "10.0.0.1")
        first = await consumer.pushed("NotifySubscriberRequest")
        await consumer.ack(first)
        for _ in range(100):
            await consumer.ack(first)
        for request_id in ("", "0", "-1", "x" * 10_000):
            await consumer.say("NotifySubscriberResponse", requestId=request_id, resultCode=200)
        await consumer.say("NotifySubscriberResponse", requestId=None, resultCode=None)
        await register(provider, "10.0.0.2")
        second = await consumer.pushed("NotifySubscriberRequest")
        again = await consumer.pushed("NotifySubscriberRequest")  # it is not acknowledged by what came before it

        assert ips(second["serviceInfo"]) == ips(again["serviceInfo"]) == ["10.0.0.2"]
        assert len({first["requestId"], second["requestId"], again["requestId"]}) == 3


async def test_set_up_that_is_sent_twice_on_one_stream_leaves_the_connection_as_it_is(place: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client, nacos_client(server.nacos) as provider:
        before = await client.ok("ServerCheckRequest")
        await client.say("ConnectionSetupRequest", abilityTable={}, labels={"module": "config"})
        await subscribe(client)
        await register(provider, "10.0.0.1")
        push = await client.pushed("NotifySubscriberRequest")
        after = await client.ok("ServerCheckRequest")

        assert ips(push["serviceInfo"]) == ["10.0.0.1"]
        assert before["connectionId"] == after["connectionId"]
