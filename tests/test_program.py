"""`muster serve` as a program: what it refuses, how it stops, and that the README tells of its flags."""

import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from muster_server.__main__ import MAX_OPEN_FILES
from muster_server.settings import Settings
from program import start

README = (Path(__file__).parent.parent / "README.md").read_text()


def run(directory: Path, *flags: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "muster_server", "serve", "--data-dir", str(directory / "data"), *flags]
    return subprocess.run(
        command, env={**os.environ, **path, **environment}, cwd=directory, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--grpc-port", "nonsense"], "grpc_port"),
        (["--http-ports", "99999"], "http_ports"),
        (["--storage", "cloud"], "storage"),
        (["--host", "0.0.0.0"], "--insecure"),
    ],
    ids=["port", "ports", "storage", "host"],
)
def test_bad_setting_ends_the_start_with_one_line(tmp_path: Path, flags: list[str], says: str) -> None:
    result = run(tmp_path, *flags)

    assert result.returncode == 2
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


def test_unknown_key_in_the_file_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "muster.toml").write_text('flavour = "vanilla"\n')

    result = run(tmp_path)

    assert result.returncode == 2
    assert "flavour" in result.stderr


@pytest.mark.parametrize("flag", ["--grpc-port", "--http-ports"])
def test_port_in_use_ends_the_start_with_one_line(tmp_path: Path, flag: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = {"--grpc-port": "0", "--http-ports": "0", flag: str(taken.getsockname()[1])}

        result = run(tmp_path, *[part for pair in ports.items() for part in pair])

    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert "cannot listen" in line
    assert "Address already in use" in line


def test_data_directory_that_cannot_be_used_ends_the_start(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")

    result = run(tmp_path, "--grpc-port", "0", "--http-ports", "0")

    assert result.returncode == 2
    assert "data directory" in result.stderr


def test_what_the_agent_remembers_and_cannot_read_ends_the_start_with_its_name(tmp_path: Path) -> None:
    state = tmp_path / "data" / "agent" / "state"
    state.mkdir(parents=True)
    (state / "d.json").write_text('{"deployment_id": "d", "desi')

    result = run(tmp_path, "--grpc-port", "0", "--http-ports", "0")

    assert result.returncode == 2
    assert f"{state / 'd.json'} cannot be read" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("part", ["state", "packages", "logs"])
def test_agents_directory_that_leads_elsewhere_ends_the_start(tmp_path: Path, part: str) -> None:
    (tmp_path / "data" / "agent").mkdir(parents=True)
    (tmp_path / "data" / "agent" / part).symlink_to(tmp_path)

    result = run(tmp_path, "--grpc-port", "0", "--http-ports", "0")

    assert result.returncode == 2
    assert f"{part} is no directory of this user" in result.stderr.splitlines()[-1]


def test_environment_wins_over_the_file_and_flags_over_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "muster.toml").write_text("grpc_port = 1\nhost = 'localhost'\nhttp_ports = [1]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MUSTER_GRPC_PORT", "2")
    monkeypatch.setenv("MUSTER_HTTP_PORTS", "2,3")

    settings = Settings(grpc_port=4)

    assert (settings.grpc_port, settings.http_ports, settings.host) == (4, (2, 3), "localhost")


def test_soft_limit_of_open_files_does_not_bound_connections(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        program = start(tmp_path / "data")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    limits = resource.prlimit(program.process.pid, resource.RLIMIT_NOFILE)
    program.kill()

    assert limits == (MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES), hard)


def test_sigterm_stops_it_in_order(tmp_path: Path) -> None:
    program = start(tmp_path / "data")

    program.process.send_signal(signal.SIGTERM)

    assert program.process.wait(15) == 0


def test_readme_tells_of_every_flag() -> None:
    for name in Settings.model_fields:
        assert f"`--{name.replace('_', '-')}`" in README
