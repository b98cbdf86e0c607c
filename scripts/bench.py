"""Measure Muster against a bare grpc.aio server, and a bare starlette app, in the same run, and print ratios.

Both servers run as processes of their own; this process makes the load, on the same machine. Every figure is the median of several
rounds, bare and Muster in turn. `CPU` figures are the server's processor time, user and system, which the load generator does not
touch. Absolute figures say more about the machine than about Muster; the ratios hold.

    scripts/bench                       all measures, about six minutes
    scripts/bench unary fan-out         only these
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc
import grpc.aio
import uvloop
from bench_durable import durable
from bench_harness import (
    BARE,
    CHANNELS,
    DISCOVERY,
    REGISTRATION,
    Case,
    Load,
    Row,
    Server,
    callers,
    compared,
    loaded,
    median,
    opened,
    request_for,
    running,
    shown,
)
from bench_nacos import nacos
from bench_push import fan_out, listen
from bench_servicecomb import servicecomb
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration


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
    plain = shown(unary_renew)
    return [
        Row("Session registrations, 100 to a frame, against unary Renew", plain, shown(one), one.rate / unary_renew.rate),
        Row("Session renewals, 100 instances each, against unary Renew", plain, shown(many), many.rate / unary_renew.rate, "≥ 10"),
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


MEASURES: dict[str, Callable[[int], Awaitable[list[Row]]]] = {
    "unary": unary,
    "fan-out": fan_out,
    "listen": listen,
    "start": start,
    "mixed": mixed,
    "durable": durable,
    "nacos": nacos,
    "servicecomb": servicecomb,
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
