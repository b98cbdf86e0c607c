"""What can go wrong, as exceptions.

MusterError                     every refusal and every failure; has `code`, `reason`, `message` and `details`
├── InvalidFieldError           a field is missing, too long, out of range or malformed; the message names it
│   └── InvalidContentError     a content is not what its type says; has `line` and `column`
├── NotFoundError               no such instance, service, session, config item, release, gray line, definition or schema
├── ConflictError               the state is not what the call expects (kind of service, owner, empty release)
│   ├── AlreadyExistsError      there is one already, and it should have been new
│   └── RevisionMismatchError   it has changed since; has the current `revision` and `md5`
├── LimitExceededError          a limit of the server is reached
│   └── TooLargeError           a content, or all of them together, would be too large
├── UnavailableError            no server, a server that stops, a disk that refuses, or no answer in time: try again
├── AccessDeniedError           not authenticated, or not allowed
└── RegistrationLostError       what this client had registered belongs to somebody else now, or was removed by others
"""

from collections.abc import Mapping
from types import MappingProxyType

import grpc
import grpc.aio
from muster.registry.v1.error_reason_pb2 import ErrorReason, ItemError
from muster.registry.v1.instance_pb2 import RemovalReason

from muster_client._details import facts

_PREFIX = "ERROR_REASON_"
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class MusterError(Exception):
    """A call or a stream failed.

    `code` is the canonical status. `reason` is a name of `ErrorReason` without its prefix, such as `INVALID_FIELD`; empty if the
    failure did not come from Muster (no connection, for example). `details` are the facts that belong to the reason, as text:
    `field`, `revision`, `limit` and so on; empty for the failure of a stream or of one item of a batch.
    """

    def __init__(self, code: grpc.StatusCode, reason: str, message: str, details: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__(f"{reason or code.name}: {message}")
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def _number(self, name: str) -> int:
        text = self.details.get(name, "")
        return int(text) if text.isdecimal() else 0


class InvalidFieldError(MusterError):
    """A field is missing, too long, out of range or malformed; the message names it."""


class InvalidContentError(InvalidFieldError):
    """A content is not what its type says.

    >>> async def main() -> None:
    ...     async with Client(target) as client:
    ...         try:
    ...             await client.publish_config("bad.yaml", "size: ]", content_type="yaml")
    ...         except InvalidContentError as error:
    ...             print(error.line, error.column)
    >>> asyncio.run(main())
    1 7
    """

    @property
    def line(self) -> int:
        """Where it breaks, counted from 1; 0 if the server did not say."""
        return self._number("line")

    @property
    def column(self) -> int:
        """Where in that line, in characters counted from 1; 0 if the server did not say."""
        return self._number("column")


class NotFoundError(MusterError):
    """No such instance, service, session, config item, release, gray line, definition or schema."""


class ConflictError(MusterError):
    """The state is not what the call expects: another revision, another kind of service, another owner."""


class AlreadyExistsError(ConflictError):
    """There is one already, and it should have been new."""


class RevisionMismatchError(ConflictError):
    """It has changed since: read it again, and decide again.

    >>> async def main() -> None:
    ...     async with Client(target) as client:
    ...         await client.publish_config("app.yaml", "size: 1", content_type="yaml", create_only=True)
    ...         config = await client.get_config("app.yaml")
    ...         print(config.number, config.content)
    ...         await client.publish_config("app.yaml", "size: 2", if_revision=config.revision)
    ...         try:
    ...             await client.publish_config("app.yaml", "size: 3", if_revision=config.revision)
    ...         except RevisionMismatchError as error:
    ...             print(error.revision > config.revision)
    >>> asyncio.run(main())
    1 size: 1
    True
    """

    @property
    def revision(self) -> int:
        """The current one; 0 if there is nothing any more, or if the server did not say."""
        return self._number("revision")

    @property
    def md5(self) -> str:
        """Of the current content, if that was asked for; empty if there is none, or if the server did not say."""
        return self.details.get("md5", "")


class LimitExceededError(MusterError):
    """A limit of the server is reached."""


class TooLargeError(LimitExceededError):
    """A content, or all of them together, would be too large."""

    @property
    def limit_bytes(self) -> int:
        """The limit; 0 if the server did not say."""
        return self._number("limit")


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


_CLASSES_BY_REASON: dict[str, type[MusterError]] = {
    "INVALID_CONTENT": InvalidContentError,
    "CONFIG_EXISTS": AlreadyExistsError,
    "NAMESPACE_EXISTS": AlreadyExistsError,
    "DEFINITION_EXISTS": AlreadyExistsError,
    "USER_EXISTS": AlreadyExistsError,
    "ROLE_EXISTS": AlreadyExistsError,
    "REVISION_MISMATCH": RevisionMismatchError,
    "TOO_LARGE": TooLargeError,
}


def make_error(code: grpc.StatusCode, reason: str, message: str, details: Mapping[str, str] = MappingProxyType({})) -> MusterError:
    """The error of a status, in its class: that of its reason, else that of its code."""
    chosen = _CLASSES_BY_REASON.get(reason) or _CLASSES.get(code, MusterError)
    return chosen(code, reason, message, details)


def from_rpc_error(error: grpc.aio.AioRpcError) -> MusterError:
    """The error of a failed call: the reason is in the trailer `muster-reason`, the facts are in `grpc-status-details-bin`.

    INTERNAL without a reason is not the server's word: gRPC says so when the connection breaks while a call is being started.
    """
    trailers = dict(error.trailing_metadata() or ())
    if error.code() is grpc.StatusCode.INTERNAL and "muster-reason" not in trailers:
        return UnavailableError(error.code(), "", error.details() or "")
    status = trailers.get("grpc-status-details-bin", b"")
    details = facts(status) if isinstance(status, bytes) else {}
    return make_error(error.code(), str(trailers.get("muster-reason", "")), error.details() or "", details)


def from_item_error(item: ItemError) -> MusterError:
    """The error of one item of a batch."""
    return make_error(_CODES.get(item.code, grpc.StatusCode.UNKNOWN), reason_name(item.reason), item.message)


def reason_name(reason: ErrorReason) -> str:
    """The name of a reason without its prefix; its number as text if it is newer than this client."""
    try:
        return ErrorReason.Name(reason).removeprefix(_PREFIX)
    except ValueError:
        return str(int(reason))
