"""Measure Muster against a bare grpc.aio server in the same run, and print ratios.

Both servers run as processes of their own; this process makes the load, on the same machine. Every figure is the median of several
rounds, bare and Muster in turn. `CPU` figures are the server's processor time, user and system, which the load generator does not
touch. Absolute figures say more about the machine than about Muster; the ratios hold.

    scripts/bench                       all measures, about four minutes
    scripts/bench unary fan-out         only these
"""

import argparse
import asyncio
import contextlib
import functools
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import uvloop
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration
from muster_server.storage.port import Bucket, Write
from muster_server.storage.sqlite import SqliteStore

BARE = "/bench.Bare/"
REGISTRATION = "/muster.registry.v1.RegistrationService/"
DISCOVERY = "/muster.registry.v1.DiscoveryService/"
CHANNELS = 8
IN_FLIGHT = 64
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Row:
    """One line of the table. `ratio` is better the higher it is, unless the target says `≤`."""

    name: str
    bare: str
    muster: str
    ratio: float | None
    target: str = ""


class Server:
    """A server in a process of its own, and what it used."""

    def __init__(self, process: "subprocess.Popen[bytes]", addresses: dict[str, Any], start_s: float) -> None:
        self.process = process
        self.target = str(addresses["grpc"])
        self.http: list[str] = addresses.get("http", [])
        self.start_s = start_s

    def cpu_s(self) -> float:
        """Processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    def rss_kib(self) -> int:
        """Resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])

    def channels(self, count: int) -> list[grpc.aio.Channel]:
        """Connections of their own."""
        return [grpc.aio.insecure_channel(self.target, options=(("grpc.use_local_subchannel_pool", 1),)) for _ in range(count)]


@contextlib.contextmanager
def running(kind: str, *flags: str) -> Iterator[Server]:
    """Start the `bare` server or `muster`; stop it at the end."""
    with tempfile.TemporaryDirectory() as scratch:
        ready = Path(scratch) / "ready.json"
        bare = [sys.executable, str(Path(__file__).with_name("bench_bare.py")), str(ready)]
        ports = ("--grpc-port", "0", "--http-ports", "0")
        muster = [sys.executable, "-m", "muster_server", "serve", *ports, "--ready-file", str(ready), *flags]
        began_s = time.monotonic()
        with subprocess.Popen(bare if kind == "bare" else muster, stderr=subprocess.DEVNULL) as process:
            while not ready.exists():
                if process.poll() is not None:
                    raise SystemExit(f"the {kind} server did not start")
                time.sleep(0.002)
            try:
                yield Server(process, json.loads(ready.read_text()), time.monotonic() - began_s)
            finally:
                process.send_signal(signal.SIGKILL if kind == "bare" else signal.SIGTERM)


@contextlib.asynccontextmanager
async def opened(channels: list[grpc.aio.Channel]) -> AsyncIterator[list[grpc.aio.Channel]]:
    """Close channels at the end."""
    try:
        yield channels
    finally:
        await asyncio.gather(*(channel.close() for channel in channels))


@dataclass(frozen=True)
class Load:
    """What one round cost: operations a second, and microseconds of server CPU an operation."""

    rate: float
    cpu_us: float

    def of_each(self, parts: int) -> "Load":
        """The same, counted by parts of an operation."""
        return Load(self.rate * parts, self.cpu_us / parts)


async def loaded(server: Server, count: int, work: Callable[[int], Awaitable[object]], in_flight: int = IN_FLIGHT) -> Load:
    """Do `work(0)` … `work(count - 1)`, so many at once."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await work(number)

    cpu_s, began_s = server.cpu_s(), time.monotonic()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return Load(count / (time.monotonic() - began_s), (server.cpu_s() - cpu_s) / count * 1e6)


def median(loads: Sequence[Load]) -> Load:
    """The median round, rate and CPU apart."""
    return Load(statistics.median(load.rate for load in loads), statistics.median(load.cpu_us for load in loads))


def compared(name: str, bare: Load, muster: Load, target: str) -> Row:
    """A row about calls: the ratio is that of the server's CPU."""
    return Row(name, _shown(bare), _shown(muster), bare.cpu_us / muster.cpu_us, target)


def _shown(load: Load) -> str:
    return f"{load.rate:,.0f}/s, {load.cpu_us:,.0f} µs CPU"


