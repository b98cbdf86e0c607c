"""The door of the core: a refused command changes nothing, deciding alone changes nothing, and the same turn decides the same."""

import copy
import math
from collections.abc import Sequence

import hypothesis.strategies as st
import pytest
from hypothesis import event, given, settings
from msgspec.structs import replace
from muster_server.core.commands import (
    AddressQuery,
    Command,
    Deregister,
    EndSession,
    InstanceKey,
    InstanceRef,
    LoseSession,
    OpenSession,
    Register,
    Renew,
    RenewSession,
    Replace,
    SetAdminState,
    Update,
)
from muster_server.core.decide import decide
from muster_server.core.errors import MusterError, Reason
from muster_server.core.expiry import expire
from muster_server.core.model import Address, AdminState, Endpoint, Health, Lease, Registration
from muster_server.core.state import Limits, RegistryState

from core.story import World, ref

SMALL = Limits(max_instances=8, max_instances_per_service=6, max_services=2, max_sessions=2, guard_min_instances=3)

ids = st.sampled_from("12345")
services = st.sampled_from(["a", "b", "c"])
sessions = st.sampled_from(["s1", "s2", "s3"])
expected = st.none() | st.integers(0, 12)


@st.composite
def refs(draw: st.DrawFn) -> InstanceRef:
    service = ref(f"{draw(services)}#").service
    if draw(st.booleans()):
        return InstanceRef(service, draw(ids))
    return InstanceRef(service, AddressQuery(Address("h", draw(st.integers(1, 3))), draw(st.none() | st.booleans())))


@st.composite
def registers(draw: st.DrawFn) -> Register:
    kind = draw(st.sampled_from(["lease", "lease", "session", "persistent"]))
    lease = Lease(draw(st.sampled_from([2.0, 5.0])), draw(st.sampled_from([0.0, 3.0]))) if kind == "lease" else None
    endpoint = Endpoint("http", "h", draw(st.integers(1, 3)))
    weight = draw(st.sampled_from([1.0, 2.0]))
    said = Registration((endpoint,), draw(ids), weight=weight, is_persistent=kind == "persistent", lease=lease)
    session = draw(sessions) if kind == "session" else None
    return Register(ref(f"{draw(services)}#").service, said, session, draw(st.booleans()), draw(expected))


@st.composite
def replaces(draw: st.DrawFn) -> Replace:
    said = [replace(draw(registers()).registration, lease=None) for _ in range(draw(st.integers(0, 3)))]
    ephemeral = tuple(each for each in said if not each.is_persistent)
    return Replace(ref(f"{draw(services)}#").service, ephemeral, draw(sessions), draw(st.booleans()))


changes = st.sampled_from(
    [{"weight": 3.0}, {"weight": -1.0}, {"ttl_s": 4.0}, {"ttl_s": 0.0}, {"is_paused": True}, {"health": Health.UNHEALTHY}]
)
commands = st.one_of(
    registers(),
    registers(),
    replaces(),
    st.builds(Deregister, refs(), st.none() | sessions, expected, st.booleans()),
    st.builds(Renew, st.lists(refs(), max_size=6).map(tuple)),
    st.builds(Update, refs(), changes, expected),
    st.builds(SetAdminState, refs(), st.none() | st.sampled_from(list(AdminState))),
    st.builds(OpenSession, sessions, st.integers(1, 2), st.just(""), st.none() | st.just(2.0), st.just(1.0), st.booleans()),
    st.builds(RenewSession, sessions),
    st.builds(LoseSession, sessions, st.integers(1, 2)),
    st.builds(EndSession, sessions),
)
steps = st.lists(commands | st.sampled_from([0.5, 1.0, 3.0]), max_size=40)


def picture(state: RegistryState) -> object:
    """Everything a state holds, to be compared with another."""
    timers = copy.deepcopy(state.timers).due(math.inf)
    return copy.deepcopy(
        (
            state.revision,
            {key: repr(service) for key, service in state.services.items()},
            state.sessions,
            {name: list(keys) for name, keys in state.session_instances.items()},
            state.overrides,
            timers,
            state.instance_count,
        )
    )


