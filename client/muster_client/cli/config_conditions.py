"""What must hold for a write, and what its content is, as options say it."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from muster.config.v1.config_service_pb2 import WriteCondition

from muster_client.cli.exits import CommandError, Exit

IfRevision = Annotated[
    int | None,
    typer.Option("--if-revision", metavar="REVISION", min=0, help="Only if the line is at it; 0: only if it is not there."),
]
IfMd5 = Annotated[str, typer.Option("--if-md5", metavar="MD5", help="Only if the line's content has this MD5.")]
CreateOnly = Annotated[bool, typer.Option("--create-only", help="Only if it does not exist.")]
ContentFile = Annotated[str, typer.Option("--file", "-f", metavar="FILE", help="Where the content is; - means stdin.")]
ContentType = Annotated[
    str, typer.Option("--type", metavar="TYPE", help="json, yaml, toml, xml, properties, text or any other; guessed if not given.")
]
AllowInvalid = Annotated[bool, typer.Option("--allow-invalid", help="Take the content even if it is not what its type says.")]

TYPES = {
    ".json": "json",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".toml": "toml",
    ".xml": "xml",
    ".properties": "properties",
    ".txt": "text",
    ".text": "text",
}
SUFFIXES = {content_type: suffix for suffix, content_type in reversed(TYPES.items())}


def condition(*, create_only: bool = False, revision: int | None = None, md5: str = "") -> WriteCondition | None:
    """The condition of a write; None means anything. Raises CommandError for more than one."""
    if create_only + (revision is not None) + bool(md5) > 1:
        raise CommandError(Exit.USAGE, "give one of --create-only, --if-revision and --if-md5")
    if create_only:
        return WriteCondition(create_only=True)
    if revision is not None:
        return WriteCondition(revision=revision)
    return WriteCondition(md5=md5.lower()) if md5 else None


def read_content(file: str) -> str:
    """The text in a file, or on stdin if it is `-`. Raises CommandError."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode()
    except OSError as error:
        raise CommandError(Exit.USAGE, f"cannot read {file}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise CommandError(Exit.USAGE, f"{file} is not UTF-8: byte {error.start} is wrong") from None


def guess_type(*names: str) -> str:
    """The type that the extension of the first telling name says; empty if none does, which leaves it to the server.

    >>> guess_type("-", "app.yml"), guess_type("LICENSE")
    ('yaml', '')
    """
    return next((TYPES[suffix] for name in names if (suffix := Path(name).suffix.lower()) in TYPES), "")
