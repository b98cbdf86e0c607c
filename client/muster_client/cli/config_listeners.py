"""Who listens to config items."""

from typing import Annotated

import typer
from muster.config.v1 import config_service_pb2 as wire

from muster_client.cli.command import application, command, names
from muster_client.cli.context import Context
from muster_client.cli.document import document, timestamp
from muster_client.cli.exits import CommandError, Exit
from muster_client.cli.names import short_name
from muster_client.cli.output import Table

app = application("Listeners.")


@command(
    app,
    "listeners",
    example="muster config listeners prod/app.yaml\nmuster config listeners --ip 10.0.0.7",
    options=(names,),
)
async def listeners(
    context: Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="[namespace/[group/]]name of the config item.")] = "",
    ip: Annotated[str, typer.Option("--ip", metavar="IP", help="Only the client at this address; alone, all it listens to.")] = "",
) -> None:
    """Show who listens to a config item, or what a client listens to, and the MD5 of the content that each was sent last."""
    if not name and not ip:
        raise CommandError(Exit.USAGE, "name a config item, or an address with --ip")
    request = wire.ListListenersRequest(ref=context.config_ref(name) if name else None, ip=ip)
    found = [one async for page in context.pages(context.config.ListListeners, request) for one in page.listeners]
    rows = [
        (short_name(one.ref), one.client_name, one.ip, one.peer, timestamp(one.listen_time), str(one.sent_revision), one.md5)
        for one in found
    ]
    headings = ("config", "client", "ip", "peer", "since", "sent", "md5")
    context.output.show(Table(headings, rows, frozenset({"sent"})), [document(one) for one in found])
