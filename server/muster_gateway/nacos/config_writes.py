"""What both APIs of Nacos do to a config: publish it, for all or for some clients only, and delete it."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc.aio
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as calls

from muster_gateway.nacos import config_convert as convert
from muster_gateway.nacos.config_parameters import kept_labels
from muster_gateway.nacos.errors import RefusedError
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, message_of, reason_of


class ConfigWrites:
    """Knows the registry by its stubs only. Parameters are checked before they come here."""

    def __init__(self, registry: Registry) -> None:
        self._config = registry.config

    async def publish(self, ref: config_pb2.ConfigRef, parameters: Parameters, ips: str, cas_md5: str) -> None:
        """On the main line, or for some addresses or a tag only. Content is not checked to be what its type says."""
        if ips.strip():
            await self._publish_gray(convert.BETA, convert.beta_rule(ips), _said(parameters, ref), cas_md5)
        elif tag := parameters.text("tag").strip():
            await self._publish_gray(convert.tag_line(tag), convert.tag_rule(tag), _said(parameters, ref), cas_md5)
        else:
            asked = calls.PublishConfigRequest(**_said(parameters, ref), labels=kept_labels(parameters))
            asked.content_type = convert.content_type(parameters.text("type"))
            await _compare_and_publish(self._config.PublishConfig, asked, cas_md5, "Cas publish fail")

    async def delete(self, ref: config_pb2.ConfigRef, tag: str) -> None:
        """The config for all but whom a beta or a tag means, or a tag's line. What is not there is no error."""
        if tag:
            for line in (convert.tag_line(tag), tag):  # versions of the original differ in which of the two they mean
                asked = calls.StopGrayRequest(ref=ref, gray=line, allow_missing=True)
                await self._config.StopGray(asked, timeout=CALL_TIMEOUT_S)
        else:
            asked_all = calls.DeleteConfigRequest(ref=ref, allow_missing=True, keep_grays=True)
            await self._config.DeleteConfig(asked_all, timeout=CALL_TIMEOUT_S)

    async def _publish_gray(self, line: str, rule: config_pb2.GrayRule, said: dict[str, Any], cas_md5: str) -> None:
        asked = calls.PublishGrayRequest(**said, gray=line, rule=rule)
        try:
            await _compare_and_publish(self._config.PublishGray, asked, cas_md5, "Cas publish gray config fail")
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "LIMIT_EXCEEDED":
                raise
            raise RefusedError(400, 20010, message_of(error)) from error


def _said(parameters: Parameters, ref: config_pb2.ConfigRef) -> dict[str, Any]:
    """What a publication says on whatever line."""
    return {
        "ref": ref,
        "content": parameters.text("content"),
        "author": parameters.text("srcUser"),
        "encrypted_data_key": parameters.text("encryptedDataKey"),
        "allow_invalid": True,
    }


async def _compare_and_publish(call: Callable[..., Awaitable[Any]], asked: Any, cas_md5: str, failure: str) -> None:
    for condition in convert.conditions(cas_md5):
        asked.condition.CopyFrom(condition)
        try:
            await call(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) not in ("REVISION_MISMATCH", "CONFIG_EXISTS"):
                raise
        else:
            return
    raise RefusedError(500, 20005, f"{failure}, server md5 may have changed.")
