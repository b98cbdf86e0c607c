from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ErrorReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_REASON_UNSPECIFIED: _ClassVar[ErrorReason]
    ERROR_REASON_INVALID_FIELD: _ClassVar[ErrorReason]
    ERROR_REASON_INSTANCE_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_SERVICE_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_SESSION_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_REVISION_MISMATCH: _ClassVar[ErrorReason]
    ERROR_REASON_INSTANCE_NOT_OWNED: _ClassVar[ErrorReason]
    ERROR_REASON_SERVICE_KIND_MISMATCH: _ClassVar[ErrorReason]
    ERROR_REASON_PROTOCOL_VIOLATION: _ClassVar[ErrorReason]
    ERROR_REASON_LIMIT_EXCEEDED: _ClassVar[ErrorReason]
    ERROR_REASON_SLOW_CONSUMER: _ClassVar[ErrorReason]
    ERROR_REASON_UNKNOWN_REVISION: _ClassVar[ErrorReason]
    ERROR_REASON_DRAINING: _ClassVar[ErrorReason]
    ERROR_REASON_SESSION_TAKEN_OVER: _ClassVar[ErrorReason]
    ERROR_REASON_SESSION_EXPIRED: _ClassVar[ErrorReason]
    ERROR_REASON_STORAGE_FAILED: _ClassVar[ErrorReason]
    ERROR_REASON_INTERNAL: _ClassVar[ErrorReason]
    ERROR_REASON_CONFIG_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_CONFIG_EXISTS: _ClassVar[ErrorReason]
    ERROR_REASON_RELEASE_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_RELEASE_COMPACTED: _ClassVar[ErrorReason]
    ERROR_REASON_RELEASE_EMPTY: _ClassVar[ErrorReason]
    ERROR_REASON_GRAY_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_INVALID_CONTENT: _ClassVar[ErrorReason]
    ERROR_REASON_TOO_LARGE: _ClassVar[ErrorReason]
    ERROR_REASON_NAMESPACE_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_NAMESPACE_EXISTS: _ClassVar[ErrorReason]
    ERROR_REASON_NAMESPACE_NOT_EMPTY: _ClassVar[ErrorReason]
    ERROR_REASON_NAMESPACE_DEFAULT: _ClassVar[ErrorReason]
    ERROR_REASON_ARCHIVE_INVALID: _ClassVar[ErrorReason]
    ERROR_REASON_DEFINITION_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_VERSION_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_DEFINITION_EXISTS: _ClassVar[ErrorReason]
    ERROR_REASON_DEFINITION_NEEDED: _ClassVar[ErrorReason]
    ERROR_REASON_DEFINITION_IN_USE: _ClassVar[ErrorReason]
    ERROR_REASON_DEFINITION_HIDDEN: _ClassVar[ErrorReason]
    ERROR_REASON_CONSUMER_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_SCHEMA_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_TAG_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_UNAUTHENTICATED: _ClassVar[ErrorReason]
    ERROR_REASON_PERMISSION_DENIED: _ClassVar[ErrorReason]
    ERROR_REASON_LOGIN_THROTTLED: _ClassVar[ErrorReason]
    ERROR_REASON_USERS_EXIST: _ClassVar[ErrorReason]
    ERROR_REASON_USER_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_USER_EXISTS: _ClassVar[ErrorReason]
    ERROR_REASON_ROLE_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_ROLE_EXISTS: _ClassVar[ErrorReason]
    ERROR_REASON_ROLE_BUILT_IN: _ClassVar[ErrorReason]
    ERROR_REASON_LAST_ADMIN: _ClassVar[ErrorReason]
    ERROR_REASON_TOKEN_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_ACCESS_KEY_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_ROLE_IN_USE: _ClassVar[ErrorReason]
    ERROR_REASON_ENVIRONMENT_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_ENVIRONMENT_EXISTS: _ClassVar[ErrorReason]
    ERROR_REASON_APPLICATION_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_APPLICATION_EXISTS: _ClassVar[ErrorReason]
    ERROR_REASON_APPLICATION_NOT_EMPTY: _ClassVar[ErrorReason]
    ERROR_REASON_COMPONENT_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_COMPONENT_EXISTS: _ClassVar[ErrorReason]
    ERROR_REASON_RUNTIME_UNKNOWN: _ClassVar[ErrorReason]
    ERROR_REASON_SERVICE_EXISTS: _ClassVar[ErrorReason]
    ERROR_REASON_SERVICE_NOT_EMPTY: _ClassVar[ErrorReason]
