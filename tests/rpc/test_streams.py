"""Session and Watch over real channels."""

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2, registration_service_pb2_grpc
from muster.registry.v1 import registration_service_pb2 as wire
from running import ManualClock, Server, running_server

from rpc.test_registration import API, instance, reason, ref

HELLO = wire.SessionRequest(hello=wire.SessionRequest.Hello(client_name="test"))


def subscribe(from_revision: int = 0, service: instance_pb2.ServiceRef = API, epoch: int = 0) -> discovery.WatchRequest:
    return discovery.WatchRequest(
        subscribe=discovery.WatchRequest.Subscribe(service=service, from_revision=from_revision, epoch=epoch)
    )


def register(*hosts: str, sequence: int = 1) -> wire.SessionRequest:
    registrations = [wire.RegisterRequest(service=API, instance=instance(host)) for host in hosts]
    return wire.SessionRequest(sequence=sequence, register=wire.SessionRequest.Register(registrations=registrations))


def session_call(channel: grpc.aio.Channel) -> Any:
    return registration_service_pb2_grpc.RegistrationServiceStub(channel).Session()


def watch_call(channel: grpc.aio.Channel) -> Any:
    return discovery_service_pb2_grpc.DiscoveryServiceStub(channel).Watch(metadata=(("muster-client", "watcher"),))


async def opened(channel: grpc.aio.Channel, *hosts: str, hello: wire.SessionRequest = HELLO) -> tuple[Any, wire.SessionResponse]:
    call = session_call(channel)
    await call.write(hello)
    granted = await call.read()
    if hosts:
        await call.write(register(*hosts))
        assert not any(result.HasField("error") for result in (await call.read()).results.results)
    return call, granted


async def healths(server: Server, channel: grpc.aio.Channel) -> dict[str, str]:
    listed = await discovery_service_pb2_grpc.DiscoveryServiceStub(channel).ListInstances(
        discovery.ListInstancesRequest(service=API)
    )
    return {i.endpoints[0].host: instance_pb2.Health.Name(i.health).removeprefix("HEALTH_") for i in listed.instances}


async def test_session_feeds_a_watch() -> None:
    async with running_server() as server, server.channel() as channel:
        watch = watch_call(channel)
        await watch.write(subscribe())
        snapshot = (await watch.read()).snapshot

        session, granted = await opened(channel, "one")
        put = (await watch.read()).delta
        await session.write(wire.SessionRequest(goodbye=wire.SessionRequest.Goodbye()))
        gone = (await watch.read()).delta

        assert not snapshot.instances
        assert granted.granted.session_id
        assert put.puts[0].on_session
        assert put.prev_revision == snapshot.revision
        assert gone.prev_revision == put.revision
        assert gone.removals[0].reason == instance_pb2.REMOVAL_REASON_DEREGISTERED
        assert await session.read() is grpc.aio.EOF
        assert await session.code() == grpc.StatusCode.OK
        await watch.done_writing()
        assert await watch.read() is grpc.aio.EOF
        assert await watch.code() == grpc.StatusCode.OK


async def test_lost_session_is_suspect_then_gone_unless_resumed() -> None:
    clock = ManualClock()
    async with running_server(clock=clock) as server, server.channel() as channel:
        watch = watch_call(channel)
        await watch.write(subscribe())
        await watch.read()
        session, granted = await opened(channel, "one")
        await watch.read()

        session.cancel()
        suspect = (await watch.read()).delta
        resume = wire.SessionRequest(hello=wire.SessionRequest.Hello(session_id=granted.granted.session_id))
        second, resumed = await opened(channel, hello=resume)
        healthy = (await watch.read()).delta
        second.cancel()
        await watch.read()
        server.advance(6)
        gone = (await watch.read()).delta

        assert suspect.puts[0].health == instance_pb2.HEALTH_SUSPECT
        assert resumed.granted.resumed
        assert [r.instance_id for r in resumed.granted.instances] == ["one#80#DEFAULT"]
        assert healthy.puts[0].health == instance_pb2.HEALTH_HEALTHY
        assert gone.removals[0].reason == instance_pb2.REMOVAL_REASON_CONNECTION_LOST
        late, code = await refused(channel, resume)
        assert (code, late) == (grpc.StatusCode.NOT_FOUND, "SESSION_NOT_FOUND")
        watch.cancel()


