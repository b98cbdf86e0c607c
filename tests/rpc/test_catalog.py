"""CatalogService over a real channel."""

from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from muster.catalog.v1 import catalog_pb2, catalog_service_pb2_grpc
from muster.catalog.v1 import catalog_service_pb2 as wire
from muster.registry.v1 import instance_pb2, registration_service_pb2, registration_service_pb2_grpc
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import StorageError
from running import running_server

from rpc.test_registration import instance, reason


def key(name: str = "stock", version: str = "1.0.0", **fields: str) -> catalog_pb2.DefinitionKey:
    return catalog_pb2.DefinitionKey(group="shop", name=name, version=version, **fields)


def stub(channel: grpc.aio.Channel) -> Any:
    return catalog_service_pb2_grpc.CatalogServiceStub(channel)


async def create(channel: grpc.aio.Channel, name: str = "stock", version: str = "1.0.0", **fields: Any) -> catalog_pb2.Definition:
    names = {part: fields.pop(part) for part in ("namespace", "environment") if part in fields}
    definition = catalog_pb2.Definition(key=key(name, version, **names), **fields)
    return (await stub(channel).CreateDefinition(wire.CreateDefinitionRequest(definition=definition))).definition


async def register(channel: grpc.aio.Channel, definition: catalog_pb2.Definition, host: str = "h", **fields: Any) -> None:
    registrations = registration_service_pb2_grpc.RegistrationServiceStub(channel)
    message = instance(host, definition_id=definition.definition_id, **fields)
    await registrations.Register(registration_service_pb2.RegisterRequest(service=definition.service, instance=message))


async def find(channel: grpc.aio.Channel, *queries: wire.InstanceQuery, consumer_id: str = "") -> wire.FindInstancesResponse:
    return await stub(channel).FindInstances(wire.FindInstancesRequest(queries=queries, consumer_id=consumer_id))


def by_name(name: str = "stock", version: str = "", tags: tuple[str, ...] = (), known: str = "") -> wire.InstanceQuery:
    return wire.InstanceQuery(name=wire.InstanceQuery.Name(key=key(name, version), tags=tags), known_token=known)


def found(answer: wire.InstanceAnswer) -> list[tuple[str, list[str]]]:
    return [(part.definition.key.version, [one.endpoints[0].host for one in part.instances]) for part in answer.found]


async def test_definition_is_created_shown_listed_and_resolved() -> None:
    async with running_server() as server, server.channel() as channel:
        made = await create(channel, environment="testing", alias="depot", properties={"a": "b"}, schema_ids=["x", "x", "y"])

        got = (await stub(channel).GetDefinition(wire.GetDefinitionRequest(definition_id=made.definition_id))).definition
        listed = (await stub(channel).ListDefinitions(wire.ListDefinitionsRequest())).definitions
        asked = wire.ResolveDefinitionRequest(key=key("depot", "latest", environment="testing"))
        resolved = (await stub(channel).ResolveDefinition(asked)).definition

        assert list(listed) == [made]
        assert got == made
        assert resolved == made
        assert made.service == instance_pb2.ServiceRef(namespace="default", group="shop", name="stock@testing")
        assert (list(made.schema_ids), dict(made.properties), made.derived) == (["x", "y"], {"a": "b"}, False)
        assert made.create_time.seconds
        assert made.revision


async def test_fields_and_tags_are_changed() -> None:
    async with running_server() as server, server.channel() as channel:
        made = await create(channel, properties={"a": "b"}, tags={"t": "1"})
        changed = catalog_pb2.Definition(definition_id=made.definition_id, properties={"c": "d"}, cross_group=True)
        mask = FieldMask(paths=["properties", "cross_group"])

        after = (
            await stub(channel).UpdateDefinition(wire.UpdateDefinitionRequest(definition=changed, update_mask=mask))
        ).definition
        tagged = await stub(channel).ChangeTags(wire.ChangeTagsRequest(definition_id=made.definition_id, changed={"t": "2"}))

        assert (dict(after.properties), after.cross_group, dict(after.tags)) == ({"c": "d"}, True, {"t": "1"})
        assert dict(tagged.definition.tags) == {"t": "2"}


