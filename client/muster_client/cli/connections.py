"""Who is connected."""

import enum
from typing import Annotated

import typer
from muster.admin.v1 import admin_service_pb2 as wire

from muster_client.cli.command import application, command
from muster_client.cli.context import Context
from muster_client.cli.document import document, enum_name, timestamp
from muster_client.cli.output import Table

app = application("Connections.")


class Kind(enum.StrEnum):
    """What a stream is for."""

    SESSION = "session"
    WATCH = "watch"
    LISTEN = "listen"
    PROVIDERS = "providers"
    NAMES = "names"


@command(app, "connections", example="muster connections --kind watch")
async def connections(
    context: Context,
    kind: Annotated[Kind | None, typer.Option("--kind", metavar="session|watch|listen|providers|names", help="Only these.")] = None,
) -> None:
    """List the open streams, oldest first: who they are, what they hold, watch or listen to, and how far behind they are."""
    request = wire.ListConnectionsRequest(kind=f"CONNECTION_KIND_{kind.name if kind is not None else 'UNSPECIFIED'}")
    found = [connection async for page in context.pages(context.admin.ListConnections, request) for connection in page.connections]
    rows = [
        (
            enum_name(wire.ConnectionKind.DESCRIPTOR, connection.kind).lower(),
            connection.client_name,
            connection.peer,
            timestamp(connection.connect_time),
            str(connection.subscription_count),
            str(connection.pending_count),
            _subscriptions(connection),
        )
        for connection in found
    ]
    headings = ("kind", "client", "peer", "since", "count", "pending", "about")
    context.output.show(Table(headings, rows, frozenset({"count", "pending"})), [document(connection) for connection in found])


def _subscriptions(connection: wire.Connection) -> str:
    shown = [subscription.name for subscription in connection.subscriptions[:3]]
    more = connection.subscription_count - len(shown)
    return " ".join(shown) + (f" and {more} more" if more > 0 else "")
