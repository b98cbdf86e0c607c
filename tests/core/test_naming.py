"""What stories cannot show of registration: answers, error details, limits, and refs by address."""

from collections.abc import Callable

import pytest
from muster_server.core.commands import (
    AddressQuery,
    Command,
    Deregister,
    InstanceRef,
    LayOverride,
    OpenSession,
    Put,
    Register,
    Removed,
    Renew,
    Renewed,
    SetAdminState,
    Update,
)
from muster_server.core.decide import decide
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import Address, AdminState, Endpoint, Health, Instance, Lease, Registration
from muster_server.core.state import Limits

from core.story import World, ref, registration

API = ref("api#").service


def answer(world: World, command: Command) -> object:
    """Do a command and give its answer."""
    turn = world.turn()
    result = decide(turn, command)
    world.settle(turn)
    return result


def refused(world: World, command: Command) -> MusterError:
    with pytest.raises(MusterError) as caught:
        world.do(command)
    return caught.value


def put(name: str, **fields: object) -> Register:
    return Register(ref(name).service, registration(name.partition("#")[2], **fields))


def at(instance_id: str, host: str, *, is_persistent: bool = False) -> Register:
    lease = None if is_persistent else Lease()
    return Register(API, Registration((Endpoint("http", host, 80),), instance_id, is_persistent=is_persistent, lease=lease))


def by_address(host: str, is_persistent: bool | None = None) -> InstanceRef:
    return InstanceRef(API, AddressQuery(Address(host, 80), is_persistent))


Conditional = Callable[[int], Command]
CONDITIONAL: dict[str, Conditional] = {
    "register": lambda expected: Register(API, registration("1", weight=2.0), None, False, expected),
    "deregister": lambda expected: Deregister(ref("api#1"), None, expected),
    "update": lambda expected: Update(ref("api#1"), {"weight": 2.0}, expected),
}
each_conditional = pytest.mark.parametrize("command", CONDITIONAL.values(), ids=CONDITIONAL)


@each_conditional
def test_write_that_expects_the_current_revision_is_done(command: Conditional) -> None:
    world = World()
    world.do(put("other#1"))
    world.do(put("api#1"))

    events = world.do(command(2))

    assert len(events) == 1
    assert world.state.revision == 3


@each_conditional
@pytest.mark.parametrize("expected", [0, 1, 3])
def test_write_that_expects_another_revision_is_told_the_current_one(command: Conditional, expected: int) -> None:
    world = World()
    world.do(put("other#1"))
    world.do(put("api#1"))

    error = refused(world, command(expected))

    assert error.reason is Reason.REVISION_MISMATCH
    assert error.details == {"revision": "2"}


def test_registration_that_expects_an_instance_which_is_missing_is_told_revision_zero() -> None:
    world = World()

    error = refused(world, Register(API, registration("1"), None, False, 5))

    assert error.details == {"revision": "0"}


def test_registration_with_the_same_content_still_has_to_meet_its_expectation() -> None:
    world = World()
    world.do(put("api#1"))

    error = refused(world, Register(API, registration("1"), None, False, 0))

    assert error.reason is Reason.REVISION_MISMATCH


def test_renewal_is_no_revision_so_that_what_was_expected_before_it_still_holds() -> None:
    world = World()
    world.do(put("api#1"))
    world.do(Renew((ref("api#1"),)))

    events = world.do(Update(ref("api#1"), {"weight": 2.0}, 1))

    assert isinstance(events[0], Put)


def test_registration_keeps_when_the_instance_came_and_stamps_when_it_changed() -> None:
    world = World()
    first = answer(world, put("api#1"))
    world.now_s += 5

    second = answer(world, put("api#1", weight=2.0))

    assert isinstance(first, Instance)
    assert isinstance(second, Instance)
    assert (second.create_revision, second.create_time) == (first.revision, first.create_time)
    assert (second.revision, second.update_time) == (2, world.now_s)


def test_registration_after_a_removal_begins_a_new_life() -> None:
    world = World()
    world.do(put("api#1"))
    world.do(Deregister(ref("api#1")))

    again = answer(world, put("api#1"))

    assert isinstance(again, Instance)
    assert again.create_revision == again.revision == 3


def test_registration_with_the_same_content_answers_the_instance_as_it_was() -> None:
    world = World()
    first = answer(world, put("api#1", metadata={"a": "1"}))

    second = answer(world, put("api#1", metadata={"a": "1"}))

    assert second is first


