"""How an archive writes down one version of what a deployment runs: part of the format of `archive_records`."""

from dataclasses import astuple
from typing import Any

import msgspec

from muster_server.core.delivery_model import Resource, SourceKind
from muster_server.core.deployment_model import (
    Artifact,
    CommandCheck,
    DeploymentSpec,
    Hook,
    HttpCheck,
    Probe,
    ReplicaLimits,
    RestartPolicy,
    Strategy,
    TcpCheck,
)
from muster_server.engine.archive_checks import properties

Resources = tuple[tuple[str, str, str], ...]
"""(type, id, name) of each."""
Http = tuple[str, str, int, str] | None
"""(scheme, host, port, path)."""
Tcp = tuple[str, int] | None
"""(host, port)."""
Command = tuple[str, ...] | None
"""A program and its arguments."""


class ArtifactRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to fetch."""

    kind: SourceKind
    url: str
    sha256: str
    properties: dict[str, Any]


class ProbeRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Asks a replica how it is."""

    http: Http
    tcp: Tcp
    command: Command
    delay_s: float
    timeout_s: float
    period_s: float
    failure_threshold: int

    @classmethod
    def of(cls, probe: Probe) -> "ProbeRecord":
        """The record of a probe."""
        return cls(
            _http(probe.http),
            (probe.tcp.host, probe.tcp.port) if probe.tcp is not None else None,
            _command(probe.command),
            probe.delay_s,
            probe.timeout_s,
            probe.period_s,
            probe.failure_threshold,
        )

    def value(self) -> Probe:
        """The probe. Raises MusterError for what is none."""
        tcp = TcpCheck(*self.tcp) if self.tcp is not None else None
        spans = self.delay_s, self.timeout_s, self.period_s
        return Probe(_http_check(self.http), tcp, _command_check(self.command), *spans, self.failure_threshold)


class HookRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Done once at a moment of a replica's life."""

    http: Http
    command: Command

    @classmethod
    def of(cls, hook: Hook) -> "HookRecord":
        """The record of a hook."""
        return cls(_http(hook.http), _command(hook.command))

    def value(self) -> Hook:
        """The hook. Raises MusterError for what is none."""
        return Hook(_http_check(self.http), _command_check(self.command))


class SpecRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A version."""

    version: str
    artifacts: dict[str, ArtifactRecord]
    command: tuple[str, ...]
    env: dict[str, str]
    cpu_milli: int
    memory_bytes: int
    liveness: ProbeRecord | None
    readiness: ProbeRecord | None
    post_start: HookRecord | None
    pre_stop: HookRecord | None
    strategy: Strategy
    stop_grace_s: float
    ready_timeout_s: float | None
    restart_policy: RestartPolicy
    resources: Resources
    service: str
    agents: tuple[str, ...]
    properties: dict[str, Any]

    @classmethod
    def of(cls, spec: DeploymentSpec) -> "SpecRecord":
        """The record of a spec."""
        return cls(
            version=spec.version,
            artifacts={
                name: ArtifactRecord(one.kind, one.url, one.sha256, dict(one.properties)) for name, one in spec.artifacts.items()
            },
            command=spec.command,
            env=dict(spec.env),
            cpu_milli=spec.limits.cpu_milli,
            memory_bytes=spec.limits.memory_bytes,
            liveness=ProbeRecord.of(spec.liveness) if spec.liveness is not None else None,
            readiness=ProbeRecord.of(spec.readiness) if spec.readiness is not None else None,
            post_start=HookRecord.of(spec.post_start) if spec.post_start is not None else None,
            pre_stop=HookRecord.of(spec.pre_stop) if spec.pre_stop is not None else None,
            strategy=spec.strategy,
            stop_grace_s=spec.stop_grace_s,
            ready_timeout_s=spec.ready_timeout_s,
            restart_policy=spec.restart_policy,
            resources=tuple(map(astuple, spec.resources)),
            service=spec.service,
            agents=spec.agents,
            properties=dict(spec.properties),
        )

    def value(self) -> DeploymentSpec:
        """The spec. Raises MusterError for what is none."""
        return DeploymentSpec(
            version=self.version,
            artifacts={
                name: Artifact(one.kind, one.url, one.sha256, properties(one.properties)) for name, one in self.artifacts.items()
            },
            command=self.command,
            env=self.env,
            limits=ReplicaLimits(self.cpu_milli, self.memory_bytes),
            liveness=self.liveness.value() if self.liveness is not None else None,
            readiness=self.readiness.value() if self.readiness is not None else None,
            post_start=self.post_start.value() if self.post_start is not None else None,
            pre_stop=self.pre_stop.value() if self.pre_stop is not None else None,
            strategy=self.strategy,
            stop_grace_s=self.stop_grace_s,
            ready_timeout_s=self.ready_timeout_s,
            restart_policy=self.restart_policy,
            resources=resources_of(self.resources),
            service=self.service,
            agents=self.agents,
            properties=properties(self.properties),
        )


def resources_of(found: Resources) -> tuple[Resource, ...]:
    """Raises MusterError for what are none."""
    return tuple(Resource(*one) for one in found)


def _http(check: HttpCheck | None) -> Http:
    return None if check is None else (check.scheme, check.host, check.port, check.path)


def _http_check(found: Http) -> HttpCheck | None:
    return None if found is None else HttpCheck(*found)


def _command(check: CommandCheck | None) -> Command:
    return None if check is None else check.command


def _command_check(found: Command) -> CommandCheck | None:
    return None if found is None else CommandCheck(found)
