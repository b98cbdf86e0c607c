"""Deployments and jobs on the wire and in the core. Raises MusterError (INVALID_FIELD)."""

from typing import Any

from google.protobuf.duration_pb2 import Duration
from muster.delivery.v1 import delivery_pb2
from muster.delivery.v1 import deployment_pb2 as wire

from muster_server.core.delivery_model import Resource
from muster_server.core.deployment_model import (
    Artifact,
    CommandCheck,
    DeploymentSpec,
    Hook,
    HttpCheck,
    Job,
    Probe,
    ReleaseRecord,
    ReplicaLimits,
    RestartPolicy,
    Strategy,
    TcpCheck,
)
from muster_server.core.errors import MusterError
from muster_server.rpc.decoding import seconds
from muster_server.rpc.delivery_wire import env_message, env_said, kind_said, struct_said

DEFAULT_TIMEOUT_S, DEFAULT_PERIOD_S, DEFAULT_FAILURES = 1.0, 2.0, 3
DEFAULT_STOP_GRACE_S = 10.0


def spec_said(message: wire.DeploymentSpec) -> DeploymentSpec:
    """What a caller says is to run."""
    return DeploymentSpec(
        version=message.version,
        artifacts={name: _artifact(artifact) for name, artifact in message.artifacts.items()},
        command=tuple(message.command),
        env=env_said(message.env),
        limits=ReplicaLimits(message.limits.cpu_milli, message.limits.memory_bytes),
        liveness=_probe("liveness", message.liveness) if message.HasField("liveness") else None,
        readiness=_probe("readiness", message.readiness) if message.HasField("readiness") else None,
        post_start=_hook(message.post_start) if message.HasField("post_start") else None,
        pre_stop=_hook(message.pre_stop) if message.HasField("pre_stop") else None,
        strategy=Strategy(_number("strategy", message.strategy, wire.Strategy, Strategy.ROLLING.value)),
        stop_grace_s=_seconds("stop_grace", message, DEFAULT_STOP_GRACE_S),
        ready_timeout_s=seconds("ready_timeout", message.ready_timeout) if message.HasField("ready_timeout") else None,
        restart_policy=RestartPolicy(
            _number("restart_policy", message.restart_policy, wire.RestartPolicy, RestartPolicy.ALWAYS.value)
        ),
        resources=tuple(Resource(one.type, one.id, one.name) for one in message.resources),
        service=message.service,
        agents=tuple(message.agents),
        properties=struct_said("properties", message.properties),
    )


def spec_message(spec: DeploymentSpec) -> wire.DeploymentSpec:
    """The same on the wire."""
    message = wire.DeploymentSpec(
        version=spec.version,
        command=spec.command,
        env=env_message(spec.env),
        limits=wire.Limits(cpu_milli=spec.limits.cpu_milli, memory_bytes=spec.limits.memory_bytes),
        strategy=f"STRATEGY_{spec.strategy.name}",
        stop_grace=_duration(spec.stop_grace_s),
        restart_policy=f"RESTART_POLICY_{spec.restart_policy.name}",
        resources=[delivery_pb2.Resource(type=one.type, id=one.id, name=one.name) for one in spec.resources],
        service=spec.service,
        agents=spec.agents,
    )
    for name, artifact in spec.artifacts.items():
        said = wire.Artifact(kind=f"SOURCE_KIND_{artifact.kind.name}", url=artifact.url, sha256=artifact.sha256)
        said.properties.update(artifact.properties)
        message.artifacts[name].CopyFrom(said)
    for field, probe in (("liveness", spec.liveness), ("readiness", spec.readiness)):
        if probe is not None:
            getattr(message, field).CopyFrom(_probe_message(probe))
    for field, hook in (("post_start", spec.post_start), ("pre_stop", spec.pre_stop)):
        if hook is not None:
            getattr(message, field).CopyFrom(wire.Hook(http=_http_message(hook.http), command=_command_message(hook.command)))
    if spec.ready_timeout_s is not None:
        message.ready_timeout.CopyFrom(_duration(spec.ready_timeout_s))
    message.properties.update(spec.properties)
    return message


