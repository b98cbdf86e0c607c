"""Core values -> wire. A repeated field is a concatenation of tagged, length-prefixed entries, so lists are joined, not built."""

from collections.abc import Sequence
from typing import Any, cast

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import instance_pb2

from muster_server.core.commands import AddressQuery, InstanceRef
from muster_server.core.errors import Reason
from muster_server.core.model import Instance, Override, RemovalReason, ServiceKey
from muster_server.engine.encoder import Head

MAX_PART_BYTES = 1 << 20
TAG_1 = b"\x0a"
_TAG_2 = b"\x12"


def duration(seconds: float) -> Duration:
    """Seconds as a Duration."""
    message = Duration()
    _set_duration(message, seconds)
    return message


def timestamp(seconds: float) -> Timestamp:
    """Unix seconds as a Timestamp."""
    message = Timestamp()
    _set_time(message, seconds)
    return message


def _set_duration(message: Duration, seconds: float) -> None:
    message.SetInParent()  # zero is a duration too
    message.seconds, message.nanos = divmod(round(seconds * 1e9), 1_000_000_000)


def _set_time(message: Timestamp, seconds: float) -> None:
    message.seconds = int(seconds)
    message.nanos = int((seconds - int(seconds)) * 1e9)


def service_message(key: ServiceKey) -> instance_pb2.ServiceRef:
    """The name of a service, in full."""
    return instance_pb2.ServiceRef(namespace=key.namespace, group=key.group, name=key.name)


def ref_message(ref: InstanceRef) -> instance_pb2.InstanceRef:
    """A ref, in full."""
    message = instance_pb2.InstanceRef(service=service_message(ref.service))
    if isinstance(ref.target, AddressQuery):
        message.address.host, message.address.port = ref.target.address
        if ref.target.is_persistent is not None:
            message.address.persistent = ref.target.is_persistent
    else:
        message.instance_id = ref.target
    return message


def instance_message(instance: Instance) -> instance_pb2.Instance:
    """An instance with all its output fields. Messages within it are filled in place: handing them over would copy them."""
    said = instance.said
    message = instance_pb2.Instance(
        instance_id=said.instance_id,
        cluster=said.cluster,
        weight=instance.weight,
        persistent=said.is_persistent,
        health=cast("Any", instance.health),
        admin_state=cast("Any", instance.admin_state),
        declared_admin_state=cast("Any", said.declared_state),
        on_session=instance.session is not None,
        revision=instance.revision,
        create_revision=instance.create_revision,
    )
    for endpoint in said.endpoints:
        message.endpoints.add(scheme=endpoint.scheme, host=endpoint.host, port=endpoint.port)
    if metadata := instance.metadata:
        message.metadata.update(metadata)
    if said.definition_id:
        message.definition_id = said.definition_id
    if said.attributes:
        message.attributes.update(said.attributes)
    _set_time(message.create_time, instance.create_time)
    _set_time(message.update_time, instance.update_time)
    if said.lease is not None:
        _set_duration(message.lease.ttl, said.lease.ttl_s)
        _set_duration(message.lease.grace, said.lease.grace_s)
        message.lease.paused = said.lease.is_paused
    if instance.override is not None:
        _set_override(message.admin_override, instance.override)
    return message


def _set_override(message: instance_pb2.AdminOverride, override: Override) -> None:
    message.author, message.comment = override.author, override.comment
    _set_time(message.set_time, override.set_time)
    if override.state is not None:
        message.state = cast("Any", override.state)
    if override.weight is not None:
        message.weight = override.weight
    if override.metadata:
        message.metadata.update(override.metadata)


def joined(instance: Instance, rest: Message) -> bytes:
    """A response whose field 1 is this instance. Joining spares the copy that protobuf makes of a message within a message."""
    return entry(TAG_1, instance_message(instance).SerializeToString()) + rest.SerializeToString()


class WatchEncoder:
    """Implements the hub's port (`engine.encoder.NamingEncoder`) with the messages of discovery_service.proto."""

    def fragment(self, instance: Instance) -> bytes:
        """One entry of field 1: ListInstancesResponse.instances, Snapshot.instances and Delta.puts alike."""
        return entry(TAG_1, instance_message(instance).SerializeToString())

    def removal(self, instance_id: str, reason: RemovalReason, revision: int) -> bytes:
        """One entry of Delta.removals."""
        gone = discovery.WatchResponse.Removal(instance_id=instance_id, reason=cast("Any", reason), revision=revision)
        return entry(_TAG_2, gone.SerializeToString())

    def list_response(self, fragments: Sequence[bytes], head: Head) -> bytes:
        """A whole ListInstancesResponse."""
        rest = discovery.ListInstancesResponse(
            revision=head.revision, epoch=head.epoch, warming_up=head.is_warming_up, protect_threshold=head.protect_threshold
        )
        return b"".join((*fragments, rest.SerializeToString()))

    def snapshot(self, key: ServiceKey, fragments: Sequence[bytes], head: Head) -> list[bytes]:
        """A snapshot in parts of about 1 MiB; only the last one has no `more`."""
        parts: list[list[bytes]] = [[]]
        size = 0
        for fragment in fragments:
            if size and size + len(fragment) > MAX_PART_BYTES:
                parts.append([])
                size = 0
            parts[-1].append(fragment)
            size += len(fragment)
        frames = []
        for number, part in enumerate(parts):
            rest = discovery.WatchResponse.Snapshot(
                service=service_message(key),
                revision=head.revision,
                epoch=head.epoch,
                reset=head.is_reset and number == 0,
                more=number < len(parts) - 1,
                warming_up=head.is_warming_up,
                protect_threshold=head.protect_threshold,
            )
            frames.append(entry(TAG_1, b"".join((*part, rest.SerializeToString()))))
        return frames

    def delta(self, key: ServiceKey, puts: Sequence[bytes], removals: Sequence[bytes], at: tuple[int, int]) -> bytes:
        """A delta frame; `at` is (revision, prev_revision)."""
        rest = discovery.WatchResponse.Delta(service=service_message(key), revision=at[0], prev_revision=at[1])
        return entry(_TAG_2, b"".join((*puts, *removals, rest.SerializeToString())))

    def bookmark(self, revision: int, epoch: int, *, is_warming_up: bool) -> bytes:
        """A bookmark frame."""
        bookmark = discovery.WatchResponse.Bookmark(revision=revision, epoch=epoch, warming_up=is_warming_up)
        return discovery.WatchResponse(bookmark=bookmark).SerializeToString()

    def cancelled(self, key: ServiceKey, reason: Reason, message: str) -> bytes:
        """A cancelled frame."""
        name = f"ERROR_REASON_{reason.value}"
        cancelled = discovery.WatchResponse.Cancelled(service=service_message(key), reason=name, message=message)
        return discovery.WatchResponse(cancelled=cancelled).SerializeToString()

    def reconnect_after(self, delay_s: float) -> bytes:
        """A reconnect_after frame."""
        after = instance_pb2.ReconnectAfter(delay=duration(delay_s))
        return discovery.WatchResponse(reconnect_after=after).SerializeToString()


def entry(tag: bytes, payload: bytes) -> bytes:
    """A field whose value is a message or text, given serialised: `tag` is the field's number and type as one byte."""
    length, prefix = len(payload), bytearray(tag)
    while length > 0x7F:
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    prefix.append(length)
    return bytes(prefix) + payload
