"""The admin calls for single configs: shown in full, described anew, deleted by id, and their betas."""

import grpc.aio
from muster.config.v1 import config_service_pb2 as calls
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos import config_convert as convert
from muster_gateway.nacos import config_views as views
from muster_gateway.nacos.answers import answering, envelope
from muster_gateway.nacos.config_parameters import (
    LABEL_PREFIX,
    check_config,
    check_description,
    check_write,
    identifiers,
    named,
    required,
)
from muster_gateway.nacos.config_reads import ConfigReads
from muster_gateway.nacos.errors import RefusedError, missing_text
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of
from muster_gateway.route import Parameter, Route

PATH = "/nacos/v3/admin/cs/config"
MAX_TRIES = 5
NAMES = (
    Parameter("namespaceId", "query", "`public` if absent"),
    Parameter("groupName", "query", "which group; there is no default", is_required=True),
    Parameter("dataId", "query", "which config", is_required=True),
)
_METADATA = (
    *(Parameter(name.name, "form", name.text, name.is_required) for name in NAMES),
    Parameter("desc", "form", "the description from now on; it stays if absent"),
    Parameter("configTags", "form", "the tags from now on, 5 at most, comma-separated; they stay if absent"),
    Parameter("srcUser", "form", "who changes it"),
)
_BATCH = (Parameter("ids", "query", "ids of configs, comma-separated, 1000 at most", is_required=True),)


class NacosConfigAdmin:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._config = registry.config
        self._reads = ConfigReads(registry)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        is_true = "`data: true`"
        return (
            Route("GET", PATH, answering(self.detail), "Show a config in full", NAMES, "`data`: the config; 404 if there is none"),
            Route("PUT", f"{PATH}/metadata", answering(self.describe), "Describe and tag a config anew", _METADATA, is_true),
            Route("DELETE", f"{PATH}/batch", answering(self.delete_all), "Delete configs by id", _BATCH, is_true),
            Route("GET", f"{PATH}/beta", answering(self.beta), "Show the beta of a config", NAMES, "`data`; 404 if there is none"),
        )

    async def detail(self, request: Request) -> Response:
        """GET: the formal config, whatever betas there are."""
        parameters = await _read(request)
        ref = named(parameters, missing_text)
        return envelope(200, 0, views.detail(ref, await self._reads.formal(ref)))

    async def describe(self, request: Request) -> Response:
        """PUT metadata: a release with the same content. What others publish meanwhile is not undone."""
        parameters = await _read(request)
        ref = named(parameters, missing_text)
        check_description(parameters)
        for _ in range(MAX_TRIES):
            release = await self._reads.formal(ref)
            asked = calls.PublishConfigRequest(
                ref=ref,
                content=release.content,
                content_type=release.content_type,
                labels=release.labels,
                author=parameters.text("srcUser"),
                encrypted_data_key=release.encrypted_data_key,
                condition=calls.WriteCondition(revision=release.revision),
                allow_invalid=True,
            )
            for name in ("desc", "configTags"):
                if name in parameters:
                    asked.labels[LABEL_PREFIX + name] = parameters.text(name)
                    if not parameters.text(name):
                        del asked.labels[LABEL_PREFIX + name]
            try:
                await self._config.PublishConfig(asked, timeout=CALL_TIMEOUT_S)
            except grpc.aio.AioRpcError as error:
                if reason_of(error) != "REVISION_MISMATCH":
                    raise
            else:
                return envelope(200, 0, data=True)
        raise RefusedError(500, 20005, "The config changes too often to be described.")

    async def delete_all(self, request: Request) -> Response:
        """DELETE batch. Ids that are not there are no error."""
        parameters = await _read(request)
        ids = identifiers("ids", required(parameters, "ids", "List"))
        for summary in [found async for found in self._reads.with_ids(ids)]:
            await self._config.DeleteConfig(calls.DeleteConfigRequest(ref=summary.ref, allow_missing=True), timeout=CALL_TIMEOUT_S)
        return envelope(200, 0, data=True)

    async def beta(self, request: Request) -> Response:
        """GET beta."""
        parameters = await _read(request)
        ref = named(parameters, missing_text)
        found = await self._reads.lines(ref)
        for line in found.grays:
            if line.gray == convert.BETA:
                return envelope(200, 0, views.beta(ref, await self._reads.release(ref, line.number)))
        raise RefusedError(404, 20004, "Config is not in beta.")


async def _read(request: Request) -> Parameters:
    parameters = await Parameters.read(request)
    check_config(parameters)
    check_write(parameters)
    return parameters
