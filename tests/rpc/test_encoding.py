"""Hand-joined bytes are what protobuf itself would have written."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from muster.registry.v1 import discovery_service_pb2 as wire
from muster.registry.v1 import instance_pb2
from muster_server.core.commands import AddressQuery, InstanceRef
from muster_server.core.errors import Reason
from muster_server.core.model import (
    Address,
    AdminState,
    Endpoint,
    Health,
    Instance,
    Lease,
    Override,
    Registration,
    RemovalReason,
    ServiceKey,
)
from muster_server.engine.encoder import Head
from muster_server.rpc.decoding import decode_ref
from muster_server.rpc.encoding import MAX_PART_BYTES, WatchEncoder, duration, instance_message, ref_message, timestamp

ENCODER = WatchEncoder()
KEY = ServiceKey("default", "DEFAULT_GROUP", "api")
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
SECONDS = st.floats(0.1, 86400.0).map(lambda value: round(value, 3))
REVISION = st.integers(1, 2**63 - 1)
WALL = st.floats(0, 4e9)


@st.composite
def registrations(draw: Any) -> Registration:
    is_persistent = draw(st.booleans())
    lease = st.none() if is_persistent else st.none() | st.builds(Lease, SECONDS, SECONDS, st.booleans())
    return Registration(
        endpoints=tuple(
            draw(
                st.lists(
                    st.builds(Endpoint, st.sampled_from(["", "grpc", "h2+tls"]), TEXT, st.integers(0, 65535)),
                    min_size=1,
                    max_size=3,
                )
            )
        ),
        instance_id=draw(TEXT),
        cluster=draw(TEXT),
        weight=draw(st.floats(0, 1e6)),
        metadata=draw(st.dictionaries(TEXT, st.text(st.characters(exclude_categories=("Cs",)), max_size=20), max_size=3)),
        is_persistent=is_persistent,
        lease=draw(lease),
        health=draw(st.sampled_from(Health)),
        declared_state=draw(st.sampled_from(AdminState)),
    )


INSTANCES = st.builds(
    Instance,
    said=registrations(),
    health=st.sampled_from(Health),
    override=st.none() | st.builds(Override, st.sampled_from(AdminState), TEXT, TEXT, WALL),
    session=st.none() | TEXT,
    revision=REVISION,
    create_revision=REVISION,
    create_time=WALL,
    update_time=WALL,
)
MANY = st.lists(INSTANCES, max_size=4)
FEW = settings(max_examples=40, deadline=None)


def service() -> instance_pb2.ServiceRef:
    return instance_pb2.ServiceRef(namespace=KEY.namespace, group=KEY.group, name=KEY.name)


@FEW
@given(MANY, REVISION, REVISION, st.booleans())
def test_joined_list_is_what_protobuf_writes(instances: list[Instance], revision: int, epoch: int, is_warming_up: bool) -> None:
    expected = wire.ListInstancesResponse(
        instances=map(instance_message, instances), revision=revision, epoch=epoch, warming_up=is_warming_up
    )

    joined = ENCODER.list_response(list(map(ENCODER.fragment, instances)), Head(revision, epoch, is_warming_up=is_warming_up))

    assert wire.ListInstancesResponse.FromString(joined) == expected
    assert len(joined) == expected.ByteSize()


@FEW
@given(MANY, st.lists(st.tuples(TEXT, st.sampled_from(RemovalReason), REVISION), max_size=3), REVISION, REVISION)
def test_joined_delta_is_what_protobuf_writes(
    puts: list[Instance], removals: list[tuple[str, RemovalReason, int]], revision: int, previous: int
) -> None:
    gone = [wire.WatchResponse.Removal(instance_id=one, reason=int(why), revision=at) for one, why, at in removals]
    delta = wire.WatchResponse.Delta(
        puts=map(instance_message, puts), removals=gone, service=service(), revision=revision, prev_revision=previous
    )

    joined = ENCODER.delta(
        KEY, list(map(ENCODER.fragment, puts)), [ENCODER.removal(*removal) for removal in removals], (revision, previous)
    )

    assert wire.WatchResponse.FromString(joined) == wire.WatchResponse(delta=delta)
    assert len(joined) == wire.WatchResponse(delta=delta).ByteSize()


@FEW
@given(MANY, REVISION, REVISION, st.booleans(), st.booleans())
def test_joined_snapshot_of_a_small_service_is_one_frame_as_protobuf_writes_it(
    instances: list[Instance], revision: int, epoch: int, is_reset: bool, is_warming_up: bool
) -> None:
    snapshot = wire.WatchResponse.Snapshot(
        instances=map(instance_message, instances),
        service=service(),
        revision=revision,
        epoch=epoch,
        reset=is_reset,
        warming_up=is_warming_up,
    )

    head = Head(revision, epoch, is_reset=is_reset, is_warming_up=is_warming_up)
    frames = ENCODER.snapshot(KEY, list(map(ENCODER.fragment, instances)), head)

    assert [wire.WatchResponse.FromString(frame) for frame in frames] == [wire.WatchResponse(snapshot=snapshot)]
    assert len(frames[0]) == wire.WatchResponse(snapshot=snapshot).ByteSize()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from([10, 60_000, 400_000, MAX_PART_BYTES - 1, MAX_PART_BYTES, MAX_PART_BYTES + 1]), max_size=6))
def test_snapshot_in_parts_loses_nothing_and_only_the_last_part_is_the_last(sizes: list[int]) -> None:
    sent = [instance_pb2.Instance(instance_id=f"{number}:" + "x" * size) for number, size in enumerate(sizes)]
    fragments = [wire.ListInstancesResponse(instances=[one]).SerializeToString() for one in sent]

    frames = ENCODER.snapshot(KEY, fragments, Head(7, 8, 0.0, is_reset=True, is_warming_up=True))

    parts = [wire.WatchResponse.FromString(frame).snapshot for frame in frames]
    assert [one for part in parts for one in part.instances] == sent
    assert [part.more for part in parts] == [True] * (len(parts) - 1) + [False]
    assert [part.reset for part in parts] == [True] + [False] * (len(parts) - 1)
    assert all(part.HasField("protect_threshold") for part in parts)
    assert all((part.revision, part.epoch, part.warming_up, part.service) == (7, 8, True, service()) for part in parts)
    assert all(len(frame) < MAX_PART_BYTES + 1000 for frame, part in zip(frames, parts, strict=True) if len(part.instances) > 1)


def test_other_frames_are_of_their_kind() -> None:
    frames = [
        ENCODER.bookmark(7, 8, is_warming_up=True),
        ENCODER.cancelled(KEY, Reason.UNKNOWN_REVISION, "why"),
        ENCODER.reconnect_after(1.5),
    ]

    bookmark, cancelled, reconnect = map(wire.WatchResponse.FromString, frames)

    assert (bookmark.bookmark.revision, bookmark.bookmark.epoch, bookmark.bookmark.warming_up) == (7, 8, True)
    assert (cancelled.cancelled.service, cancelled.cancelled.reason, cancelled.cancelled.message) == (service(), 11, "why")
    assert reconnect.reconnect_after.delay.ToTimedelta().total_seconds() == 1.5


@given(st.floats(0, 1e9))
@example(0.9999999999)
def test_duration_is_valid_and_within_a_microsecond(seconds: float) -> None:
    message = duration(seconds)

    assert 0 <= message.nanos < 1_000_000_000
    assert abs(message.seconds + message.nanos / 1e9 - seconds) < 1e-6


@given(st.floats(0, 4e9))
def test_timestamp_is_valid_and_within_a_microsecond(seconds: float) -> None:
    message = timestamp(seconds)

    assert 0 <= message.nanos < 1_000_000_000
    assert abs(message.seconds + message.nanos / 1e9 - seconds) < 1e-6


@given(TEXT, st.integers(0, 65535), st.none() | st.booleans())
def test_ref_survives_the_way_there_and_back(text: str, port: int, is_persistent: bool | None) -> None:
    refs = [InstanceRef(KEY, text), InstanceRef(KEY, AddressQuery(Address(text, port), is_persistent))]

    returned = [decode_ref(ref_message(ref)) for ref in refs]

    assert returned == refs
