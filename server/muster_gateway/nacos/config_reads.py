"""How the admin calls read configs: as they stand, by their ids, and all of a kind."""

from collections.abc import AsyncIterator, Sequence

import grpc.aio
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as calls

from muster_gateway.nacos.errors import RefusedError
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, pages, reason_of

MAX_PAGE = 1000
PAGE = 100


class ConfigReads:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._config = registry.config

    async def lines(self, ref: config_pb2.ConfigRef) -> config_pb2.ConfigSummary:
        """The lines of a config, without contents; none if there is no such config."""
        try:
            found: calls.DescribeConfigResponse = await self._config.DescribeConfig(
                calls.DescribeConfigRequest(ref=ref), timeout=CALL_TIMEOUT_S
            )
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "CONFIG_NOT_FOUND":
                raise
            return config_pb2.ConfigSummary(ref=ref)  # deleted, or there never was one
        return found.config

    async def formal(self, ref: config_pb2.ConfigRef) -> config_pb2.Release:
        """What everybody sees who sees no beta, with its content. Raises RefusedError."""
        found = await self.lines(ref)
        if not found.HasField("release"):
            raise RefusedError(404, 20004, "Config not exist, please publish Config first.")
        return await self.release(ref, found.release.number)

    async def release(self, ref: config_pb2.ConfigRef, number: int) -> config_pb2.Release:
        """A release with its content."""
        asked = calls.GetReleaseRequest(ref=ref, number=number)
        found: calls.GetReleaseResponse = await self._config.GetRelease(asked, timeout=CALL_TIMEOUT_S)
        return found.release

    async def page(self, asked: calls.ListConfigsRequest) -> calls.ListConfigsResponse:
        """One page of formal configs."""
        asked.main_line_only = True
        found: calls.ListConfigsResponse = await self._config.ListConfigs(asked, timeout=CALL_TIMEOUT_S)
        return found

    async def all(self, asked: calls.ListConfigsRequest) -> AsyncIterator[config_pb2.ConfigSummary]:
        """All formal configs that are asked for, in pages that are made in a short time; `asked` is changed."""
        asked.page_size, asked.main_line_only = PAGE, True
        async for page in pages(self._config.ListConfigs, asked):
            for summary in page.configs:
                yield summary

    async def with_ids(self, ids: Sequence[int]) -> AsyncIterator[config_pb2.ConfigSummary]:
        """The formal configs that have these ids, 1000 at most, in the order of their names. Unknown ids are passed over."""
        if possible := [one for one in ids if one > 0]:
            async for summary in self.all(calls.ListConfigsRequest(begin_revisions=possible)):
                yield summary
