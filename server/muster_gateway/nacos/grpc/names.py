"""The names of a namespace as the registry tells them: one native stream for all who watch it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol

import grpc.aio
import structlog

from muster_gateway.callers import as_gateway
from muster_gateway.nacos.grpc import wire
from muster_gateway.nacos.grpc.patterns import Name
from muster_gateway.nacos.grpc.wire import RefusedCallError
from muster_gateway.registry import CALL_TIMEOUT_S
from muster_gateway.retry import Retry

log = structlog.get_logger(__name__)


class Watcher(Protocol):
    """Who is told. Neither call may wait."""

    def renew(self) -> None:
        """The names may be quite other ones than before, or their warm-up is over."""
        ...

    def note(self, name: Name, *, is_there: bool) -> None:
        """One came or went."""
        ...


class Names:
    """Owned by its task, which is `run` and is cancelled when nobody watches any more.

    `is_warming_up`: the registry has just started, so what is missing may be back soon.
    """

    def __init__(self, open_stream: Callable[[], Any]) -> None:
        self._open_stream = open_stream
        self._ready = asyncio.Event()
        self.there: dict[Name, None] = {}
        self.watchers: dict[Watcher, None] = {}
        self.is_warming_up = False

    async def ready(self) -> None:
        """Wait for the names. Raises RefusedCallError."""
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                await self._ready.wait()
        except TimeoutError:
            raise RefusedCallError(wire.FAILED, "The registry does not answer") from None

    async def run(self) -> None:
        """Watch for ever, in the gateway's own name."""
        await as_gateway(self._run)

    async def _run(self) -> None:
        """Watch for ever; a stream that breaks is begun anew."""
        retry = Retry()
        while True:
            stream = self._open_stream()
            try:
                await self._follow(stream, retry)
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
                log.warning("watch of names for nacos clients has ended", error=str(error))
            except Exception as error:  # the root of a task, which all clients share
                log.error("watch of names for nacos clients failed", exc_info=error)
            finally:
                stream.cancel()
            await retry.wait()

    async def _follow(self, stream: Any, retry: Retry) -> None:
        parts: list[Name] = []
        while (frame := await stream.read()) is not grpc.aio.EOF:
            match frame.WhichOneof("frame"):
                case "snapshot":
                    parts.extend(_names(frame.snapshot.names))
                    if not frame.snapshot.more:
                        self.there, parts = dict.fromkeys(parts), []
                        retry.succeeded()
                        self._ready.set()
                        self._renew(is_warming_up=frame.snapshot.warming_up)
                case "delta":
                    for name in _names(frame.delta.appeared):
                        self.there[name] = None
                        self._note(name, is_there=True)
                    for name in _names(frame.delta.disappeared):
                        self.there.pop(name, None)
                        self._note(name, is_there=False)
                case "bookmark" if self.is_warming_up and not frame.bookmark.warming_up:
                    self._renew(is_warming_up=False)
                case "reconnect_after":
                    return

    def _renew(self, *, is_warming_up: bool) -> None:
        self.is_warming_up = is_warming_up
        for watcher in list(self.watchers):
            watcher.renew()

    def _note(self, name: Name, *, is_there: bool) -> None:
        for watcher in list(self.watchers):
            watcher.note(name, is_there=is_there)


class NamesByNamespace:
    """The names of each watched namespace. `spawn` runs a coroutine as a task; `open_stream` opens the native stream of one."""

    def __init__(
        self, open_stream: Callable[[str], Any], spawn: Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]
    ) -> None:
        self._open_stream, self._spawn = open_stream, spawn
        self._names: dict[str, tuple[Names, asyncio.Task[None]]] = {}

    def add(self, namespace: str, watcher: Watcher) -> Names:
        """Begin to watch; the names may not be known yet."""
        if namespace not in self._names:
            names = Names(lambda: self._open_stream(namespace))
            self._names[namespace] = (names, self._spawn(names.run()))
        names, _ = self._names[namespace]
        names.watchers[watcher] = None
        return names

    def remove(self, namespace: str, watcher: Watcher) -> None:
        """Watch no more."""
        names, task = self._names[namespace]
        names.watchers.pop(watcher, None)
        if not names.watchers:
            del self._names[namespace]
            task.cancel()


def _names(refs: Iterable[Any]) -> list[Name]:
    return [(ref.group, ref.name) for ref in refs]
