"""What is registered, and why it is seen or not."""

from typing import Annotated

import typer
from muster.registry.v1 import discovery_service_pb2 as wire
from muster.registry.v1.instance_pb2 import Instance

from muster_client.cli import texts
from muster_client.cli.command import application, command, names
from muster_client.cli.context import Context
from muster_client.cli.document import document, enum_name, timestamp
from muster_client.cli.names import instance_ref, joined
from muster_client.cli.output import Table

app = application("Services and their instances.")

Service = Annotated[str, typer.Argument(metavar="SERVICE", help="[namespace/[group/]]name of the service.")]
Clusters = Annotated[list[str] | None, typer.Option("--cluster", metavar="CLUSTER", help="Only this cluster. May be repeated.")]


@command(app, "services", example="muster services --namespace prod", options=(names,))
async def services(context: Context) -> None:
    """List the services, of all namespaces and groups or of the given ones."""
    request = wire.ListServicesRequest(namespace=context.given.namespace, group=context.given.group)
    found = [summary async for page in context.pages(context.discovery.ListServices, request) for summary in page.services]
    rows = [
        (
            summary.service.namespace,
            summary.service.group,
            summary.service.name,
            str(summary.instance_count),
            str(summary.available_count),
            str(summary.revision),
        )
        for summary in found
    ]
    headings = ("namespace", "group", "service", "instances", "available", "revision")
    context.output.show(Table(headings, rows, frozenset(headings[3:])), [document(summary) for summary in found])


@command(app, "instances", example="muster instances prod/api --available", options=(names,))
async def instances(
    context: Context,
    service: Service,
    cluster: Clusters = None,
    available: Annotated[bool, typer.Option("--available", help="Only those that can be called.")] = False,
) -> None:
    """List the instances of a service. One that nobody registered has none; that is no error."""
    request = wire.ListInstancesRequest(service=context.service(service), clusters=cluster or (), available_only=available)
    response = await context.ask(context.discovery.ListInstances, request)
    context.output.show(instance_table(list(response.instances)), document(response))
    if response.warming_up:
        context.output.note("the server started a moment ago: more instances may come back")


def instance_table(found: list[Instance]) -> Table:
    """Instances, one row each."""
    rows = [
        (
            instance.instance_id,
            texts.addresses(instance),
            instance.cluster,
            texts.number(instance.weight),
            texts.health(instance.health),
            texts.admin_state(instance.admin_state),
            "persistent" if instance.persistent else "session" if instance.on_session else "lease",
            joined(instance.metadata),
        )
        for instance in found
    ]
    return Table(
        ("instance", "address", "cluster", "weight", "health", "state", "lives by", "metadata"), rows, frozenset({"weight"})
    )


@command(app, "explain", example="muster explain prod/api 10.0.0.1:8080", options=(names,))
async def explain(
    context: Context,
    service: Service,
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", help="host:port, or the instance's id.")],
    cluster: Clusters = None,
) -> None:
    """Tell why an instance is listed and can be called, or why not: one finding for each thing that speaks for or against it."""
    request = wire.ExplainRequest(ref=instance_ref(context.service(service), instance), clusters=cluster or ())
    response = await context.ask(context.discovery.Explain, request)
    rows = [
        (
            enum_name(wire.Finding.Subject.DESCRIPTOR, finding.subject).lower().replace("_", " "),
            "for" if finding.favourable else "against",
            finding.text,
        )
        for finding in response.findings
    ]
    context.output.show(Table(("subject", "speaks", "finding"), rows), document(response))
    since = f", registered {timestamp(response.instance.create_time)}" if response.HasField("instance") else ""
    verdict = (
        "listed and can be called" if response.available else "listed, and cannot be called" if response.listed else "not listed"
    )
    context.output.remark(f"{instance} is {verdict}{since}")
