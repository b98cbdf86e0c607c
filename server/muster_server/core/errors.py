"""Errors as data: one class, a stable reason, and the facts that belong to it."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

MAX_MESSAGE = 256


class Reason(Enum):
    """Why a command was refused. The names are those of `ErrorReason` in error_reason.proto."""

    INVALID_FIELD = "INVALID_FIELD"
    INSTANCE_NOT_FOUND = "INSTANCE_NOT_FOUND"
    SERVICE_NOT_FOUND = "SERVICE_NOT_FOUND"
    SESSION_NOT_FOUND = "SESSION_NOT_FOUND"
    REVISION_MISMATCH = "REVISION_MISMATCH"
    INSTANCE_NOT_OWNED = "INSTANCE_NOT_OWNED"
    SERVICE_KIND_MISMATCH = "SERVICE_KIND_MISMATCH"
    PROTOCOL_VIOLATION = "PROTOCOL_VIOLATION"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    SLOW_CONSUMER = "SLOW_CONSUMER"
    UNKNOWN_REVISION = "UNKNOWN_REVISION"
    DRAINING = "DRAINING"
    SESSION_TAKEN_OVER = "SESSION_TAKEN_OVER"
    SESSION_EXPIRED = "SESSION_EXPIRED"
    STORAGE_FAILED = "STORAGE_FAILED"
    INTERNAL = "INTERNAL"
    CONFIG_NOT_FOUND = "CONFIG_NOT_FOUND"
    CONFIG_EXISTS = "CONFIG_EXISTS"
    RELEASE_NOT_FOUND = "RELEASE_NOT_FOUND"
    RELEASE_COMPACTED = "RELEASE_COMPACTED"
    RELEASE_EMPTY = "RELEASE_EMPTY"
    GRAY_NOT_FOUND = "GRAY_NOT_FOUND"
    INVALID_CONTENT = "INVALID_CONTENT"
    TOO_LARGE = "TOO_LARGE"
    NAMESPACE_NOT_FOUND = "NAMESPACE_NOT_FOUND"
    NAMESPACE_EXISTS = "NAMESPACE_EXISTS"
    NAMESPACE_NOT_EMPTY = "NAMESPACE_NOT_EMPTY"
    NAMESPACE_DEFAULT = "NAMESPACE_DEFAULT"
    ARCHIVE_INVALID = "ARCHIVE_INVALID"
    DEFINITION_NOT_FOUND = "DEFINITION_NOT_FOUND"
    VERSION_NOT_FOUND = "VERSION_NOT_FOUND"
    DEFINITION_EXISTS = "DEFINITION_EXISTS"
    DEFINITION_NEEDED = "DEFINITION_NEEDED"
    DEFINITION_IN_USE = "DEFINITION_IN_USE"
    DEFINITION_HIDDEN = "DEFINITION_HIDDEN"
    CONSUMER_NOT_FOUND = "CONSUMER_NOT_FOUND"
    SCHEMA_NOT_FOUND = "SCHEMA_NOT_FOUND"
    TAG_NOT_FOUND = "TAG_NOT_FOUND"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    LOGIN_THROTTLED = "LOGIN_THROTTLED"
    USERS_EXIST = "USERS_EXIST"
    USER_NOT_FOUND = "USER_NOT_FOUND"
    USER_EXISTS = "USER_EXISTS"
    ROLE_NOT_FOUND = "ROLE_NOT_FOUND"
    ROLE_EXISTS = "ROLE_EXISTS"
    ROLE_BUILT_IN = "ROLE_BUILT_IN"
    ROLE_IN_USE = "ROLE_IN_USE"
    LAST_ADMIN = "LAST_ADMIN"
    TOKEN_NOT_FOUND = "TOKEN_NOT_FOUND"  # noqa: S105  # a reason, no secret
    ACCESS_KEY_NOT_FOUND = "ACCESS_KEY_NOT_FOUND"
    ENVIRONMENT_NOT_FOUND = "ENVIRONMENT_NOT_FOUND"
    ENVIRONMENT_EXISTS = "ENVIRONMENT_EXISTS"
    APPLICATION_NOT_FOUND = "APPLICATION_NOT_FOUND"
    APPLICATION_EXISTS = "APPLICATION_EXISTS"
    APPLICATION_NOT_EMPTY = "APPLICATION_NOT_EMPTY"
    COMPONENT_NOT_FOUND = "COMPONENT_NOT_FOUND"
    COMPONENT_EXISTS = "COMPONENT_EXISTS"
    RUNTIME_UNKNOWN = "RUNTIME_UNKNOWN"
    SERVICE_EXISTS = "SERVICE_EXISTS"
    SERVICE_NOT_EMPTY = "SERVICE_NOT_EMPTY"


class MusterError(Exception):
    """A refused command. Nothing was changed.

    `reason` is for programs, the message for people, `details` holds the facts as text: `field` for INVALID_FIELD, `revision`
    (the current one) for REVISION_MISMATCH, `limit` for LIMIT_EXCEEDED and TOO_LARGE, `line` and `column` for INVALID_CONTENT. It
    carries no contents and no secrets. A message above 256 characters is cut: it travels in trailers, of which a gRPC client takes
    8 KiB in all.
    """

    def __init__(self, reason: Reason, message: str, details: Mapping[str, str] = MappingProxyType({})) -> None:
        shown = message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"
        super().__init__(shown)
        self.reason = reason
        self.message = shown
        self.details = dict(details)

    @classmethod
    def invalid(cls, field: str, problem: str) -> "MusterError":
        """The refusal of one field: `field` as a path in the request, `problem` as the rest of a sentence about it."""
        return cls(Reason.INVALID_FIELD, f"{field}: {problem}", {"field": field})
