import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from muster.registry.v1 import error_reason_pb2 as _error_reason_pb2
from muster.registry.v1 import instance_pb2 as _instance_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetInstanceRequest(_message.Message):
    __slots__ = ("ref",)
    REF_FIELD_NUMBER: _ClassVar[int]
    ref: _instance_pb2.InstanceRef
    def __init__(self, ref: _Optional[_Union[_instance_pb2.InstanceRef, _Mapping]] = ...) -> None: ...

class GetInstanceResponse(_message.Message):
    __slots__ = ("instance",)
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    instance: _instance_pb2.Instance
    def __init__(self, instance: _Optional[_Union[_instance_pb2.Instance, _Mapping]] = ...) -> None: ...

class ListInstancesRequest(_message.Message):
    __slots__ = ("service", "clusters", "available_only", "if_revision")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    CLUSTERS_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_ONLY_FIELD_NUMBER: _ClassVar[int]
    IF_REVISION_FIELD_NUMBER: _ClassVar[int]
    service: _instance_pb2.ServiceRef
    clusters: _containers.RepeatedScalarFieldContainer[str]
    available_only: bool
    if_revision: int
    def __init__(self, service: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ..., clusters: _Optional[_Iterable[str]] = ..., available_only: _Optional[bool] = ..., if_revision: _Optional[int] = ...) -> None: ...

class ListInstancesResponse(_message.Message):
    __slots__ = ("instances", "revision", "epoch", "not_modified", "warming_up", "protect_threshold")
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    NOT_MODIFIED_FIELD_NUMBER: _ClassVar[int]
    WARMING_UP_FIELD_NUMBER: _ClassVar[int]
    PROTECT_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    instances: _containers.RepeatedCompositeFieldContainer[_instance_pb2.Instance]
    revision: int
    epoch: int
    not_modified: bool
    warming_up: bool
    protect_threshold: float
    def __init__(self, instances: _Optional[_Iterable[_Union[_instance_pb2.Instance, _Mapping]]] = ..., revision: _Optional[int] = ..., epoch: _Optional[int] = ..., not_modified: _Optional[bool] = ..., warming_up: _Optional[bool] = ..., protect_threshold: _Optional[float] = ...) -> None: ...

