"""The session servicer by itself, on a stream of the test's own: what happens while commands wait for the disk."""

import asyncio
from typing import Any

from google.protobuf.duration_pb2 import Duration
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as wire
from muster_server.core.commands import Register
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import Endpoint, Registration, ServiceKey, service_key
from muster_server.engine.engine import Engine
from muster_server.rpc.calls import Call
from muster_server.rpc.encoders import WireEncoder
from muster_server.rpc.sessions import SessionServicer
from muster_server.storage.memory import MemoryStore
from running import ManualClock

from rpc.test_streams import HELLO, register

GOODBYE = wire.SessionRequest(goodbye=wire.SessionRequest.Goodbye())
API: ServiceKey = service_key("", "", "api")


class FakeStream:
    """A stream without a transport."""

    def __init__(self) -> None:
        self.call = Call("test", {})
        self.received: asyncio.Queue[Any] = asyncio.Queue()
        self.sent: list[wire.SessionResponse] = []
        self.ends: list[MusterError] = []
        self.reading = asyncio.Event()
        self.reading.set()

    async def read(self) -> Any:
        return await self.received.get()

    async def write(self, frame: Any) -> None:
        await self.reading.wait()
        self.sent.append(wire.SessionResponse.FromString(frame))

    def end(self, error: MusterError) -> None:
        self.ends.append(error)


async def settled() -> None:
    """Let everything run that does not wait for the store."""
    for _ in range(20):
        await asyncio.sleep(0)


def durable(name: str) -> Register:
    return Register(service_key("", "", name), Registration((Endpoint("", "h", 1),), is_persistent=True))


def hosts(engine: Engine) -> list[str]:
    service = engine.state.services.get(API)
    return [instance.address.host for instance in service.instances.values()] if service else []


async def test_goodbye_that_waits_for_the_disk_is_done_even_if_the_client_leaves_meanwhile() -> None:
    store, stream = MemoryStore(), FakeStream()
    engine = Engine(store, WireEncoder(), ManualClock())
    serving = asyncio.ensure_future(SessionServicer(engine).session(stream))
    for frame in (HELLO, register("one")):
        stream.received.put_nowait(frame)
    await settled()
    registered = hosts(engine)
    store.hold()
    writes = [engine.execute(durable("first"))]
    stream.received.put_nowait(GOODBYE)
    await settled()
    writes.append(engine.execute(durable("second")))
    store.release()
    store.hold()
    await settled()

    serving.cancel()
    await settled()
    store.release()
    await asyncio.gather(serving, *writes, return_exceptions=True)
    await settled()

    assert registered == ["one"]
    assert hosts(engine) == []
    await engine.close()


async def test_session_lost_while_its_loss_waits_for_the_disk_is_lost_all_the_same() -> None:
    clock, store, stream = ManualClock(), MemoryStore(), FakeStream()
    engine = Engine(store, WireEncoder(), clock)
    serving = asyncio.ensure_future(SessionServicer(engine).session(stream))
    for frame in (HELLO, register("one")):
        stream.received.put_nowait(frame)
    await settled()
    store.hold()
    write = engine.execute(durable("first"))

    for _ in range(2):  # the client leaves, and then the server stops
        serving.cancel()
        await settled()
    store.release()
    await asyncio.gather(serving, write, return_exceptions=True)
    clock.now_s += 0.9
    engine.tick()
    suspects = [instance.health.name for instance in engine.state.services[API].instances.values()]

    assert suspects == ["SUSPECT"]
    await engine.close()


async def test_session_resumed_by_a_client_that_leaves_at_that_moment_is_lost_again() -> None:
    store, first, second = MemoryStore(), FakeStream(), FakeStream()
    engine = Engine(store, WireEncoder(), ManualClock())
    servicer = SessionServicer(engine)
    before = asyncio.ensure_future(servicer.session(first))
    for frame in (HELLO, register("one")):
        first.received.put_nowait(frame)
    await settled()
    before.cancel()
    await settled()
    store.hold()
    write = engine.execute(durable("first"))
    resumed = asyncio.ensure_future(servicer.session(second))
    session_id = first.sent[0].granted.session_id
    second.received.put_nowait(wire.SessionRequest(hello=wire.SessionRequest.Hello(session_id=session_id)))
    await settled()

    store.release()
    asyncio.get_running_loop().call_soon(resumed.cancel)  # after the session was opened, before its handler hears of it
    await asyncio.gather(before, resumed, write, return_exceptions=True)
    suspects = [instance.health.name for instance in engine.state.services[API].instances.values()]

    assert suspects == ["SUSPECT"]
    await engine.close()


async def test_session_that_falls_silent_ends_its_stream_and_keeps_its_instances_for_the_grace() -> None:
    clock, stream = ManualClock(), FakeStream()
    engine = Engine(MemoryStore(), WireEncoder(), clock)
    serving = asyncio.ensure_future(SessionServicer(engine).session(stream))
    hello = wire.SessionRequest.Hello(ttl=Duration(seconds=2))
    for frame in (wire.SessionRequest(hello=hello), register("one")):
        stream.received.put_nowait(frame)
    await settled()

    for _ in range(5):
        clock.now_s += 0.5
        engine.tick()

    assert [error.reason for error in stream.ends] == [Reason.SESSION_EXPIRED]
    assert hosts(engine) == ["one"]
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await engine.close()


async def test_session_that_renews_in_time_is_not_ended() -> None:
    clock, stream = ManualClock(), FakeStream()
    engine = Engine(MemoryStore(), WireEncoder(), clock)
    serving = asyncio.ensure_future(SessionServicer(engine).session(stream))
    stream.received.put_nowait(wire.SessionRequest(hello=wire.SessionRequest.Hello(ttl=Duration(seconds=2))))

    for _ in range(10):
        stream.received.put_nowait(wire.SessionRequest(renew=wire.SessionRequest.Renew()))
        await settled()
        clock.now_s += 0.9
        engine.tick()

    assert stream.ends == []
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await engine.close()


async def test_client_that_reads_no_answers_is_not_read_beyond_a_mebibyte_of_them() -> None:
    stream = FakeStream()
    engine = Engine(MemoryStore(), WireEncoder(), ManualClock())
    serving = asyncio.ensure_future(SessionServicer(engine).session(stream))
    stream.received.put_nowait(HELLO)
    await settled()
    stream.reading.clear()
    refs = [instance_pb2.InstanceRef(service=instance_pb2.ServiceRef(name="api"), instance_id="x" * 1000)] * 1000
    batch = wire.SessionRequest(deregister=wire.SessionRequest.Deregister(refs=refs))

    for _ in range(10):
        stream.received.put_nowait(batch)
    await settled()
    unread = stream.received.qsize()
    stream.reading.set()
    await settled()

    assert unread >= 7
    assert stream.received.qsize() == 0
    assert len(stream.sent) == 11
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await engine.close()
