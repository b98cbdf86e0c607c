"""Long polls: each one listens for as long as it waits, and holds nobody up."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from muster.config.v1 import config_pb2
from starlette.requests import ClientDisconnect, Request

from muster_gateway.nacos.config_parameters import source_ip
from muster_gateway.nacos.errors import RefusedError
from muster_gateway.nacos.grpc.listening import Item, Listening
from muster_gateway.nacos.grpc.session import Key
from muster_gateway.nacos.grpc.wire import FORBIDDEN, INVALID_PARAMETER, RefusedCallError
from muster_gateway.nacos.v1.probes import Names
from muster_gateway.registry import Registry
from muster_gateway.turns import Turns

MAX_POLLS = 5000
_REFUSALS = {INVALID_PARAMETER: (400, 20002), FORBIDDEN: (403, 10001)}


class Polls:
    """The polls that wait, 5000 at most. What a client sees of a config depends on gray rules, so each has a stream of its own."""

    def __init__(self, registry: Registry) -> None:
        self._config = registry.config
        self._polls: set[_Poll] = set()
        self._is_stopping = False

    def __len__(self) -> int:
        return len(self._polls)

    def stop(self) -> None:
        """Answer those that wait, and let nobody wait any more."""
        self._is_stopping = True
        for poll in self._polls:
            poll.end("the server is stopping")

    async def changed(self, request: Request, asked: Mapping[Key, tuple[Names, str]], wait_s: float) -> list[Names]:
        """The names of what differs from the md5 that was sent: at once, or within `wait_s` seconds; none after that.

        Raises RefusedError for one poll too many and for what the registry refuses, ClientDisconnect if nobody waits any more.
        """
        if len(self._polls) >= MAX_POLLS:
            raise RefusedError(503, 30000, f"at most {MAX_POLLS} clients can wait at a time")
        turns: Turns = request.scope["turns"]
        poll = _Poll()
        client = config_pb2.ClientTraits(ip=source_ip(request))
        self._polls.add(poll)
        try:
            async with turns.aside(), asyncio.TaskGroup() as group:
                listening = Listening(self._config, client, poll)
                tasks = [
                    group.create_task(listening.run(), name="nacos long poll"),
                    group.create_task(_hang_up(request, poll), name="nacos long poll client"),
                ]
                await poll.hear(listening, asked, 0.0 if self._is_stopping else wait_s)
                for task in tasks:
                    task.cancel()
        finally:
            self._polls.discard(poll)
        if poll.is_abandoned:
            raise ClientDisconnect
        if poll.refusal is not None:
            raise RefusedError(*_REFUSALS.get(poll.refusal.code, (503, 30000)), poll.refusal.message)
        return poll.changed


class _Poll:
    """What one poll has heard so far."""

    def __init__(self) -> None:
        self.changed: list[Names] = []
        self.refusal: RefusedCallError | None = None
        self.is_abandoned = False
        self._over = asyncio.Event()

    async def hear(self, listening: Listening, asked: Mapping[Key, tuple[Names, str]], wait_s: float) -> None:
        try:
            self.changed = await listening.listen(asked)
        except RefusedCallError as refusal:
            self.refusal = refusal
            return
        if not self.changed and wait_s:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._over.wait()

    def differs(self, _: Key, item: Item) -> None:
        """One is enough: the client asks for it, and polls again."""
        self.changed = [item.names]
        self._over.set()

    def is_settled(self, _: Key) -> None:
        """Whatever it was, the answer is on its way."""

    def end(self, _: str) -> None:
        """The registry stops, or cannot be reached: the client is to poll again."""
        self._over.set()

    def abandon(self) -> None:
        """The client has gone."""
        self.is_abandoned = True
        self._over.set()


async def _hang_up(request: Request, poll: _Poll) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    poll.abandon()