def request_for(number: int, service: str = "bench", **metadata: str) -> registration.RegisterRequest:
    """A registration of about 200 bytes."""
    instance = instance_pb2.Instance(
        endpoints=[
            instance_pb2.Endpoint(scheme="grpc", host=f"10.0.{number // 250 % 250}.{number % 250}", port=1000 + number % 60000)
        ],
        metadata={"version": "1.4.2", "zone": "eu-central-1a", "team": "payments", "build": "2026-11-24T10:00:00Z", **metadata},
    )
    return registration.RegisterRequest(service=instance_pb2.ServiceRef(name=service), instance=instance)


def callers(channels: Sequence[grpc.aio.Channel], path: str) -> list[Any]:
    """The method on each channel, for raw bytes."""
    return [channel.unary_unary(path) for channel in channels]


@dataclass(frozen=True)
class Case:
    """One method of one server, and what it is called with: a list of requests, used in turn, for each round."""

    server: Server
    channels: Sequence[grpc.aio.Channel]
    path: str
    requests: Sequence[Sequence[bytes]]

    async def load(self, turn: int, count: int, in_flight: int = IN_FLIGHT) -> Load:
        """One round."""
        methods = callers(self.channels, self.path)
        requests = self.requests[turn % len(self.requests)]
        return await loaded(
            self.server, count, lambda number: methods[number % len(methods)](requests[number % len(requests)]), in_flight
        )


async def unary(rounds: int) -> list[Row]:
    """Unary calls: register, renew, query ten instances."""
    count = 4000
    with running("bare") as bare, running("muster", "--storage", "memory") as muster:
        async with opened(bare.channels(CHANNELS)) as to_bare, opened(muster.channels(CHANNELS)) as to_muster:
            ten = registration.RegisterBatchRequest(registrations=[request_for(n, "ten") for n in range(10)])
            await callers(to_muster, REGISTRATION + "RegisterBatch")[0](ten.SerializeToString())
            name = instance_pb2.ServiceRef(name="ten")
            query = discovery.ListInstancesRequest(service=name).SerializeToString()
            answer = await callers(to_muster, DISCOVERY + "ListInstances")[0](query)
            ref = instance_pb2.InstanceRef(service=name, address=instance_pb2.InstanceAddress(host="10.0.0.1", port=1001))
            renewal = registration.RenewRequest(refs=[ref]).SerializeToString()
            fresh = [
                [request_for(n + turn * count, f"s{n % 200}").SerializeToString() for n in range(count)] for turn in range(rounds)
            ]
            cases = (
                Case(bare, to_bare, BARE + "Echo", fresh),
                Case(bare, to_bare, BARE + "Sized", [[str(len(answer)).encode()]]),
                Case(muster, to_muster, REGISTRATION + "Register", fresh),
                Case(muster, to_muster, REGISTRATION + "Renew", [[renewal]]),
                Case(muster, to_muster, DISCOVERY + "ListInstances", [[query]]),
            )
            loads = [[await case.load(turn, count) for case in cases] for turn in range(rounds)]
    echo, sized, register, renew, found = map(median, zip(*loads, strict=True))
    return [
        compared("unary Register, 64 in flight, against an echo", echo, register, "≥ 0.75"),
        compared("unary Renew, against an echo", echo, renew, "≥ 0.75"),
        compared(f"query of 10 instances, against {len(answer):,} bytes", sized, found, "≥ 0.85"),
        *await session(rounds, renew),
    ]


SESSIONS, HELD, FRAMES = 16, 100, 100


async def session(rounds: int, unary_renew: Load) -> list[Row]:
    """Registration and renewal on Session streams: 16 sessions of 100 instances."""
    with running("muster", "--storage", "memory") as muster:
        async with opened(muster.channels(SESSIONS)) as channels:
            loads = [await session_round(muster, channels, f"x{turn}") for turn in range(rounds)]
    one, many = map(median, zip(*loads, strict=True))
    shown = _shown(unary_renew)
    return [
        Row("Session registrations, 100 to a frame, against unary Renew", shown, _shown(one), one.rate / unary_renew.rate),
        Row("Session renewals, 100 instances each, against unary Renew", shown, _shown(many), many.rate / unary_renew.rate, "≥ 10"),
    ]


async def session_round(muster: Server, channels: Sequence[grpc.aio.Channel], service: str) -> tuple[Load, Load]:
    """What an instance's registration costs, and what its renewal does."""
    streams = [channel.stream_stream(REGISTRATION + "Session")() for channel in channels]
    renewal = registration.SessionRequest(renew={}).SerializeToString()
    frames = []
    for at in range(0, SESSIONS * HELD, HELD):
        register = registration.SessionRequest.Register(registrations=[request_for(n + at, service) for n in range(HELD)])
        frames.append(registration.SessionRequest(register=register).SerializeToString())

    async def say(stream: Any, frame: bytes) -> None:
        await stream.write(frame)
        await stream.read()

    async def renew(stream: Any) -> None:
        for _ in range(FRAMES):
            await say(stream, renewal)

    await asyncio.gather(*(say(stream, registration.SessionRequest(hello={}).SerializeToString()) for stream in streams))
    registered = await loaded(muster, SESSIONS, lambda number: say(streams[number], frames[number]), SESSIONS)
    renewed = await loaded(muster, SESSIONS, lambda number: renew(streams[number]), SESSIONS)
    for stream in streams:
        stream.cancel()
    return registered.of_each(HELD), renewed.of_each(FRAMES * HELD)


