"""The calls of consoles: microservices with all that belongs to them, counts, and who calls whom."""

from collections.abc import Sequence
from typing import Any

from muster.catalog.v1 import catalog_pb2
from muster.catalog.v1 import catalog_service_pb2 as catalog
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.registry import CALL_TIMEOUT_S, Registry
from muster_gateway.route import Handler, Parameter, Route
from muster_gateway.servicecomb import definitions, instances
from muster_gateway.servicecomb.calls import DOMAIN, answered, answering, definition_of
from muster_gateway.servicecomb.errors import INVALID, CseError
from muster_gateway.servicecomb.names import application_of, namespace_of
from muster_gateway.servicecomb.schemas import Schemas

MAX_QUERIES = 1000
_PARTS = ("instances", "schemas", "dependencies", "tags")

Definitions = Sequence[catalog_pb2.Definition]


class Governing:
    """Knows the registry by its stubs only. These calls look at everything; they are for people, not for services."""

    def __init__(self, registry: Registry, schemas: Schemas) -> None:
        self._registry, self._schemas = registry, schemas

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        filters = (
            Parameter("options", "query", "all, instances, schemas, dependencies, tags, statistics; several with commas between"),
            *(Parameter(name, "query", "only these") for name in ("appId", "serviceName", "env")),
            Parameter("property", "query", "only those with this property, as `name:value`"),
            Parameter("countOnly", "query", "1: the number of instances instead of them"),
        )
        return (
            _row("/microservices", self.list_all, "Microservices with all that belongs to them", filters),
            _row("/microservices/{service_id}", self.get, "A microservice with all that belongs to it"),
            _row("/relations", self.relations, "Who calls whom"),
            _row("/apps", self.applications, "The applications", filters[3:4]),
            _row("/statistics", self.statistics, "How many there are"),
        )

    async def list_all(self, request: Request) -> Response:
        """GET /govern/microservices."""
        query = request.query_params
        count_only = query.get("countOnly", "0") or "0"
        if count_only not in ("0", "1"):
            raise CseError(INVALID, "parameter countOnly must be 1 or 0")
        namespace, asked = namespace_of(request), set(query.get("options", "").split(","))
        every = await self._all(namespace)
        if asked == {"statistics"}:
            return answered({"statistics": await self._statistics(namespace, every)})
        wanted = [definition for definition in every if _is_wanted(definition, request)]
        parts = set(_PARTS) if "all" in asked else asked & set(_PARTS)
        details = await self._details(namespace, wanted, parts, counts_only=count_only == "1")
        for detail in details:
            detail["microService"].pop("schemas", None)  # the original's list leaves them out
        answer: dict[str, Any] = {"allServicesDetail": details} if details else {}
        if asked & {"all", "statistics"}:
            answer["statistics"] = await self._statistics(namespace, every)
        return answered(answer)

    async def get(self, request: Request) -> Response:
        """GET /govern/microservices/{service_id}."""
        namespace = namespace_of(request)
        definition = await definition_of(self._registry, namespace, request.path_params["service_id"])
        detail = (await self._details(namespace, [definition], set(_PARTS), counts_only=False))[0]
        service = definition.service
        versions = [other.key.version for other in await self._all(namespace) if other.service == service]
        return answered({"service": {**detail, "microServiceVersions": versions}})

    async def relations(self, request: Request) -> Response:
        """GET /govern/relations."""
        namespace = namespace_of(request)
        every = await self._all(namespace)
        nodes = [_node(definition) for definition in every]
        lines = [
            {"from": _node(consumer), "to": _node(provider, is_target=True), "type": "", "color": "", "descriptor": ""}
            for consumer in every
            for provider in await self._providers(namespace, consumer.definition_id)
        ]
        return answered({"nodes": nodes or None, "lines": lines or None, "circles": None})

    async def applications(self, request: Request) -> Response:
        """GET /govern/apps."""
        every = await self._all(namespace_of(request))
        names = sorted({application_of(definition.key.group) for definition in every if _is_wanted(definition, request)})
        return answered({"appIds": names} if names else {})

    async def statistics(self, request: Request) -> Response:
        """GET /govern/statistics."""
        namespace = namespace_of(request)
        return answered({"statistics": await self._statistics(namespace, await self._all(namespace))})

    async def _all(self, namespace: str) -> Definitions:
        found: catalog.ListDefinitionsResponse = await self._registry.catalog.ListDefinitions(
            catalog.ListDefinitionsRequest(namespace=namespace, permitted_only=True), timeout=CALL_TIMEOUT_S
        )
        return list(found.definitions)

    async def _details(self, namespace: str, wanted: Definitions, parts: set[str], *, counts_only: bool) -> list[dict[str, Any]]:
        running = await self._instances(namespace, wanted) if "instances" in parts else {}
        return [
            await self._detail(namespace, definition, parts, running.get(definition.definition_id, []), counts_only=counts_only)
            for definition in wanted
        ]

    async def _detail(
        self,
        namespace: str,
        definition: catalog_pb2.Definition,
        parts: set[str],
        running: list[dict[str, Any]],
        *,
        counts_only: bool,
    ) -> dict[str, Any]:
        service_id = definition.definition_id
        detail: dict[str, Any] = {"microService": definitions.view(definition)}
        if "instances" in parts and counts_only:
            detail["statics"] = {"instances": {"count": len(running)} if running else {}}
        elif running:
            detail["instances"] = running
        if "schemas" in parts:
            detail["schemaInfos"] = await self._schemas.of(namespace, service_id, with_content=True)
        if "dependencies" in parts:
            detail["providers"] = list(map(definitions.view, await self._providers(namespace, service_id)))
            detail["consumers"] = list(map(definitions.view, await self._consumers(namespace, service_id)))
        if "tags" in parts:
            detail["tags"] = dict(definition.tags)
        return {name: value for name, value in detail.items() if value}

    async def _instances(self, namespace: str, wanted: Definitions) -> dict[str, list[dict[str, Any]]]:
        """The instances of definitions as they are shown, by definition."""
        found: dict[str, list[dict[str, Any]]] = {}
        for start in range(0, len(wanted), MAX_QUERIES):
            some = wanted[start : start + MAX_QUERIES]
            queries = [catalog.InstanceQuery(definition_id=definition.definition_id) for definition in some]
            answer: catalog.FindInstancesResponse = await self._registry.catalog.FindInstances(
                catalog.FindInstancesRequest(namespace=namespace, queries=queries), timeout=CALL_TIMEOUT_S
            )
            for definition, part in zip(some, answer.answers, strict=True):
                name, version = definition.definition_id, definition.key.version
                running = [instance for group in part.found for instance in group.instances]
                found[name] = [instances.view(instance, name, version) for instance in running]
        return found

    async def _providers(self, namespace: str, service_id: str) -> Definitions:
        found: catalog.ListProvidersResponse = await self._registry.catalog.ListProviders(
            catalog.ListProvidersRequest(namespace=namespace, definition_id=service_id, permitted_only=True), timeout=CALL_TIMEOUT_S
        )
        return list(found.definitions)

    async def _consumers(self, namespace: str, service_id: str) -> Definitions:
        found: catalog.ListConsumersResponse = await self._registry.catalog.ListConsumers(
            catalog.ListConsumersRequest(namespace=namespace, definition_id=service_id, permitted_only=True), timeout=CALL_TIMEOUT_S
        )
        return list(found.definitions)

    async def _statistics(self, namespace: str, every: Definitions) -> dict[str, Any]:
        """How many services (names, not versions), instances and applications there are, and how many services are running."""
        running = await self._instances(namespace, every)
        count = sum(map(len, running.values()))
        services = {definition.service.SerializeToString(deterministic=True) for definition in every}
        online = {
            definition.service.SerializeToString(deterministic=True) for definition in every if running[definition.definition_id]
        }
        return {
            "services": {"count": len(services), "onlineCount": len(online)},
            "instances": {"count": count, "countByDomain": count},
            "apps": {"count": len({definition.key.group for definition in every})},
        }


