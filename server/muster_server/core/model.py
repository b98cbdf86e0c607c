"""The values of the registry: services, instances, leases. Frozen, and checked when they are made.

Bounds are those of instance.proto. Every constructor raises MusterError (INVALID_FIELD) for what is out of them.
"""

import math
import re
from collections.abc import Mapping
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from muster_server.core.errors import MusterError

DEFAULT_NAMESPACE = "default"
DEFAULT_GROUP = "DEFAULT_GROUP"
DEFAULT_CLUSTER = "DEFAULT"

MAX_NAME_BYTES = 4096
MAX_KEY_BYTES = 8192
MAX_ID_BYTES = 1024
MAX_CLUSTER_BYTES = 256
MAX_METADATA_ENTRIES = 256
MAX_METADATA_BYTES = 64 * 1024
MAX_DEFINITION_ID_BYTES = 64
MAX_ATTRIBUTES = 16
MAX_WEIGHT = 1_000_000.0
MIN_TTL_S = 0.1
DEFAULT_TTL_S = 15.0
DEFAULT_GRACE_S = 15.0
MAX_LEASE_S = 24 * 3600.0

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_SCHEME = re.compile(r"[A-Za-z0-9+.-]{0,64}")


class Health(IntEnum):
    """What was observed. Numbers are those of the proto."""

    HEALTHY = 1
    UNHEALTHY = 2
    SUSPECT = 3
    UNKNOWN = 4


class AdminState(IntEnum):
    """What was declared. Numbers are those of the proto."""

    ENABLED = 1
    DISABLED = 2
    STARTING = 3
    TESTING = 4
    OUT_OF_SERVICE = 5
    DRAINING = 6


class RemovalReason(IntEnum):
    """Why an instance is gone. Numbers are those of the proto."""

    DEREGISTERED = 1
    LEASE_EXPIRED = 2
    CONNECTION_LOST = 3
    ADMIN = 4
    CHECK_FAILED = 5
    REPLACED = 6


def checked_text(field: str, value: str, max_bytes: int, *, is_required: bool = False) -> str:
    """`value`, if it is UTF-8 text without control characters and at most `max_bytes` long; empty only if not required."""
    if is_required and not value:
        raise MusterError.invalid(field, "must not be empty")
    if not value.isprintable() and _CONTROL.search(value):
        raise MusterError.invalid(field, "must not contain control characters")
    if len(value) * 4 > max_bytes and len(value.encode()) > max_bytes:
        raise MusterError.invalid(field, f"must not be longer than {max_bytes} bytes")
    return value


class ServiceKey(NamedTuple):
    """The name of a service. Make it with `service_key`, which checks and fills in defaults."""

    namespace: str
    group: str
    name: str


@lru_cache(maxsize=10_000)
def service_key(namespace: str, group: str, name: str) -> ServiceKey:
    """A checked key; an empty namespace or group means the default one. Nearly every call names a service that others named."""
    return ServiceKey(*checked_names("service", namespace, group, name))


def checked_names(what: str, namespace: str, group: str, name: str) -> tuple[str, str, str]:
    """The three parts of a name, defaults filled in. Raises MusterError for what is out of bounds; `what` names the field."""
    parts = (
        checked_text(f"{what}.namespace", namespace or DEFAULT_NAMESPACE, MAX_NAME_BYTES),
        checked_text(f"{what}.group", group or DEFAULT_GROUP, MAX_NAME_BYTES),
        checked_text(f"{what}.name", name, MAX_NAME_BYTES, is_required=True),
    )
    if sum(map(len, parts)) * 4 > MAX_KEY_BYTES and sum(len(part.encode()) for part in parts) > MAX_KEY_BYTES:
        raise MusterError.invalid(what, f"must not be longer than {MAX_KEY_BYTES} bytes together")
    return parts


class Address(NamedTuple):
    """Host and port of a primary endpoint, as compared when an instance is found by address."""

    host: str
    port: int


class Endpoint(Struct, frozen=True, gc=False):
    """One address of an instance. Port 0 means not known."""

    scheme: str
    host: str
    port: int

    def __post_init__(self) -> None:
        if _SCHEME.fullmatch(self.scheme) is None:
            raise MusterError.invalid("endpoints.scheme", "must be at most 64 letters, digits, '+', '.' or '-'")
        checked_text("endpoints.host", self.host, 1024, is_required=True)
        if not 0 <= self.port <= 65535:
            raise MusterError.invalid("endpoints.port", "must be between 0 and 65535")


class Lease(Struct, frozen=True, gc=False):
    """The promise to renew: silent for `ttl_s`, an instance is UNHEALTHY; for `grace_s` more, it is removed."""

    ttl_s: float = DEFAULT_TTL_S
    grace_s: float = DEFAULT_GRACE_S
    is_paused: bool = False

    def __post_init__(self) -> None:
        if not MIN_TTL_S <= self.ttl_s <= MAX_LEASE_S:
            raise MusterError.invalid("lease.ttl", "must be between 100 ms and 24 h")
        if not 0.0 <= self.grace_s <= MAX_LEASE_S:
            raise MusterError.invalid("lease.grace", "must be between 0 and 24 h")


