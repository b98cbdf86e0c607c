"""Namespaces: described, used, and taken away with all that is in them."""

import pytest
from muster_server.core.commands import Deregister, Event, OpenSession, Register, Removed, SetAdminState
from muster_server.core.config_commands import ConfigReleased, Delete, Publish
from muster_server.core.config_model import ConfigKey, ReleaseKind, Text, config_key
from muster_server.core.decide import decide
from muster_server.core.delivery_commands import Create
from muster_server.core.delivery_model import Application, Environment
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import AdminState, Registration, RemovalReason, service_key
from muster_server.core.namespace_commands import (
    CreateNamespace,
    DeleteNamespace,
    Namespace,
    NamespaceDeleted,
    NamespaceDescribed,
    UpdateNamespace,
)
from muster_server.core.namespaces import summaries, summary
from muster_server.core.service_commands import CreateService, ServiceDescription, UpdateService
from muster_server.core.state import Limits

from core.story import World, ref, registration
from core.test_delivery import PROD
from core.test_delivery import SHOP as SHOP_APPLICATION

SHOP = Namespace("shop", "The shop", "sells things")


def config(name: str, namespace: str = "shop") -> ConfigKey:
    return config_key(namespace, "", name)


def publish(name: str, namespace: str = "shop") -> Publish:
    return Publish(config(name, namespace), Text(f"content of {name}"))


def put(name: str, *, namespace: str = "shop", session: str | None = None, **fields: object) -> Register:
    service, _, instance_id = name.partition("#")
    said: Registration = registration(instance_id, **fields)
    return Register(service_key(namespace, "", service), said, session)


def described(name: str) -> CreateService:
    return CreateService(service_key("shop", "", name), ServiceDescription())


def persistent(name: str, namespace: str = "shop") -> Register:
    return put(name, namespace=namespace, is_persistent=True, lease=None)


def answer(world: World, command: object) -> object:
    turn = world.turn()
    answered = decide(turn, command)
    world.settle(turn)
    return answered


def refusal(world: World, command: object) -> MusterError:
    before, turn = (world.state.revision, summaries(world.state)), world.turn()
    with pytest.raises(MusterError) as caught:
        decide(turn, command)
    assert before == (world.state.revision, summaries(world.state))
    return caught.value


def counts(world: World, name: str = "shop") -> tuple[int, int, int]:
    found = summary(world.state, name)
    return found.service_count, found.instance_count, found.config_count


def names(world: World) -> list[str]:
    return [found.namespace.name for found in summaries(world.state)]


def test_namespaces_of_an_empty_registry_are_the_default_one() -> None:
    world = World()

    found = summaries(world.state)

    assert [(entry.namespace.name, entry.is_described) for entry in found] == [("default", False)]


def test_create_describes_a_namespace_at_a_revision_of_its_own() -> None:
    world = World()

    created = answer(world, CreateNamespace(SHOP))

    assert created == Namespace("shop", "The shop", "sells things", 1)
    assert world.state.revision == 1
    assert [(entry.namespace.display_name, entry.is_described) for entry in summaries(world.state)] == [
        ("", False),
        ("The shop", True),
    ]


@pytest.mark.parametrize("name", ["shop", "default"])
def test_create_of_a_namespace_that_exists_is_refused(name: str) -> None:
    world = World()
    world.do(CreateNamespace(SHOP))

    error = refusal(world, CreateNamespace(Namespace(name)))

    assert error.reason is Reason.NAMESPACE_EXISTS


def test_create_of_a_namespace_that_is_only_used_describes_it() -> None:
    world = World()
    world.do(put("api#1"))

    world.do(CreateNamespace(SHOP))

    assert summary(world.state, "shop").is_described
    assert counts(world) == (1, 1, 0)


