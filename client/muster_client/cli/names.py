"""What users type for names, addresses and pairs, as the wire wants it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from muster.config.v1.config_pb2 import ConfigRef
from muster.registry.v1.instance_pb2 import Endpoint, InstanceAddress, InstanceRef, ServiceRef

from muster_client.cli.exits import CommandError, Exit


class FullName(NamedTuple):
    """A name with its namespace and its group, which may be empty."""

    namespace: str
    group: str
    name: str

    def service(self) -> ServiceRef:
        """As the name of a service."""
        return ServiceRef(namespace=self.namespace, group=self.group, name=self.name)

    def config(self) -> ConfigRef:
        """As the name of a config item."""
        return ConfigRef(namespace=self.namespace, group=self.group, name=self.name)


def full_name(text: str, namespace: str = "", group: str = "") -> FullName:
    """The name in `[namespace/[group/]]name`.

    A part given as an option is not looked for in the text, so that, with both given, a name may hold slashes.

        >>> full_name("prod/web/api")
        FullName(namespace='prod', group='web', name='api')
        >>> full_name("prod/api")
        FullName(namespace='prod', group='', name='api')
        >>> full_name("web/api", namespace="prod")
        FullName(namespace='prod', group='web', name='api')
        >>> full_name("a/b/c", namespace="prod", group="web")
        FullName(namespace='prod', group='web', name='a/b/c')

    Raises CommandError if there is no name.
    """
    parts = text.split("/", (not namespace) + (not group))
    name = parts.pop()
    if not name:
        raise CommandError(Exit.USAGE, f"{text!r} is no name: write [namespace/[group/]]name")
    if not namespace and parts:
        namespace = parts.pop(0)
    if not group and parts:
        group = parts.pop(0)
    return FullName(namespace, group, name)


def short_name(ref: ServiceRef | ConfigRef) -> str:
    """How a name is written in one column: as short as it can be typed."""
    namespace, group = ref.namespace or "default", ref.group or "DEFAULT_GROUP"
    if group != "DEFAULT_GROUP" or "/" in ref.name:
        return f"{namespace}/{group}/{ref.name}"
    return ref.name if namespace == "default" else f"{namespace}/{ref.name}"


def endpoint(text: str) -> Endpoint:
    """The endpoint in `[scheme://]host:port`; an IPv6 address stands in brackets. Raises CommandError."""
    scheme, _, address = text.rpartition("://")
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise CommandError(Exit.USAGE, f"{text!r} is no address: write [scheme://]host:port")
    return Endpoint(scheme=scheme, host=host.removeprefix("[").removesuffix("]"), port=int(port))


def instance_ref(service: ServiceRef, text: str) -> InstanceRef:
    """An instance by `host:port`, or else by its id. `id=` in front says that it is an id whatever it looks like."""
    if text.startswith("id="):
        return InstanceRef(service=service, instance_id=text.removeprefix("id="))
    host, _, port = text.rpartition(":")
    if host and port.isdecimal() and "#" not in text:
        found = endpoint(text)
        return InstanceRef(service=service, address=InstanceAddress(host=found.host, port=found.port))
    return InstanceRef(service=service, instance_id=text)


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """The pairs in `key=value` texts; of equal keys the last one holds. Raises CommandError."""
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise CommandError(Exit.USAGE, f"{text!r} is no pair: write key=value")
        found[key] = value
    return found


def joined(found: Mapping[str, str]) -> str:
    """Pairs in one column, ordered by key."""
    return ",".join(f"{key}={value}" for key, value in sorted(found.items()))
