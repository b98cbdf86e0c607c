"""Who is connected. A client's unary calls and its stream belong together by the socket's address, which gRPC calls the peer."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from muster_gateway.callers import Caller
from muster_gateway.nacos.grpc import outbox, wire
from muster_gateway.nacos.grpc.outbox import Outbox
from muster_gateway.nacos.grpc.wire import RefusedCallError

PENDING_S = 30.0
MAX_PENDING = 10_000
SETUP_WAIT_S = 0.5
IDLE_S = 20.0
DETECTION_S = 5.0
STUCK_S = 30.0
_DETECTION = "detection"


class Connection:
    """One stream of one client, owned by the stream's handler. `session` and `listening` are made when first needed.

    Where the registry asks for credentials, `user` is whose connection this is, and `caller` who it acts for.
    """

    def __init__(self, connection_id: str, client_ip: str, labels: Mapping[str, str], now: Callable[[], float]) -> None:
        self.id = connection_id
        self.client_ip = client_ip
        self.labels = labels
        self.outbox = Outbox(now)
        self.session: Any = None
        self.listening: Any = None
        self.stop_listening: Callable[[], object] = lambda: None
        self.subscriptions: set[Any] = set()
        self.version = ""
        self.fuzzy_watches: dict[tuple[str, str], Any] = {}
        self.user = ""
        self.caller: Caller | None = None
        self.stop_holding: Callable[[], object] = lambda: None
        self.failure = ""
        self.is_gone = False
        self._now = now
        self._task = asyncio.current_task()
        self._active_s = now()
        self._probed_s: float | None = None

    def is_active(self) -> None:
        """The client gave a sign of life."""
        self._active_s, self._probed_s = self._now(), None

    def check_open(self) -> None:
        """To be asked after a wait and before something is kept for the connection. Raises RefusedCallError if it is gone."""
        if self.is_gone:
            raise RefusedCallError(wire.UNREGISTERED, "Connection is unregistered.")

    def end(self, why: str) -> None:
        """Throw the client off. It sees UNAVAILABLE, the one end after which every SDK connects anew."""
        if not self.failure and self._task is not None:
            self.failure = why
            self._task.cancel()

    def tick(self) -> None:
        """Send again what was not acknowledged; ask a silent client whether it lives, and throw one off that does not."""
        now_s, writing_since_s = self._now(), self.outbox.writing_since_s
        self.outbox.tick()
        if writing_since_s is not None and now_s - writing_since_s >= STUCK_S:
            self.end(f"nothing was read for {STUCK_S:.0f} s")
        elif self._probed_s is not None:
            if now_s - self._probed_s >= DETECTION_S:
                self.end("the client does not answer")
        elif now_s - self._active_s >= IDLE_S:
            self._probed_s = now_s
            self.outbox.post(_DETECTION, _detection, outbox.once)


class Connections:
    """All of them, by peer. State changes are synchronous; `tick` is to be called every second."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._pending: dict[str, tuple[str, float, asyncio.Event]] = {}
        self._live: dict[str, Connection] = {}

    def __len__(self) -> int:
        return len(self._live)

    def live(self) -> list[tuple[str, Connection]]:
        """Those that are set up, each with its peer; oldest first."""
        return list(self._live.items())

    def find_id(self, connection_id: str) -> Connection | None:
        """A connection by its id; None if it is not set up. O(connections)."""
        return next((one for one in self._live.values() if one.id == connection_id), None)

    def check(self, peer: str) -> str:
        """The id of this peer's connection, be it one that is still to be set up."""
        if peer in self._live:
            return self._live[peer].id
        if peer not in self._pending:
            if len(self._pending) >= MAX_PENDING:
                self._pending.pop(next(iter(self._pending)))
            self._pending[peer] = (secrets.token_hex(12), self.now(), asyncio.Event())
        return self._pending[peer][0]

    def set_up(self, peer: str, client_ip: str, labels: Mapping[str, str]) -> Connection:
        """The connection of the stream whose handler calls. A second stream of a peer ends the first."""
        connection = Connection(self.check(peer), client_ip, labels, self.now)
        former = self._live.get(peer)
        self._live[peer] = connection
        if former is not None:
            former.end("the client has opened another stream")
        pending = self._pending.pop(peer, None)
        if pending is not None:
            pending[2].set()
        return connection

    def at(self, peer: str) -> Connection | None:
        """The connection of a unary call, if its stream is there, as nearly always."""
        return self._live.get(peer)

    async def find(self, peer: str) -> Connection | None:
        """Likewise. Waits half a second for a stream that was announced: calls may overtake each other."""
        pending = self._pending.get(peer)
        if pending is not None and peer not in self._live:
            try:
                async with asyncio.timeout(SETUP_WAIT_S):
                    await pending[2].wait()
            except TimeoutError:
                return None
        return self._live.get(peer)

    def remove(self, peer: str, connection: Connection) -> None:
        """The stream has ended."""
        connection.is_gone = True
        if self._live.get(peer) is connection:
            del self._live[peer]

    def tick(self) -> None:
        """What time brings. O(connections)."""
        for connection in list(self._live.values()):
            connection.tick()
        while self._pending and self.now() - next(iter(self._pending.values()))[1] >= PENDING_S:
            self._pending.pop(next(iter(self._pending)))

    def all(self) -> list[Connection]:
        """Those that are set up."""
        return list(self._live.values())

    def end_all(self, why: str) -> None:
        """Throw everybody off."""
        for connection in list(self._live.values()):
            connection.end(why)


@lru_cache(10_000)
def address_of(peer: str) -> str:
    """The network address in gRPC's name of a peer, which is `ipv4:10.0.0.1:80` or `ipv6:[::1]:80`, its brackets escaped."""
    kind, _, rest = unquote(peer).partition(":")
    return rest.rpartition(":")[0].strip("[]") if kind in ("ipv4", "ipv6") else ""


def _detection(request_id: str) -> bytes:
    return wire.push("ClientDetectionRequest", "internal", request_id, {})
