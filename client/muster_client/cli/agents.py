"""Agents, which run deployments, and what they can run."""

from muster.delivery.v1 import delivery_service_pb2 as wire

from muster_client.cli.command import application, command, within
from muster_client.cli.context import Context
from muster_client.cli.document import document, timestamp
from muster_client.cli.output import Table

app = application("Agents.")


@command(app, "agents", example="muster agents", options=(within,))
async def agents(context: Context) -> None:
    """List the agents that are connected and run deployments of a namespace."""
    request = wire.ListAgentsRequest(namespace=context.given.namespace)
    response = await context.ask(context.delivery.ListAgents, request)
    rows = [
        (
            agent.name,
            agent.environment or "any",
            agent.host,
            agent.version,
            timestamp(agent.connect_time),
            " ".join(runtime.name for runtime in agent.runtimes),
            agent.limiting,
        )
        for agent in response.agents
    ]
    headings = ("agent", "environment", "host", "version", "connected", "runtimes", "holds to limits")
    context.output.show(Table(headings, rows), [document(agent) for agent in response.agents])


@command(app, "runtimes", example="muster runtimes")
async def runtimes(context: Context) -> None:
    """List what can run components: found on the server's machine, or told by agents."""
    response = await context.ask(context.delivery.ListRuntimes, wire.ListRuntimesRequest())
    rows = [
        (runtime.name, runtime.display_name, str(runtime.default_port or ""), runtime.description) for runtime in response.runtimes
    ]
    table = Table(("runtime", "display name", "port", "found"), rows, frozenset({"port"}))
    context.output.show(table, [document(runtime) for runtime in response.runtimes])
