"""Changes pushed to SDKs of Nacos 1: datagrams of {"type": "dom", "data": ServiceInfo, "lastRefTime": number}, and their acks.

A client subscribes by each list that names its UDP port, which it asks for every 10 s: what is lost here is late, and no more.
A state that is not acknowledged within a second is sent again, twice; then the client is forgotten until it lists anew, as is one
that has not listed for 30 s.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, ip_address
from itertools import count
from typing import Any

import msgspec
import structlog

from muster_gateway.nacos.config_parameters import unmapped
from muster_gateway.nacos.grpc.service_info import Place, ReferenceTimes
from muster_gateway.nacos.grpc.session import Key
from muster_gateway.nacos.grpc.watching import ServiceWatches
from muster_gateway.nacos.v1.pushed import Address, Pushed, Subscriber
from muster_gateway.registry import Registry

log = structlog.get_logger(__name__)

MAX_SUBSCRIPTIONS = 10_000
MAX_TRIES = 3
ACK_S = 1.0
TICK_S = 0.25
FORGET_S = 30.0
SENT_AT_ONCE = 64


class Pushes(asyncio.DatagramProtocol):
    """Owned by the room; works within `serving`. Datagrams go to the address that a list came from: nobody can aim them at others.

    At most 10,000 subscriptions; one more is not taken, and its client sees changes by its lists. What is due waits while the
    socket is full, and its latest state is what is sent then.
    """

    def __init__(self, registry: Registry, times: ReferenceTimes, now: Callable[[], float] = time.monotonic) -> None:
        self._times, self._now = times, now
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []
        self._watches = ServiceWatches(registry.discovery, self._spawn)
        self._services: dict[Key, Pushed] = {}
        self._subscribers: dict[tuple[Key, str, Address], Subscriber] = {}
        self._awaited: dict[tuple[Address, int], Subscriber] = {}
        self._due: dict[Subscriber, None] = {}
        self._wake = asyncio.Event()
        self._numbers = count(time.time_ns() // 1_000_000)  # SDKs take it for a time
        self._transport: asyncio.DatagramTransport | None = None
        self._family = socket.AF_INET
        self._is_full = False

    def __len__(self) -> int:
        return len(self._subscribers)

    @property
    def awaited(self) -> int:
        """How many have something to acknowledge, or to be sent."""
        return len(self._awaited) + len(self._due)

    @asynccontextmanager
    async def serving(self, host: str) -> AsyncIterator[None]:
        """Push from this address for as long as the context is open, over the families that HTTP comes by: `::` is both."""
        loop, self._family = asyncio.get_running_loop(), socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            made = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0), family=self._family)
        except OSError as error:
            log.warning("no changes are pushed to SDKs of nacos 1", host=host, error=str(error))
            yield
            return
        async with self._group:
            transport = self._transport = made[0]
            self._spawn(self._send(transport))
            self._spawn(self._tick())
            try:
                yield
            finally:
                self._transport = None
                transport.close()
                for task in self._tasks:
                    task.cancel()

    def subscribe(self, service: Key, clusters: str, address: Address, place: Place) -> None:
        """Tell this address of what comes after what it was just answered. Port 0, and what the socket cannot reach, is ignored."""
        if self._transport is None or not address[1] or self._target(address) is None:
            return
        key = (service, clusters, address)
        subscriber = self._subscribers.get(key)
        if subscriber is None:
            if len(self._subscribers) >= MAX_SUBSCRIPTIONS:
                return
            subscriber = self._subscribers[key] = self._begin(service, clusters, address)
        subscriber.listed_s = self._now()
        self._take(subscriber, place)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """An acknowledgement: {"type": "push-ack", "lastRefTime": number or text}. Anything else is ignored."""
        try:
            number = int(msgspec.json.decode(data, type=dict[str, Any])["lastRefTime"])
        except (msgspec.DecodeError, KeyError, TypeError, ValueError, OverflowError):
            return
        subscriber = self._awaited.get(((unmapped(addr[0]), addr[1]), number))
        if subscriber is not None and subscriber.sent is not None:
            self._take(subscriber, subscriber.sent[1])

    def pause_writing(self) -> None:
        """The socket is full: wait."""
        self._is_full = True

    def resume_writing(self) -> None:
        """The socket has room again."""
        self._is_full = False
        self._wake.set()

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there any more; the missing acknowledgement says so too."""
        log.debug("datagram was not delivered", error=str(exc))

    def tick(self) -> None:
        """What time brings: send again what was not acknowledged, forget who is silent. O(subscribers)."""
        now_s = self._now()
        for subscriber in list(self._subscribers.values()):
            if now_s - subscriber.listed_s >= FORGET_S:
                self._forget(subscriber)
            elif subscriber.sent is not None and now_s >= subscriber.again_s:
                if subscriber.tries >= MAX_TRIES:
                    self._forget(subscriber)
                else:
                    self._due[subscriber] = None
        if self._due:
            self._wake.set()

    def _begin(self, service: Key, clusters: str, address: Address) -> Subscriber:
        pushed = self._services.get(service)
        if pushed is None:
            pushed = self._services[service] = Pushed(service, self._times, self._changed, self._ended)
            self._watches.add(pushed.watched)
        subscriber = pushed.subscribers[clusters, address] = Subscriber(pushed, clusters, address)
        return subscriber

    def _take(self, subscriber: Subscriber, place: Place) -> None:
        """The subscriber has this."""
        subscriber.told = max(subscriber.told, place)
        if subscriber.told >= subscriber.pushed.watched.place:
            self._settle(subscriber)
        else:
            self._post(subscriber)

    def _post(self, subscriber: Subscriber) -> None:
        self._settle(subscriber)
        self._due[subscriber] = None
        self._wake.set()

    def _settle(self, subscriber: Subscriber) -> None:
        if subscriber.sent is not None:
            self._awaited.pop((subscriber.address, subscriber.sent[0]), None)
            subscriber.sent = None
        subscriber.tries = 0
        self._due.pop(subscriber, None)

    def _forget(self, subscriber: Subscriber) -> None:
        self._settle(subscriber)
        pushed = subscriber.pushed
        service = pushed.watched.service
        del self._subscribers[service, subscriber.clusters, subscriber.address]
        del pushed.subscribers[subscriber.clusters, subscriber.address]
        if not pushed.subscribers:
            del self._services[service]
            self._watches.remove(service)

    def _changed(self, pushed: Pushed) -> None:
        for subscriber in pushed.subscribers.values():
            if subscriber.told < pushed.watched.place:
                self._post(subscriber)

    def _ended(self, pushed: Pushed) -> None:
        for subscriber in list(pushed.subscribers.values()):
            self._forget(subscriber)

    def _push(self, subscriber: Subscriber, transport: asyncio.DatagramTransport) -> None:
        number, body = subscriber.pushed.datagram(subscriber.clusters, self._numbers.__next__)
        place = subscriber.pushed.watched.place
        if not body:  # too large: the next list tells it
            self._take(subscriber, place)
            return
        subscriber.tries += 1
        subscriber.sent, subscriber.again_s = (number, place), self._now() + ACK_S
        self._awaited[subscriber.address, number] = subscriber
        transport.sendto(body, self._target(subscriber.address))

    def _target(self, address: Address) -> Address | None:
        """The address as the socket has it, where one of IPv6 shows those of IPv4 as its own; None if it cannot reach it."""
        host, port = address
        try:
            is_ipv4 = isinstance(ip_address(host), IPv4Address)
        except ValueError:
            return None
        if self._family is socket.AF_INET:
            return address if is_ipv4 else None
        return (f"::ffff:{host}", port) if is_ipv4 else address

    async def _send(self, transport: asyncio.DatagramTransport) -> None:
        """Send what is due, some in each turn of the loop, so that many subscribers delay nobody else."""
        while True:
            self._wake.clear()
            while self._due and not self._is_full:
                for subscriber in [one for one, _ in zip(self._due, range(SENT_AT_ONCE), strict=False)]:
                    del self._due[subscriber]
                    self._push(subscriber, transport)
                await asyncio.sleep(0)
            await self._wake.wait()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(self._group.create_task(work, name="nacos pushes"))
