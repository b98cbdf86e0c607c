"""ConfigService.ListListeners: who listens to config items."""

from collections.abc import Iterator
from itertools import islice

from muster.config.v1 import config_service_pb2 as wire

from muster_server.core.config_model import ConfigKey
from muster_server.core.errors import MusterError
from muster_server.core.model import checked_text
from muster_server.engine.config_hub import Listener
from muster_server.engine.engine import Engine
from muster_server.rpc.calls import Call
from muster_server.rpc.config_decoding import decode_config_ref
from muster_server.rpc.config_encoding import config_ref
from muster_server.rpc.encoding import timestamp
from muster_server.rpc.paging import MAX_PAGE, number_token, page_size


class ListenerLister:
    """Documented in config_service.proto."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def list_listeners(self, request: wire.ListListenersRequest, _: Call) -> wire.ListListenersResponse:
        """Answer a page. O(listeners of the item), without one O(open streams) and what the client listens to."""
        checked_text("ip", request.ip, 256)
        if not request.ip and not request.HasField("ref"):
            raise MusterError.invalid("ref", "or ip is required")
        start, size = number_token(request.page_token), page_size(request.page_size, MAX_PAGE)
        found = list(islice(self._found(request), start, start + size + 1))
        return wire.ListListenersResponse(
            listeners=[self._message(listener, key) for listener, key in found[:size]],
            next_page_token=str(start + size) if len(found) > size else "",
        )

    def _found(self, request: wire.ListListenersRequest) -> Iterator[tuple[Listener, ConfigKey]]:
        hub = self._engine.config_hub
        key = decode_config_ref(request.ref) if request.HasField("ref") else None
        for listener in hub.subscribers if key is None else hub.watchers(key):
            if isinstance(listener, Listener) and request.ip in ("", listener.traits.ip):
                for subscribed in listener.subscriptions if key is None else (key,):
                    yield listener, subscribed

    def _message(self, listener: Listener, key: ConfigKey) -> wire.ConfigListener:
        listening = listener.subscriptions[key]
        return wire.ConfigListener(
            ref=config_ref(key),
            client_name=listener.client_name,
            peer=listener.peer,
            ip=listener.traits.ip,
            listen_time=timestamp(listening.since_s),
            md5=self._engine.config_hub.md5_of(listening),
            sent_revision=max(listening.sent_revision, 0),
            acked_revision=listening.acked_revision,
        )
