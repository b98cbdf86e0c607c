"""What can go wrong, as exceptions.

MusterError                 every refusal and every failure; has `code`, `reason` and `message`
├── InvalidFieldError       a field is missing, too long, out of range or malformed; the message names it
├── NotFoundError           no such instance, service or session
├── ConflictError           the state is not what the call expects (revision, kind of service, owner)
├── LimitExceededError      a limit of the server is reached
├── UnavailableError        no server, a server that stops, a disk that refuses, or no answer in time: try again
├── AccessDeniedError       not authenticated, or not allowed
└── RegistrationLostError   what this client had registered belongs to somebody else now, or was removed by others
"""

import grpc
import grpc.aio
from muster.registry.v1.error_reason_pb2 import ErrorReason, ItemError
from muster.registry.v1.instance_pb2 import RemovalReason

_PREFIX = "ERROR_REASON_"
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class MusterError(Exception):
    """A call or a stream failed.

    `code` is the canonical status. `reason` is a name of `ErrorReason` without its prefix, such as `INVALID_FIELD`; empty if the
    failure did not come from Muster (no connection, for example).
    """

    def __init__(self, code: grpc.StatusCode, reason: str, message: str) -> None:
        super().__init__(f"{reason or code.name}: {message}")
        self.code = code
        self.reason = reason
        self.message = message


class InvalidFieldError(MusterError):
    """A field is missing, too long, out of range or malformed; the message names it."""


class NotFoundError(MusterError):
    """No such instance, service or session."""


class ConflictError(MusterError):
    """The state is not what the call expects: another revision, another kind of service, another owner."""


class LimitExceededError(MusterError):
    """A limit of the server is reached."""


class UnavailableError(MusterError):
    """No server, a server that stops, a disk that refuses, or no answer in time. The same call may succeed later."""


class AccessDeniedError(MusterError):
    """Not authenticated, or not allowed."""


class RegistrationLostError(MusterError):
    """A registration ended without being asked to: `removal` says why, UNSPECIFIED if it happened while the client was cut off."""

    def __init__(self, removal: RemovalReason, message: str) -> None:
        name = RemovalReason.Name(removal).removeprefix("REMOVAL_REASON_")
        super().__init__(grpc.StatusCode.ABORTED, "", f"{message} ({name})")
        self.removal = removal


_CLASSES: dict[grpc.StatusCode, type[MusterError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidFieldError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.ABORTED: ConflictError,
    grpc.StatusCode.FAILED_PRECONDITION: ConflictError,
    grpc.StatusCode.OUT_OF_RANGE: ConflictError,
    grpc.StatusCode.ALREADY_EXISTS: ConflictError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: LimitExceededError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: UnavailableError,
    grpc.StatusCode.UNAUTHENTICATED: AccessDeniedError,
    grpc.StatusCode.PERMISSION_DENIED: AccessDeniedError,
}


def make_error(code: grpc.StatusCode, reason: str, message: str) -> MusterError:
    """The error of a status, in its class."""
    return _CLASSES.get(code, MusterError)(code, reason, message)


def from_rpc_error(error: grpc.aio.AioRpcError) -> MusterError:
    """The error of a failed call: the reason is in the trailer `muster-reason`."""
    trailers = dict(error.trailing_metadata() or ())
    return make_error(error.code(), str(trailers.get("muster-reason", "")), error.details() or "")


def from_item_error(item: ItemError) -> MusterError:
    """The error of one item of a batch."""
    return make_error(_CODES.get(item.code, grpc.StatusCode.UNKNOWN), reason_name(item.reason), item.message)


def reason_name(reason: ErrorReason) -> str:
    """The name of a reason without its prefix; its number as text if it is newer than this client."""
    try:
        return ErrorReason.Name(reason).removeprefix(_PREFIX)
    except ValueError:
        return str(int(reason))
