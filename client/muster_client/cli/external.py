"""Commands that other packages bring, through the entry-point group `muster.commands`: loaded only when they are called.

An entry point names a typer application that has a command of the entry point's own name.
"""

import gc
import sys
from importlib.metadata import entry_points
from typing import NoReturn

import typer

GROUP = "muster.commands"
SHORT_HELP = {
    "serve": "Run the server until SIGTERM or SIGINT.",
    "gateway": "Run the gateway alone, against a server elsewhere.",
    "agent": "Run deployments on this machine, as this user, for a server elsewhere.",
}


def is_external(name: str) -> bool:
    """True if the command is another package's."""
    return name in SHORT_HELP or name in entry_points(group=GROUP).names


def external_names() -> list[str]:
    """The commands that there are elsewhere. Those of the server are always among them: asking for one says what is missing."""
    return list(dict.fromkeys([*SHORT_HELP, *entry_points(group=GROUP).names]))


def load(name: str) -> typer.Typer:
    """The application that has the command. Exits with status 2 if it is not installed."""
    found = entry_points(group=GROUP, name=name)
    if not found:
        _refuse(name)
    gc.disable()  # imports make much and drop nothing
    try:
        application = next(iter(found)).load()
    except ModuleNotFoundError:
        _refuse(name)
    finally:
        gc.enable()
    if not isinstance(application, typer.Typer):
        raise TypeError(f"entry point {name} of {GROUP} is {type(application).__name__}, not a typer application")
    return application


def _refuse(name: str) -> NoReturn:
    what = "muster-registry[server]" if name in SHORT_HELP else f"the package that has `{name}`"
    print(f"muster: `muster {name}` needs {what}, which is not installed in full", file=sys.stderr)  # noqa: T201  # for the user
    raise SystemExit(2)
