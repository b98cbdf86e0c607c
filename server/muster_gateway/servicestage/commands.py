"""What a package is started with if nobody says it."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import unquote

from muster.delivery.v1.deployment_pb2 import Artifact

_FILES = {".py": ("python3",), ".js": ("node",), ".jar": ("java", "-jar"), ".sh": ("sh",)}
"""A package that is one such file is run by this program."""
_RUNTIMES = {"Python": ("python3", "main.py"), "Nodejs": ("node", ".")}
"""Else its runtime, without the number, says what is run in the package's root."""
_SCRIPT = ("sh", "scripts/start.sh")
"""Else this is: where the document's packages have it."""


def default_command(runtime: str, artifacts: Iterable[Artifact]) -> list[str]:
    """The program and its arguments for a component's runtime and what is fetched."""
    name = next((PurePosixPath(unquote(artifact.url.partition("?")[0])).name for artifact in artifacts), "")
    if (program := _FILES.get(PurePosixPath(name).suffix)) is not None:
        return [*program, name]
    return list(_RUNTIMES.get(runtime.rstrip("0123456789"), _SCRIPT))
