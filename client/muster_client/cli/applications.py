"""Applications, and the variables that their components get in an environment."""

from typing import Annotated

import typer
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.delivery.v1.delivery_pb2 import Application, EnvVar

from muster_client.cli import texts
from muster_client.cli.command import application, command, within
from muster_client.cli.context import Context
from muster_client.cli.delivered import aim, applications, environments, find_application, find_environment, name_in, space
from muster_client.cli.document import document, timestamp
from muster_client.cli.exits import CommandError, Exit
from muster_client.cli.names import joined, pairs
from muster_client.cli.output import Table
from muster_client.cli.reading import File, read_message

app = application("Applications, and what their components get as variables.")

Name = Annotated[str, typer.Argument(metavar="APPLICATION", help="Name or id of the application.")]
MASK = ("name", "description", "labels")


@command(app, "list", example="muster app list", options=(within,))
async def list_applications(context: Context) -> None:
    """List the applications of a namespace."""
    found = list((await applications(context, context.given.namespace)).values())
    context.output.show(_table(found), [document(one) for one in found])


@command(app, "show", example="muster app show shop -o yaml", options=(within,))
async def show(context: Context, name: Name) -> None:
    """Show an application. `muster app create` takes what -o yaml writes."""
    found = await find_application(context, context.given.namespace, name)
    context.output.show(_table([found]), document(found))


@command(app, "create", example="muster app create shop\nmuster app create -f shop.yaml", options=(within,))
async def create(
    context: Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, whatever the file says.")] = "",
    file: File = "",
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="What it is for.")] = "",
) -> None:
    """Create an application, by its name or as a file says."""
    wanted = read_message(file, Application) if file else Application()
    wanted.namespace = space(context, wanted)
    wanted.name = name or wanted.name
    wanted.description = description or wanted.description
    response = await context.ask(context.delivery.CreateApplication, wire.CreateApplicationRequest(application=wanted))
    context.output.say(f"created application {response.application.name}", document(response.application))


@command(app, "update", example="muster app update shop -f shop.yaml", options=(within,))
async def update(context: Context, name: Name, file: File) -> None:
    """Make an application what a file says; what that leaves out becomes empty.

    A revision in the file must be the current one, as it is if nobody has changed it since `show -o yaml` (else exit status 4).
    """
    wanted = read_message(file, Application)
    known = await find_application(context, space(context, wanted), name)
    request = wire.UpdateApplicationRequest(application=wanted)
    aim(request, request.application, known, MASK)
    response = await context.ask(context.delivery.UpdateApplication, request)
    context.output.say(f"updated application {response.application.name}", document(response.application))


@command(app, "delete", example="muster app delete shop", options=(within,))
async def delete(context: Context, name: Name) -> None:
    """Delete an application with its variables. One with components is refused (exit status 4)."""
    found = await find_application(context, context.given.namespace, name)
    await context.ask(context.delivery.DeleteApplication, wire.DeleteApplicationRequest(namespace=found.namespace, id=found.id))
    context.output.say(f"deleted application {found.name}", document(found))


@command(app, "vars", example="muster app vars shop", options=(within,))
async def variables(context: Context, name: Name) -> None:
    """List the variables that the components of an application get, in each environment."""
    found = await find_application(context, context.given.namespace, name)
    request = wire.ListApplicationConfigsRequest(namespace=found.namespace, application_id=found.id)
    response = await context.ask(context.delivery.ListApplicationConfigs, request)
    owners = await environments(context, found.namespace)
    rows = [(name_in(owners, one.environment_id), var.name, var.value) for one in response.configs for var in one.env]
    named = [{"environment": name_in(owners, one.environment_id), **document(one)} for one in response.configs]
    context.output.show(Table(("environment", "variable", "value"), rows), named)


@command(app, "set", example="muster app set shop prod LOG=debug --unset TRACE", options=(within,))
async def set_variables(
    context: Context,
    name: Name,
    environment: Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="Name or id of the environment.")],
    variable: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE...", help="Variables; others stay.")] = None,
    unset: Annotated[list[str] | None, typer.Option("--unset", metavar="NAME", help="Take it away. May be repeated.")] = None,
) -> None:
    """Set variables of an application in an environment. What is deployed gets them with the next upgrade or restart."""
    wanted = pairs(variable or ())
    found = await find_application(context, context.given.namespace, name)
    place = await find_environment(context, context.given.namespace, environment)
    where = {"application_id": found.id, "environment_id": place.id}
    asked = wire.ListApplicationConfigsRequest(namespace=found.namespace, **where)
    known = {
        var.name: var.value
        for one in (await context.ask(context.delivery.ListApplicationConfigs, asked)).configs
        for var in one.env
    }
    if missing := set(unset or ()) - set(known):
        raise CommandError(Exit.NOT_FOUND, f"there is no variable {' or '.join(sorted(missing))}")
    after = {key: value for key, value in (known | wanted).items() if key not in (unset or ())}
    request = wire.SetApplicationConfigRequest(namespace=found.namespace, config=where)
    request.config.env.extend(EnvVar(name=key, value=value) for key, value in after.items())
    response = await context.ask(context.delivery.SetApplicationConfig, request)
    context.output.say(f"{found.name} has {texts.count(len(after), 'variable')} in {place.name}", document(response.config))


def _table(found: list[Application]) -> Table:
    rows = [
        (one.name, one.id, str(one.component_count), joined(one.labels), timestamp(one.update_time), one.description)
        for one in found
    ]
    return Table(("application", "id", "components", "labels", "updated", "description"), rows, frozenset({"components"}))
