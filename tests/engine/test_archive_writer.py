"""The bytes of an archive."""

import hashlib
import io

import msgspec
import pytest
from core.worlds import DurableWorld, world_after
from muster_server.core.config_commands import Publish
from muster_server.core.config_model import GrayRule, Note, Text, config_key
from muster_server.core.copying import copied
from muster_server.core.errors import MusterError, Reason
from muster_server.core.namespace_commands import CreateNamespace, Namespace
from muster_server.engine.archive_writer import write_archive

from engine.archives import HEADER, HEADER_LINE, read, written

A = config_key("", "", "a")


def records(data: bytes) -> list[object]:
    position, found = len(HEADER_LINE), []
    while length := int.from_bytes(data[position : position + 4], "big"):
        found.append(msgspec.msgpack.decode(data[position + 4 : position + 4 + length]))
        position += 4 + length
    return found


def test_archive_of_nothing_is_a_line_of_json_and_a_trailer() -> None:
    data = written(DurableWorld())

    end = bytes(4) + bytes(8)
    assert data == HEADER_LINE + end + hashlib.sha256(HEADER_LINE + end).digest()


def test_archive_says_in_words_what_it_holds() -> None:
    rule = GrayRule(labels={"zone": "a"}, priority=2)
    world = world_after(
        CreateNamespace(Namespace("shop", "Shop", "sells")),
        Publish(A, Text("x: 0", "yaml", {"team": "one"})),
        Publish(A, Text("x: 1", "yaml"), "beta", rule, note=Note("ann", "why", "r1")),
    )

    namespace, _, gray = records(written(world))

    assert [namespace, gray] == [
        {"record": "namespace", "name": "shop", "display_name": "Shop", "description": "sells"},
        {
            "record": "release",
            "namespace": "default",
            "group": "DEFAULT_GROUP",
            "name": "a",
            "number": 2,
            "kind": 1,
            "gray": "beta",
            "content": "x: 1",
            "content_type": "yaml",
            "labels": {"team": "one"},
            "encrypted_data_key": "",
            "author": "ann",
            "comment": "why",
            "request_id": "r1",
            "create_time": 1003.0,
            "begin_time": 1003.0,
            "source_number": 0,
            "rule": {"labels": {"zone": "a"}, "addresses": [], "percent": 0, "priority": 2},
        },
    ]


def test_release_that_is_compacted_while_the_archive_is_written_is_left_out() -> None:
    world = world_after(Publish(A, Text("one")), Publish(A, Text("two")))
    world.contents.clear()

    item = read(written(world)).items[0]

    assert [release.number for release in item.releases] == [2]
    assert item.contents == {2: "two"}


def test_archive_that_no_restore_would_take_is_refused() -> None:
    world = world_after(Publish(A, Text("x" * 1000)))
    copy = copied(world.state)

    with pytest.raises(MusterError) as caught:
        write_archive(io.BytesIO(), HEADER, copy, world.content_of, max_bytes=1000)

    assert (caught.value.reason, caught.value.details) == (Reason.TOO_LARGE, {"limit": "1000"})


def test_archive_of_just_the_largest_size_is_written() -> None:
    world = world_after(Publish(A, Text("x" * 1000)))
    size_bytes = len(written(world))

    again = write_archive(io.BytesIO(), HEADER, copied(world.state), world.content_of, max_bytes=size_bytes)
    with pytest.raises(MusterError):
        write_archive(io.BytesIO(), HEADER, copied(world.state), world.content_of, max_bytes=size_bytes - 1)

    assert again == size_bytes
