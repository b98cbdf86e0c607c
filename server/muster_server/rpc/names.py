"""DiscoveryService.WatchServices and ConfigService.WatchConfigs: which names there are, as they come and go."""

import asyncio
from collections.abc import Callable
from typing import Any

from muster_server.core.model import MAX_NAME_BYTES, checked_text
from muster_server.engine.names_hub import NamesHub, Subscriber
from muster_server.rpc.calls import Stream


class NamesServicer:
    """One of the two, documented in its proto. `hub_for` says which names a request is for."""

    def __init__(self, hub_for: Callable[[Any], NamesHub[Any]]) -> None:
        self._hub_for = hub_for

    async def watch(self, request: Any, stream: Stream) -> None:
        """Serve one stream, until the client ends it."""
        namespace = checked_text("namespace", request.namespace, MAX_NAME_BYTES)
        call = stream.call
        subscriber = Subscriber(call.client_name, call.peer, stream.write, stream.end, number=call.number)
        hub = self._hub_for(request)
        hub.attach(subscriber)
        try:
            hub.subscribe(subscriber, namespace)
            await asyncio.get_running_loop().create_future()  # the hub writes; the end of the stream cancels this
        finally:
            hub.detach(subscriber)