class SearchInstancesRequest(_message.Message):
    __slots__ = ("namespace", "address", "page_size", "page_token")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    address: _instance_pb2.InstanceAddress
    page_size: int
    page_token: str
    def __init__(self, namespace: _Optional[str] = ..., address: _Optional[_Union[_instance_pb2.InstanceAddress, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class FoundInstance(_message.Message):
    __slots__ = ("service", "instance")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    service: _instance_pb2.ServiceRef
    instance: _instance_pb2.Instance
    def __init__(self, service: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ..., instance: _Optional[_Union[_instance_pb2.Instance, _Mapping]] = ...) -> None: ...

class SearchInstancesResponse(_message.Message):
    __slots__ = ("instances", "next_page_token")
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    instances: _containers.RepeatedCompositeFieldContainer[FoundInstance]
    next_page_token: str
    def __init__(self, instances: _Optional[_Iterable[_Union[FoundInstance, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListServicesRequest(_message.Message):
    __slots__ = ("namespace", "group", "page_size", "page_token")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    group: str
    page_size: int
    page_token: str
    def __init__(self, namespace: _Optional[str] = ..., group: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ServiceSummary(_message.Message):
    __slots__ = ("service", "instance_count", "available_count", "revision")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    service: _instance_pb2.ServiceRef
    instance_count: int
    available_count: int
    revision: int
    def __init__(self, service: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ..., instance_count: _Optional[int] = ..., available_count: _Optional[int] = ..., revision: _Optional[int] = ...) -> None: ...

class ListServicesResponse(_message.Message):
    __slots__ = ("services", "next_page_token", "revision")
    SERVICES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    services: _containers.RepeatedCompositeFieldContainer[ServiceSummary]
    next_page_token: str
    revision: int
    def __init__(self, services: _Optional[_Iterable[_Union[ServiceSummary, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., revision: _Optional[int] = ...) -> None: ...

class ListSubscribersRequest(_message.Message):
    __slots__ = ("service", "page_size", "page_token")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    service: _instance_pb2.ServiceRef
    page_size: int
    page_token: str
    def __init__(self, service: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class Subscriber(_message.Message):
    __slots__ = ("client_name", "peer", "subscribe_time", "sent_revision", "acked_revision")
    CLIENT_NAME_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIBE_TIME_FIELD_NUMBER: _ClassVar[int]
    SENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    ACKED_REVISION_FIELD_NUMBER: _ClassVar[int]
    client_name: str
    peer: str
    subscribe_time: _timestamp_pb2.Timestamp
    sent_revision: int
    acked_revision: int
    def __init__(self, client_name: _Optional[str] = ..., peer: _Optional[str] = ..., subscribe_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., sent_revision: _Optional[int] = ..., acked_revision: _Optional[int] = ...) -> None: ...

class ListSubscribersResponse(_message.Message):
    __slots__ = ("subscribers", "next_page_token")
    SUBSCRIBERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    subscribers: _containers.RepeatedCompositeFieldContainer[Subscriber]
    next_page_token: str
    def __init__(self, subscribers: _Optional[_Iterable[_Union[Subscriber, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("ref", "clusters")
    REF_FIELD_NUMBER: _ClassVar[int]
    CLUSTERS_FIELD_NUMBER: _ClassVar[int]
    ref: _instance_pb2.InstanceRef
    clusters: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, ref: _Optional[_Union[_instance_pb2.InstanceRef, _Mapping]] = ..., clusters: _Optional[_Iterable[str]] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("subject", "favourable", "text")
    class Subject(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        SUBJECT_UNSPECIFIED: _ClassVar[Finding.Subject]
        SUBJECT_REGISTRATION: _ClassVar[Finding.Subject]
        SUBJECT_HEALTH: _ClassVar[Finding.Subject]
        SUBJECT_LEASE: _ClassVar[Finding.Subject]
        SUBJECT_SESSION: _ClassVar[Finding.Subject]
        SUBJECT_ADMIN_STATE: _ClassVar[Finding.Subject]
        SUBJECT_GUARD: _ClassVar[Finding.Subject]
        SUBJECT_FILTER: _ClassVar[Finding.Subject]
        SUBJECT_WEIGHT: _ClassVar[Finding.Subject]
        SUBJECT_WARM_UP: _ClassVar[Finding.Subject]
    SUBJECT_UNSPECIFIED: Finding.Subject
    SUBJECT_REGISTRATION: Finding.Subject
    SUBJECT_HEALTH: Finding.Subject
    SUBJECT_LEASE: Finding.Subject
    SUBJECT_SESSION: Finding.Subject
    SUBJECT_ADMIN_STATE: Finding.Subject
    SUBJECT_GUARD: Finding.Subject
    SUBJECT_FILTER: Finding.Subject
    SUBJECT_WEIGHT: Finding.Subject
    SUBJECT_WARM_UP: Finding.Subject
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    FAVOURABLE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    subject: Finding.Subject
    favourable: bool
    text: str
    def __init__(self, subject: _Optional[_Union[Finding.Subject, str]] = ..., favourable: _Optional[bool] = ..., text: _Optional[str] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("listed", "available", "instance", "findings")
    LISTED_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    listed: bool
    available: bool
    instance: _instance_pb2.Instance
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    def __init__(self, listed: _Optional[bool] = ..., available: _Optional[bool] = ..., instance: _Optional[_Union[_instance_pb2.Instance, _Mapping]] = ..., findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ("subscribe", "unsubscribe", "ack")
    class Subscribe(_message.Message):
        __slots__ = ("service", "from_revision", "epoch")
        SERVICE_FIELD_NUMBER: _ClassVar[int]
        FROM_REVISION_FIELD_NUMBER: _ClassVar[int]
        EPOCH_FIELD_NUMBER: _ClassVar[int]
        service: _instance_pb2.ServiceRef
        from_revision: int
        epoch: int
        def __init__(self, service: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ..., from_revision: _Optional[int] = ..., epoch: _Optional[int] = ...) -> None: ...
    class Unsubscribe(_message.Message):
        __slots__ = ("service",)
        SERVICE_FIELD_NUMBER: _ClassVar[int]
        service: _instance_pb2.ServiceRef
        def __init__(self, service: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ...) -> None: ...
    class Ack(_message.Message):
        __slots__ = ("service", "revision")
        SERVICE_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        service: _instance_pb2.ServiceRef
        revision: int
        def __init__(self, service: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...
    SUBSCRIBE_FIELD_NUMBER: _ClassVar[int]
    UNSUBSCRIBE_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    subscribe: WatchRequest.Subscribe
    unsubscribe: WatchRequest.Unsubscribe
    ack: WatchRequest.Ack
    def __init__(self, subscribe: _Optional[_Union[WatchRequest.Subscribe, _Mapping]] = ..., unsubscribe: _Optional[_Union[WatchRequest.Unsubscribe, _Mapping]] = ..., ack: _Optional[_Union[WatchRequest.Ack, _Mapping]] = ...) -> None: ...

class WatchResponse(_message.Message):
    __slots__ = ("snapshot", "delta", "bookmark", "cancelled", "reconnect_after")
    class Snapshot(_message.Message):
        __slots__ = ("instances", "service", "revision", "epoch", "reset", "more", "warming_up", "protect_threshold")
        INSTANCES_FIELD_NUMBER: _ClassVar[int]
        SERVICE_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        EPOCH_FIELD_NUMBER: _ClassVar[int]
        RESET_FIELD_NUMBER: _ClassVar[int]
        MORE_FIELD_NUMBER: _ClassVar[int]
        WARMING_UP_FIELD_NUMBER: _ClassVar[int]
        PROTECT_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
        instances: _containers.RepeatedCompositeFieldContainer[_instance_pb2.Instance]
        service: _instance_pb2.ServiceRef
        revision: int
        epoch: int
        reset: bool
        more: bool
        warming_up: bool
        protect_threshold: float
        def __init__(self, instances: _Optional[_Iterable[_Union[_instance_pb2.Instance, _Mapping]]] = ..., service: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ..., revision: _Optional[int] = ..., epoch: _Optional[int] = ..., reset: _Optional[bool] = ..., more: _Optional[bool] = ..., warming_up: _Optional[bool] = ..., protect_threshold: _Optional[float] = ...) -> None: ...
    class Removal(_message.Message):
        __slots__ = ("instance_id", "reason", "revision")
        INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
        REASON_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        instance_id: str
        reason: _instance_pb2.RemovalReason
        revision: int
        def __init__(self, instance_id: _Optional[str] = ..., reason: _Optional[_Union[_instance_pb2.RemovalReason, str]] = ..., revision: _Optional[int] = ...) -> None: ...
    class Delta(_message.Message):
        __slots__ = ("puts", "removals", "service", "revision", "prev_revision")
        PUTS_FIELD_NUMBER: _ClassVar[int]
        REMOVALS_FIELD_NUMBER: _ClassVar[int]
        SERVICE_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        PREV_REVISION_FIELD_NUMBER: _ClassVar[int]
        puts: _containers.RepeatedCompositeFieldContainer[_instance_pb2.Instance]
        removals: _containers.RepeatedCompositeFieldContainer[WatchResponse.Removal]
        service: _instance_pb2.ServiceRef
        revision: int
        prev_revision: int
        def __init__(self, puts: _Optional[_Iterable[_Union[_instance_pb2.Instance, _Mapping]]] = ..., removals: _Optional[_Iterable[_Union[WatchResponse.Removal, _Mapping]]] = ..., service: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ..., revision: _Optional[int] = ..., prev_revision: _Optional[int] = ...) -> None: ...
    class Bookmark(_message.Message):
        __slots__ = ("revision", "epoch", "warming_up")
        REVISION_FIELD_NUMBER: _ClassVar[int]
        EPOCH_FIELD_NUMBER: _ClassVar[int]
        WARMING_UP_FIELD_NUMBER: _ClassVar[int]
        revision: int
        epoch: int
        warming_up: bool
        def __init__(self, revision: _Optional[int] = ..., epoch: _Optional[int] = ..., warming_up: _Optional[bool] = ...) -> None: ...
    class Cancelled(_message.Message):
        __slots__ = ("service", "reason", "message")
        SERVICE_FIELD_NUMBER: _ClassVar[int]
        REASON_FIELD_NUMBER: _ClassVar[int]
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        service: _instance_pb2.ServiceRef
        reason: _error_reason_pb2.ErrorReason
        message: str
        def __init__(self, service: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ..., reason: _Optional[_Union[_error_reason_pb2.ErrorReason, str]] = ..., message: _Optional[str] = ...) -> None: ...
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    BOOKMARK_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    RECONNECT_AFTER_FIELD_NUMBER: _ClassVar[int]
    snapshot: WatchResponse.Snapshot
    delta: WatchResponse.Delta
    bookmark: WatchResponse.Bookmark
    cancelled: WatchResponse.Cancelled
    reconnect_after: _instance_pb2.ReconnectAfter
    def __init__(self, snapshot: _Optional[_Union[WatchResponse.Snapshot, _Mapping]] = ..., delta: _Optional[_Union[WatchResponse.Delta, _Mapping]] = ..., bookmark: _Optional[_Union[WatchResponse.Bookmark, _Mapping]] = ..., cancelled: _Optional[_Union[WatchResponse.Cancelled, _Mapping]] = ..., reconnect_after: _Optional[_Union[_instance_pb2.ReconnectAfter, _Mapping]] = ...) -> None: ...

class WatchServicesRequest(_message.Message):
    __slots__ = ("namespace",)
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    def __init__(self, namespace: _Optional[str] = ...) -> None: ...

class WatchServicesResponse(_message.Message):
    __slots__ = ("snapshot", "delta", "bookmark", "reconnect_after")
    class Snapshot(_message.Message):
        __slots__ = ("names", "revision", "epoch", "reset", "more", "warming_up")
        NAMES_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        EPOCH_FIELD_NUMBER: _ClassVar[int]
        RESET_FIELD_NUMBER: _ClassVar[int]
        MORE_FIELD_NUMBER: _ClassVar[int]
        WARMING_UP_FIELD_NUMBER: _ClassVar[int]
        names: _containers.RepeatedCompositeFieldContainer[_instance_pb2.ServiceRef]
        revision: int
        epoch: int
        reset: bool
        more: bool
        warming_up: bool
        def __init__(self, names: _Optional[_Iterable[_Union[_instance_pb2.ServiceRef, _Mapping]]] = ..., revision: _Optional[int] = ..., epoch: _Optional[int] = ..., reset: _Optional[bool] = ..., more: _Optional[bool] = ..., warming_up: _Optional[bool] = ...) -> None: ...
    class Delta(_message.Message):
        __slots__ = ("appeared", "disappeared", "revision")
        APPEARED_FIELD_NUMBER: _ClassVar[int]
        DISAPPEARED_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        appeared: _containers.RepeatedCompositeFieldContainer[_instance_pb2.ServiceRef]
        disappeared: _containers.RepeatedCompositeFieldContainer[_instance_pb2.ServiceRef]
        revision: int
        def __init__(self, appeared: _Optional[_Iterable[_Union[_instance_pb2.ServiceRef, _Mapping]]] = ..., disappeared: _Optional[_Iterable[_Union[_instance_pb2.ServiceRef, _Mapping]]] = ..., revision: _Optional[int] = ...) -> None: ...
    class Bookmark(_message.Message):
        __slots__ = ("revision", "epoch", "warming_up")
        REVISION_FIELD_NUMBER: _ClassVar[int]
        EPOCH_FIELD_NUMBER: _ClassVar[int]
        WARMING_UP_FIELD_NUMBER: _ClassVar[int]
        revision: int
        epoch: int
        warming_up: bool
        def __init__(self, revision: _Optional[int] = ..., epoch: _Optional[int] = ..., warming_up: _Optional[bool] = ...) -> None: ...
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    DELTA_FIELD_NUMBER: _ClassVar[int]
    BOOKMARK_FIELD_NUMBER: _ClassVar[int]
    RECONNECT_AFTER_FIELD_NUMBER: _ClassVar[int]
    snapshot: WatchServicesResponse.Snapshot
    delta: WatchServicesResponse.Delta
    bookmark: WatchServicesResponse.Bookmark
    reconnect_after: _instance_pb2.ReconnectAfter
    def __init__(self, snapshot: _Optional[_Union[WatchServicesResponse.Snapshot, _Mapping]] = ..., delta: _Optional[_Union[WatchServicesResponse.Delta, _Mapping]] = ..., bookmark: _Optional[_Union[WatchServicesResponse.Bookmark, _Mapping]] = ..., reconnect_after: _Optional[_Union[_instance_pb2.ReconnectAfter, _Mapping]] = ...) -> None: ...
