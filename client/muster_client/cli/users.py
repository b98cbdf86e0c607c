"""Users."""

from typing import Annotated

import typer
from google.protobuf.field_mask_pb2 import FieldMask
from muster.admin.v1 import access_service_pb2 as wire

from muster_client.cli.command import application, command
from muster_client.cli.context import Context
from muster_client.cli.document import document, timestamp
from muster_client.cli.output import Table
from muster_client.cli.passwords import FromStdin, password

app = application("Make users, change them, and take them away.")

Name = Annotated[str, typer.Argument(metavar="USER", help="Name of the user.")]
RoleName = Annotated[str, typer.Argument(metavar="ROLE", help="Name of the role; admin for everything.")]


@command(app, "init", example="muster user init root")
async def init(context: Context, name: Name, password_stdin: FromStdin = False) -> None:
    """Make the first user, an administrator. Works while there is no user at all (else exit status 4)."""
    request = wire.CreateFirstUserRequest(user=name, password=password(from_stdin=password_stdin, is_new=True))
    response = await context.ask(context.access.CreateFirstUser, request)
    context.output.say(f"made administrator {name}", document(response.user))


@command(app, "add", example="muster user add ann --role reader")
async def add(
    context: Context,
    name: Name,
    role: Annotated[list[str] | None, typer.Option("--role", metavar="ROLE", help="A role that it has. May be repeated.")] = None,
    no_password: Annotated[bool, typer.Option("--no-password", help="It cannot log in: it works by tokens.")] = False,
    password_stdin: FromStdin = False,
) -> None:
    """Make a user, with a password or without one."""
    secret = "" if no_password else password(from_stdin=password_stdin, is_new=True)
    request = wire.CreateUserRequest(user=wire.User(name=name, roles=role or ()), password=secret)
    response = await context.ask(context.access.CreateUser, request)
    context.output.say(f"made user {name}", document(response.user))


@command(app, "remove", example="muster user remove ann")
async def remove(context: Context, name: Name) -> None:
    """Take a user away, with tokens and access keys. What it has open ends."""
    await context.ask(context.access.DeleteUser, wire.DeleteUserRequest(user=name))
    context.output.say(f"removed user {name}", {"user": name})


@command(app, "passwd", example="muster user passwd ann")
async def passwd(
    context: Context,
    name: Annotated[str, typer.Argument(metavar="USER", help="Name of the user; yourself if not given.")] = "",
    password_stdin: FromStdin = False,
) -> None:
    """Change a password. Logins with the former one end. Who is no administrator types the former one first."""
    me = await context.ask(context.access.WhoAmI, wire.WhoAmIRequest())
    former = "" if me.admin else password(from_stdin=password_stdin, is_new=False, prompt="Former password")
    request = wire.SetPasswordRequest(
        user=name, former_password=former, password=password(from_stdin=password_stdin, is_new=True, prompt="New password")
    )
    response = await context.ask(context.access.SetPassword, request)
    context.output.say(f"changed the password of {response.user.name}", document(response.user))


@command(app, "grant", example="muster user grant ann reader")
async def grant(context: Context, name: Name, role: RoleName) -> None:
    """Give a user a role."""
    response = await context.ask(context.access.GrantRole, wire.GrantRoleRequest(user=name, role=role))
    context.output.say(f"{name} has role {role}", document(response.user))


@command(app, "revoke", example="muster user revoke ann reader")
async def revoke(context: Context, name: Name, role: RoleName) -> None:
    """Take a role from a user. What it has open and needs the role for ends."""
    response = await context.ask(context.access.RevokeRole, wire.RevokeRoleRequest(user=name, role=role))
    context.output.say(f"{name} has role {role} no more", document(response.user))


@command(app, "suspend", example="muster user suspend ann")
async def suspend(context: Context, name: Name) -> None:
    """Let none of a user's credentials count for now. What it has open ends."""
    await _suspended(context, name, is_suspended=True)
    context.output.say(f"suspended user {name}", {"user": name, "suspended": True})


@command(app, "resume", example="muster user resume ann")
async def resume(context: Context, name: Name) -> None:
    """Let a user's credentials count again."""
    await _suspended(context, name, is_suspended=False)
    context.output.say(f"resumed user {name}", {"user": name, "suspended": False})


@command(app, "lockouts", example="muster user lockouts")
async def lockouts(context: Context) -> None:
    """List who is locked out for an address after too many failed logins from there."""
    pages = context.pages(context.access.ListLockouts, wire.ListLockoutsRequest())
    found = [one async for page in pages for one in page.lockouts]
    rows = [(one.user, one.address, timestamp(one.end_time)) for one in found]
    context.output.show(Table(("user", "address", "until"), rows), [document(one) for one in found])


@command(app, "unlock", example="muster user unlock ann")
async def unlock(context: Context, name: Name) -> None:
    """Let a user who is locked out log in again, from everywhere."""
    await context.ask(context.access.EndLockout, wire.EndLockoutRequest(user=name))
    context.output.say(f"{name} may log in again", {"user": name})


@command(app, "list", example="muster user list -o json")
async def list_users(context: Context) -> None:
    """List the users and their roles."""
    pages = context.pages(context.access.ListUsers, wire.ListUsersRequest())
    found = [user async for page in pages for user in page.users]
    rows = [
        (user.name, " ".join(user.roles), "yes" if user.has_password else "no", "suspended" if user.suspended else "")
        for user in found
    ]
    context.output.show(Table(("user", "roles", "password", "state"), rows), [document(user) for user in found])


async def _suspended(context: Context, name: str, *, is_suspended: bool) -> None:
    user = wire.User(name=name, suspended=is_suspended)
    await context.ask(context.access.UpdateUser, wire.UpdateUserRequest(user=user, update_mask=FieldMask(paths=["suspended"])))
