"""The values of configuration: items, releases, gray rules. Frozen, and checked when they are made.

Bounds are those of config.proto. Every constructor raises MusterError (INVALID_FIELD) for what is out of them.
"""

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from muster_server.core.errors import MusterError
from muster_server.core.model import MAX_NAME_BYTES, checked_names, checked_text

MAX_LABELS = 64
MAX_LABEL_BYTES = 32 * 1024
MAX_GRAY_LABELS = 16
MAX_ADDRESSES = 1000
MAX_GRAY_NAME_BYTES = 128
DEFAULT_TYPE = "text"

_TYPE = re.compile(r"[A-Za-z0-9+.-]{0,32}")


class ConfigKey(NamedTuple):
    """The name of a config item. Make it with `config_key`, which checks and fills in defaults."""

    namespace: str
    group: str
    name: str


def config_key(namespace: str, group: str, name: str) -> ConfigKey:
    """A checked key; an empty namespace or group means the default one."""
    return ConfigKey(*checked_names("ref", namespace, group, name))


@dataclass(frozen=True, slots=True)
class Traits:
    """What gray rules look at in a client. A percentage is sticky to `client_id`, or to the ip if that is empty."""

    ip: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    client_id: str = ""

    def __post_init__(self) -> None:
        checked_text("client.ip", self.ip, 256)
        checked_text("client.client_id", self.client_id, 256)
        check_labels("client.labels", self.labels, MAX_LABELS, 1024)


@dataclass(frozen=True, slots=True)
class GrayRule:
    """Who sees a gray line: clients with each of `labels`, or at one of `addresses` (CIDR ranges too), or `percent` of all clients.

    Exactly one of the three is given. The line of the highest priority is seen, of equal ones the first by name.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    percent: int = 0
    priority: int = 0

    def __post_init__(self) -> None:
        if bool(self.labels) + bool(self.addresses) + bool(self.percent) != 1:
            raise MusterError.invalid("rule", "must have exactly one of labels, ips and percentage, and that not empty")
        check_labels("rule.labels", self.labels, MAX_GRAY_LABELS, 1024)
        if len(self.addresses) > MAX_ADDRESSES:
            raise MusterError.invalid("rule.ips", f"must hold 1 to {MAX_ADDRESSES} addresses")
        for address in self.addresses:
            checked_text("rule.ips", address, 256, is_required=True)
            if "/" in address and _network(address) is None:
                raise MusterError.invalid("rule.ips", "holds a range that is none")
        if not 0 <= self.percent <= 100:
            raise MusterError.invalid("rule.percentage", "must be between 1 and 100")
        if not -(2**31) <= self.priority < 2**31:
            raise MusterError.invalid("rule.priority", "must be a 32-bit number")

    def matches(self, traits: Traits, salt: str) -> bool:
        """True if a client is meant. `salt` makes each line draw other clients for a percentage."""
        if self.labels:
            return self.labels.items() <= traits.labels.items()
        if self.addresses:
            return traits.ip in self.addresses or any(_is_within(traits.ip, entry) for entry in self.addresses if "/" in entry)
        drawn = hashlib.sha256(f"{salt}\n{traits.client_id or traits.ip}".encode()).digest()
        return int.from_bytes(drawn[:8], "big") % 100 < self.percent


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _is_within(ip: str, network: str) -> bool:
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    found = _network(network)
    return found is not None and address in found


class ReleaseKind(IntEnum):
    """How a release came to be. Numbers are those of the proto."""

    PUBLISHED = 1
    ROLLED_BACK = 2
    PROMOTED = 3
    DELETED = 4
    GRAY_STOPPED = 5


@dataclass(frozen=True, slots=True)
class Text:
    """A content and what is said of it. Its hashes are those of its UTF-8 bytes."""

    content: str
    content_type: str = DEFAULT_TYPE
    labels: Mapping[str, str] = field(default_factory=dict)
    encrypted_data_key: str = ""
    md5: str = field(init=False)
    sha256: str = field(init=False)
    size_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        check_type(self.content_type)
        check_labels("labels", self.labels, MAX_LABELS, MAX_LABEL_BYTES)
        checked_text("encrypted_data_key", self.encrypted_data_key, MAX_NAME_BYTES)
        encoded = self.content.encode()
        object.__setattr__(self, "md5", hashlib.md5(encoded, usedforsecurity=False).hexdigest())
        object.__setattr__(self, "sha256", hashlib.sha256(encoded).hexdigest())
        object.__setattr__(self, "size_bytes", len(encoded))


@dataclass(frozen=True, slots=True)
class Note:
    """Who writes, why, and under which name the write may be repeated."""

    author: str = ""
    comment: str = ""
    request_id: str = ""

    def __post_init__(self) -> None:
        checked_text("author", self.author, 256)
        checked_text("comment", self.comment, 1024)
        checked_text("request_id", self.request_id, 128)


@dataclass(frozen=True, slots=True)
class Release:
    """One step in the history of an item, without its content. Times are Unix seconds.

    `begin_revision` and `begin_time` are those of the release with which its line began. Both are 0, as the size,
    and hashes are empty, if it has no content: it tells of a deletion or an end.
    """

    number: int
    revision: int
    kind: ReleaseKind
    gray: str
    content_type: str
    md5: str
    sha256: str
    size_bytes: int
    labels: Mapping[str, str]
    encrypted_data_key: str
    note: Note
    create_time: float
    source_number: int = 0
    rule: GrayRule | None = None
    begin_revision: int = 0
    begin_time: float = 0.0

    @property
    def has_content(self) -> bool:
        """True unless it tells of a deletion or an end."""
        return self.kind not in (ReleaseKind.DELETED, ReleaseKind.GRAY_STOPPED)


def check_type(content_type: str) -> None:
    """Raises MusterError unless it is a content type or empty."""
    if _TYPE.fullmatch(content_type) is None:
        raise MusterError.invalid("content_type", "must be at most 32 letters, digits, '+', '.' or '-'")


def check_gray(name: str) -> str:
    """The name of a gray line, if it is one."""
    return checked_text("gray", name, MAX_GRAY_NAME_BYTES, is_required=True)


def check_labels(where: str, labels: Mapping[str, str], most: int, most_value_bytes: int) -> None:
    """Raises MusterError unless the pairs are within their bounds."""
    if len(labels) > most:
        raise MusterError.invalid(where, f"must hold at most {most} entries")
    for name, value in labels.items():
        checked_text(where, name, 256, is_required=True)
        if len(value.encode(errors="surrogatepass")) > most_value_bytes:
            raise MusterError.invalid(where, f"must hold values of at most {most_value_bytes} bytes")
