from google.protobuf import field_mask_pb2 as _field_mask_pb2
from muster.catalog.v1 import catalog_pb2 as _catalog_pb2
from muster.registry.v1 import error_reason_pb2 as _error_reason_pb2
from muster.registry.v1 import instance_pb2 as _instance_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateDefinitionRequest(_message.Message):
    __slots__ = ("definition",)
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    definition: _catalog_pb2.Definition
    def __init__(self, definition: _Optional[_Union[_catalog_pb2.Definition, _Mapping]] = ...) -> None: ...

class CreateDefinitionResponse(_message.Message):
    __slots__ = ("definition", "created")
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    definition: _catalog_pb2.Definition
    created: bool
    def __init__(self, definition: _Optional[_Union[_catalog_pb2.Definition, _Mapping]] = ..., created: _Optional[bool] = ...) -> None: ...

class GetDefinitionRequest(_message.Message):
    __slots__ = ("namespace", "definition_id")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    definition_id: str
    def __init__(self, namespace: _Optional[str] = ..., definition_id: _Optional[str] = ...) -> None: ...

class GetDefinitionResponse(_message.Message):
    __slots__ = ("definition",)
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    definition: _catalog_pb2.Definition
    def __init__(self, definition: _Optional[_Union[_catalog_pb2.Definition, _Mapping]] = ...) -> None: ...

class ListDefinitionsRequest(_message.Message):
    __slots__ = ("namespace", "permitted_only")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    PERMITTED_ONLY_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    permitted_only: bool
    def __init__(self, namespace: _Optional[str] = ..., permitted_only: _Optional[bool] = ...) -> None: ...

class ListDefinitionsResponse(_message.Message):
    __slots__ = ("definitions",)
    DEFINITIONS_FIELD_NUMBER: _ClassVar[int]
    definitions: _containers.RepeatedCompositeFieldContainer[_catalog_pb2.Definition]
    def __init__(self, definitions: _Optional[_Iterable[_Union[_catalog_pb2.Definition, _Mapping]]] = ...) -> None: ...

