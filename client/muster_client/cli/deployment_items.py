"""Deployments as they stand: listed, shown, with what they can return to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.delivery.v1.delivery_pb2 import Application, Component, Environment
from muster.delivery.v1.deployment_pb2 import Deployment, DeploymentState, JobState, Replica, ReplicaState

from muster_client.cli.command import application, command, within
from muster_client.cli.context import Context
from muster_client.cli.delivered import (
    applications,
    components,
    deployments,
    environments,
    find_application,
    find_component,
    find_deployment,
    find_environment,
    name_in,
)
from muster_client.cli.document import Document, document, enum_name, timestamp
from muster_client.cli.output import Table

app = application("Deployments.")

Name = Annotated[str, typer.Argument(metavar="DEPLOYMENT", help="[environment/]name, or id, of the deployment.")]


@dataclass(frozen=True, slots=True)
class Owners:
    """What deployments belong to, by id."""

    environments: dict[str, Environment]
    applications: dict[str, Application]
    components: dict[str, Component]

    def document(self, deployment: Deployment) -> Document:
        """A deployment with the names of what it belongs to, so that `create` can read it in another place."""
        return {
            "environment": name_in(self.environments, deployment.environment_id),
            "application": name_in(self.applications, deployment.application_id),
            "component": name_in(self.components, deployment.component_id),
            **document(deployment),
        }


async def owners_of(context: Context, namespace: str, found: Sequence[Deployment]) -> Owners:
    """What these belong to."""
    there = await applications(context, namespace)
    used = {one.application_id for one in found}
    parts = await components(context, namespace, [one for one in there.values() if one.id in used])
    return Owners(await environments(context, namespace), there, parts)


@command(app, "list", example="muster deployment list --env prod", options=(within,))
async def list_deployments(
    context: Context,
    environment: Annotated[str, typer.Option("--env", "-e", metavar="ENVIRONMENT", help="Only in this environment.")] = "",
    of_application: Annotated[str, typer.Option("--app", metavar="APPLICATION", help="Only of this application.")] = "",
    component: Annotated[str, typer.Option("--component", metavar="COMPONENT", help="Only of this component.")] = "",
) -> None:
    """List the deployments of a namespace, and how they are."""
    namespace = context.given.namespace
    request = wire.ListDeploymentsRequest(namespace=namespace)
    if environment:
        request.environment_id = (await find_environment(context, namespace, environment)).id
    if component:
        request.component_id = (await find_component(context, namespace, component, of_application)).id
    elif of_application:
        request.application_id = (await find_application(context, namespace, of_application)).id
    found = await deployments(context, request)
    owners = await owners_of(context, namespace, found)
    rows = [
        (
            name_in(owners.environments, one.environment_id),
            one.name,
            f"{name_in(owners.applications, one.application_id)}/{name_in(owners.components, one.component_id)}",
            one.spec.version,
            f"{one.available_replicas} of {one.replicas}",
            state_text(one),
            one.agent,
            timestamp(one.update_time),
        )
        for one in found
    ]
    headings = ("environment", "deployment", "component", "version", "ready", "state", "agent", "updated")
    context.output.show(Table(headings, rows), [owners.document(one) for one in found])


@command(app, "show", example="muster deployment show web\nmuster deployment show prod/web -o yaml", options=(within,))
async def show(context: Context, name: Name) -> None:
    """Show a deployment, its replicas, and its last job. `muster deployment create` takes what -o yaml writes."""
    found = await find_deployment(context, context.given.namespace, name)
    owners = await owners_of(context, context.given.namespace, [found])
    context.output.show(replica_table(found.replica_states), owners.document(found))
    ready = f"{found.available_replicas} of {found.replicas} replicas ready"
    context.output.remark(f"{found.name} is {state_text(found)}, {ready}, version {found.spec.version}")
    what = f"{name_in(owners.applications, found.application_id)}/{name_in(owners.components, found.component_id)}"
    where = f"{name_in(owners.environments, found.environment_id)}, agent {found.agent or 'none yet'}"
    context.output.remark(f"component {what} in environment {where}")
    context.output.remark(f"last job {found.last_job_id}: {enum_name(JobState.DESCRIPTOR, found.last_job_state)}")


@command(app, "records", example="muster deployment records web", options=(within,))
async def records(context: Context, name: Name) -> None:
    """List what a deployment ran, the newest first: a rollback can return to each of them."""
    found = await find_deployment(context, context.given.namespace, name)
    request = wire.ListReleaseRecordsRequest(namespace=found.namespace, id=found.id)
    response = await context.ask(context.delivery.ListReleaseRecords, request)
    rows = [
        (
            record.spec.version,
            timestamp(record.create_time),
            " ".join(record.spec.artifacts[key].url for key in sorted(record.spec.artifacts)),
            " ".join(record.spec.command),
        )
        for record in response.records
    ]
    table = Table(("version", "deployed", "artifact", "command"), rows)
    context.output.show(table, [document(record) for record in response.records])


def state_text(found: Deployment) -> str:
    """RUNNING and its kin."""
    return enum_name(DeploymentState.DESCRIPTOR, found.state)


def replica_table(found: Sequence[Replica]) -> Table:
    """Replicas, one row each."""
    rows = [
        (
            str(one.index),
            enum_name(ReplicaState.DESCRIPTOR, one.state),
            one.version,
            str(one.pid or ""),
            str(one.port or ""),
            str(one.restarts),
            timestamp(one.start_time),
            " ".join(one.message.split()),
        )
        for one in found
    ]
    headings = ("replica", "state", "version", "pid", "port", "restarts", "started", "message")
    return Table(headings, rows, frozenset({"replica", "pid", "port", "restarts"}))
