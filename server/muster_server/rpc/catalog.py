"""CatalogService, but for lookups of instances and the watch: definitions, schemas and dependencies."""

import asyncio
from collections.abc import Iterable
from typing import Any

from muster.catalog.v1 import catalog_pb2
from muster.catalog.v1 import catalog_service_pb2 as wire

from muster_server.core import catalog_view
from muster_server.core.access_model import ANY, Action, Resource
from muster_server.core.catalog_commands import (
    ChangeTags,
    Created,
    CreateDefinition,
    DefinitionRef,
    DeleteDefinition,
    DeleteSchema,
    PutSchemas,
    SetDependencies,
)
from muster_server.core.catalog_model import Definition, check_tags
from muster_server.core.catalog_rules import schema_not_found
from muster_server.core.errors import MusterError
from muster_server.core.model import ServiceKey
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.access_table import CREATE, DELETE, READ, SERVICE, UPDATE, schema_resource, service_resource
from muster_server.rpc.calls import Call
from muster_server.rpc.catalog_decoding import (
    decode_change,
    decode_definition,
    decode_definition_ref,
    decode_dependency,
    decode_namespace,
    decode_rule,
    decode_schema,
)
from muster_server.rpc.catalog_encoding import definition_message, schema_message
from muster_server.rpc.decoding import check_batch, require
from muster_server.rpc.status_codes import item_error


