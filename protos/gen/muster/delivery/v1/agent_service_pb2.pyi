from muster.delivery.v1 import deployment_pb2 as _deployment_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Progress(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROGRESS_UNSPECIFIED: _ClassVar[Progress]
    PROGRESS_WORKING: _ClassVar[Progress]
    PROGRESS_DONE: _ClassVar[Progress]
    PROGRESS_FAILED: _ClassVar[Progress]
PROGRESS_UNSPECIFIED: Progress
PROGRESS_WORKING: Progress
PROGRESS_DONE: Progress
PROGRESS_FAILED: Progress

class ConnectRequest(_message.Message):
    __slots__ = ("hello", "report", "log_chunk", "heartbeat")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    LOG_CHUNK_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    hello: Hello
    report: Report
    log_chunk: LogChunk
    heartbeat: Heartbeat
    def __init__(self, hello: _Optional[_Union[Hello, _Mapping]] = ..., report: _Optional[_Union[Report, _Mapping]] = ..., log_chunk: _Optional[_Union[LogChunk, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("agent", "reports")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    agent: _deployment_pb2.Agent
    reports: _containers.RepeatedCompositeFieldContainer[Report]
    def __init__(self, agent: _Optional[_Union[_deployment_pb2.Agent, _Mapping]] = ..., reports: _Optional[_Iterable[_Union[Report, _Mapping]]] = ...) -> None: ...

class Report(_message.Message):
    __slots__ = ("deployment_id", "generation", "progress", "step", "message", "replicas")
    DEPLOYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REPLICAS_FIELD_NUMBER: _ClassVar[int]
    deployment_id: str
    generation: int
    progress: Progress
    step: str
    message: str
    replicas: _containers.RepeatedCompositeFieldContainer[_deployment_pb2.Replica]
    def __init__(self, deployment_id: _Optional[str] = ..., generation: _Optional[int] = ..., progress: _Optional[_Union[Progress, str]] = ..., step: _Optional[str] = ..., message: _Optional[str] = ..., replicas: _Optional[_Iterable[_Union[_deployment_pb2.Replica, _Mapping]]] = ...) -> None: ...

class LogChunk(_message.Message):
    __slots__ = ("request_id", "index", "data", "end", "version")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    index: int
    data: bytes
    end: bool
    version: str
    def __init__(self, request_id: _Optional[int] = ..., index: _Optional[int] = ..., data: _Optional[bytes] = ..., end: _Optional[bool] = ..., version: _Optional[str] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ConnectResponse(_message.Message):
    __slots__ = ("desired", "log_request", "log_cancel")
    DESIRED_FIELD_NUMBER: _ClassVar[int]
    LOG_REQUEST_FIELD_NUMBER: _ClassVar[int]
    LOG_CANCEL_FIELD_NUMBER: _ClassVar[int]
    desired: Desired
    log_request: LogRequest
    log_cancel: LogCancel
    def __init__(self, desired: _Optional[_Union[Desired, _Mapping]] = ..., log_request: _Optional[_Union[LogRequest, _Mapping]] = ..., log_cancel: _Optional[_Union[LogCancel, _Mapping]] = ...) -> None: ...

class Desired(_message.Message):
    __slots__ = ("deployments", "complete", "later_ids")
    DEPLOYMENTS_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    LATER_IDS_FIELD_NUMBER: _ClassVar[int]
    deployments: _containers.RepeatedCompositeFieldContainer[DesiredDeployment]
    complete: bool
    later_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, deployments: _Optional[_Iterable[_Union[DesiredDeployment, _Mapping]]] = ..., complete: _Optional[bool] = ..., later_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class DesiredDeployment(_message.Message):
    __slots__ = ("deployment_id", "generation", "name", "namespace", "group", "replicas", "spec", "spec_generation", "drop")
    DEPLOYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    REPLICAS_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    SPEC_GENERATION_FIELD_NUMBER: _ClassVar[int]
    DROP_FIELD_NUMBER: _ClassVar[int]
    deployment_id: str
    generation: int
    name: str
    namespace: str
    group: str
    replicas: int
    spec: _deployment_pb2.DeploymentSpec
    spec_generation: int
    drop: bool
    def __init__(self, deployment_id: _Optional[str] = ..., generation: _Optional[int] = ..., name: _Optional[str] = ..., namespace: _Optional[str] = ..., group: _Optional[str] = ..., replicas: _Optional[int] = ..., spec: _Optional[_Union[_deployment_pb2.DeploymentSpec, _Mapping]] = ..., spec_generation: _Optional[int] = ..., drop: _Optional[bool] = ...) -> None: ...

class LogRequest(_message.Message):
    __slots__ = ("request_id", "deployment_id", "index", "tail_lines", "follow")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DEPLOYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    TAIL_LINES_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    deployment_id: str
    index: int
    tail_lines: int
    follow: bool
    def __init__(self, request_id: _Optional[int] = ..., deployment_id: _Optional[str] = ..., index: _Optional[int] = ..., tail_lines: _Optional[int] = ..., follow: _Optional[bool] = ...) -> None: ...

class LogCancel(_message.Message):
    __slots__ = ("request_id",)
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    def __init__(self, request_id: _Optional[int] = ...) -> None: ...
