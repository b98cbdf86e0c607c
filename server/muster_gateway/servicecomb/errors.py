"""The codes of ServiceComb, which of them the registry's reasons have, and how an error is written."""

from typing import Any

import grpc.aio
import msgspec
from starlette.responses import Response

from muster_gateway.registry import message_of, reason_of

JSON = "application/json; charset=UTF-8"

INVALID = 400001
EXISTS = 400010
NO_SERVICE = 400012
IN_USE = 400013
NO_SCHEMA = 400016
NO_INSTANCE = 400017
NO_TAG = 400018
NEEDED = 400023
NO_VERSION = 400026
NO_QUOTA = 400100
UNAUTHORIZED = 401201
NO_AUTHORIZATION = 401204
FORBIDDEN = 403001
BLOCKED = 403201
NO_PERMISSION = 403205
INTERNAL = 500003
UNAVAILABLE = 500011

MESSAGES = {
    INVALID: "Invalid parameter(s)",
    EXISTS: "Micro-service already exists",
    NO_SERVICE: "Micro-service does not exist",
    IN_USE: "Micro-service has deployed instance(s)",
    NO_SCHEMA: "Schema does not exist",
    NO_INSTANCE: "Instance does not exist",
    NO_TAG: "Tag does not exist",
    NEEDED: "Consumer(s) depends on this micro-service",
    NO_VERSION: "Micro-service version does not exist",
    NO_QUOTA: "Not enough quota",
    UNAUTHORIZED: "Request unauthorized",
    NO_AUTHORIZATION: "No authorization header",
    FORBIDDEN: "Forbidden",
    BLOCKED: "Account blocked",
    NO_PERMISSION: "No permission(s)",
    INTERNAL: "Internal server error",
    UNAVAILABLE: "Registry service is unavailable",
}

REASONS = {
    "INVALID_FIELD": INVALID,
    "SERVICE_KIND_MISMATCH": INVALID,
    "TOO_LARGE": INVALID,
    "DEFINITION_EXISTS": EXISTS,
    "DEFINITION_NOT_FOUND": NO_SERVICE,
    "DEFINITION_HIDDEN": NO_SERVICE,
    "CONSUMER_NOT_FOUND": NO_SERVICE,
    "DEFINITION_IN_USE": IN_USE,
    "SCHEMA_NOT_FOUND": NO_SCHEMA,
    "INSTANCE_NOT_FOUND": NO_INSTANCE,
    "TAG_NOT_FOUND": NO_TAG,
    "DEFINITION_NEEDED": NEEDED,
    "VERSION_NOT_FOUND": NO_VERSION,
    "LIMIT_EXCEEDED": NO_QUOTA,
    "UNAUTHENTICATED": UNAUTHORIZED,
    "PERMISSION_DENIED": NO_PERMISSION,
    "LOGIN_THROTTLED": BLOCKED,
    "STORAGE_FAILED": UNAVAILABLE,
    "DRAINING": UNAVAILABLE,
}

DETAILS = {
    "DEFINITION_EXISTS": "ServiceID conflict or found the same service with different id.",
    "DEFINITION_NOT_FOUND": "Service does not exist.",
    "DEFINITION_IN_USE": "Can not delete the service deployed instance(s).",
    "DEFINITION_NEEDED": "Can not delete this service, other service rely it.",
    "SCHEMA_NOT_FOUND": "schema ref not found.",
    "INSTANCE_NOT_FOUND": "Service instance does not exist.",
    "TAG_NOT_FOUND": "Tag does not exist, please add one first.",
}


class CseError(Exception):
    """A refused call. The HTTP status is the first three digits of the code."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail

    @property
    def text(self) -> str:
        """Message and detail in one line, as items of a batch carry them."""
        return f"{MESSAGES[self.code]}({self.detail})"

    def body(self) -> dict[str, str]:
        """The error as JSON."""
        body = {"errorCode": str(self.code), "errorMessage": MESSAGES[self.code]}
        return {**body, "detail": self.detail} if self.detail else body

    def response(self) -> Response:
        """The error as an answer."""
        return Response(msgspec.json.encode(self.body()), self.code // 1000, headers={"content-type": JSON})


def of_reason(reason: str, message: str = "") -> CseError:
    """The error for a reason of the registry, in the dialect's words if it has any."""
    return CseError(REASONS.get(reason, INTERNAL), DETAILS.get(reason, message))


def of_item(error: Any) -> CseError:
    """The error for an item of a batch that failed (registry.v1.ItemError)."""
    name = type(error).DESCRIPTOR.fields_by_name["reason"].enum_type.values_by_number[error.reason].name
    return of_reason(name.removeprefix("ERROR_REASON_"), error.message)


def of_call(error: grpc.aio.AioRpcError) -> CseError:
    """The error for a call that failed."""
    if reason := reason_of(error):
        return of_reason(reason, error.details() or "")
    is_passing = error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    return CseError(UNAVAILABLE if is_passing else INTERNAL, message_of(error))
