"""Which Muster this is, and how a shell completes its commands."""

import enum
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from typing import Annotated

import typer
from muster.admin.v1 import admin_service_pb2 as wire
from typer.completion import get_completion_script  # type: ignore[attr-defined]  # typer has no other door to it

from muster_client.cli.command import application, command, example_text
from muster_client.cli.context import Context
from muster_client.cli.document import Document

app = application("About.")


@command(app, "version", example="muster version --server")
async def version(
    context: Context, server: Annotated[bool, typer.Option("--server", help="Ask the server for its version too.")] = False
) -> None:
    """Show the version of this command, and with --server that of the server."""
    found: Document = {"client": own_version()}
    if server:
        info = await context.ask(context.admin.GetServerInfo, wire.GetServerInfoRequest())
        found["server"] = info.version
    context.output.say("\n".join(f"{what} {number}" for what, number in found.items()), found)


def own_version() -> str:
    """The version of the installed distribution; 0 in a source tree."""
    try:
        return version_of("muster-registry")
    except PackageNotFoundError:
        return "0"


class Shell(enum.StrEnum):
    """The shells that can be helped."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


@app.command(
    "completion",
    short_help="Print a script for the completion of commands.",
    epilog=example_text("muster completion bash >> ~/.bashrc", "muster --install-completion"),
)
def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help=f"One of {', '.join(Shell)}.")],
) -> None:
    """Print the script that teaches a shell to complete the commands and options of muster."""
    typer.echo(get_completion_script(prog_name="muster", complete_var="_MUSTER_COMPLETE", shell=shell.value))
