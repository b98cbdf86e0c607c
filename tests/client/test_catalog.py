"""Definitions, against a real server."""

import pytest
from muster_client import AlreadyExistsError, Client, ConflictError, Definition, DefinitionKey, NotFoundError, Schema, ServiceRef
from running import running_server


def definition(name: str, version: str = "1.0", **fields: str) -> Definition:
    return Definition(key=DefinitionKey(namespace="n", group="g", name=name, version=version), **fields)


async def test_definition_is_created_once_and_found_by_a_rule_by_its_name_and_its_alias() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        made = await client.catalog.create(definition("stock", alias="depot"))
        again = await client.catalog.create(definition("stock", description="another word"))
        await client.catalog.create(definition("stock", "2.0"))

        stock = ServiceRef(namespace="n", group="g", name="stock")
        found = [(await client.catalog.get(stock, rule)).key.version for rule in ("latest", "1.0", "1.0-2.0", "1.5+")]
        by_alias = await client.catalog.get(ServiceRef(namespace="n", group="g", name="depot"))
        listed = await client.catalog.list("n")

        assert again == made == by_alias
        assert found == ["2.0", "1.0", "1.0", "2.0"]
        assert [entry.key.version for entry in listed] == ["1.0", "2.0"]
        with pytest.raises(AlreadyExistsError):
            await client.catalog.create(definition("stock", definition_id="mine"))
        with pytest.raises(NotFoundError):
            await client.catalog.get(stock, "3.0")


async def test_fields_that_are_named_change_and_others_stay() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        made = await client.catalog.create(definition("stock"))
        made.properties["zone"], made.tags["red"] = "a", "yes"

        changed = await client.catalog.update(made, "tags")

        assert (dict(changed.tags), dict(changed.properties)) == ({"red": "yes"}, {})


async def test_schemas_come_and_go() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        made = await client.catalog.create(definition("stock"))
        await client.catalog.put_schemas(made, Schema(schema_id="a", content="x"), Schema(schema_id="b", content="y", summary="s"))
        first = await client.catalog.list_schemas(made, with_content=True)
        await client.catalog.put_schemas(made, Schema(schema_id="a", content="z"), replace_all=True)
        second = await client.catalog.list_schemas(made)
        got = await client.catalog.get_schema(made, "a")
        await client.catalog.delete_schema(made, "a")

        assert [(schema.schema_id, schema.content, schema.summary) for schema in first] == [("a", "x", ""), ("b", "y", "s")]
        assert ([schema.schema_id for schema in second], got.content) == (["a"], "z")
        with pytest.raises(NotFoundError):
            await client.catalog.get_schema(made, "a")


async def test_what_others_depend_on_goes_only_by_force() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        basket, stock = [await client.catalog.create(definition(name)) for name in ("basket", "stock")]
        other = await client.catalog.create(definition("other"))
        names = [ServiceRef(group="g", name=name) for name in ("stock", "other")]

        await client.catalog.depend(basket, names[1])
        await client.catalog.depend(basket, names[0])
        both = await client.catalog.providers(basket)
        await client.catalog.depend(basket, names[0], replace=True)
        one, consumers = await client.catalog.providers(basket), await client.catalog.consumers(stock)
        with pytest.raises(ConflictError) as refused:
            await client.catalog.delete(stock)
        await client.catalog.delete(stock, force=True)
        await client.catalog.delete(other)

        assert ([entry.key.name for entry in both], list(one), list(consumers)) == (["other", "stock"], [stock], [basket])
        assert refused.value.reason == "DEFINITION_NEEDED"
        assert list(await client.catalog.list("n")) == [basket]
