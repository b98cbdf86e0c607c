"""Archives as values: whose they are, and the same in another namespace."""

import pytest
from hypothesis import given
from muster_server.core.archive import Archive
from muster_server.core.config_commands import Publish
from muster_server.core.config_model import Text, config_key
from muster_server.core.errors import MusterError
from muster_server.core.namespace_commands import Namespace

from core.worlds import DurableWorld, world_after, worlds


@given(worlds)
def test_archive_of_one_namespace_moves_with_all_that_is_in_it(world: DurableWorld) -> None:
    archive = world.archive("shop")

    moved = archive.moved("other")

    assert moved.namespace_names() <= {"other"}
    assert moved.moved("shop") == archive


def test_archive_of_several_namespaces_does_not_move() -> None:
    archive = Archive((Namespace("one"), Namespace("two")))

    with pytest.raises(MusterError) as caught:
        archive.moved("other")

    assert caught.value.details == {"field": "into_namespace"}


def test_archive_does_not_move_where_its_names_get_too_long() -> None:
    archive = world_after(Publish(config_key("", "g" * 4000, "n" * 4000), Text("x"))).archive()

    with pytest.raises(MusterError) as caught:
        archive.moved("x" * 200)

    assert caught.value.details == {"field": "into_namespace"}