@pytest.mark.parametrize(
    "fields",
    [
        {"weight": 2.0},
        {"metadata": {"a": "1"}},
        {"cluster": "B"},
        {"lease": Lease(11, 10)},
        {"health": Health.UNHEALTHY},
        {"declared_state": AdminState.DISABLED},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_registration_with_any_other_content_is_a_change(fields: dict[str, object]) -> None:
    world = World()
    world.do(put("api#1"))

    events = world.do(put("api#1", **fields))

    assert [type(event) for event in events] == [Put]


LIMITED = {
    "services": (Limits(max_services=2), [put("a#1"), put("b#1")], put("c#1"), "2"),
    "instances": (Limits(max_instances=2), [put("a#1"), put("b#1")], put("b#2"), "2"),
    "instances of a service": (Limits(max_instances_per_service=2), [put("a#1"), put("a#2")], put("a#3"), "2"),
    "sessions": (
        Limits(max_sessions=1),
        [OpenSession("s1", 1, "", None, 5.0)],
        OpenSession("s2", 2, "", None, 5.0),
        "1",
    ),
}


@pytest.mark.parametrize(("limits", "before", "past", "limit"), LIMITED.values(), ids=LIMITED)
def test_limit_is_told_to_what_is_past_it(limits: Limits, before: list[Command], past: Command, limit: str) -> None:
    world = World(limits)
    for command in before:
        world.do(command)

    error = refused(world, past)

    assert error.reason is Reason.LIMIT_EXCEEDED
    assert error.details == {"limit": limit}


@pytest.mark.parametrize(("limits", "before", "past", "limit"), LIMITED.values(), ids=LIMITED)
def test_limit_does_not_touch_what_is_there(limits: Limits, before: list[Command], past: Command, limit: str) -> None:
    world = World(limits)
    for command in before:
        world.do(command)

    events = [world.do(command) for command in before]

    assert all(events)


def test_limit_of_instances_has_room_again_after_a_removal() -> None:
    world = World(Limits(max_instances=1))
    world.do(put("api#1"))
    world.do(Deregister(ref("api#1")))

    world.do(put("api#2"))

    assert world.health() == {"2": "HEALTHY"}


def test_limit_of_services_counts_the_emptied_ones_until_they_are_forgotten() -> None:
    world = World(Limits(max_services=1))
    world.do(put("a#1"))
    world.do(Deregister(ref("a#1")))
    before = refused(world, put("b#1"))

    world.advance(3600)
    world.do(put("b#1"))

    assert before.reason is Reason.LIMIT_EXCEEDED
    assert world.health() == {"1": "HEALTHY"}


@pytest.mark.parametrize("has_persistent", [True, False])
def test_kind_mismatch_says_what_the_service_holds(has_persistent: bool) -> None:
    world = World()
    for name in ("1", "2"):
        world.do(at(name, name, is_persistent=has_persistent))

    error = refused(world, at("3", "3", is_persistent=not has_persistent))

    assert error.reason is Reason.SERVICE_KIND_MISMATCH
    assert error.details == {"kind": "persistent" if has_persistent else "ephemeral"}


def test_address_means_the_instance_that_was_registered_last() -> None:
    world = World()
    for name in ("a", "b", "c"):
        world.do(at(name, "h"))
    world.do(Deregister(ref("api#c")))

    [removed] = world.do(Deregister(by_address("h")))

    assert isinstance(removed, Removed)
    assert removed.previous.instance_id == "b"


@pytest.mark.parametrize(("is_persistent", "is_found"), [(None, True), (False, True), (True, False)])
def test_address_can_ask_for_one_kind(is_persistent: bool | None, is_found: bool) -> None:
    world = World()
    world.do(at("a", "h"))

    missing = answer(world, Renew((by_address("h", is_persistent),)))

    assert (missing == ()) is is_found


def test_address_that_an_instance_has_left_points_at_nothing() -> None:
    world = World()
    world.do(at("a", "old"))
    world.do(at("a", "new"))

    missing = answer(world, Renew((by_address("old"), by_address("new"))))

    assert missing == (by_address("old"),)


def test_renewal_of_many_answers_the_missing_ones_and_renews_the_others_once() -> None:
    world = World()
    world.do(put("api#1"))
    turn = world.turn()

    missing = decide(turn, Renew((ref("api#1"), ref("api#9"), ref("nobody#1"), ref("api#1"))))

    assert missing == (ref("api#9"), ref("nobody#1"))
    assert [type(event) for event in turn.events] == [Renewed]


def test_renewal_of_a_persistent_instance_is_neither_missing_nor_an_event() -> None:
    world = World()
    world.do(at("a", "h", is_persistent=True))
    turn = world.turn()

    missing = decide(turn, Renew((ref("api#a"),)))

    assert missing == ()
    assert turn.events == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"weight": -1.0}, "weight"),
        ({"ttl_s": 0.0}, "lease.ttl"),
        ({"grace_s": -1.0}, "lease.grace"),
        ({"metadata": {"": "x"}}, "metadata key"),
    ],
)
def test_update_with_a_bad_value_names_the_field(changes: dict[str, object], field: str) -> None:
    world = World()
    world.do(put("api#1"))

    error = refused(world, Update(ref("api#1"), changes))

    assert error.details == {"field": field}


