"""Passwords: typed unseen, or read from stdin. Never an argument, which others on the machine could see."""

import getpass
import sys
from typing import Annotated

import typer

from muster_client.cli.exits import CommandError, Exit

FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from a line of stdin.")]


def password(*, from_stdin: bool, is_new: bool, prompt: str = "Password") -> str:
    """The password; a new one is typed twice. Raises CommandError if it is not, or if there is no terminal to ask at."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandError(Exit.USAGE, "there is no terminal to ask for a password: use --password-stdin")
    typed = getpass.getpass(f"{prompt}: ")
    if is_new and getpass.getpass(f"{prompt} again: ") != typed:
        raise CommandError(Exit.USAGE, "the two passwords differ")
    return typed
