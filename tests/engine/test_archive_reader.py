"""What is read of an archive, and where it says that one is broken."""

import io
from typing import Any

import hypothesis.strategies as st
import pytest
from core.story import ref
from core.worlds import DurableWorld, histories, order, seen, world_after, worlds
from hypothesis import given
from muster_server.core.commands import Register, SetAdminState
from muster_server.core.config_commands import Delete, Publish
from muster_server.core.config_model import GrayRule, Text, config_key
from muster_server.core.errors import MusterError
from muster_server.core.model import AdminState, Endpoint, Registration, service_key
from muster_server.core.namespace_commands import CreateNamespace, Namespace
from muster_server.core.restore_commands import RestoreArchive
from muster_server.engine.archive_reader import read_archive

from engine.archives import HEADER, HEADER_LINE, offset_of, read, sealed, written

A = config_key("shop", "", "a")
PERSISTENT = Registration((Endpoint("http", "h", 80),), "1", is_persistent=True)
SMALL = world_after(
    CreateNamespace(Namespace("shop", "Shop")),
    Publish(A, Text("one")),
    Publish(A, Text("zwei"), "beta", GrayRule(percent=5)),
    Delete(A),
    Register(service_key("shop", "", "api"), PERSISTENT),
    SetAdminState(ref("api#1"), AdminState.DISABLED, "ann"),
)


def refusal(data: bytes) -> MusterError:
    with pytest.raises(MusterError) as caught:
        read(data)
    return caught.value


@given(worlds)
def test_archive_of_any_world_reads_as_what_was_written(world: DurableWorld) -> None:
    here = DurableWorld()

    here.answer(RestoreArchive(read(written(world))))

    assert seen(here) == seen(world)
    assert histories(here) == histories(world)
    assert order(here) == order(world)


def test_header_of_an_archive_says_of_which_moment_it_is() -> None:
    header, _ = read_archive(io.BytesIO(written(SMALL)))

    assert header == HEADER


def test_archive_with_any_bit_of_a_byte_flipped_is_refused_at_an_offset_within_it() -> None:
    data = written(SMALL)

    offsets = []
    for position in range(len(data)):
        for mask in (0x01, 0x80):
            broken = bytearray(data)
            broken[position] ^= mask
            offsets.append((position, offset_of(refusal(bytes(broken)))))

    assert all(0 <= offset <= len(data) for _, offset in offsets)
    at_trailer = {offset for position, offset in offsets if position >= len(data) - 32}
    assert at_trailer == {len(data) - 44}


def test_archive_cut_off_anywhere_is_refused_at_its_end() -> None:
    data = written(SMALL)

    found = [offset_of(refusal(data[:length])) for length in range(len(data))]

    assert found == list(range(len(data)))


def test_archive_with_anything_after_it_is_refused_there() -> None:
    data = written(SMALL)

    assert offset_of(refusal(data + b"\n")) == len(data)
    assert offset_of(refusal(data + data)) == len(data)


@given(st.binary(max_size=200))
def test_anything_else_is_refused(data: bytes) -> None:
    assert offset_of(refusal(data)) <= len(data)


@given(st.lists(st.recursive(st.none() | st.booleans() | st.integers(-5, 300) | st.text(max_size=5), st.lists, max_leaves=5)))
def test_archive_of_nonsense_with_a_right_checksum_is_refused(records: list[object]) -> None:
    if records:
        assert offset_of(refusal(sealed(*records))) == len(HEADER_LINE)


@pytest.mark.parametrize(
    "header",
    [
        b"\n",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b"{" + b" " * (64 << 10) + b"}\n",
        HEADER_LINE.replace(b"muster-backup", b"other-backup"),
        HEADER_LINE.replace(b'"version":1', b'"version":2'),
        HEADER_LINE.replace(b'"version":1', b'"version":"1"'),
        HEADER_LINE.replace(b'"version":1', b'"version":true'),
        HEADER_LINE.replace(b'"version":1,', b""),
        HEADER_LINE.replace(b'"epoch":5,', b""),
        HEADER_LINE.replace(b'"epoch":5,', b'"epoch":5,"new":1,'),
        HEADER_LINE.replace(b"2026-01-31T12:00:00Z", b"yesterday"),
    ],
)
def test_archive_with_another_first_line_is_refused_at_its_beginning(header: bytes) -> None:
    assert offset_of(refusal(sealed(header=header))) == 0


def release(**fields: Any) -> dict[str, Any]:
    made = {"record": "release", "namespace": "shop", "group": "g", "name": "a", "number": 1, "kind": 1, "gray": "", "content": "x"}
    made |= {"content_type": "text", "labels": {}, "encrypted_data_key": "", "author": "", "comment": "", "request_id": ""}
    return made | {"create_time": 1.0, "begin_time": 1.0, "source_number": 0, "rule": None} | fields


def instance(**fields: Any) -> dict[str, Any]:
    made = {"record": "instance", "namespace": "shop", "group": "g", "name": "a", "instance_id": "1", "cluster": "c", "weight": 1.0}
    made |= {"endpoints": [["http", "h", 80]], "metadata": {}, "health": 1, "declared_state": 1, "registered_health": 1}
    return made | {"create_time": 1.0, "update_time": 1.0} | fields


def override(**fields: Any) -> dict[str, Any]:
    made = {"record": "override", "namespace": "shop", "group": "g", "name": "a", "instance_id": "1", "state": 2}
    return made | {"author": "", "comment": "", "set_time": 1.0} | fields


