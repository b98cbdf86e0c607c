"""The Nacos config calls, each one a config call of the registry."""

import grpc.aio
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as calls
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos import config_convert as convert
from muster_gateway.nacos.answers import answering, envelope
from muster_gateway.nacos.config_lookup import seen_release
from muster_gateway.nacos.config_parameters import (
    check_config,
    check_publication,
    check_query,
    check_write,
    named,
    source_ip,
)
from muster_gateway.nacos.config_reads import ConfigReads
from muster_gateway.nacos.config_writes import ConfigWrites
from muster_gateway.nacos.errors import CausedError, absence, missing_text
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of
from muster_gateway.route import Parameter, Route

_OPEN = " (open to every caller: there is no authentication yet)"
_NAMES = (
    ("namespaceId", "`public` if absent", False),
    ("groupName", "which group; there is no default", True),
    ("dataId", "which config", True),
)
_QUERY = (
    *(Parameter(name, "query", text, is_required) for name, text, is_required in _NAMES),
    Parameter("X-Forwarded-For", "header", "the caller's address for a beta is its first element"),
    Parameter("X-Real-IP", "header", "the same, if the other is absent; the socket's address if both are"),
)
_CONFIG = tuple(Parameter(name, "form", text, is_required) for name, text, is_required in _NAMES)
_DELETE = (*_CONFIG, Parameter("tag", "form", "end this tag's content only"))
_PUBLISH = (
    *_CONFIG,
    Parameter("content", "form", "the text", is_required=True),
    Parameter("type", "form", f"{', '.join(convert.TYPES)}; `text` if absent or another"),
    Parameter("tag", "form", "for clients with this tag only; 16 characters at most"),
    Parameter("srcUser", "form", "who publishes"),
    Parameter("encryptedDataKey", "form", "the key of a content that clients encrypt"),
    Parameter("configTags", "form", "5 at most, comma-separated"),
    *(Parameter(name, "form", "kept as a label") for name in ("appName", "desc", "use", "effect", "schema")),
    Parameter("betaIps", "header", "for clients at these comma-separated addresses only"),
    Parameter("casMd5", "header", "publish only if the content has this md5, or there is none"),
)


class NacosConfig:
    """The room's config half: knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._config = registry, registry.config
        self._writes, self._reads = ConfigWrites(registry), ConfigReads(registry)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path, admin = "/nacos/v3/client/cs/config", "/nacos/v3/admin/cs/config"
        is_true = "`data: true`"
        return (
            Route("GET", path, answering(self.query), "Read a config", _QUERY, "`data`: the config; code 20004 if there is none"),
            Route("POST", admin, answering(self.publish), f"Publish a config{_OPEN}", _PUBLISH, is_true),
            Route("DELETE", admin, answering(self.delete), f"Delete a config{_OPEN}", _DELETE, is_true),
            Route("DELETE", f"{admin}/beta", answering(self.stop_beta), f"End the beta of a config{_OPEN}", _CONFIG, is_true),
        )

    async def query(self, request: Request) -> Response:
        """GET: what the caller sees. Nothing, or blank content, is no failure of the call."""
        parameters = await Parameters.read(request)
        check_config(parameters)
        check_query(parameters)
        ref = named(parameters, lambda name: CausedError(absence(name, "String")))
        release = await seen_release(self._registry, ref, config_pb2.ClientTraits(ip=source_ip(request)))
        if release is None:
            return envelope(200, 20004, None)
        is_typed = not release.gray or (await self._reads.lines(ref)).HasField("release")  # a beta alone has no type in Nacos
        return envelope(200, 0, convert.view(release, is_typed=is_typed))

    async def publish(self, request: Request) -> Response:
        """POST: on the main line, or for some clients only. Content is not checked to be what its type says."""
        parameters = await Parameters.read(request)
        check_config(parameters)
        check_write(parameters)
        ref = named(parameters, missing_text)
        check_publication(parameters)
        cas_md5, ips = request.headers.get("casmd5", "").strip(), request.headers.get("betaips", "")
        await self._writes.publish(ref, parameters, ips, cas_md5)
        return envelope(200, 0, data=True)

    async def delete(self, request: Request) -> Response:
        """DELETE: the config with all its lines, or a tag's line. What is not there is no error."""
        parameters = await Parameters.read(request)
        check_config(parameters)
        check_write(parameters)
        ref = named(parameters, missing_text)
        await self._writes.delete(ref, parameters.text("tag").strip())
        return envelope(200, 0, data=True)

    async def stop_beta(self, request: Request) -> Response:
        """DELETE beta."""
        parameters = await Parameters.read(request)
        check_config(parameters)
        check_write(parameters)
        asked = calls.StopGrayRequest(ref=named(parameters, missing_text), gray=convert.BETA)
        try:
            await self._config.StopGray(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if reason_of(error) != "GRAY_NOT_FOUND":
                raise
            return envelope(200, 30000, data=False, message="remove beta data error")
        return envelope(200, 0, data=True)
