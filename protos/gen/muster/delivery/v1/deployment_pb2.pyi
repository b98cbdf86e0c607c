import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from muster.delivery.v1 import delivery_pb2 as _delivery_pb2
from muster.registry.v1 import error_reason_pb2 as _error_reason_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DeploymentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEPLOYMENT_STATE_UNSPECIFIED: _ClassVar[DeploymentState]
    DEPLOYMENT_STATE_CREATING: _ClassVar[DeploymentState]
    DEPLOYMENT_STATE_RUNNING: _ClassVar[DeploymentState]
    DEPLOYMENT_STATE_DEGRADED: _ClassVar[DeploymentState]
    DEPLOYMENT_STATE_PENDING: _ClassVar[DeploymentState]
    DEPLOYMENT_STATE_DOWN: _ClassVar[DeploymentState]
    DEPLOYMENT_STATE_STOPPED: _ClassVar[DeploymentState]
    DEPLOYMENT_STATE_FAILED: _ClassVar[DeploymentState]
    DEPLOYMENT_STATE_UNKNOWN: _ClassVar[DeploymentState]
    DEPLOYMENT_STATE_UPDATING: _ClassVar[DeploymentState]
    DEPLOYMENT_STATE_STARTING: _ClassVar[DeploymentState]
    DEPLOYMENT_STATE_STOPPING: _ClassVar[DeploymentState]
    DEPLOYMENT_STATE_RESTARTING: _ClassVar[DeploymentState]
    DEPLOYMENT_STATE_DELETING: _ClassVar[DeploymentState]

class Strategy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STRATEGY_UNSPECIFIED: _ClassVar[Strategy]
    STRATEGY_ROLLING: _ClassVar[Strategy]
    STRATEGY_RECREATE: _ClassVar[Strategy]

class RestartPolicy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESTART_POLICY_UNSPECIFIED: _ClassVar[RestartPolicy]
    RESTART_POLICY_ALWAYS: _ClassVar[RestartPolicy]
    RESTART_POLICY_NEVER: _ClassVar[RestartPolicy]

class ReplicaState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPLICA_STATE_UNSPECIFIED: _ClassVar[ReplicaState]
    REPLICA_STATE_STARTING: _ClassVar[ReplicaState]
    REPLICA_STATE_READY: _ClassVar[ReplicaState]
    REPLICA_STATE_UNREADY: _ClassVar[ReplicaState]
    REPLICA_STATE_WAITING: _ClassVar[ReplicaState]
    REPLICA_STATE_EXITED: _ClassVar[ReplicaState]
    REPLICA_STATE_STOPPING: _ClassVar[ReplicaState]

class JobKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_KIND_UNSPECIFIED: _ClassVar[JobKind]
    JOB_KIND_CREATE: _ClassVar[JobKind]
    JOB_KIND_UPGRADE: _ClassVar[JobKind]
    JOB_KIND_SCALE: _ClassVar[JobKind]
    JOB_KIND_START: _ClassVar[JobKind]
    JOB_KIND_STOP: _ClassVar[JobKind]
    JOB_KIND_RESTART: _ClassVar[JobKind]
    JOB_KIND_ROLLBACK: _ClassVar[JobKind]
    JOB_KIND_DELETE: _ClassVar[JobKind]
    JOB_KIND_RESTORE: _ClassVar[JobKind]

class JobState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_STATE_UNSPECIFIED: _ClassVar[JobState]
    JOB_STATE_RUNNING: _ClassVar[JobState]
    JOB_STATE_SUCCEEDED: _ClassVar[JobState]
    JOB_STATE_FAILED: _ClassVar[JobState]
    JOB_STATE_CANCELLED: _ClassVar[JobState]
    JOB_STATE_ROLLING_BACK: _ClassVar[JobState]
    JOB_STATE_ROLLED_BACK: _ClassVar[JobState]
