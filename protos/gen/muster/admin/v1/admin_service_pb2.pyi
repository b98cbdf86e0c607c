import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from muster.registry.v1 import instance_pb2 as _instance_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ConnectionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONNECTION_KIND_UNSPECIFIED: _ClassVar[ConnectionKind]
    CONNECTION_KIND_SESSION: _ClassVar[ConnectionKind]
    CONNECTION_KIND_WATCH: _ClassVar[ConnectionKind]
    CONNECTION_KIND_LISTEN: _ClassVar[ConnectionKind]
    CONNECTION_KIND_PROVIDERS: _ClassVar[ConnectionKind]
    CONNECTION_KIND_NAMES: _ClassVar[ConnectionKind]
CONNECTION_KIND_UNSPECIFIED: ConnectionKind
CONNECTION_KIND_SESSION: ConnectionKind
CONNECTION_KIND_WATCH: ConnectionKind
CONNECTION_KIND_LISTEN: ConnectionKind
CONNECTION_KIND_PROVIDERS: ConnectionKind
CONNECTION_KIND_NAMES: ConnectionKind

class Namespace(_message.Message):
    __slots__ = ("name", "display_name", "description", "described", "service_count", "instance_count", "config_count", "definition_count")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    DESCRIBED_FIELD_NUMBER: _ClassVar[int]
    SERVICE_COUNT_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    CONFIG_COUNT_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_COUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    display_name: str
    description: str
    described: bool
    service_count: int
    instance_count: int
    config_count: int
    definition_count: int
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., described: _Optional[bool] = ..., service_count: _Optional[int] = ..., instance_count: _Optional[int] = ..., config_count: _Optional[int] = ..., definition_count: _Optional[int] = ...) -> None: ...

class CreateNamespaceRequest(_message.Message):
    __slots__ = ("namespace",)
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    namespace: Namespace
    def __init__(self, namespace: _Optional[_Union[Namespace, _Mapping]] = ...) -> None: ...

class CreateNamespaceResponse(_message.Message):
    __slots__ = ("namespace",)
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    namespace: Namespace
    def __init__(self, namespace: _Optional[_Union[Namespace, _Mapping]] = ...) -> None: ...

class ListNamespacesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListNamespacesResponse(_message.Message):
    __slots__ = ("namespaces",)
    NAMESPACES_FIELD_NUMBER: _ClassVar[int]
    namespaces: _containers.RepeatedCompositeFieldContainer[Namespace]
    def __init__(self, namespaces: _Optional[_Iterable[_Union[Namespace, _Mapping]]] = ...) -> None: ...

class UpdateNamespaceRequest(_message.Message):
    __slots__ = ("namespace",)
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    namespace: Namespace
    def __init__(self, namespace: _Optional[_Union[Namespace, _Mapping]] = ...) -> None: ...

class UpdateNamespaceResponse(_message.Message):
    __slots__ = ("namespace",)
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    namespace: Namespace
    def __init__(self, namespace: _Optional[_Union[Namespace, _Mapping]] = ...) -> None: ...

class DeleteNamespaceRequest(_message.Message):
    __slots__ = ("name", "force")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    name: str
    force: bool
    def __init__(self, name: _Optional[str] = ..., force: _Optional[bool] = ...) -> None: ...

class DeleteNamespaceResponse(_message.Message):
    __slots__ = ("removed_instance_count", "deleted_config_count", "deleted_definition_count")
    REMOVED_INSTANCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    DELETED_CONFIG_COUNT_FIELD_NUMBER: _ClassVar[int]
    DELETED_DEFINITION_COUNT_FIELD_NUMBER: _ClassVar[int]
    removed_instance_count: int
    deleted_config_count: int
    deleted_definition_count: int
    def __init__(self, removed_instance_count: _Optional[int] = ..., deleted_config_count: _Optional[int] = ..., deleted_definition_count: _Optional[int] = ...) -> None: ...

