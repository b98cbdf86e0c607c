"""Who the user is to the server."""

import time
from typing import Annotated

import typer
from muster.admin.v1 import access_service_pb2 as wire

from muster_client.cli import logins
from muster_client.cli.command import application, command
from muster_client.cli.context import Context
from muster_client.cli.document import document
from muster_client.cli.output import Table
from muster_client.cli.passwords import FromStdin, password

app = application("Logins.")


@command(app, "login", example="muster login root")
async def login(
    context: Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="Name of the user.")],
    password_stdin: FromStdin = False,
) -> None:
    """Log in: later commands to the same server show the token. It is kept in ~/.config/muster, for this user's eyes only."""
    request = wire.LoginRequest(user=user, password=password(from_stdin=password_stdin, is_new=False))
    answer = await context.ask(context.access.Login, request)
    logins.save(context.given.target, answer.token)
    until = time.strftime("%Y-%m-%d %H:%M", time.localtime(time.time() + answer.ttl.seconds))
    context.output.say(f"logged in at {context.given.target} as {user} until {until}", {"user": user, "admin": answer.admin})


@command(app, "logout", example="muster logout")
async def logout(context: Context) -> None:
    """Forget the login at a server."""
    logins.save(context.given.target, "")
    context.output.say(f"forgot the login at {context.given.target}", {"target": context.given.target})


@command(app, "whoami", example="muster whoami")
async def whoami(context: Context) -> None:
    """Tell who the server takes you for."""
    me = await context.ask(context.access.WhoAmI, wire.WhoAmIRequest())
    rights = "everything" if me.admin else "by roles"
    rows = [(me.user, " ".join(me.roles), rights, "on" if me.authentication else "off")]
    context.output.show(Table(("user", "roles", "may", "authentication"), rows), document(me))
