"""Calls about definitions: what versions of services say of themselves, their schemas, and who depends on whom."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from muster.catalog.v1 import catalog_service_pb2 as wire
from muster.catalog.v1.catalog_pb2 import Definition, DefinitionKey, Schema
from muster.registry.v1.instance_pb2 import ServiceRef

from muster_client._names import ServiceName
from muster_client.errors import from_item_error


class Catalog:
    """What `Client.catalog` is. Every call raises InvalidFieldError, AccessDeniedError and UnavailableError besides what it says.

    A definition that is changed or asked about is given as it was got: its namespace and its id say which one it is.

    Describe a service and what it calls, and look the highest version up:

        >>> async def main() -> None:
        ...     async with Client(target) as client:
        ...         basket = await client.catalog.create(Definition(key=DefinitionKey(name="basket", version="1.2")))
        ...         await client.catalog.create(Definition(key=DefinitionKey(name="stock", version="1.0")))
        ...         await client.catalog.put_schemas(basket, Schema(schema_id="api", content="openapi: 3.1.0"))
        ...         await client.catalog.depend(basket, "stock")
        ...         found = await client.catalog.get("basket", "1.0+")
        ...         print(found.key.version, list(found.schema_ids))
        ...         print([provider.key.name for provider in await client.catalog.providers(found)])
        >>> asyncio.run(main())
        1.2 ['api']
        ['stock']
    """

    def __init__(self, stub: Any, call: Callable[[Any, Message], Awaitable[Any]]) -> None:
        self._stub = stub
        self._call = call

    async def create(self, definition: Definition) -> Definition:
        """Put a definition, or find the one that has its key or its alias already, untouched. It is on disk when this returns.

        Raises AlreadyExistsError (the id is another's, or another id was asked for), LimitExceededError.
        """
        response = await self._call(self._stub.CreateDefinition, wire.CreateDefinitionRequest(definition=definition))
        return _definition(response)

    async def get(self, service: str | ServiceRef, version: str = "latest", *, environment: str = "") -> Definition:
        """The highest version of a service, by its name or alias, that a rule selects: `1.2.3`, `1.2+`, `1.0-2.0`, `latest`.

        Plain text is a name in the default namespace and group. Raises NotFoundError.
        """
        name = ServiceName.of(service)
        key = DefinitionKey(namespace=name.namespace, group=name.group, name=name.name, environment=environment, version=version)
        return _definition(await self._call(self._stub.ResolveDefinition, wire.ResolveDefinitionRequest(key=key)))

    async def list(self, namespace: str = "") -> Sequence[Definition]:
        """The definitions of a namespace in the order of their creation; then those that stand for instances without one."""
        response: wire.ListDefinitionsResponse = await self._call(
            self._stub.ListDefinitions, wire.ListDefinitionsRequest(namespace=namespace)
        )
        return response.definitions

    async def update(self, definition: Definition, *paths: str) -> Definition:
        """Change the fields `paths`: of properties, tags, cross_group and attributes. Raises NotFoundError."""
        request = wire.UpdateDefinitionRequest(
            namespace=definition.key.namespace, definition=definition, update_mask=FieldMask(paths=paths)
        )
        return _definition(await self._call(self._stub.UpdateDefinition, request))

    async def delete(self, definition: Definition, *, force: bool = False) -> None:
        """Delete a definition; by force with its instances, and whoever depends on it.

        Raises NotFoundError, ConflictError (DEFINITION_NEEDED, DEFINITION_IN_USE).
        """
        request = wire.DeleteDefinitionsRequest(
            namespace=definition.key.namespace, definition_ids=[definition.definition_id], force=force
        )
        response: wire.DeleteDefinitionsResponse = await self._call(self._stub.DeleteDefinitions, request)
        if response.results[0].HasField("error"):
            raise from_item_error(response.results[0].error)

    async def put_schemas(self, definition: Definition, *schemas: Schema, replace_all: bool = False) -> None:
        """Put schemas in one step; with `replace_all` others go. Raises NotFoundError, LimitExceededError, TooLargeError."""
        request = wire.PutSchemasRequest(schemas=schemas, replace_all=replace_all, **_ref(definition))
        await self._call(self._stub.PutSchemas, request)

    async def get_schema(self, definition: Definition, schema_id: str) -> Schema:
        """One schema with its content. Raises NotFoundError."""
        request = wire.GetSchemaRequest(schema_id=schema_id, **_ref(definition))
        response: wire.GetSchemaResponse = await self._call(self._stub.GetSchema, request)
        return response.schema

    async def list_schemas(self, definition: Definition, *, with_content: bool = False) -> Sequence[Schema]:
        """The schemas that a definition declares; of some there may be no content. Raises NotFoundError."""
        request = wire.ListSchemasRequest(with_content=with_content, **_ref(definition))
        response: wire.ListSchemasResponse = await self._call(self._stub.ListSchemas, request)
        return response.schemas

    async def delete_schema(self, definition: Definition, schema_id: str) -> None:
        """Take the content of a schema away. Raises NotFoundError."""
        await self._call(self._stub.DeleteSchema, wire.DeleteSchemaRequest(schema_id=schema_id, **_ref(definition)))

    async def depend(
        self, consumer: Definition, *providers: str | ServiceRef, environment: str = "", replace: bool = False
    ) -> None:
        """Say which services, of the consumer's namespace and of an environment, it calls too; or all that it calls, if `replace`.

        They need not exist. Raises NotFoundError, LimitExceededError.
        """
        names = map(ServiceName.of, providers)
        keys = [DefinitionKey(group=name.group, name=name.name, environment=environment) for name in names]
        dependency = wire.Dependency(consumer=consumer.key, providers=keys)
        request = wire.SetDependenciesRequest(namespace=consumer.key.namespace, dependencies=[dependency], replace=replace)
        await self._call(self._stub.SetDependencies, request)

    async def providers(self, consumer: Definition) -> Sequence[Definition]:
        """Every version of every service that a definition depends on. Raises NotFoundError."""
        response: wire.ListProvidersResponse = await self._call(
            self._stub.ListProviders,
            wire.ListProvidersRequest(namespace=consumer.key.namespace, definition_id=consumer.definition_id),
        )
        return response.definitions

    async def consumers(self, provider: Definition) -> Sequence[Definition]:
        """Who depends on the service of which this is a version. Raises NotFoundError."""
        response: wire.ListConsumersResponse = await self._call(
            self._stub.ListConsumers,
            wire.ListConsumersRequest(namespace=provider.key.namespace, definition_id=provider.definition_id),
        )
        return response.definitions


def _ref(definition: Definition) -> dict[str, str]:
    return {"namespace": definition.key.namespace, "definition_id": definition.definition_id}


def _definition(response: Any) -> Definition:
    found: Definition = response.definition
    return found