STREAMS, CHANGES = 1000, 10


async def fan_out(rounds: int) -> list[Row]:
    """One change to 1,000 streams, over 10 connections and over 1,000; and the memory of idle streams."""
    rows: list[Row] = []
    for connections in (10, 1000):
        pushed: list[tuple[Pushed, Pushed]] = []
        for _ in range(rounds):
            muster = await fan_out_round("muster", connections, 0)
            pushed.append((await fan_out_round("bare", connections, muster.size), muster))
        bare, ours = (Pushed.median(column) for column in zip(*pushed, strict=True))
        shown = [f"{p.last_ms:.0f} ms, {p.cpu_us:.0f} µs CPU a push" for p in (bare, ours)]
        rows.append(
            Row(f"change to the last of 1,000 streams, {connections:,} connections", *shown, bare.last_ms / ours.last_ms, "≥ 0.85")
        )
        held = [f"{p.stream_kib:.0f} KiB" for p in (bare, ours)]
        rows.append(
            Row(f"memory of an idle stream, {connections:,} connections", *held, ours.stream_kib / bare.stream_kib, "≤ 1.3")
        )
    return rows


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


async def fan_out_round(kind: str, connections: int, size: int) -> Pushed:
    """Ten changes to 1,000 streams of a fresh server; the bare one pushes `size` bytes."""
    path = BARE + "Publish" if kind == "bare" else REGISTRATION + "Register"
    with running(kind, *([] if kind == "bare" else ["--storage", "memory"])) as server:
        async with opened(server.channels(connections)) as channels:
            before_kib = server.rss_kib()
            streams = await watching(kind, channels, STREAMS)
            stream_kib = (server.rss_kib() - before_kib) / STREAMS
            cpu_s, last_ms, frames = server.cpu_s(), [], [b""]
            for number in range(CHANGES):
                body = bytes(size) if kind == "bare" else request_for(0, "watched", n=str(number)).SerializeToString()
                began_s = time.monotonic()
                _, *frames = await asyncio.gather(channels[0].unary_unary(path)(body), *(stream.read() for stream in streams))
                last_ms.append((time.monotonic() - began_s) * 1e3)
            cpu_us = (server.cpu_s() - cpu_s) / CHANGES / STREAMS * 1e6
            for stream in streams:
                stream.cancel()
    return Pushed(statistics.median(last_ms), cpu_us, stream_kib, len(frames[-1]))


async def watching(kind: str, channels: Sequence[grpc.aio.Channel], count: int) -> list[Any]:
    """So many streams, held by the server, each with its first frame read."""
    path = BARE + "Stream" if kind == "bare" else DISCOVERY + "Watch"
    name = instance_pb2.ServiceRef(name="watched")
    subscribe = discovery.WatchRequest(subscribe=discovery.WatchRequest.Subscribe(service=name)).SerializeToString()
    first = b"hold" if kind == "bare" else subscribe
    streams = [channels[n % len(channels)].stream_stream(path)() for n in range(count)]

    async def begin(stream: Any) -> None:
        await stream.write(first)
        await stream.read()

    for at in range(0, count, 100):
        await asyncio.gather(*map(begin, streams[at : at + 100]))
    return streams


async def start(rounds: int) -> list[Row]:
    """From exec to serving: empty, and with 100,000 instances of a run before."""
    bare: list[float] = []
    fresh: list[float] = []
    again: list[float] = []
    for _ in range(rounds):
        with running("bare") as server:
            bare.append(server.start_s)
        with tempfile.TemporaryDirectory() as data, running("muster", "--data-dir", data) as server:
            fresh.append(server.start_s)
    with tempfile.TemporaryDirectory() as data:
        with running("muster", "--data-dir", data) as server:
            async with opened(server.channels(1)) as channels:
                method = channels[0].unary_unary(REGISTRATION + "RegisterBatch")
                for at in range(0, 100_000, 1000):
                    items = [request_for(n, f"s{n // 10}") for n in range(at, at + 1000)]
                    await method(registration.RegisterBatchRequest(registrations=items).SerializeToString())
        for _ in range(min(rounds, 3)):
            with running("muster", "--data-dir", data) as server:
                again.append(server.start_s)
    bare_s, muster_s, again_s = map(statistics.median, (bare, fresh, again))
    return [
        Row("exec to serving", f"{bare_s:.2f} s", f"{muster_s:.2f} s", None, "≤ 1.0 s"),
        Row("restart to serving, 100,000 instances", "", f"{again_s:.2f} s", None, "≤ 3 s"),
    ]


