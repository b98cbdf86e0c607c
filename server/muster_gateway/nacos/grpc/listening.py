"""The configs that one connection listens to: one native Listen stream, and a notice for each change the client does not know."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc.aio
import structlog
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as native
from muster.registry.v1 import error_reason_pb2

from muster_gateway.nacos.credentials import DENIED
from muster_gateway.nacos.grpc import outbox, wire
from muster_gateway.nacos.grpc.outbox import Outbox
from muster_gateway.nacos.grpc.session import Key
from muster_gateway.nacos.grpc.wire import RefusedCallError
from muster_gateway.registry import CALL_TIMEOUT_S

log = structlog.get_logger(__name__)

MAX_ITEMS = 10_000
MAX_ADDED = 1000


@dataclass(slots=True)
class Item:
    """One config. `names` is how the client writes it; `md5` is what the registry has for it, empty if there is nothing."""

    names: Mapping[str, str]
    client_md5: str
    md5: str = ""
    failure: RefusedCallError | None = None
    known: asyncio.Event = field(default_factory=asyncio.Event)


class Listening:
    """Owned by its task, which is `run`; others add and remove items, 10,000 at most."""

    def __init__(self, stub: Any, traits: config_pb2.ClientTraits, box: Outbox, end: Callable[[str], None]) -> None:
        self._stub, self._traits, self._outbox, self._end = stub, traits, box, end
        self._items: dict[Key, Item] = {}
        self._wanted: dict[Key, bool] = {}
        self._wake = asyncio.Event()

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
                    self._outbox.drop(key)
        items = [self._items[key] for key in asked]
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                for item in items:
                    await item.known.wait()
        except TimeoutError:
            raise RefusedCallError(wire.FAILED, "The registry does not answer") from None
        failure = next((item.failure for item in items if item.failure is not None), None)
        if failure is not None:
            raise failure
        return [item.names for item in items if item.md5 != item.client_md5]

    def ignore(self, keys: list[Key]) -> None:
        """End listening to these. Unknown ones are ignored."""
        for key in keys:
            self._outbox.drop(key)
            if self._items.pop(key, None) is not None:
                self._want(key, is_wanted=False)

    async def run(self) -> None:
        """Serve until cancelled. If the registry ends the stream, the client is thrown off, to listen again."""
        stream = self._stub.Listen()
        try:
            hello = native.ListenRequest.Hello(client_name="nacos-gateway", client=self._traits)
            await stream.write(native.ListenRequest(hello=hello))
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write(stream), name="nacos listen writer")
                while (frame := await stream.read()) is not grpc.aio.EOF:
                    self._take(frame)
                writer.cancel()
            self._end("the registry has ended the listening")
        except* (grpc.aio.AioRpcError, asyncio.InvalidStateError) as errors:
            log.warning("listening of a nacos connection has ended", error=str(errors.exceptions[0]))
            self._end("the registry has ended the listening")
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
        is_first = not item.known.is_set()
        item.known.set()
        if kind == "cancelled":
            is_denied = message.reason == error_reason_pb2.ERROR_REASON_PERMISSION_DENIED
            code, why = (wire.FORBIDDEN, DENIED) if is_denied else (wire.INVALID_PARAMETER, message.message)
            item.failure = RefusedCallError(code, why)
            return
        item.md5 = message.release.md5 if kind == "changed" else ""
        if not is_first and item.md5 != item.client_md5:
            self._outbox.post(key, lambda request_id: _notice(item, request_id), outbox.config)


def _notice(item: Item, request_id: str) -> bytes:
    return wire.push("ConfigChangeNotifyRequest", "config", request_id, item.names)


def _ref(key: Key) -> config_pb2.ConfigRef:
    return config_pb2.ConfigRef(namespace=key[0], group=key[1], name=key[2])
