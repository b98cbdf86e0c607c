"""Access keys."""

from typing import Annotated

import typer
from muster.admin.v1 import access_service_pb2 as wire

from muster_client.cli.command import application, command
from muster_client.cli.context import Context
from muster_client.cli.document import document, timestamp
from muster_client.cli.output import Table

app = application("Make access keys, for programs that sign their requests, and delete them.")


@command(app, "create", example="muster access-key create ci")
async def create(context: Context, user: Annotated[str, typer.Argument(metavar="USER", help="As whom it acts.")]) -> None:
    """Make an access key; write its id and, this once, its secret."""
    response = await context.ask(context.access.CreateAccessKey, wire.CreateAccessKeyRequest(user=user))
    context.output.say(f"{response.access_key.id} {response.secret}", document(response))
    context.output.note("the secret is not shown again")


@command(app, "delete", example="muster access-key delete 9C1F20B7A4D85E630F12")
async def delete(context: Context, key_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the key.")]) -> None:
    """Make an access key worthless."""
    await context.ask(context.access.DeleteAccessKey, wire.DeleteAccessKeyRequest(id=key_id))
    context.output.say(f"deleted access key {key_id}", {"id": key_id})


@command(app, "list", example="muster access-key list")
async def list_keys(context: Context) -> None:
    """List access keys, without their secrets."""
    pages = context.pages(context.access.ListAccessKeys, wire.ListAccessKeysRequest())
    found = [key async for page in pages for key in page.access_keys]
    rows = [(key.id, key.user, timestamp(key.create_time)) for key in found]
    context.output.show(Table(("id", "user", "created"), rows), [document(key) for key in found])
