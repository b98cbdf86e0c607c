"""The values of what runs: deployments, what they run, and the jobs that change them. Frozen, and checked when they are made.

Bounds are those of deployment.proto. Every constructor raises MusterError (INVALID_FIELD) for what is out of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from muster_server.core.delivery_model import Resource, SourceKind, Thing, check_env
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import checked_text

MAX_REPLICAS = 100
MAX_ARTIFACTS = 16
MAX_PARTS = 256
MAX_COMMAND_BYTES = 64 << 10
MAX_USED_RESOURCES = 100
MIN_CPU_MILLI, MAX_CPU_MILLI = 10, 1_000_000
MIN_MEMORY_BYTES, MAX_MEMORY_BYTES = 4 << 20, 1 << 50
MAX_WAIT_S = 3600.0
MAX_RECORDS = 20
MAX_TASKS = 20
MAX_MESSAGE_BYTES = 4096

_DEPLOYMENT_NAME = re.compile(r"[a-z][a-z0-9-]{0,61}[a-z0-9]")
_VERSION = re.compile(r"[A-Za-z0-9._+-]{1,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Artifact:
    """One thing to fetch. `sha256` is lower-case hexadecimal, empty if whatever is there will do."""

    kind: SourceKind
    url: str
    sha256: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checked_text("artifacts.url", self.url, 2048, is_required=True)
        if self.sha256 and _SHA256.fullmatch(self.sha256) is None:
            raise MusterError.invalid("artifacts.sha256", "must be 64 hexadecimal digits")


@dataclass(frozen=True, slots=True)
class ReplicaLimits:
    """What a replica may use; 0 is no limit."""

    cpu_milli: int = 0
    memory_bytes: int = 0

    def __post_init__(self) -> None:
        if self.cpu_milli and not MIN_CPU_MILLI <= self.cpu_milli <= MAX_CPU_MILLI:
            raise MusterError.invalid("limits.cpu_milli", f"must be 0, or {MIN_CPU_MILLI} to {MAX_CPU_MILLI}")
        if self.memory_bytes and not MIN_MEMORY_BYTES <= self.memory_bytes <= MAX_MEMORY_BYTES:
            raise MusterError.invalid("limits.memory_bytes", f"must be 0, or {MIN_MEMORY_BYTES} to {MAX_MEMORY_BYTES}")


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """A GET. An empty host is the replica itself, port 0 its own."""

    scheme: str
    host: str
    port: int
    path: str

    def __post_init__(self) -> None:
        if self.scheme not in ("http", "https"):
            raise MusterError.invalid("http.scheme", "must be http or https")
        _check_address("http", self.host, self.port)
        checked_text("http.path", self.path, 2048, is_required=True)
        if not self.path.startswith("/"):
            raise MusterError.invalid("http.path", "must begin with /")


@dataclass(frozen=True, slots=True)
class TcpCheck:
    """A connection. An empty host is the replica itself, port 0 its own."""

    host: str
    port: int

    def __post_init__(self) -> None:
        _check_address("tcp", self.host, self.port)


@dataclass(frozen=True, slots=True)
class CommandCheck:
    """A program and its arguments."""

    command: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_command("command", self.command)


Check = HttpCheck | TcpCheck | CommandCheck


@dataclass(frozen=True, slots=True)
class Probe:
    """Asks a replica how it is. Exactly one of the checks is there; it stands in a field of its own so that it can be read back."""

    http: HttpCheck | None
    tcp: TcpCheck | None
    command: CommandCheck | None
    delay_s: float
    timeout_s: float
    period_s: float
    failure_threshold: int

    def __post_init__(self) -> None:
        if sum(check is not None for check in (self.http, self.tcp, self.command)) != 1:
            raise MusterError.invalid("probe.check", "must be http, tcp or command")
        check_seconds("probe.delay", self.delay_s, 0, MAX_WAIT_S)
        check_seconds("probe.timeout", self.timeout_s, 0.001, 60.0)
        check_seconds("probe.period", self.period_s, 0.1, MAX_WAIT_S)
        if not 1 <= self.failure_threshold <= 100:
            raise MusterError.invalid("probe.failure_threshold", "must be 1 to 100")


@dataclass(frozen=True, slots=True)
class Hook:
    """Done once at a moment of a replica's life. Exactly one of them is there."""

    http: HttpCheck | None
    command: CommandCheck | None

    def __post_init__(self) -> None:
        if (self.http is None) == (self.command is None):
            raise MusterError.invalid("hook.action", "must be http or command")


class Strategy(Enum):
    """How replicas become those of another version. The numbers are those of deployment.proto."""

    ROLLING = 1
    RECREATE = 2


