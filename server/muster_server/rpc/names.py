"""DiscoveryService.WatchServices and ConfigService.WatchConfigs: which names there are, as they come and go."""

import asyncio
from typing import Any

from muster_server.core.model import MAX_NAME_BYTES, checked_text
from muster_server.engine.names_hub import NamesHub, Subscriber
from muster_server.rpc.adapter import Stream


class NamesServicer:
    """One of the two, documented in its proto."""

    def __init__(self, hub: NamesHub[Any]) -> None:
        self._hub = hub

    async def watch(self, request: Any, stream: Stream) -> None:
        """Serve one stream, until the client ends it."""
        namespace = checked_text("namespace", request.namespace, MAX_NAME_BYTES)
        subscriber = Subscriber("", stream.call.peer, stream.write, stream.end, number=stream.call.number)
        self._hub.attach(subscriber)
        try:
            self._hub.subscribe(subscriber, namespace)
            await asyncio.get_running_loop().create_future()  # the hub writes; the end of the stream cancels this
        finally:
            self._hub.detach(subscriber)
