"""What replicas write."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import grpc.aio
import typer
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.delivery.v1.deployment_pb2 import Deployment

from muster_client.cli.command import application, command, within
from muster_client.cli.context import Context
from muster_client.cli.delivered import deployments, find_application, find_deployment
from muster_client.cli.deployment_items import Name
from muster_client.cli.signals import until_stopped
from muster_client.errors import NotFoundError, UnavailableError, from_rpc_error

app = application("Logs.")
of_applications = application("Logs of applications.")

LOOK_S = 1.0
MAX_LINES = 10_000
TAB_COLUMNS = 8

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on, until Ctrl-C.")]
Lines = Annotated[
    int, typer.Option("--lines", metavar="NUMBER", min=0, max=MAX_LINES, help="The last lines of each replica to begin with.")
]


@command(
    app, "logs", example="muster deployment logs web -f\nmuster deployment logs web --replica 0 --lines 1000", options=(within,)
)
async def logs(
    context: Context,
    name: Name,
    follow: Follow = False,
    tail: Lines = 100,
    replica: Annotated[
        int | None, typer.Option("--replica", metavar="NUMBER", min=0, help="Only of this one, and its lines as they are.")
    ] = None,
) -> None:
    """Print what the replicas of a deployment write, with replica and version in front of each line."""
    found = await find_deployment(context, context.given.namespace, name)
    await _read([found], context, wire.ReadLogsRequest(index=replica, tail_lines=tail, follow=follow))


@command(of_applications, "logs", example="muster app logs shop -f", options=(within,))
async def application_logs(
    context: Context,
    name: Annotated[str, typer.Argument(metavar="APPLICATION", help="Name or id of the application.")],
    follow: Follow = False,
    tail: Lines = 100,
) -> None:
    """Print what the replicas of all deployments of an application write, each line after its deployment, replica and version.

    With --follow also of those that are created meanwhile, and again of those whose agent was away.
    """
    owner = await find_application(context, context.given.namespace, name)
    request = wire.ListDeploymentsRequest(namespace=owner.namespace, application_id=owner.id)
    if follow:
        await _follow(request, context, tail)
    else:
        await _read(await deployments(context, request), context, wire.ReadLogsRequest(tail_lines=tail))


async def _read(found: Sequence[Deployment], context: Context, request: wire.ReadLogsRequest) -> None:
    async with until_stopped(), asyncio.TaskGroup() as group:
        for deployment in found:
            group.create_task(_print(deployment, context, request), name=f"logs of {deployment.name}")


async def _follow(asked: wire.ListDeploymentsRequest, context: Context, tail: int) -> None:
    """All that are placed, until Ctrl-C. What comes later is read from its first line on; one that was cut off, from then on."""
    readers: dict[str, asyncio.Task[None]] = {}
    silent: set[str] = set()
    async with until_stopped(), asyncio.TaskGroup() as group:
        while True:
            for one in await deployments(context, asked):
                reader = readers.get(one.id)
                if one.agent and (reader is None or reader.done()):
                    request = wire.ReadLogsRequest(tail_lines=tail if reader is None else 0, follow=True)
                    readers[one.id] = group.create_task(_try(one, context, request, silent), name=f"logs of {one.name}")
            tail = MAX_LINES
            asked.page_token = ""
            await asyncio.sleep(LOOK_S)


async def _try(deployment: Deployment, context: Context, wanted: wire.ReadLogsRequest, silent: set[str]) -> None:
    """Print what can be read now, and say it once if nothing can. `silent` holds the ids of those of which that was said."""
    try:
        await _print(deployment, context, wanted)
        silent.discard(deployment.id)
    except NotFoundError:
        return  # deleted since it was listed
    except UnavailableError as error:
        if deployment.id not in silent:
            context.output.note(f"nothing can be read of {deployment.name} for now: {error.message}")
        silent.add(deployment.id)


async def _print(deployment: Deployment, context: Context, wanted: wire.ReadLogsRequest) -> None:
    request = wire.ReadLogsRequest(namespace=deployment.namespace, id=deployment.id)
    request.MergeFrom(wanted)
    try:
        async for chunk in context.delivery.ReadLogs(request, metadata=context.metadata):
            front = "" if wanted.HasField("index") else f"{deployment.name}/{chunk.index} {chunk.version}  "
            for line in chunk.data.decode(errors="replace").removesuffix("\n").split("\n"):
                text = front + line.removesuffix("\r").expandtabs(TAB_COLUMNS)
                said = {"deployment": deployment.name, "replica": chunk.index, "version": chunk.version, "line": line}
                context.output.event(text, said)
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error) from None
