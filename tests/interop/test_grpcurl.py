"""A stock grpcurl: reflection, a call, and a Session that feeds a Watch."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import Program, start

from interop import tools

GRPCURL = tools.program("grpcurl")
SERVICES = "muster.registry.v1"

pytestmark = pytest.mark.skipif(GRPCURL is None, reason="grpcurl is not installed: scripts/tools.sh")


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    running = start(tmp_path / "data", "--storage", "memory")
    yield running
    running.kill()


def grpcurl(*arguments: str) -> str:
    return subprocess.run([str(GRPCURL), "-plaintext", *arguments], capture_output=True, text=True, check=True, timeout=20).stdout


def stream(program: Program, method: str) -> "subprocess.Popen[str]":
    command = [str(GRPCURL), "-plaintext", "-d", "@", program.grpc, f"{SERVICES}.{method}"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    assert process.stdout is not None
    seen = ""
    while text not in seen:
        line = process.stdout.readline()
        assert line, f"ended before {text!r}: {seen}"
        seen += line
    return seen


def test_list_and_describe_work_by_reflection(program: Program) -> None:
    listed = grpcurl(program.grpc, "list")
    described = grpcurl(program.grpc, "describe", f"{SERVICES}.DiscoveryService.Watch")

    assert {f"{SERVICES}.DiscoveryService", f"{SERVICES}.RegistrationService", "grpc.health.v1.Health"} <= set(listed.split())
    assert "rpc Watch ( stream" in described
    assert "SERVING" in grpcurl(program.grpc, "grpc.health.v1.Health/Check")
    assert "calls_started" in grpcurl(program.grpc, "grpc.channelz.v1.Channelz/GetServers")


def test_session_in_one_terminal_feeds_a_watch_in_another(program: Program) -> None:
    watch, session = stream(program, "DiscoveryService/Watch"), stream(program, "RegistrationService/Session")
    assert watch.stdin is not None
    assert session.stdin is not None
    watch.stdin.write('{"subscribe": {"service": {"name": "api"}}}\n')
    watch.stdin.flush()
    read_until(watch, '"snapshot"')

    session.stdin.write('{"hello": {}} {"register": {"registrations": [{"service": {"name": "api"},')
    session.stdin.write('"instance": {"endpoints": [{"host": "h", "port": 1}]}}]}}\n')
    session.stdin.flush()
    seen = read_until(watch, '"prev_revision"')
    session.kill()
    lost = read_until(watch, "HEALTH_SUSPECT")

    assert '"on_session": true' in seen
    assert "h#1#DEFAULT" in lost
    watch.kill()
    for process in (watch, session):
        process.communicate()
