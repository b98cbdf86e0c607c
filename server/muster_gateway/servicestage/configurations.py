"""The configuration of an instance: variables, start command, hooks, probes, strategy. What Muster does not know is kept."""

from collections.abc import Sequence
from typing import Any

import msgspec
from google.protobuf.duration_pb2 import Duration
from muster.delivery.v1 import delivery_pb2
from muster.delivery.v1 import deployment_pb2 as wire

from muster_gateway.servicestage.applications import Variable
from muster_gateway.servicestage.errors import RefusedError
from muster_gateway.servicestage.requests import checked

_STRATEGIES = {"RollingUpdate": wire.STRATEGY_ROLLING, "Recreate": wire.STRATEGY_RECREATE}
_RESTARTS = {"Always": wire.RESTART_POLICY_ALWAYS, "Never": wire.RESTART_POLICY_NEVER}
_FIELDS = ("command", "env", "liveness", "readiness", "post_start", "pre_stop", "strategy", "restart_policy")
"""The fields of a spec that a configuration says."""


class Place(msgspec.Struct, omit_defaults=True):
    """What a probe asks, or a hook does. An absent host and port are those of the process."""

    scheme: str = "HTTP"
    host: str = ""
    port: int = 0
    path: str = "/"
    command: list[str] = []

    def __post_init__(self) -> None:
        self.scheme = self.scheme.upper() or "HTTP"
        self.path = self.path or "/"


class Probe(msgspec.Struct, omit_defaults=True):
    """`delay` and `timeout` in seconds."""

    type: str
    parameters: Place
    delay: float = 0
    timeout: float = 1

    def __post_init__(self) -> None:
        self.type, self.timeout = self.type.lower(), self.timeout or 1


class Probes(msgspec.Struct, omit_defaults=True):
    """Two probes."""

    liveness: Probe | None = msgspec.field(name="livenessProbe", default=None)
    readiness: Probe | None = msgspec.field(name="readinessProbe", default=None)


class Entrypoint(msgspec.Struct, omit_defaults=True):
    """What is started: command and arguments, which become one list."""

    command: list[str] = []
    args: list[str] = []

    def __post_init__(self) -> None:
        self.command, self.args = [*self.command, *self.args], []


class Hook(msgspec.Struct, omit_defaults=True):
    """Done at a moment of a process's life."""

    type: str
    parameters: Place

    def __post_init__(self) -> None:
        self.type = self.type.lower()


class Lifecycle(msgspec.Struct, omit_defaults=True):
    """Start and end of a process."""

    entrypoint: Entrypoint = msgspec.field(default_factory=Entrypoint)
    post_start: Hook | None = msgspec.field(name="post-start", default=None)
    pre_stop: Hook | None = msgspec.field(name="pre-stop", default=None)


class Strategy(msgspec.Struct, omit_defaults=True):
    """How another version comes."""

    upgrade: str = "RollingUpdate"


class Configuration(msgspec.Struct, omit_defaults=True):
    """All that does something here. Two that mean the same are equal."""

    env: list[Variable] = []
    strategy: Strategy = msgspec.field(default_factory=Strategy)
    lifecycle: Lifecycle = msgspec.field(default_factory=Lifecycle)
    probes: Probes = msgspec.field(default_factory=Probes)
    restart_policy: str = "Always"

    def __post_init__(self) -> None:
        values = {variable.name: variable.value for variable in self.env}
        self.env = [Variable(name, value) for name, value in sorted(values.items())]


def configure(spec: wire.DeploymentSpec, body: dict[str, Any]) -> None:
    """Make the spec what a configuration says, and have no command if it says none. Raises RefusedError."""
    said = checked(body, Configuration)
    lifecycle = said.lifecycle
    if said.strategy.upgrade not in _STRATEGIES or said.restart_policy not in _RESTARTS:
        raise RefusedError(f"strategy.upgrade is one of {', '.join(_STRATEGIES)}, restart_policy one of {', '.join(_RESTARTS)}")
    for field in _FIELDS:
        spec.ClearField(field)
    spec.MergeFrom(
        wire.DeploymentSpec(
            command=lifecycle.entrypoint.command,
            env=[delivery_pb2.EnvVar(name=one.name, value=one.value) for one in said.env],
            liveness=_probe(said.probes.liveness),
            readiness=_probe(said.probes.readiness),
            post_start=_hook(lifecycle.post_start),
            pre_stop=_hook(lifecycle.pre_stop),
            strategy=_STRATEGIES[said.strategy.upgrade],
            restart_policy=_RESTARTS[said.restart_policy],
        )
    )


