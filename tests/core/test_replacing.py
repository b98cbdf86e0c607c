"""Replace: all that a session has of a service, in one step."""

import pytest
from muster_server.core.commands import Event, OpenSession, Put, Register, Removed, Replace
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import Endpoint, Registration, RemovalReason
from muster_server.core.state import Limits

from core.story import World, ref, registration

API = ref("shop/api#").service


def at(instance_id: str, host: str) -> Registration:
    return Registration((Endpoint("", host, 80),), instance_id)


def world(limits: Limits | None = None) -> World:
    made = World(limits or Limits())
    for session in ("s1", "s2"):
        made.do(OpenSession(session, 1, "", None, 5.0))
    return made


def replaced(made: World, *said: Registration, session: str = "s1", is_unique: bool = True) -> list[Event]:
    return list(made.do(Replace(API, said, session, is_unique)))


def ids(made: World) -> set[str]:
    return set(made.state.services[API].instances)


def test_new_ones_come_before_the_others_go_all_in_one_turn() -> None:
    made = world()
    replaced(made, at("1", "a"), at("2", "b"))
    events = replaced(made, at("2", "b"), at("3", "c"))

    assert [event.instance.instance_id for event in events if isinstance(event, Put)] == ["3"]
    gone = [(event.previous.instance_id, event.reason) for event in events if isinstance(event, Removed)]
    assert gone == [("1", RemovalReason.DEREGISTERED)]
    assert ids(made) == {"2", "3"}


def test_nothing_at_all_withdraws_the_service() -> None:
    made = world()
    replaced(made, at("1", "a"))
    replaced(made)

    assert ids(made) == set()


def test_what_others_have_of_the_service_stays() -> None:
    made = world()
    replaced(made, at("1", "a"), session="s2")
    made.do(Register(API, registration("2")))
    replaced(made, at("3", "c"))
    replaced(made)

    assert ids(made) == {"1", "2"}


def test_instance_that_another_session_has_is_taken_over() -> None:
    made = world()
    replaced(made, at("1", "a"), session="s2")
    replaced(made, at("1", "a"))
    replaced(made, session="s2")

    assert ids(made) == {"1"}


def test_unique_address_takes_the_place_of_another_id() -> None:
    made = world()
    replaced(made, at("1", "a"))
    events = replaced(made, at("2", "a"))

    assert [event.reason for event in events if isinstance(event, Removed)] == [RemovalReason.REPLACED]
    assert ids(made) == {"2"}


@pytest.mark.parametrize(
    "said",
    [(at("1", "a"), at("1", "b")), (at("1", "a"), at("2", "a")), (at("old", "b"), at("new", "a"))],
    ids=["one id", "one address", "an address that another leaves"],
)
def test_two_that_are_one_are_refused_and_nothing_changes(said: tuple[Registration, ...]) -> None:
    made = world()
    replaced(made, at("old", "a"))
    with pytest.raises(MusterError) as refused:
        replaced(made, *said)

    assert refused.value.reason is Reason.INVALID_FIELD
    assert ids(made) == {"old"}


@pytest.mark.parametrize("limits", [Limits(max_instances=2), Limits(max_instances_per_service=2)])
def test_more_than_there_is_room_for_is_refused_as_a_whole(limits: Limits) -> None:
    made = world(limits)
    with pytest.raises(MusterError) as refused:
        replaced(made, at("1", "a"), at("2", "b"), at("3", "c"))

    assert refused.value.reason is Reason.LIMIT_EXCEEDED
    assert made.state.instance_count == 0


def test_unknown_session_is_refused() -> None:
    with pytest.raises(MusterError) as refused:
        replaced(world(), session="nobody")

    assert refused.value.reason is Reason.SESSION_NOT_FOUND
