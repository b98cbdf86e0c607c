"""What changes in a project: one native stream for all requests that are held for it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio
import structlog
from muster.config.v1 import config_pb2

from muster_gateway.callers import as_gateway
from muster_gateway.kie.errors import TOO_MANY, UNAVAILABLE, KieError
from muster_gateway.kie.filters import Filter
from muster_gateway.kie.items import Items, Moment
from muster_gateway.kie.names import Identity, identity_of, namespace_of
from muster_gateway.registry import CALL_TIMEOUT_S, Registry
from muster_gateway.retry import Retry

log = structlog.get_logger(__name__)

MAX_WAITING = 5000
MAX_PROJECTS = 1000
ANY_REVISION = 2**63


class Waiter:
    """One held request. `moment` is the state after which it waits, known as soon as every later change is told to it."""

    def __init__(self, means: Callable[[Identity], bool]) -> None:
        self._means = means
        self._noted = asyncio.Event()
        self._revision = -1
        self.moment: Moment | None = None

    async def change(self, moment: Moment) -> None:
        """Wait for a change after a moment."""
        while self._revision <= moment.revision:
            self._noted.clear()
            await self._noted.wait()

    def note(self, names: Iterable[Identity], revision: int) -> None:
        """These have changed."""
        if any(map(self._means, names)):
            self.wake(revision)

    def wake(self, revision: int) -> None:
        """Anything may have changed."""
        self._revision = revision
        self._noted.set()


class _Project:
    """The changes of one project. Owned by its task, which is `run` and ends at a bookmark that finds nobody waiting."""

    def __init__(self, open_stream: Callable[[], Any], forget: Callable[[], None]) -> None:
        self._open_stream, self._forget = open_stream, forget
        self.waiters: dict[Waiter, None] = {}
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Follow the stream, and begin it anew when it breaks. Whoever waits then is answered: changes may have been missed."""
        retry = Retry()
        while True:
            stream = self._open_stream()
            try:
                if await self._follow(stream, retry):
                    return
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError) as error:
                log.warning("watch for kie clients has ended", error=str(error))
            except Exception as error:  # the root of a task, which all clients of the project share
                log.error("watch for kie clients failed", exc_info=error)
            finally:
                stream.cancel()
            self.ready.clear()
            await retry.wait()

    async def _follow(self, stream: Any, retry: Retry) -> bool:
        """True at the end for want of anybody who waits."""
        while (frame := await stream.read()) is not grpc.aio.EOF:
            match frame.WhichOneof("frame"):
                case "snapshot" if not frame.snapshot.more:
                    retry.succeeded()
                    self.ready.set()
                    self.wake_all(frame.snapshot.revision)
                case "delta":
                    named = [*_names(frame.delta.appeared), *_names(frame.delta.disappeared)]
                    for waiter in self.waiters:
                        waiter.note(named, frame.delta.revision)
                case "bookmark" if not self.waiters:
                    self._forget()
                    return True
                case "reconnect_after":
                    self.wake_all(ANY_REVISION)
                    return False
        return False

    def wake_all(self, revision: int) -> None:
        """Anything may have changed."""
        for waiter in self.waiters:
            waiter.wake(revision)


class Changes:
    """Owns the streams, one for each project that requests are held for. Works within `serving`."""

    def __init__(self, registry: Registry, items: Items) -> None:
        self._registry, self._items = registry, items
        self._group = asyncio.TaskGroup()
        self._projects: dict[str, tuple[_Project, asyncio.Task[None]]] = {}
        self._is_stopping = False

    @property
    def waiting_count(self) -> int:
        """How many requests are held."""
        return sum(waiter.moment is not None for followed, _ in self._projects.values() for waiter in followed.waiters)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Follow changes for as long as the context is open. At its end whoever waits is answered."""
        async with self._group:
            try:
                yield
            finally:
                self._is_stopping = True
                for followed, task in self._projects.values():
                    followed.wake_all(ANY_REVISION)
                    task.cancel()

    @asynccontextmanager
    async def waiting(self, wanted: Filter) -> AsyncIterator[tuple[Waiter, Moment]]:
        """Somebody who is told of each change that he means after this moment. Raises KieError, and AioRpcError if he may not know.

        There are 5,000 at most, in 1,000 projects.
        """
        followed, waiter = self._project(wanted.project), Waiter(wanted.means)
        followed.waiters[waiter] = None
        try:
            await _ready(followed)
            waiter.moment = await self._items.moment(wanted.project, wanted.group)
            yield waiter, waiter.moment
        finally:
            del followed.waiters[waiter]

    def _project(self, project: str) -> _Project:
        if self._is_stopping:
            raise KieError(UNAVAILABLE, "the server is stopping")
        is_new, count = project not in self._projects, sum(len(followed.waiters) for followed, _ in self._projects.values())
        if count >= MAX_WAITING or (is_new and len(self._projects) >= MAX_PROJECTS):
            raise KieError(TOO_MANY, f"at most {MAX_WAITING} in {MAX_PROJECTS} projects")
        if is_new:
            namespace = namespace_of(project)
            followed = _Project(lambda: self._registry.watch_configs(namespace, releases=True), lambda: self._forget(project))
            self._projects[project] = (followed, self._group.create_task(as_gateway(followed.run), name="kie changes"))
        return self._projects[project][0]

    def _forget(self, project: str) -> None:
        del self._projects[project]


async def _ready(followed: _Project) -> None:
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            await followed.ready.wait()
    except TimeoutError:
        raise KieError(UNAVAILABLE, "The registry does not answer") from None


def _names(refs: Iterable[config_pb2.ConfigRef]) -> list[Identity]:
    return [named for ref in refs if (named := identity_of(ref)) is not None]