@pytest.mark.parametrize(
    ("method", "request_", "wanted"),
    [
        ("CreateDefinition", wire.CreateDefinitionRequest(), "INVALID_FIELD"),
        (
            "CreateDefinition",
            wire.CreateDefinitionRequest(definition=catalog_pb2.Definition(key=key(version="x"))),
            "INVALID_FIELD",
        ),
        ("GetDefinition", wire.GetDefinitionRequest(), "INVALID_FIELD"),
        ("GetDefinition", wire.GetDefinitionRequest(definition_id="none"), "DEFINITION_NOT_FOUND"),
        ("ResolveDefinition", wire.ResolveDefinitionRequest(key=key(version="")), "INVALID_FIELD"),
        ("ResolveDefinition", wire.ResolveDefinitionRequest(key=key("none")), "DEFINITION_NOT_FOUND"),
        ("ResolveDefinition", wire.ResolveDefinitionRequest(key=key(version="9.9")), "VERSION_NOT_FOUND"),
        ("UpdateDefinition", wire.UpdateDefinitionRequest(), "INVALID_FIELD"),
        (
            "UpdateDefinition",
            wire.UpdateDefinitionRequest(
                definition=catalog_pb2.Definition(definition_id="known"), update_mask=FieldMask(paths=["alias"])
            ),
            "INVALID_FIELD",
        ),
        (
            "UpdateDefinition",
            wire.UpdateDefinitionRequest(definition=catalog_pb2.Definition(definition_id="known")),
            "INVALID_FIELD",
        ),
        ("ChangeTags", wire.ChangeTagsRequest(definition_id="known", removed=["none"]), "TAG_NOT_FOUND"),
        ("DeleteDefinitions", wire.DeleteDefinitionsRequest(), "INVALID_FIELD"),
        ("DeleteDefinitions", wire.DeleteDefinitionsRequest(definition_ids=["x"] * 1001), "INVALID_FIELD"),
        ("PutSchemas", wire.PutSchemasRequest(definition_id="known"), "INVALID_FIELD"),
        (
            "PutSchemas",
            wire.PutSchemasRequest(definition_id="none", schemas=[catalog_pb2.Schema(schema_id="a", content="b")]),
            "DEFINITION_NOT_FOUND",
        ),
        ("PutSchemas", wire.PutSchemasRequest(definition_id="known", schemas=[catalog_pb2.Schema(schema_id="a")]), "INVALID_FIELD"),
        ("GetSchema", wire.GetSchemaRequest(definition_id="known", schema_id="none"), "SCHEMA_NOT_FOUND"),
        ("DeleteSchema", wire.DeleteSchemaRequest(definition_id="known", schema_id="none"), "SCHEMA_NOT_FOUND"),
        ("SetDependencies", wire.SetDependenciesRequest(), "INVALID_FIELD"),
        ("SetDependencies", wire.SetDependenciesRequest(dependencies=[wire.Dependency()]), "INVALID_FIELD"),
        (
            "SetDependencies",
            wire.SetDependenciesRequest(dependencies=[wire.Dependency(consumer=key("none"))]),
            "DEFINITION_NOT_FOUND",
        ),
        ("ListProviders", wire.ListProvidersRequest(definition_id="none"), "DEFINITION_NOT_FOUND"),
        ("ListConsumers", wire.ListConsumersRequest(definition_id="none"), "DEFINITION_NOT_FOUND"),
        ("FindInstances", wire.FindInstancesRequest(), "INVALID_FIELD"),
        ("FindInstances", wire.FindInstancesRequest(queries=[wire.InstanceQuery()] * 1001), "INVALID_FIELD"),
        ("FindInstances", wire.FindInstancesRequest(queries=[by_name()], consumer_id="a b"), "INVALID_FIELD"),
    ],
)
async def test_bad_input_is_refused_and_changes_nothing(method: str, request_: Any, wanted: str) -> None:
    async with running_server() as server, server.channel() as channel:
        await create(channel, definition_id="known")
        revision = server.engine.revision

        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await getattr(stub(channel), method)(request_)

        assert reason(failure.value) == wanted
        assert server.engine.revision == revision


async def test_deletion_answers_item_by_item() -> None:
    async with running_server() as server, server.channel() as channel:
        one, running = await create(channel), await create(channel, version="2.0")
        await register(channel, running)
        ids = [one.definition_id, "none", running.definition_id]

        answer = await stub(channel).DeleteDefinitions(wire.DeleteDefinitionsRequest(definition_ids=ids))
        by_force = await stub(channel).DeleteDefinitions(wire.DeleteDefinitionsRequest(definition_ids=ids[2:], force=True))

        assert [result.error.code for result in answer.results] == [0, 5, 9]
        assert not by_force.results[0].HasField("error")
        assert (await stub(channel).ListDefinitions(wire.ListDefinitionsRequest())).definitions == []