def test_create_beyond_the_limit_is_refused() -> None:
    world = World(Limits(max_namespaces=1))
    world.do(CreateNamespace(SHOP))

    errors = [refusal(world, CreateNamespace(Namespace("other"))), refusal(world, UpdateNamespace(Namespace("default")))]

    assert [(error.reason, error.details) for error in errors] == [(Reason.LIMIT_EXCEEDED, {"limit": "1"})] * 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        (("",), "namespace.name"),
        (("a\nb",), "namespace.name"),
        (("x" * 4097,), "namespace.name"),
        (("x", "y" * 257), "namespace.display_name"),
        (("x", "", "y" * 1025), "namespace.description"),
        (("x", "", "\x00"), "namespace.description"),
    ],
)
def test_namespace_out_of_its_bounds_is_refused(fields: tuple[str, ...], field: str) -> None:
    with pytest.raises(MusterError) as caught:
        Namespace(*fields)

    assert (caught.value.reason, caught.value.details) == (Reason.INVALID_FIELD, {"field": field})


@pytest.mark.parametrize("before", [CreateNamespace(SHOP), put("api#1"), publish("a")], ids=["described", "instance", "config"])
def test_update_of_a_namespace_that_is_there_replaces_the_description(before: object) -> None:
    world = World()
    world.do(before)

    world.do(UpdateNamespace(Namespace("shop", "Another")))

    found = summary(world.state, "shop")
    assert (found.namespace.display_name, found.namespace.description, found.is_described) == ("Another", "", True)


def test_update_with_the_same_description_changes_nothing() -> None:
    world = World()
    world.do(CreateNamespace(SHOP))

    events = world.do(UpdateNamespace(SHOP))

    assert events == []
    assert answer(world, UpdateNamespace(SHOP)) == Namespace("shop", "The shop", "sells things", 1)


def test_update_of_default_describes_it_without_its_being_created() -> None:
    world = World()

    events = world.do(UpdateNamespace(Namespace("default", "The first")))

    assert events == [NamespaceDescribed(Namespace("default", "The first", "", 1))]


def test_update_of_a_namespace_that_is_nowhere_is_refused() -> None:
    assert refusal(World(), UpdateNamespace(SHOP)).reason is Reason.NAMESPACE_NOT_FOUND


def test_counts_follow_what_comes_and_goes() -> None:
    world = World(Limits(service_retention_s=60.0))
    steps = [
        (put("api#1"), (1, 1, 0)),
        (put("api#2"), (1, 2, 0)),
        (put("api#2", weight=2.0), (1, 2, 0)),
        (persistent("web#1"), (2, 3, 0)),
        (publish("a"), (2, 3, 1)),
        (publish("b"), (2, 3, 2)),
        (Delete(config("a")), (2, 3, 1)),
        (Deregister(ref("shop/web#1")), (2, 2, 1)),
        (put("api#1", namespace="other"), (2, 2, 1)),
    ]

    seen = []
    for command, _ in steps:
        world.do(command)
        seen.append(counts(world))
    world.advance(90)

    assert seen == [expected for _, expected in steps]
    assert counts(world) == (0, 0, 1)
    assert names(world) == ["default", "shop"]


def test_delete_of_a_described_and_empty_namespace_takes_the_description_away() -> None:
    world = World()
    world.do(CreateNamespace(SHOP))

    deleted = answer(world, DeleteNamespace("shop"))

    assert deleted == NamespaceDeleted(0, 0)
    assert names(world) == ["default"]
    assert world.state.revision == 2


def test_delete_of_a_namespace_in_use_is_refused_and_says_what_is_in_it() -> None:
    world = World()
    for command in (CreateNamespace(SHOP), put("api#1"), put("api#2"), publish("a"), described("db")):
        world.do(command)

    error = refusal(world, DeleteNamespace("shop"))

    assert error.reason is Reason.NAMESPACE_NOT_EMPTY
    assert error.details == {"instance_count": "2", "service_count": "1", "config_count": "1", "definition_count": "0"}


def test_described_service_uses_its_namespace_and_goes_with_it_by_force() -> None:
    world = World()
    for command in (described("db"), put("api#1"), UpdateService(service_key("shop", "", "api"), {"metadata": {"a": "b"}})):
        world.do(command)

    assert counts(world) == (2, 1, 0)
    world.do(DeleteNamespace("shop", is_forced=True))

    assert [entry.namespace.name for entry in summaries(world.state)] == ["default"]
    assert list(world.state.services) == [service_key("shop", "", "api")]  # known for a while, as any that becomes empty
    world.advance(3601)
    assert world.state.services == {}