DEPLOYMENT_STATE_UNSPECIFIED: DeploymentState
DEPLOYMENT_STATE_CREATING: DeploymentState
DEPLOYMENT_STATE_RUNNING: DeploymentState
DEPLOYMENT_STATE_DEGRADED: DeploymentState
DEPLOYMENT_STATE_PENDING: DeploymentState
DEPLOYMENT_STATE_DOWN: DeploymentState
DEPLOYMENT_STATE_STOPPED: DeploymentState
DEPLOYMENT_STATE_FAILED: DeploymentState
DEPLOYMENT_STATE_UNKNOWN: DeploymentState
DEPLOYMENT_STATE_UPDATING: DeploymentState
DEPLOYMENT_STATE_STARTING: DeploymentState
DEPLOYMENT_STATE_STOPPING: DeploymentState
DEPLOYMENT_STATE_RESTARTING: DeploymentState
DEPLOYMENT_STATE_DELETING: DeploymentState
STRATEGY_UNSPECIFIED: Strategy
STRATEGY_ROLLING: Strategy
STRATEGY_RECREATE: Strategy
RESTART_POLICY_UNSPECIFIED: RestartPolicy
RESTART_POLICY_ALWAYS: RestartPolicy
RESTART_POLICY_NEVER: RestartPolicy
REPLICA_STATE_UNSPECIFIED: ReplicaState
REPLICA_STATE_STARTING: ReplicaState
REPLICA_STATE_READY: ReplicaState
REPLICA_STATE_UNREADY: ReplicaState
REPLICA_STATE_WAITING: ReplicaState
REPLICA_STATE_EXITED: ReplicaState
REPLICA_STATE_STOPPING: ReplicaState
JOB_KIND_UNSPECIFIED: JobKind
JOB_KIND_CREATE: JobKind
JOB_KIND_UPGRADE: JobKind
JOB_KIND_SCALE: JobKind
JOB_KIND_START: JobKind
JOB_KIND_STOP: JobKind
JOB_KIND_RESTART: JobKind
JOB_KIND_ROLLBACK: JobKind
JOB_KIND_DELETE: JobKind
JOB_KIND_RESTORE: JobKind
JOB_STATE_UNSPECIFIED: JobState
JOB_STATE_RUNNING: JobState
JOB_STATE_SUCCEEDED: JobState
JOB_STATE_FAILED: JobState
JOB_STATE_CANCELLED: JobState
JOB_STATE_ROLLING_BACK: JobState
JOB_STATE_ROLLED_BACK: JobState

