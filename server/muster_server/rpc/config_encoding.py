"""Configuration: core values -> wire."""

from typing import cast

from google.protobuf.message import Message
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as wire
from muster.registry.v1 import instance_pb2

from muster_server.core.config_model import ConfigKey, GrayRule, Release
from muster_server.core.config_state import ConfigItem
from muster_server.core.errors import Reason
from muster_server.rpc.encoding import duration, timestamp

MAX_PUSHED_BYTES = 1 << 20


def config_ref(key: ConfigKey) -> config_pb2.ConfigRef:
    """The name of an item, in full."""
    return config_pb2.ConfigRef(namespace=key.namespace, group=key.group, name=key.name)


def release_message(release: Release, content: str = "") -> config_pb2.Release:
    """A release, with content if it is given."""
    message = config_pb2.Release(
        number=release.number,
        revision=release.revision,
        kind=cast("config_pb2.ReleaseKind", release.kind),
        gray=release.gray,
        content=content,
        content_type=release.content_type,
        md5=release.md5,
        sha256=release.sha256,
        size_bytes=release.size_bytes,
        labels=release.labels,
        author=release.note.author,
        comment=release.note.comment,
        create_time=timestamp(release.create_time),
        source_number=release.source_number,
        encrypted_data_key=release.encrypted_data_key,
        begin_revision=release.begin_revision,
        begin_time=timestamp(release.begin_time) if release.begin_revision else None,
    )
    if release.rule is not None:
        _set_rule(message.rule, release.rule)
    return message


def summary_message(key: ConfigKey, item: ConfigItem) -> config_pb2.ConfigSummary:
    """An item at a glance."""
    message = config_pb2.ConfigSummary(ref=config_ref(key), grays=[release_message(line.release) for line in item.grays])
    if item.main is not None:
        message.release.CopyFrom(release_message(item.main.release))
    return message


def _set_rule(message: config_pb2.GrayRule, rule: GrayRule) -> None:
    message.priority = rule.priority
    if rule.labels:
        message.labels.labels.update(rule.labels)
    elif rule.addresses:
        message.ips.addresses.extend(rule.addresses)
    else:
        message.percentage.percent = rule.percent


class ListenEncoder:
    """Implements the config hub's port (`engine.encoder.ConfigEncoder`) with the messages of config_service.proto."""

    def changed(self, key: ConfigKey, release: Release, content: str, revision: int) -> bytes:
        """A changed frame; above 1 MiB without content."""
        is_large = release.size_bytes > MAX_PUSHED_BYTES
        message = release_message(release, "" if is_large else content)
        changed = wire.ListenResponse.Changed(ref=config_ref(key), release=message, fetch=is_large, revision=revision)
        return _frame(wire.ListenResponse(changed=changed))

    def missing(self, key: ConfigKey, revision: int, *, is_deleted: bool) -> bytes:
        """A missing frame."""
        missing = wire.ListenResponse.Missing(ref=config_ref(key), deleted=is_deleted, revision=revision)
        return _frame(wire.ListenResponse(missing=missing))

    def listen_bookmark(self, revision: int, epoch: int) -> bytes:
        """A bookmark frame."""
        return _frame(wire.ListenResponse(bookmark=wire.ListenResponse.Bookmark(revision=revision, epoch=epoch)))

    def listen_cancelled(self, key: ConfigKey, reason: Reason, message: str) -> bytes:
        """A cancelled frame."""
        name = f"ERROR_REASON_{reason.value}"
        cancelled = wire.ListenResponse.Cancelled(ref=config_ref(key), reason=name, message=message)
        return _frame(wire.ListenResponse(cancelled=cancelled))

    def listen_reconnect_after(self, delay_s: float) -> bytes:
        """A reconnect_after frame."""
        return _frame(wire.ListenResponse(reconnect_after=instance_pb2.ReconnectAfter(delay=duration(delay_s))))


def _frame(message: Message) -> bytes:
    return message.SerializeToString()
