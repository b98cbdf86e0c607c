"""The watches behind Nacos subscribers: as many as the services need, each begun anew when it breaks."""

import asyncio
from collections.abc import Callable
from typing import Any

import grpc.aio
from muster.registry.v1 import discovery_service_pb2 as native
from muster.registry.v1 import instance_pb2
from muster_gateway.nacos.grpc.session import Key
from muster_gateway.nacos.grpc.watching import ServiceWatches, Watched


class FakeWatch:
    """A Watch stream that answers each subscription with a snapshot, until it is broken."""

    def __init__(self) -> None:
        self.subscribed: set[str] = set()
        self.subscriptions: asyncio.Queue[str] = asyncio.Queue()
        self._frames: asyncio.Queue[Any] = asyncio.Queue()

    async def write(self, frame: native.WatchRequest) -> None:
        if frame.WhichOneof("frame") == "unsubscribe":
            self.subscribed.discard(frame.unsubscribe.service.name)
            return
        self.subscribed.add(frame.subscribe.service.name)
        self.subscriptions.put_nowait(frame.subscribe.service.name)
        self.say(native.WatchResponse(snapshot=native.WatchResponse.Snapshot(service=frame.subscribe.service, revision=7)))

    def say(self, frame: Any) -> None:
        self._frames.put_nowait(frame)

    async def read(self) -> Any:
        frame = await self._frames.get()
        if isinstance(frame, Exception):
            raise frame
        return frame

    async def done_writing(self) -> None:
        self.say(grpc.aio.EOF)

    def cancel(self) -> None:
        pass


class FakeStub:
    def __init__(self) -> None:
        self.opened: list[FakeWatch] = []
        self.opens: asyncio.Queue[FakeWatch] = asyncio.Queue()

    def Watch(self, *, metadata: object) -> FakeWatch:  # noqa: N802  # the stub's own name
        self.opened.append(FakeWatch())
        self.opens.put_nowait(self.opened[-1])
        return self.opened[-1]


class Subject:
    """A watched service that counts its states."""

    def __init__(self, name: str) -> None:
        self.states = asyncio.Queue[int]()
        self.ends: list[str] = []
        self.watched = Watched(("default", "g", name), lambda: self.states.put_nowait(self.watched.revision), self.ends.append)


async def run_watches(use: Callable[[FakeStub, ServiceWatches], Any], max_services: int = 10) -> None:
    stub = FakeStub()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[None]] = []
        await use(stub, ServiceWatches(stub, lambda work: tasks.append(group.create_task(work)), max_services))
        for task in tasks:
            task.cancel()


def test_service_beyond_the_room_of_one_watch_gets_another() -> None:
    async def use(stub: FakeStub, watches: ServiceWatches) -> None:
        subjects = [Subject(f"s{number}") for number in range(5)]
        for subject in subjects:
            watches.add(subject.watched)
        for subject in subjects:
            await subject.states.get()
        watches.remove(("default", "g", "s0"))
        late = Subject("late")
        watches.add(late.watched)
        await late.states.get()

        assert [stream.subscribed for stream in stub.opened] == [{"s1", "late"}, {"s2", "s3"}, {"s4"}]

    asyncio.run(run_watches(use, max_services=2))


def test_watch_that_breaks_is_begun_anew_with_all_its_services() -> None:
    async def use(stub: FakeStub, watches: ServiceWatches) -> None:
        one, two = Subject("one"), Subject("two")
        for subject in (one, two):
            watches.add(subject.watched)
            await subject.states.get()
        stub.opened[0].say(asyncio.InvalidStateError("broken"))
        _, second = await stub.opens.get(), await stub.opens.get()
        again = {await second.subscriptions.get(), await second.subscriptions.get()}
        delta = native.WatchResponse.Delta(service=instance_pb2.ServiceRef(namespace="default", group="g", name="one"), revision=8)
        second.say(native.WatchResponse(delta=delta))

        assert again == {"one", "two"}
        assert await one.states.get() == 8
        assert two.states.empty()  # its state is the one that it had

    asyncio.run(run_watches(use))


def test_service_that_the_registry_refuses_is_told_why() -> None:
    async def use(stub: FakeStub, watches: ServiceWatches) -> None:
        subject = Subject("one")
        watches.add(subject.watched)
        await subject.states.get()
        key: Key = subject.watched.service
        refusal = native.WatchResponse.Cancelled(
            service=instance_pb2.ServiceRef(namespace=key[0], group=key[1], name=key[2]), message="no"
        )
        stub.opened[0].say(native.WatchResponse(cancelled=refusal))
        other = Subject("two")
        watches.add(other.watched)
        await other.states.get()

        assert (subject.ends, other.ends) == (["no"], [])

    asyncio.run(run_watches(use))