async def to_the_end(call: Any) -> None:
    while await call.read() is not grpc.aio.EOF:
        pass


async def refused(channel: grpc.aio.Channel, *frames: wire.SessionRequest) -> tuple[str, grpc.StatusCode]:
    call = session_call(channel)
    for frame in frames:
        await call.write(frame)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await to_the_end(call)
    return reason(caught.value), caught.value.code()


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([register("x")], "PROTOCOL_VIOLATION"),
        ([HELLO, HELLO], "PROTOCOL_VIOLATION"),
        ([wire.SessionRequest()], "PROTOCOL_VIOLATION"),
        ([HELLO, wire.SessionRequest()], "PROTOCOL_VIOLATION"),
        ([wire.SessionRequest(hello=wire.SessionRequest.Hello(session_id="nobody's"))], "SESSION_NOT_FOUND"),
        ([wire.SessionRequest(hello=wire.SessionRequest.Hello(grace={"seconds": -1}))], "INVALID_FIELD"),
        ([HELLO, wire.SessionRequest(register=wire.SessionRequest.Register())], "INVALID_FIELD"),
    ],
    ids=["no-hello", "second-hello", "empty-first", "empty-later", "unknown-session", "negative-grace", "empty-batch"],
)
async def test_session_out_of_turn_ends_with_a_typed_status(frames: list[wire.SessionRequest], expected: str) -> None:
    async with running_server() as server, server.channel() as channel:
        got, _ = await refused(channel, *frames)

        assert got == expected


async def test_second_connection_takes_the_session_over() -> None:
    async with running_server() as server, server.channel() as channel:
        first, granted = await opened(channel, "one")
        hello = wire.SessionRequest(hello=wire.SessionRequest.Hello(session_id=granted.granted.session_id))

        second, _ = await opened(channel, hello=hello)

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await first.read()
        assert reason(caught.value) == "SESSION_TAKEN_OVER"
        assert await healths(server, channel) == {"one": "HEALTHY"}
        second.cancel()


async def test_session_cannot_deregister_for_others_and_hears_of_what_it_loses() -> None:
    async with running_server() as server, server.channel() as channel:
        mine, _ = await opened(channel, "one")
        other, _ = await opened(channel)
        await other.write(wire.SessionRequest(sequence=7, deregister=wire.SessionRequest.Deregister(refs=[ref("one#80#DEFAULT")])))
        denied = await other.read()

        await other.write(register("one", sequence=8))
        await other.read()
        revoked = (await mine.read()).revoked

        assert denied.sequence == 7
        assert denied.results.results[0].error.code == grpc.StatusCode.FAILED_PRECONDITION.value[0]
        assert revoked.ref.instance_id == "one#80#DEFAULT"
        assert revoked.reason == instance_pb2.REMOVAL_REASON_REPLACED
        mine.cancel()
        other.cancel()


async def replace(channel: grpc.aio.Channel, session_id: str, *hosts: str, **fields: Any) -> wire.ReplaceInstancesResponse:
    instances = [instance(host) for host in hosts]
    request = wire.ReplaceInstancesRequest(
        session_id=session_id, instances=instances, **{"service": API, "unique_address": True, **fields}
    )
    return await registration_service_pb2_grpc.RegistrationServiceStub(channel).ReplaceInstances(request)


async def test_replacing_is_one_step_for_those_who_watch() -> None:
    async with running_server() as server, server.channel() as channel:
        watch = watch_call(channel)
        await watch.write(subscribe())
        await watch.read()
        session, granted = await opened(channel)
        session_id = granted.granted.session_id
        first, put = await replace(channel, session_id, "one", "two"), (await watch.read()).delta
        second, changed = await replace(channel, session_id, "two", "three"), (await watch.read()).delta
        await replace(channel, session_id)
        emptied = (await watch.read()).delta
        session.cancel()
        watch.cancel()

        assert len(first.instance_ids) == len(put.puts) == 2
        assert list(second.instance_ids) == ["two#80#DEFAULT", "three#80#DEFAULT"]
        assert [each.endpoints[0].host for each in changed.puts] == ["three"]
        assert [(gone.instance_id, gone.reason) for gone in changed.removals] == [
            ("one#80#DEFAULT", instance_pb2.REMOVAL_REASON_DEREGISTERED)
        ]
        assert {gone.instance_id for gone in emptied.removals} == {"two#80#DEFAULT", "three#80#DEFAULT"}


