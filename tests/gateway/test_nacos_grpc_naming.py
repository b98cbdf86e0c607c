"""The naming half of the Nacos gRPC protocol, spoken without an SDK, in the server's own process and apart from it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from nacos_wire import ask_subscription, host, ips, nacos_client, register, subscribe
from running import ManualClock, running_nacos

pytestmark = pytest.mark.parametrize("place", ["local", "apart"])


async def test_registration_is_pushed_to_a_subscriber_and_listed(place: str) -> None:
    async with (
        running_nacos(place) as server,
        nacos_client(server.nacos) as provider,
        nacos_client(server.nacos) as consumer,
    ):
        before = await subscribe(consumer, clusters="a,DEFAULT")
        await register(provider, "10.0.0.1", metadata={"zone": "z"})
        push = await consumer.pushed("NotifySubscriberRequest")
        await consumer.ack(push)
        queried = await consumer.ok("ServiceQueryRequest", serviceName="svc", cluster="", healthOnly=True)
        listed = await consumer.ok("ServiceListRequest", namespace="", pageNo=1, pageSize=10)

        assert (ips(before), before["clusters"], before["groupName"]) == ([], "a,DEFAULT", "DEFAULT_GROUP")
        info = push["serviceInfo"]
        assert (info["clusters"], info["name"], info["groupName"]) == ("a,DEFAULT", "svc", "DEFAULT_GROUP")
        assert info["lastRefTime"] > before["lastRefTime"]
        shown = info["hosts"][0]
        assert (shown["instanceId"], shown["serviceName"]) == ("10.0.0.1#80#DEFAULT#DEFAULT_GROUP@@svc", "DEFAULT_GROUP@@svc")
        assert (shown["metadata"], shown["healthy"], shown["ephemeral"]) == ({"zone": "z"}, True, True)
        assert ips(queried["serviceInfo"]) == ["10.0.0.1"]
        assert (listed["count"], listed["serviceNames"]) == (1, ["svc"])


async def test_second_registration_of_a_connection_replaces_the_first(place: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        await register(client, "10.0.0.1")
        await register(client, "10.0.0.2")
        other = await register(client, "10.0.0.3", service="other")

        found = await client.ok("ServiceQueryRequest", serviceName="svc")

        assert other["type"] == "registerInstance"
        assert ips(found["serviceInfo"]) == ["10.0.0.2"]


async def test_batch_is_all_that_a_connection_offers_and_an_empty_one_withdraws_it(place: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        kind, _ = await client.ask(
            "BatchInstanceRequest", type="batchRegisterInstance", serviceName="svc", instances=[host("1.1.1.1")]
        )
        many = [host("10.0.0.1"), host("10.0.0.2", clusterName="b")]
        await client.ok("BatchInstanceRequest", type="batchRegisterInstance", serviceName="svc", instances=many)
        both = await client.ok("ServiceQueryRequest", serviceName="svc")
        one = await client.ok("ServiceQueryRequest", serviceName="svc", cluster="b")
        await client.ok("BatchInstanceRequest", type="batchRegisterInstance", serviceName="svc", instances=[])
        none = await client.ok("ServiceQueryRequest", serviceName="svc")

        assert kind == "BatchInstanceResponse"
        assert [ips(found["serviceInfo"]) for found in (both, one, none)] == [["10.0.0.1", "10.0.0.2"], ["10.0.0.2"], []]


async def test_deregistration_removes_what_the_connection_offered_whatever_it_names(place: str) -> None:
    async with (
        running_nacos(place) as server,
        nacos_client(server.nacos) as client,
        nacos_client(server.nacos) as other,
    ):
        await register(client, "10.0.0.1")
        await register(other, "10.0.0.2")

        for each in (client, client):  # the second time there is nothing left, which is no error
            await each.ok("InstanceRequest", type="deregisterInstance", serviceName="svc", instance=host("9.9.9.9"))

        found = await other.ok("ServiceQueryRequest", serviceName="svc")
        assert ips(found["serviceInfo"]) == ["10.0.0.2"]


async def test_persistent_instance_outlives_its_connection_and_is_answered_as_an_instance(place: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as other:
        async with nacos_client(server.nacos) as client:
            said = {"serviceName": "svc", "instance": host("10.0.0.1", ephemeral=False)}
            kind, answer = await client.ask("PersistentInstanceRequest", type="registerInstance", **said)
        found = await other.ok("ServiceQueryRequest", serviceName="svc")
        await other.ok("PersistentInstanceRequest", type="deregisterInstance", **said)
        after = await other.ok("ServiceQueryRequest", serviceName="svc")

        assert (kind, answer["resultCode"]) == ("InstanceResponse", 200)
        assert found["serviceInfo"]["hosts"][0]["ephemeral"] is False
        assert ips(after["serviceInfo"]) == []


async def test_lost_client_leaves_its_instances_for_five_seconds(place: str) -> None:
    clock = ManualClock()
    async with running_nacos(place, clock) as server, nacos_client(server.nacos) as consumer:
        info = await subscribe(consumer)
        async with nacos_client(server.nacos) as provider:
            await register(provider, "10.0.0.1")
            up = await consumer.pushed("NotifySubscriberRequest")
        suspect = await consumer.pushed("NotifySubscriberRequest")
        server.advance(6)
        gone = await consumer.pushed("NotifySubscriberRequest")

        states = [[shown["healthy"] for shown in push["serviceInfo"]["hosts"]] for push in (up, suspect, gone)]
        assert states == [[True], [True], []]
        times = [info["lastRefTime"], *(push["serviceInfo"]["lastRefTime"] for push in (up, suspect, gone))]
        assert times == sorted(set(times))


async def test_client_that_comes_back_within_the_grace_keeps_its_instance(place: str) -> None:
    clock = ManualClock()
    async with running_nacos(place, clock) as server, nacos_client(server.nacos) as consumer:
        await subscribe(consumer)
        async with nacos_client(server.nacos) as provider:
            await register(provider, "10.0.0.1")
            await consumer.pushed("NotifySubscriberRequest")
        await consumer.pushed("NotifySubscriberRequest")
        async with nacos_client(server.nacos) as provider:
            await register(provider, "10.0.0.1")
            server.advance(10)

            found = await consumer.ok("ServiceQueryRequest", serviceName="svc")

            assert ips(found["serviceInfo"]) == ["10.0.0.1"]


async def test_first_subscription_of_a_connection_is_told_by_a_push_too_even_of_nothing(place: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as provider:
        async with nacos_client(server.nacos) as consumer:
            await register(provider, "10.0.0.1")
            await subscribe(consumer)
        await provider.ok("InstanceRequest", type="deregisterInstance", serviceName="svc", instance=host("10.0.0.1"))
        async with nacos_client(server.nacos) as consumer:  # back, and SDKs for Java look at no answer now
            await ask_subscription(consumer)

            push = await consumer.pushed("NotifySubscriberRequest")
            await ask_subscription(consumer)
            await register(provider, "10.0.0.2")
            after = await consumer.pushed("NotifySubscriberRequest")

        assert (ips(push["serviceInfo"]), ips(after["serviceInfo"])) == ([], ["10.0.0.2"])


async def test_unsubscribed_client_is_pushed_nothing_more(place: str) -> None:
    async with (
        running_nacos(place) as server,
        nacos_client(server.nacos) as provider,
        nacos_client(server.nacos) as consumer,
    ):
        await subscribe(consumer)
        await subscribe(consumer, service="other")
        await consumer.ok("SubscribeServiceRequest", serviceName="svc", subscribe=False, clusters="whatever")
        await register(provider, "10.0.0.1")
        await register(provider, "10.0.0.2", service="other")

        push = await consumer.pushed("NotifySubscriberRequest")

        assert push["serviceInfo"]["name"] == "other"


@pytest.mark.slow
async def test_push_is_sent_again_until_acknowledged_and_then_no_more(place: str) -> None:
    async with (
        running_nacos(place) as server,
        nacos_client(server.nacos) as provider,
        nacos_client(server.nacos) as consumer,
    ):
        await subscribe(consumer)
        await register(provider, "10.0.0.1")
        first = await consumer.pushed("NotifySubscriberRequest")
        again = await consumer.pushed("NotifySubscriberRequest")  # after 6 s
        for _ in range(3):  # acks that are late, come twice, or belong to nothing are ignored
            await consumer.ack(first)
            await consumer.ack(again, success=False, errorCode=0)
            await consumer.ack({"requestId": "99"})
        await register(provider, "10.0.0.2")
        next_ = await consumer.pushed("NotifySubscriberRequest")

        assert first["requestId"] != again["requestId"]
        assert ips(again["serviceInfo"]) == ["10.0.0.1"]
        assert "10.0.0.2" in ips(next_["serviceInfo"])


@pytest.mark.parametrize(
    ("instance", "service", "says"),
    [
        (host("10.0.0.1", port=70000), "svc", "port"),
        (host("10.0.0.1", clusterName="a_b"), "svc", "clusterName"),
        (host("10.0.0.1", metadata={"k": "x" * 1025}), "svc", "Metadata"),
        (host("10.0.0.1", weight=-1.0), "svc", "weight"),
        (host("", port=1), "svc", "host"),
        (host("10.0.0.1"), "", "serviceName"),
        (host("10.0.0.1"), "a@@b", "serviceName"),
        (host("10.0.0.1", metadata={"preserved.heart.beat.interval": "99999"}), "svc", "interval"),
        (None, "svc", "null"),
    ],
    ids=["port", "cluster", "metadata", "weight", "host", "blank", "separator", "interval", "null"],
)
async def test_registration_that_is_refused_is_answered_in_its_own_type_and_changes_nothing(
    place: str, instance: Any, service: str, says: str
) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        await register(client, "10.0.0.9")

        kind, answer = await client.ask("InstanceRequest", type="registerInstance", serviceName=service, instance=instance)

        assert (kind, answer["resultCode"], answer["errorCode"], answer["success"]) == ("InstanceResponse", 500, 400, False)
        assert says in answer["message"]
        assert ips((await client.ok("ServiceQueryRequest", serviceName="svc"))["serviceInfo"]) == ["10.0.0.9"]


async def test_batch_with_one_bad_instance_registers_none_of_it(place: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        await register(client, "10.0.0.9")
        batch = [host("10.0.0.1"), host("10.0.0.2", weight=-1.0)]

        kind, answer = await client.ask("BatchInstanceRequest", type="batchRegisterInstance", serviceName="svc", instances=batch)

        assert (kind, answer["resultCode"]) == ("BatchInstanceResponse", 500)
        assert ips((await client.ok("ServiceQueryRequest", serviceName="svc"))["serviceInfo"]) == ["10.0.0.9"]


async def test_ephemeral_instance_in_a_persistent_service_is_refused(place: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client:
        await client.ok("PersistentInstanceRequest", type="registerInstance", serviceName="svc", instance=host("10.0.0.1"))

        kind, answer = await client.ask("InstanceRequest", type="registerInstance", serviceName="svc", instance=host("10.0.0.2"))

        assert (kind, answer["resultCode"], answer["errorCode"]) == ("InstanceResponse", 500, 400)


async def test_refused_registration_leaves_the_connection_and_its_other_instances_alone(place: str) -> None:
    async with (
        running_nacos(place) as server,
        nacos_client(server.nacos) as client,
        nacos_client(server.nacos) as consumer,
    ):
        await subscribe(consumer)
        await register(client, "10.0.0.1")
        await consumer.ack(await consumer.pushed("NotifySubscriberRequest"))
        await asyncio.gather(*(client.ask("InstanceRequest", type="registerInstance", serviceName="svc") for _ in range(20)))
        await register(client, "10.0.0.2")

        assert ips((await consumer.pushed("NotifySubscriberRequest"))["serviceInfo"]) == ["10.0.0.2"]


async def test_batch_that_takes_the_place_of_another_is_one_push(place: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client, nacos_client(server.nacos) as consumer:
        await subscribe(consumer)
        seen = []
        for batch in (["10.0.0.1", "10.0.0.2"], ["10.0.0.2", "10.0.0.3"], ["10.0.0.4", "10.0.0.4"]):
            hosts = [host(ip) for ip in batch]
            await client.ok("BatchInstanceRequest", type="batchRegisterInstance", serviceName="svc", instances=hosts)
            push = await consumer.pushed("NotifySubscriberRequest")
            await consumer.ack(push)
            seen.append(sorted(ips(push["serviceInfo"])))

        assert seen == [["10.0.0.1", "10.0.0.2"], ["10.0.0.2", "10.0.0.3"], ["10.0.0.4"]]


async def test_client_that_deregisters_after_a_restart_need_not_register_first(place: str, tmp_path: Path) -> None:
    async with running_nacos(place, data_dir=tmp_path) as server, nacos_client(server.nacos) as client:
        await register(client, "10.0.0.1")
        await register(client, "10.0.0.1", "other")
    async with running_nacos(place, data_dir=tmp_path) as server, nacos_client(server.nacos) as client:
        before = await client.ok("ServiceQueryRequest", serviceName="svc")
        await client.ok("InstanceRequest", type="deregisterInstance", serviceName="svc", instance=host("10.0.0.1"))
        after = await client.ok("ServiceQueryRequest", serviceName="svc")
        other = await client.ok("ServiceQueryRequest", serviceName="other")

    assert [ips(found["serviceInfo"]) for found in (before, after, other)] == [["10.0.0.1"], [], ["10.0.0.1"]]


async def test_client_cannot_deregister_what_another_connection_has(place: str) -> None:
    async with running_nacos(place) as server, nacos_client(server.nacos) as client, nacos_client(server.nacos) as other:
        await register(client, "10.0.0.1")
        await other.ok("InstanceRequest", type="deregisterInstance", serviceName="svc", instance=host("10.0.0.1"))
        await other.ok("InstanceRequest", type="deregisterInstance", serviceName="svc", instance=host("10.0.0.2"))
        await other.ok("InstanceRequest", type="deregisterInstance", serviceName="svc")

        assert ips((await other.ok("ServiceQueryRequest", serviceName="svc"))["serviceInfo"]) == ["10.0.0.1"]
