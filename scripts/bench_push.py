"""Measures of pushing: one change to many streams, services and configuration, and the memory of idle streams."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc.aio
from bench_harness import BARE, CONFIG, DISCOVERY, REGISTRATION, Row, opened, request_for, running
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as config
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2

STREAMS, CHANGES = 1000, 10


@dataclass(frozen=True)
class Kind:
    """What is pushed: how a stream begins, how many frames it then reads, and how the change of a number is made."""

    name: str
    stream: str
    first: tuple[bytes, ...]
    answers: int
    publish: str
    change: Callable[[int], bytes]


_SERVICE = instance_pb2.ServiceRef(name="watched")
_ITEM = config_pb2.ConfigRef(group="bench", name="watched")
_SUBSCRIBE = discovery.WatchRequest(subscribe=discovery.WatchRequest.Subscribe(service=_SERVICE))
_HELLO = config.ListenRequest(hello=config.ListenRequest.Hello(client_name="bench"))
_ADD = config.ListenRequest(add=config.ListenRequest.Add(interests=[config.ListenRequest.Interest(ref=_ITEM)]))

SERVICES = Kind(
    "muster",
    DISCOVERY + "Watch",
    (_SUBSCRIBE.SerializeToString(),),
    1,
    REGISTRATION + "Register",
    lambda number: request_for(0, "watched", n=str(number)).SerializeToString(),
)
CONFIGS = Kind(
    "muster",
    CONFIG + "Listen",
    (_HELLO.SerializeToString(), _ADD.SerializeToString()),
    2,
    CONFIG + "PublishConfig",
    lambda number: config.PublishConfigRequest(ref=_ITEM, content=f"{number:1024}").SerializeToString(),
)


def bare(size: int) -> Kind:
    """The bare server, which pushes so many bytes."""
    return Kind("bare", BARE + "Stream", (b"hold",), 1, BARE + "Publish", lambda _: bytes(size))


@dataclass(frozen=True)
class Pushed:
    """What pushes cost: until the last stream had read, CPU of the server for each, memory of an idle stream, bytes of a push."""

    last_ms: float
    cpu_us: float
    stream_kib: float
    size: int

    @classmethod
    def median(cls, rounds: Sequence["Pushed"]) -> "Pushed":
        """The median of each figure."""
        last_ms, cpu_us, stream_kib = (
            statistics.median(getattr(pushed, name) for pushed in rounds) for name in ("last_ms", "cpu_us", "stream_kib")
        )
        return cls(last_ms, cpu_us, stream_kib, rounds[0].size)

    def __str__(self) -> str:
        return f"{self.last_ms:.1f} ms, {self.cpu_us:.0f} µs CPU a push"


async def fan_out(rounds: int) -> list[Row]:
    """One change of a service to 1,000 streams, over 10 connections and over 1,000; and the memory of idle streams."""
    rows: list[Row] = []
    for connections in (10, 1000):
        plain, ours = await compare(SERVICES, STREAMS, connections, rounds)
        name = f"change to the last of 1,000 streams, {connections:,} connections"
        rows.append(Row(name, str(plain), str(ours), plain.last_ms / ours.last_ms, "≥ 0.85"))
        held = [f"{pushed.stream_kib:.0f} KiB" for pushed in (plain, ours)]
        name = f"memory of an idle stream, {connections:,} connections"
        rows.append(Row(name, *held, ours.stream_kib / plain.stream_kib, "≤ 1.3"))
    return rows


async def listen(rounds: int) -> list[Row]:
    """A publish of 1 KiB, on disk with fsync, to one listener and to the last of 1,000."""
    rows: list[Row] = []
    for count in (1, STREAMS):
        plain, ours = await compare(CONFIGS, count, min(count, 10), rounds)
        what = "one listener" if count == 1 else f"the last of {count:,} listeners"
        rows.append(
            Row(f"publish with fsync to {what}", str(plain), str(ours), plain.last_ms / ours.last_ms, "≥ 0.85" if count > 1 else "")
        )
    return rows


async def compare(kind: Kind, count: int, connections: int, rounds: int) -> tuple[Pushed, Pushed]:
    """The medians of the bare server, which pushes as many bytes, and of ours."""
    pairs: list[tuple[Pushed, Pushed]] = []
    for _ in range(rounds):
        ours = await push(kind, count, connections)
        pairs.append((await push(bare(ours.size), count, connections), ours))
    plain, muster = (Pushed.median(column) for column in zip(*pairs, strict=True))
    return plain, muster


async def push(kind: Kind, count: int, connections: int) -> Pushed:
    """Ten changes to so many streams of a fresh server."""
    with (
        tempfile.TemporaryDirectory() as data,
        running(kind.name, *(["--data-dir", data] if kind.name == "muster" else [])) as server,
    ):
        async with opened(server.channels(connections)) as channels:
            before_kib = server.rss_kib()
            streams = await watching(kind, channels, count)
            stream_kib = (server.rss_kib() - before_kib) / count
            cpu_s, last_ms, frames = server.cpu_s(), [], [b""]
            publish = channels[0].unary_unary(kind.publish)
            for number in range(CHANGES):
                began_s = time.monotonic()
                _, *frames = await asyncio.gather(publish(kind.change(number)), *(stream.read() for stream in streams))
                last_ms.append((time.monotonic() - began_s) * 1e3)
            cpu_us = (server.cpu_s() - cpu_s) / CHANGES / count * 1e6
            for stream in streams:
                stream.cancel()
    return Pushed(statistics.median(last_ms), cpu_us, stream_kib, len(frames[-1]))


async def watching(kind: Kind, channels: Sequence[grpc.aio.Channel], count: int) -> list[Any]:
    """So many streams, held by the server, each with its first frames read."""
    streams = [channels[number % len(channels)].stream_stream(kind.stream)() for number in range(count)]

    async def begin(stream: Any) -> None:
        for frame in kind.first:
            await stream.write(frame)
        for _ in range(kind.answers):
            await stream.read()

    for at in range(0, count, 100):
        await asyncio.gather(*map(begin, streams[at : at + 100]))
    return streams