async def test_replaced_instances_live_by_the_session() -> None:
    async with running_server() as server, server.channel() as channel:
        session, granted = await opened(channel)
        await replace(channel, granted.granted.session_id, "one")
        before = await healths(server, channel)
        await session.write(wire.SessionRequest(goodbye=wire.SessionRequest.Goodbye()))
        assert await session.read() is grpc.aio.EOF
        after = await healths(server, channel)

        assert (before, after) == ({"one": "HEALTHY"}, {})


@pytest.mark.parametrize(
    ("hosts", "fields", "expected"),
    [
        (["two", "two"], {}, "INVALID_FIELD"),
        (["two"], {"service": None}, "INVALID_FIELD"),
        ([f"h{number}" for number in range(1001)], {}, "INVALID_FIELD"),
        (["two"], {"session_id": "unknown"}, "SESSION_NOT_FOUND"),
        (["two"], {"session_id": ""}, "SESSION_NOT_FOUND"),
    ],
)
async def test_replacing_that_is_refused_changes_nothing(hosts: list[str], fields: dict[str, Any], expected: str) -> None:
    async with running_server() as server, server.channel() as channel:
        session, granted = await opened(channel)
        session_id = granted.granted.session_id
        await replace(channel, session_id, "one")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await replace(channel, fields.pop("session_id", session_id), *hosts, **fields)
        health = await healths(server, channel)
        session.cancel()

        assert (reason(refused.value), health) == (expected, {"one": "HEALTHY"})


async def test_renewals_are_acknowledged_with_the_last_sequence() -> None:
    async with running_server() as server, server.channel() as channel:
        session, _ = await opened(channel, "one")

        for sequence in range(1, 51):
            await session.write(wire.SessionRequest(sequence=sequence, renew=wire.SessionRequest.Renew()))
        seen = []
        while not seen or seen[-1] < 50:
            seen.append((await session.read()).sequence)

        assert seen == sorted(set(seen))
        session.cancel()


async def test_watch_resumes_from_a_revision_without_gap_or_duplicate() -> None:
    async with running_server() as server, server.channel() as channel:
        session, _ = await opened(channel, "one")
        watch = watch_call(channel)
        await watch.write(subscribe())
        seen = (await watch.read()).snapshot
        watch.cancel()
        await session.write(register("two"))
        await session.read()
        await session.write(register("three"))
        await session.read()

        again = watch_call(channel)
        await again.write(subscribe(seen.revision, epoch=seen.epoch))
        delta = (await again.read()).delta

        assert delta.prev_revision == seen.revision
        assert [put.endpoints[0].host for put in delta.puts] == ["two", "three"]
        again.cancel()
        session.cancel()


async def test_watch_from_another_epoch_is_reset_and_from_the_future_cancelled() -> None:
    async with running_server() as server, server.channel() as channel:
        session, _ = await opened(channel, "one")
        watch = watch_call(channel)

        await watch.write(subscribe(1, epoch=99))
        reset = (await watch.read()).snapshot
        await watch.write(subscribe(10**12, instance_pb2.ServiceRef(name="other")))
        cancelled = (await watch.read()).cancelled
        await watch.write(subscribe(0, instance_pb2.ServiceRef()))
        invalid = (await watch.read()).cancelled

        assert reset.reset
        assert len(reset.instances) == 1
        assert cancelled.service.name == "other"
        assert cancelled.reason == 11
        assert invalid.reason == 1
        watch.cancel()
        session.cancel()


