"""The configs that one client listens to: one native Listen stream, and word of each change that the client does not know."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import grpc.aio
import structlog
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as native
from muster.registry.v1 import error_reason_pb2

from muster_gateway.nacos.credentials import DENIED
from muster_gateway.nacos.grpc import wire
from muster_gateway.nacos.grpc.session import Key
from muster_gateway.nacos.grpc.wire import RefusedCallError
from muster_gateway.registry import CALL_TIMEOUT_S

log = structlog.get_logger(__name__)

MAX_ITEMS = 10_000
MAX_ADDED = 1000
SETTLED_S = 0.1


@dataclass(slots=True)
class Item:
    """One config. `names` is how the client writes it; `md5` is what the registry has for it, empty if there is nothing.

    `is_known` once the registry has told of it. There are many, so they have no event each: whoever waits waits for news of any.
    """

    names: Mapping[str, str]
    client_md5: str
    md5: str = ""
    failure: RefusedCallError | None = None
    is_known: bool = False


class Hearer(Protocol):
    """Who is told. State changes are synchronous."""

    def differs(self, key: Key, item: Item) -> None:
        """The config is not what the client has, since now."""
        ...

    def is_settled(self, key: Key) -> None:
        """The client has it, or has no interest in it any more."""
        ...

    def end(self, why: str) -> None:
        """Nothing more will be told."""
        ...


class Listening:
    """Owned by its task, which is `run`; others add and remove items, 10,000 at most.

    Nothing is told within 100 ms of an answer: SDKs take up the answer to all that they listen to after they have it, and would
    undo by it what a push that overtakes them has just said.
    """

    def __init__(self, stub: Any, traits: config_pb2.ClientTraits, hearer: Hearer) -> None:
        self._stub, self._traits, self._hearer = stub, traits, hearer
        self._items: dict[Key, Item] = {}
        self._wanted: dict[Key, bool] = {}
        self._wake, self._news = asyncio.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._answered_s = -SETTLED_S

    async def listen(self, asked: Mapping[Key, tuple[Mapping[str, str], str]]) -> list[Mapping[str, str]]:
        """Listen to these, given by the client's names and md5; answers the names of those that differ. Raises RefusedCallError."""
        if len(self._items.keys() | asked.keys()) > MAX_ITEMS:
            raise RefusedCallError(wire.OVER_LIMIT, f"at most {MAX_ITEMS} configs for a connection")
        for key, (names, md5) in asked.items():
            item = self._items.get(key)
            if item is None or item.failure:
                self._items[key] = Item(names, md5)
                self._want(key, is_wanted=True)
            else:
                item.names, item.client_md5 = names, md5
                if item.md5 == md5:
                    self._hearer.is_settled(key)
        items = [self._items[key] for key in asked]
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                for item in items:
                    while not item.is_known:
                        self._news.clear()
                        await self._news.wait()
        except TimeoutError:
            raise RefusedCallError(wire.FAILED, "The registry does not answer") from None
        for item in items:
            if item.failure is not None:
                raise item.failure
        self._answered_s = self._loop.time()
        return [item.names for item in items if item.md5 != item.client_md5]

    def ignore(self, keys: list[Key]) -> None:
        """End listening to these. Unknown ones are ignored."""
        for key in keys:
            self._hearer.is_settled(key)
            if self._items.pop(key, None) is not None:
                self._want(key, is_wanted=False)

    async def run(self) -> None:
        """Serve until cancelled. If the registry ends the stream, the hearer is told, to listen again."""
        stream = self._stub.Listen()
        try:
            hello = native.ListenRequest.Hello(client_name="nacos-gateway", client=self._traits)
            await stream.write(native.ListenRequest(hello=hello))
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write(stream), name="nacos listen writer")
                while (frame := await stream.read()) is not grpc.aio.EOF:
                    self._take(frame)
                writer.cancel()
            self._hearer.end("the registry has ended the listening")
        except* (grpc.aio.AioRpcError, asyncio.InvalidStateError) as errors:
            log.warning("listening of a nacos client has ended", error=str(errors.exceptions[0]))
            self._hearer.end("the registry has ended the listening")
        finally:
            stream.cancel()

    async def _write(self, stream: Any) -> None:
        while True:
            while self._wanted:
                batch = [self._wanted.popitem() for _ in range(min(len(self._wanted), MAX_ADDED))]
                added = [native.ListenRequest.Interest(ref=_ref(key)) for key, is_wanted in batch if is_wanted]
                removed = [_ref(key) for key, is_wanted in batch if not is_wanted]
                if added:
                    await stream.write(native.ListenRequest(add=native.ListenRequest.Add(interests=added)))
                if removed:
                    await stream.write(native.ListenRequest(remove=native.ListenRequest.Remove(refs=removed)))
            self._wake.clear()
            await self._wake.wait()

    def _want(self, key: Key, *, is_wanted: bool) -> None:
        self._wanted[key] = is_wanted
        self._wake.set()

    def _take(self, frame: native.ListenResponse) -> None:
        kind = frame.WhichOneof("frame")
        if kind == "reconnect_after":
            raise asyncio.InvalidStateError("the registry is about to stop")
        if kind not in ("changed", "missing", "cancelled"):
            return
        message = getattr(frame, kind)
        key = (message.ref.namespace, message.ref.group, message.ref.name)
        item = self._items.get(key)
        if item is None:
            return
        is_first, item.is_known = not item.is_known, True
        self._news.set()
        if kind == "cancelled":
            is_denied = message.reason == error_reason_pb2.ERROR_REASON_PERMISSION_DENIED
            code, why = (wire.FORBIDDEN, DENIED) if is_denied else (wire.INVALID_PARAMETER, message.message)
            item.failure = RefusedCallError(code, why)
            return
        item.md5 = message.release.md5 if kind == "changed" else ""
        if not is_first:
            self._tell(key, item)

    def _tell(self, key: Key, item: Item) -> None:
        """Say that a config differs, if it still does, as soon as answers have settled."""
        settled_s = self._answered_s + SETTLED_S
        if item.md5 == item.client_md5 or self._items.get(key) is not item:
            return
        if self._loop.time() < settled_s:
            self._loop.call_at(settled_s, self._tell, key, item)
        else:
            self._hearer.differs(key, item)


def _ref(key: Key) -> config_pb2.ConfigRef:
    return config_pb2.ConfigRef(namespace=key[0], group=key[1], name=key[2])
