"""The config calls of Nacos 1, and the long poll by which its SDKs listen."""

from email.utils import formatdate
from urllib.parse import quote

from muster.config.v1 import config_pb2
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos import config_convert as convert
from muster_gateway.nacos.answers import SECURITY_HEADERS
from muster_gateway.nacos.config_lookup import seen_release
from muster_gateway.nacos.config_parameters import check_config, check_publication, check_write, named, source_ip
from muster_gateway.nacos.config_writes import ConfigWrites
from muster_gateway.nacos.errors import RefusedError
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.nacos.v1 import probes
from muster_gateway.nacos.v1.answers import CONFIG_JSON, TEXT, answering, document, text
from muster_gateway.nacos.v1.gone import gone
from muster_gateway.nacos.v1.parameters import as_config
from muster_gateway.nacos.v1.polls import Polls
from muster_gateway.registry import Registry
from muster_gateway.route import Parameter, Route

_NAMES = (
    Parameter("dataId", "query", "which config", is_required=True),
    Parameter("group", "query", "its group", is_required=True),
    Parameter("tenant", "query", "its namespace; `public` if absent"),
)
_PUBLISH = (
    Parameter("dataId", "form", "which config", is_required=True),
    Parameter("group", "form", "its group", is_required=True),
    Parameter("tenant", "form", "its namespace; `public` if absent"),
    Parameter("content", "form", "the text", is_required=True),
    Parameter("type", "form", f"{', '.join(convert.TYPES)}; `text` if absent or another"),
    Parameter("tag", "form", "for clients with this tag only"),
    *(Parameter(name, "form", "kept") for name in ("appName", "src_user", "config_tags", "desc", "use", "effect", "schema")),
    Parameter("betaIps", "header", "for clients at these comma-separated addresses only"),
    Parameter("casMd5", "header", "publish only if the content has this md5, or there is none"),
)
_LISTEN = (
    Parameter(
        "Listening-Configs", "form", "`dataId^2group^2md5[^2tenant]^1` for each config; ^1, ^2: bytes 1, 2", is_required=True
    ),
    Parameter("Long-Pulling-Timeout", "header", "how long to wait, in ms; without it the answer comes at once"),
    Parameter("Long-Pulling-Timeout-No-Hangup", "header", "`true`: answer at once"),
)


class Configs:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._writes, self._polls = registry, ConfigWrites(registry), Polls(registry)

    def stop(self) -> None:
        """Answer the polls that wait: the server is about to stop."""
        self._polls.stop()

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path = "/nacos/v1/cs/configs"
        tag = Parameter("tag", "query", "the content for this tag")
        return (
            Route("GET", path, answering(self.query, CONFIG_JSON), "Nacos 1: read a config", (*_NAMES, tag), "the content"),
            Route("POST", path, answering(self.publish, CONFIG_JSON), "Nacos 1: publish a config", _PUBLISH, "`true`"),
            Route("DELETE", path, answering(self.delete, CONFIG_JSON), "Nacos 1: delete a config", (*_NAMES, tag), "`true`"),
            Route(
                "POST",
                f"{path}/listener",
                answering(self.listen, CONFIG_JSON),
                "Nacos 1: wait until a config changes",
                _LISTEN,
                "the names of what changed, URL-encoded; empty if nothing did",
            ),
        )

    async def query(self, request: Request) -> Response:
        """GET: the content, and what is known of it in headers."""
        sent = await Parameters.read(request)
        if "search" in sent:
            return _retyped(gone(request, "console", "/v3/console/cs/config/list"))
        if sent.text("show") == "all":
            return _retyped(gone(request, "console", "/v3/console/cs/config"))
        check_config(sent)
        parameters = as_config(sent, "dataId", "group")
        check_write(parameters)
        tag = parameters.text("tag").strip() or request.headers.get(convert.TAG_LABEL, "").strip()
        client = config_pb2.ClientTraits(ip=source_ip(request), labels={convert.TAG_LABEL: tag} if tag else {})
        release = await seen_release(self._registry, named(parameters, _blank), client, parameters.text("tag").strip())
        if release is None:
            return text(404, "config data not exist\n", CONFIG_JSON)
        return Response(release.content, headers={**SECURITY_HEADERS, "content-type": TEXT, **_headers(release)})

    async def publish(self, request: Request) -> Response:
        """POST: on the main line, or for some clients only."""
        sent = await Parameters.read(request)
        check_config(sent)
        parameters = as_config(sent, "dataId", "group", "content")
        check_write(parameters)
        ref = named(parameters, _blank)
        if not parameters.text("content"):
            raise _blank("content")
        check_publication(parameters)
        cas_md5, ips = request.headers.get("casmd5", "").strip(), request.headers.get("betaips", "")
        try:
            await self._writes.publish(ref, parameters, ips, cas_md5)
        except RefusedError as refusal:
            if refusal.code != 20005:
                raise
            return document(body=False, kind=CONFIG_JSON, status=500)  # the md5 was another
        return document(body=True, kind=CONFIG_JSON)

    async def delete(self, request: Request) -> Response:
        """DELETE: the config with all its lines, or a tag's line. What is not there is no error."""
        sent = await Parameters.read(request)
        check_config(sent)
        parameters = as_config(sent, "dataId", "group")
        check_write(parameters)
        await self._writes.delete(named(parameters, _blank), parameters.text("tag").strip())
        return document(body=True, kind=CONFIG_JSON)

    async def listen(self, request: Request) -> Response:
        """POST listener: what differs from what the client has, at once or when it comes to."""
        asked = probes.read(await Parameters.read(request))
        wait_s = probes.wait_s(request.headers)
        changed = await self._polls.changed(request, asked, wait_s)
        return text(200, probes.answer(changed), CONFIG_JSON)


def _headers(release: config_pb2.Release) -> dict[str, str]:
    """What is known of a release. Texts are quoted unless they can stand in a header."""
    headers = {
        "Content-MD5": release.md5,
        "Last-Modified": formatdate(release.create_time.ToMilliseconds() / 1000, usegmt=True),
        "Encrypted-Data-Key": _printable(release.encrypted_data_key),
    }
    if release.content_type:
        headers["Config-Type"] = _printable(release.content_type)
    if release.gray == convert.BETA:
        headers["isBeta"] = "true"
    return headers


def _printable(value: str) -> str:
    return value if value.isascii() and value.isprintable() else quote(value)


def _retyped(response: Response) -> Response:
    response.headers["content-type"] = CONFIG_JSON
    return response


def _blank(name: str) -> RefusedError:
    """The refusal of what was sent and is blank."""
    return RefusedError(400, 20002, f"invalid {'group' if name == 'groupName' else name} : blank")
