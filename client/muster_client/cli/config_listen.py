"""Config items, live."""

from typing import Annotated

import typer
from muster.config.v1.config_pb2 import ClientTraits

from muster_client import Config, MissingConfig
from muster_client.cli import texts
from muster_client.cli.command import application, command, names
from muster_client.cli.config_items import kind_text
from muster_client.cli.context import Context
from muster_client.cli.document import Document, document
from muster_client.cli.names import pairs, short_name
from muster_client.cli.signals import until_stopped

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
    refs = [context.config_ref(item) for item in items]
    async with until_stopped(), context.client(traits) as client, client.listen(*refs) as states:
        async with context.within_timeout():
            first = await anext(states)
        _tell(context, first, with_content=content)
        async for state in states:
            _tell(context, state, with_content=content)


def _tell(context: Context, state: Config | MissingConfig, *, with_content: bool) -> None:
    name = short_name(state.ref)
    event: Document = {"ref": document(state.ref), "revision": state.as_of}
    if isinstance(state, MissingConfig):
        text = f"{name}  {'deleted' if state.is_deleted else 'missing'}"
        context.output.event(text, {"event": "missing", **event, "deleted": state.is_deleted})
        return
    release = state.release
    line = release.gray or "main"
    text = f"{name}  release {release.number}  {kind_text(release)}  {line}  {texts.size(release.size_bytes)}  {release.md5}"
    event = {"event": "changed", **event, "release": document(release)}
    context.output.event(text, event)
    if with_content and not context.output.is_for_machines:
        context.output.content(release.content.removesuffix("\n") + "\n", event)
