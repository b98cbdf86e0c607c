"""How a coroutine becomes a command: shared options, an example in the help, one line for a failure."""

import asyncio
import inspect
import os
import re
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from muster_client.cli.context import DEFAULT_TARGET, Given, opened
from muster_client.cli.exits import CommandError, Exit, describe, exit_code
from muster_client.cli.output import OutputFormat, clean
from muster_client.errors import MusterError

Body = Callable[..., Coroutine[Any, Any, None]]
Options = Callable[..., None]

_TARGET = f"The server's gRPC address; that in MUSTER_TARGET, else {DEFAULT_TARGET}, if not given."
# The variable belongs to the option before the command's name alone: it must not win over that option.
RootTarget = Annotated[
    str | None, typer.Option("--target", metavar="HOST:PORT", envvar="MUSTER_TARGET", show_envvar=False, help=_TARGET)
]
Target = Annotated[str | None, typer.Option("--target", metavar="HOST:PORT", help=_TARGET)]
Format = Annotated[
    OutputFormat | None,
    typer.Option("--output", "-o", metavar="table|json|yaml", help="How to write the answer; a table if not given."),
]


def _server(  # noqa: PLR0913, PLR0917  # one parameter for each option
    target: Target = None,
    output: Format = None,
    timeout_s: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0.001, help="The most a call to the server may take.")
    ] = 10.0,
    target_ca: Annotated[
        Path | None,
        typer.Option(metavar="FILE", envvar="MUSTER_TARGET_CA", help="Authorities of the server, PEM: talk to it by TLS."),
    ] = None,
    target_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", envvar="MUSTER_TARGET_CERT", help="Certificate to show to the server, PEM.")
    ] = None,
    target_key: Annotated[
        Path | None, typer.Option(metavar="FILE", envvar="MUSTER_TARGET_KEY", help="Private key of --target-cert, PEM.")
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            metavar="FILE",
            envvar="MUSTER_TOKEN_FILE",
            help="Holds the token to show; that in MUSTER_TOKEN, else that of `muster login`, if not given.",
        ),
    ] = None,
) -> None:
    """Options of every command that talks to the server."""


Namespace = Annotated[str, typer.Option("--namespace", "-n", metavar="NAMESPACE", help="Namespace.")]


def within(namespace: Namespace = "") -> None:
    """The option of commands for what is delivered, which is in a namespace and in no group."""


def names(
    namespace: Namespace = "",
    group: Annotated[str, typer.Option("--group", "-g", metavar="GROUP", help="Group.")] = "",
) -> None:
    """Options of commands that name a service or a config item."""


def authorship(
    author: Annotated[
        str, typer.Option("--author", metavar="TEXT", envvar="MUSTER_AUTHOR", help="Who asks; your login name if not given.")
    ] = "",
    comment: Annotated[str, typer.Option("--comment", "-c", metavar="TEXT", help="Why.")] = "",
) -> None:
    """Options of commands whose author is remembered."""


def application(help_text: str, *, completes: bool = False) -> typer.Typer:
    """A group of commands. Help is plain text: it reads the same in a terminal, in a pipe and in docs/cli.md.

    With `completes` it answers shells that ask for completions, and can install itself in them.
    """
    return typer.Typer(
        add_completion=completes, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, help=help_text
    )


def example_text(*lines: str) -> str:
    """Examples as the epilog of a help."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def command(app: typer.Typer, name: str, *, example: str, options: Sequence[Options] = ()) -> Callable[[Body], Body]:
    """Make a command of a coroutine, which is given a Context and its own arguments. Its docstring is the help.

    `example` may have several lines. `options` are sets of shared options: `names`, `within`, `authorship`.
    """

    def take(body: Body) -> Body:
        callback = _callback(body, (_server, *options))
        text = inspect.getdoc(body) or ""
        first = re.split(r"[.:;](?:\s|$)", text, maxsplit=1)[0].replace("\n", " ") + "."
        app.command(name, help=text, short_help=first, epilog=example_text(*example.splitlines()))(callback)
        return body

    return take


def _callback(body: Body, options: Sequence[Options]) -> Callable[..., None]:
    shared = [parameter for given in options for parameter in inspect.signature(given).parameters.values()]
    own = list(inspect.signature(body).parameters.values())[1:]
    taken = [parameter.name for parameter in shared]

    def callback(ctx: typer.Context, **values: Any) -> None:
        given = {name: values.pop(name) for name in taken}
        before: dict[str, Any] = ctx.find_root().obj or {}  # options given before the command's name
        for name in ("target", "output"):
            given[name] = given[name] or before.get(name)
        code = _run(body, Given(**{name: value for name, value in given.items() if value is not None}), values)
        if code is not Exit.DONE:
            raise typer.Exit(code)

    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in (*own, *shared)]
    callback.__signature__ = inspect.Signature([context, *parameters])  # type: ignore[attr-defined]  # what typer reads the parameters from
    callback.__annotations__ = {parameter.name: parameter.annotation for parameter in (context, *parameters)}
    return callback


def _run(body: Body, given: Given, values: dict[str, Any]) -> Exit:
    try:
        asyncio.run(_work(body, given, values))
        sys.stdout.flush()
    except MusterError as error:
        return fail(exit_code(error), describe(error, given.target))
    except CommandError as error:
        return fail(error.exit_code, error.message)
    except BrokenPipeError:  # the reader of our answer has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.DONE


async def _work(body: Body, given: Given, values: dict[str, Any]) -> None:
    try:
        async with opened(given) as context:
            await body(context, **values)
    except ExceptionGroup as group:  # a task of the command failed: the others were only stopped for it
        raise _first(group) from None


def _first(error: Exception) -> Exception:
    return _first(error.exceptions[0]) if isinstance(error, ExceptionGroup) else error


def fail(code: Exit, message: str) -> Exit:
    """Say in one line on stderr what went wrong; answers the code."""
    print(f"muster: {clean(message)}", file=sys.stderr)  # noqa: T201  # the one line the user is to read
    return code
