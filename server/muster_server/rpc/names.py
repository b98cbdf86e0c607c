"""DiscoveryService.WatchServices and ConfigService.WatchConfigs: which names there are, as they come and go."""

import asyncio
from typing import Any

from muster_server.core.access_model import ANY, Resource
from muster_server.core.model import MAX_NAME_BYTES, checked_text
from muster_server.engine.names_hub import NamesHub, Subscriber
from muster_server.rpc.access_table import READ
from muster_server.rpc.adapter import Stream


class NamesServicer:
    """One of the two, documented in its proto. `kind` is that of the names, as access knows it."""

    def __init__(self, hub: NamesHub[Any], kind: str) -> None:
        self._hub = hub
        self._kind = kind

    async def watch(self, request: Any, stream: Stream) -> None:
        """Serve one stream, until the client ends it."""
        namespace = checked_text("namespace", request.namespace, MAX_NAME_BYTES)
        needed = Resource(namespace or ANY, ANY, self._kind, ANY)
        stream.call.require(READ, needed)
        stream.held = lambda: ((READ, needed),)
        subscriber = Subscriber("", stream.call.peer, stream.write, stream.end, number=stream.call.number)
        self._hub.attach(subscriber)
        try:
            self._hub.subscribe(subscriber, namespace)
            await asyncio.get_running_loop().create_future()  # the hub writes; the end of the stream cancels this
        finally:
            self._hub.detach(subscriber)
