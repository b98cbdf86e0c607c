"""The calls about microservices: created, shown, changed, deleted, and whether they are there."""

from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
from google.protobuf.field_mask_pb2 import FieldMask
from muster.catalog.v1 import catalog_pb2
from muster.catalog.v1 import catalog_service_pb2 as catalog
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.headers import X_SCHEMA_SUMMARY
from muster_gateway.registry import CALL_TIMEOUT_S, Registry, reason_of
from muster_gateway.route import Parameter, Route
from muster_gateway.servicecomb import definitions, rules, shapes
from muster_gateway.servicecomb.calls import answered, body_of, definition_of, done, rows
from muster_gateway.servicecomb.errors import INVALID, NO_SERVICE, NO_VERSION, CseError, check_quota, of_call, of_item
from muster_gateway.servicecomb.keeping import DEFINITIONS, DIALECT
from muster_gateway.servicecomb.names import namespace_of
from muster_gateway.servicecomb.own import OwnService
from muster_gateway.servicecomb.registering import Registering

MAX_PROPERTIES_BYTES = 3 * 1024
_FORCED = {"": False, "0": False, "false": False, "1": True, "true": True}


class Microservices:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry, own: OwnService, registering: Registering) -> None:
        self._registry, self._own, self._registering = registry, own, registering

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        force = Parameter("force", "query", "true or 1: although it has instances or consumers")
        exists = (
            Parameter("type", "query", "microservice or schema", is_required=True),
            *(Parameter(name, "query", "of a microservice") for name in ("env", "appId", "serviceName", "version")),
            *(Parameter(name, "query", "of a schema") for name in ("serviceId", "schemaId")),
        )
        service = Parameter("service", "json", "the microservice", is_required=True)
        properties = Parameter("properties", "json", "all of them, in place of what was there")
        ids = Parameter("serviceIds", "json", "which ones", is_required=True)
        one = "/microservices/{service_id}"
        return (
            *rows("POST", "/microservices", self.create, "Create a microservice", (service,)),
            *rows("GET", "/microservices", self.list_all, "All microservices"),
            *rows("DELETE", "/microservices", self.delete_many, "Delete microservices", (ids,)),
            *rows("GET", one, self.get, "One microservice"),
            *rows("DELETE", one, self.delete, "Delete a microservice", (force,), "nothing"),
            *rows("PUT", f"{one}/properties", self.put_properties, "Change its properties", (properties,), "nothing"),
            *rows("GET", "/existence", self.exists, "The id of a microservice or schema", exists),
        )

    async def create(self, request: Request) -> Response:
        """POST /microservices. With tags and instances, which are created after it; what fails of these is answered together."""
        body = await body_of(request, shapes.CREATE_SERVICE)
        namespace = namespace_of(request)
        wanted = definitions.native(namespace, definitions.checked(body.get("service")))
        asked = catalog.CreateDefinitionRequest(definition=wanted)
        try:
            created: catalog.CreateDefinitionResponse = await self._registry.catalog.CreateDefinition(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            check_quota(error, "SERVICE")
            raise
        service_id = created.definition.definition_id
        problems = [problem async for problem in self._add(namespace, service_id, body)]
        if problems:
            raise CseError(INVALID, f"errMessages: [{' '.join(problems)}]")
        return answered({"serviceId": service_id})

    async def _add(self, namespace: str, service_id: str, body: dict[str, Any]) -> AsyncIterator[str]:
        if tags := body.get("tags"):
            try:
                rules.check("AddServiceTagsRequest.Tags", tags)
                await self.update(namespace, catalog_pb2.Definition(definition_id=service_id, tags=tags), "tags")
            except (CseError, grpc.aio.AioRpcError) as error:
                yield _text(error)
        for instance in body.get("instances", []):
            try:
                await self._registering.register(namespace, service_id, instance)
            except (CseError, grpc.aio.AioRpcError) as error:
                yield _text(error)

    async def list_all(self, request: Request) -> Response:
        """GET /microservices."""
        found: catalog.ListDefinitionsResponse = await self._registry.catalog.ListDefinitions(
            catalog.ListDefinitionsRequest(namespace=namespace_of(request), permitted_only=True), timeout=CALL_TIMEOUT_S
        )
        services = [definitions.view(definition) for definition in found.definitions]
        if request.query_params.get("withShared") in ("1", "true"):
            services.append(self._own.service())
        return answered({"services": services} if services else {})

    async def get(self, request: Request) -> Response:
        """GET /microservices/{service_id}."""
        service_id = request.path_params["service_id"]
        rules.check("GetServiceRequest.ServiceId", service_id)
        if self._own.is_meant(request, service_id):
            return answered({"service": self._own.service()})
        return answered({"service": definitions.view(await definition_of(self._registry, namespace_of(request), service_id))})

    async def delete(self, request: Request) -> Response:
        """DELETE /microservices/{service_id}."""
        service_id, force = request.path_params["service_id"], request.query_params.get("force", "")
        if force not in _FORCED:
            raise CseError(INVALID, "parameter force must be false or true")
        rules.check("DeleteServiceRequest.ServiceId", service_id)
        if self._own.is_meant(request, service_id):
            raise CseError(INVALID, "not allow to delete service center")
        result = (await self._delete(namespace_of(request), [service_id], is_forced=_FORCED[force]))[0]
        if result.HasField("error"):
            raise of_item(result.error)
        return done()

    async def delete_many(self, request: Request) -> Response:
        """DELETE /microservices, with the ids in its body."""
        body = await body_of(request, shapes.DELETE_SERVICES)
        ids = body.get("serviceIds", [])
        rules.check("DelServicesRequest.ServiceIds", ids)
        results = await self._delete(namespace_of(request), list(dict.fromkeys(ids)), is_forced=body.get("force", False))
        shown = [
            {"serviceId": result.definition_id, **({"errMessage": of_item(result.error).text} if result.HasField("error") else {})}
            for result in results
        ]
        return answered({"services": shown})

    async def put_properties(self, request: Request) -> Response:
        """PUT /microservices/{service_id}/properties."""
        service_id = request.path_params["service_id"]
        body = await body_of(request, shapes.UPDATE_PROPERTIES, MAX_PROPERTIES_BYTES)
        namespace, properties = namespace_of(request), body.get("properties", {})
        changed = catalog_pb2.Definition(
            definition_id=service_id, properties=properties, cross_group=definitions.is_open(properties)
        )
        paths = ["properties", "cross_group"]
        if (framework := body.get("framework")) is not None:
            definitions.check_framework(framework)
            kept = definitions.kept(await definition_of(self._registry, namespace, service_id))
            changed.attributes[DIALECT] = DEFINITIONS.write({**kept, "framework": framework})
            paths.append("attributes")
        await self.update(namespace, changed, *paths)
        return done()

    async def update(self, namespace: str, definition: catalog_pb2.Definition, *paths: str) -> None:
        """Change fields of a definition. Raises grpc.aio.AioRpcError."""
        request = catalog.UpdateDefinitionRequest(namespace=namespace, definition=definition, update_mask=FieldMask(paths=paths))
        await self._registry.catalog.UpdateDefinition(request, timeout=CALL_TIMEOUT_S)

    async def exists(self, request: Request) -> Response:
        """GET /existence."""
        match request.query_params.get("type"):
            case "microservice":
                return await self._service_exists(request)
            case "schema":
                return await self._schema_exists(request)
            case _:
                raise CseError(INVALID, "Only micro-service and schema can be used as type.")

    async def _service_exists(self, request: Request) -> Response:
        query = request.query_params
        asked = {"environment": query.get("env", "")}
        asked |= {name: query.get(name, "") for name in ("appId", "serviceName", "version")}
        for name, value in asked.items():
            rules.check(f"GetExistenceRequest.{name[0].upper()}{name[1:]}", value)
        if self._own.is_asked_for(request, asked):
            return answered({"serviceId": self._own.service_id})
        key = definitions.native_key(namespace_of(request), asked)
        try:
            found: catalog.ResolveDefinitionResponse = await self._registry.catalog.ResolveDefinition(
                catalog.ResolveDefinitionRequest(key=key), timeout=CALL_TIMEOUT_S
            )
        except grpc.aio.AioRpcError as error:
            name = "/".join(asked.values())
            match reason_of(error):
                case "DEFINITION_NOT_FOUND":
                    raise CseError(NO_SERVICE, f"{name} does not exist.") from None
                case "VERSION_NOT_FOUND":
                    raise CseError(NO_VERSION, f"{name} version mismatch.") from None
                case _:
                    raise
        return answered({"serviceId": found.definition.definition_id})

    async def _schema_exists(self, request: Request) -> Response:
        service_id, schema_id = (request.query_params.get(name, "") for name in ("serviceId", "schemaId"))
        rules.check("GetSchemaRequest.ServiceId", service_id)
        rules.check("GetSchemaRequest.SchemaId", schema_id)
        asked = catalog.GetSchemaRequest(namespace=namespace_of(request), definition_id=service_id, schema_id=schema_id)
        try:
            found: catalog.GetSchemaResponse = await self._registry.catalog.GetSchema(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            refusal = of_call(error)
            raise CseError(refusal.code, "service does not exist." if refusal.code == NO_SERVICE else refusal.detail) from None
        return answered({"serviceId": service_id, "schemaId": schema_id}, (X_SCHEMA_SUMMARY, found.schema.summary.encode()))

    async def _delete(self, namespace: str, ids: list[str], *, is_forced: bool) -> list[catalog.DeleteDefinitionsResponse.Result]:
        answer: catalog.DeleteDefinitionsResponse = await self._registry.catalog.DeleteDefinitions(
            catalog.DeleteDefinitionsRequest(namespace=namespace, definition_ids=ids, force=is_forced), timeout=CALL_TIMEOUT_S
        )
        return list(answer.results)


def _text(error: CseError | grpc.aio.AioRpcError) -> str:
    return (error if isinstance(error, CseError) else of_call(error)).text