def check_indexes(state: RegistryState) -> None:
    """What is kept twice says the same."""
    instances = {(key, name): i for key, service in state.services.items() for name, i in service.instances.items()}
    assert state.instance_count == len(instances)
    assert {(key.service, key.instance_id) for keys in state.session_instances.values() for key in keys} == {
        where for where, instance in instances.items() if instance.session is not None
    }
    for key, service in state.services.items():
        addressed = {(address, name) for address in service.by_address for name in service.ids_at(address)}
        assert addressed == {(instance.address, name) for name, instance in service.instances.items()}
        assert service.lapsed <= service.instances.keys()
        assert service.is_guarded or not any(i.said.lease is None and n in service.lapsed for n, i in service.instances.items()), (
            key
        )
    for (key, name), instance in instances.items():
        assert instance.session is None or instance.session in state.sessions
        assert instance.override == state.overrides.get(InstanceKey(key, name))


def run(world: World, played: Sequence[Command | float]) -> None:
    for step in played:
        if isinstance(step, float):
            world.advance(step)
        else:
            try:
                world.do(step)
            except MusterError:
                continue


@given(steps, commands)
@settings(max_examples=300, deadline=None)
def test_refused_command_changes_nothing_whatever_came_before(played: list[Command | float], last: Command) -> None:
    world = World(SMALL)
    run(world, played)
    before = picture(world.state)

    try:
        world.do(last)
        event("accepted")
        return
    except MusterError as error:
        event(error.reason.name)

    assert picture(world.state) == before


@given(steps, commands)
@settings(max_examples=200, deadline=None)
def test_deciding_changes_nothing_and_the_same_turn_decides_the_same(played: list[Command | float], last: Command) -> None:
    world = World(SMALL)
    run(world, played)
    before = picture(world.state)

    outcomes = []
    for _ in range(2):
        turn = world.turn()
        try:
            outcomes.append((decide(turn, last), turn.events))
        except MusterError as error:
            outcomes.append((error.reason, error.details))

    assert outcomes[0] == outcomes[1]
    assert picture(world.state) == before


@given(steps)
@settings(max_examples=300, deadline=None)
def test_indexes_add_up_after_any_commands_and_silences(played: list[Command | float]) -> None:
    world = World(SMALL)

    run(world, played)

    check_indexes(world.state)


@given(steps)
@settings(max_examples=100, deadline=None)
def test_revisions_rise_by_one_with_every_change(played: list[Command | float]) -> None:
    world = World(SMALL)
    seen: list[int] = []
    for step in played:
        try:
            events = world.advance(step) if isinstance(step, float) else world.do(step)
        except MusterError:
            continue
        seen += [getattr(e, "revision", None) or e.instance.revision for e in events if hasattr(e, "previous")]

    assert seen == list(range(1, len(seen) + 1))


@given(steps)
@settings(max_examples=100, deadline=None)
def test_everything_ephemeral_is_gone_in_the_end_if_nobody_calls_any_more(played: list[Command | float]) -> None:
    world = World(SMALL)
    run(world, played)
    for session in list(world.state.sessions.values()):
        if session.connection is not None:
            world.do(LoseSession(session.session, session.connection))

    world.now_s += 100_000
    for _ in range(10):
        turn = world.turn()
        expire(turn, world.state.timers.due(world.now_s))
        world.settle(turn)
        world.now_s += 1000

    left = [i for service in world.state.services.values() for i in service.instances.values()]
    assert all(i.said.is_persistent or (i.said.lease is not None and i.said.lease.is_paused) for i in left)
    assert world.state.sessions == {}


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (Register(ref("a#").service, Registration((Endpoint("", "h", 1),)), "nobody's"), Reason.SESSION_NOT_FOUND),
        (Deregister(ref("a#1")), Reason.INSTANCE_NOT_FOUND),
        (Update(ref("a#1"), {"weight": 1.0}), Reason.INSTANCE_NOT_FOUND),
        (SetAdminState(ref("a#1"), None), Reason.INSTANCE_NOT_FOUND),
        (OpenSession("s", 1, "", None, 1.0, is_resumed=True), Reason.SESSION_NOT_FOUND),
    ],
    ids=lambda value: type(value).__name__,
)
def test_command_about_what_is_not_there_is_refused_with_its_reason(command: Command, reason: Reason) -> None:
    world = World()

    with pytest.raises(MusterError) as caught:
        world.do(command)

    assert caught.value.reason is reason


@pytest.mark.parametrize(
    "command",
    [Renew((ref("a#1"),)), RenewSession("s"), LoseSession("s", 1), Deregister(ref("a#1"), is_missing_allowed=True)],
    ids=lambda command: type(command).__name__,
)
def test_command_that_may_come_late_means_nothing_when_its_object_is_gone(command: Command) -> None:
    world = World()

    assert world.do(command) == []
