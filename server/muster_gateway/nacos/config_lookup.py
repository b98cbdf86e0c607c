"""What all APIs of Nacos read of a config: the release that a client sees."""

import grpc.aio
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as calls

from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of


async def seen_release(
    registry: Registry, ref: config_pb2.ConfigRef, client: config_pb2.ClientTraits, tag: str = ""
) -> config_pb2.Release | None:
    """The release that the client sees. None if there is none, if it is blank, or if it is not of the tag that was named."""
    asked = calls.GetConfigRequest(ref=ref, client=client)
    try:
        found: calls.GetConfigResponse = await registry.config.GetConfig(asked, timeout=CALL_TIMEOUT_S)
    except grpc.aio.AioRpcError as error:
        if reason_of(error) != "CONFIG_NOT_FOUND":
            raise
        return None
    release = found.release
    return None if not release.content.strip() or (tag and not release.gray) else release