async def mixed(rounds: int) -> list[Row]:
    """What HTTP load on the gateway leaves to gRPC on the same loop."""
    alone: list[Load] = []
    together: list[Load] = []
    http: list[float] = []
    with running("muster", "--storage", "memory") as muster:
        async with opened(muster.channels(CHANNELS)) as channels:
            case = Case(muster, channels, REGISTRATION + "Register", [[request_for(1, "mixed").SerializeToString()]])
            for turn in range(rounds):
                alone.append(await case.load(turn, 3000, in_flight=8))
                stop, began_s = asyncio.Event(), time.monotonic()
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(http_load(muster.http[0], stop)) for _ in range(32)]
                    together.append(await case.load(turn, 1000, in_flight=8))
                    stop.set()
                http.append(sum(task.result() for task in tasks) / (time.monotonic() - began_s))
    quiet, busy = median(alone).rate, median(together).rate
    return [
        Row("gRPC registrations alone / under HTTP load", f"{quiet:,.0f}/s", f"{busy:,.0f}/s", busy / quiet),
        Row("HTTP queries meanwhile, 32 connections", "", f"{statistics.median(http):,.0f}/s", None),
    ]


async def http_load(address: str, stop: asyncio.Event) -> int:
    """Query over one connection until told to stop; answers how often."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    count = 0
    while not stop.is_set():
        writer.write(b"GET /nacos/v3/client/ns/instance/list?serviceName=mixed HTTP/1.1\r\nHost: bench\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await reader.readexactly(int(length.partition(b":")[2]))
        count += 1
    writer.close()
    return count


async def durable(rounds: int) -> list[Row]:
    """Durable writes of 1 KiB by 64 writers: group commit, against one sqlite commit each."""
    single: list[float] = []
    grouped: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as data:
            single.append(_one_commit_each(Path(data) / "single.db", 1000, bytes(1024)))
            grouped.append(await _group_commits(Path(data), 6400, bytes(1024)))
    bare, muster = statistics.median(single), statistics.median(grouped)
    return [Row("durable writes of 1 KiB, 64 writers", f"{bare:,.0f}/s one commit each", f"{muster:,.0f}/s", muster / bare, "≥ 10")]


async def _group_commits(data_dir: Path, count: int, value: bytes) -> float:
    store = SqliteStore(data_dir)
    loop, numbers = asyncio.get_running_loop(), iter(range(count))

    async def writer() -> None:
        for number in numbers:
            done = loop.create_future()
            write = Write(Bucket.INSTANCES, str(number).encode(), value)
            store.submit((write,), functools.partial(loop.call_soon_threadsafe, done.set_result))
            await done

    began_s = time.monotonic()
    await asyncio.gather(*(writer() for _ in range(64)))
    rate = count / (time.monotonic() - began_s)
    store.close()
    return rate


def _one_commit_each(path: Path, count: int, value: bytes) -> float:
    lock = threading.Lock()
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB)")
    numbers = iter(range(count))

    def write() -> None:
        while True:
            with lock:
                if (number := next(numbers, None)) is None:
                    return
                connection.execute("INSERT INTO entries VALUES (?, ?)", (str(number), value))

    threads = [threading.Thread(target=write) for _ in range(64)]
    began_s = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connection.close()
    return count / (time.monotonic() - began_s)


MEASURES: dict[str, Callable[[int], Awaitable[list[Row]]]] = {
    "unary": unary,
    "fan-out": fan_out,
    "start": start,
    "mixed": mixed,
    "durable": durable,
}


async def measure(names: Sequence[str], rounds: int) -> None:
    """Measure and print one table, row by row."""
    print("| measure | bare | Muster | ratio | target |\n|---|---|---|---|---|")
    for name in names:
        for row in await MEASURES[name](rounds):
            ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
            print(f"| {row.name} | {row.bare} | {row.muster} | {ratio} | {row.target} |", flush=True)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*MEASURES, []], help="which measures; all by default")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each; the median is shown (default 5)")
    arguments = parser.parse_args()
    uvloop.run(measure(arguments.names or list(MEASURES), arguments.rounds))


if __name__ == "__main__":
    main()
