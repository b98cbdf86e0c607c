"""Runs story files: commands, a line of dashes, and what happened. The format is shown in the stories themselves."""

import re
from collections.abc import Iterator, Sequence

from muster_server.core.commands import (
    Deregister,
    EndSession,
    Event,
    GuardChanged,
    InstanceRef,
    LoseSession,
    OpenSession,
    Put,
    Register,
    Removed,
    Renew,
    RenewSession,
    ServiceForgotten,
    SessionClosed,
    SetAdminState,
    Update,
)
from muster_server.core.decide import decide
from muster_server.core.errors import MusterError
from muster_server.core.expiry import expire
from muster_server.core.model import AdminState, Endpoint, Health, Lease, Registration, service_key
from muster_server.core.state import Limits, RegistryState
from muster_server.core.turn import Turn

WORD = re.compile(r"(\S+?)=(\S+)")


class World:
    """A registry state with a clock that stands until it is told to advance."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.state = RegistryState()
        self.now_s = 1000.0

    def turn(self) -> Turn:
        return Turn(self.state, (self.now_s, self.now_s), self.limits, self.state.revision)

    def settle(self, turn: Turn) -> list[Event]:
        for event in turn.events:
            self.state.apply(event, self.now_s, self.limits)
        return turn.events

    def do(self, command: object) -> list[Event]:
        turn = self.turn()
        decide(turn, command)
        return self.settle(turn)

    def advance(self, seconds: float) -> list[Event]:
        end, events = self.now_s + seconds, []
        while self.now_s < end:
            self.now_s = min(end, self.now_s + 0.5)
            turn = self.turn()
            expire(turn, self.state.timers.due(self.now_s))
            events += self.settle(turn)
        return events

    def health(self) -> dict[str, str]:
        return {name: i.health.name for service in self.state.services.values() for name, i in service.instances.items()}


def registration(instance_id: str, **fields: object) -> Registration:
    host, _, port = instance_id.partition(":")
    fields.setdefault("lease", Lease(10, 10))
    return Registration((Endpoint("http", host, int(port or 1)),), instance_id, **fields)


def ref(text: str) -> InstanceRef:
    name, _, instance_id = text.partition("#")
    return InstanceRef(service_key("shop", "", name.removeprefix("shop/")), instance_id)


def play(text: str) -> list[tuple[int, str, str]]:
    """Answers (line number, expected, got) for each step of a story."""
    world = World()
    return [(line, expected, "\n".join(_run(world, commands))) for line, commands, expected in _steps(text)]


def _steps(text: str) -> Iterator[tuple[int, list[str], str]]:
    commands: list[str] = []
    expected: list[str] = []
    is_expecting = False
    line_number = 0
    for line_number, line in enumerate([*text.splitlines(), "end"], 1):
        stripped = line.strip()
        is_event = stripped.startswith(("rev ", "error ", "guard ", "session ", "forgotten", "nothing"))
        if stripped == "----":
            is_expecting = True
        elif is_expecting and is_event:
            expected.append(stripped)
        elif stripped and not stripped.startswith("#"):
            if is_expecting:
                yield line_number, commands, "\n".join(expected)
                commands, expected, is_expecting = [], [], False
            commands.append(stripped)


def _run(world: World, commands: Sequence[str]) -> list[str]:
    shown: list[str] = []
    for command in commands:
        try:
            shown += [line for event in _execute(world, command) if (line := _show(event))]
        except MusterError as error:
            shown.append(f"error {error.reason.name}")
    return shown or ["nothing"]


def _execute(world: World, line: str) -> list[Event]:
    verb, _, rest = line.partition(" ")
    options = dict(WORD.findall(rest))
    target = rest.split(" ")[0]
    if verb == "advance":
        return world.advance(float(target.removesuffix("s")))
    return world.do(_command(verb, target, options))


def _command(verb: str, target: str, options: dict[str, str]) -> object:
    match verb:
        case "register":
            ttl, grace = (float(options.get(name, "10s").removesuffix("s")) for name in ("ttl", "grace"))
            lease = None if "session" in options or "persistent" in options else Lease(ttl, grace)
            instance_id = target.partition("#")[2]
            said = registration(
                instance_id,
                lease=lease,
                cluster=options.get("cluster", "DEFAULT"),
                weight=float(options.get("weight", "1")),
                is_persistent="persistent" in options,
            )
            if "address" in options:
                said = registration(options["address"], lease=lease, cluster=options.get("cluster", "DEFAULT"))
                said = Registration(said.endpoints, instance_id, said.cluster, lease=lease)
            expected = int(options["expect"]) if "expect" in options else None
            return Register(ref(target).service, said, options.get("session"), "unique" in options, expected)
        case "renew":
            name, _, ids = target.partition("#")
            return Renew(tuple(ref(f"{name}#{instance_id}") for instance_id in ids.split(",")))
        case "deregister":
            return Deregister(ref(target), options.get("session"), is_missing_allowed="missing" in options)
        case "health":
            return Update(ref(target), {"health": Health[options["is"]]})
        case "declare":
            return Update(ref(target), {"declared_state": AdminState[options["is"]]})
        case "pause":
            return Update(ref(target), {"is_paused": options["is"] == "on"})
        case "admin":
            return SetAdminState(ref(target), None if options["is"] == "lifted" else AdminState[options["is"]])
        case _:
            return _session_command(verb, target, options)


def _session_command(verb: str, target: str, options: dict[str, str]) -> object:
    match verb:
        case "open":
            grace = float(options.get("grace", "5s").removesuffix("s"))
            ttl = float(options["ttl"].removesuffix("s")) if "ttl" in options else None
            return OpenSession(target, int(options.get("connection", "1")), "story", ttl, grace, "resumed" in options)
        case "lose":
            return LoseSession(target, int(options.get("connection", "1")))
        case "frame":
            return RenewSession(target)
        case "goodbye":
            return EndSession(target)
        case _:
            raise ValueError(verb)


def _show(event: Event) -> str | None:
    match event:
        case Put(service=service, instance=instance):
            state = "" if instance.admin_state is AdminState.ENABLED else f" {instance.admin_state.name.lower()}"
            return f"rev {instance.revision}  put  {service.name}#{instance.instance_id} {instance.health.name.lower()}{state}"
        case Removed(service=service, previous=previous, reason=reason, revision=revision):
            return f"rev {revision}  gone {service.name}#{previous.instance_id} {reason.name.lower()}"
        case GuardChanged(hold_end_s=end):
            return "guard holds" if end is not None else "guard opens"
        case SessionClosed(session=name):
            return f"session {name} over"
        case ServiceForgotten(service=service):
            return f"forgotten {service.name}"
        case _:
            return None
