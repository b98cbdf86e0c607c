"""The door: finds who answers a command line, and imports no more than that one needs.

`muster serve` is to start quickly, so the door itself knows neither rich nor the rest of the commands.
"""

import importlib
import sys
import traceback

NEEDED = ("typer", "rich", "yaml")


def main() -> None:
    """Run the command line."""
    try:
        external = importlib.import_module("muster_client.cli.external")
        wanted = sys.argv[1] if len(sys.argv) > 1 else ""
        is_external = external.is_external(wanted)
        application = external.load(wanted) if is_external else importlib.import_module("muster_client.cli.commands").app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in NEEDED:
            raise
        _end(2, f"the command line needs muster-registry[cli], which is not installed in full: {error.name} is missing")
    try:
        application(prog_name="muster")
    except Exception as error:  # the program's root
        if is_external:  # a server that dies shows where
            raise
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{where.filename.rpartition('/')[2]}:{where.lineno}"
        _end(1, f"unexpected {type(error).__name__} at {place}: {' '.join(str(error).split())}")


def _end(code: int, message: str) -> None:
    print(f"muster: {message}", file=sys.stderr)  # noqa: T201  # the one line the user is to read
    raise SystemExit(code)


if __name__ == "__main__":
    main()
