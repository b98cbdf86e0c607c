"""To create, to update and to delete are permitted one by one, and denials say what was missing."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import grpc.aio
import pytest
from access_world import World, guarded
from google.protobuf.field_mask_pb2 import FieldMask
from muster.catalog.v1 import catalog_pb2
from muster.catalog.v1 import catalog_service_pb2 as catalog
from muster.config.v1 import config_pb2
from muster.config.v1 import config_service_pb2 as config
from muster.registry.v1 import instance_pb2
from muster.registry.v1 import registration_service_pb2 as registration
from muster_server.storage.memory import MemoryStore

from rpc.test_access import DENIED, code, refusal
from rpc.test_access_users import facts
from rpc.test_registration import instance

PAY = instance_pb2.ServiceRef(namespace="prod", group="g", name="pay")
REF = instance_pb2.InstanceRef(service=PAY, instance_id="one#80#DEFAULT")
ITEM = config_pb2.ConfigRef(namespace="prod", group="g", name="pay")


def calls(world: World, metadata: Any) -> dict[str, Any]:
    """One call for each action, on an instance and on a config item, in an order in which all of them succeed."""
    put = registration.RegisterRequest(service=PAY, instance=instance("one"))
    change = registration.UpdateInstanceRequest(
        ref=REF, instance=instance("one", weight=2), update_mask=FieldMask(paths=["weight"])
    )
    publish = config.PublishConfigRequest(ref=ITEM, content="a")
    gray = config.PublishGrayRequest(ref=ITEM, gray="beta", content="b", rule={"percentage": {"percent": 1}})
    delete = config.DeleteConfigRequest(ref=ITEM)
    return {
        "create service": lambda: world.registration.Register(put, metadata=metadata),
        "update service": lambda: world.registration.UpdateInstance(change, metadata=metadata),
        "update service by renewal": lambda: world.registration.Renew(registration.RenewRequest(refs=[REF]), metadata=metadata),
        "delete service": lambda: world.registration.Deregister(registration.DeregisterRequest(ref=REF), metadata=metadata),
        "create config": lambda: world.config.PublishConfig(publish, metadata=metadata),
        "update config": lambda: world.config.PublishConfig(publish, metadata=metadata),
        "update config by a gray line": lambda: world.config.PublishGray(gray, metadata=metadata),
        "delete config": lambda: world.config.DeleteConfig(delete, metadata=metadata),
        "create config by going back": lambda: world.config.RollbackConfig(
            config.RollbackConfigRequest(ref=ITEM, number=1), metadata=metadata
        ),
        "update config by going back": lambda: world.config.RollbackConfig(
            config.RollbackConfigRequest(ref=ITEM, number=1), metadata=metadata
        ),
        "delete config again": lambda: world.config.DeleteConfig(delete, metadata=metadata),
        "create config by a gray line": lambda: world.config.PublishGray(gray, metadata=metadata),
    }


@pytest.mark.parametrize("action", ["create", "update", "delete"])
async def test_a_part_of_writing_allows_this_part_only(action: str) -> None:
    async with guarded() as world:
        clerk = await world.user("clerk", ("prod:*:*", action))
        allowed, ends = [], set()
        for name, as_root in calls(world, world.admin).items():
            try:
                await calls(world, clerk)[name]()
            except grpc.aio.AioRpcError as error:
                ends.add(error.code())
                await as_root()
            else:
                allowed.append(name)

        assert ends == {DENIED}
        assert allowed == [name for name in calls(world, clerk) if name.startswith(action)]


async def test_schemas_are_permitted_apart_from_their_service() -> None:
    async with guarded() as world:
        writer = await world.user("writer", ("prod:*:schema/pay", "create"), ("prod:*:schema/pay", "r"))
        owner = await world.user("owner", ("prod:*:service/pay", "rw"))
        key = catalog_pb2.DefinitionKey(namespace="prod", group="g", name="pay", version="1.0.0")
        asked = catalog.CreateDefinitionRequest(definition=catalog_pb2.Definition(key=key))
        made = (await world.catalog.CreateDefinition(asked, metadata=owner)).definition.definition_id

        def put(metadata: Any, *names: str, replace_all: bool = False) -> Any:
            schemas = [catalog_pb2.Schema(schema_id=name, content="x") for name in names]
            request = catalog.PutSchemasRequest(namespace="prod", definition_id=made, schemas=schemas, replace_all=replace_all)
            return world.catalog.PutSchemas(request, metadata=metadata)

        await put(writer, "hello")
        listed = await world.catalog.ListSchemas(catalog.ListSchemasRequest(namespace="prod", definition_id=made), metadata=writer)

        assert [schema.schema_id for schema in listed.schemas] == ["hello"]
        got = catalog.GetSchemaRequest(namespace="prod", definition_id=made, schema_id="hello")
        gone = catalog.DeleteSchemaRequest(namespace="prod", definition_id=made, schema_id="hello")
        refused = (
            put(owner, "other"),
            put(writer, "hello"),
            put(writer, "other", "hello"),
            put(writer, "other", replace_all=True),
            world.catalog.GetSchema(got, metadata=owner),
            world.catalog.DeleteSchema(gone, metadata=writer),
        )
        assert [await code(call) for call in refused] == [DENIED] * len(refused)


async def ends(world: World, store: MemoryStore, *made: Callable[[], Any]) -> list[Any]:
    """How calls end that come in this order and wait for one flush: each is with the engine when a later one was refused."""
    store.hold()
    calls = []
    for make in made:
        calls.append(asyncio.ensure_future(make()))
        bad = config.PublishConfigRequest(ref=ITEM, content="c", request_id="x" * 1000)
        assert await code(world.config.PublishConfig(bad, metadata=world.admin)) is grpc.StatusCode.INVALID_ARGUMENT
    store.release()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    return [answer.code() if isinstance(answer, grpc.aio.AioRpcError) else answer for answer in answers]


async def test_of_two_who_create_one_item_within_a_flush_the_second_updates_it_and_may_not() -> None:
    store = MemoryStore()
    async with guarded(store=store) as world:
        clerk = await world.user("clerk", ("prod:*:config/*", "create"))
        asked = [config.PublishConfigRequest(ref=ITEM, content=content) for content in "ab"]

        first, second = await ends(world, store, *(partial(world.config.PublishConfig, one, metadata=clerk) for one in asked))

        assert first.changed
        assert second is DENIED
        got = await world.config.GetConfig(config.GetConfigRequest(ref=ITEM), metadata=world.admin)
        assert (got.release.content, got.release.number) == ("a", 1)


async def test_what_was_deleted_within_a_flush_is_created_anew_and_not_updated() -> None:
    store = MemoryStore()
    async with guarded(store=store) as world:
        clerk = await world.user("clerk", ("prod:*:config/*", "update"))
        await world.config.PublishConfig(config.PublishConfigRequest(ref=ITEM, content="a"), metadata=world.admin)
        gray = config.PublishGrayRequest(ref=ITEM, gray="beta", content="b", rule={"percentage": {"percent": 1}})

        _, *denied = await ends(
            world,
            store,
            partial(world.config.DeleteConfig, config.DeleteConfigRequest(ref=ITEM), metadata=world.admin),
            partial(world.config.PublishConfig, config.PublishConfigRequest(ref=ITEM, content="b"), metadata=clerk),
            partial(world.config.RollbackConfig, config.RollbackConfigRequest(ref=ITEM, number=1), metadata=clerk),
            partial(world.config.PublishGray, gray, metadata=clerk),
        )

        assert denied == [DENIED] * 3
        found = await world.config.ListReleases(config.ListReleasesRequest(ref=ITEM), metadata=world.admin)
        assert [release.number for release in found.releases] == [2, 1]


async def test_of_two_who_create_one_schema_within_a_flush_the_second_updates_it_and_may_not() -> None:
    store = MemoryStore()
    async with guarded(store=store) as world:
        writer = await world.user("writer", ("prod:*:schema/pay", "create"))
        key = catalog_pb2.DefinitionKey(namespace="prod", group="g", name="pay", version="1.0.0")
        asked = catalog.CreateDefinitionRequest(definition=catalog_pb2.Definition(key=key))
        made = (await world.catalog.CreateDefinition(asked, metadata=world.admin)).definition.definition_id
        puts = [
            catalog.PutSchemasRequest(namespace="prod", definition_id=made, schemas=[{"schema_id": "hello", "content": content}])
            for content in "ab"
        ]

        first, second = await ends(world, store, *(partial(world.catalog.PutSchemas, one, metadata=writer) for one in puts))

        assert first == catalog.PutSchemasResponse()
        assert second is DENIED


async def test_definitions_are_listed_as_far_as_they_may_be_read_if_that_is_asked_for() -> None:
    async with guarded() as world:
        some = await world.user("some", ("prod:*:service/pay", "r"), ("test:*:service/*", "w"))
        for name in ("pay", "ship"):
            key = catalog_pb2.DefinitionKey(namespace="prod", group="g", name=name, version="1.0.0")
            asked = catalog.CreateDefinitionRequest(definition=catalog_pb2.Definition(key=key))
            await world.catalog.CreateDefinition(asked, metadata=world.admin)

        def listing(namespace: str, *, permitted_only: bool) -> Any:
            request = catalog.ListDefinitionsRequest(namespace=namespace, permitted_only=permitted_only)
            return world.catalog.ListDefinitions(request, metadata=some)

        found = await listing("prod", permitted_only=True)

        assert [definition.key.name for definition in found.definitions] == ["pay"]
        assert await code(listing("prod", permitted_only=False)) is DENIED
        assert await code(listing("test", permitted_only=True)) is DENIED


async def test_who_depends_on_whom_is_listed_as_far_as_it_may_be_read() -> None:
    async with guarded() as world:
        some = await world.user("some", ("prod:*:service/basket", "r"), ("prod:*:service/stock", "r"))
        ids, keys = {}, {}
        for name in ("basket", "stock", "vault"):
            keys[name] = catalog_pb2.DefinitionKey(namespace="prod", group="g", name=name, version="1.0.0")
            asked = catalog.CreateDefinitionRequest(definition=catalog_pb2.Definition(key=keys[name]))
            ids[name] = (await world.catalog.CreateDefinition(asked, metadata=world.admin)).definition.definition_id
        calls_of = (("basket", ["stock", "vault"]), ("vault", ["stock"]))
        dependencies = [
            catalog.Dependency(consumer=keys[name], providers=[keys[provider] for provider in called]) for name, called in calls_of
        ]
        said = catalog.SetDependenciesRequest(namespace="prod", dependencies=dependencies)
        await world.catalog.SetDependencies(said, metadata=world.admin)

        def providers(who: Any, *, permitted_only: bool) -> Any:
            request = catalog.ListProvidersRequest(namespace="prod", definition_id=ids["basket"], permitted_only=permitted_only)
            return world.catalog.ListProviders(request, metadata=who)

        def consumers(who: Any, *, permitted_only: bool) -> Any:
            request = catalog.ListConsumersRequest(namespace="prod", definition_id=ids["stock"], permitted_only=permitted_only)
            return world.catalog.ListConsumers(request, metadata=who)

        for listing, listed in ((providers, {"stock", "vault"}), (consumers, {"basket", "vault"})):
            everything, something = await listing(world.admin, permitted_only=False), await listing(some, permitted_only=True)
            assert {one.key.name for one in everything.definitions} == listed
            assert {one.key.name for one in something.definitions} == listed - {"vault"}
            assert await code(listing(some, permitted_only=False)) is DENIED


async def test_a_denial_says_what_was_missing_and_whether_something_like_it_is_permitted() -> None:
    async with guarded() as world:
        clerk = await world.user("clerk", ("prod:*:service/ship", "create"))

        create = facts(await refusal(calls(world, clerk)["create service"]()))
        delete = facts(await refusal(calls(world, clerk)["delete service"]()))

        what = {"namespace": "prod", "group": "g", "kind": "service", "name": "pay"}
        assert create == {"action": "create", "scope": "resource", **what}
        assert delete == {"action": "delete", "scope": "kind", **what}


async def test_items_of_a_batch_carry_the_facts_too() -> None:
    async with guarded() as world:
        clerk = await world.user("clerk")
        batch = registration.RegisterBatchRequest(registrations=[{"service": PAY, "instance": instance("one")}])

        answer = await world.registration.RegisterBatch(batch, metadata=clerk)

        assert dict(answer.results[0].error.details)["action"] == "create"