class ServiceCluster(_message.Message):
    __slots__ = ("name", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    name: str
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, name: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Service(_message.Message):
    __slots__ = ("ref", "metadata", "protect_threshold", "persistent", "clusters", "described", "instance_count", "available_count", "revision")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    REF_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    PROTECT_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    PERSISTENT_FIELD_NUMBER: _ClassVar[int]
    CLUSTERS_FIELD_NUMBER: _ClassVar[int]
    DESCRIBED_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ref: _instance_pb2.ServiceRef
    metadata: _containers.ScalarMap[str, str]
    protect_threshold: float
    persistent: bool
    clusters: _containers.RepeatedCompositeFieldContainer[ServiceCluster]
    described: bool
    instance_count: int
    available_count: int
    revision: int
    def __init__(self, ref: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ..., metadata: _Optional[_Mapping[str, str]] = ..., protect_threshold: _Optional[float] = ..., persistent: _Optional[bool] = ..., clusters: _Optional[_Iterable[_Union[ServiceCluster, _Mapping]]] = ..., described: _Optional[bool] = ..., instance_count: _Optional[int] = ..., available_count: _Optional[int] = ..., revision: _Optional[int] = ...) -> None: ...

class CreateServiceRequest(_message.Message):
    __slots__ = ("service",)
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    service: Service
    def __init__(self, service: _Optional[_Union[Service, _Mapping]] = ...) -> None: ...

class CreateServiceResponse(_message.Message):
    __slots__ = ("service",)
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    service: Service
    def __init__(self, service: _Optional[_Union[Service, _Mapping]] = ...) -> None: ...

class GetServiceRequest(_message.Message):
    __slots__ = ("ref",)
    REF_FIELD_NUMBER: _ClassVar[int]
    ref: _instance_pb2.ServiceRef
    def __init__(self, ref: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ...) -> None: ...

class GetServiceResponse(_message.Message):
    __slots__ = ("service",)
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    service: Service
    def __init__(self, service: _Optional[_Union[Service, _Mapping]] = ...) -> None: ...

class UpdateServiceRequest(_message.Message):
    __slots__ = ("service", "update_mask")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    service: Service
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, service: _Optional[_Union[Service, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateServiceResponse(_message.Message):
    __slots__ = ("service",)
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    service: Service
    def __init__(self, service: _Optional[_Union[Service, _Mapping]] = ...) -> None: ...

class DeleteServiceRequest(_message.Message):
    __slots__ = ("ref",)
    REF_FIELD_NUMBER: _ClassVar[int]
    ref: _instance_pb2.ServiceRef
    def __init__(self, ref: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ...) -> None: ...

class DeleteServiceResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class BackupRequest(_message.Message):
    __slots__ = ("namespace",)
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    def __init__(self, namespace: _Optional[str] = ...) -> None: ...

class BackupResponse(_message.Message):
    __slots__ = ("chunk", "total_bytes")
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    TOTAL_BYTES_FIELD_NUMBER: _ClassVar[int]
    chunk: bytes
    total_bytes: int
    def __init__(self, chunk: _Optional[bytes] = ..., total_bytes: _Optional[int] = ...) -> None: ...

class RestoreOptions(_message.Message):
    __slots__ = ("dry_run", "into_namespace", "author")
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    INTO_NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    dry_run: bool
    into_namespace: str
    author: str
    def __init__(self, dry_run: _Optional[bool] = ..., into_namespace: _Optional[str] = ..., author: _Optional[str] = ...) -> None: ...

class RestoreRequest(_message.Message):
    __slots__ = ("options", "chunk")
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    options: RestoreOptions
    chunk: bytes
    def __init__(self, options: _Optional[_Union[RestoreOptions, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class RestoreChange(_message.Message):
    __slots__ = ("action", "kind", "name")
    class Action(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ACTION_UNSPECIFIED: _ClassVar[RestoreChange.Action]
        ACTION_ADD: _ClassVar[RestoreChange.Action]
        ACTION_CHANGE: _ClassVar[RestoreChange.Action]
    ACTION_UNSPECIFIED: RestoreChange.Action
    ACTION_ADD: RestoreChange.Action
    ACTION_CHANGE: RestoreChange.Action
    ACTION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    action: RestoreChange.Action
    kind: str
    name: str
    def __init__(self, action: _Optional[_Union[RestoreChange.Action, str]] = ..., kind: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class RestoreResponse(_message.Message):
    __slots__ = ("changes", "change_count", "unchanged_count", "epoch", "revision")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    CHANGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_COUNT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[RestoreChange]
    change_count: int
    unchanged_count: int
    epoch: int
    revision: int
    def __init__(self, changes: _Optional[_Iterable[_Union[RestoreChange, _Mapping]]] = ..., change_count: _Optional[int] = ..., unchanged_count: _Optional[int] = ..., epoch: _Optional[int] = ..., revision: _Optional[int] = ...) -> None: ...

class GetServerInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Latency(_message.Message):
    __slots__ = ("count", "total", "p50", "p99")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    P50_FIELD_NUMBER: _ClassVar[int]
    P99_FIELD_NUMBER: _ClassVar[int]
    count: int
    total: _duration_pb2.Duration
    p50: _duration_pb2.Duration
    p99: _duration_pb2.Duration
    def __init__(self, count: _Optional[int] = ..., total: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p50: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p99: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class GetServerInfoResponse(_message.Message):
    __slots__ = ("version", "epoch", "revision", "start_time", "warming_up", "storage", "instance_count", "service_count", "config_count", "session_count", "watch_count", "listen_count", "call_count", "push_count", "push", "commit", "loop_lag", "memory_bytes")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    WARMING_UP_FIELD_NUMBER: _ClassVar[int]
    STORAGE_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SERVICE_COUNT_FIELD_NUMBER: _ClassVar[int]
    CONFIG_COUNT_FIELD_NUMBER: _ClassVar[int]
    SESSION_COUNT_FIELD_NUMBER: _ClassVar[int]
    WATCH_COUNT_FIELD_NUMBER: _ClassVar[int]
    LISTEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    CALL_COUNT_FIELD_NUMBER: _ClassVar[int]
    PUSH_COUNT_FIELD_NUMBER: _ClassVar[int]
    PUSH_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    LOOP_LAG_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    version: str
    epoch: int
    revision: int
    start_time: _timestamp_pb2.Timestamp
    warming_up: bool
    storage: str
    instance_count: int
    service_count: int
    config_count: int
    session_count: int
    watch_count: int
    listen_count: int
    call_count: int
    push_count: int
    push: Latency
    commit: Latency
    loop_lag: Latency
    memory_bytes: int
    def __init__(self, version: _Optional[str] = ..., epoch: _Optional[int] = ..., revision: _Optional[int] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., warming_up: _Optional[bool] = ..., storage: _Optional[str] = ..., instance_count: _Optional[int] = ..., service_count: _Optional[int] = ..., config_count: _Optional[int] = ..., session_count: _Optional[int] = ..., watch_count: _Optional[int] = ..., listen_count: _Optional[int] = ..., call_count: _Optional[int] = ..., push_count: _Optional[int] = ..., push: _Optional[_Union[Latency, _Mapping]] = ..., commit: _Optional[_Union[Latency, _Mapping]] = ..., loop_lag: _Optional[_Union[Latency, _Mapping]] = ..., memory_bytes: _Optional[int] = ...) -> None: ...

class Subscription(_message.Message):
    __slots__ = ("name", "sent_revision", "acked_revision")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    ACKED_REVISION_FIELD_NUMBER: _ClassVar[int]
    name: str
    sent_revision: int
    acked_revision: int
    def __init__(self, name: _Optional[str] = ..., sent_revision: _Optional[int] = ..., acked_revision: _Optional[int] = ...) -> None: ...

class Connection(_message.Message):
    __slots__ = ("kind", "client_name", "peer", "connect_time", "subscriptions", "subscription_count", "pending_count")
    KIND_FIELD_NUMBER: _ClassVar[int]
    CLIENT_NAME_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    CONNECT_TIME_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    PENDING_COUNT_FIELD_NUMBER: _ClassVar[int]
    kind: ConnectionKind
    client_name: str
    peer: str
    connect_time: _timestamp_pb2.Timestamp
    subscriptions: _containers.RepeatedCompositeFieldContainer[Subscription]
    subscription_count: int
    pending_count: int
    def __init__(self, kind: _Optional[_Union[ConnectionKind, str]] = ..., client_name: _Optional[str] = ..., peer: _Optional[str] = ..., connect_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., subscriptions: _Optional[_Iterable[_Union[Subscription, _Mapping]]] = ..., subscription_count: _Optional[int] = ..., pending_count: _Optional[int] = ...) -> None: ...

class ListConnectionsRequest(_message.Message):
    __slots__ = ("kind", "page_size", "page_token")
    KIND_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    kind: ConnectionKind
    page_size: int
    page_token: str
    def __init__(self, kind: _Optional[_Union[ConnectionKind, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListConnectionsResponse(_message.Message):
    __slots__ = ("connections", "next_page_token")
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    connections: _containers.RepeatedCompositeFieldContainer[Connection]
    next_page_token: str
    def __init__(self, connections: _Optional[_Iterable[_Union[Connection, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
