"""The discovery servicer by itself, on a stream of the test's own."""

import asyncio
from typing import Any

from muster.registry.v1 import discovery_service_pb2 as wire
from muster_server.core.errors import MusterError
from muster_server.engine.engine import Engine
from muster_server.engine.mailroom import MAX_NOTICES
from muster_server.rpc.calls import Call
from muster_server.rpc.discovery import DiscoveryServicer
from muster_server.rpc.encoders import WireEncoder
from muster_server.storage.memory import MemoryStore
from running import ManualClock


class UnreadStream:
    """A stream whose client sends as many frames as it is asked for, and reads none."""

    def __init__(self, frame: Any, count: int) -> None:
        self.call = Call("test", {})
        self.error: asyncio.Future[MusterError] = asyncio.get_running_loop().create_future()
        self._frame = frame
        self._left = count

    async def read(self) -> Any:
        await asyncio.sleep(0)
        self._left -= 1
        return self._frame if self._left >= 0 else None

    async def write(self, frame: Any) -> None:
        await asyncio.Event().wait()

    def end(self, error: MusterError) -> None:
        if not self.error.done():
            self.error.set_result(error)


async def test_watch_that_lets_ten_thousand_refusals_lie_is_ended_as_a_slow_consumer() -> None:
    engine = Engine(MemoryStore(), WireEncoder(), ManualClock())
    refused = wire.WatchRequest(subscribe=wire.WatchRequest.Subscribe())
    stream = UnreadStream(refused, MAX_NOTICES + 2)

    watching = asyncio.ensure_future(DiscoveryServicer(engine).watch(stream))
    error = await asyncio.wait_for(stream.error, 10)

    assert error.reason.value == "SLOW_CONSUMER"
    watching.cancel()
    await engine.close()
    await asyncio.gather(watching, return_exceptions=True)
