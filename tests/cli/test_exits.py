"""Every status has an exit code, and every code a meaning."""

import grpc
import pytest
from muster_client.cli.exits import MEANINGS, Exit, describe, exit_code
from muster_client.errors import make_error

STATUSES = {
    "NOT_FOUND": 3,
    "OUT_OF_RANGE": 3,
    "ABORTED": 4,
    "ALREADY_EXISTS": 4,
    "FAILED_PRECONDITION": 4,
    "INVALID_ARGUMENT": 5,
    "UNAVAILABLE": 6,
    "DEADLINE_EXCEEDED": 6,
    "UNAUTHENTICATED": 7,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "INTERNAL": 1,
    "UNIMPLEMENTED": 1,
}


@pytest.mark.parametrize(("status", "code"), STATUSES.items())
def test_status_becomes_its_exit_code(status: str, code: int) -> None:
    assert exit_code(make_error(grpc.StatusCode[status], "", "")) == code


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Exit)


@pytest.mark.parametrize(
    ("code", "reason", "message", "line"),
    [
        ("NOT_FOUND", "CONFIG_NOT_FOUND", "no config", "no config (CONFIG_NOT_FOUND)"),
        ("UNAVAILABLE", "", "refused\n now", "no server at host:1: refused now (UNAVAILABLE)"),
        ("UNAVAILABLE", "DRAINING", "stopping", "stopping (DRAINING)"),
        ("DEADLINE_EXCEEDED", "", "", "no answer from host:1 in time: deadline exceeded (DEADLINE_EXCEEDED)"),
        ("UNIMPLEMENTED", "", "no", "the server at host:1 does not know this call: no (UNIMPLEMENTED)"),
    ],
)
def test_error_is_described_in_one_line(code: str, reason: str, message: str, line: str) -> None:
    assert describe(make_error(grpc.StatusCode[code], reason, message), "host:1") == line
