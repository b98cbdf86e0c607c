"""Copies of what is durable."""

import contextlib

import hypothesis.strategies as st
from hypothesis import given
from muster_server.core.commands import Register
from muster_server.core.config_commands import Publish
from muster_server.core.config_model import Text, config_key
from muster_server.core.copying import copied
from muster_server.core.errors import MusterError
from muster_server.core.model import Lease, service_key

from core.story import registration
from core.worlds import NAMESPACES, DurableWorld, commands, worlds


def test_copy_of_an_item_holds_its_history_and_the_contents_that_lines_show() -> None:
    world, key = DurableWorld(), config_key("", "", "a")
    for content in ("one", "two"):
        world.do(Publish(key, Text(content)))

    item = copied(world.state).items[0]

    assert [release.number for release in item.releases] == [1, 2]
    assert item.contents == {2: "two"}


def test_copy_leaves_ephemeral_instances_out() -> None:
    world = DurableWorld()
    for name, fields in (("a", {"lease": Lease()}), ("b", {"lease": None, "is_persistent": True})):
        world.do(Register(service_key("", "", name), registration("1", **fields)))

    copy = copied(world.state)

    assert [key.name for key, _ in copy.instances] == ["b"]


@given(worlds, st.lists(commands, max_size=5))
def test_copy_stays_as_it_is_when_the_world_goes_on(world: DurableWorld, later: list[object]) -> None:
    copy, same = copied(world.state), copied(world.state)

    for command in later:
        with contextlib.suppress(MusterError):
            world.do(command)

    assert copy == same


@given(worlds)
def test_copies_of_each_namespace_are_together_the_copy_of_all(world: DurableWorld) -> None:
    whole, parts = copied(world.state), [copied(world.state, name) for name in [*NAMESPACES, "empty"]]

    for part, name in zip(parts, [*NAMESPACES, "empty"], strict=True):
        assert part.namespace_names() <= {name}
    assert sorted(laid.instance_id for part in parts for laid in part.overrides) == sorted(o.instance_id for o in whole.overrides)
    assert sum(len(part.items) for part in parts) == len(whole.items)
    assert sum(len(part.instances) for part in parts) == len(whole.instances)
    assert sum(len(part.namespaces) for part in parts) == len(whole.namespaces)
