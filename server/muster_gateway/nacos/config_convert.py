"""Nacos <-> registry: names of configs, who sees a gray one, and the config as Nacos shows it."""

import re
from collections.abc import Iterator

from muster.config.v1 import config_pb2 as wire
from muster.config.v1 import config_service_pb2 as calls

from muster_gateway.nacos.convert import native_namespace

BETA = "beta"
TAG_LABEL = "Vipserver-Tag"  # what SDKs send along over gRPC; this API has no way to say it, so tags are never seen here
BETA_PRIORITY = 2**31 - 1
TAG_PRIORITY = 2**31 - 2
DEFAULT_TYPE = "text"
TYPES = ("properties", "xml", "json", "text", "html", "yaml", "toml", "unset")
_MD5 = re.compile(r"[0-9a-f]{32}")


def config_ref(namespace_id: str, group: str, data_id: str) -> wire.ConfigRef:
    """The registry's name of a Nacos config. Namespaces are exchanged as those of services are; the rest is as sent."""
    return wire.ConfigRef(namespace=native_namespace(namespace_id.strip()), group=group, name=data_id)


def content_type(sent: str) -> str:
    """The type of a published content; one that Nacos does not know is text."""
    return sent if sent in TYPES else DEFAULT_TYPE


def tag_line(tag: str) -> str:
    """The gray line of a tag."""
    return f"tag_{tag}"


def beta_rule(ips: str) -> wire.GrayRule:
    """Who sees the beta: the addresses of a comma-separated list. None at all is refused by the registry."""
    addresses = [address.strip() for address in ips.split(",") if address.strip()]
    return wire.GrayRule(priority=BETA_PRIORITY, ips=wire.GrayRule.IpMatch(addresses=addresses))


def tag_rule(tag: str) -> wire.GrayRule:
    """Who sees a tagged content."""
    return wire.GrayRule(priority=TAG_PRIORITY, labels=wire.GrayRule.LabelMatch(labels={TAG_LABEL: tag}))


def conditions(cas_md5: str) -> Iterator[calls.WriteCondition]:
    """What a publication needs, each to be tried until one holds: with an md5, that the content has it, or that there is none."""
    if not cas_md5:
        yield calls.WriteCondition()
        return
    if _MD5.fullmatch(cas_md5):
        yield calls.WriteCondition(md5=cas_md5)
    yield calls.WriteCondition(create_only=True)


def view(release: wire.Release, *, is_typed: bool) -> dict[str, object]:
    """A release as the query shows it: the twelve keys in their order. The type is null if the release is not `is_typed`."""
    return {
        "resultCode": 200,
        "errorCode": 0,
        "message": None,
        "requestId": None,
        "content": release.content,
        "encryptedDataKey": release.encrypted_data_key or None,
        "contentType": release.content_type if is_typed else None,
        "md5": release.md5,
        "lastModified": release.create_time.ToMilliseconds(),
        "tag": None,
        "beta": bool(release.gray),
        "success": True,
    }
