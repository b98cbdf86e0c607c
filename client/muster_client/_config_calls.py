"""Single calls about configuration, and what stands in for an answer when there is none."""

from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf.message import Message
from muster.config.v1 import config_service_pb2 as wire
from muster.config.v1.config_pb2 import ClientTraits, Release

from muster_client._config import Config, Publication
from muster_client._names import ConfigName
from muster_client._snapshots import Snapshots
from muster_client.errors import NotFoundError, UnavailableError


class ConfigCalls:
    """Calls on a stub of ConfigService. `call` makes one and turns its failure into a MusterError."""

    def __init__(
        self, stub: Any, call: Callable[[Any, Message], Awaitable[Any]], traits: ClientTraits, snapshots: Snapshots | None
    ) -> None:
        self._stub = stub
        self._call = call
        self._traits = traits
        self._snapshots = snapshots

    async def fetch(self, name: ConfigName) -> wire.GetConfigResponse:
        """What the server says of an item. Raises MusterError."""
        request = wire.GetConfigRequest(ref=name.ref(), client=self._traits)
        response: wire.GetConfigResponse = await self._call(self._stub.GetConfig, request)
        return response

    async def get(self, name: ConfigName) -> Config:
        """The item; from its snapshot if no server answers. Raises MusterError."""
        try:
            response = await self.fetch(name)
        except UnavailableError:
            stale = await self._snapshots.load(name) if self._snapshots is not None else None
            if stale is None:
                raise
            return stale
        except NotFoundError:
            if self._snapshots is not None:
                self._snapshots.forget(name)
            raise
        config = Config(name.ref(), response.release, response.revision)
        if self._snapshots is not None:
            self._snapshots.keep(config)
        return config

    async def publish(self, request: wire.PublishConfigRequest) -> Publication:
        """Release a content. Raises MusterError."""
        response: wire.PublishConfigResponse = await self._call(self._stub.PublishConfig, request)
        return Publication(response.release, response.changed)

    async def delete(self, request: wire.DeleteConfigRequest) -> Release | None:
        """Delete an item; None if there was nothing. Raises MusterError."""
        response: wire.DeleteConfigResponse = await self._call(self._stub.DeleteConfig, request)
        return response.release if response.HasField("release") else None
