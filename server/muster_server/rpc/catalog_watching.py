"""CatalogService.WatchProviders: what definitions depend on, as it changes."""

from typing import Any

from muster.catalog.v1 import catalog_service_pb2 as wire

from muster_server.core.access_model import Resource
from muster_server.core.catalog_commands import DefinitionRef
from muster_server.core.catalog_view import seen
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import MAX_NAME_BYTES
from muster_server.engine.catalog_hub import Follower
from muster_server.engine.engine import Engine
from muster_server.rpc.access_table import READ, service_resource
from muster_server.rpc.calls import Call, Stream
from muster_server.rpc.catalog_decoding import decode_definition_ref


class WatchProvidersServicer:
    """Documented in catalog_service.proto."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def watch_providers(self, stream: Stream) -> None:
        """Serve one stream."""
        call = stream.call
        follower = Follower(call.client_name, call.peer, stream.write, stream.end, number=call.number)
        hub = self._engine.catalog_hub
        stream.held = lambda: ((READ, resource) for ref in list(follower.subscriptions) for resource in self._resources(ref))
        hub.attach(follower)
        try:
            while (frame := await stream.read()) is not None:
                self._take(stream.call, follower, frame)
            await hub.written(follower)
        finally:
            hub.detach(follower)

    def _take(self, call: Call, follower: Follower, frame: wire.WatchProvidersRequest) -> None:
        kind, hub = frame.WhichOneof("frame"), self._engine.catalog_hub
        if kind is None:
            raise MusterError(Reason.PROTOCOL_VIOLATION, "a frame of no known kind")
        message: Any = getattr(frame, kind)
        try:
            consumer = decode_definition_ref(message.namespace, message.definition_id)
            if kind == "subscribe":
                for resource in self._resources(consumer):
                    call.require(READ, resource)
        except MusterError as error:
            echoed = DefinitionRef(message.namespace[:MAX_NAME_BYTES], message.definition_id[:MAX_NAME_BYTES])
            hub.cancel(follower, echoed, error)
            return
        if kind == "subscribe":
            hub.follow(follower, consumer)
        else:
            hub.unsubscribe(follower, consumer)

    def _resources(self, consumer: DefinitionRef) -> list[Resource]:
        """What a right is needed on: the consumer's service; nothing if there is no such consumer, which is told."""
        definition = seen(self._engine.state, consumer)
        return [service_resource(definition.key.service)] if definition is not None else []