ERROR_REASON_UNSPECIFIED: ErrorReason
ERROR_REASON_INVALID_FIELD: ErrorReason
ERROR_REASON_INSTANCE_NOT_FOUND: ErrorReason
ERROR_REASON_SERVICE_NOT_FOUND: ErrorReason
ERROR_REASON_SESSION_NOT_FOUND: ErrorReason
ERROR_REASON_REVISION_MISMATCH: ErrorReason
ERROR_REASON_INSTANCE_NOT_OWNED: ErrorReason
ERROR_REASON_SERVICE_KIND_MISMATCH: ErrorReason
ERROR_REASON_PROTOCOL_VIOLATION: ErrorReason
ERROR_REASON_LIMIT_EXCEEDED: ErrorReason
ERROR_REASON_SLOW_CONSUMER: ErrorReason
ERROR_REASON_UNKNOWN_REVISION: ErrorReason
ERROR_REASON_DRAINING: ErrorReason
ERROR_REASON_SESSION_TAKEN_OVER: ErrorReason
ERROR_REASON_SESSION_EXPIRED: ErrorReason
ERROR_REASON_STORAGE_FAILED: ErrorReason
ERROR_REASON_INTERNAL: ErrorReason
ERROR_REASON_CONFIG_NOT_FOUND: ErrorReason
ERROR_REASON_CONFIG_EXISTS: ErrorReason
ERROR_REASON_RELEASE_NOT_FOUND: ErrorReason
ERROR_REASON_RELEASE_COMPACTED: ErrorReason
ERROR_REASON_RELEASE_EMPTY: ErrorReason
ERROR_REASON_GRAY_NOT_FOUND: ErrorReason
ERROR_REASON_INVALID_CONTENT: ErrorReason
ERROR_REASON_TOO_LARGE: ErrorReason
ERROR_REASON_NAMESPACE_NOT_FOUND: ErrorReason
ERROR_REASON_NAMESPACE_EXISTS: ErrorReason
ERROR_REASON_NAMESPACE_NOT_EMPTY: ErrorReason
ERROR_REASON_NAMESPACE_DEFAULT: ErrorReason
ERROR_REASON_ARCHIVE_INVALID: ErrorReason
ERROR_REASON_DEFINITION_NOT_FOUND: ErrorReason
ERROR_REASON_VERSION_NOT_FOUND: ErrorReason
ERROR_REASON_DEFINITION_EXISTS: ErrorReason
ERROR_REASON_DEFINITION_NEEDED: ErrorReason
ERROR_REASON_DEFINITION_IN_USE: ErrorReason
ERROR_REASON_DEFINITION_HIDDEN: ErrorReason
ERROR_REASON_CONSUMER_NOT_FOUND: ErrorReason
ERROR_REASON_SCHEMA_NOT_FOUND: ErrorReason
ERROR_REASON_TAG_NOT_FOUND: ErrorReason
ERROR_REASON_UNAUTHENTICATED: ErrorReason
ERROR_REASON_PERMISSION_DENIED: ErrorReason
ERROR_REASON_LOGIN_THROTTLED: ErrorReason
ERROR_REASON_USERS_EXIST: ErrorReason
ERROR_REASON_USER_NOT_FOUND: ErrorReason
ERROR_REASON_USER_EXISTS: ErrorReason
ERROR_REASON_ROLE_NOT_FOUND: ErrorReason
ERROR_REASON_ROLE_EXISTS: ErrorReason
ERROR_REASON_ROLE_BUILT_IN: ErrorReason
ERROR_REASON_LAST_ADMIN: ErrorReason
ERROR_REASON_TOKEN_NOT_FOUND: ErrorReason
ERROR_REASON_ACCESS_KEY_NOT_FOUND: ErrorReason
ERROR_REASON_ROLE_IN_USE: ErrorReason
ERROR_REASON_ENVIRONMENT_NOT_FOUND: ErrorReason
ERROR_REASON_ENVIRONMENT_EXISTS: ErrorReason
ERROR_REASON_APPLICATION_NOT_FOUND: ErrorReason
ERROR_REASON_APPLICATION_EXISTS: ErrorReason
ERROR_REASON_APPLICATION_NOT_EMPTY: ErrorReason
ERROR_REASON_COMPONENT_NOT_FOUND: ErrorReason
ERROR_REASON_COMPONENT_EXISTS: ErrorReason
ERROR_REASON_RUNTIME_UNKNOWN: ErrorReason
ERROR_REASON_SERVICE_EXISTS: ErrorReason
ERROR_REASON_SERVICE_NOT_EMPTY: ErrorReason

class ItemError(_message.Message):
    __slots__ = ("code", "reason", "message", "details")
    class DetailsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    code: int
    reason: ErrorReason
    message: str
    details: _containers.ScalarMap[str, str]
    def __init__(self, code: _Optional[int] = ..., reason: _Optional[_Union[ErrorReason, str]] = ..., message: _Optional[str] = ..., details: _Optional[_Mapping[str, str]] = ...) -> None: ...
