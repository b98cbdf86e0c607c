"""Configs as the admin API shows them. Times are Unix milliseconds; an id is the revision with which the config's line began."""

import msgspec
from muster.config.v1 import config_pb2 as wire

from muster_gateway.nacos.config_parameters import LABEL_PREFIX
from muster_gateway.nacos.convert import nacos_namespace

GRAY_VERSION = "1.0.0"


def kept(release: wire.Release, name: str) -> str:
    """What a publication said under a name for which the registry has no field; empty if it did not."""
    return release.labels.get(LABEL_PREFIX + name, "")


def basic(ref: wire.ConfigRef, release: wire.Release, *, with_md5: bool = True) -> dict[str, object]:
    """A config as lists show it."""
    return {
        "id": str(release.begin_revision),
        "namespaceId": nacos_namespace(ref.namespace),
        "groupName": ref.group,
        "dataId": ref.name,
        "md5": release.md5 if with_md5 else None,
        "type": release.content_type,
        "appName": kept(release, "appName"),
        "createTime": release.begin_time.ToMilliseconds(),
        "modifyTime": release.create_time.ToMilliseconds(),
    }


def detail(ref: wire.ConfigRef, release: wire.Release) -> dict[str, object]:
    """A config with its content. The address from which it was published is not remembered."""
    return {
        **basic(ref, release),
        "content": release.content,
        "desc": kept(release, "desc") or None,
        "encryptedDataKey": release.encrypted_data_key,
        "createUser": release.author or None,
        "createIp": None,
        "configTags": kept(release, "configTags") or None,
    }


def beta(ref: wire.ConfigRef, release: wire.Release) -> dict[str, object]:
    """The beta of a config, and whom it is for. Like the original's, it has no type and no description of its own."""
    rule = {
        "type": "beta",
        "version": GRAY_VERSION,
        "expr": ",".join(release.rule.ips.addresses),
        "priority": release.rule.priority,
    }
    return {
        **detail(ref, release),
        "type": None,
        "appName": "",
        "desc": None,
        "encryptedDataKey": release.encrypted_data_key or None,
        "configTags": None,
        "grayName": release.gray,
        "grayRule": msgspec.json.encode(rule).decode(),
    }


def page(items: list[dict[str, object]], total: int, number: int, size: int) -> dict[str, object]:
    """A page of a list."""
    return {"totalCount": total, "pageNumber": number, "pagesAvailable": -(-total // size), "pageItems": items}
