"""Namespaces."""

from typing import Annotated

import typer
from muster.admin.v1 import admin_service_pb2 as wire

from muster_client.cli import texts
from muster_client.cli.command import application, command
from muster_client.cli.context import Context
from muster_client.cli.document import document
from muster_client.cli.output import Table

app = application("List, describe and delete namespaces.")

Name = Annotated[str, typer.Argument(metavar="NAMESPACE", help="Name of the namespace.")]
Display = Annotated[str, typer.Option("--display-name", metavar="TEXT", help="A name for people.")]
Description = Annotated[str, typer.Option("--description", metavar="TEXT", help="What it is for.")]


@command(app, "list", example="muster ns list -o json")
async def list_namespaces(context: Context) -> None:
    """List the namespaces that are described or used."""
    response = await context.ask(context.admin.ListNamespaces, wire.ListNamespacesRequest())
    rows = [
        (
            namespace.name,
            namespace.display_name,
            "yes" if namespace.described else "no",
            str(namespace.service_count),
            str(namespace.instance_count),
            str(namespace.config_count),
            namespace.description,
        )
        for namespace in response.namespaces
    ]
    headings = ("namespace", "display name", "described", "services", "instances", "configs", "description")
    context.output.show(Table(headings, rows, frozenset(headings[3:6])), [document(found) for found in response.namespaces])


@command(app, "create", example='muster ns create prod --display-name "Production"')
async def create(context: Context, name: Name, display_name: Display = "", description: Description = "") -> None:
    """Describe a namespace. One that is only used needs no description."""
    wanted = wire.Namespace(name=name, display_name=display_name, description=description)
    response = await context.ask(context.admin.CreateNamespace, wire.CreateNamespaceRequest(namespace=wanted))
    context.output.say(f"created namespace {response.namespace.name}", document(response.namespace))


@command(app, "update", example='muster ns update prod --description "What customers see"')
async def update(context: Context, name: Name, display_name: Display = "", description: Description = "") -> None:
    """Replace the display name and the description of a namespace; what is not given becomes empty."""
    wanted = wire.Namespace(name=name, display_name=display_name, description=description)
    response = await context.ask(context.admin.UpdateNamespace, wire.UpdateNamespaceRequest(namespace=wanted))
    context.output.say(f"updated namespace {response.namespace.name}", document(response.namespace))


@command(app, "delete", example="muster ns delete staging --force")
async def delete(
    context: Context, name: Name, force: Annotated[bool, typer.Option("--force", help="Everything in it goes too.")] = False
) -> None:
    """Delete a namespace. One that is not empty is refused (exit status 4), unless forced.

    Environments and applications in it have to be deleted first.
    """
    response = await context.ask(context.admin.DeleteNamespace, wire.DeleteNamespaceRequest(name=name, force=force))
    instances = texts.count(response.removed_instance_count, "instance")
    configs = texts.count(response.deleted_config_count, "config item")
    context.output.say(f"deleted namespace {name} with {instances} and {configs}", document(response))