def _row(path: str, handler: Handler, summary: str, parameters: tuple[Parameter, ...] = ()) -> Route:
    project = Parameter("project_id", "path", "the project", is_required=True)
    named = (Parameter("service_id", "path", "the microservice", is_required=True),) if "{service_id}" in path else ()
    documented = (project, *named, *parameters, DOMAIN)
    return Route("GET", f"/v4/{{project_id}}/govern{path}", answering(handler), summary, documented, "JSON object")


def _is_wanted(definition: catalog_pb2.Definition, request: Request) -> bool:
    query, key = request.query_params, definition.key
    wanted = {"appId": application_of(key.group), "serviceName": key.name, "env": key.environment}
    if any(query.get(name) not in (None, "", value) for name, value in wanted.items()):
        return False
    pairs = (entry.partition(":") for entry in query.getlist("property"))
    return all(definition.properties.get(name) == value for name, _, value in pairs)


def _node(definition: catalog_pb2.Definition, *, is_target: bool = False) -> dict[str, str]:
    """A point of the graph; where a line ends, the original leaves application and version empty."""
    key = definition.key
    return {
        "id": definition.definition_id,
        "name": key.name,
        "appId": "" if is_target else application_of(key.group),
        "version": "" if is_target else key.version,
        "type": "",
        "color": "",
        "position": "",
    }
