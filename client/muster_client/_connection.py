"""The channel to a server, and the streams that are kept open on it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc.aio
from google.protobuf.message import Message

from muster_client._link import Backoff, Conversation, Link
from muster_client.errors import from_rpc_error

MAX_MESSAGE_BYTES = 16 << 20
"""A content of 10 MiB, the most that a server takes by default, with room for what goes with it."""

_REPEATABLE = {
    "muster.registry.v1.DiscoveryService": ("GetInstance", "ListInstances", "ListServices", "ListSubscribers"),
    "muster.registry.v1.RegistrationService": ("Renew",),
    # A publication carries a request_id: sending it again changes nothing.
    "muster.config.v1.ConfigService": ("GetConfig", "PublishConfig"),
}
_RETRIES = {
    "methodConfig": [
        {
            "name": [{"service": service, "method": method} for service, methods in _REPEATABLE.items() for method in methods],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
_OPTIONS: tuple[tuple[str, Any], ...] = (
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 3_000),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.service_config", json.dumps(_RETRIES)),
)


Token = str | Callable[[], str]
"""What proves the client to the server, or what answers it: asked at each call, so that it can change. Empty for none."""


class Connection:
    """One channel, one link for each kind of stream, each with its task. Owned by the client.

    `name` is said to the server with each stream, `token` with everything; `timeout_s` is the most a single call may take;
    `options` are further channel arguments.
    """

    def __init__(  # made once, by the client
        self, target: str, name: str, timeout_s: float, backoff: Backoff, options: Sequence[tuple[str, Any]], token: Token
    ) -> None:
        self._target = target
        self._name = name
        self._timeout_s = timeout_s
        self._backoff = backoff
        self._options = (*_OPTIONS, *options)
        self._token = token
        self._links: list[Link] = []
        self._tasks: list[asyncio.Task[None]] = []

    def open(self) -> grpc.aio.Channel:
        """Make the channel; it connects on first use."""
        self._channel = grpc.aio.insecure_channel(self._target, options=self._options)
        return self._channel

    def keep(self, conversation: Conversation, open_stream: Any) -> Link:
        """Keep a stream open until `aclose`."""
        link = Link(conversation, lambda: open_stream(metadata=self._metadata(("muster-client", self._name))), self._backoff)
        self._links.append(link)
        # No TaskGroup: it would wrap what the user's own block raises, and cut the goodbye off. aclose waits for these tasks.
        self._tasks.append(asyncio.create_task(link.run(), name=f"muster {conversation.name}"))
        return link

    async def call(self, method: Any, request: Message) -> Any:
        """Make a single call. Raises MusterError."""
        call: Awaitable[Any] = method(request, timeout=self._timeout_s, metadata=self._metadata())
        try:
            return await call
        except grpc.aio.AioRpcError as error:
            raise from_rpc_error(error) from None

    def _metadata(self, *further: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        token = self._token if isinstance(self._token, str) else self._token()
        return (*further, ("authorization", f"Bearer {token}")) if token else further

    async def aclose(self) -> None:
        """Say farewell on every stream, and close. Takes about 3 s at most."""
        for link in self._links:
            link.close()
        try:
            if self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            for task in self._tasks:
                task.cancel()
            await self._channel.close()
