"""API tokens."""

from typing import Annotated

import typer
from muster.admin.v1 import access_service_pb2 as wire

from muster_client.cli.command import application, command
from muster_client.cli.context import Context
from muster_client.cli.document import document, timestamp
from muster_client.cli.output import Table

app = application("Make API tokens, for programs, and revoke them.")

User = Annotated[str, typer.Option("--user", metavar="USER", help="As whom it acts; as yourself if not given.")]


@command(app, "create", example='muster token create --user ci --description "build server" --days 90')
async def create(
    context: Context,
    user: User = "",
    description: Annotated[str, typer.Option("--description", metavar="TEXT", help="What it is for.")] = "",
    days: Annotated[float, typer.Option("--days", metavar="DAYS", min=0, help="How long it counts; 0: until it is revoked.")] = 0.0,
) -> None:
    """Make a token and write it, this once."""
    request = wire.CreateTokenRequest(user=user, description=description)
    if days:
        request.ttl.FromSeconds(round(days * 24 * 3600))
    response = await context.ask(context.access.CreateToken, request)
    context.output.say(response.secret, document(response))
    context.output.note(f"token {response.token.id} acts as {response.token.user}; it is not shown again")


@command(app, "revoke", example="muster token revoke 4f6c0d8a51e2b397")
async def revoke(
    context: Context, token_id: Annotated[str, typer.Argument(metavar="ID", help="As `token list` shows it.")]
) -> None:
    """Make a token worthless. What it has open ends."""
    await context.ask(context.access.RevokeToken, wire.RevokeTokenRequest(id=token_id))
    context.output.say(f"revoked token {token_id}", {"id": token_id})


@command(app, "list", example="muster token list")
async def list_tokens(context: Context, user: User = "") -> None:
    """List tokens, without their secrets: those of all for an administrator, else your own."""
    pages = context.pages(context.access.ListTokens, wire.ListTokensRequest(user=user))
    found = [token async for page in pages for token in page.tokens]
    rows = [
        (
            token.id,
            token.user,
            timestamp(token.create_time),
            timestamp(token.expire_time) if token.HasField("expire_time") else "never",
            token.description,
        )
        for token in found
    ]
    context.output.show(Table(("id", "user", "created", "expires", "description"), rows), [document(token) for token in found])
