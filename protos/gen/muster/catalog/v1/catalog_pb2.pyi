import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from muster.registry.v1 import instance_pb2 as _instance_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DefinitionKey(_message.Message):
    __slots__ = ("namespace", "group", "name", "environment", "version")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    group: str
    name: str
    environment: str
    version: str
    def __init__(self, namespace: _Optional[str] = ..., group: _Optional[str] = ..., name: _Optional[str] = ..., environment: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class Definition(_message.Message):
    __slots__ = ("definition_id", "key", "alias", "description", "properties", "tags", "schema_ids", "cross_group", "attributes", "service", "derived", "create_time", "update_time", "revision")
    class PropertiesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class TagsEntry(_message.Message):
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
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_IDS_FIELD_NUMBER: _ClassVar[int]
    CROSS_GROUP_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    DERIVED_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    definition_id: str
    key: DefinitionKey
    alias: str
    description: str
    properties: _containers.ScalarMap[str, str]
    tags: _containers.ScalarMap[str, str]
    schema_ids: _containers.RepeatedScalarFieldContainer[str]
    cross_group: bool
    attributes: _containers.ScalarMap[str, str]
    service: _instance_pb2.ServiceRef
    derived: bool
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    revision: int
    def __init__(self, definition_id: _Optional[str] = ..., key: _Optional[_Union[DefinitionKey, _Mapping]] = ..., alias: _Optional[str] = ..., description: _Optional[str] = ..., properties: _Optional[_Mapping[str, str]] = ..., tags: _Optional[_Mapping[str, str]] = ..., schema_ids: _Optional[_Iterable[str]] = ..., cross_group: _Optional[bool] = ..., attributes: _Optional[_Mapping[str, str]] = ..., service: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ..., derived: _Optional[bool] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class DefinitionSummary(_message.Message):
    __slots__ = ("definition_id", "key", "alias")
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    ALIAS_FIELD_NUMBER: _ClassVar[int]
    definition_id: str
    key: DefinitionKey
    alias: str
    def __init__(self, definition_id: _Optional[str] = ..., key: _Optional[_Union[DefinitionKey, _Mapping]] = ..., alias: _Optional[str] = ...) -> None: ...

class Schema(_message.Message):
    __slots__ = ("schema_id", "content", "summary")
    SCHEMA_ID_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    schema_id: str
    content: str
    summary: str
    def __init__(self, schema_id: _Optional[str] = ..., content: _Optional[str] = ..., summary: _Optional[str] = ...) -> None: ...
