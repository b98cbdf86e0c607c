"""Roles, and what they may do."""

import enum
from typing import Annotated

import typer
from muster.admin.v1 import access_service_pb2 as wire

from muster_client.cli.command import application, command
from muster_client.cli.context import Context
from muster_client.cli.document import document
from muster_client.cli.output import Table

app = application("Make roles, say what they may do, and take them away.")


class Right(enum.StrEnum):
    """What one may do."""

    READ = "r"
    WRITE = "w"
    READ_WRITE = "rw"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


Name = Annotated[str, typer.Argument(metavar="ROLE", help="Name of the role.")]
Pattern = Annotated[
    str,
    typer.Argument(
        metavar="RESOURCE",
        help="namespace:group:kind/name; the kinds are service, schema, config, delivery, lock, user, role; * is any.",
    ),
]
Rights = Annotated[Right, typer.Argument(metavar="RIGHT", help="r, w or rw; create, update or delete for a part of w.")]


@command(app, "create", example="muster role create reader")
async def create(context: Context, name: Name) -> None:
    """Make a role, which may do nothing yet."""
    response = await context.ask(context.access.CreateRole, wire.CreateRoleRequest(role=wire.Role(name=name)))
    context.output.say(f"made role {name}", document(response.role))


@command(app, "delete", example="muster role delete reader")
async def delete(context: Context, name: Name) -> None:
    """Take a role away, from its holders too."""
    await context.ask(context.access.DeleteRole, wire.DeleteRoleRequest(role=name))
    context.output.say(f"deleted role {name}", {"role": name})


@command(app, "allow", example="muster role allow reader 'prod:*:*' r\nmuster role allow payments 'prod:*:service/pay-*' rw")
async def allow(context: Context, name: Name, resource: Pattern, right: Rights) -> None:
    """Allow a role something."""
    request = wire.AddPermissionRequest(role=name, permission=_permission(resource, right))
    response = await context.ask(context.access.AddPermission, request)
    context.output.say(f"{name} may {right} {resource}", document(response.role))


@command(app, "deny", example="muster role deny reader 'prod:*:*' r")
async def deny(context: Context, name: Name, resource: Pattern, right: Rights) -> None:
    """Take back what was allowed in these very words. There is no other denial: what nothing allows is forbidden."""
    request = wire.RemovePermissionRequest(role=name, permission=_permission(resource, right))
    response = await context.ask(context.access.RemovePermission, request)
    context.output.say(f"{name} may {right} {resource} no more", document(response.role))


@command(app, "list", example="muster role list")
async def list_roles(context: Context) -> None:
    """List the roles and what they may do, a line for each permission."""
    pages = context.pages(context.access.ListRoles, wire.ListRolesRequest())
    found = [role async for page in pages for role in page.roles]
    rows = [(role.name, *shown) for role in found for shown in _shown(role)]
    context.output.show(Table(("role", "resource", "right"), rows), [document(role) for role in found])


def _permission(resource: str, right: Right) -> wire.Permission:
    return wire.Permission(resource=resource, action=f"ACTION_{right.name}")


def _shown(role: wire.Role) -> list[tuple[str, str]]:
    names = {wire.Action.Value(f"ACTION_{right.name}"): right.value for right in Right}
    return [(one.resource, names.get(one.action, str(one.action))) for one in role.permissions] or [("", "")]