class Deployment(_message.Message):
    __slots__ = ("id", "application_id", "component_id", "namespace", "environment_id", "name", "description", "labels", "replicas", "spec", "state", "available_replicas", "replica_states", "generation", "agent", "last_job_id", "last_job_state", "creator", "create_time", "update_time", "revision")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    APPLICATION_ID_FIELD_NUMBER: _ClassVar[int]
    COMPONENT_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    REPLICAS_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_REPLICAS_FIELD_NUMBER: _ClassVar[int]
    REPLICA_STATES_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    LAST_JOB_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_JOB_STATE_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    id: str
    application_id: str
    component_id: str
    namespace: str
    environment_id: str
    name: str
    description: str
    labels: _containers.ScalarMap[str, str]
    replicas: int
    spec: DeploymentSpec
    state: DeploymentState
    available_replicas: int
    replica_states: _containers.RepeatedCompositeFieldContainer[Replica]
    generation: int
    agent: str
    last_job_id: str
    last_job_state: JobState
    creator: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    revision: int
    def __init__(self, id: _Optional[str] = ..., application_id: _Optional[str] = ..., component_id: _Optional[str] = ..., namespace: _Optional[str] = ..., environment_id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., replicas: _Optional[int] = ..., spec: _Optional[_Union[DeploymentSpec, _Mapping]] = ..., state: _Optional[_Union[DeploymentState, str]] = ..., available_replicas: _Optional[int] = ..., replica_states: _Optional[_Iterable[_Union[Replica, _Mapping]]] = ..., generation: _Optional[int] = ..., agent: _Optional[str] = ..., last_job_id: _Optional[str] = ..., last_job_state: _Optional[_Union[JobState, str]] = ..., creator: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class DeploymentSpec(_message.Message):
    __slots__ = ("version", "artifacts", "command", "env", "limits", "liveness", "readiness", "post_start", "pre_stop", "strategy", "stop_grace", "ready_timeout", "restart_policy", "resources", "service", "properties", "agents")
    class ArtifactsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Artifact
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Artifact, _Mapping]] = ...) -> None: ...
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    ENV_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    LIVENESS_FIELD_NUMBER: _ClassVar[int]
    READINESS_FIELD_NUMBER: _ClassVar[int]
    POST_START_FIELD_NUMBER: _ClassVar[int]
    PRE_STOP_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    STOP_GRACE_FIELD_NUMBER: _ClassVar[int]
    READY_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    RESTART_POLICY_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    version: str
    artifacts: _containers.MessageMap[str, Artifact]
    command: _containers.RepeatedScalarFieldContainer[str]
    env: _containers.RepeatedCompositeFieldContainer[_delivery_pb2.EnvVar]
    limits: Limits
    liveness: Probe
    readiness: Probe
    post_start: Hook
    pre_stop: Hook
    strategy: Strategy
    stop_grace: _duration_pb2.Duration
    ready_timeout: _duration_pb2.Duration
    restart_policy: RestartPolicy
    resources: _containers.RepeatedCompositeFieldContainer[_delivery_pb2.Resource]
    service: str
    properties: _struct_pb2.Struct
    agents: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, version: _Optional[str] = ..., artifacts: _Optional[_Mapping[str, Artifact]] = ..., command: _Optional[_Iterable[str]] = ..., env: _Optional[_Iterable[_Union[_delivery_pb2.EnvVar, _Mapping]]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., liveness: _Optional[_Union[Probe, _Mapping]] = ..., readiness: _Optional[_Union[Probe, _Mapping]] = ..., post_start: _Optional[_Union[Hook, _Mapping]] = ..., pre_stop: _Optional[_Union[Hook, _Mapping]] = ..., strategy: _Optional[_Union[Strategy, str]] = ..., stop_grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., ready_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., restart_policy: _Optional[_Union[RestartPolicy, str]] = ..., resources: _Optional[_Iterable[_Union[_delivery_pb2.Resource, _Mapping]]] = ..., service: _Optional[str] = ..., properties: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., agents: _Optional[_Iterable[str]] = ...) -> None: ...

class Artifact(_message.Message):
    __slots__ = ("kind", "url", "sha256", "properties")
    KIND_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    kind: _delivery_pb2.SourceKind
    url: str
    sha256: str
    properties: _struct_pb2.Struct
    def __init__(self, kind: _Optional[_Union[_delivery_pb2.SourceKind, str]] = ..., url: _Optional[str] = ..., sha256: _Optional[str] = ..., properties: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("cpu_milli", "memory_bytes")
    CPU_MILLI_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    cpu_milli: int
    memory_bytes: int
    def __init__(self, cpu_milli: _Optional[int] = ..., memory_bytes: _Optional[int] = ...) -> None: ...

class Probe(_message.Message):
    __slots__ = ("http", "tcp", "command", "delay", "timeout", "period", "failure_threshold")
    HTTP_FIELD_NUMBER: _ClassVar[int]
    TCP_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    DELAY_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    FAILURE_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    http: HttpCheck
    tcp: TcpCheck
    command: CommandCheck
    delay: _duration_pb2.Duration
    timeout: _duration_pb2.Duration
    period: _duration_pb2.Duration
    failure_threshold: int
    def __init__(self, http: _Optional[_Union[HttpCheck, _Mapping]] = ..., tcp: _Optional[_Union[TcpCheck, _Mapping]] = ..., command: _Optional[_Union[CommandCheck, _Mapping]] = ..., delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., period: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., failure_threshold: _Optional[int] = ...) -> None: ...

class HttpCheck(_message.Message):
    __slots__ = ("scheme", "host", "port", "path")
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    scheme: str
    host: str
    port: int
    path: str
    def __init__(self, scheme: _Optional[str] = ..., host: _Optional[str] = ..., port: _Optional[int] = ..., path: _Optional[str] = ...) -> None: ...

class TcpCheck(_message.Message):
    __slots__ = ("host", "port")
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    host: str
    port: int
    def __init__(self, host: _Optional[str] = ..., port: _Optional[int] = ...) -> None: ...

class CommandCheck(_message.Message):
    __slots__ = ("command",)
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    command: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, command: _Optional[_Iterable[str]] = ...) -> None: ...

