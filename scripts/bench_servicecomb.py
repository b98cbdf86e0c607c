"""Measures of the ServiceComb dialect, over HTTP and WebSockets, against a bare starlette app that answers the same bytes."""

import asyncio
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx
from bench_harness import Load, Row, Server, compared, median, running
from bench_http import request, requested, sockets

REGISTRY = "/v4/default/registry"
CALLS, FOUND, WATCHERS, CHANGES = 4000, 100, 2000, 10


@dataclass(frozen=True)
class Call:
    """What is called: the request of a number, how often, and the answer that is expected."""

    name: str
    target: str
    make: Callable[[int], tuple[str, str, bytes]]
    size: int
    status: int = 200
    count: int = CALLS

    def requests(self, turn: int) -> list[bytes]:
        """Those of a round. The bare app reads from them how it shall answer."""
        headers = f"x-size: {self.size}\r\nx-status: {self.status}\r\n"
        made = map(self.make, range(turn * self.count, (turn + 1) * self.count))
        return [request(method, f"{REGISTRY}{path}", body, headers) for method, path, body in made]


def instance(number: int) -> bytes:
    """A registration of about 300 bytes."""
    said = {
        "instanceId": f"{number:032x}",
        "hostName": f"host-{number}",
        "endpoints": [f"rest://10.0.{number // 250 % 250}.{number % 250}:8080?sslEnabled=false"],
        "properties": {"version": "1.4.2", "zone": "eu-central-1a", "team": "payments", "build": "2026-11-24T10:00:00Z"},
        "healthCheck": {"mode": "push", "interval": 30, "times": 3},
    }
    return json.dumps({"instance": said}).encode()


async def servicecomb(rounds: int) -> list[Row]:
    """All of them."""
    with running("muster", "--storage", "memory") as muster, running("bare_http") as bare:
        rows = [await _compare(bare, muster, call, rounds) for call in await _calls(muster)]
    return [*rows, await fan_out(rounds)]


async def _compare(bare: Server, muster: Server, call: Call, rounds: int) -> Row:
    loads: list[tuple[Load, Load]] = []
    for turn in range(rounds):
        requests = call.requests(turn)
        loads.append((await requested(bare, requests, call.status), await requested(muster, requests, call.status)))
    return compared(f"ServiceComb {call.name}, against {call.size:,} bytes", *map(median, zip(*loads, strict=True)), call.target)


async def _calls(muster: Server) -> list[Call]:
    """What is measured, after the registrations that it takes."""
    async with httpx.AsyncClient(base_url=f"http://{muster.http[0]}{REGISTRY}") as client:
        found, crowded = [await _service(client, name) for name in ("found", "crowded")]
        here = f"/microservices/{found}/instances"
        for number in range(FOUND):
            one = await client.post(here, content=instance(number))
        names = "/instances?appId=bench&serviceName=found&version=0%2B"
        every = await client.get(names)
        ids = [f"{number:032x}" for number in range(FOUND)]
        beats = json.dumps({"instances": [{"serviceId": found, "instanceId": name} for name in ids]}).encode()
        many = await client.put("/heartbeats", content=beats)
        for answer in (one, every, many):
            answer.raise_for_status()
    unchanged = f"{names}&rev={every.headers['x-resource-revision']}"
    there = f"/microservices/{crowded}/instances"
    return [
        Call("register", "≥ 0.3", lambda n: ("POST", there, instance(n)), len(one.content)),
        Call("heartbeat", "≥ 0.4", lambda n: ("PUT", f"{here}/{ids[n % FOUND]}/heartbeat", b""), 0),
        Call(f"heartbeats of {FOUND}", "", lambda _: ("PUT", "/heartbeats", beats), len(many.content), count=CALLS // 10),
        Call("find, unchanged", "≥ 0.5", lambda _: ("GET", unchanged, b""), 0, status=304),
        Call(f"find of {FOUND} instances", "≥ 0.5", lambda _: ("GET", names, b""), len(every.content)),
    ]


async def _service(client: httpx.AsyncClient, name: str) -> str:
    answer = await client.post("/microservices", json={"service": {"appId": "bench", "serviceName": name, "version": "1.0.0"}})
    return str(answer.raise_for_status().json()["serviceId"])


async def fan_out(rounds: int) -> Row:
    """One change of a service to 2,000 WebSockets, until the last has it."""
    pairs = []
    for _ in range(rounds):
        with running("muster", "--storage", "memory") as muster:
            ours, text = await _watched(muster)
        with running("bare_http") as bare:
            plain, _ = await _told(bare, "/", [("/publish", text)] * CHANGES)
        pairs.append((plain, ours))
    plain_ms, muster_ms = (statistics.median(column) for column in zip(*pairs, strict=True))
    name = f"ServiceComb change to the last of {WATCHERS:,} WebSockets"
    return Row(name, f"{plain_ms:.1f} ms", f"{muster_ms:.1f} ms", muster_ms / plain_ms, "≤ 2")


async def _watched(muster: Server) -> tuple[float, bytes]:
    """Milliseconds, and what was sent."""
    async with httpx.AsyncClient(base_url=f"http://{muster.http[0]}{REGISTRY}") as client:
        consumer, watched = [await _service(client, name) for name in ("consumer", "watched")]
        find = {"appId": "bench", "serviceName": "watched"}
        answer = await client.get("/instances", params=find, headers={"X-ConsumerId": consumer})
        answer.raise_for_status()
    path = f"{REGISTRY}/microservices/{watched}/instances"
    changes = [(path, instance(number)) for number in range(CHANGES)]
    return await _told(muster, f"{REGISTRY}/microservices/{consumer}/watcher", changes)


async def _told(server: Server, path: str, changes: Sequence[tuple[str, bytes]]) -> tuple[float, bytes]:
    """Milliseconds from a change until the last of 2,000 sockets on a path has it, the median; and what it is sent."""
    every = await sockets(server, path, WATCHERS)
    last_ms, text = [], b""
    async with httpx.AsyncClient(base_url=f"http://{server.http[0]}") as client:
        for target, body in changes:
            began_s = time.monotonic()
            answer, *came = await asyncio.gather(client.post(target, content=body), *(socket.next() for socket in every))
            last_ms.append((time.monotonic() - began_s) * 1e3)
            answer.raise_for_status()
            text = bytes(came[-1].data)
    for socket in every:
        socket.close()
    return statistics.median(last_ms), text
