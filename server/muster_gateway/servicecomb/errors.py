"""The codes of ServiceComb, which of them the registry's reasons have, and how an error is written."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import grpc.aio
import msgspec
from starlette.responses import Response

from muster_gateway.registry import details_of, message_of, reason_of
from muster_gateway.servicecomb.permissions import denial

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
NO_ACCOUNT = 400200
NO_ROLE = 400201
INVALID_ROLE = 400202
NO_ACCOUNT_QUOTA = 400203
NO_ROLE_QUOTA = 400204
ROLE_BOUND = 400205
BAD_PASSWORD = 400206
UNAUTHORIZED = 401201
WRONG_LOGIN = 401202
NO_AUTHORIZATION = 401204
EXPIRED = 401205
ACCOUNT_DELETED = 401206
WRONG_PASSWORD = 401207
FORBIDDEN = 403001
BLOCKED = 403201
BUILT_IN_ACCOUNT = 403202
BUILT_IN_ROLE = 403203
OWN_ACCOUNT = 403204
NO_PERMISSION = 403205
ACCOUNT_EXISTS = 409200
ROLE_EXISTS = 409201
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
    NO_ACCOUNT: "Account not exists",
    NO_ROLE: "Role not exists",
    INVALID_ROLE: "Account has invalid role(s)",
    NO_ACCOUNT_QUOTA: "No quota to create account",
    NO_ROLE_QUOTA: "No quota to create role",
    ROLE_BOUND: "Role is bound to some user(s)",
    BAD_PASSWORD: "New password is bad",
    UNAUTHORIZED: "Request unauthorized",
    WRONG_LOGIN: "User name or password is wrong",
    NO_AUTHORIZATION: "No authorization header",
    EXPIRED: "Token is expired",
    ACCOUNT_DELETED: "The account that owns the token is deleted",
    WRONG_PASSWORD: "Password is wrong",
    FORBIDDEN: "Forbidden",
    BLOCKED: "Account blocked",
    BUILT_IN_ACCOUNT: "Forbid to operate build-in account(s)",
    BUILT_IN_ROLE: "Forbid to operate build-in role(s)",
    OWN_ACCOUNT: "Forbid to operate your own account",
    NO_PERMISSION: "No permission(s)",
    ACCOUNT_EXISTS: "account name is duplicated",
    ROLE_EXISTS: "role name is duplicated",
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
    "USER_NOT_FOUND": NO_ACCOUNT,
    "ROLE_NOT_FOUND": NO_ROLE,
    "ROLE_IN_USE": ROLE_BOUND,
    "ROLE_BUILT_IN": BUILT_IN_ROLE,
    "LAST_ADMIN": BUILT_IN_ACCOUNT,
    "USER_EXISTS": ACCOUNT_EXISTS,
    "ROLE_EXISTS": ROLE_EXISTS,
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
    "USER_EXISTS": "account is duplicated",
    "ROLE_EXISTS": "role is duplicated",
    "ROLE_NOT_FOUND": "",
    "ROLE_IN_USE": "",
    "LOGIN_THROTTLED": "",
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


def of_reason(reason: str, message: str = "", details: Mapping[str, str] = MappingProxyType({})) -> CseError:
    """The error for a reason of the registry, in the dialect's words if it has any. `details` are the registry's facts."""
    if reason == "PERMISSION_DENIED" and "scope" in details:
        return CseError(NO_PERMISSION, denial(details))
    return CseError(REASONS.get(reason, INTERNAL), DETAILS.get(reason, message))


def check_quota(error: grpc.aio.AioRpcError, kind: str) -> None:
    """Raises CseError, in the original's words, if one of a kind (`SERVICE`, `INSTANCE`) was refused because there is no room."""
    limit = details_of(error).get("limit")
    if reason_of(error) == "LIMIT_EXCEEDED" and limit is not None:
        detail = f"no quota to create {kind}, max num is {limit}, curNum is {limit}, apply num is 1"
        raise CseError(NO_QUOTA, detail) from None


def of_item(error: Any) -> CseError:
    """The error for an item of a batch that failed (registry.v1.ItemError)."""
    name = type(error).DESCRIPTOR.fields_by_name["reason"].enum_type.values_by_number[error.reason].name
    return of_reason(name.removeprefix("ERROR_REASON_"), error.message, error.details)


def of_call(error: grpc.aio.AioRpcError) -> CseError:
    """The error for a call that failed."""
    if reason := reason_of(error):
        return of_reason(reason, error.details() or "", details_of(error))
    is_passing = error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    return CseError(UNAVAILABLE if is_passing else INTERNAL, message_of(error))
