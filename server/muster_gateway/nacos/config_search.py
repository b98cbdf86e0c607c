"""The admin calls that list configs: searched for, page by page, or all of a namespace."""

from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as calls
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.nacos import config_views as views
from muster_gateway.nacos.answers import answering, envelope
from muster_gateway.nacos.config_parameters import LABEL_PREFIX, check_config, check_search, required
from muster_gateway.nacos.config_reads import MAX_PAGE, ConfigReads
from muster_gateway.nacos.convert import native_namespace
from muster_gateway.nacos.paging import page_bounds
from muster_gateway.nacos.parameters import Parameters
from muster_gateway.registry import Registry
from muster_gateway.route import Parameter, Route

MAX_SKIPPED = 2**31 - 1
_LIST = (
    Parameter("namespaceId", "query", "`public` if absent"),
    Parameter("groupName", "query", "in this group; `*` stands for any text; all if blank"),
    Parameter("dataId", "query", "of this name; `*` stands for any text; all if blank"),
    Parameter("appName", "query", "of this application; `*` stands for any text"),
    Parameter("configTags", "query", "with one of these comma-separated tags"),
    Parameter("type", "query", "of one of these comma-separated types"),
    Parameter("configDetail", "query", "with this content; `*` stands for any text"),
    Parameter("search", "query", "`blur` or `accurate`: both find the same here"),
    Parameter("pageNo", "query", "1 if absent"),
    Parameter("pageSize", "query", "100 if absent; 1000 at most"),
)
_NAMESPACE = (Parameter("namespaceId", "query", "which namespace", is_required=True),)


class NacosConfigSearch:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._reads = ConfigReads(registry)

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        path, all_path = "/nacos/v3/admin/cs/config/list", "/nacos/v3/admin/cs/history/configs"
        return (
            Route("GET", path, answering(self.search), "Search for configs", _LIST, "`data`: a page of configs"),
            Route("GET", all_path, answering(self.of_namespace), "List all configs of a namespace", _NAMESPACE, "`data`: array"),
        )

    async def search(self, request: Request) -> Response:
        """GET list. The registry pages and counts; what it has no filter for is left out here, and then all is looked at."""
        parameters = await Parameters.read(request)
        check_search(parameters)
        number, size = page_bounds(parameters, MAX_PAGE)
        tags, types = _several(parameters, "configTags"), _several(parameters, "type")
        asked, skipped = _asked(parameters, tags, types), (number - 1) * size
        shown: list[config_pb2.ConfigSummary] = []
        total = 0
        if tags or len(types) > 1:
            async for summary in self._reads.all(asked):
                if _is_wanted(summary.release, tags, types):
                    total += 1
                    if skipped < total <= skipped + size:
                        shown.append(summary)
        else:
            asked.page_size, asked.skip, asked.count = size, min(skipped, MAX_SKIPPED), True
            page = await self._reads.page(asked)
            shown, total = list(page.configs), page.total_size
        items = [views.basic(summary.ref, summary.release, with_md5=not tags) for summary in shown]
        return envelope(200, 0, views.page(items, total, number, size))

    async def of_namespace(self, request: Request) -> Response:
        """GET history/configs. It has no pages, there as here."""
        parameters = await Parameters.read(request)
        check_config(parameters)
        namespace = native_namespace(required(parameters, "namespaceId", "String"))
        found = self._reads.all(calls.ListConfigsRequest(namespace=namespace))
        return envelope(200, 0, [views.basic(summary.ref, summary.release, with_md5=False) async for summary in found])


def _several(parameters: Parameters, name: str) -> list[str]:
    return [part for part in parameters.text(name).split(",") if part.strip()]


def _asked(parameters: Parameters, tags: list[str], types: list[str]) -> calls.ListConfigsRequest:
    """What the registry can look for by itself."""
    asked = calls.ListConfigsRequest(
        namespace=native_namespace(parameters.text("namespaceId").strip()),
        group_pattern=parameters.text("groupName"),
        name_pattern=parameters.text("dataId"),
        content_pattern=parameters.text("configDetail"),
        content_type=types[0] if len(types) == 1 else "",
    )
    if app := parameters.text("appName"):
        asked.labels[f"{LABEL_PREFIX}appName"] = app
    if tags:
        asked.labels[f"{LABEL_PREFIX}configTags"] = f"*{tags[0]}*" if len(tags) == 1 else ""
    return asked


def _is_wanted(release: config_pb2.Release, tags: list[str], types: list[str]) -> bool:
    has_tag = not tags or not set(tags).isdisjoint(views.kept(release, "configTags").split(","))
    return has_tag and (not types or release.content_type in types)
