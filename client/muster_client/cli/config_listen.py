"""Config items, live."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from muster.config.v1 import config_service_pb2 as wire
from muster.config.v1.config_pb2 import ClientTraits

from muster_client._link import Backoff, Link
from muster_client.cli import texts
from muster_client.cli.command import application, command, names
from muster_client.cli.config_items import kind_text
from muster_client.cli.context import CLIENT_NAME, METADATA, Context
from muster_client.cli.document import Document, document
from muster_client.cli.exits import CommandError, Exit
from muster_client.cli.listening import ListenConversation, State
from muster_client.cli.names import pairs, short_name
from muster_client.cli.signals import until_stopped
from muster_client.errors import reason_name

app = application("Listening.")


@command(app, "listen", example="muster config listen prod/app.yaml -o json", options=(names,))
async def listen(
    context: Context,
    items: Annotated[list[str], typer.Argument(metavar="NAME...", help="[namespace/[group/]]name of each config item.")],
    as_ip: Annotated[str, typer.Option("--as-ip", metavar="IP", help="As a client at this address.")] = "",
    as_label: Annotated[
        list[str] | None, typer.Option("--as-label", metavar="KEY=VALUE", help="As a client with this label. May be repeated.")
    ] = None,
    as_client: Annotated[str, typer.Option("--as-client", metavar="ID", help="As the client with this id.")] = "",
    content: Annotated[bool, typer.Option("--content", help="Print the content under each line.")] = False,
) -> None:
    """Follow config items until Ctrl-C, as their clients see them: what stands first, then a line for each change.

    As JSON or YAML there is one document for each change, with its content. The listening goes on through cuts and restarts.
    """
    traits = ClientTraits(ip=as_ip, labels=pairs(as_label or ()), client_id=as_client)
    conversation = ListenConversation(CLIENT_NAME, traits, [context.config_ref(item) for item in items])
    async with until_stopped(), _kept(context, conversation):
        async with context.within_timeout():
            await conversation.answered.wait()
        while (state := await conversation.next()) is not None:
            await _tell(context, state, traits, with_content=content)
        raise CommandError(Exit.INVALID, "the server refused every item")


@asynccontextmanager
async def _kept(context: Context, conversation: ListenConversation) -> AsyncIterator[None]:
    """Keep the stream open for as long as the block runs."""
    link = Link(conversation, lambda: context.config.Listen(metadata=METADATA), Backoff())
    conversation.wake = link.wake
    async with asyncio.TaskGroup() as group:
        task = group.create_task(link.run(), name="muster listen")
        try:
            yield
        finally:
            task.cancel()


async def _tell(context: Context, state: State, traits: ClientTraits, *, with_content: bool) -> None:
    name = short_name(state.ref)
    if isinstance(state, wire.ListenResponse.Cancelled):
        text = f"{name}  cancelled  {state.message} ({reason_name(state.reason)})"
        context.output.event(text, {"event": "cancelled", **document(state)})
        return
    if isinstance(state, wire.ListenResponse.Missing):
        context.output.event(f"{name}  {'deleted' if state.deleted else 'missing'}", {"event": "missing", **document(state)})
        return
    if state.fetch:  # too large for a frame
        response = await context.ask(context.config.GetConfig, wire.GetConfigRequest(ref=state.ref, client=traits))
        state.release.CopyFrom(response.release)
    release = state.release
    line = release.gray or "main"
    text = f"{name}  release {release.number}  {kind_text(release)}  {line}  {texts.size(release.size_bytes)}  {release.md5}"
    event: Document = {"event": "changed", **document(state)}
    context.output.event(text, event)
    if with_content and not context.output.is_for_machines:
        context.output.content(release.content.removesuffix("\n") + "\n", event)
