"""A service, live."""

import asyncio
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer
from muster.registry.v1.instance_pb2 import Instance, RemovalReason
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from muster_client import Client, Update
from muster_client.cli import texts
from muster_client.cli.command import application, command, names
from muster_client.cli.context import Context
from muster_client.cli.document import Document, document
from muster_client.cli.names import short_name
from muster_client.cli.output import clean, rich_table
from muster_client.cli.services import instance_table
from muster_client.cli.signals import until_stopped

app = application("Watching.")

LAST_CHANGES = 8
LINES_OF_A_TABLE = 7  # title, heading, rule, what is around them, and "and 3 more"


@command(app, "watch", example="muster watch prod/api prod/billing", options=(names,))
async def watch(
    context: Context, services: Annotated[list[str], typer.Argument(metavar="SERVICE...", help="[namespace/[group/]]name of each.")]
) -> None:
    """Follow services until Ctrl-C: a live table on a terminal, else one line for each instance that comes, changes or goes.

    As JSON or YAML there is one document for each update. The watch goes on through cuts and restarts of the server.
    """
    updates: asyncio.Queue[Update] = asyncio.Queue(maxsize=1)  # full: a follower waits, and the client sums up for it
    async with until_stopped(), context.client() as client, asyncio.TaskGroup() as group:
        for service in services:
            group.create_task(_follow(context, client, service, updates), name=f"follow {service}")
        await (_draw(context, updates) if context.output.is_live else _tell(context, updates))


async def _follow(context: Context, client: Client, service: str, updates: "asyncio.Queue[Update]") -> None:
    async with client.watch(context.service(service)) as changes:
        async with context.within_timeout():
            first = await anext(changes)
        await updates.put(first)
        async for update in changes:
            await updates.put(update)


async def _tell(context: Context, updates: "asyncio.Queue[Update]") -> None:
    while True:
        update = await updates.get()
        if context.output.is_for_machines:
            context.output.event("", update_document(update))
            continue
        for line in update_lines(update):
            context.output.event(line, {})


async def _draw(context: Context, updates: "asyncio.Queue[Update]") -> None:
    states: dict[str, Update] = {}
    changes: deque[str] = deque(maxlen=LAST_CHANGES)
    with Live(Text("waiting for the server"), console=context.output.console, auto_refresh=False) as live:
        live.refresh()
        while True:
            update = await updates.get()
            name = short_name(update.service)
            if name in states:
                changes.extend(f"{datetime.now(UTC):%H:%M:%S}  {line}" for line in update_lines(update))
            states[name] = update
            live.update(picture(states, changes, context.output.console.height), refresh=True)


def picture(states: dict[str, Update], changes: "deque[str]", height: int) -> RenderableType:
    """What stands in each service, as far as it fits into `height` lines, and the last changes under it."""
    parts: list[RenderableType] = []
    most_rows = max(1, (height - len(changes) - 1) // len(states) - LINES_OF_A_TABLE)
    for name, update in states.items():
        warming = ", the server started a moment ago" if update.is_warming_up else ""
        title = f"{name}: {texts.count(len(update.instances), 'instance')} at revision {update.revision}{warming}"
        found = list(update.instances.values())
        parts += [Text(clean(title), "bold"), rich_table(instance_table(found[:most_rows]))]
        if len(found) > most_rows:
            parts.append(Text(f"  and {len(found) - most_rows} more\n", "dim"))
    parts += [Text(clean(line), "dim") for line in changes]
    return Group(*parts)


def update_lines(update: Update) -> Iterator[str]:
    """One line for each instance that came, changed or went; one that says so for an update without any."""
    name = short_name(update.service)
    for instance in update.puts:
        yield f"{name}  put  {_line(instance)}"
    for removal in update.removals:
        yield f"{name}  gone  {removal.instance_id}  {_reason(removal.reason)}"
    if not update.puts and not update.removals and not update.instances:
        yield f"{name}  empty"


def update_document(update: Update) -> Document:
    """An update for machines."""
    return {
        "service": document(update.service),
        "revision": update.revision,
        "epoch": update.epoch,
        "warming_up": update.is_warming_up,
        "puts": [document(instance) for instance in update.puts],
        "removals": [{"instance_id": removal.instance_id, "reason": _reason(removal.reason)} for removal in update.removals],
        "instance_count": len(update.instances),
    }


def _line(instance: Instance) -> str:
    state = f"{texts.health(instance.health)}  {texts.admin_state(instance.admin_state)}"
    return f"{instance.instance_id}  {texts.addresses(instance)}  {state}"


def _reason(reason: RemovalReason) -> str:
    return RemovalReason.Name(reason).removeprefix("REMOVAL_REASON_")