class Hook(_message.Message):
    __slots__ = ("http", "command")
    HTTP_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    http: HttpCheck
    command: CommandCheck
    def __init__(self, http: _Optional[_Union[HttpCheck, _Mapping]] = ..., command: _Optional[_Union[CommandCheck, _Mapping]] = ...) -> None: ...

class Replica(_message.Message):
    __slots__ = ("index", "pid", "port", "version", "state", "restarts", "message", "start_time")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    index: int
    pid: int
    port: int
    version: str
    state: ReplicaState
    restarts: int
    message: str
    start_time: _timestamp_pb2.Timestamp
    def __init__(self, index: _Optional[int] = ..., pid: _Optional[int] = ..., port: _Optional[int] = ..., version: _Optional[str] = ..., state: _Optional[_Union[ReplicaState, str]] = ..., restarts: _Optional[int] = ..., message: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReleaseRecord(_message.Message):
    __slots__ = ("spec", "create_time")
    SPEC_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    spec: DeploymentSpec
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, spec: _Optional[_Union[DeploymentSpec, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Job(_message.Message):
    __slots__ = ("id", "deployment_id", "namespace", "deployment_name", "kind", "state", "tasks", "generation", "description", "creator", "create_time", "update_time", "revision")
    ID_FIELD_NUMBER: _ClassVar[int]
    DEPLOYMENT_ID_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    DEPLOYMENT_NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TASKS_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    id: str
    deployment_id: str
    namespace: str
    deployment_name: str
    kind: JobKind
    state: JobState
    tasks: _containers.RepeatedCompositeFieldContainer[Task]
    generation: int
    description: str
    creator: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    revision: int
    def __init__(self, id: _Optional[str] = ..., deployment_id: _Optional[str] = ..., namespace: _Optional[str] = ..., deployment_name: _Optional[str] = ..., kind: _Optional[_Union[JobKind, str]] = ..., state: _Optional[_Union[JobState, str]] = ..., tasks: _Optional[_Iterable[_Union[Task, _Mapping]]] = ..., generation: _Optional[int] = ..., description: _Optional[str] = ..., creator: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class Task(_message.Message):
    __slots__ = ("index", "name", "state", "message", "create_time", "update_time", "reason")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    index: int
    name: str
    state: JobState
    message: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    reason: _error_reason_pb2.ErrorReason
    def __init__(self, index: _Optional[int] = ..., name: _Optional[str] = ..., state: _Optional[_Union[JobState, str]] = ..., message: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[_Union[_error_reason_pb2.ErrorReason, str]] = ...) -> None: ...

class Agent(_message.Message):
    __slots__ = ("name", "namespace", "environment", "version", "host", "runtimes", "limiting", "connect_time", "id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    RUNTIMES_FIELD_NUMBER: _ClassVar[int]
    LIMITING_FIELD_NUMBER: _ClassVar[int]
    CONNECT_TIME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    namespace: str
    environment: str
    version: str
    host: str
    runtimes: _containers.RepeatedCompositeFieldContainer[_delivery_pb2.Runtime]
    limiting: str
    connect_time: _timestamp_pb2.Timestamp
    id: str
    def __init__(self, name: _Optional[str] = ..., namespace: _Optional[str] = ..., environment: _Optional[str] = ..., version: _Optional[str] = ..., host: _Optional[str] = ..., runtimes: _Optional[_Iterable[_Union[_delivery_pb2.Runtime, _Mapping]]] = ..., limiting: _Optional[str] = ..., connect_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., id: _Optional[str] = ...) -> None: ...