def test_update_changes_what_it_names_and_nothing_else() -> None:
    world = World()
    first = answer(world, put("api#1", metadata={"a": "1"}, weight=3.0))

    second = answer(world, Update(ref("api#1"), {"weight": 4.0, "ttl_s": 20.0}))

    assert isinstance(first, Instance)
    assert isinstance(second, Instance)
    assert second.said == registration("1", metadata={"a": "1"}, weight=4.0, lease=Lease(20.0, 10.0))


def test_update_of_weight_alone_does_not_renew() -> None:
    world = World()
    world.do(put("api#1"))
    world.advance(9)

    world.do(Update(ref("api#1"), {"weight": 2.0}))
    world.advance(1)

    assert world.health() == {"1": "UNHEALTHY"}


@pytest.mark.parametrize("changes", [{"health": Health.HEALTHY}, {"ttl_s": 10.0}, {"health": Health.UNKNOWN}], ids=str)
def test_update_of_health_or_lease_renews_even_to_the_same_value(changes: dict[str, object]) -> None:
    world = World()
    world.do(put("api#1"))
    world.advance(9)

    world.do(Update(ref("api#1"), changes))
    world.advance(9)

    assert world.health()["1"] == changes.get("health", Health.HEALTHY).name


def test_override_is_stamped_with_its_author_and_time() -> None:
    world = World()
    world.do(put("api#1"))
    world.now_s += 7

    changed = answer(world, SetAdminState(ref("api#1"), AdminState.DISABLED, "ann", "broken"))

    assert isinstance(changed, Instance)
    assert changed.override is not None
    assert (changed.override.author, changed.override.comment, changed.override.set_time) == ("ann", "broken", world.now_s)


def test_override_holds_over_what_its_client_says_again() -> None:
    world = World()
    world.do(put("api#1", metadata={"a": "1", "b": "1"}))

    world.do(LayOverride(ref("api#1"), {"weight": 3.0, "metadata": {"b": "2", "c": "2"}}))
    world.do(put("api#1", metadata={"a": "9"}, weight=7.0))

    instance = world.state.find(ref("api#1"))
    assert instance is not None
    assert (instance.weight, dict(instance.metadata)) == (3.0, {"a": "9", "b": "2", "c": "2"})
    assert (instance.said.weight, instance.said.metadata) == (7.0, {"a": "9"})
    assert instance.admin_state is AdminState.ENABLED


def test_parts_of_an_override_come_and_go_by_themselves() -> None:
    world = World()
    world.do(put("api#1"))
    world.do(LayOverride(ref("api#1"), {"weight": 3.0}))
    world.do(SetAdminState(ref("api#1"), AdminState.DISABLED))

    states = [answer(world, SetAdminState(ref("api#1"), None)), answer(world, LayOverride(ref("api#1"), {"weight": None}))]

    assert [(state.admin_state, state.weight) for state in states] == [(AdminState.ENABLED, 3.0), (AdminState.ENABLED, 1.0)]
    assert states[1].override is None
    assert world.state.overrides == {}


def test_override_of_another_revision_is_refused() -> None:
    world = World()
    world.do(put("api#1"))

    error = refused(world, LayOverride(ref("api#1"), {"weight": 3.0}, expected_revision=7))

    assert error.reason is Reason.REVISION_MISMATCH


def test_error_for_a_missing_instance_says_where_it_was_sought() -> None:
    world = World()

    messages = [refused(world, Deregister(target)).message for target in (ref("api#9"), by_address("h"))]

    assert messages == ["no instance '9' in service 'api'", "no instance at h:80 in service 'api'"]
