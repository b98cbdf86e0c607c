"""A key with its value, as kie shows it and as the registry keeps it.

What a config item has no field for is kept in labels that no kie client can name, because of their colon. An item without
them, such as one that was published natively, is enabled.
"""

from typing import Any

import msgspec
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as calls

from muster_gateway.kie.names import DEFAULT, Identity, id_of, identity, identity_of, ref_of

TYPES = ("ini", "json", "text", "yaml", "properties", "xml")
ENABLED = "enabled"
DISABLED = "disabled"
_STATUS = "kie:status"
_PRIORITY = "kie:priority"
_CHECK = "kie:check"


class Kv(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A key as it is shown, in the order of its members. Times are Unix seconds. `labels` is left out where there are none."""

    id: str
    label_format: str = ""
    key: str
    value: str
    value_type: str
    priority: int = 0
    check: str = ""
    create_revision: int
    update_revision: int
    project: str = ""
    status: str
    create_time: int
    update_time: int
    labels: dict[str, str] = {}
    domain: str = ""

    @property
    def identity(self) -> Identity:
        """What it is called."""
        return identity(self.key, self.labels)


def shown(project: str, named: Identity, release: config_pb2.Release) -> Kv:
    """A key with what its config item shows."""
    labels = release.labels
    return Kv(
        id=id_of(project, named),
        key=named.key,
        value=release.content,
        value_type=release.content_type if release.content_type in TYPES else "text",
        priority=_number(labels.get(_PRIORITY, "0")),
        check=labels.get(_CHECK, ""),
        create_revision=release.begin_revision,
        update_revision=release.revision,
        status=DISABLED if labels.get(_STATUS) == DISABLED else ENABLED,
        create_time=release.begin_time.seconds,
        update_time=release.create_time.seconds,
        labels=dict(named.labels),
    )


def in_full(kv: Kv, project: str, *, is_history: bool = False) -> Kv:
    """A key with the members that only some calls show."""
    full = msgspec.structs.replace(kv, label_format=kv.identity.label_format)
    return msgspec.structs.replace(full, project=project, domain=DEFAULT) if is_history else full


def listed(project: str, summary: config_pb2.ConfigSummary) -> Kv | None:
    """What a list of config items has of a key; None if the item is none, or larger than lists carry."""
    named = identity_of(summary.ref)
    if named is None or (summary.release.size_bytes and not summary.release.content):
        return None
    return shown(project, named, summary.release)


def creation(project: str, named: Identity, asked: Any) -> calls.PublishConfigRequest:
    """What creates a key. `asked` is a `reading.Draft`."""
    own = {_STATUS: asked.status or DISABLED, _PRIORITY: str(asked.priority or ""), _CHECK: asked.check or ""}
    return calls.PublishConfigRequest(
        ref=ref_of(project, named),
        content=asked.value or "",
        content_type=asked.value_type or "text",
        labels={**dict(named.labels), **{name: value for name, value in own.items() if value not in ("", ENABLED)}},
        condition=calls.WriteCondition(create_only=True),
        allow_invalid=True,
    )


def change(
    ref: config_pb2.ConfigRef, release: config_pb2.Release, value: str | None, status: str | None
) -> calls.PublishConfigRequest:
    """What changes a key, if it still shows this release. An empty value or status stays as it is, and so does all else."""
    labels = dict(release.labels)
    if status:
        labels.pop(_STATUS, None)
    if status == DISABLED:
        labels[_STATUS] = DISABLED
    return calls.PublishConfigRequest(
        ref=ref,
        content=value or release.content,
        content_type=release.content_type,
        labels=labels,
        encrypted_data_key=release.encrypted_data_key,
        condition=calls.WriteCondition(revision=release.revision),
        allow_invalid=True,
    )


def _number(text: str) -> int:
    return int(text) if text.lstrip("-").isdecimal() and len(text) < 12 else 0