def shown(spec: wire.DeploymentSpec, kept: dict[str, Any], default_command: Sequence[str]) -> dict[str, Any]:
    """The configuration as it was said, unless the spec is another by now: then what it says, and the rest of what was said."""
    now = _seen(spec)
    try:
        said = msgspec.convert(kept, Configuration)
    except msgspec.ValidationError:  # somebody else's
        said = Configuration()
    if not said.lifecycle.entrypoint.command:
        said.lifecycle.entrypoint.command = list(default_command)
    if said == now:
        return kept
    others = {name: value for name, value in kept.items() if name not in Configuration.__struct_fields__}
    return others | {name: value for name, value in msgspec.to_builtins(now).items() if value}


def _seen(spec: wire.DeploymentSpec) -> Configuration:
    return Configuration(
        env=[Variable(one.name, one.value) for one in spec.env],
        strategy=Strategy(next(name for name, value in _STRATEGIES.items() if value == spec.strategy)),
        lifecycle=Lifecycle(
            Entrypoint(list(spec.command)),
            _hook_seen(spec.post_start) if spec.HasField("post_start") else None,
            _hook_seen(spec.pre_stop) if spec.HasField("pre_stop") else None,
        ),
        probes=Probes(
            _probe_seen(spec.liveness) if spec.HasField("liveness") else None,
            _probe_seen(spec.readiness) if spec.HasField("readiness") else None,
        ),
        restart_policy=next(name for name, value in _RESTARTS.items() if value == spec.restart_policy),
    )


def _probe(said: Probe | None) -> wire.Probe | None:
    if said is None:
        return None
    check = _check(said.type, said.parameters, ("http", "tcp", "command"))
    return wire.Probe(**check, delay=_duration("delay", said.delay), timeout=_duration("timeout", said.timeout))


def _hook(said: Hook | None) -> wire.Hook | None:
    return None if said is None else wire.Hook(**_check(said.type, said.parameters, ("http", "command")))


def _check(kind: str, place: Place, kinds: Sequence[str]) -> dict[str, Any]:
    """The one field that says what is asked or done."""
    if kind not in kinds:
        raise RefusedError(f"type must be one of {', '.join(kinds)}")
    if not 0 <= place.port <= 65535:
        raise RefusedError("port must be 1 to 65535")
    match kind:
        case "http":
            return {kind: wire.HttpCheck(scheme=place.scheme.lower(), host=place.host, port=place.port, path=place.path)}
        case "tcp":
            return {kind: wire.TcpCheck(host=place.host, port=place.port)}
        case _:
            return {kind: wire.CommandCheck(command=place.command)}


def _probe_seen(probe: wire.Probe) -> Probe:
    kind = probe.WhichOneof("check")
    return Probe(kind or "", _place(kind, probe), _seconds(probe.delay), _seconds(probe.timeout))


def _hook_seen(hook: wire.Hook) -> Hook:
    kind = hook.WhichOneof("action")
    return Hook(kind or "", _place(kind, hook))


def _place(kind: str | None, message: wire.Probe | wire.Hook) -> Place:
    match kind:
        case "http":
            check = message.http
            return Place(check.scheme, check.host, check.port, check.path)
        case "tcp" if isinstance(message, wire.Probe):
            return Place(host=message.tcp.host, port=message.tcp.port)
        case _:
            return Place(command=list(message.command.command))


def _duration(field: str, value_s: float) -> Duration:
    if not 0 <= value_s <= 3600:
        raise RefusedError(f"{field} must be 0 to 3600 seconds")
    message = Duration()
    message.FromMilliseconds(round(value_s * 1000))
    return message


def _seconds(message: Duration) -> float:
    value_s = message.ToMilliseconds() / 1000
    return int(value_s) if value_s.is_integer() else value_s
