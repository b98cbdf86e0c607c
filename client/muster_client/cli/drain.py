"""Taking instances out of traffic, and an operator's word over one of them."""

import enum
from typing import Annotated

import typer
from google.protobuf.duration_pb2 import Duration
from muster.registry.v1 import registration_service_pb2 as wire

from muster_client.cli import texts
from muster_client.cli.command import application, authorship, command, names
from muster_client.cli.context import Context
from muster_client.cli.document import document
from muster_client.cli.exits import CommandError, Exit
from muster_client.cli.names import instance_ref, short_name
from muster_client.cli.output import Table
from muster_client.cli.services import Service

app = application("Traffic.")


@command(app, "drain", example='muster drain prod/api 10.0.0.1:8080 --wait 60 --comment "new kernel"', options=(names, authorship))
async def drain(
    context: Context,
    service: Service,
    instances: Annotated[list[str], typer.Argument(metavar="INSTANCE...", help="host:port, or the id, of each instance.")],
    wait_s: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, max=3600, help="Wait for watchers at most so long.")
    ] = 30.0,
) -> None:
    """Take instances out of traffic, and wait until every watcher of the service knows.

    Ends with exit status 6 and the names of those that have not got it when the wait is over; the instances are out of traffic
    all the same. `muster state ... clear` takes it back.
    """
    whole_s = int(wait_s)
    request = wire.DrainRequest(
        refs=[instance_ref(context.service(service), text) for text in instances],
        timeout=Duration(seconds=whole_s, nanos=round((wait_s - whole_s) * 1e9)),
        author=context.author,
        comment=context.given.comment,
    )
    response = await context.ask(context.registration.Drain, request, extra_s=wait_s)
    watchers = [*((w, "pending") for w in response.pending), *((w, "written, no acks") for w in response.unconfirmed)]
    rows = [(short_name(watcher.service), watcher.client_name, watcher.peer, state) for watcher, state in watchers]
    table = Table(("service", "watcher", "peer", "change"), rows)
    if rows or context.output.is_for_machines:
        context.output.show(table, document(response))
    acknowledged = texts.count(response.acknowledged_count, "watcher")
    context.output.remark(
        f"{texts.count(len(instances), 'instance')} drained at revision {response.revision}; {acknowledged} acknowledged it"
    )
    if not response.complete:
        raise CommandError(Exit.UNAVAILABLE, f"{texts.count(len(response.pending), 'watcher')} not told within {wait_s:g} s")


class Wanted(enum.StrEnum):
    """What an operator can say of an instance."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    STARTING = "starting"
    TESTING = "testing"
    OUT_OF_SERVICE = "out-of-service"
    DRAINING = "draining"
    CLEAR = "clear"


@command(
    app, "state", example='muster state prod/api 10.0.0.1:8080 disabled --comment "disk is failing"', options=(names, authorship)
)
async def state(
    context: Context,
    service: Service,
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", help="host:port, or the instance's id.")],
    wanted: Annotated[Wanted, typer.Argument(metavar="STATE", help=f"One of {', '.join(Wanted)}.")],
) -> None:
    """Lay your word over what an instance says of itself, or take it back with `clear`. Only `enabled` instances get traffic."""
    request = wire.SetAdminStateRequest(
        ref=instance_ref(context.service(service), instance),
        state=f"ADMIN_STATE_{'UNSPECIFIED' if wanted is Wanted.CLEAR else wanted.name}",
        author=context.author,
        comment=context.given.comment,
    )
    response = await context.ask(context.registration.SetAdminState, request)
    now = texts.admin_state(response.instance.admin_state)
    context.output.say(f"{response.instance.instance_id} is {now} at revision {response.revision}", document(response))