class Override(Struct, frozen=True, gc=False):
    """An operator's word over an instance; what is None is left to its client. `set_time` is Unix seconds.

    Metadata are laid over the client's, pair by pair.
    """

    state: AdminState | None
    author: str = ""
    comment: str = ""
    set_time: float = 0.0
    weight: float | None = None
    metadata: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        checked_text("author", self.author, 256)
        checked_text("comment", self.comment, 1024)
        if self.weight is not None:
            check_weight(self.weight)
        if self.metadata:
            check_metadata(self.metadata)
        else:
            force_setattr(self, "metadata", None)

    @property
    def is_empty(self) -> bool:
        """True if it says nothing."""
        return self.state is None and self.weight is None and self.metadata is None


class Registration(Struct, frozen=True, gc=False):
    """What a client says of one instance.

    `lease` is None for a persistent instance and for one that lives by a session. An empty id means the default one.
    `definition_id` is the definition that it runs, empty if it came without one; `attributes` is what dialects keep about it.
    """

    endpoints: tuple[Endpoint, ...]
    instance_id: str = ""
    cluster: str = DEFAULT_CLUSTER
    weight: float = 1.0
    metadata: Mapping[str, str] | None = None
    is_persistent: bool = False
    lease: Lease | None = None
    health: Health = Health.HEALTHY
    declared_state: AdminState = AdminState.ENABLED
    definition_id: str = ""
    attributes: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.endpoints) <= 16:
            raise MusterError.invalid("endpoints", "must hold 1 to 16 entries")
        checked_text("cluster", self.cluster, MAX_CLUSTER_BYTES, is_required=True)
        if not self.instance_id:
            primary = self.endpoints[0]
            force_setattr(self, "instance_id", f"{primary.host}#{primary.port}#{self.cluster}")
        checked_text("instance_id", self.instance_id, MAX_ID_BYTES)  # the default one too: nobody could refer to a longer one
        check_weight(self.weight)
        if self.metadata:
            check_metadata(self.metadata)
        else:
            force_setattr(self, "metadata", None)
        checked_text("definition_id", self.definition_id, MAX_DEFINITION_ID_BYTES)
        if self.attributes:
            check_pairs("attributes", self.attributes, MAX_ATTRIBUTES, MAX_METADATA_BYTES)
        else:
            force_setattr(self, "attributes", None)
        if self.is_persistent and self.lease is not None:
            raise MusterError.invalid("lease", "must be absent: a persistent instance has none")

    @property
    def address(self) -> Address:
        """Host and port of the primary endpoint."""
        primary = self.endpoints[0]
        return Address(primary.host, primary.port)


def check_weight(weight: float) -> None:
    """Raises MusterError unless the weight is finite and between 0 and 1,000,000."""
    if not (math.isfinite(weight) and 0.0 <= weight <= MAX_WEIGHT):
        raise MusterError.invalid("weight", "must be finite and between 0 and 1000000")


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Raises MusterError unless the pairs are within their bounds."""
    check_pairs("metadata", metadata, MAX_METADATA_ENTRIES, MAX_METADATA_BYTES)


def check_pairs(field: str, pairs: Mapping[str, str], most: int, most_bytes: int) -> None:
    """Raises MusterError unless there are at most `most` pairs, within `most_bytes` together, and keys of 1 to 1024 bytes."""
    if len(pairs) > most:
        raise MusterError.invalid(field, f"must hold at most {most} entries")
    size, key_field = 0, f"{field} key"
    for key, value in pairs.items():
        checked_text(key_field, key, MAX_ID_BYTES, is_required=True)
        size += len(key) + len(value) if value.isascii() else _size_bytes(field, key + value)
    if size > most_bytes:
        raise MusterError.invalid(field, f"must not be longer than {most_bytes} bytes together")


def _size_bytes(field: str, text: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        raise MusterError.invalid(field, "must be UTF-8 text") from None


class Instance(Struct, frozen=True, gc=False):
    """One running process as the registry knows it: what was said (`said`) and what became of it.

    `session` names the session it lives by, None if it has a lease of its own or none. Times are Unix seconds.
    """

    said: Registration
    health: Health
    override: Override | None
    session: str | None
    revision: int
    create_revision: int
    create_time: float
    update_time: float

    @property
    def instance_id(self) -> str:
        """Its id within the service."""
        return self.said.instance_id

    @property
    def address(self) -> Address:
        """Host and port of the primary endpoint."""
        return self.said.address

    @property
    def admin_state(self) -> AdminState:
        """What holds: the override's, else what was declared."""
        laid = self.override.state if self.override is not None else None
        return self.said.declared_state if laid is None else laid

    @property
    def weight(self) -> float:
        """What holds: the override's, else what was said."""
        laid = self.override.weight if self.override is not None else None
        return self.said.weight if laid is None else laid

    @property
    def metadata(self) -> Mapping[str, str]:
        """What holds: what was said, with the override's pairs laid over it."""
        said, laid = self.said.metadata, self.override.metadata if self.override is not None else None
        return {**(said or {}), **laid} if laid else said or {}

    @property
    def is_available(self) -> bool:
        """True if it can be called: HEALTHY or SUSPECT, and ENABLED."""
        return self.health in (Health.HEALTHY, Health.SUSPECT) and self.admin_state is AdminState.ENABLED

    def changed(self, revision: int, wall_s: float, **fields: object) -> "Instance":
        """A copy with new fields, stamped."""
        return replace(self, revision=revision, update_time=wall_s, **fields)