def record_message(record: ReleaseRecord) -> wire.ReleaseRecord:
    """A record."""
    message = wire.ReleaseRecord(spec=spec_message(record.spec))
    stamp(message.create_time, record.create_s)
    return message


def job_message(job: Job) -> wire.Job:
    """A job."""
    message = wire.Job(
        id=job.id,
        deployment_id=job.deployment_id,
        namespace=job.namespace,
        deployment_name=job.deployment_name,
        kind=f"JOB_KIND_{job.kind.name}",
        state=f"JOB_STATE_{job.state.name}",
        generation=job.generation,
        description=job.description,
        creator=job.creator,
        revision=job.revision,
    )
    stamp(message.create_time, job.create_s)
    stamp(message.update_time, job.update_s)
    for index, task in enumerate(job.tasks):
        reason = f"ERROR_REASON_{task.reason.value}" if task.reason is not None else None
        state = f"JOB_STATE_{task.state.name}"
        said = message.tasks.add(index=index, name=task.name, state=state, message=task.message, reason=reason)
        stamp(said.create_time, task.create_s)
        stamp(said.update_time, task.update_s)
    return message


def stamp(field: Any, moment_s: float) -> None:
    """Set a Timestamp to Unix seconds."""
    field.FromMicroseconds(round(moment_s * 1e6))


def _artifact(message: wire.Artifact) -> Artifact:
    properties = struct_said("artifacts.properties", message.properties)
    return Artifact(kind_said("artifacts.kind", message.kind), message.url, message.sha256.lower(), properties)


def _probe(field: str, message: wire.Probe) -> Probe:
    return Probe(
        http=_http(message.http) if message.HasField("http") else None,
        tcp=TcpCheck(message.tcp.host, message.tcp.port) if message.HasField("tcp") else None,
        command=CommandCheck(tuple(message.command.command)) if message.HasField("command") else None,
        delay_s=seconds(f"{field}.delay", message.delay),
        timeout_s=_seconds("timeout", message, DEFAULT_TIMEOUT_S),
        period_s=_seconds("period", message, DEFAULT_PERIOD_S),
        failure_threshold=message.failure_threshold or DEFAULT_FAILURES,
    )


def _probe_message(probe: Probe) -> wire.Probe:
    return wire.Probe(
        http=_http_message(probe.http),
        tcp=None if probe.tcp is None else wire.TcpCheck(host=probe.tcp.host, port=probe.tcp.port),
        command=_command_message(probe.command),
        delay=_duration(probe.delay_s),
        timeout=_duration(probe.timeout_s),
        period=_duration(probe.period_s),
        failure_threshold=probe.failure_threshold,
    )


def _hook(message: wire.Hook) -> Hook:
    return Hook(
        http=_http(message.http) if message.HasField("http") else None,
        command=CommandCheck(tuple(message.command.command)) if message.HasField("command") else None,
    )


def _http(message: wire.HttpCheck) -> HttpCheck:
    return HttpCheck(message.scheme.lower() or "http", message.host, message.port, message.path or "/")


def _http_message(check: HttpCheck | None) -> wire.HttpCheck | None:
    return None if check is None else wire.HttpCheck(scheme=check.scheme, host=check.host, port=check.port, path=check.path)


def _command_message(check: CommandCheck | None) -> wire.CommandCheck | None:
    return None if check is None else wire.CommandCheck(command=check.command)


def _seconds(field: str, message: Any, default: float) -> float:
    return seconds(field, getattr(message, field)) if message.HasField(field) else default


def _duration(value_s: float) -> Duration:
    message = Duration()
    message.FromMicroseconds(round(value_s * 1e6))
    return message


def _number(field: str, value: int, known: Any, default: int) -> int:
    if value not in known.values():
        raise MusterError.invalid(field, f"no such value: {value}")
    return value or default
