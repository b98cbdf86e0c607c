"""Delivery: unique names, things that need others, and what goes together."""

from collections.abc import Callable

import pytest
from muster_server.core.commands import Command
from muster_server.core.decide import decide
from muster_server.core.delivery_commands import Change, Create, DeleteApplicationConfig, Discard, Ref, SetApplicationConfig
from muster_server.core.delivery_model import Application, ApplicationConfig, Component, Environment, Resource
from muster_server.core.delivery_state import Thing
from muster_server.core.errors import MusterError, Reason
from muster_server.core.state import Limits, RegistryState
from muster_server.core.turn import Turn

SHOP = Application(namespace="n", id="shop", name="shop")
PROD = Environment(namespace="n", id="prod", name="prod", resources=(Resource("ecs", "Default"),))
WEB = Component(namespace="n", id="web", name="web", application_id="shop", runtime="Custom")
SHOP_REF, PROD_REF = Ref(Application, "n", "shop"), Ref(Environment, "n", "prod")
WEB_REF = Ref(Component, "n", "web", "shop")
CONFIG = ApplicationConfig("shop", "prod", {"a": "1"})


class Delivery:
    """A state to which commands are put one after another, each a second after the last."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.state = RegistryState(10)
        self.limits = limits or Limits()
        self.wall_s = 1000.0

    def do(self, command: Command) -> object:
        self.wall_s += 1.0
        turn = Turn(self.state, (0.0, self.wall_s), self.limits, self.state.revision)
        answer = decide(turn, command)
        for event in turn.events:
            self.state.apply(event, 0.0, self.limits)
        return answer

    def refused(self, command: Command) -> Reason:
        before = self.snapshot()
        with pytest.raises(MusterError) as refusal:
            self.do(command)
        assert self.snapshot() == before
        return refusal.value.reason

    def snapshot(self) -> object:
        delivery = self.state.delivery
        return (
            dict(delivery.things),
            {key: dict(value) for key, value in delivery.configs.items()},
            delivery.count,
            self.state.revision,
        )


@pytest.fixture
def delivery() -> Delivery:
    made = Delivery()
    for thing in (SHOP, PROD, WEB):
        made.do(Create(thing))
    made.do(SetApplicationConfig("n", CONFIG))
    return made


def test_created_thing_has_its_moment_and_a_revision_of_its_own() -> None:
    made = Delivery()

    one, two = made.do(Create(SHOP)), made.do(Create(PROD))

    assert isinstance(one, Application)
    assert isinstance(two, Environment)
    assert (one.create_s, one.update_s, one.revision) == (1001.0, 1001.0, 11)
    assert (two.revision, made.state.revision) == (12, 12)


@pytest.mark.parametrize(
    ("thing", "reason"),
    [
        (Application(namespace="n", id="x", name="SHOP"), Reason.APPLICATION_EXISTS),
        (Environment(namespace="n", id="x", name="Prod"), Reason.ENVIRONMENT_EXISTS),
        (Component(namespace="n", id="x", name="weB", application_id="shop", runtime="Custom"), Reason.COMPONENT_EXISTS),
        (Component(namespace="n", id="x", name="other", application_id="none", runtime="Custom"), Reason.APPLICATION_NOT_FOUND),
        (Component(namespace="m", id="x", name="other", application_id="shop", runtime="Custom"), Reason.APPLICATION_NOT_FOUND),
    ],
)
def test_creation_is_refused(delivery: Delivery, thing: Thing, reason: Reason) -> None:
    assert delivery.refused(Create(thing)) is reason


def test_names_are_free_in_other_places(delivery: Delivery) -> None:
    delivery.do(Create(Application(namespace="m", id="shop-m", name="shop")))
    delivery.do(Create(Application(namespace="n", id="other", name="prod")))
    delivery.do(Create(Component(namespace="n", id="web-2", name="web", application_id="other", runtime="Custom")))

    assert set(delivery.state.delivery.members(Application, "n")) == {"shop", "other"}
    assert set(delivery.state.delivery.members(Component, "other")) == {"web-2"}


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        (Ref(Environment, "n", "shop"), Reason.ENVIRONMENT_NOT_FOUND),
        (Ref(Environment, "m", "prod"), Reason.ENVIRONMENT_NOT_FOUND),
        (Ref(Application, "n", "prod"), Reason.APPLICATION_NOT_FOUND),
        (Ref(Component, "n", "web", "none"), Reason.APPLICATION_NOT_FOUND),
        (Ref(Component, "n", "none", "shop"), Reason.COMPONENT_NOT_FOUND),
    ],
)
def test_what_is_not_there_is_neither_changed_nor_deleted(delivery: Delivery, ref: Ref, reason: Reason) -> None:
    assert delivery.refused(Change(ref, {"description": "d"})) is reason
    assert delivery.refused(Discard(ref)) is reason


def test_component_is_not_found_under_another_application(delivery: Delivery) -> None:
    delivery.do(Create(Application(namespace="n", id="other", name="other")))

    assert delivery.refused(Discard(Ref(Component, "n", "web", "other"))) is Reason.COMPONENT_NOT_FOUND


def test_change_is_later_than_the_last_even_if_the_clock_is_not(delivery: Delivery) -> None:
    before = delivery.state.delivery.find(SHOP_REF)
    delivery.wall_s -= 100.0

    changed = delivery.do(Change(SHOP_REF, {"description": "sells"}))

    assert isinstance(changed, Application)
    assert changed.description == "sells"
    assert changed.update_s > before.update_s
    assert changed.create_s == before.create_s


def test_same_again_is_no_change(delivery: Delivery) -> None:
    before = delivery.snapshot()

    delivery.do(Change(SHOP_REF, {"name": "shop", "description": ""}))
    delivery.do(SetApplicationConfig("n", CONFIG))

    assert delivery.snapshot() == before


def test_name_can_be_changed_in_case_and_its_old_one_is_free(delivery: Delivery) -> None:
    delivery.do(Change(SHOP_REF, {"name": "Shop"}))
    assert delivery.refused(Create(Application(namespace="n", id="x", name="shop"))) is Reason.APPLICATION_EXISTS

    delivery.do(Change(SHOP_REF, {"name": "store"}))
    delivery.do(Create(Application(namespace="n", id="x", name="shop")))
    assert delivery.refused(Change(SHOP_REF, {"name": "SHOP"})) is Reason.APPLICATION_EXISTS


def test_change_on_top_of_another_revision_is_refused(delivery: Delivery) -> None:
    revision = delivery.state.delivery.find(PROD_REF).revision

    assert delivery.refused(Change(PROD_REF, {"description": "d"}, revision + 1)) is Reason.REVISION_MISMATCH
    delivery.do(Change(PROD_REF, {"description": "d"}, revision))


def test_application_goes_with_its_configurations_and_only_without_components(delivery: Delivery) -> None:
    assert delivery.refused(Discard(SHOP_REF)) is Reason.APPLICATION_NOT_EMPTY

    delivery.do(Discard(WEB_REF))
    delivery.do(Discard(SHOP_REF))

    assert list(delivery.state.delivery.things) == ["prod"]
    assert not delivery.state.delivery.configs
    assert delivery.state.delivery.count == 1


def test_environment_goes_with_the_configurations_for_it(delivery: Delivery) -> None:
    delivery.do(Create(Environment(namespace="n", id="test", name="test")))
    delivery.do(SetApplicationConfig("n", ApplicationConfig("shop", "test", {})))

    delivery.do(Discard(PROD_REF))

    assert list(delivery.state.delivery.configs["shop"]) == ["test"]


def test_configuration_needs_both_sides_and_may_be_deleted_twice(delivery: Delivery) -> None:
    assert delivery.refused(SetApplicationConfig("n", ApplicationConfig("none", "prod", {}))) is Reason.APPLICATION_NOT_FOUND
    assert delivery.refused(SetApplicationConfig("n", ApplicationConfig("shop", "none", {}))) is Reason.ENVIRONMENT_NOT_FOUND
    assert delivery.refused(DeleteApplicationConfig("m", "shop", "prod")) is Reason.APPLICATION_NOT_FOUND

    delivery.do(DeleteApplicationConfig("n", "shop", "prod"))
    delivery.do(DeleteApplicationConfig("n", "shop", "prod"))

    assert not delivery.state.delivery.configs


def test_limit_counts_things_and_configurations_together() -> None:
    made = Delivery(Limits(max_delivery=3))
    made.do(Create(SHOP))
    made.do(Create(PROD))
    made.do(SetApplicationConfig("n", CONFIG))

    assert made.refused(Create(WEB)) is Reason.LIMIT_EXCEEDED
    made.do(SetApplicationConfig("n", ApplicationConfig("shop", "prod", {"a": "2"})))
    made.do(DeleteApplicationConfig("n", "shop", "prod"))
    made.do(Create(WEB))
    assert made.refused(SetApplicationConfig("n", CONFIG)) is Reason.LIMIT_EXCEEDED


LONG = "x" * 70_000


@pytest.mark.parametrize(
    "make",
    [
        *(
            lambda name=name: Application(namespace="n", id="x", name=name)
            for name in ("", "a", "1a", "a-", "a_", "ä1", "a b", "a" * 65)
        ),
        lambda: Application(namespace="n", id="x", name="ok", description="d" * 1025),
        lambda: Application(namespace="n", id="x", name="ok", labels={str(n): "" for n in range(65)}),
        lambda: Application(namespace="n", id="x", name="ok", labels={"": ""}),
        lambda: Application(namespace="n", id="x", name="ok", labels={"k": "v" * 1025}),
        lambda: Environment(namespace="n", id="x", name="ok", display_name="d" * 257),
        lambda: Environment(namespace="n", id="x", name="ok", resources=(Resource("ecs", "a"), Resource("ecs", "a", "other"))),
        lambda: Environment(namespace="n", id="x", name="ok", resources=tuple(Resource("ecs", str(n)) for n in range(1001))),
        lambda: Resource("", "a"),
        lambda: Resource("ecs", ""),
        lambda: Component(namespace="n", id="x", name="ok", application_id="a", runtime=""),
        *(lambda name=name: ApplicationConfig("a", "e", {name: ""}) for name in ("", "1a", "a b", "a" * 65, "ä")),
        lambda: ApplicationConfig("a", "e", {"a": LONG}),
        lambda: ApplicationConfig("a", "e", {"a": "\0"}),
        lambda: ApplicationConfig("a", "e", {f"a{n}": "" for n in range(1001)}),
        lambda: ApplicationConfig("a", "e", {f"a{n}": LONG[:60_000] for n in range(20)}),
    ],
)
def test_values_out_of_their_bounds_are_none(make: Callable[[], object]) -> None:
    with pytest.raises(MusterError) as refusal:
        make()

    assert refusal.value.reason is Reason.INVALID_FIELD


@pytest.mark.parametrize("name", ["ab", "a" * 64, "Web-1_x"])
def test_names_within_their_bounds_are_taken(name: str) -> None:
    assert Application(namespace="n", id="x", name=name).name == name
