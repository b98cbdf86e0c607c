import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from muster.config.v1 import config_pb2 as _config_pb2
from muster.registry.v1 import error_reason_pb2 as _error_reason_pb2
from muster.registry.v1 import instance_pb2 as _instance_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetConfigRequest(_message.Message):
    __slots__ = ("ref", "client", "if_md5")
    REF_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    IF_MD5_FIELD_NUMBER: _ClassVar[int]
    ref: _config_pb2.ConfigRef
    client: _config_pb2.ClientTraits
    if_md5: str
    def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., client: _Optional[_Union[_config_pb2.ClientTraits, _Mapping]] = ..., if_md5: _Optional[str] = ...) -> None: ...

class GetConfigResponse(_message.Message):
    __slots__ = ("release", "not_modified", "revision", "epoch")
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    NOT_MODIFIED_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    release: _config_pb2.Release
    not_modified: bool
    revision: int
    epoch: int
    def __init__(self, release: _Optional[_Union[_config_pb2.Release, _Mapping]] = ..., not_modified: _Optional[bool] = ..., revision: _Optional[int] = ..., epoch: _Optional[int] = ...) -> None: ...

class DescribeConfigRequest(_message.Message):
    __slots__ = ("ref",)
    REF_FIELD_NUMBER: _ClassVar[int]
    ref: _config_pb2.ConfigRef
    def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ...) -> None: ...

class DescribeConfigResponse(_message.Message):
    __slots__ = ("config", "listener_count")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    LISTENER_COUNT_FIELD_NUMBER: _ClassVar[int]
    config: _config_pb2.ConfigSummary
    listener_count: int
    def __init__(self, config: _Optional[_Union[_config_pb2.ConfigSummary, _Mapping]] = ..., listener_count: _Optional[int] = ...) -> None: ...

class ListConfigsRequest(_message.Message):
    __slots__ = ("namespace", "group", "name_prefix", "labels", "content_type", "page_size", "page_token", "name_pattern", "content_pattern", "main_line_only", "begin_revisions", "skip", "count")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    NAME_PREFIX_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    NAME_PATTERN_FIELD_NUMBER: _ClassVar[int]
    CONTENT_PATTERN_FIELD_NUMBER: _ClassVar[int]
    MAIN_LINE_ONLY_FIELD_NUMBER: _ClassVar[int]
    BEGIN_REVISIONS_FIELD_NUMBER: _ClassVar[int]
    SKIP_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    group: str
    name_prefix: str
    labels: _containers.ScalarMap[str, str]
    content_type: str
    page_size: int
    page_token: str
    name_pattern: str
    content_pattern: str
    main_line_only: bool
    begin_revisions: _containers.RepeatedScalarFieldContainer[int]
    skip: int
    count: bool
    def __init__(self, namespace: _Optional[str] = ..., group: _Optional[str] = ..., name_prefix: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., content_type: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., name_pattern: _Optional[str] = ..., content_pattern: _Optional[str] = ..., main_line_only: _Optional[bool] = ..., begin_revisions: _Optional[_Iterable[int]] = ..., skip: _Optional[int] = ..., count: _Optional[bool] = ...) -> None: ...