class ResolveDefinitionRequest(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: _catalog_pb2.DefinitionKey
    def __init__(self, key: _Optional[_Union[_catalog_pb2.DefinitionKey, _Mapping]] = ...) -> None: ...

class ResolveDefinitionResponse(_message.Message):
    __slots__ = ("definition",)
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    definition: _catalog_pb2.Definition
    def __init__(self, definition: _Optional[_Union[_catalog_pb2.Definition, _Mapping]] = ...) -> None: ...

class UpdateDefinitionRequest(_message.Message):
    __slots__ = ("namespace", "definition", "update_mask")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    definition: _catalog_pb2.Definition
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, namespace: _Optional[str] = ..., definition: _Optional[_Union[_catalog_pb2.Definition, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateDefinitionResponse(_message.Message):
    __slots__ = ("definition",)
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    definition: _catalog_pb2.Definition
    def __init__(self, definition: _Optional[_Union[_catalog_pb2.Definition, _Mapping]] = ...) -> None: ...

class ChangeTagsRequest(_message.Message):
    __slots__ = ("namespace", "definition_id", "changed", "removed")
    class ChangedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    definition_id: str
    changed: _containers.ScalarMap[str, str]
    removed: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, namespace: _Optional[str] = ..., definition_id: _Optional[str] = ..., changed: _Optional[_Mapping[str, str]] = ..., removed: _Optional[_Iterable[str]] = ...) -> None: ...

class ChangeTagsResponse(_message.Message):
    __slots__ = ("definition",)
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    definition: _catalog_pb2.Definition
    def __init__(self, definition: _Optional[_Union[_catalog_pb2.Definition, _Mapping]] = ...) -> None: ...

class DeleteDefinitionsRequest(_message.Message):
    __slots__ = ("namespace", "definition_ids", "force")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_IDS_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    definition_ids: _containers.RepeatedScalarFieldContainer[str]
    force: bool
    def __init__(self, namespace: _Optional[str] = ..., definition_ids: _Optional[_Iterable[str]] = ..., force: _Optional[bool] = ...) -> None: ...

class DeleteDefinitionsResponse(_message.Message):
    __slots__ = ("results",)
    class Result(_message.Message):
        __slots__ = ("definition_id", "error")
        DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
        ERROR_FIELD_NUMBER: _ClassVar[int]
        definition_id: str
        error: _error_reason_pb2.ItemError
        def __init__(self, definition_id: _Optional[str] = ..., error: _Optional[_Union[_error_reason_pb2.ItemError, _Mapping]] = ...) -> None: ...
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[DeleteDefinitionsResponse.Result]
    def __init__(self, results: _Optional[_Iterable[_Union[DeleteDefinitionsResponse.Result, _Mapping]]] = ...) -> None: ...

class PutSchemasRequest(_message.Message):
    __slots__ = ("namespace", "definition_id", "schemas", "replace_all")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEMAS_FIELD_NUMBER: _ClassVar[int]
    REPLACE_ALL_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    definition_id: str
    schemas: _containers.RepeatedCompositeFieldContainer[_catalog_pb2.Schema]
    replace_all: bool
    def __init__(self, namespace: _Optional[str] = ..., definition_id: _Optional[str] = ..., schemas: _Optional[_Iterable[_Union[_catalog_pb2.Schema, _Mapping]]] = ..., replace_all: _Optional[bool] = ...) -> None: ...

class PutSchemasResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetSchemaRequest(_message.Message):
    __slots__ = ("namespace", "definition_id", "schema_id")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_ID_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    definition_id: str
    schema_id: str
    def __init__(self, namespace: _Optional[str] = ..., definition_id: _Optional[str] = ..., schema_id: _Optional[str] = ...) -> None: ...

class GetSchemaResponse(_message.Message):
    __slots__ = ("schema",)
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    schema: _catalog_pb2.Schema
    def __init__(self, schema: _Optional[_Union[_catalog_pb2.Schema, _Mapping]] = ...) -> None: ...

class ListSchemasRequest(_message.Message):
    __slots__ = ("namespace", "definition_id", "with_content")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    WITH_CONTENT_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    definition_id: str
    with_content: bool
    def __init__(self, namespace: _Optional[str] = ..., definition_id: _Optional[str] = ..., with_content: _Optional[bool] = ...) -> None: ...

class ListSchemasResponse(_message.Message):
    __slots__ = ("schemas",)
    SCHEMAS_FIELD_NUMBER: _ClassVar[int]
    schemas: _containers.RepeatedCompositeFieldContainer[_catalog_pb2.Schema]
    def __init__(self, schemas: _Optional[_Iterable[_Union[_catalog_pb2.Schema, _Mapping]]] = ...) -> None: ...

class DeleteSchemaRequest(_message.Message):
    __slots__ = ("namespace", "definition_id", "schema_id")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_ID_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    definition_id: str
    schema_id: str
    def __init__(self, namespace: _Optional[str] = ..., definition_id: _Optional[str] = ..., schema_id: _Optional[str] = ...) -> None: ...

class DeleteSchemaResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Dependency(_message.Message):
    __slots__ = ("consumer", "providers")
    CONSUMER_FIELD_NUMBER: _ClassVar[int]
    PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    consumer: _catalog_pb2.DefinitionKey
    providers: _containers.RepeatedCompositeFieldContainer[_catalog_pb2.DefinitionKey]
    def __init__(self, consumer: _Optional[_Union[_catalog_pb2.DefinitionKey, _Mapping]] = ..., providers: _Optional[_Iterable[_Union[_catalog_pb2.DefinitionKey, _Mapping]]] = ...) -> None: ...

class SetDependenciesRequest(_message.Message):
    __slots__ = ("namespace", "dependencies", "replace")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DEPENDENCIES_FIELD_NUMBER: _ClassVar[int]
    REPLACE_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    dependencies: _containers.RepeatedCompositeFieldContainer[Dependency]
    replace: bool
    def __init__(self, namespace: _Optional[str] = ..., dependencies: _Optional[_Iterable[_Union[Dependency, _Mapping]]] = ..., replace: _Optional[bool] = ...) -> None: ...

class SetDependenciesResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListProvidersRequest(_message.Message):
    __slots__ = ("namespace", "definition_id", "permitted_only")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    PERMITTED_ONLY_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    definition_id: str
    permitted_only: bool
    def __init__(self, namespace: _Optional[str] = ..., definition_id: _Optional[str] = ..., permitted_only: _Optional[bool] = ...) -> None: ...

class ListProvidersResponse(_message.Message):
    __slots__ = ("definitions",)
    DEFINITIONS_FIELD_NUMBER: _ClassVar[int]
    definitions: _containers.RepeatedCompositeFieldContainer[_catalog_pb2.Definition]
    def __init__(self, definitions: _Optional[_Iterable[_Union[_catalog_pb2.Definition, _Mapping]]] = ...) -> None: ...

class ListConsumersRequest(_message.Message):
    __slots__ = ("namespace", "definition_id", "permitted_only")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    PERMITTED_ONLY_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    definition_id: str
    permitted_only: bool
    def __init__(self, namespace: _Optional[str] = ..., definition_id: _Optional[str] = ..., permitted_only: _Optional[bool] = ...) -> None: ...

class ListConsumersResponse(_message.Message):
    __slots__ = ("definitions",)
    DEFINITIONS_FIELD_NUMBER: _ClassVar[int]
    definitions: _containers.RepeatedCompositeFieldContainer[_catalog_pb2.Definition]
    def __init__(self, definitions: _Optional[_Iterable[_Union[_catalog_pb2.Definition, _Mapping]]] = ...) -> None: ...

class InstanceQuery(_message.Message):
    __slots__ = ("name", "definition_id", "one", "known_token")
    class Name(_message.Message):
        __slots__ = ("key", "tags")
        KEY_FIELD_NUMBER: _ClassVar[int]
        TAGS_FIELD_NUMBER: _ClassVar[int]
        key: _catalog_pb2.DefinitionKey
        tags: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, key: _Optional[_Union[_catalog_pb2.DefinitionKey, _Mapping]] = ..., tags: _Optional[_Iterable[str]] = ...) -> None: ...
    class One(_message.Message):
        __slots__ = ("definition_id", "instance_id")
        DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
        INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
        definition_id: str
        instance_id: str
        def __init__(self, definition_id: _Optional[str] = ..., instance_id: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
    ONE_FIELD_NUMBER: _ClassVar[int]
    KNOWN_TOKEN_FIELD_NUMBER: _ClassVar[int]
    name: InstanceQuery.Name
    definition_id: str
    one: InstanceQuery.One
    known_token: str
    def __init__(self, name: _Optional[_Union[InstanceQuery.Name, _Mapping]] = ..., definition_id: _Optional[str] = ..., one: _Optional[_Union[InstanceQuery.One, _Mapping]] = ..., known_token: _Optional[str] = ...) -> None: ...

class FindInstancesRequest(_message.Message):
    __slots__ = ("namespace", "consumer_id", "queries")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    CONSUMER_ID_FIELD_NUMBER: _ClassVar[int]
    QUERIES_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    consumer_id: str
    queries: _containers.RepeatedCompositeFieldContainer[InstanceQuery]
    def __init__(self, namespace: _Optional[str] = ..., consumer_id: _Optional[str] = ..., queries: _Optional[_Iterable[_Union[InstanceQuery, _Mapping]]] = ...) -> None: ...

class DefinitionInstances(_message.Message):
    __slots__ = ("instances", "definition")
    INSTANCES_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    instances: _containers.RepeatedCompositeFieldContainer[_instance_pb2.Instance]
    definition: _catalog_pb2.DefinitionSummary
    def __init__(self, instances: _Optional[_Iterable[_Union[_instance_pb2.Instance, _Mapping]]] = ..., definition: _Optional[_Union[_catalog_pb2.DefinitionSummary, _Mapping]] = ...) -> None: ...

class InstanceAnswer(_message.Message):
    __slots__ = ("found", "token", "not_modified", "error", "definition")
    FOUND_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    NOT_MODIFIED_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    found: _containers.RepeatedCompositeFieldContainer[DefinitionInstances]
    token: str
    not_modified: bool
    error: _error_reason_pb2.ItemError
    definition: _catalog_pb2.DefinitionSummary
    def __init__(self, found: _Optional[_Iterable[_Union[DefinitionInstances, _Mapping]]] = ..., token: _Optional[str] = ..., not_modified: _Optional[bool] = ..., error: _Optional[_Union[_error_reason_pb2.ItemError, _Mapping]] = ..., definition: _Optional[_Union[_catalog_pb2.DefinitionSummary, _Mapping]] = ...) -> None: ...

class FindInstancesResponse(_message.Message):
    __slots__ = ("answers", "consumer")
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    CONSUMER_FIELD_NUMBER: _ClassVar[int]
    answers: _containers.RepeatedCompositeFieldContainer[InstanceAnswer]
    consumer: _catalog_pb2.DefinitionSummary
    def __init__(self, answers: _Optional[_Iterable[_Union[InstanceAnswer, _Mapping]]] = ..., consumer: _Optional[_Union[_catalog_pb2.DefinitionSummary, _Mapping]] = ...) -> None: ...

class WatchProvidersRequest(_message.Message):
    __slots__ = ("subscribe", "unsubscribe")
    class Subscribe(_message.Message):
        __slots__ = ("namespace", "definition_id")
        NAMESPACE_FIELD_NUMBER: _ClassVar[int]
        DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
        namespace: str
        definition_id: str
        def __init__(self, namespace: _Optional[str] = ..., definition_id: _Optional[str] = ...) -> None: ...
    class Unsubscribe(_message.Message):
        __slots__ = ("namespace", "definition_id")
        NAMESPACE_FIELD_NUMBER: _ClassVar[int]
        DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
        namespace: str
        definition_id: str
        def __init__(self, namespace: _Optional[str] = ..., definition_id: _Optional[str] = ...) -> None: ...
    SUBSCRIBE_FIELD_NUMBER: _ClassVar[int]
    UNSUBSCRIBE_FIELD_NUMBER: _ClassVar[int]
    subscribe: WatchProvidersRequest.Subscribe
    unsubscribe: WatchProvidersRequest.Unsubscribe
    def __init__(self, subscribe: _Optional[_Union[WatchProvidersRequest.Subscribe, _Mapping]] = ..., unsubscribe: _Optional[_Union[WatchProvidersRequest.Unsubscribe, _Mapping]] = ...) -> None: ...

class WatchProvidersResponse(_message.Message):
    __slots__ = ("providers", "cancelled", "bookmark", "reconnect_after")
    class Provider(_message.Message):
        __slots__ = ("service", "definitions", "undefined_id", "hidden_ids")
        SERVICE_FIELD_NUMBER: _ClassVar[int]
        DEFINITIONS_FIELD_NUMBER: _ClassVar[int]
        UNDEFINED_ID_FIELD_NUMBER: _ClassVar[int]
        HIDDEN_IDS_FIELD_NUMBER: _ClassVar[int]
        service: _instance_pb2.ServiceRef
        definitions: _containers.RepeatedCompositeFieldContainer[_catalog_pb2.DefinitionSummary]
        undefined_id: str
        hidden_ids: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, service: _Optional[_Union[_instance_pb2.ServiceRef, _Mapping]] = ..., definitions: _Optional[_Iterable[_Union[_catalog_pb2.DefinitionSummary, _Mapping]]] = ..., undefined_id: _Optional[str] = ..., hidden_ids: _Optional[_Iterable[str]] = ...) -> None: ...
    class Providers(_message.Message):
        __slots__ = ("namespace", "definition_id", "providers", "revision")
        NAMESPACE_FIELD_NUMBER: _ClassVar[int]
        DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
        PROVIDERS_FIELD_NUMBER: _ClassVar[int]
        REVISION_FIELD_NUMBER: _ClassVar[int]
        namespace: str
        definition_id: str
        providers: _containers.RepeatedCompositeFieldContainer[WatchProvidersResponse.Provider]
        revision: int
        def __init__(self, namespace: _Optional[str] = ..., definition_id: _Optional[str] = ..., providers: _Optional[_Iterable[_Union[WatchProvidersResponse.Provider, _Mapping]]] = ..., revision: _Optional[int] = ...) -> None: ...
    class Cancelled(_message.Message):
        __slots__ = ("namespace", "definition_id", "reason", "message")
        NAMESPACE_FIELD_NUMBER: _ClassVar[int]
        DEFINITION_ID_FIELD_NUMBER: _ClassVar[int]
        REASON_FIELD_NUMBER: _ClassVar[int]
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        namespace: str
        definition_id: str
        reason: _error_reason_pb2.ErrorReason
        message: str
        def __init__(self, namespace: _Optional[str] = ..., definition_id: _Optional[str] = ..., reason: _Optional[_Union[_error_reason_pb2.ErrorReason, str]] = ..., message: _Optional[str] = ...) -> None: ...
    class Bookmark(_message.Message):
        __slots__ = ("revision", "epoch")
        REVISION_FIELD_NUMBER: _ClassVar[int]
        EPOCH_FIELD_NUMBER: _ClassVar[int]
        revision: int
        epoch: int
        def __init__(self, revision: _Optional[int] = ..., epoch: _Optional[int] = ...) -> None: ...
    PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    BOOKMARK_FIELD_NUMBER: _ClassVar[int]
    RECONNECT_AFTER_FIELD_NUMBER: _ClassVar[int]
    providers: WatchProvidersResponse.Providers
    cancelled: WatchProvidersResponse.Cancelled
    bookmark: WatchProvidersResponse.Bookmark
    reconnect_after: _instance_pb2.ReconnectAfter
    def __init__(self, providers: _Optional[_Union[WatchProvidersResponse.Providers, _Mapping]] = ..., cancelled: _Optional[_Union[WatchProvidersResponse.Cancelled, _Mapping]] = ..., bookmark: _Optional[_Union[WatchProvidersResponse.Bookmark, _Mapping]] = ..., reconnect_after: _Optional[_Union[_instance_pb2.ReconnectAfter, _Mapping]] = ...) -> None: ...
