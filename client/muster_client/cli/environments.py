"""Environments, which deployments run in."""

from typing import Annotated

import typer
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.delivery.v1.delivery_pb2 import Environment, Resource

from muster_client.cli.command import application, command, within
from muster_client.cli.context import Context
from muster_client.cli.delivered import aim, environments, find_environment, space
from muster_client.cli.document import document, timestamp
from muster_client.cli.exits import CommandError, Exit
from muster_client.cli.names import joined
from muster_client.cli.output import Table
from muster_client.cli.reading import File, read_message

app = application("Environments, which deployments run in.")

Name = Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="Name or id of the environment.")]
MASK = ("name", "display_name", "description", "labels", "resources")


@command(app, "list", example="muster env list -n prod", options=(within,))
async def list_environments(context: Context) -> None:
    """List the environments of a namespace."""
    found = list((await environments(context, context.given.namespace)).values())
    context.output.show(_table(found), [document(one) for one in found])


@command(app, "show", example="muster env show prod -o yaml", options=(within,))
async def show(context: Context, name: Name) -> None:
    """Show an environment. `muster env create` takes what -o yaml writes."""
    found = await find_environment(context, context.given.namespace, name)
    context.output.show(_table([found]), document(found))


@command(
    app,
    "create",
    example="muster env create prod --description 'What customers see'\nmuster env create -f prod.yaml",
    options=(within,),
)
async def create(
    context: Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, whatever the file says.")] = "",
    file: File = "",
    display_name: Annotated[str, typer.Option("--display-name", metavar="TEXT", help="A name for people.")] = "",
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="What it is for.")] = "",
    resource: Annotated[
        list[str] | None,
        typer.Option("--resource", metavar="TYPE:ID", help="What is in it, as ecs and an agent's name. May be repeated."),
    ] = None,
) -> None:
    """Create an environment. Deployments run in it by an agent of its own, else by that in the server's process."""
    wanted = read_message(file, Environment) if file else Environment()
    wanted.namespace = space(context, wanted)
    wanted.name = name or wanted.name
    wanted.display_name = display_name or wanted.display_name
    wanted.description = description or wanted.description
    wanted.resources.extend(_resource(text) for text in resource or ())
    response = await context.ask(context.delivery.CreateEnvironment, wire.CreateEnvironmentRequest(environment=wanted))
    context.output.say(f"created environment {response.environment.name}", document(response.environment))


@command(app, "update", example="muster env update prod -f prod.yaml", options=(within,))
async def update(context: Context, name: Name, file: File) -> None:
    """Make an environment what a file says; what that leaves out becomes empty.

    A revision in the file must be the current one, as it is if nobody has changed it since `show -o yaml` (else exit status 4).
    """
    wanted = read_message(file, Environment)
    known = await find_environment(context, space(context, wanted), name)
    request = wire.UpdateEnvironmentRequest(environment=wanted)
    aim(request, request.environment, known, MASK)
    response = await context.ask(context.delivery.UpdateEnvironment, request)
    context.output.say(f"updated environment {response.environment.name}", document(response.environment))


@command(app, "delete", example="muster env delete staging", options=(within,))
async def delete(context: Context, name: Name) -> None:
    """Delete an environment, with the variables of applications for it. One with deployments is refused (exit status 4)."""
    found = await find_environment(context, context.given.namespace, name)
    await context.ask(context.delivery.DeleteEnvironment, wire.DeleteEnvironmentRequest(namespace=found.namespace, id=found.id))
    context.output.say(f"deleted environment {found.name}", document(found))


def _table(found: list[Environment]) -> Table:
    rows = [
        (
            one.name,
            one.id,
            one.display_name,
            " ".join(f"{resource.type}:{resource.id}" for resource in one.resources),
            joined(one.labels),
            timestamp(one.update_time),
            one.description,
        )
        for one in found
    ]
    return Table(("environment", "id", "display name", "resources", "labels", "updated", "description"), rows)


def _resource(text: str) -> Resource:
    kind, colon, resource_id = text.partition(":")
    if not kind or not colon or not resource_id:
        raise CommandError(Exit.USAGE, f"{text!r} is no resource: write TYPE:ID")
    return Resource(type=kind, id=resource_id)
