import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReleaseKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RELEASE_KIND_UNSPECIFIED: _ClassVar[ReleaseKind]
    RELEASE_KIND_PUBLISHED: _ClassVar[ReleaseKind]
    RELEASE_KIND_ROLLED_BACK: _ClassVar[ReleaseKind]
    RELEASE_KIND_PROMOTED: _ClassVar[ReleaseKind]
    RELEASE_KIND_DELETED: _ClassVar[ReleaseKind]
    RELEASE_KIND_GRAY_STOPPED: _ClassVar[ReleaseKind]
RELEASE_KIND_UNSPECIFIED: ReleaseKind
RELEASE_KIND_PUBLISHED: ReleaseKind
RELEASE_KIND_ROLLED_BACK: ReleaseKind
RELEASE_KIND_PROMOTED: ReleaseKind
RELEASE_KIND_DELETED: ReleaseKind
RELEASE_KIND_GRAY_STOPPED: ReleaseKind

class ConfigRef(_message.Message):
    __slots__ = ("namespace", "group", "name")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    group: str
    name: str
    def __init__(self, namespace: _Optional[str] = ..., group: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class ClientTraits(_message.Message):
    __slots__ = ("ip", "labels", "client_id")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    IP_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ip: str
    labels: _containers.ScalarMap[str, str]
    client_id: str
    def __init__(self, ip: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., client_id: _Optional[str] = ...) -> None: ...

class GrayRule(_message.Message):
    __slots__ = ("priority", "labels", "ips", "percentage")
    class LabelMatch(_message.Message):
        __slots__ = ("labels",)
        class LabelsEntry(_message.Message):
            __slots__ = ("key", "value")
            KEY_FIELD_NUMBER: _ClassVar[int]
            VALUE_FIELD_NUMBER: _ClassVar[int]
            key: str
            value: str
            def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
        LABELS_FIELD_NUMBER: _ClassVar[int]
        labels: _containers.ScalarMap[str, str]
        def __init__(self, labels: _Optional[_Mapping[str, str]] = ...) -> None: ...
    class IpMatch(_message.Message):
        __slots__ = ("addresses",)
        ADDRESSES_FIELD_NUMBER: _ClassVar[int]
        addresses: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, addresses: _Optional[_Iterable[str]] = ...) -> None: ...
    class PercentMatch(_message.Message):
        __slots__ = ("percent",)
        PERCENT_FIELD_NUMBER: _ClassVar[int]
        percent: int
        def __init__(self, percent: _Optional[int] = ...) -> None: ...
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    IPS_FIELD_NUMBER: _ClassVar[int]
    PERCENTAGE_FIELD_NUMBER: _ClassVar[int]
    priority: int
    labels: GrayRule.LabelMatch
    ips: GrayRule.IpMatch
    percentage: GrayRule.PercentMatch
    def __init__(self, priority: _Optional[int] = ..., labels: _Optional[_Union[GrayRule.LabelMatch, _Mapping]] = ..., ips: _Optional[_Union[GrayRule.IpMatch, _Mapping]] = ..., percentage: _Optional[_Union[GrayRule.PercentMatch, _Mapping]] = ...) -> None: ...

class Release(_message.Message):
    __slots__ = ("number", "revision", "kind", "gray", "content", "content_type", "md5", "sha256", "size_bytes", "labels", "author", "comment", "create_time", "source_number", "rule", "encrypted_data_key", "begin_revision", "begin_time")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    GRAY_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    MD5_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_DATA_KEY_FIELD_NUMBER: _ClassVar[int]
    BEGIN_REVISION_FIELD_NUMBER: _ClassVar[int]
    BEGIN_TIME_FIELD_NUMBER: _ClassVar[int]
    number: int
    revision: int
    kind: ReleaseKind
    gray: str
    content: str
    content_type: str
    md5: str
    sha256: str
    size_bytes: int
    labels: _containers.ScalarMap[str, str]
    author: str
    comment: str
    create_time: _timestamp_pb2.Timestamp
    source_number: int
    rule: GrayRule
    encrypted_data_key: str
    begin_revision: int
    begin_time: _timestamp_pb2.Timestamp
    def __init__(self, number: _Optional[int] = ..., revision: _Optional[int] = ..., kind: _Optional[_Union[ReleaseKind, str]] = ..., gray: _Optional[str] = ..., content: _Optional[str] = ..., content_type: _Optional[str] = ..., md5: _Optional[str] = ..., sha256: _Optional[str] = ..., size_bytes: _Optional[int] = ..., labels: _Optional[_Mapping[str, str]] = ..., author: _Optional[str] = ..., comment: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., source_number: _Optional[int] = ..., rule: _Optional[_Union[GrayRule, _Mapping]] = ..., encrypted_data_key: _Optional[str] = ..., begin_revision: _Optional[int] = ..., begin_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ConfigSummary(_message.Message):
    __slots__ = ("ref", "release", "grays")
    REF_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    GRAYS_FIELD_NUMBER: _ClassVar[int]
    ref: ConfigRef
    release: Release
    grays: _containers.RepeatedCompositeFieldContainer[Release]
    def __init__(self, ref: _Optional[_Union[ConfigRef, _Mapping]] = ..., release: _Optional[_Union[Release, _Mapping]] = ..., grays: _Optional[_Iterable[_Union[Release, _Mapping]]] = ...) -> None: ...
