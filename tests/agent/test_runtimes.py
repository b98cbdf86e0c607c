"""Runtimes: found by asking, never assumed."""

import stat
from pathlib import Path

import pytest
from muster_agent.runtimes import discover


def program(directory: Path, name: str, text: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    for name in ("python3", "node", "php", "java"):  # whatever the machine has of them is none of these tests' business
        program(tmp_path, name, "exit 127")
    return tmp_path


async def test_machine_with_nothing_runs_bare_commands(path: Path) -> None:
    assert set(await discover()) == {"Custom"}


async def test_versions_are_read_wherever_a_program_says_them(path: Path) -> None:
    program(path, "python3", "echo Python 3.12.1")
    program(path, "node", "echo v18.20.4")
    program(path, "php", "echo 'PHP 7.4.33 (cli)'")
    program(path, "java", "echo 'openjdk version \"1.8.0_402\"' >&2")

    found = await discover()

    assert {name: runtime.description for name, runtime in found.items()} == {
        "Custom": "any command",
        "Python3": "CPython 3.12.1",
        "Nodejs18": "Node.js 18.20.4",
        "Php7": "PHP 7.4.33",
        "Java8": "Java 1.8.0_402",
    }


async def test_newer_java_counts_from_its_first_number(path: Path) -> None:
    program(path, "java", "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2")

    assert (await discover())["Java17"].display_name == "Java 17"


async def test_program_that_hangs_is_killed_and_not_offered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("muster_agent.runtimes.TIMEOUT_S", 0.2)
    program(path, "python3", "echo Python 3.12.1; exec sleep 60")

    assert set(await discover()) == {"Custom"}
