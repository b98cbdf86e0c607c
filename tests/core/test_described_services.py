"""Services as a whole: described, known without instances, and forgotten."""

import pytest
from muster_server.core.commands import Deregister, Register, ServiceForgotten
from muster_server.core.decide import decide
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import service_key
from muster_server.core.service_commands import (
    CreateService,
    DeleteService,
    ServiceDescribed,
    ServiceDescription,
    ServiceUndescribed,
    UpdateService,
)
from muster_server.core.state import Limits

from core.story import World, ref, registration

API = service_key("shop", "", "api")
SAID = ServiceDescription({"team": "one"}, 0.5, clusters={"east": {"zone": "e"}})


def refused(world: World, command: object) -> MusterError:
    turn = world.turn()
    with pytest.raises(MusterError) as caught:
        decide(turn, command)
    return caught.value


def put(instance_id: str = "1", **fields: object) -> Register:
    return Register(API, registration(instance_id, **fields))


def shown(world: World) -> ServiceDescription | None:
    return world.state.services[API].description


def test_described_service_is_known_with_instances_and_without() -> None:
    world = World()
    world.do(CreateService(API, SAID))
    world.do(put())
    world.do(Deregister(ref("api#1")))

    world.advance(3700)

    assert list(world.state.services) == [API]
    assert shown(world) == ServiceDescription({"team": "one"}, 0.5, clusters={"east": {"zone": "e"}}, revision=1)


def test_service_that_is_described_or_has_instances_is_not_created() -> None:
    world = World()
    world.do(put())

    used = refused(world, CreateService(API, SAID))
    world.do(UpdateService(API, {"metadata": {}}))
    world.do(Deregister(ref("api#1")))
    described = refused(world, CreateService(API, SAID))

    assert (used.reason, described.reason) == (Reason.SERVICE_EXISTS, Reason.SERVICE_EXISTS)


def test_service_that_lately_became_empty_can_be_created() -> None:
    world = World()
    world.do(put())
    world.do(Deregister(ref("api#1")))

    world.do(CreateService(API, SAID))
    world.advance(3700)

    assert shown(world) is not None


def test_update_changes_what_is_named_and_the_clusters_that_are_named() -> None:
    world = World()
    world.do(CreateService(API, SAID))

    world.do(UpdateService(API, {"protect_threshold": None, "clusters": {"west": {"zone": "w"}}}))
    world.do(UpdateService(API, {"clusters": {"east": {}}}))

    assert shown(world) == ServiceDescription({"team": "one"}, None, clusters={"east": {}, "west": {"zone": "w"}}, revision=3)


def test_update_of_an_undescribed_service_describes_it_by_the_kind_it_holds() -> None:
    world = World()
    world.do(put(is_persistent=True, lease=None))

    events = world.do(UpdateService(API, {"metadata": {"a": "b"}}))

    assert events == [ServiceDescribed(API, ServiceDescription({"a": "b"}, is_persistent=True, revision=2))]


def test_update_to_what_is_there_is_no_change() -> None:
    world = World()
    world.do(CreateService(API, SAID))

    assert world.do(UpdateService(API, {"metadata": {"team": "one"}})) == []


def test_delete_forgets_an_empty_service_and_what_was_said_of_it() -> None:
    world = World()
    world.do(CreateService(API, SAID))

    events = world.do(DeleteService(API))

    assert events == [ServiceUndescribed(API, 2), ServiceForgotten(API)]
    assert (world.state.services, world.state.described_tally["shop"], world.state.service_tally["shop"]) == ({}, 0, 0)


def test_delete_of_a_service_that_lately_became_empty_forgets_it_for_good() -> None:
    world = World()
    world.do(put())
    world.do(Deregister(ref("api#1")))

    world.do(DeleteService(API))
    events = world.advance(3700)

    assert (world.state.services, events) == ({}, [])


def test_delete_of_a_service_with_instances_is_refused() -> None:
    world = World()
    world.do(put())

    error = refused(world, DeleteService(API))

    assert (error.reason, error.details) == (Reason.SERVICE_NOT_EMPTY, {"instance_count": "1"})


@pytest.mark.parametrize("command", [UpdateService(API, {"metadata": {}}), DeleteService(API)])
def test_unknown_service_is_not_found(command: object) -> None:
    assert refused(World(), command).reason is Reason.SERVICE_NOT_FOUND


def test_described_services_count_against_the_limit() -> None:
    world = World(Limits(max_services=1))
    world.do(CreateService(API, SAID))

    error = refused(world, CreateService(service_key("shop", "", "db"), SAID))

    assert (error.reason, error.details) == (Reason.LIMIT_EXCEEDED, {"limit": "1"})


def test_kind_of_a_service_is_that_of_its_instances_else_what_it_is_meant_for() -> None:
    world = World()
    world.do(CreateService(API, ServiceDescription(is_persistent=True)))

    meant = world.state.services[API].is_persistent
    world.do(put())

    assert (meant, world.state.services[API].is_persistent) == (True, False)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan"), float("inf")])
def test_threshold_is_a_share(threshold: float) -> None:
    with pytest.raises(MusterError, match="protect_threshold: must be between 0 and 1"):
        ServiceDescription(protect_threshold=threshold)


@pytest.mark.parametrize(
    ("clusters", "field"),
    [
        ({str(number): {} for number in range(101)}, "clusters"),
        ({"": {}}, "clusters.name"),
        ({"c" * 257: {}}, "clusters.name"),
        ({"a": {"": "v"}}, "metadata key"),
        ({"a": {"k": "v" * 40_000}, "b": {"k": "v" * 40_000}}, "metadata"),
    ],
)
def test_clusters_out_of_bounds_are_refused(clusters: dict[str, dict[str, str]], field: str) -> None:
    with pytest.raises(MusterError) as caught:
        ServiceDescription(clusters=clusters)

    assert caught.value.details == {"field": field}