async def test_schemas_are_put_listed_and_deleted() -> None:
    async with running_server() as server, server.channel() as channel:
        name = (await create(channel, schema_ids=["declared"])).definition_id
        schema = catalog_pb2.Schema(schema_id="api", content="text", summary="sum")

        await stub(channel).PutSchemas(wire.PutSchemasRequest(definition_id=name, schemas=[schema]))
        got = (await stub(channel).GetSchema(wire.GetSchemaRequest(definition_id=name, schema_id="api"))).schema
        listed = (await stub(channel).ListSchemas(wire.ListSchemasRequest(definition_id=name))).schemas
        whole = (await stub(channel).ListSchemas(wire.ListSchemasRequest(definition_id=name, with_content=True))).schemas
        await stub(channel).DeleteSchema(wire.DeleteSchemaRequest(definition_id=name, schema_id="api"))
        after = (await stub(channel).ListSchemas(wire.ListSchemasRequest(definition_id=name))).schemas

        assert got == schema
        assert [(one.schema_id, one.summary, one.content) for one in listed] == [("declared", "", ""), ("api", "sum", "")]
        assert whole[1] == schema
        assert [(one.schema_id, one.summary) for one in after] == [("declared", ""), ("api", "")]


async def test_instances_are_found_by_name_version_tags_and_id() -> None:
    async with running_server() as server, server.channel() as channel:
        first, second = await create(channel, tags={"t": "v"}), await create(channel, version="2.0")
        await register(channel, first, "a")
        await register(channel, second, "b", instance_id="two")
        single = wire.InstanceQuery.One(definition_id=second.definition_id, instance_id="two")
        missing = wire.InstanceQuery.One(definition_id=second.definition_id, instance_id="none")

        answers = (
            await find(
                channel,
                by_name(),
                by_name(version="latest"),
                by_name(tags=("t",)),
                wire.InstanceQuery(definition_id=first.definition_id),
                wire.InstanceQuery(one=single),
                wire.InstanceQuery(one=missing),
                by_name("none"),
                wire.InstanceQuery(),
            )
        ).answers

        assert [found(answer) for answer in answers[:5]] == [
            [("1.0.0", ["a"]), ("2.0", ["b"])],
            [("2.0", ["b"])],
            [("1.0.0", ["a"])],
            [("1.0.0", ["a"])],
            [("2.0", ["b"])],
        ]
        assert [answer.error.code for answer in answers[5:]] == [5, 5, 3]


async def test_token_changes_with_whatever_is_found_and_with_nothing_else() -> None:
    async with running_server() as server, server.channel() as channel:
        first = await create(channel)
        await register(channel, first, "a")
        token = (await find(channel, by_name())).answers[0].token

        await create(channel, "other")
        await register(channel, first, "a")  # no more than a renewal
        same = (await find(channel, by_name(known=token))).answers[0]
        await register(channel, first, "b")
        other = (await find(channel, by_name(known=token))).answers[0]

        assert (same.not_modified, same.token, len(same.found)) == (True, token, 0)
        assert (other.not_modified, len(token)) == (False, 40)
        assert found(other) == [("1.0.0", ["a", "b"])]


async def test_consumer_sees_what_is_for_it_and_comes_to_depend_on_it() -> None:
    async with running_server() as server, server.channel() as channel:
        consumer, provider = await create(channel, "basket"), await create(channel)
        await register(channel, provider, "a")
        away = catalog_pb2.Definition(key=catalog_pb2.DefinitionKey(group="bank", name="vault", version="1"))
        hidden = (await stub(channel).CreateDefinition(wire.CreateDefinitionRequest(definition=away))).definition
        vault = wire.InstanceQuery(name=wire.InstanceQuery.Name(key=away.key))
        name = consumer.definition_id

        answer = await find(channel, by_name(), vault, wire.InstanceQuery(definition_id=hidden.definition_id), consumer_id=name)
        unknown = await find(channel, by_name(), consumer_id="none")
        providers = await stub(channel).ListProviders(wire.ListProvidersRequest(definition_id=name))
        consumers = await stub(channel).ListConsumers(wire.ListConsumersRequest(definition_id=provider.definition_id))

        assert answer.consumer.key == consumer.key
        assert [found(one) for one in answer.answers[:2]] == [[("1.0.0", ["a"])], []]
        assert answer.answers[2].error.message == "the definition is not for this consumer"
        assert unknown.answers[0].error.code == 5
        assert [one.definition_id for one in providers.definitions] == [provider.definition_id]
        assert [one.definition_id for one in consumers.definitions] == [name]


