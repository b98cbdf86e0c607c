"""AdminService.ListConnections: the open streams."""

import heapq
import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

from muster.admin.v1 import admin_service_pb2 as wire

from muster_server.core.catalog_commands import DefinitionRef
from muster_server.core.catalog_view import seen
from muster_server.core.errors import MusterError
from muster_server.engine import mailroom
from muster_server.engine.engine import Engine
from muster_server.rpc.calls import Call
from muster_server.rpc.encoding import timestamp
from muster_server.rpc.paging import MAX_PAGE, number_token, page_size
from muster_server.rpc.sessions import Link, SessionServicer

MAX_SHOWN = 100

_KINDS = tuple(wire.ConnectionKind.values())


class _Open(NamedTuple):
    """An open stream: its call's number, what it is for, and its session's link or its mailroom's subscriber."""

    number: int
    kind: wire.ConnectionKind
    end: "Link | mailroom.Subscriber[Any, Any]"


class ConnectionServicer:
    """Documented in admin_service.proto."""

    def __init__(self, engine: Engine, sessions: SessionServicer) -> None:
        self._engine = engine
        self._sessions = sessions

    async def list_connections(self, request: wire.ListConnectionsRequest, _: Call) -> wire.ListConnectionsResponse:
        """Answer a page of the open streams. A page token is the number of the last call shown. O(streams)."""
        if request.kind not in _KINDS:
            raise MusterError.invalid("kind", f"no such kind: {request.kind}")
        size, start = page_size(request.page_size, MAX_PAGE), number_token(request.page_token)
        wanted = (found for found in self._open() if found.number > start and request.kind in (0, found.kind))
        first = heapq.nsmallest(size + 1, wanted, key=lambda found: found.number)
        return wire.ListConnectionsResponse(
            connections=[self._message(found) for found in first[:size]],
            next_page_token=str(first[size - 1].number) if len(first) > size else "",
        )

    def _open(self) -> Iterator[_Open]:
        for link in self._sessions.links:
            yield _Open(link.stream.call.number, wire.CONNECTION_KIND_SESSION, link)
        for watcher in self._engine.hub.subscribers:
            yield _Open(watcher.number, wire.CONNECTION_KIND_WATCH, watcher)
        for listener in self._engine.config_hub.subscribers:
            yield _Open(listener.number, wire.CONNECTION_KIND_LISTEN, listener)
        for follower in self._engine.catalog_hub.subscribers:
            yield _Open(follower.number, wire.CONNECTION_KIND_PROVIDERS, follower)
        names = self._engine.names
        for reader in itertools.chain(names.services.subscribers, names.configs.subscribers, names.releases.subscribers):
            yield _Open(reader.number, wire.CONNECTION_KIND_NAMES, reader)

    def _message(self, found: _Open) -> wire.Connection:
        end = found.end
        if isinstance(end, Link):
            return self._session(end)
        shown = itertools.islice(end.subscriptions.values(), MAX_SHOWN)
        return wire.Connection(
            kind=found.kind,
            client_name=end.client_name,
            peer=end.peer,
            connect_time=timestamp(end.since_s),
            subscriptions=[
                wire.Subscription(
                    name=self._name(subscription.key),
                    sent_revision=max(subscription.sent_revision, 0),
                    acked_revision=subscription.acked_revision,
                )
                for subscription in shown
            ],
            subscription_count=len(end.subscriptions),
            pending_count=len(end.dirty),
        )

    def _name(self, key: Any) -> str:
        """What a subscription is to: a namespace, a definition, a service or a config item."""
        match key:
            case str():
                return key or "*"
            case DefinitionRef() if (definition := seen(self._engine.state, key)) is not None:
                return f"{'/'.join(definition.key.service)} {definition.key.version}"
            case _:
                return "/".join(key)

    def _session(self, link: Link) -> wire.Connection:
        keys = self._engine.state.session_instances.get(link.session, {})
        return wire.Connection(
            kind=wire.CONNECTION_KIND_SESSION,
            client_name=link.client_name,
            peer=link.stream.call.peer,
            connect_time=timestamp(link.since_s),
            subscriptions=[
                wire.Subscription(name=f"{'/'.join(key.service)}#{key.instance_id}") for key in itertools.islice(keys, MAX_SHOWN)
            ],
            subscription_count=len(keys),
            pending_count=link.pending_count,
        )
