"""Jobs, which change deployments."""

import re
from typing import Annotated

import typer
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.delivery.v1.deployment_pb2 import Job, JobKind

from muster_client.cli.command import application, command, within
from muster_client.cli.context import Context
from muster_client.cli.delivered import find_deployment
from muster_client.cli.document import document, enum_name, timestamp
from muster_client.cli.job_following import check, followed, is_over, job_state, shown, task_table, took
from muster_client.cli.output import Table
from muster_client.cli.signals import until_stopped

app = application("Jobs, which change deployments.")

Name = Annotated[str, typer.Argument(metavar="JOB", help="Id of the job; a deployment means its last one.")]
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@command(app, "list", example="muster job list --deployment prod/web", options=(within,))
async def list_jobs(
    context: Context,
    deployment: Annotated[str, typer.Option("--deployment", metavar="DEPLOYMENT", help="Only of this deployment.")] = "",
    most: Annotated[int, typer.Option("--limit", metavar="NUMBER", min=1, max=1000, help="At most so many.")] = 50,
) -> None:
    """List the last jobs, the newest first. Those that ended are kept for a week."""
    request = wire.ListJobsRequest(namespace=context.given.namespace, page_size=most)
    if deployment:
        request.deployment_id = (await find_deployment(context, context.given.namespace, deployment)).id
    found = (await context.ask(context.delivery.ListJobs, request)).jobs
    rows = [
        (
            job.id,
            job.deployment_name,
            enum_name(JobKind.DESCRIPTOR, job.kind).lower(),
            job_state(job),
            job.tasks[-1].name,
            timestamp(job.create_time),
            took(job.create_time, job.update_time) if is_over(job) else "",
            job.creator,
        )
        for job in found
    ]
    headings = ("job", "deployment", "does", "state", "at", "began", "took", "by")
    context.output.show(Table(headings, rows, frozenset({"took"})), [document(job) for job in found])


@command(app, "show", example="muster job show web -o yaml", options=(within,))
async def show(context: Context, name: Name) -> None:
    """Show a job and its steps."""
    namespace = context.given.namespace
    request = wire.GetJobRequest(namespace=namespace, id=await _job_id(context, name))
    job: Job = (await context.ask(context.delivery.GetJob, request)).job
    context.output.show(task_table(job), document(job))
    context.output.remark(f"{job.description}: {job_state(job)}, job {job.id}, began {timestamp(job.create_time)}")


@command(app, "follow", example="muster job follow web", options=(within,))
async def follow(context: Context, name: Name) -> None:
    """Follow a job until it is over: a live table on a terminal, else a line for each step. Ctrl-C leaves it to itself.

    Ends with exit status 9 if the job ends otherwise than with success. As JSON or YAML there is one document for each change.
    """
    job_id = await _job_id(context, name)
    async with until_stopped():
        if not context.output.is_for_machines:
            check(await shown(context, context.given.namespace, job_id))
            return
        job = Job()
        async for job in followed(context, context.given.namespace, job_id):
            context.output.event("", document(job))
        check(job)


async def _job_id(context: Context, text: str) -> str:
    if _ID.fullmatch(text):
        return text
    return (await find_deployment(context, context.given.namespace, text)).last_job_id
