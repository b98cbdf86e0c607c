"""Coming and going by hand."""

import logging
import sys
from typing import Annotated

import typer
from muster.registry.v1 import registration_service_pb2 as wire
from muster.registry.v1.instance_pb2 import Instance, ServiceRef

from muster_client.cli.command import application, command, names
from muster_client.cli.context import Context
from muster_client.cli.document import document
from muster_client.cli.exits import CommandError, Exit
from muster_client.cli.names import endpoint, instance_ref, pairs
from muster_client.cli.services import Service
from muster_client.cli.signals import until_stopped

app = application("Registration.")


@command(
    app,
    "register",
    example="muster register prod/api 10.0.0.1:8080 --metadata zone=a --weight 2",
    options=(names,),
)
async def register(  # noqa: PLR0913, PLR0917  # one parameter for each option
    context: Context,
    service: Service,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="[scheme://]host:port under which it is called.")],
    instance_id: Annotated[str, typer.Option("--id", metavar="ID", help="Its id; host#port#cluster if not given.")] = "",
    cluster: Annotated[str, typer.Option("--cluster", metavar="CLUSTER", help="Its cluster; DEFAULT if not given.")] = "",
    weight: Annotated[float, typer.Option("--weight", metavar="NUMBER", min=0, help="Its share of traffic.")] = 1.0,
    metadata: Annotated[
        list[str] | None, typer.Option("--metadata", "-m", metavar="KEY=VALUE", help="Free pairs. May be repeated.")
    ] = None,
    persistent: Annotated[bool, typer.Option("--persistent", help="Register it without a session, until deregistered.")] = False,
) -> None:
    """Register an instance and keep it registered until Ctrl-C or SIGTERM, which remove it at once.

    The registration survives cuts and restarts of the server. It ends with exit status 4 when somebody else takes the instance
    over or removes it.
    """
    instance = Instance(
        instance_id=instance_id,
        endpoints=[endpoint(address)],
        cluster=cluster,
        weight=weight,
        metadata=pairs(metadata or ()),
        persistent=persistent,
    )
    if persistent:
        request = wire.RegisterRequest(service=context.service(service), instance=instance)
        response = await context.ask(context.registration.Register, request)
        context.output.say(f"registered {response.instance.instance_id} at revision {response.revision}", document(response))
        return
    async with until_stopped():
        await _hold(context, context.service(service), instance)
    context.output.event("stopped: the instance is removed", {"event": "deregistered"})


async def _hold(context: Context, service: ServiceRef, instance: Instance) -> None:
    async with context.client() as client:
        async with context.within_timeout():
            registration = await client.register(service, instance)
        context.output.event(
            f"registered {registration.instance_id} at revision {registration.revision}; Ctrl-C removes it",
            {"event": "registered", "instance_id": registration.instance_id, "revision": registration.revision},
        )
        logging.basicConfig(stream=sys.stderr, format="muster: %(message)s")
        loss = await registration.wait_lost()
    raise CommandError(Exit.CONFLICT, f"lost: {loss.message}")


@command(app, "deregister", example="muster deregister prod/api 10.0.0.1:8080", options=(names,))
async def deregister(
    context: Context,
    service: Service,
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", help="host:port, or the instance's id.")],
    allow_missing: Annotated[bool, typer.Option("--allow-missing", help="A missing instance is no error.")] = False,
) -> None:
    """Remove an instance at once, whoever registered it."""
    request = wire.DeregisterRequest(ref=instance_ref(context.service(service), instance), allow_missing=allow_missing)
    response = await context.ask(context.registration.Deregister, request)
    done = f"removed {instance} at revision {response.revision}" if response.removed else f"{instance} was not there"
    context.output.say(done, document(response))
