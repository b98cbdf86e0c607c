"""Passwords: typed unseen, or read from stdin. Never an argument, which others on the machine could see."""

import sys
from typing import Annotated

import typer

FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin.")]


def password(*, from_stdin: bool, is_new: bool, prompt: str = "Password") -> str:
    """The password; a new one is asked for twice."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=is_new, err=True))
