"""The calls about schemas, tags and dependencies: what a microservice says of its interfaces, and whom it calls."""

from typing import Any

import grpc.aio
from google.protobuf.field_mask_pb2 import FieldMask
from muster.catalog.v1 import catalog_pb2
from muster.catalog.v1 import catalog_service_pb2 as catalog
from starlette.requests import Request
from starlette.responses import Response

from muster_gateway.headers import X_SCHEMA_SUMMARY
from muster_gateway.registry import CALL_TIMEOUT_S, Registry
from muster_gateway.route import Parameter, Route
from muster_gateway.servicecomb import rules, shapes
from muster_gateway.servicecomb.calls import answered, body_of, definition_of, done, rows
from muster_gateway.servicecomb.errors import INVALID, NO_QUOTA, NO_TAG, CseError, of_call
from muster_gateway.servicecomb.names import namespace_of

MAX_SCHEMAS = 100


class Schemas:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        every, one = "/microservices/{service_id}/schemas", "/microservices/{service_id}/schemas/{schema_id}"
        content = Parameter("withSchema", "query", "1: with contents; 0 if absent")
        schema = (Parameter("schema", "json", "the text", is_required=True), Parameter("summary", "json", "its digest"))
        schemas = Parameter("schemas", "json", "all of them; others go", is_required=True)
        return (
            *rows("GET", one, self.get, "A schema"),
            *rows("PUT", one, self.put, "Put a schema", schema, "nothing"),
            *rows("DELETE", one, self.delete, "Delete a schema", (), "nothing"),
            *rows("GET", every, self.list_all, "The schemas of a microservice", (content,)),
            *rows("POST", every, self.put_all, "Put all schemas of a microservice", (schemas,), "nothing"),
        )

    async def get(self, request: Request) -> Response:
        """GET /microservices/{service_id}/schemas/{schema_id}."""
        service_id, schema_id = request.path_params["service_id"], request.path_params["schema_id"]
        rules.check("GetSchemaRequest.ServiceId", service_id)
        rules.check("GetSchemaRequest.SchemaId", schema_id)
        found: catalog.GetSchemaResponse = await self._registry.catalog.GetSchema(
            catalog.GetSchemaRequest(namespace=namespace_of(request), definition_id=service_id, schema_id=schema_id),
            timeout=CALL_TIMEOUT_S,
        )
        return answered({"schema": found.schema.content}, (X_SCHEMA_SUMMARY, found.schema.summary.encode()))

    async def put(self, request: Request) -> Response:
        """PUT /microservices/{service_id}/schemas/{schema_id}."""
        body = await body_of(request, shapes.PUT_SCHEMA)
        service_id, schema_id = request.path_params["service_id"], request.path_params["schema_id"]
        given = {"serviceId": service_id, "schemaId": schema_id}
        given |= {name: body.get(name, "") for name in ("schema", "summary")}
        for name, value in given.items():
            rules.check(f"ModifySchemaRequest.{name[0].upper()}{name[1:]}", value)
        await self._put(namespace_of(request), service_id, [_schema({**body, "schemaId": schema_id})], is_all=False)
        return done()

    async def put_all(self, request: Request) -> Response:
        """POST /microservices/{service_id}/schemas."""
        body = await body_of(request, shapes.PUT_SCHEMAS)
        schemas = body.get("schemas", [])
        try:
            rules.check("ModifySchemasRequest.Schemas", schemas)
            for schema in schemas:
                for name in ("schemaId", "summary", "schema"):
                    rules.check(f"Schema.{name[0].upper()}{name[1:]}", (schema or {}).get(name, ""))
        except CseError:
            raise CseError(INVALID, "Invalid request.") from None
        await self._put(namespace_of(request), request.path_params["service_id"], list(map(_schema, schemas)), is_all=True)
        return done()

    async def delete(self, request: Request) -> Response:
        """DELETE /microservices/{service_id}/schemas/{schema_id}."""
        asked = catalog.DeleteSchemaRequest(
            namespace=namespace_of(request),
            definition_id=request.path_params["service_id"],
            schema_id=request.path_params["schema_id"],
        )
        await self._registry.catalog.DeleteSchema(asked, timeout=CALL_TIMEOUT_S)
        return done()

    async def list_all(self, request: Request) -> Response:
        """GET /microservices/{service_id}/schemas."""
        wanted = request.query_params.get("withSchema", "0") or "0"
        if wanted not in ("0", "1"):
            raise CseError(INVALID, "parameter withSchema must be 1 or 0")
        schemas = await self.of(namespace_of(request), request.path_params["service_id"], with_content=wanted == "1")
        return answered({"schemas": schemas} if schemas else {})

    async def of(self, namespace: str, service_id: str, *, with_content: bool) -> list[dict[str, str]]:
        """The schemas of a microservice as they are shown. Raises grpc.aio.AioRpcError."""
        found: catalog.ListSchemasResponse = await self._registry.catalog.ListSchemas(
            catalog.ListSchemasRequest(namespace=namespace, definition_id=service_id, with_content=with_content),
            timeout=CALL_TIMEOUT_S,
        )
        shown = ({"schemaId": s.schema_id, "summary": s.summary, "schema": s.content} for s in found.schemas)
        return [{name: value for name, value in schema.items() if value} for schema in shown]

    async def _put(self, namespace: str, service_id: str, schemas: list[catalog_pb2.Schema], *, is_all: bool) -> None:
        asked = catalog.PutSchemasRequest(namespace=namespace, definition_id=service_id, schemas=schemas, replace_all=is_all)
        try:
            await self._registry.catalog.PutSchemas(asked, timeout=CALL_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            refusal = of_call(error)
            if refusal.code == NO_QUOTA:
                problem = f"no quota to create SCHEMA, max num is {MAX_SCHEMAS}, curNum is {MAX_SCHEMAS}, apply num is 1"
                raise CseError(NO_QUOTA, problem) from None
            raise


class Tags:
    """Knows the registry by its stubs only."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def routes(self) -> tuple[Route, ...]:
        """What is served."""
        every, one = "/microservices/{service_id}/tags", "/microservices/{service_id}/tags/{key}"
        tags = Parameter("tags", "json", "all of them, in place of what was there")
        value = Parameter("value", "query", "the new value", is_required=True)
        return (
            *rows("GET", every, self.get, "The tags of a microservice"),
            *rows("POST", every, self.put_all, "Put all tags of a microservice", (tags,), "nothing"),
            *rows("PUT", one, self.put, "Change a tag", (value,), "nothing"),
            *rows("DELETE", one, self.delete, "Delete tags, their keys with commas between", (), "nothing"),
        )

    async def get(self, request: Request) -> Response:
        """GET /microservices/{service_id}/tags."""
        definition = await definition_of(self._registry, namespace_of(request), request.path_params["service_id"])
        return answered({"tags": dict(definition.tags)} if definition.tags else {})

    async def put_all(self, request: Request) -> Response:
        """POST /microservices/{service_id}/tags."""
        tags = (await body_of(request, shapes.PUT_TAGS)).get("tags", {})
        rules.check("AddServiceTagsRequest.Tags", tags)
        definition = catalog_pb2.Definition(definition_id=request.path_params["service_id"], tags=tags)
        asked = catalog.UpdateDefinitionRequest(
            namespace=namespace_of(request), definition=definition, update_mask=FieldMask(paths=["tags"])
        )
        await self._registry.catalog.UpdateDefinition(asked, timeout=CALL_TIMEOUT_S)
        return done()

    async def put(self, request: Request) -> Response:
        """PUT /microservices/{service_id}/tags/{key}."""
        key, value = request.path_params["key"], request.query_params.get("value", "")
        rules.check("UpdateServiceTagRequest.Key", key)
        rules.check("UpdateServiceTagRequest.Value", value)
        await self._change(request, changed={key: value})
        return done()

    async def delete(self, request: Request) -> Response:
        """DELETE /microservices/{service_id}/tags/{key}."""
        keys = request.path_params["key"].split(",")
        rules.check("DeleteServiceTagsRequest.Keys", keys)
        try:
            await self._change(request, removed=keys)
        except grpc.aio.AioRpcError as error:
            if of_call(error).code != NO_TAG:
                raise
            definition = await definition_of(self._registry, namespace_of(request), request.path_params["service_id"])
            missing = next((key for key in keys if key not in definition.tags), "")
            raise CseError(NO_TAG, f"Delete tags failed for this key {missing} does not exist.") from None
        return done()

    async def _change(self, request: Request, **changes: Any) -> None:
        asked = catalog.ChangeTagsRequest(
            namespace=namespace_of(request), definition_id=request.path_params["service_id"], **changes
        )
        await self._registry.catalog.ChangeTags(asked, timeout=CALL_TIMEOUT_S)


def _schema(schema: dict[str, str]) -> catalog_pb2.Schema:
    return catalog_pb2.Schema(schema_id=schema["schemaId"], content=schema.get("schema", ""), summary=schema.get("summary", ""))