class ListConfigsResponse(_message.Message):
    __slots__ = ("configs", "next_page_token", "revision", "total_size")
    CONFIGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    configs: _containers.RepeatedCompositeFieldContainer[_config_pb2.ConfigSummary]
    next_page_token: str
    revision: int
    total_size: int
    def __init__(self, configs: _Optional[_Iterable[_Union[_config_pb2.ConfigSummary, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., revision: _Optional[int] = ..., total_size: _Optional[int] = ...) -> None: ...

class ListListenersRequest(_message.Message):
    __slots__ = ("ref", "ip", "page_size", "page_token")
    REF_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ref: _config_pb2.ConfigRef
    ip: str
    page_size: int
    page_token: str
    def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., ip: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ConfigListener(_message.Message):
    __slots__ = ("ref", "client_name", "peer", "ip", "listen_time", "md5", "sent_revision", "acked_revision")
    REF_FIELD_NUMBER: _ClassVar[int]
    CLIENT_NAME_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    IP_FIELD_NUMBER: _ClassVar[int]
    LISTEN_TIME_FIELD_NUMBER: _ClassVar[int]
    MD5_FIELD_NUMBER: _ClassVar[int]
    SENT_REVISION_FIELD_NUMBER: _ClassVar[int]
    ACKED_REVISION_FIELD_NUMBER: _ClassVar[int]
    ref: _config_pb2.ConfigRef
    client_name: str
    peer: str
    ip: str
    listen_time: _timestamp_pb2.Timestamp
    md5: str
    sent_revision: int
    acked_revision: int
    def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., client_name: _Optional[str] = ..., peer: _Optional[str] = ..., ip: _Optional[str] = ..., listen_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., md5: _Optional[str] = ..., sent_revision: _Optional[int] = ..., acked_revision: _Optional[int] = ...) -> None: ...

class ListListenersResponse(_message.Message):
    __slots__ = ("listeners", "next_page_token")
    LISTENERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    listeners: _containers.RepeatedCompositeFieldContainer[ConfigListener]
    next_page_token: str
    def __init__(self, listeners: _Optional[_Iterable[_Union[ConfigListener, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WriteCondition(_message.Message):
    __slots__ = ("create_only", "revision", "md5")
    CREATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    MD5_FIELD_NUMBER: _ClassVar[int]
    create_only: bool
    revision: int
    md5: str
    def __init__(self, create_only: _Optional[bool] = ..., revision: _Optional[int] = ..., md5: _Optional[str] = ...) -> None: ...

class PublishConfigRequest(_message.Message):
    __slots__ = ("ref", "content", "content_type", "labels", "author", "comment", "encrypted_data_key", "condition", "request_id", "allow_invalid")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    REF_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_DATA_KEY_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ALLOW_INVALID_FIELD_NUMBER: _ClassVar[int]
    ref: _config_pb2.ConfigRef
    content: str
    content_type: str
    labels: _containers.ScalarMap[str, str]
    author: str
    comment: str
    encrypted_data_key: str
    condition: WriteCondition
    request_id: str
    allow_invalid: bool
    def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., content: _Optional[str] = ..., content_type: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., author: _Optional[str] = ..., comment: _Optional[str] = ..., encrypted_data_key: _Optional[str] = ..., condition: _Optional[_Union[WriteCondition, _Mapping]] = ..., request_id: _Optional[str] = ..., allow_invalid: _Optional[bool] = ...) -> None: ...

class PublishConfigResponse(_message.Message):
    __slots__ = ("release", "changed", "revision")
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    release: _config_pb2.Release
    changed: bool
    revision: int
    def __init__(self, release: _Optional[_Union[_config_pb2.Release, _Mapping]] = ..., changed: _Optional[bool] = ..., revision: _Optional[int] = ...) -> None: ...

class DeleteConfigRequest(_message.Message):
    __slots__ = ("ref", "condition", "allow_missing", "author", "comment")
    REF_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    ALLOW_MISSING_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    ref: _config_pb2.ConfigRef
    condition: WriteCondition
    allow_missing: bool
    author: str
    comment: str
    def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., condition: _Optional[_Union[WriteCondition, _Mapping]] = ..., allow_missing: _Optional[bool] = ..., author: _Optional[str] = ..., comment: _Optional[str] = ...) -> None: ...

class DeleteConfigResponse(_message.Message):
    __slots__ = ("release", "revision")
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    release: _config_pb2.Release
    revision: int
    def __init__(self, release: _Optional[_Union[_config_pb2.Release, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class ListReleasesRequest(_message.Message):
    __slots__ = ("ref", "gray", "page_size", "page_token")
    REF_FIELD_NUMBER: _ClassVar[int]
    GRAY_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ref: _config_pb2.ConfigRef
    gray: str
    page_size: int
    page_token: str
    def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., gray: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListReleasesResponse(_message.Message):
    __slots__ = ("releases", "next_page_token")
    RELEASES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    releases: _containers.RepeatedCompositeFieldContainer[_config_pb2.Release]
    next_page_token: str
    def __init__(self, releases: _Optional[_Iterable[_Union[_config_pb2.Release, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetReleaseRequest(_message.Message):
    __slots__ = ("ref", "number")
    REF_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ref: _config_pb2.ConfigRef
    number: int
    def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., number: _Optional[int] = ...) -> None: ...

class GetReleaseResponse(_message.Message):
    __slots__ = ("release",)
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    release: _config_pb2.Release
    def __init__(self, release: _Optional[_Union[_config_pb2.Release, _Mapping]] = ...) -> None: ...

class DiffReleasesRequest(_message.Message):
    __slots__ = ("ref", "from_number", "to_number")
    REF_FIELD_NUMBER: _ClassVar[int]
    FROM_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TO_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ref: _config_pb2.ConfigRef
    from_number: int
    to_number: int
    def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., from_number: _Optional[int] = ..., to_number: _Optional[int] = ...) -> None: ...

class DiffReleasesResponse(_message.Message):
    __slots__ = ("to", "unified_diff")
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    UNIFIED_DIFF_FIELD_NUMBER: _ClassVar[int]
    to: _config_pb2.Release
    unified_diff: str
    def __init__(self, to: _Optional[_Union[_config_pb2.Release, _Mapping]] = ..., unified_diff: _Optional[str] = ..., **kwargs) -> None: ...

class RollbackConfigRequest(_message.Message):
    __slots__ = ("ref", "number", "condition", "author", "comment")
    REF_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    ref: _config_pb2.ConfigRef
    number: int
    condition: WriteCondition
    author: str
    comment: str
    def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., number: _Optional[int] = ..., condition: _Optional[_Union[WriteCondition, _Mapping]] = ..., author: _Optional[str] = ..., comment: _Optional[str] = ...) -> None: ...

class RollbackConfigResponse(_message.Message):
    __slots__ = ("release", "revision")
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    release: _config_pb2.Release
    revision: int
    def __init__(self, release: _Optional[_Union[_config_pb2.Release, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class PublishGrayRequest(_message.Message):
    __slots__ = ("ref", "gray", "content", "content_type", "rule", "author", "comment", "encrypted_data_key", "condition", "request_id", "allow_invalid")
    REF_FIELD_NUMBER: _ClassVar[int]
    GRAY_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_DATA_KEY_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ALLOW_INVALID_FIELD_NUMBER: _ClassVar[int]
    ref: _config_pb2.ConfigRef
    gray: str
    content: str
    content_type: str
    rule: _config_pb2.GrayRule
    author: str
    comment: str
    encrypted_data_key: str
    condition: WriteCondition
    request_id: str
    allow_invalid: bool
    def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., gray: _Optional[str] = ..., content: _Optional[str] = ..., content_type: _Optional[str] = ..., rule: _Optional[_Union[_config_pb2.GrayRule, _Mapping]] = ..., author: _Optional[str] = ..., comment: _Optional[str] = ..., encrypted_data_key: _Optional[str] = ..., condition: _Optional[_Union[WriteCondition, _Mapping]] = ..., request_id: _Optional[str] = ..., allow_invalid: _Optional[bool] = ...) -> None: ...

class PublishGrayResponse(_message.Message):
    __slots__ = ("release", "changed", "revision")
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    release: _config_pb2.Release
    changed: bool
    revision: int
    def __init__(self, release: _Optional[_Union[_config_pb2.Release, _Mapping]] = ..., changed: _Optional[bool] = ..., revision: _Optional[int] = ...) -> None: ...

class StopGrayRequest(_message.Message):
    __slots__ = ("ref", "gray", "allow_missing", "author", "comment")
    REF_FIELD_NUMBER: _ClassVar[int]
    GRAY_FIELD_NUMBER: _ClassVar[int]
    ALLOW_MISSING_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    ref: _config_pb2.ConfigRef
    gray: str
    allow_missing: bool
    author: str
    comment: str
    def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., gray: _Optional[str] = ..., allow_missing: _Optional[bool] = ..., author: _Optional[str] = ..., comment: _Optional[str] = ...) -> None: ...

class StopGrayResponse(_message.Message):
    __slots__ = ("release", "revision")
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    release: _config_pb2.Release
    revision: int
    def __init__(self, release: _Optional[_Union[_config_pb2.Release, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class PromoteGrayRequest(_message.Message):
    __slots__ = ("ref", "gray", "condition", "author", "comment")
    REF_FIELD_NUMBER: _ClassVar[int]
    GRAY_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    ref: _config_pb2.ConfigRef
    gray: str
    condition: WriteCondition
    author: str
    comment: str
    def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., gray: _Optional[str] = ..., condition: _Optional[_Union[WriteCondition, _Mapping]] = ..., author: _Optional[str] = ..., comment: _Optional[str] = ...) -> None: ...

class PromoteGrayResponse(_message.Message):
    __slots__ = ("release", "revision")
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    release: _config_pb2.Release
    revision: int
    def __init__(self, release: _Optional[_Union[_config_pb2.Release, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class ListenRequest(_message.Message):
    __slots__ = ("hello", "add", "remove", "ack")
    class Hello(_message.Message):
        __slots__ = ("client_name", "client")
        CLIENT_NAME_FIELD_NUMBER: _ClassVar[int]
        CLIENT_FIELD_NUMBER: _ClassVar[int]
        client_name: str
        client: _config_pb2.ClientTraits
        def __init__(self, client_name: _Optional[str] = ..., client: _Optional[_Union[_config_pb2.ClientTraits, _Mapping]] = ...) -> None: ...
    class Interest(_message.Message):
        __slots__ = ("ref", "md5", "revision")
        REF_FIELD_NUMBER: _ClassVar[int]
        MD5_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        ref: _config_pb2.ConfigRef
        md5: str
        revision: int
        def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., md5: _Optional[str] = ..., revision: _Optional[int] = ...) -> None: ...
    class Add(_message.Message):
        __slots__ = ("interests",)
        INTERESTS_FIELD_NUMBER: _ClassVar[int]
        interests: _containers.RepeatedCompositeFieldContainer[ListenRequest.Interest]
        def __init__(self, interests: _Optional[_Iterable[_Union[ListenRequest.Interest, _Mapping]]] = ...) -> None: ...
    class Remove(_message.Message):
        __slots__ = ("refs",)
        REFS_FIELD_NUMBER: _ClassVar[int]
        refs: _containers.RepeatedCompositeFieldContainer[_config_pb2.ConfigRef]
        def __init__(self, refs: _Optional[_Iterable[_Union[_config_pb2.ConfigRef, _Mapping]]] = ...) -> None: ...
    class Ack(_message.Message):
        __slots__ = ("ref", "revision")
        REF_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        ref: _config_pb2.ConfigRef
        revision: int
        def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...
    HELLO_FIELD_NUMBER: _ClassVar[int]
    ADD_FIELD_NUMBER: _ClassVar[int]
    REMOVE_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    hello: ListenRequest.Hello
    add: ListenRequest.Add
    remove: ListenRequest.Remove
    ack: ListenRequest.Ack
    def __init__(self, hello: _Optional[_Union[ListenRequest.Hello, _Mapping]] = ..., add: _Optional[_Union[ListenRequest.Add, _Mapping]] = ..., remove: _Optional[_Union[ListenRequest.Remove, _Mapping]] = ..., ack: _Optional[_Union[ListenRequest.Ack, _Mapping]] = ...) -> None: ...

class ListenResponse(_message.Message):
    __slots__ = ("changed", "missing", "bookmark", "cancelled", "reconnect_after")
    class Changed(_message.Message):
        __slots__ = ("release", "ref", "fetch", "revision")
        RELEASE_FIELD_NUMBER: _ClassVar[int]
        REF_FIELD_NUMBER: _ClassVar[int]
        FETCH_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        release: _config_pb2.Release
        ref: _config_pb2.ConfigRef
        fetch: bool
        revision: int
        def __init__(self, release: _Optional[_Union[_config_pb2.Release, _Mapping]] = ..., ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., fetch: _Optional[bool] = ..., revision: _Optional[int] = ...) -> None: ...
    class Missing(_message.Message):
        __slots__ = ("ref", "deleted", "revision")
        REF_FIELD_NUMBER: _ClassVar[int]
        DELETED_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        ref: _config_pb2.ConfigRef
        deleted: bool
        revision: int
        def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., deleted: _Optional[bool] = ..., revision: _Optional[int] = ...) -> None: ...
    class Bookmark(_message.Message):
        __slots__ = ("revision", "epoch")
        REVISION_FIELD_NUMBER: _ClassVar[int]
        EPOCH_FIELD_NUMBER: _ClassVar[int]
        revision: int
        epoch: int
        def __init__(self, revision: _Optional[int] = ..., epoch: _Optional[int] = ...) -> None: ...
    class Cancelled(_message.Message):
        __slots__ = ("ref", "reason", "message")
        REF_FIELD_NUMBER: _ClassVar[int]
        REASON_FIELD_NUMBER: _ClassVar[int]
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        ref: _config_pb2.ConfigRef
        reason: _error_reason_pb2.ErrorReason
        message: str
        def __init__(self, ref: _Optional[_Union[_config_pb2.ConfigRef, _Mapping]] = ..., reason: _Optional[_Union[_error_reason_pb2.ErrorReason, str]] = ..., message: _Optional[str] = ...) -> None: ...
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    BOOKMARK_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    RECONNECT_AFTER_FIELD_NUMBER: _ClassVar[int]
    changed: ListenResponse.Changed
    missing: ListenResponse.Missing
    bookmark: ListenResponse.Bookmark
    cancelled: ListenResponse.Cancelled
    reconnect_after: _instance_pb2.ReconnectAfter
    def __init__(self, changed: _Optional[_Union[ListenResponse.Changed, _Mapping]] = ..., missing: _Optional[_Union[ListenResponse.Missing, _Mapping]] = ..., bookmark: _Optional[_Union[ListenResponse.Bookmark, _Mapping]] = ..., cancelled: _Optional[_Union[ListenResponse.Cancelled, _Mapping]] = ..., reconnect_after: _Optional[_Union[_instance_pb2.ReconnectAfter, _Mapping]] = ...) -> None: ...

class WatchConfigsRequest(_message.Message):
    __slots__ = ("namespace",)
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    def __init__(self, namespace: _Optional[str] = ...) -> None: ...

class WatchConfigsResponse(_message.Message):
    __slots__ = ("snapshot", "delta", "bookmark", "reconnect_after")
    class Snapshot(_message.Message):
        __slots__ = ("names", "revision", "epoch", "reset", "more", "warming_up")
        NAMES_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        EPOCH_FIELD_NUMBER: _ClassVar[int]
        RESET_FIELD_NUMBER: _ClassVar[int]
        MORE_FIELD_NUMBER: _ClassVar[int]
        WARMING_UP_FIELD_NUMBER: _ClassVar[int]
        names: _containers.RepeatedCompositeFieldContainer[_config_pb2.ConfigRef]
        revision: int
        epoch: int
        reset: bool
        more: bool
        warming_up: bool
        def __init__(self, names: _Optional[_Iterable[_Union[_config_pb2.ConfigRef, _Mapping]]] = ..., revision: _Optional[int] = ..., epoch: _Optional[int] = ..., reset: _Optional[bool] = ..., more: _Optional[bool] = ..., warming_up: _Optional[bool] = ...) -> None: ...
    class Delta(_message.Message):
        __slots__ = ("appeared", "disappeared", "revision")
        APPEARED_FIELD_NUMBER: _ClassVar[int]
        DISAPPEARED_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        appeared: _containers.RepeatedCompositeFieldContainer[_config_pb2.ConfigRef]
        disappeared: _containers.RepeatedCompositeFieldContainer[_config_pb2.ConfigRef]
        revision: int
        def __init__(self, appeared: _Optional[_Iterable[_Union[_config_pb2.ConfigRef, _Mapping]]] = ..., disappeared: _Optional[_Iterable[_Union[_config_pb2.ConfigRef, _Mapping]]] = ..., revision: _Optional[int] = ...) -> None: ...
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
    snapshot: WatchConfigsResponse.Snapshot
    delta: WatchConfigsResponse.Delta
    bookmark: WatchConfigsResponse.Bookmark
    reconnect_after: _instance_pb2.ReconnectAfter
    def __init__(self, snapshot: _Optional[_Union[WatchConfigsResponse.Snapshot, _Mapping]] = ..., delta: _Optional[_Union[WatchConfigsResponse.Delta, _Mapping]] = ..., bookmark: _Optional[_Union[WatchConfigsResponse.Bookmark, _Mapping]] = ..., reconnect_after: _Optional[_Union[_instance_pb2.ReconnectAfter, _Mapping]] = ...) -> None: ...
