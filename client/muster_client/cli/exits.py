"""Exit codes, and the one line that goes with each failure."""

import enum

import grpc

from muster_client.errors import MusterError


class Exit(enum.IntEnum):
    """How a command ended. What each one means is in `MEANINGS`."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    INVALID = 5
    UNAVAILABLE = 6
    DENIED = 7
    LIMIT = 8
    FAILED = 9


MEANINGS = {
    Exit.DONE: "done",
    Exit.UNEXPECTED: "unexpected: a defect, or a server that does not know the call",
    Exit.USAGE: "usage: the command line, a file or a setting is wrong; nothing was sent",
    Exit.NOT_FOUND: "not found: no such instance, config item, release, namespace, deployment or job",
    Exit.CONFLICT: "conflict: it exists already, was changed by others, or is in a state that does not allow this",
    Exit.INVALID: "invalid: the server refused the input",
    Exit.UNAVAILABLE: "unavailable: no server, one that stops, or no answer in time",
    Exit.DENIED: "denied: not authenticated, or not allowed",
    Exit.LIMIT: "limit: a limit of the server is reached",
    Exit.FAILED: "failed: the job was begun, and did not end with success",
}

_BY_STATUS = {
    grpc.StatusCode.NOT_FOUND: Exit.NOT_FOUND,
    grpc.StatusCode.OUT_OF_RANGE: Exit.NOT_FOUND,  # a release that is no longer kept
    grpc.StatusCode.ABORTED: Exit.CONFLICT,
    grpc.StatusCode.ALREADY_EXISTS: Exit.CONFLICT,
    grpc.StatusCode.FAILED_PRECONDITION: Exit.CONFLICT,
    grpc.StatusCode.INVALID_ARGUMENT: Exit.INVALID,
    grpc.StatusCode.UNAVAILABLE: Exit.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: Exit.UNAVAILABLE,
    grpc.StatusCode.UNAUTHENTICATED: Exit.DENIED,
    grpc.StatusCode.PERMISSION_DENIED: Exit.DENIED,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Exit.LIMIT,
}


class CommandError(Exception):
    """A command cannot go on, for a reason that the server did not give. Carries the exit code and the line for the user."""

    def __init__(self, exit_code: Exit, message: str) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.message = message


def exit_code(error: MusterError) -> Exit:
    """How a command ends that the server refused."""
    return _BY_STATUS.get(error.code, Exit.UNEXPECTED)


def describe(error: MusterError, target: str) -> str:
    """The failure in one line: what, and the reason in brackets."""
    message = " ".join(error.message.split()) or error.code.name.lower().replace("_", " ")
    if not error.reason and error.code is grpc.StatusCode.UNAVAILABLE:
        message = f"no server at {target}: {message}"
    elif error.code is grpc.StatusCode.DEADLINE_EXCEEDED:
        message = f"no answer from {target} in time: {message}"
    elif error.code is grpc.StatusCode.UNIMPLEMENTED:
        message = f"the server at {target} does not know this call: {message}"
    return f"{message} ({error.reason or error.code.name})"
