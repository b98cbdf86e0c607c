"""The one table from reasons to status codes, and how an error looks on the wire."""

import grpc
from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2, status_pb2
from muster.registry.v1 import error_reason_pb2

from muster_server.core.errors import MusterError, Reason

DOMAIN = "muster"

STATUS_CODES = {
    Reason.INVALID_FIELD: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.INSTANCE_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.SERVICE_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.SESSION_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.REVISION_MISMATCH: grpc.StatusCode.ABORTED,
    Reason.INSTANCE_NOT_OWNED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.SERVICE_KIND_MISMATCH: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.PROTOCOL_VIOLATION: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.LIMIT_EXCEEDED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.SLOW_CONSUMER: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.UNKNOWN_REVISION: grpc.StatusCode.OUT_OF_RANGE,
    Reason.DRAINING: grpc.StatusCode.UNAVAILABLE,
    Reason.SESSION_TAKEN_OVER: grpc.StatusCode.ABORTED,
    Reason.SESSION_EXPIRED: grpc.StatusCode.DEADLINE_EXCEEDED,
    Reason.STORAGE_FAILED: grpc.StatusCode.UNAVAILABLE,
    Reason.INTERNAL: grpc.StatusCode.INTERNAL,
    Reason.CONFIG_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.CONFIG_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.RELEASE_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.RELEASE_COMPACTED: grpc.StatusCode.OUT_OF_RANGE,
    Reason.RELEASE_EMPTY: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.GRAY_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.INVALID_CONTENT: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.NAMESPACE_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.NAMESPACE_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.NAMESPACE_NOT_EMPTY: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.NAMESPACE_DEFAULT: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.ARCHIVE_INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.DEFINITION_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.VERSION_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.DEFINITION_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.DEFINITION_NEEDED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.DEFINITION_IN_USE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.DEFINITION_HIDDEN: grpc.StatusCode.NOT_FOUND,
    Reason.CONSUMER_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.SCHEMA_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.TAG_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    Reason.PERMISSION_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    Reason.LOGIN_THROTTLED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.USERS_EXIST: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.USER_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.USER_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.ROLE_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.ROLE_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.ROLE_BUILT_IN: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.ROLE_IN_USE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.LAST_ADMIN: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.TOKEN_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.ACCESS_KEY_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.ENVIRONMENT_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.ENVIRONMENT_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.APPLICATION_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.APPLICATION_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.APPLICATION_NOT_EMPTY: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.COMPONENT_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.COMPONENT_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.RUNTIME_UNKNOWN: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.ENVIRONMENT_NOT_EMPTY: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.RESOURCE_IN_USE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.RESOURCE_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.COMPONENT_NOT_EMPTY: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.COMPONENT_DELETING: grpc.StatusCode.ABORTED,
    Reason.DEPLOYMENT_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.DEPLOYMENT_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.DEPLOYMENT_BUSY: grpc.StatusCode.ABORTED,
    Reason.WRONG_STATE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.VERSION_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.RELEASE_RECORD_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.JOB_NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.AGENT_UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Reason.AGENT_REPLACED: grpc.StatusCode.ABORTED,
    Reason.AGENT_SILENT: grpc.StatusCode.DEADLINE_EXCEEDED,
    Reason.AGENT_NAME_TAKEN: grpc.StatusCode.ALREADY_EXISTS,
    Reason.JOB_STALLED: grpc.StatusCode.DEADLINE_EXCEEDED,
    Reason.SERVICE_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Reason.SERVICE_NOT_EMPTY: grpc.StatusCode.FAILED_PRECONDITION,
}


def code_number(error: MusterError) -> int:
    """The number of the error's status code (google.rpc.Code)."""
    number: int = STATUS_CODES[error.reason].value[0]
    return number


def item_error(error: MusterError) -> error_reason_pb2.ItemError:
    """An error as one item of a batch answers it."""
    reason = f"ERROR_REASON_{error.reason.value}"
    return error_reason_pb2.ItemError(code=code_number(error), reason=reason, message=error.message, details=error.details)


def trailers(error: MusterError) -> tuple[tuple[str, str | bytes], ...]:
    """The trailing metadata of a failed call: the reason in plain text, and google.rpc.Status with details."""
    info, details = Any(), []
    info.Pack(error_details_pb2.ErrorInfo(reason=error.reason.value, domain=DOMAIN, metadata=error.details))
    details.append(info)
    if "field" in error.details:
        violation = error_details_pb2.BadRequest.FieldViolation(field=error.details["field"], description=error.message)
        bad_request = Any()
        bad_request.Pack(error_details_pb2.BadRequest(field_violations=[violation]))
        details.append(bad_request)
    status = status_pb2.Status(code=code_number(error), message=error.message, details=details)
    return (("muster-reason", error.reason.value), ("grpc-status-details-bin", status.SerializeToString()))
