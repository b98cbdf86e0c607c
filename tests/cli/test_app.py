"""The door of `muster`: who answers, what is imported for it, and what it says when something is not installed."""

import os
import subprocess
import sys
from importlib.metadata import entry_points

import pytest
from muster_client.cli import external
from muster_client.cli.commands import external_command

from cli.running_cli import muster

MISSING = """
import sys
for name in {missing!r}:
    sys.modules[name] = None
sys.argv = ["muster", *{arguments!r}]
from muster_client.cli.app import main
try:
    main()
finally:
    print(" ".join(sorted(sys.modules)))
"""


def run(*arguments: str, missing: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    """Run the door in a process in which some modules cannot be imported; it prints at the end what was."""
    return subprocess.run(
        [sys.executable, "-c", MISSING.format(missing=missing, arguments=arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_serve_without_the_server_extra_says_so_in_one_line() -> None:
    result = run("serve", missing=("uvloop", "structlog"))

    assert result.returncode == 2
    assert result.stderr == "muster: `muster serve` needs muster-registry[server], which is not installed in full\n"


@pytest.mark.parametrize("missing", ["typer", "rich", "yaml"])
def test_command_without_the_cli_extra_says_so_in_one_line(missing: str) -> None:
    result = run("services", missing=(missing,))

    assert result.returncode == 2
    assert result.stderr.startswith("muster: the command line needs muster-registry[cli]")
    assert result.stderr.count("\n") == 1


def test_serve_imports_no_other_command() -> None:
    result = run("serve", "--host", "0.0.0.0", "--http-ports", "", "--grpc-port", "0")

    imported = result.stdout.split()
    assert "--insecure" in result.stderr
    assert "muster_server.__main__" in imported
    assert [name for name in imported if name.startswith("muster_client.cli.")] == [
        "muster_client.cli.app",
        "muster_client.cli.external",
    ]


def test_help_of_all_commands_imports_no_server() -> None:
    result = run("--help")

    assert result.returncode == 0
    assert "serve" in result.stdout
    assert not [name for name in result.stdout.split() if name.startswith("muster_server")]


def test_commands_of_the_server_are_found_by_their_entry_points() -> None:
    names = {entry.name for entry in entry_points(group=external.GROUP)}

    assert names == set(external.SHORT_HELP)


@pytest.mark.parametrize("name", external.SHORT_HELP)
def test_short_help_of_a_command_elsewhere_is_what_it_says_of_itself(name: str) -> None:
    text = " ".join(external_command(name).help.split())

    assert text.startswith(external.SHORT_HELP[name])


def test_unexpected_error_is_one_line_without_a_traceback() -> None:
    result = run("services", "--target", "\udcff")

    assert result.returncode == 1
    assert result.stderr.startswith("muster: unexpected ")
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") == 1


async def test_help_without_arguments_lists_the_commands_and_exit_statuses() -> None:
    answer = await muster("127.0.0.1:1", "--help")

    assert answer.status == 0
    assert "4  conflict" in answer.out
    assert "register" in answer.out