async def test_bookmark_comes_when_nothing_else_does() -> None:
    clock = ManualClock()
    async with running_server(clock=clock) as server, server.channel() as channel:
        watch = watch_call(channel)
        await watch.write(subscribe())
        snapshot = (await watch.read()).snapshot
        for watcher in server.engine.hub.subscribers:  # the client may have read it before the server knows that it was written
            await server.engine.hub.written(watcher)

        server.advance(31)
        bookmark = (await watch.read()).bookmark

        assert bookmark.epoch == snapshot.epoch == server.engine.epoch
        watch.cancel()


async def test_subscriber_that_does_not_ack_is_held_at_the_window_then_ended() -> None:
    clock = ManualClock()
    async with running_server(clock=clock) as server, server.channel() as channel:
        session, _ = await opened(channel)
        watch = watch_call(channel)
        await watch.write(subscribe())
        snapshot = (await watch.read()).snapshot
        await watch.write(discovery.WatchRequest(ack=discovery.WatchRequest.Ack(service=API, revision=snapshot.revision)))
        frames = 0
        for number in range(100):
            await session.write(register(f"h{number}"))
            await session.read()
            if frames < 64:
                await watch.read()
                frames += 1

        server.advance(31)

        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await to_the_end(watch)
        assert reason(caught.value) == "SLOW_CONSUMER"
        session.cancel()


async def test_list_subscribers_tells_who_watches() -> None:
    async with running_server() as server, server.channel() as channel:
        watch = watch_call(channel)
        await watch.write(subscribe())
        snapshot = (await watch.read()).snapshot

        answer = await discovery_service_pb2_grpc.DiscoveryServiceStub(channel).ListSubscribers(
            discovery.ListSubscribersRequest(service=API)
        )

        assert [s.client_name for s in answer.subscribers] == ["watcher"]
        assert answer.subscribers[0].sent_revision == snapshot.revision
        watch.cancel()


async def test_drain_asks_streams_to_reconnect() -> None:
    async with running_server() as server, server.channel() as channel:
        session, _ = await opened(channel)
        watch = watch_call(channel)
        await watch.write(subscribe())
        await watch.read()

        server.engine.hub.drain(1.0)
        frame = await watch.read()

        assert frame.WhichOneof("frame") == "reconnect_after"
        watch.cancel()
        session.cancel()


async def test_two_hundred_watchers_see_ordered_gap_free_deltas_that_add_up() -> None:
    async with running_server() as server, server.channel() as channel:
        async with asyncio.TaskGroup() as group:
            watchers = [group.create_task(follow(channel, "last")) for _ in range(200)]
            session, _ = await opened(channel)
            for number in range(100):
                await session.write(register(f"h{number % 17}", f"g{number}"))
                await session.read()
                refs = [ref(f"g{number}#80#DEFAULT")]
                await session.write(wire.SessionRequest(deregister=wire.SessionRequest.Deregister(refs=refs)))
                await session.read()
            await session.write(register("last"))
            await session.read()
        listed = await discovery_service_pb2_grpc.DiscoveryServiceStub(channel).ListInstances(
            discovery.ListInstancesRequest(service=API)
        )

        expected = {i.instance_id: i.revision for i in listed.instances}
        assert len(expected) == 18
        assert all(watcher.result() == expected for watcher in watchers)
        session.cancel()


async def follow(channel: grpc.aio.Channel, until: str) -> dict[str, int]:
    """Apply frames until a host appears; answers instance ids with their revisions."""
    watch = watch_call(channel)
    await watch.write(subscribe())
    state: dict[str, int] = {}
    revision = -1
    while f"{until}#80#DEFAULT" not in state:
        frame = await watch.read()
        match frame.WhichOneof("frame"):
            case "snapshot":
                assert revision == -1 or frame.snapshot.reset
                state = {i.instance_id: i.revision for i in frame.snapshot.instances}
                revision = frame.snapshot.revision
            case "delta":
                delta = frame.delta
                assert delta.prev_revision == revision
                assert delta.revision > revision
                state |= {put.instance_id: put.revision for put in delta.puts}
                for removal in delta.removals:
                    state.pop(removal.instance_id, None)
                revision = delta.revision
    watch.cancel()
    return state