def service(**fields: Any) -> dict[str, Any]:
    made = {"record": "service", "namespace": "shop", "group": "g", "name": "a", "metadata": {}}
    return made | {"protect_threshold": None, "persistent": False, "clusters": {}} | fields


def definition(**fields: Any) -> dict[str, Any]:
    made = {"record": "definition", "namespace": "shop", "group": "g", "name": "a", "environment": "", "version": "1.0"}
    made |= {"definition_id": "d", "alias": "", "description": "", "properties": {}, "tags": {}, "schema_ids": ["s"]}
    return made | {"cross_group": False, "attributes": {}, "create_time": 1.0, "providers": [["g", "b"]]} | fields


def schema(**fields: Any) -> dict[str, Any]:
    made = {"record": "schema", "namespace": "shop", "definition_id": "d", "schema_id": "s", "content": "x", "summary": ""}
    return made | fields


def namespace(**fields: Any) -> dict[str, Any]:
    return {"record": "namespace", "name": "shop", "display_name": "", "description": ""} | fields


RULE = {"labels": {}, "addresses": [], "percent": 5, "priority": 0}


def test_archive_by_hand_is_read() -> None:
    records = [release(), release(number=5, gray="beta", rule=RULE), instance(), override(), definition(), schema()]
    archive = read(sealed(namespace(), *records))

    assert (len(archive.namespaces), len(archive.instances), len(archive.overrides)) == (1, 1, 1)
    assert [(one.definition.definition_id, one.schemas[0].content, one.providers[0].name) for one in archive.definitions] == [
        ("d", "x", "b")
    ]
    assert archive.items[0].contents == {1: "x", 5: "x"}


@pytest.mark.parametrize(
    "records",
    [
        [{"record": "user", "name": "ann"}],
        [{"name": "no record"}],
        [namespace(), namespace()],
        [namespace(name="")],
        [namespace(description="x" * 1025)],
        [namespace(extra=1)],
        [{"record": "namespace", "name": "shop", "display_name": ""}],
        [release(), release()],
        [release(number=2), release(number=1)],
        [release(number=0)],
        [release(number=2**63)],
        [release(namespace="")],
        [release(group="")],
        [release(name="")],
        [release(name="a\nb")],
        [release(kind=0)],
        [release(kind=9)],
        [release(kind=4)],
        [release(content=None)],
        [release(content=7)],
        [release(content_type="no type")],
        [release(gray="x" * 129, rule=RULE)],
        [release(gray="beta")],
        [release(gray="beta", rule=RULE | {"percent": 101})],
        [release(gray="beta", rule=RULE | {"labels": {"a": "b"}})],
        [release(labels={"": "x"})],
        [release(labels={str(number): "" for number in range(65)})],
        [release(author="x" * 257)],
        [release(create_time=float("nan"))],
        [release(create_time=-1.0)],
        [release(create_time=1e15)],
        [release(begin_time=1e15)],
        [release(source_number=-1)],
        [instance(), instance()],
        [instance(instance_id="")],
        [instance(endpoints=[])],
        [instance(endpoints=[["http", "h", 65536]])],
        [instance(weight=float("inf"))],
        [instance(health=9)],
        [instance(metadata={"k": "v" * 70000})],
        [instance(update_time=float("inf"))],
        [instance(cluster="")],
        [service(), service()],
        [service(name="")],
        [service(protect_threshold=1.5)],
        [service(clusters={"": {}})],
        [override(), override()],
        [override(state=0)],
        [override(state=None)],
        [override(weight=-1.0)],
        [override(metadata={"": "v"})],
        [override(instance_id="")],
        [override(comment="x" * 1025)],
        [override(set_time=float("nan"))],
        [definition(), definition()],
        [definition(definition_id="")],
        [definition(definition_id="a b")],
        [definition(version="1.x")],
        [definition(name="a@test")],
        [definition(schema_ids=["s"] * 101)],
        [definition(providers=[["", "b"]])],
        [definition(providers=[["g"]])],
        [definition(create_time=-1.0)],
        [schema()],
        [definition(), schema(), schema()],
        [definition(), schema(schema_id="other")],
        [definition(), schema(content="")],
        [definition(), schema(namespace="other")],
    ],
)
def test_record_that_cannot_be_is_refused_where_it_stands(records: list[dict[str, Any]]) -> None:
    data, good = sealed(*records), sealed(*records[:-1])

    error = refusal(data)

    assert offset_of(error) == len(good) - 44


def test_record_that_is_deeply_nested_is_refused() -> None:
    nested: bytes = b"\x81\xa1x" + b"\x91" * 100_000 + b"\xc0"
    data = HEADER_LINE + len(nested).to_bytes(4, "big") + nested

    assert offset_of(refusal(data)) == len(HEADER_LINE)


def test_record_that_says_to_be_huge_is_refused_before_it_is_read() -> None:
    assert offset_of(refusal(HEADER_LINE + b"\xff\xff\xff\xff")) == len(HEADER_LINE)


def test_text_that_is_no_utf8_is_refused() -> None:
    data = sealed(namespace(display_name="ABCD")).replace(b"ABCD", b"\xff\xfe\xfd\xfc")

    assert offset_of(refusal(data)) == len(HEADER_LINE)


def test_trailer_with_another_count_is_refused() -> None:
    assert offset_of(refusal(sealed(namespace(), count=2))) == len(sealed(namespace())) - 44
