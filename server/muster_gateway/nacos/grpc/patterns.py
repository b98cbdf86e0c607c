"""Fuzzy patterns, and the keys by which SDKs of Nacos 3.0 and later know what fits them."""

from dataclasses import dataclass

from muster_gateway.nacos import convert
from muster_gateway.nacos.grpc import wire
from muster_gateway.nacos.grpc.wire import RefusedCallError
from muster_gateway.nacos.parameters import check_format

MAX_PATTERN = 512
Name = tuple[str, str]
"""Group and name, within one namespace."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """`namespace>>group>>name`. The namespace is literal; of the others each may begin or end with a star, or be one.

    Example: `public>>*>>pay-*` fits `DEFAULT_GROUP`, `pay-api` and not `a-pay-`. A star within fits nothing but itself.
    """

    text: str
    namespace: str
    group: str
    name: str

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Raises RefusedCallError, BadParameterError."""
        parts = text.split(">>")
        if len(parts) != 3 or not parts[1] or not parts[2] or len(text) > MAX_PATTERN:
            raise RefusedCallError(wire.INVALID_PARAMETER, "groupKeyPattern must be namespace>>group>>name")
        check_format("namespaceId/tenant", parts[0].strip())
        return cls(text, *parts)

    @property
    def native_namespace(self) -> str:
        """The registry's name of the namespace."""
        return convert.native_namespace(self.namespace.strip())

    def fits(self, name: Name) -> bool:
        """True if both parts fit."""
        return _fits(self.group, name[0]) and _fits(self.name, name[1])


def _fits(pattern: str, text: str) -> bool:
    if pattern == "*":
        return True
    starts, ends = pattern.startswith("*"), pattern.endswith("*")
    literal = pattern[1 if starts else 0 : -1 if ends else None]
    if starts and ends:
        return literal in text
    if starts:
        return text.endswith(literal)
    return text.startswith(literal) if ends else text == literal


def service_key(namespace: str, name: Name) -> str:
    """How SDKs name a service."""
    return "@@".join((namespace, *name))


def service_name(key: str) -> Name:
    """The name in the key of a service; ("", "") if it is none."""
    parts = key.split("@@", 2)
    return (parts[1], parts[2]) if len(parts) == 3 else ("", "")


def config_key(namespace: str, name: Name) -> str:
    """How SDKs name a config."""
    return "+".join(map(_escaped, (name[1], name[0], namespace)))


def config_name(key: str) -> Name:
    """The name in the key of a config; ("", "") if it is none."""
    parts = [part.replace("%2B", "+").replace("%25", "%") for part in key.split("+")]
    return (parts[1], parts[0]) if len(parts) == 3 else ("", "")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("+", "%2B")
