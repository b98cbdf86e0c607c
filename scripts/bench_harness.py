"""What every measure of bench.py needs: servers in processes of their own, load, and what it cost."""

import asyncio
import contextlib
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration

BARE = "/bench.Bare/"
REGISTRATION = "/muster.registry.v1.RegistrationService/"
DISCOVERY = "/muster.registry.v1.DiscoveryService/"
CONFIG = "/muster.config.v1.ConfigService/"
CHANNELS = 8
IN_FLIGHT = 64
CPUCLOCK_SCHED = 2  # linux/posix-timers.h


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
        self.target = str(addresses.get("grpc", ""))
        self.http: list[str] = addresses.get("http", [])
        self.start_s = start_s

    def cpu_s(self) -> float:
        """Processor time so far, of all its threads: the clock that clock_getcpuclockid(3) answers."""
        return time.clock_gettime(~self.process.pid << 3 | CPUCLOCK_SCHED)

    def rss_kib(self) -> int:
        """Resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])

    def channels(self, count: int) -> list[grpc.aio.Channel]:
        """Connections of their own."""
        return [grpc.aio.insecure_channel(self.target, options=(("grpc.use_local_subchannel_pool", 1),)) for _ in range(count)]


@contextlib.contextmanager
def running(kind: str, *flags: str) -> Iterator[Server]:
    """Start a bare server, `bare` or `bare_http`, or `muster`; stop it at the end."""
    with tempfile.TemporaryDirectory() as scratch:
        ready = Path(scratch) / "ready.json"
        bare = [sys.executable, str(Path(__file__).with_name(f"bench_{kind}.py")), str(ready)]
        ports = ("--grpc-port", "0", "--http-ports", "0")
        muster = [sys.executable, "-m", "muster_server", "serve", *ports, "--ready-file", str(ready), *flags]
        began_s = time.monotonic()
        with subprocess.Popen(muster if kind == "muster" else bare, stderr=subprocess.DEVNULL) as process:
            while not ready.exists():
                if process.poll() is not None:
                    raise SystemExit(f"the {kind} server did not start")
                time.sleep(0.002)
            try:
                yield Server(process, json.loads(ready.read_text()), time.monotonic() - began_s)
            finally:
                process.send_signal(signal.SIGTERM if kind == "muster" else signal.SIGKILL)


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

    def of_each(self, parts: float) -> "Load":
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
    return Row(name, shown(bare), shown(muster), bare.cpu_us / muster.cpu_us, target)


def shown(load: Load) -> str:
    """A load as the table shows it."""
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
