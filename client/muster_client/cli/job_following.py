"""A job followed to its end: a live table on a terminal, else a line for each step."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

import grpc.aio
import typer
from google.protobuf.timestamp_pb2 import Timestamp
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.delivery.v1.deployment_pb2 import Job, JobState
from rich.console import Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from muster_client.cli import texts
from muster_client.cli.context import Context
from muster_client.cli.document import document, enum_name
from muster_client.cli.exits import CommandError, Exit
from muster_client.cli.output import Table, clean, rich_table
from muster_client.errors import UnavailableError, from_rpc_error

Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the job to its end, or only begin it.")]

RETRY_S = 0.5
UNDER_WAY = (JobState.JOB_STATE_RUNNING, JobState.JOB_STATE_ROLLING_BACK)


async def begun(context: Context, namespace: str, job_id: str, *, wait: bool) -> None:
    """Tell of a job that was begun, and with `wait` how it goes and ends. Raises CommandError if that is no success."""
    if wait:
        job = await shown(context, namespace, job_id)
        if context.output.is_for_machines:
            context.output.say("", document(job))
        check(job)
    else:
        request = wire.GetJobRequest(namespace=namespace, id=job_id)
        job = (await context.ask(context.delivery.GetJob, request)).job
        context.output.say(f"begun: {job.description}, job {job.id}", document(job))


async def shown(context: Context, namespace: str, job_id: str) -> Job:
    """Show how a job goes, but to machines, and answer it when it is over. Raises MusterError."""
    job: Job | None = None
    if context.output.is_live:
        with Live(console=context.output.console) as live:
            async for job in followed(context, namespace, job_id):
                live.update(picture(job), refresh=True)
    else:
        before = None
        async for job in followed(context, namespace, job_id):
            if not context.output.is_for_machines:
                for line in lines(before, job):
                    context.output.event(line, {})
            before = job
    assert job is not None  # noqa: S101  # a stream without a job does not end without an error
    return job


async def followed(context: Context, namespace: str, job_id: str) -> AsyncIterator[Job]:
    """A job each time it is another, until it is over; through cuts and restarts of the server. Raises MusterError."""
    request = wire.WatchJobRequest(namespace=namespace, id=job_id)
    loop = asyncio.get_running_loop()
    heard_s = loop.time()
    while True:
        try:
            async for response in context.delivery.WatchJob(request, metadata=context.metadata):
                heard_s = loop.time()
                yield response.job
                if is_over(response.job):
                    return
        except grpc.aio.AioRpcError as failure:
            error = from_rpc_error(failure)
            if not isinstance(error, UnavailableError) or loop.time() - heard_s > context.given.timeout_s:
                raise error from None
        await asyncio.sleep(RETRY_S)


def is_over(job: Job) -> bool:
    """True if it will not change any more."""
    return job.state not in UNDER_WAY


def check(job: Job) -> None:
    """Raises CommandError if a job that is over did not end with success."""
    if job.state != JobState.JOB_STATE_SUCCEEDED:
        first = next((task for task in job.tasks if task.state == JobState.JOB_STATE_FAILED), job.tasks[-1])
        why = " ".join(first.message.split())
        raise CommandError(Exit.FAILED, f"{job.description}: {why or 'no reason is known'} ({job_state(job)})")


def job_state(job: Job) -> str:
    """SUCCEEDED and its kin."""
    return enum_name(JobState.DESCRIPTOR, job.state)


def took(begin: Timestamp, end: Timestamp) -> str:
    """How long something took, for people."""
    return texts.span((end.ToMicroseconds() - begin.ToMicroseconds()) / 1e6)


def lines(before: Job | None, job: Job) -> Iterator[str]:
    """A line for each step of a job that is other than `before`, and one for its begin and its end."""
    known = {} if before is None else {task.index: (task.state, task.message) for task in before.tasks}
    if before is None:
        yield f"{job.description}, job {job.id}"
    for task in job.tasks:
        if known.get(task.index) != (task.state, task.message):
            state = enum_name(JobState.DESCRIPTOR, task.state)
            yield "  ".join(filter(None, (job.deployment_name, task.name, state, " ".join(task.message.split()))))
    if is_over(job):
        yield f"{job.deployment_name}  {job_state(job)} after {took(job.create_time, job.update_time)}"


def picture(job: Job) -> RenderableType:
    """How a job stands, for a terminal: what it does, and its steps."""
    title = Text(clean(job.description), "bold")
    if is_over(job):
        title.append(f": {job_state(job)} after {took(job.create_time, job.update_time)}")
    return Group(title if is_over(job) else Spinner("line", title), rich_table(task_table(job)))


def task_table(job: Job) -> Table:
    """The steps of a job, one row each."""
    rows = [
        (
            task.name,
            enum_name(JobState.DESCRIPTOR, task.state),
            "" if task.state in UNDER_WAY else took(task.create_time, task.update_time),
            " ".join(task.message.split()),
        )
        for task in job.tasks
    ]
    return Table(("step", "state", "took", "how it goes"), rows, frozenset({"took"}))