async def test_lookup_is_answered_although_the_disk_refuses_to_keep_the_dependency() -> None:
    store = MemoryStore()
    async with running_server(store=store) as server, server.channel() as channel:
        consumer, provider = await create(channel, "basket"), await create(channel)
        await register(channel, provider, "a")

        store.fail_next = StorageError("full")
        answer = await find(channel, by_name(), consumer_id=consumer.definition_id)
        again = await find(channel, by_name(), consumer_id=consumer.definition_id)
        providers = await stub(channel).ListProviders(wire.ListProvidersRequest(definition_id=consumer.definition_id))

        assert found(answer.answers[0]) == found(again.answers[0]) == [("1.0.0", ["a"])]
        assert len(providers.definitions) == 1


async def test_dependencies_are_set_all_or_none() -> None:
    async with running_server() as server, server.channel() as channel:
        consumer = await create(channel, "basket")
        good = wire.Dependency(consumer=key("basket"), providers=[key()])
        bad = wire.Dependency(consumer=key("none"), providers=[key()])

        with pytest.raises(grpc.aio.AioRpcError):
            await stub(channel).SetDependencies(wire.SetDependenciesRequest(dependencies=[good, bad]))
        await create(channel)
        asked = wire.ListProvidersRequest(definition_id=consumer.definition_id)
        before = (await stub(channel).ListProviders(asked)).definitions
        await stub(channel).SetDependencies(wire.SetDependenciesRequest(dependencies=[good]))
        after = (await stub(channel).ListProviders(asked)).definitions
        await stub(channel).SetDependencies(
            wire.SetDependenciesRequest(dependencies=[wire.Dependency(consumer=key("basket"))], replace=True)
        )

        assert (len(before), len(after)) == (0, 1)
        assert (await stub(channel).ListProviders(asked)).definitions == []


async def test_watch_of_providers_tells_the_state_and_its_changes_and_the_end() -> None:
    async with running_server() as server, server.channel() as channel:
        consumer = await create(channel, "basket")
        stream = stub(channel).WatchProviders()
        subscribe = wire.WatchProvidersRequest.Subscribe(definition_id=consumer.definition_id)
        await stream.write(wire.WatchProvidersRequest(subscribe=subscribe))
        empty = await stream.read()

        await find(channel, by_name("none"), consumer_id=consumer.definition_id)  # nobody has that name: no dependency
        provider = await create(channel)
        await find(channel, by_name(), consumer_id=consumer.definition_id)
        told = (await stream.read()).providers
        await stub(channel).DeleteDefinitions(wire.DeleteDefinitionsRequest(definition_ids=[consumer.definition_id]))
        end = await stream.read()
        await stream.done_writing()

        assert (empty.providers.definition_id, len(empty.providers.providers)) == (consumer.definition_id, 0)
        assert told.providers[0].service == provider.service
        assert told.providers[0].definitions[0].definition_id == provider.definition_id
        assert told.providers[0].hidden_ids == []
        assert end.cancelled.definition_id == consumer.definition_id
        assert await stream.read() is grpc.aio.EOF


async def test_watch_of_providers_cancels_what_is_unknown_and_refuses_empty_frames() -> None:
    async with running_server() as server, server.channel() as channel:
        stream = stub(channel).WatchProviders()
        for name in ("none", "a b"):
            subscribe = wire.WatchProvidersRequest.Subscribe(definition_id=name)
            await stream.write(wire.WatchProvidersRequest(subscribe=subscribe))

        ends = [(await stream.read()).cancelled for _ in range(2)]
        await stream.write(wire.WatchProvidersRequest())
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await stream.read()

        assert sorted(end.definition_id for end in ends) == ["a b", "none"]
        assert reason(failure.value) == "PROTOCOL_VIOLATION"
