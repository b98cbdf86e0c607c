"""Components, the programs of an application."""

from typing import Annotated

import typer
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.delivery.v1.delivery_pb2 import Application, Component

from muster_client.cli import texts
from muster_client.cli.command import application, command, within
from muster_client.cli.context import Context
from muster_client.cli.delivered import aim, applications, components, find_application, find_component, name_in, space
from muster_client.cli.document import Document, document, timestamp
from muster_client.cli.exits import CommandError, Exit
from muster_client.cli.names import joined
from muster_client.cli.output import Table
from muster_client.cli.reading import File, read_message

app = application("Components, the programs of an application.")

Name = Annotated[str, typer.Argument(metavar="COMPONENT", help="[application/]name, or id, of the component.")]
MASK = ("name", "description", "labels", "source", "build")
RENAMED = {"application": "application_id"}


@command(app, "list", example="muster component list shop", options=(within,))
async def list_components(
    context: Context,
    of: Annotated[str, typer.Argument(metavar="APPLICATION", help="Only those of this application.")] = "",
) -> None:
    """List the components of an application, or of all in a namespace."""
    owners = await applications(context, context.given.namespace)
    if of:
        one = await find_application(context, context.given.namespace, of)
        owners = {one.id: one}
    found = list((await components(context, context.given.namespace, owners.values())).values())
    context.output.show(_table(found, owners), [_document(one, owners) for one in found])


@command(app, "show", example="muster component show shop/web -o yaml", options=(within,))
async def show(context: Context, name: Name) -> None:
    """Show a component. `muster component create` takes what -o yaml writes."""
    owners = await applications(context, context.given.namespace)
    found = await find_component(context, context.given.namespace, name)
    context.output.show(_table([found], owners), _document(found, owners))


@command(
    app,
    "create",
    example="muster component create shop/web --runtime Python3\nmuster component create -f web.yaml",
    options=(within,),
)
async def create(
    context: Context,
    name: Annotated[str, typer.Argument(metavar="APPLICATION/NAME", help="Whose it is and its name, whatever the file says.")] = "",
    file: File = "",
    runtime: Annotated[str, typer.Option("--runtime", metavar="NAME", help="What runs it: see `muster runtimes`.")] = "",
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="What it is for.")] = "",
) -> None:
    """Create a component of an application."""
    wanted = read_message(file, Component, RENAMED) if file else Component()
    owner, _, own = name.rpartition("/")
    namespace = space(context, wanted)
    if not (owner or wanted.application_id):
        raise CommandError(Exit.USAGE, "whose component it is, is not said: write APPLICATION/NAME")
    wanted.application_id = (await find_application(context, namespace, owner or wanted.application_id)).id
    wanted.name = own or wanted.name
    wanted.runtime = runtime or wanted.runtime
    wanted.description = description or wanted.description
    request = wire.CreateComponentRequest(component=wanted, namespace=namespace)
    response = await context.ask(context.delivery.CreateComponent, request)
    context.output.say(f"created component {response.component.name}", document(response.component))


@command(app, "update", example="muster component update shop/web -f web.yaml", options=(within,))
async def update(context: Context, name: Name, file: File) -> None:
    """Make a component what a file says; what that leaves out becomes empty.

    A revision in the file must be the current one, as it is if nobody has changed it since `show -o yaml` (else exit status 4).
    """
    wanted = read_message(file, Component, RENAMED)
    known = await find_component(context, space(context, wanted), name)
    request = wire.UpdateComponentRequest(component=wanted)
    aim(request, request.component, known, MASK)
    request.component.application_id = known.application_id
    response = await context.ask(context.delivery.UpdateComponent, request)
    context.output.say(f"updated component {response.component.name}", document(response.component))


@command(app, "delete", example="muster component delete shop/web --force", options=(within,))
async def delete(
    context: Context,
    name: Name,
    force: Annotated[bool, typer.Option("--force", help="Its deployments are deleted too, and it once they are gone.")] = False,
) -> None:
    """Delete a component. One with deployments is refused (exit status 4), unless forced."""
    found = await find_component(context, context.given.namespace, name)
    request = wire.DeleteComponentRequest(namespace=found.namespace, application_id=found.application_id, id=found.id, force=force)
    await context.ask(context.delivery.DeleteComponent, request)
    count = texts.count(found.deployment_count, "deployment")
    done = f"component {found.name} goes with its {count}" if found.deployment_count else f"deleted component {found.name}"
    context.output.say(done, document(found))


def _table(found: list[Component], owners: dict[str, Application]) -> Table:
    rows = [
        (
            name_in(owners, one.application_id),
            one.name,
            one.id,
            one.runtime,
            "deleting" if one.deleting else str(one.deployment_count),
            joined(one.labels),
            timestamp(one.update_time),
            one.description,
        )
        for one in found
    ]
    headings = ("application", "component", "id", "runtime", "deployments", "labels", "updated", "description")
    return Table(headings, rows, frozenset({"deployments"}))


def _document(found: Component, owners: dict[str, Application]) -> Document:
    return {"application": name_in(owners, found.application_id), **document(found)}
