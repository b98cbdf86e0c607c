import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Health(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HEALTH_UNSPECIFIED: _ClassVar[Health]
    HEALTH_HEALTHY: _ClassVar[Health]
    HEALTH_UNHEALTHY: _ClassVar[Health]
    HEALTH_SUSPECT: _ClassVar[Health]
    HEALTH_UNKNOWN: _ClassVar[Health]

class AdminState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ADMIN_STATE_UNSPECIFIED: _ClassVar[AdminState]
    ADMIN_STATE_ENABLED: _ClassVar[AdminState]
    ADMIN_STATE_DISABLED: _ClassVar[AdminState]
    ADMIN_STATE_STARTING: _ClassVar[AdminState]
    ADMIN_STATE_TESTING: _ClassVar[AdminState]
    ADMIN_STATE_OUT_OF_SERVICE: _ClassVar[AdminState]
    ADMIN_STATE_DRAINING: _ClassVar[AdminState]

class RemovalReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REMOVAL_REASON_UNSPECIFIED: _ClassVar[RemovalReason]
    REMOVAL_REASON_DEREGISTERED: _ClassVar[RemovalReason]
    REMOVAL_REASON_LEASE_EXPIRED: _ClassVar[RemovalReason]
    REMOVAL_REASON_CONNECTION_LOST: _ClassVar[RemovalReason]
    REMOVAL_REASON_ADMIN: _ClassVar[RemovalReason]
    REMOVAL_REASON_CHECK_FAILED: _ClassVar[RemovalReason]
    REMOVAL_REASON_REPLACED: _ClassVar[RemovalReason]
HEALTH_UNSPECIFIED: Health
HEALTH_HEALTHY: Health
HEALTH_UNHEALTHY: Health
HEALTH_SUSPECT: Health
HEALTH_UNKNOWN: Health
ADMIN_STATE_UNSPECIFIED: AdminState
ADMIN_STATE_ENABLED: AdminState
ADMIN_STATE_DISABLED: AdminState
ADMIN_STATE_STARTING: AdminState
ADMIN_STATE_TESTING: AdminState
ADMIN_STATE_OUT_OF_SERVICE: AdminState
ADMIN_STATE_DRAINING: AdminState
REMOVAL_REASON_UNSPECIFIED: RemovalReason
REMOVAL_REASON_DEREGISTERED: RemovalReason
REMOVAL_REASON_LEASE_EXPIRED: RemovalReason
REMOVAL_REASON_CONNECTION_LOST: RemovalReason
REMOVAL_REASON_ADMIN: RemovalReason
REMOVAL_REASON_CHECK_FAILED: RemovalReason
REMOVAL_REASON_REPLACED: RemovalReason

class ServiceRef(_message.Message):
    __slots__ = ("namespace", "group", "name")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    group: str
    name: str
    def __init__(self, namespace: _Optional[str] = ..., group: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class Endpoint(_message.Message):
    __slots__ = ("scheme", "host", "port")
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    scheme: str
    host: str
    port: int
    def __init__(self, scheme: _Optional[str] = ..., host: _Optional[str] = ..., port: _Optional[int] = ...) -> None: ...

class Lease(_message.Message):
    __slots__ = ("ttl", "grace", "paused")
    TTL_FIELD_NUMBER: _ClassVar[int]
    GRACE_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    ttl: _duration_pb2.Duration
    grace: _duration_pb2.Duration
    paused: bool
    def __init__(self, ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., paused: _Optional[bool] = ...) -> None: ...

class AdminOverride(_message.Message):
    __slots__ = ("state", "author", "comment", "set_time", "weight", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    STATE_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    SET_TIME_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    state: AdminState
    author: str
    comment: str
    set_time: _timestamp_pb2.Timestamp
    weight: float
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, state: _Optional[_Union[AdminState, str]] = ..., author: _Optional[str] = ..., comment: _Optional[str] = ..., set_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., weight: _Optional[float] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Instance(_message.Message):
    __slots__ = ("instance_id", "endpoints", "cluster", "weight", "metadata", "persistent", "lease", "health", "admin_state", "declared_admin_state", "admin_override", "on_session", "revision", "create_revision", "create_time", "update_time", "definition_id", "attributes")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    ENDPOINTS_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    PERSISTENT_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    ADMIN_STATE_FIELD_NUMBER: _ClassVar[int]
    DECLARED_ADMIN_STATE_FIELD_NUMBER: _ClassVar[int]
    ADMIN_OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    ON_SESSION_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CREATE_REVISION_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    instance_id: str
    endpoints: _containers.RepeatedCompositeFieldContainer[Endpoint]
    cluster: str
    weight: float
    metadata: _containers.ScalarMap[str, str]
    persistent: bool
    lease: Lease
    health: Health
    admin_state: AdminState
    declared_admin_state: AdminState
    admin_override: AdminOverride
    on_session: bool
    revision: int
    create_revision: int
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    definition_id: str
    attributes: _containers.ScalarMap[str, str]
    def __init__(self, instance_id: _Optional[str] = ..., endpoints: _Optional[_Iterable[_Union[Endpoint, _Mapping]]] = ..., cluster: _Optional[str] = ..., weight: _Optional[float] = ..., metadata: _Optional[_Mapping[str, str]] = ..., persistent: _Optional[bool] = ..., lease: _Optional[_Union[Lease, _Mapping]] = ..., health: _Optional[_Union[Health, str]] = ..., admin_state: _Optional[_Union[AdminState, str]] = ..., declared_admin_state: _Optional[_Union[AdminState, str]] = ..., admin_override: _Optional[_Union[AdminOverride, _Mapping]] = ..., on_session: _Optional[bool] = ..., revision: _Optional[int] = ..., create_revision: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., definition_id: _Optional[str] = ..., attributes: _Optional[_Mapping[str, str]] = ...) -> None: ...

class InstanceAddress(_message.Message):
    __slots__ = ("host", "port", "persistent")
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    PERSISTENT_FIELD_NUMBER: _ClassVar[int]
    host: str
    port: int
    persistent: bool
    def __init__(self, host: _Optional[str] = ..., port: _Optional[int] = ..., persistent: _Optional[bool] = ...) -> None: ...

class InstanceRef(_message.Message):
    __slots__ = ("service", "instance_id", "address")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    service: ServiceRef
    instance_id: str
    address: InstanceAddress
    def __init__(self, service: _Optional[_Union[ServiceRef, _Mapping]] = ..., instance_id: _Optional[str] = ..., address: _Optional[_Union[InstanceAddress, _Mapping]] = ...) -> None: ...

class ReconnectAfter(_message.Message):
    __slots__ = ("delay",)
    DELAY_FIELD_NUMBER: _ClassVar[int]
    delay: _duration_pb2.Duration
    def __init__(self, delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
