"""What changes deployments. Each change is a job, which goes on whatever happens here; it is followed to its end."""

from typing import Annotated, Any

import typer
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.delivery.v1.deployment_pb2 import Deployment

from muster_client.cli.command import application, command, within
from muster_client.cli.context import Context
from muster_client.cli.delivered import find_component, find_deployment, find_environment, space
from muster_client.cli.deployment_items import Name
from muster_client.cli.exits import CommandError, Exit
from muster_client.cli.job_following import Wait, begun
from muster_client.cli.reading import File, read_message

app = application("Changes.")

RENAMED = {"environment": "environment_id", "application": "application_id", "component": "component_id"}


@command(
    app,
    "create",
    example="muster deployment create -f web.yaml\nmuster deployment create -f web.yaml -e staging",
    options=(within,),
)
async def create(
    context: Context,
    file: File,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name, whatever the file says.")] = "",
    environment: Annotated[
        str, typer.Option("--env", "-e", metavar="ENVIRONMENT", help="Where it runs, whatever the file says.")
    ] = "",
    wait: Wait = True,
) -> None:
    """Run a component in an environment, as a file says. Environment, application and component are told by name or id."""
    wanted = read_message(file, Deployment, RENAMED)
    namespace = space(context, wanted)
    for field, said in (("environment", environment or wanted.environment_id), ("component", wanted.component_id)):
        if not said:
            raise CommandError(Exit.USAGE, f"{file} says no {field}")
    component = await find_component(context, namespace, wanted.component_id, wanted.application_id)
    place = await find_environment(context, namespace, environment or wanted.environment_id)
    wanted.environment_id, wanted.component_id, wanted.application_id = place.id, component.id, component.application_id
    wanted.name = name or wanted.name
    wanted.replicas = wanted.replicas or 1
    request = wire.CreateDeploymentRequest(deployment=wanted, namespace=namespace)
    response = await context.ask(context.delivery.CreateDeployment, request)
    await begun(context, response.deployment.namespace, response.deployment.last_job_id, wait=wait)


@command(
    app,
    "upgrade",
    example="muster deployment upgrade web -f web.yaml\nmuster deployment upgrade prod/web -f web.yaml --no-wait",
    options=(within,),
)
async def upgrade(
    context: Context,
    name: Name,
    file: File,
    if_revision: Annotated[
        int | None, typer.Option("--if-revision", metavar="REVISION", min=0, help="Only if the deployment is at it.")
    ] = None,
    wait: Wait = True,
) -> None:
    """Run another version: the spec in a file that `create` would take, and its description and labels if it has any.

    With the strategy ROLLING, which is the default, replicas are replaced one by one: the new one is ready and registered before
    the old one is drained and stopped. If the upgrade fails, the version from before is brought back, and the exit status is 9.
    Where it runs, and with how many replicas, stays as it is, whatever the file says.
    """
    wanted = read_message(file, Deployment, RENAMED)
    if not wanted.HasField("spec"):
        raise CommandError(Exit.USAGE, f"{file} has no spec")
    request = wire.UpgradeDeploymentRequest(spec=wanted.spec, expected_revision=if_revision)
    if wanted.description:
        request.description = wanted.description
    if wanted.labels:
        request.labels.values.update(wanted.labels)
    await _change(context, name, context.delivery.UpgradeDeployment, request, wait=wait)


@command(app, "scale", example="muster deployment scale web 4", options=(within,))
async def scale(
    context: Context,
    name: Name,
    replicas: Annotated[int, typer.Argument(metavar="REPLICAS", min=1, max=100, help="How many are to run.")],
    wait: Wait = True,
) -> None:
    """Run more replicas, or fewer. Those that stay are not touched."""
    await _change(context, name, context.delivery.ScaleDeployment, wire.ScaleDeploymentRequest(replicas=replicas), wait=wait)


@command(app, "start", example="muster deployment start web", options=(within,))
async def start(context: Context, name: Name, wait: Wait = True) -> None:
    """Start what is stopped or failed. What runs already is made whole."""
    await _change(context, name, context.delivery.StartDeployment, wire.StartDeploymentRequest(), wait=wait)


@command(app, "stop", example="muster deployment stop web", options=(within,))
async def stop(context: Context, name: Name, wait: Wait = True) -> None:
    """Stop all replicas. The deployment stays, and can be started again."""
    await _change(context, name, context.delivery.StopDeployment, wire.StopDeploymentRequest(), wait=wait)


@command(app, "restart", example="muster deployment restart web", options=(within,))
async def restart(context: Context, name: Name, wait: Wait = True) -> None:
    """Replace all replicas by new ones of the same version, as an upgrade would, with the application's variables of now."""
    await _change(context, name, context.delivery.RestartDeployment, wire.RestartDeploymentRequest(), wait=wait)


@command(app, "rollback", example="muster deployment rollback web 1.0.0", options=(within,))
async def rollback(
    context: Context,
    name: Name,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="One of `muster deployment records`.")],
    wait: Wait = True,
) -> None:
    """Return to a version that ran before. The records after it are dropped."""
    await _change(context, name, context.delivery.RollbackDeployment, wire.RollbackDeploymentRequest(version=version), wait=wait)


@command(app, "delete", example="muster deployment delete web", options=(within,))
async def delete(
    context: Context,
    name: Name,
    force: Annotated[bool, typer.Option("--force", help="Cut off a job that is under way, and do not wait for the agent.")] = False,
    wait: Wait = True,
) -> None:
    """Stop all replicas and forget the deployment."""
    await _change(context, name, context.delivery.DeleteDeployment, wire.DeleteDeploymentRequest(force=force), wait=wait)


async def _change(context: Context, name: str, method: Any, request: Any, *, wait: bool) -> None:
    found = await find_deployment(context, context.given.namespace, name)
    request.id, request.namespace = found.id, found.namespace
    response = await context.ask(method, request)
    await begun(context, found.namespace, response.job_id, wait=wait)
