"""The states of config items, one after the other, as the user of the client gets them."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Self

from muster.config.v1.config_service_pb2 import GetConfigResponse

from muster_client._config import Config, MissingConfig
from muster_client._config_view import ConfigView
from muster_client._link import Backoff
from muster_client._listen import ListenConversation, Reader
from muster_client._names import ConfigName
from muster_client._snapshots import Snapshots
from muster_client.errors import NotFoundError, UnavailableError

Fetch = Callable[[ConfigName], Awaitable[GetConfigResponse]]


class Listener:
    """The states of some config items, as an async iterator. Made by `Client.listen`.

    For each item it gives its state, and then every other state that it sees: `Config`, or `MissingConfig` if there is nothing for
    this client under that name. A reader that lags gets the latest state of each item, never an older one after a newer one. The
    iterator survives losses of the stream and restarts of the server. It ends when it, or the client, is closed, and raises
    MusterError if the server refuses one of the items.

    With a snapshot directory, an item of which nothing is known yet is given as it was last seen, `is_stale`, once the server turns
    out not to answer; what the server says follows when it is back.
    """

    def __init__(
        self,
        names: Iterable[ConfigName],
        conversation: ListenConversation,
        fetch: Fetch,
        snapshots: Snapshots | None,
        patience_s: float,
        backoff: Backoff,
    ) -> None:
        self._conversation = conversation
        self._fetch = fetch
        self._snapshots = snapshots
        self._patience_end_s = asyncio.get_running_loop().time() + patience_s
        self._backoff = backoff
        self._failures = 0
        self._reader = Reader(names)
        self._given: dict[ConfigName, Config | MissingConfig] = {}
        self._untried = list(self._reader.names) if snapshots is not None else []  # of these a snapshot may help out
        conversation.join(self._reader)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Config | MissingConfig:
        """The next state. Raises StopAsyncIteration when closed, MusterError when refused."""
        reader = self._reader
        while True:
            if reader.error is not None:
                raise reader.error
            if reader.is_closed:
                raise StopAsyncIteration
            reader.changed.clear()
            state = await self._next_due() or await self._next_stale()
            if state is not None:
                return state
            await self._wait()

    async def aclose(self) -> None:
        """Stop listening."""
        self._conversation.leave(self._reader)
        self._reader.end(None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        await self.aclose()

    async def _next_due(self) -> Config | MissingConfig | None:
        """A state that was not given yet; None if there is none, or none whose content can be had now."""
        for name in list(self._reader.due):
            view = self._conversation.view(name)
            is_complete = not view.is_partial or await self._complete(view)
            if self._reader.is_closed:
                return None
            if not is_complete:
                continue
            del self._reader.due[name]
            if view.state is not None and not _is_same(view.state, self._given.get(name)):
                self._given[name] = view.state
                self._save(name, view.state)
                return view.state
        return None

    async def _complete(self, view: ConfigView) -> bool:
        """Get the content that was too large for a frame. False if that has to be tried again, or there is a newer state."""
        wanted = view.state
        try:
            response = await self._fetch(view.name)
        except (NotFoundError, UnavailableError):  # it is gone, and the frame that says so is on its way; or nobody answers
            self._failures += 1
            return False
        self._failures = 0
        if view.state is not wanted:
            return False
        if response.epoch == view.epoch and response.revision < view.revision:  # a server that lags
            self._failures += 1
            return False
        view.complete(Config(view.name.ref(), response.release, max(view.revision, response.release.revision)))
        return True

    async def _next_stale(self) -> Config | None:
        """What a snapshot says of an item of which nothing is known, if the server seems not to answer."""
        is_overdue = self._conversation.is_cut_off or asyncio.get_running_loop().time() >= self._patience_end_s
        while self._snapshots is not None and self._untried and is_overdue:
            name = self._untried[0]
            config = await self._snapshots.load(name)
            self._untried.pop(0)
            if self._reader.is_closed:
                return None
            if config is not None and self._conversation.view(name).state is None:
                return config
        return None

    async def _wait(self) -> None:
        """Until there is something to look at, or it is time to try something else."""
        until_s: float | None = None
        if self._reader.due and not self._reader.is_closed:
            until_s = asyncio.get_running_loop().time() + self._backoff.delay_s(self._failures)
        elif self._untried:
            until_s = self._patience_end_s
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until_s):
                await self._reader.changed.wait()

    def _save(self, name: ConfigName, state: Config | MissingConfig) -> None:
        if self._snapshots is None:
            return
        if isinstance(state, Config):
            self._snapshots.keep(state)
        else:
            self._snapshots.forget(name)


def _is_same(state: Config | MissingConfig, given: Config | MissingConfig | None) -> bool:
    match state, given:
        case Config(), Config():
            return state.release == given.release
        case MissingConfig(), MissingConfig():
            return state.is_deleted == given.is_deleted
        case _:
            return False
