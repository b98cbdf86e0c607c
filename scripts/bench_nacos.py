"""Measures of the Nacos gRPC side: registering, pushing, and the memory of idle connections."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import Any

import grpc.aio
from bench_harness import BARE, CHANNELS, DISCOVERY, REGISTRATION, Row, compared, loaded, median, opened, request_for, running
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2
from muster_gateway.nacos.grpc import wire

CONNECTIONS, CHANGES, IDLE = 100, 200, 1000
_METADATA = {"version": "1.4.2", "zone": "eu-central-1a", "team": "payments", "build": "2026-11-24T10:00:00Z"}


class Connection:
    """A Nacos connection on a channel of its own."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.call: Any = channel.unary_unary("/Request/request")
        self._open: Any = channel.stream_stream("/BiRequestStream/requestBiStream")
        self.stream: Any = None

    async def set_up(self) -> None:
        """As SDKs do it."""
        await self.call(wire.encode("ServerCheckRequest", {}))
        self.stream = self._open()
        await self.stream.write(wire.encode("ConnectionSetupRequest", {"abilityTable": {}, "labels": {"module": "naming"}}))
        await self.stream.read()

    async def subscribe(self) -> None:
        """To the service that the measures change."""
        await self.call(wire.encode("SubscribeServiceRequest", {"serviceName": "watched", "subscribe": True}))

    async def pushed(self) -> float:
        """When the next push has come; it is acknowledged."""
        frame = wire.decode(await self.stream.read())
        came_s = time.monotonic()
        request_id = wire.read(frame.body, dict)["requestId"]
        await self.stream.write(wire.encode("NotifySubscriberResponse", {"requestId": request_id, "resultCode": 200}))
        return came_s


def registration(service: str, number: int) -> bytes:
    """An InstanceRequest of about 400 bytes."""
    ip = f"10.0.{number // 250 % 250}.{number % 250}"
    fields = {"ip": ip, "port": 8080, "weight": 1.0, "healthy": True, "enabled": True, "ephemeral": True, "metadata": _METADATA}
    return wire.encode("InstanceRequest", {"type": "registerInstance", "serviceName": service, "instance": fields})


async def connected(channels: Sequence[grpc.aio.Channel]) -> list[Connection]:
    """A Nacos connection on each."""
    connections = [Connection(channel) for channel in channels]
    for at in range(0, len(connections), 50):
        await asyncio.gather(*(connection.set_up() for connection in connections[at : at + 50]))
    return connections


async def register(rounds: int) -> Row:
    """Nacos registrations, 64 in flight, against an echo of the same bytes."""
    count = 4000
    with running("bare") as bare, running("muster", "--storage", "memory") as muster:
        async with opened(bare.channels(CHANNELS)) as to_bare, opened(muster.channels(CHANNELS)) as to_muster:
            echoes = [channel.unary_unary(BARE + "Echo") for channel in to_bare]
            calls = [connection.call for connection in await connected(to_muster)]
            loads = []
            for turn in range(rounds):
                fresh = [registration(f"s{turn}-{number // CHANNELS}", number) for number in range(count)]
                plain = await loaded(bare, count, lambda n, fresh=fresh: echoes[n % CHANNELS](fresh[n]))
                ours = await loaded(muster, count, lambda n, fresh=fresh: calls[n % CHANNELS](fresh[n]))
                loads.append((plain, ours))
    echo, mine = map(median, zip(*loads, strict=True))
    return compared("Nacos register, 64 in flight, against an echo", echo, mine, "≥ 0.6")


async def latency(count: int) -> tuple[float, float]:
    """Milliseconds from a change to one of so many subscribers, the median: native watchers, and Nacos subscribers."""
    with running("muster", "--storage", "memory") as muster:
        async with opened(muster.channels(1)) as (publisher,):
            change = publisher.unary_unary(REGISTRATION + "Register")
            async with opened(muster.channels(count)) as channels:
                subscribe = discovery.WatchRequest.Subscribe(service=instance_pb2.ServiceRef(name="watched"))
                streams = [channel.stream_stream(DISCOVERY + "Watch")() for channel in channels]
                for stream in streams:
                    await stream.write(discovery.WatchRequest(subscribe=subscribe).SerializeToString())
                    await stream.read()
                native = await _changed(change, [_read(stream) for stream in streams])
            async with opened(muster.channels(count)) as channels:
                connections = await connected(channels)
                await asyncio.gather(*(connection.subscribe() for connection in connections))
                nacos = await _changed(change, [connection.pushed for connection in connections])
    return native, nacos


def _read(stream: Any) -> Any:
    async def read() -> float:
        await stream.read()
        return time.monotonic()

    return read


async def _changed(change: Any, readers: Sequence[Any]) -> float:
    times_s: list[float] = []
    for number in range(CHANGES // 2 if len(readers) > 1 else CHANGES):
        began_s = time.monotonic()
        reads = [reader() for reader in readers]
        _, *came_s = await asyncio.gather(change(request_for(0, "watched", n=str(number)).SerializeToString()), *reads)
        times_s += [each_s - began_s for each_s in came_s]
    return statistics.median(times_s) * 1e3


async def idle() -> float:
    """KiB of server memory for each of 1,000 connections that have registered and subscribed, and do nothing more."""
    with running("muster", "--storage", "memory") as muster:
        async with opened(muster.channels(1)) as (first,):
            (warm,) = await connected([first])
            await warm.subscribe()
            before_kib = muster.rss_kib()
            async with opened(muster.channels(IDLE)) as channels:
                connections = await connected(channels)
                for number, connection in enumerate(connections):
                    await connection.subscribe()
                    await connection.call(registration(f"idle-{number // 10}", number))
                return (muster.rss_kib() - before_kib) / IDLE


async def nacos(rounds: int) -> list[Row]:
    """All of them."""
    rows = [await register(rounds)]
    for count in (1, CONNECTIONS):
        pairs = [await latency(count) for _ in range(min(rounds, 3))]
        native_ms, nacos_ms = (statistics.median(column) for column in zip(*pairs, strict=True))
        who = (
            ("a Nacos subscriber", "a native watcher")
            if count == 1
            else (f"one of {count} Nacos subscribers", "as many native watchers")
        )
        name = f"change to {who[0]}, against {who[1]}"
        rows.append(Row(name, f"{native_ms:.2f} ms", f"{nacos_ms:.2f} ms", nacos_ms / native_ms, "≤ 2"))
    held = statistics.median([await idle() for _ in range(min(rounds, 3))])
    rows.append(Row("memory of an idle Nacos connection, registered and subscribed", "", f"{held:.0f} KiB", None, "≤ 60 KiB"))
    return rows
