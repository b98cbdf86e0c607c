import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from muster.registry.v1 import error_reason_pb2 as _error_reason_pb2
from muster.registry.v1 import instance_pb2 as _instance_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RegisterRequest(_message.Message):
    __slots__ = ("service", "instance", "unique_address", "expected_revision", "reuse_id", "id_only")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    REUSE_ID_FIELD_NUMBER: _ClassVar[int]
    ID_ONLY_FIELD_NUMBER: _ClassVar[int]
    service: _instance_pb2.ServiceRef
    instance: _instance_pb2.Instance
    unique_address: bool
    expected_revision: int
    reuse_id: bool
    id_only: bool
    def __init__(self, service: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ..., instance: _Optional[_Union[_instance_pb2.Instance, _Mapping]] = ..., unique_address: _Optional[bool] = ..., expected_revision: _Optional[int] = ..., reuse_id: _Optional[bool] = ..., id_only: _Optional[bool] = ...) -> None: ...

class RegisterResponse(_message.Message):
    __slots__ = ("instance", "revision", "epoch", "instance_id")
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    instance: _instance_pb2.Instance
    revision: int
    epoch: int
    instance_id: str
    def __init__(self, instance: _Optional[_Union[_instance_pb2.Instance, _Mapping]] = ..., revision: _Optional[int] = ..., epoch: _Optional[int] = ..., instance_id: _Optional[str] = ...) -> None: ...

class RegisterBatchRequest(_message.Message):
    __slots__ = ("registrations",)
    REGISTRATIONS_FIELD_NUMBER: _ClassVar[int]
    registrations: _containers.RepeatedCompositeFieldContainer[RegisterRequest]
    def __init__(self, registrations: _Optional[_Iterable[_Union[RegisterRequest, _Mapping]]] = ...) -> None: ...

class RegisterBatchResponse(_message.Message):
    __slots__ = ("results", "revision", "epoch")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[ItemResult]
    revision: int
    epoch: int
    def __init__(self, results: _Optional[_Iterable[_Union[ItemResult, _Mapping]]] = ..., revision: _Optional[int] = ..., epoch: _Optional[int] = ...) -> None: ...

class ItemResult(_message.Message):
    __slots__ = ("instance_id", "revision", "error")
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    instance_id: str
    revision: int
    error: _error_reason_pb2.ItemError
    def __init__(self, instance_id: _Optional[str] = ..., revision: _Optional[int] = ..., error: _Optional[_Union[_error_reason_pb2.ItemError, _Mapping]] = ...) -> None: ...

class ReplaceInstancesRequest(_message.Message):
    __slots__ = ("session_id", "service", "instances", "unique_address")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    service: _instance_pb2.ServiceRef
    instances: _containers.RepeatedCompositeFieldContainer[_instance_pb2.Instance]
    unique_address: bool
    def __init__(self, session_id: _Optional[str] = ..., service: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ..., instances: _Optional[_Iterable[_Union[_instance_pb2.Instance, _Mapping]]] = ..., unique_address: _Optional[bool] = ...) -> None: ...

class ReplaceInstancesResponse(_message.Message):
    __slots__ = ("instance_ids", "revision")
    INSTANCE_IDS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    instance_ids: _containers.RepeatedScalarFieldContainer[str]
    revision: int
    def __init__(self, instance_ids: _Optional[_Iterable[str]] = ..., revision: _Optional[int] = ...) -> None: ...

class DeregisterRequest(_message.Message):
    __slots__ = ("ref", "expected_revision", "allow_missing", "reason")
    REF_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    ALLOW_MISSING_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ref: _instance_pb2.InstanceRef
    expected_revision: int
    allow_missing: bool
    reason: _instance_pb2.RemovalReason
    def __init__(self, ref: _Optional[_Union[_instance_pb2.InstanceRef, _Mapping]] = ..., expected_revision: _Optional[int] = ..., allow_missing: _Optional[bool] = ..., reason: _Optional[_Union[_instance_pb2.RemovalReason, str]] = ...) -> None: ...

class DeregisterResponse(_message.Message):
    __slots__ = ("revision", "removed")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    revision: int
    removed: bool
    def __init__(self, revision: _Optional[int] = ..., removed: _Optional[bool] = ...) -> None: ...

class RenewRequest(_message.Message):
    __slots__ = ("refs",)
    REFS_FIELD_NUMBER: _ClassVar[int]
    refs: _containers.RepeatedCompositeFieldContainer[_instance_pb2.InstanceRef]
    def __init__(self, refs: _Optional[_Iterable[_Union[_instance_pb2.InstanceRef, _Mapping]]] = ...) -> None: ...

class RenewResponse(_message.Message):
    __slots__ = ("missing",)
    MISSING_FIELD_NUMBER: _ClassVar[int]
    missing: _containers.RepeatedCompositeFieldContainer[_instance_pb2.InstanceRef]
    def __init__(self, missing: _Optional[_Iterable[_Union[_instance_pb2.InstanceRef, _Mapping]]] = ...) -> None: ...

