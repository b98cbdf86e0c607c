"""What the README says, pasted into a shell."""

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from agent.apps import nothing_left
from program import Program, start

README = (Path(__file__).parent.parent / "README.md").read_text()
REQUESTS = 2_000


def blocks(heading: str) -> str:
    """The shell of a chapter, as one script."""
    chapter = README.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return "\n".join(re.findall(r"^```\n(.*?)^```$", chapter, re.MULTILINE | re.DOTALL))


def pasted(script: str, directory: Path, server: Program) -> str:
    """What a shell writes that is given this and stops at what fails; `muster` is the one of this source tree."""
    command = directory / "bin" / "muster"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m muster_client.cli.app "$@"\n')
    command.chmod(0o755)
    path = os.pathsep.join([str(command.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join(sys.path), "MUSTER_TARGET": server.grpc}
    done = subprocess.run(
        ["bash", "-e"], input=script, env=environment, cwd=directory, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_programs_run_as_the_readme_says(tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        server = start(tmp_path / "data")
        try:
            said = pasted(blocks("Run programs"), tmp_path, server)
        finally:
            server.kill()

    assert "2 of 2 replicas are ready" in said
    (answers,) = [ast.literal_eval(line) for line in said.splitlines() if line.startswith("{")]
    assert set(answers) == {"hello from version 1.0", "hello from version 2.0"}
    assert sum(answers.values()) == REQUESTS
    assert said.splitlines()[-1].startswith("web  SUCCEEDED after ")