@pytest.mark.parametrize("is_forced", [False, True])
@pytest.mark.parametrize(
    ("name", "reason"),
    [("default", Reason.NAMESPACE_DEFAULT), ("nobody's", Reason.NAMESPACE_NOT_FOUND), ("", Reason.INVALID_FIELD)],
)
def test_delete_of_default_or_of_nothing_is_refused(name: str, reason: Reason, is_forced: bool) -> None:
    world = World()
    world.do(put("api#1", namespace="default"))

    assert refusal(world, DeleteNamespace(name, is_forced)).reason is reason


def removals(events: list[Event]) -> list[tuple[str, RemovalReason]]:
    return [(event.previous.instance_id, event.reason) for event in events if isinstance(event, Removed)]


@pytest.mark.parametrize("thing", [SHOP_APPLICATION, PROD])
@pytest.mark.parametrize("is_forced", [False, True])
def test_namespace_in_which_something_is_delivered_is_not_deleted(thing: Application | Environment, is_forced: bool) -> None:
    world = World()
    world.do(CreateNamespace(Namespace("n", "", "")))
    world.do(Create(thing))

    with pytest.raises(MusterError) as refusal:
        world.do(DeleteNamespace("n", is_forced))

    assert refusal.value.reason is Reason.NAMESPACE_NOT_EMPTY
    assert "n" in world.state.namespaces


def test_forced_delete_takes_instances_of_every_kind_for_the_reason_admin() -> None:
    world = World()
    world.do(OpenSession("s1", 1, "client", None, 5.0))
    for command in (put("api#1"), put("api#2"), persistent("db#3"), put("web#4", session="s1", lease=None)):
        world.do(command)
    world.do(put("api#1", namespace="shop2"))
    world.do(put("api#1", namespace="sho"))

    events = world.do(DeleteNamespace("shop", is_forced=True))

    assert removals(events) == [(instance_id, RemovalReason.ADMIN) for instance_id in "1234"]
    assert world.state.session_instances == {"s1": {}}
    assert [(name, counts(world, name)) for name in ("shop", "sho", "shop2")] == [
        ("shop", (3, 0, 0)),
        ("sho", (1, 1, 0)),
        ("shop2", (1, 1, 0)),
    ]
    assert names(world) == ["default", "sho", "shop2"]


def test_forced_delete_ends_configs_and_keeps_their_history() -> None:
    world = World()
    for command in (publish("a"), publish("b"), Delete(config("b")), publish("a", "other")):
        world.do(command)

    events = world.do(DeleteNamespace("shop", is_forced=True))

    assert [
        (event.key.name, event.release.kind, event.release.number) for event in events if isinstance(event, ConfigReleased)
    ] == [("a", ReleaseKind.DELETED, 2)]
    assert list(world.state.configs.items[config("a")].releases) == [1, 2]
    assert world.state.configs.live_count == 1
    assert world.state.configs.live_bytes == len("content of a")


def test_forced_delete_gives_each_change_a_revision_of_its_own() -> None:
    world = World()
    for command in (CreateNamespace(SHOP), put("api#1"), persistent("db#1"), publish("a"), publish("b")):
        world.do(command)

    deleted = answer(world, DeleteNamespace("shop", is_forced=True))

    assert deleted == NamespaceDeleted(2, 2)
    assert world.state.revision == 5 + 2 + 2 + 1


def test_forced_delete_of_a_guarded_service_opens_its_guard() -> None:
    world = World()
    for instance_id in "12345":
        world.do(put(f"api#{instance_id}"))
    world.advance(11)
    key = service_key("shop", "", "api")
    assert world.state.services[key].is_guarded

    world.do(DeleteNamespace("shop", is_forced=True))

    assert not world.state.services[key].is_guarded
    world.advance(600)
    assert counts(world) == (1, 0, 0)


def test_override_of_an_instance_that_goes_with_its_namespace_is_kept_for_a_while() -> None:
    world = World(Limits(override_retention_s=60.0))
    world.do(put("api#1"))
    world.do(SetAdminState(ref("shop/api#1"), AdminState.DISABLED))

    world.do(DeleteNamespace("shop", is_forced=True))
    kept = len(world.state.overrides)
    world.advance(61)

    assert (kept, len(world.state.overrides)) == (1, 0)