class RestartPolicy(Enum):
    """Whether a process that ended is started again. The numbers are those of deployment.proto."""

    ALWAYS = 1
    NEVER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSpec:
    """One version of what a deployment runs."""

    version: str
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    limits: ReplicaLimits = field(default_factory=ReplicaLimits)
    liveness: Probe | None = None
    readiness: Probe | None = None
    post_start: Hook | None = None
    pre_stop: Hook | None = None
    strategy: Strategy = Strategy.ROLLING
    stop_grace_s: float = 10.0
    ready_timeout_s: float | None = None
    restart_policy: RestartPolicy = RestartPolicy.ALWAYS
    resources: tuple[Resource, ...] = ()
    service: str = ""
    agents: tuple[str, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if _VERSION.fullmatch(self.version) is None:
            raise MusterError.invalid("spec.version", "must be 1 to 64 of letters, digits, ., -, + and _")
        if len(self.artifacts) > MAX_ARTIFACTS:
            raise MusterError.invalid("spec.artifacts", f"at most {MAX_ARTIFACTS}")
        for name in self.artifacts:
            checked_text("spec.artifacts", name, 128, is_required=True)
        if self.command:
            _check_command("spec.command", self.command)
        check_env(self.env)
        check_seconds("spec.stop_grace", self.stop_grace_s, 0, MAX_WAIT_S)
        if self.ready_timeout_s is not None:
            check_seconds("spec.ready_timeout", self.ready_timeout_s, 1, MAX_WAIT_S)
        if len(self.resources) > MAX_USED_RESOURCES:
            raise MusterError.invalid("spec.resources", f"at most {MAX_USED_RESOURCES}")
        if len(self.agents) > MAX_USED_RESOURCES:
            raise MusterError.invalid("spec.agents", f"at most {MAX_USED_RESOURCES}")
        for agent in self.agents:
            checked_text("spec.agents", agent, 256, is_required=True)
        checked_text("spec.service", self.service, 1024)


@dataclass(frozen=True, slots=True)
class Setup:
    """What replicas are started with: a spec, and the variables that the application had for the environment then.

    `number` is the generation in which it was set up: the replicas of another number are replaced.
    """

    spec: DeploymentSpec
    inherited: Mapping[str, str]
    number: int


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """What was deployed, and when (Unix seconds)."""

    spec: DeploymentSpec
    create_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment(Thing):
    """A component that runs in an environment.

    `before` is what a failed upgrade returns to; None while none is under way. `is_halted`: its creation failed, so nothing is to
    run until somebody tries again.
    """

    application_id: str
    component_id: str
    environment_id: str
    replicas: int
    setup: Setup
    before: Setup | None = None
    generation: int = 1
    agent: str = ""
    is_stopped: bool = False
    is_failed: bool = False
    is_halted: bool = False
    is_dropped: bool = False
    last_job_id: str = ""
    records: tuple[ReleaseRecord, ...] = ()

    def __post_init__(self) -> None:
        if _DEPLOYMENT_NAME.fullmatch(self.name) is None:
            raise MusterError.invalid("name", "must be 2 to 63 of lower-case letters, digits and -, a letter first, no - last")
        Thing.__post_init__(self)
        if not 1 <= self.replicas <= MAX_REPLICAS:
            raise MusterError.invalid("replicas", f"must be 1 to {MAX_REPLICAS}")

    @property
    def running_replicas(self) -> int:
        """How many its agent is to run."""
        return 0 if self.is_stopped or self.is_halted or self.is_dropped else self.replicas


class JobKind(Enum):
    """What a job does. The numbers are those of deployment.proto."""

    CREATE = 1
    UPGRADE = 2
    SCALE = 3
    START = 4
    STOP = 5
    RESTART = 6
    ROLLBACK = 7
    DELETE = 8
    RESTORE = 9


class JobState(Enum):
    """How a job, or a task of it, is. The numbers are those of deployment.proto."""

    RUNNING = 1
    SUCCEEDED = 2
    FAILED = 3
    CANCELLED = 4
    ROLLING_BACK = 5
    ROLLED_BACK = 6

    @property
    def is_over(self) -> bool:
        """True if it never changes again."""
        return self not in (JobState.RUNNING, JobState.ROLLING_BACK)


@dataclass(frozen=True, slots=True)
class Task:
    """One step of a job. Moments are Unix seconds; `reason` is there if it failed because the server gave it up."""

    name: str
    state: JobState
    message: str
    create_s: float
    update_s: float
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A change of a deployment under way, or done. `generation` is the one that it brings about."""

    id: str
    namespace: str
    deployment_id: str
    deployment_name: str
    kind: JobKind
    state: JobState
    tasks: tuple[Task, ...]
    generation: int
    description: str
    is_forced: bool = False
    creator: str = ""
    create_s: float = 0.0
    update_s: float = 0.0
    revision: int = 0


def check_seconds(name: str, value: float, low: float, high: float) -> None:
    """Raises MusterError (INVALID_FIELD) unless low <= value <= high."""
    if not low <= value <= high:
        raise MusterError.invalid(name, f"must be {low:g} to {high:g} seconds")


def _check_command(name: str, command: tuple[str, ...]) -> None:
    if not 1 <= len(command) <= MAX_PARTS or not command[0]:
        raise MusterError.invalid(name, f"must be 1 to {MAX_PARTS} parts, a program first")
    if sum(len(part.encode(errors="replace")) for part in command) > MAX_COMMAND_BYTES or any("\0" in part for part in command):
        raise MusterError.invalid(name, f"must be at most {MAX_COMMAND_BYTES} bytes, without NUL")


def _check_address(name: str, host: str, port: int) -> None:
    checked_text(f"{name}.host", host, 1024)
    if not 0 <= port <= 65535:
        raise MusterError.invalid(f"{name}.port", "must be 0 to 65535")
