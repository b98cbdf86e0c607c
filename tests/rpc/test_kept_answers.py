"""FindInstances keeps that nothing has changed, and forgets it with whatever it was made of."""

from collections.abc import Awaitable, Callable

import grpc.aio
import pytest
from access_world import guarded
from muster.catalog.v1 import catalog_pb2
from muster.catalog.v1 import catalog_service_pb2 as wire
from muster.registry.v1.error_reason_pb2 import ERROR_REASON_PERMISSION_DENIED
from muster_server.core.catalog_commands import DefinitionRef
from muster_server.core.model import ServiceKey
from muster_server.rpc.calls import Call
from muster_server.rpc.kept_answers import MAX_KEPT, MAX_QUESTION_BYTES, KeptAnswers
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import StorageError
from running import running_server

from rpc.test_catalog import by_name, create, find, key, register, stub

STOCK = ServiceKey("default", "shop", "stock")
LOCAL = Call("gateway", {})


async def instance_comes(channel: grpc.aio.Channel, stock: catalog_pb2.Definition) -> None:
    await register(channel, stock, "b")


async def version_comes(channel: grpc.aio.Channel, _: catalog_pb2.Definition) -> None:
    await create(channel, version="2.0.0", tags={"zone": "a"})


async def tag_goes(channel: grpc.aio.Channel, stock: catalog_pb2.Definition) -> None:
    await stub(channel).ChangeTags(wire.ChangeTagsRequest(definition_id=stock.definition_id, removed=["zone"]))


async def definition_goes(channel: grpc.aio.Channel, stock: catalog_pb2.Definition) -> None:
    await stub(channel).DeleteDefinitions(wire.DeleteDefinitionsRequest(definition_ids=[stock.definition_id], force=True))


@pytest.mark.parametrize("change", [instance_comes, version_comes, tag_goes, definition_goes])
async def test_answer_is_looked_for_anew_after_a_change(
    change: Callable[[grpc.aio.Channel, catalog_pb2.Definition], Awaitable[None]],
) -> None:
    async with running_server() as server, server.channel() as channel:
        stock = await create(channel, tags={"zone": "a"})
        await register(channel, stock, "a")
        token = (await find(channel, by_name(tags=("zone",)))).answers[0].token

        kept = [(await find(channel, by_name(tags=("zone",), known=token))).answers[0].not_modified for _ in range(3)]
        await change(channel, stock)
        after = (await find(channel, by_name(tags=("zone",), known=token))).answers[0]
        fresh = (await find(channel, by_name(tags=("zone",)))).answers[0]

        assert kept == [True, True, True]
        assert not after.not_modified
        assert after == fresh


async def test_dependency_that_was_taken_away_comes_back_with_the_next_question() -> None:
    async with running_server() as server, server.channel() as channel:
        consumer, stock = await create(channel, "basket"), await create(channel)
        await register(channel, stock, "a")
        token = (await find(channel, by_name(), consumer_id=consumer.definition_id)).answers[0].token
        for _ in range(2):
            await find(channel, by_name(known=token), consumer_id=consumer.definition_id)

        nothing = wire.Dependency(consumer=key("basket"))
        await stub(channel).SetDependencies(wire.SetDependenciesRequest(dependencies=[nothing], replace=True))
        await find(channel, by_name(known=token), consumer_id=consumer.definition_id)
        providers = await stub(channel).ListProviders(wire.ListProvidersRequest(definition_id=consumer.definition_id))

        assert [one.definition_id for one in providers.definitions] == [stock.definition_id]


async def test_answer_whose_dependency_the_disk_refused_is_not_kept() -> None:
    store = MemoryStore()
    async with running_server(store=store) as server, server.channel() as channel:
        consumer, stock = await create(channel, "basket"), await create(channel)
        await register(channel, stock, "a")
        token = (await find(channel, by_name())).answers[0].token

        store.fail_next = StorageError("full")
        for _ in range(2):
            await find(channel, by_name(known=token), consumer_id=consumer.definition_id)
        providers = await stub(channel).ListProviders(wire.ListProvidersRequest(definition_id=consumer.definition_id))

        assert len(providers.definitions) == 1


async def test_answer_that_is_kept_is_for_those_only_who_may_read_it() -> None:
    async with guarded() as world:
        reader = await world.user("reader", ("default:shop:service/*", "rw"))
        stranger = await world.user("stranger", ("default:other:service/*", "rw"))
        asked = wire.FindInstancesRequest(queries=[by_name()])
        definition = catalog_pb2.Definition(key=key())
        catalog = stub(world.channel)
        await catalog.CreateDefinition(wire.CreateDefinitionRequest(definition=definition), metadata=reader)
        token = (await catalog.FindInstances(asked, metadata=reader)).answers[0].token
        asked.queries[0].known_token = token

        kept = [(await catalog.FindInstances(asked, metadata=reader)).answers[0].not_modified for _ in range(2)]
        refused = (await catalog.FindInstances(asked, metadata=stranger)).answers[0]

        assert kept == [True, True]
        assert (refused.not_modified, refused.error.reason) == (False, ERROR_REASON_PERMISSION_DENIED)


async def test_answers_are_bounded_and_end_with_the_life_of_the_history() -> None:
    async with running_server() as server:
        kept = KeptAnswers(server.engine)

        for number in range(MAX_KEPT + 1):
            kept.keep(str(number).encode(), b"answer", [STOCK], None)
        kept.keep(bytes(MAX_QUESTION_BYTES + 1), b"answer", [STOCK], DefinitionRef("default", "x"))

        assert kept.get(b"0", LOCAL) is None
        assert kept.get(bytes(MAX_QUESTION_BYTES + 1), LOCAL) is None
        assert kept.get(b"1", LOCAL) == b"answer"
