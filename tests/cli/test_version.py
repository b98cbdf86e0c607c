"""`muster version` and `muster completion`."""

import os
import subprocess
import sys

import pytest
from muster_client.cli.version import own_version

from cli.running_cli import command_line, muster


async def test_version_needs_no_server() -> None:
    answer = await muster("127.0.0.1:1", "version")

    assert (answer.status, answer.out) == (0, f"client {own_version()}\n")


async def test_version_as_json_is_a_document() -> None:
    answer = await muster("127.0.0.1:1", "version", "-o", "json")

    assert answer.document == {"client": own_version()}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
async def test_completion_prints_a_script_for_the_shell(shell: str) -> None:
    answer = await muster("127.0.0.1:1", "completion", shell)

    assert answer.status == 0
    assert "_MUSTER_COMPLETE" in answer.out


async def test_completion_for_a_strange_shell_is_refused() -> None:
    answer = await muster("127.0.0.1:1", "completion", "abacus")

    assert answer.status == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [("muster ser", {"serve", "services"}), ("muster config h", {"history"}), ("muster connections --k", {"--kind"})],
)
def test_shell_that_asks_is_told_commands_and_options(words: str, expected: set[str]) -> None:
    environment = {
        "_MUSTER_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }

    found = subprocess.run(command_line(), env={**os.environ, **environment}, capture_output=True, text=True, check=False)

    assert set(found.stdout.split()) == expected
