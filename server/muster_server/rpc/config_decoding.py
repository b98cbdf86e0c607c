"""Configuration: wire -> core values, checked at the edge. Raises MusterError (INVALID_FIELD)."""

import re
from urllib.parse import unquote

from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as wire

from muster_server.core.config_commands import ANYTHING, Condition
from muster_server.core.config_model import ConfigKey, GrayRule, Traits, config_key
from muster_server.core.errors import MusterError

_IPV4 = re.compile(r"ipv4:([\d.]+):\d+")
_IPV6 = re.compile(r"ipv6:\[(.*)\]:\d+")


def decode_config_ref(message: config_pb2.ConfigRef) -> ConfigKey:
    """The name of an item, defaults filled in."""
    return config_key(message.namespace, message.group, message.name)


def decode_traits(message: config_pb2.ClientTraits, peer: str) -> Traits:
    """What gray rules look at; the ip is that of the connection unless the client names one."""
    return Traits(message.ip or peer_ip(peer), dict(message.labels), message.client_id)


def peer_ip(peer: str) -> str:
    """The address within a peer as gRPC prints it; empty if there is none."""
    text = unquote(peer)
    found = _IPV4.fullmatch(text) or _IPV6.fullmatch(text)
    return found.group(1) if found else ""


def decode_rule(message: config_pb2.GrayRule) -> GrayRule:
    """A gray rule."""
    match message.WhichOneof("kind"):
        case "labels":
            return GrayRule(labels=dict(message.labels.labels), priority=message.priority)
        case "ips":
            return GrayRule(addresses=tuple(message.ips.addresses), priority=message.priority)
        case "percentage":
            if not 1 <= message.percentage.percent <= 100:
                raise MusterError.invalid("rule.percentage", "must be between 1 and 100")
            return GrayRule(percent=message.percentage.percent, priority=message.priority)
        case _:
            raise MusterError.invalid("rule", "must have one of labels, ips and percentage")


def decode_condition(message: wire.WriteCondition) -> Condition:
    """What must hold for a write."""
    match message.WhichOneof("kind"):
        case "create_only":
            if not message.create_only:
                raise MusterError.invalid("condition.create_only", "must be true, or left out")
            return Condition(is_create_only=True)
        case "revision":
            if message.revision < 0:
                raise MusterError.invalid("condition.revision", "must not be negative")
            return Condition(revision=message.revision)
        case "md5":
            if re.fullmatch(r"[0-9a-f]{32}", message.md5) is None:
                raise MusterError.invalid("condition.md5", "must be 32 lower-case hexadecimal digits")
            return Condition(md5=message.md5)
        case _:
            return ANYTHING