class CatalogServicer:
    """Each method is documented in catalog_service.proto."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def create_definition(self, request: wire.CreateDefinitionRequest, call: Call) -> wire.CreateDefinitionResponse:
        """Put a definition."""
        require(request, "definition")
        command = CreateDefinition(decode_definition(request.definition), bool(request.definition.definition_id))
        call.require(CREATE, service_resource(command.definition.key.service))
        created: Created = await perform(self._engine, command)
        return wire.CreateDefinitionResponse(definition=self._message(created.definition), created=created.is_new)

    async def get_definition(self, request: wire.GetDefinitionRequest, call: Call) -> wire.GetDefinitionResponse:
        """Answer one."""
        return wire.GetDefinitionResponse(definition=self._message(self._found(request, call)))

    async def list_definitions(self, request: wire.ListDefinitionsRequest, call: Call) -> wire.ListDefinitionsResponse:
        """Answer those of a namespace; if asked so, only what the caller may read of it."""
        namespace = decode_namespace(request.namespace)
        found = catalog_view.all_in(self._engine.state, namespace)
        if request.permitted_only and call.may_some(READ, SERVICE, namespace):
            found = _permitted(found, call)
        else:
            call.require(READ, Resource(namespace, ANY, SERVICE, ANY))
        return wire.ListDefinitionsResponse(definitions=self._messages(found))

    async def resolve_definition(self, request: wire.ResolveDefinitionRequest, call: Call) -> wire.ResolveDefinitionResponse:
        """Answer one by name."""
        require(request, "key")
        service, rule = decode_rule(request.key)
        if not rule:
            raise MusterError.invalid("key.version", "must not be empty")
        call.require(READ, service_resource(service))
        definition = catalog_view.resolved(self._engine.state, service, rule)
        return wire.ResolveDefinitionResponse(definition=self._message(definition))

    async def update_definition(self, request: wire.UpdateDefinitionRequest, call: Call) -> wire.UpdateDefinitionResponse:
        """Change fields."""
        command = decode_change(request)
        self._check(call, UPDATE, command.ref)
        definition = await perform(self._engine, command)
        return wire.UpdateDefinitionResponse(definition=self._message(definition))

    async def change_tags(self, request: wire.ChangeTagsRequest, call: Call) -> wire.ChangeTagsResponse:
        """Change single tags."""
        check_tags(request.changed)
        ref = decode_definition_ref(request.namespace, request.definition_id)
        self._check(call, UPDATE, ref)
        definition = await perform(self._engine, ChangeTags(ref, dict(request.changed), tuple(request.removed)))
        return wire.ChangeTagsResponse(definition=self._message(definition))

    async def delete_definitions(self, request: wire.DeleteDefinitionsRequest, call: Call) -> wire.DeleteDefinitionsResponse:
        """Delete some, each on its own merits."""
        check_batch("definition_ids", len(request.definition_ids))
        refs = [decode_definition_ref(request.namespace, definition_id) for definition_id in request.definition_ids]
        results = await asyncio.gather(*(self._delete(call, ref, is_forced=request.force) for ref in refs))
        return wire.DeleteDefinitionsResponse(results=results)

    async def put_schemas(self, request: wire.PutSchemasRequest, call: Call) -> wire.PutSchemasResponse:
        """Put schemas."""
        ref = decode_definition_ref(request.namespace, request.definition_id)
        if not 1 <= len(request.schemas) <= 100:
            raise MusterError.invalid("schemas", "must hold 1 to 100 entries")
        schemas, resource = tuple(map(decode_schema, request.schemas)), schema_resource(self._service(ref))

        def check() -> None:
            known = self._engine.state.catalog.schemas.get(ref, {})
            for action in sorted({UPDATE if schema.schema_id in known else CREATE for schema in schemas}):
                call.require(action, resource)
            if request.replace_all and known.keys() - {schema.schema_id for schema in schemas}:
                call.require(DELETE, resource)

        await perform(self._engine, PutSchemas(ref, schemas, request.replace_all), check)
        return wire.PutSchemasResponse()

    async def get_schema(self, request: wire.GetSchemaRequest, call: Call) -> wire.GetSchemaResponse:
        """Answer one schema."""
        ref = decode_definition_ref(request.namespace, request.definition_id)
        call.require(READ, schema_resource(self._service(ref)))
        schema = self._engine.state.catalog.schemas.get(ref, {}).get(request.schema_id)
        if schema is None:
            raise schema_not_found(request.schema_id)
        return wire.GetSchemaResponse(schema=schema_message(schema))

    async def list_schemas(self, request: wire.ListSchemasRequest, call: Call) -> wire.ListSchemasResponse:
        """Answer the schemas of a definition."""
        ref = decode_definition_ref(request.namespace, request.definition_id)
        definition = catalog_view.found(self._engine.state, ref)
        call.require(READ, schema_resource(definition.key.service))
        known = self._engine.state.catalog.schemas.get(ref, {})
        schemas = [
            schema_message(known[schema_id], with_content=request.with_content)
            if schema_id in known
            else catalog_pb2.Schema(schema_id=schema_id)
            for schema_id in definition.schema_ids
        ]
        return wire.ListSchemasResponse(schemas=schemas)

    async def delete_schema(self, request: wire.DeleteSchemaRequest, call: Call) -> wire.DeleteSchemaResponse:
        """Take one away."""
        ref = decode_definition_ref(request.namespace, request.definition_id)
        call.require(DELETE, schema_resource(self._service(ref)))
        await perform(self._engine, DeleteSchema(ref, request.schema_id))
        return wire.DeleteSchemaResponse()

    async def set_dependencies(self, request: wire.SetDependenciesRequest, call: Call) -> wire.SetDependenciesResponse:
        """Say who calls whom."""
        namespace = decode_namespace(request.namespace)
        if not 1 <= len(request.dependencies) <= 100:
            raise MusterError.invalid("dependencies", "must hold 1 to 100 entries")
        dependencies = tuple(decode_dependency(namespace, dependency) for dependency in request.dependencies)
        for consumer, providers in dependencies:
            call.require(UPDATE, service_resource(consumer.service))
            for provider in providers:
                call.require(READ, service_resource(provider))
        await perform(self._engine, SetDependencies(dependencies, request.replace))
        return wire.SetDependenciesResponse()

    async def list_providers(self, request: wire.ListProvidersRequest, call: Call) -> wire.ListProvidersResponse:
        """Answer whom a definition depends on."""
        definition, state = self._found(request, call), self._engine.state
        ref = DefinitionRef(definition.key.namespace, definition.definition_id)
        found = [
            provider for service in catalog_view.providers_of(state, ref) for provider in catalog_view.of_service(state, service)
        ]
        return wire.ListProvidersResponse(definitions=self._messages(_readable(found, request, call)))

    async def list_consumers(self, request: wire.ListConsumersRequest, call: Call) -> wire.ListConsumersResponse:
        """Answer who depends on a definition."""
        consumers = catalog_view.consumers_of(self._engine.state, self._found(request, call).key.service)
        return wire.ListConsumersResponse(definitions=self._messages(_readable(consumers, request, call)))

    async def _delete(self, call: Call, ref: DefinitionRef, *, is_forced: bool) -> wire.DeleteDefinitionsResponse.Result:
        result = wire.DeleteDefinitionsResponse.Result(definition_id=ref.definition_id)
        try:
            self._check(call, DELETE, ref)
            await perform(self._engine, DeleteDefinition(ref, is_forced))
        except MusterError as error:
            result.error.CopyFrom(item_error(error))
        return result

    def _found(self, request: Any, call: Call) -> Definition:
        definition = catalog_view.found(self._engine.state, decode_definition_ref(request.namespace, request.definition_id))
        call.require(READ, service_resource(definition.key.service))
        return definition

    def _check(self, call: Call, action: Action, ref: DefinitionRef) -> None:
        """Raises MusterError: DEFINITION_NOT_FOUND, PERMISSION_DENIED."""
        call.require(action, service_resource(self._service(ref)))

    def _service(self, ref: DefinitionRef) -> ServiceKey:
        """The service of a definition. Raises MusterError: DEFINITION_NOT_FOUND."""
        return catalog_view.found(self._engine.state, ref).key.service

    def _message(self, definition: Definition) -> catalog_pb2.Definition:
        is_created = self._engine.state.catalog.get(DefinitionRef(definition.key.namespace, definition.definition_id)) is not None
        return definition_message(definition, is_derived=not is_created)

    def _messages(self, definitions: Iterable[Definition]) -> list[catalog_pb2.Definition]:
        return [self._message(definition) for definition in definitions]


def _permitted(found: Iterable[Definition], call: Call) -> list[Definition]:
    return [one for one in found if call.may(READ, service_resource(one.key.service))]


def _readable(found: list[Definition], request: Any, call: Call) -> list[Definition]:
    """All of these, or of them what the caller may read if the request says so. Raises MusterError (PERMISSION_DENIED)."""
    if request.permitted_only:
        return _permitted(found, call)
    for one in found:
        call.require(READ, service_resource(one.key.service))
    return found
