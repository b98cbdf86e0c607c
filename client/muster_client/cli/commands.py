"""The tree of commands."""

from typing import Any

import typer
from typer.core import TyperGroup

from muster_client.cli import (
    access_keys,
    agents,
    applications,
    archive,
    components,
    config,
    connections,
    definitions,
    deployment,
    deployment_logs,
    drain,
    environments,
    jobs,
    login,
    namespaces,
    register,
    roles,
    services,
    tokens,
    top,
    users,
    version,
    watch,
)
from muster_client.cli.command import Format, RootTarget, application
from muster_client.cli.exits import MEANINGS
from muster_client.cli.external import SHORT_HELP, external_names, is_external, load

HELP = (
    "Muster, a service registry and configuration server.\n\n"
    "Names are written [namespace/[group/]]name. An instance is written host:port, or by its id.\n"
    "A component is written [application/]name, a deployment [environment/]name; their namespace is that of -n.\n\n"
    "\b\nExit status:\n" + "\n".join(f"  {code.value}  {meaning}" for code, meaning in MEANINGS.items())
)


ALIASES = {"instance": "deployment"}


class CommandGroup(TyperGroup):
    """The commands of this package and of others. Those of others are listed without being loaded."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the help."""
        return [*external_names(), *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, or a stand-in that has only its short help."""
        if cmd_name in SHORT_HELP:
            return _stand_in(cmd_name)
        if is_external(cmd_name):
            return external_command(cmd_name)
        return super().get_command(ctx, ALIASES.get(cmd_name, cmd_name))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is to run: loaded, if it is another package's."""
        if is_external(args[0]):
            return args[0], external_command(args[0]), args[1:]
        return super().resolve_command(ctx, args)


def external_command(name: str) -> Any:
    """The command of another package, loaded. Exits with status 2 if it is not installed."""
    group: Any = typer.main.get_command(load(name))
    return group.commands[name]


def _stand_in(name: str) -> Any:
    stand_in = typer.Typer(add_completion=False)
    stand_in.command(name, help=SHORT_HELP[name])(lambda: None)
    return typer.main.get_command(stand_in)


app = application(HELP, completes=True)


@app.callback(cls=CommandGroup, help=HELP)
def _root(ctx: typer.Context, target: RootTarget = None, output: Format = None) -> None:
    ctx.obj = {"target": target, "output": output}


for part in (services, register, drain, watch):
    app.add_typer(part.app)
app.add_typer(config.app, name="config")
applications.app.add_typer(deployment_logs.of_applications)
app.add_typer(environments.app, name="env")
app.add_typer(applications.app, name="app")
app.add_typer(components.app, name="component")
app.add_typer(deployment.app, name="deployment")
app.add_typer(jobs.app, name="job")
app.add_typer(agents.app)
app.add_typer(namespaces.app, name="ns")
app.add_typer(definitions.app, name="definition")
app.add_typer(login.app)
app.add_typer(users.app, name="user")
app.add_typer(roles.app, name="role")
app.add_typer(tokens.app, name="token")
app.add_typer(access_keys.app, name="access-key")
for part in (archive, connections, top, version):
    app.add_typer(part.app)