class UpdateInstanceRequest(_message.Message):
    __slots__ = ("ref", "instance", "update_mask", "expected_revision", "touch")
    REF_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    TOUCH_FIELD_NUMBER: _ClassVar[int]
    ref: _instance_pb2.InstanceRef
    instance: _instance_pb2.Instance
    update_mask: _field_mask_pb2.FieldMask
    expected_revision: int
    touch: bool
    def __init__(self, ref: _Optional[_Union[_instance_pb2.InstanceRef, _Mapping]] = ..., instance: _Optional[_Union[_instance_pb2.Instance, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., expected_revision: _Optional[int] = ..., touch: _Optional[bool] = ...) -> None: ...

class UpdateInstanceResponse(_message.Message):
    __slots__ = ("instance", "revision")
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    instance: _instance_pb2.Instance
    revision: int
    def __init__(self, instance: _Optional[_Union[_instance_pb2.Instance, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class SetAdminStateRequest(_message.Message):
    __slots__ = ("ref", "state", "author", "comment")
    REF_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    ref: _instance_pb2.InstanceRef
    state: _instance_pb2.AdminState
    author: str
    comment: str
    def __init__(self, ref: _Optional[_Union[_instance_pb2.InstanceRef, _Mapping]] = ..., state: _Optional[_Union[_instance_pb2.AdminState, str]] = ..., author: _Optional[str] = ..., comment: _Optional[str] = ...) -> None: ...

class SetAdminStateResponse(_message.Message):
    __slots__ = ("instance", "revision")
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    instance: _instance_pb2.Instance
    revision: int
    def __init__(self, instance: _Optional[_Union[_instance_pb2.Instance, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class OverrideInstanceRequest(_message.Message):
    __slots__ = ("ref", "override", "update_mask", "expected_revision")
    REF_FIELD_NUMBER: _ClassVar[int]
    OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    ref: _instance_pb2.InstanceRef
    override: _instance_pb2.AdminOverride
    update_mask: _field_mask_pb2.FieldMask
    expected_revision: int
    def __init__(self, ref: _Optional[_Union[_instance_pb2.InstanceRef, _Mapping]] = ..., override: _Optional[_Union[_instance_pb2.AdminOverride, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., expected_revision: _Optional[int] = ...) -> None: ...

class OverrideInstanceResponse(_message.Message):
    __slots__ = ("instance", "revision")
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    instance: _instance_pb2.Instance
    revision: int
    def __init__(self, instance: _Optional[_Union[_instance_pb2.Instance, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class DrainRequest(_message.Message):
    __slots__ = ("refs", "timeout", "author", "comment")
    REFS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    refs: _containers.RepeatedCompositeFieldContainer[_instance_pb2.InstanceRef]
    timeout: _duration_pb2.Duration
    author: str
    comment: str
    def __init__(self, refs: _Optional[_Iterable[_Union[_instance_pb2.InstanceRef, _Mapping]]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., author: _Optional[str] = ..., comment: _Optional[str] = ...) -> None: ...

class DrainWatcher(_message.Message):
    __slots__ = ("service", "client_name", "peer")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    CLIENT_NAME_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    service: _instance_pb2.ServiceRef
    client_name: str
    peer: str
    def __init__(self, service: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ..., client_name: _Optional[str] = ..., peer: _Optional[str] = ...) -> None: ...

class DrainResponse(_message.Message):
    __slots__ = ("complete", "pending", "unconfirmed", "acknowledged_count", "revision")
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    UNCONFIRMED_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_COUNT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    complete: bool
    pending: _containers.RepeatedCompositeFieldContainer[DrainWatcher]
    unconfirmed: _containers.RepeatedCompositeFieldContainer[DrainWatcher]
    acknowledged_count: int
    revision: int
    def __init__(self, complete: _Optional[bool] = ..., pending: _Optional[_Iterable[_Union[DrainWatcher, _Mapping]]] = ..., unconfirmed: _Optional[_Iterable[_Union[DrainWatcher, _Mapping]]] = ..., acknowledged_count: _Optional[int] = ..., revision: _Optional[int] = ...) -> None: ...

class SessionRequest(_message.Message):
    __slots__ = ("sequence", "hello", "register", "deregister", "renew", "goodbye")
    class Hello(_message.Message):
        __slots__ = ("client_name", "client_version", "session_id", "ttl", "grace")
        CLIENT_NAME_FIELD_NUMBER: _ClassVar[int]
        CLIENT_VERSION_FIELD_NUMBER: _ClassVar[int]
        SESSION_ID_FIELD_NUMBER: _ClassVar[int]
        TTL_FIELD_NUMBER: _ClassVar[int]
        GRACE_FIELD_NUMBER: _ClassVar[int]
        client_name: str
        client_version: str
        session_id: str
        ttl: _duration_pb2.Duration
        grace: _duration_pb2.Duration
        def __init__(self, client_name: _Optional[str] = ..., client_version: _Optional[str] = ..., session_id: _Optional[str] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
    class Register(_message.Message):
        __slots__ = ("registrations",)
        REGISTRATIONS_FIELD_NUMBER: _ClassVar[int]
        registrations: _containers.RepeatedCompositeFieldContainer[RegisterRequest]
        def __init__(self, registrations: _Optional[_Iterable[_Union[RegisterRequest, _Mapping]]] = ...) -> None: ...
    class Deregister(_message.Message):
        __slots__ = ("refs",)
        REFS_FIELD_NUMBER: _ClassVar[int]
        refs: _containers.RepeatedCompositeFieldContainer[_instance_pb2.InstanceRef]
        def __init__(self, refs: _Optional[_Iterable[_Union[_instance_pb2.InstanceRef, _Mapping]]] = ...) -> None: ...
    class Renew(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    class Goodbye(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    HELLO_FIELD_NUMBER: _ClassVar[int]
    REGISTER_FIELD_NUMBER: _ClassVar[int]
    DEREGISTER_FIELD_NUMBER: _ClassVar[int]
    RENEW_FIELD_NUMBER: _ClassVar[int]
    GOODBYE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    hello: SessionRequest.Hello
    register: SessionRequest.Register
    deregister: SessionRequest.Deregister
    renew: SessionRequest.Renew
    goodbye: SessionRequest.Goodbye
    def __init__(self, sequence: _Optional[int] = ..., hello: _Optional[_Union[SessionRequest.Hello, _Mapping]] = ..., register: _Optional[_Union[SessionRequest.Register, _Mapping]] = ..., deregister: _Optional[_Union[SessionRequest.Deregister, _Mapping]] = ..., renew: _Optional[_Union[SessionRequest.Renew, _Mapping]] = ..., goodbye: _Optional[_Union[SessionRequest.Goodbye, _Mapping]] = ...) -> None: ...

class SessionResponse(_message.Message):
    __slots__ = ("sequence", "granted", "results", "renewed", "revoked", "reconnect_after")
    class Granted(_message.Message):
        __slots__ = ("session_id", "epoch", "revision", "ttl", "grace", "resumed", "instances")
        SESSION_ID_FIELD_NUMBER: _ClassVar[int]
        EPOCH_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        TTL_FIELD_NUMBER: _ClassVar[int]
        GRACE_FIELD_NUMBER: _ClassVar[int]
        RESUMED_FIELD_NUMBER: _ClassVar[int]
        INSTANCES_FIELD_NUMBER: _ClassVar[int]
        session_id: str
        epoch: int
        revision: int
        ttl: _duration_pb2.Duration
        grace: _duration_pb2.Duration
        resumed: bool
        instances: _containers.RepeatedCompositeFieldContainer[_instance_pb2.InstanceRef]
        def __init__(self, session_id: _Optional[str] = ..., epoch: _Optional[int] = ..., revision: _Optional[int] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., resumed: _Optional[bool] = ..., instances: _Optional[_Iterable[_Union[_instance_pb2.InstanceRef, _Mapping]]] = ...) -> None: ...
    class Results(_message.Message):
        __slots__ = ("results", "revision")
        RESULTS_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        results: _containers.RepeatedCompositeFieldContainer[ItemResult]
        revision: int
        def __init__(self, results: _Optional[_Iterable[_Union[ItemResult, _Mapping]]] = ..., revision: _Optional[int] = ...) -> None: ...
    class Renewed(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    class Revoked(_message.Message):
        __slots__ = ("ref", "reason", "revision")
        REF_FIELD_NUMBER: _ClassVar[int]
        REASON_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        ref: _instance_pb2.InstanceRef
        reason: _instance_pb2.RemovalReason
        revision: int
        def __init__(self, ref: _Optional[_Union[_instance_pb2.InstanceRef, _Mapping]] = ..., reason: _Optional[_Union[_instance_pb2.RemovalReason, str]] = ..., revision: _Optional[int] = ...) -> None: ...
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    RENEWED_FIELD_NUMBER: _ClassVar[int]
    REVOKED_FIELD_NUMBER: _ClassVar[int]
    RECONNECT_AFTER_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    granted: SessionResponse.Granted
    results: SessionResponse.Results
    renewed: SessionResponse.Renewed
    revoked: SessionResponse.Revoked
    reconnect_after: _instance_pb2.ReconnectAfter
    def __init__(self, sequence: _Optional[int] = ..., granted: _Optional[_Union[SessionResponse.Granted, _Mapping]] = ..., results: _Optional[_Union[SessionResponse.Results, _Mapping]] = ..., renewed: _Optional[_Union[SessionResponse.Renewed, _Mapping]] = ..., revoked: _Optional[_Union[SessionResponse.Revoked, _Mapping]] = ..., reconnect_after: _Optional[_Union[_instance_pb2.ReconnectAfter, _Mapping]] = ...) -> None: ...
