"""Backup and Restore over a real channel."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from muster.admin.v1 import admin_service_pb2 as wire
from muster.catalog.v1 import catalog_pb2, catalog_service_pb2_grpc
from muster.catalog.v1 import catalog_service_pb2 as catalog
from muster.config.v1 import config_pb2, config_service_pb2, config_service_pb2_grpc
from muster.registry.v1 import discovery_service_pb2 as discovery
from muster.registry.v1 import discovery_service_pb2_grpc, instance_pb2, registration_service_pb2, registration_service_pb2_grpc
from muster_server.core.config_commands import Publish
from muster_server.core.config_model import Text, config_key
from muster_server.core.copying import copied
from muster_server.core.errors import MusterError
from muster_server.engine.engine import Engine
from muster_server.engine.performing import perform
from muster_server.rpc.archives import CHUNK_BYTES, ArchiveServicer
from muster_server.rpc.calls import Call
from muster_server.rpc.encoders import WireEncoder
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import StorageError
from running import ManualClock, Server, running_server

from rpc.configs import Listener
from rpc.test_namespaces import admin, create, listed, publish, register
from rpc.test_registration import reason
from rpc.test_streams import subscribe

API = instance_pb2.ServiceRef(namespace="shop", name="api")
ITEM = config_pb2.ConfigRef(namespace="shop", name="a")


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[tuple[Server, grpc.aio.Channel]]:
    async with running_server(**settings) as server, server.channel() as channel:
        yield server, channel


async def fill(channel: grpc.aio.Channel) -> None:
    await create(channel, display_name="Shop")
    await register(channel, persistent=True)
    for content in ("one", "two"):
        await publish(channel, content=content)
    stub = registration_service_pb2_grpc.RegistrationServiceStub(channel)
    ref = instance_pb2.InstanceRef(service=API, instance_id="h#80#DEFAULT")
    await stub.SetAdminState(
        registration_service_pb2.SetAdminStateRequest(ref=ref, state=instance_pb2.ADMIN_STATE_DISABLED, author="ann")
    )
    await define(channel)


async def define(channel: grpc.aio.Channel) -> None:
    """Two definitions, of which one has a schema and depends on the other."""
    stub = catalog_service_pb2_grpc.CatalogServiceStub(channel)
    for name in ("basket", "stock"):
        await stub.CreateDefinition(catalog.CreateDefinitionRequest(definition=catalog_pb2.Definition(key=key_of(name))))
    schema = catalog_pb2.Schema(schema_id="api", content="text", summary="sum")
    made = await stub.ResolveDefinition(catalog.ResolveDefinitionRequest(key=key_of("basket")))
    await stub.PutSchemas(
        catalog.PutSchemasRequest(namespace="shop", definition_id=made.definition.definition_id, schemas=[schema])
    )
    dependency = catalog.Dependency(consumer=key_of("basket"), providers=[key_of("stock")])
    await stub.SetDependencies(catalog.SetDependenciesRequest(namespace="shop", dependencies=[dependency]))


def key_of(name: str, namespace: str = "shop") -> catalog_pb2.DefinitionKey:
    return catalog_pb2.DefinitionKey(namespace=namespace, name=name, version="1.0")


async def defined(channel: grpc.aio.Channel, namespace: str = "shop") -> tuple[str, str, list[str]]:
    """The id that the names of `basket` lead to, the text of its schema, and what it depends on."""
    stub = catalog_service_pb2_grpc.CatalogServiceStub(channel)
    found = (await stub.ResolveDefinition(catalog.ResolveDefinitionRequest(key=key_of("basket", namespace)))).definition
    schema = await stub.GetSchema(catalog.GetSchemaRequest(namespace=namespace, definition_id=found.definition_id, schema_id="api"))
    providers = await stub.ListProviders(catalog.ListProvidersRequest(namespace=namespace, definition_id=found.definition_id))
    return found.definition_id, schema.schema.content, [provider.definition_id for provider in providers.definitions]


async def backup(channel: grpc.aio.Channel, namespace: str = "") -> bytes:
    parts = [part async for part in admin(channel).Backup(wire.BackupRequest(namespace=namespace))]
    assert {part.total_bytes for part in parts} == {sum(len(part.chunk) for part in parts)}
    assert all(len(part.chunk) <= 1 << 20 for part in parts)
    return b"".join(part.chunk for part in parts)


def frames(archive: bytes, size: int = CHUNK_BYTES, **options: Any) -> list[wire.RestoreRequest]:
    chunks = [archive[start : start + size] for start in range(0, len(archive), size)]
    return [
        wire.RestoreRequest(options=wire.RestoreOptions(**options)),
        *(wire.RestoreRequest(chunk=chunk) for chunk in chunks),
    ]


async def restore(channel: grpc.aio.Channel, archive: bytes, size: int = CHUNK_BYTES, **options: Any) -> wire.RestoreResponse:
    answer: wire.RestoreResponse = await admin(channel).Restore(iter(frames(archive, size, **options)))
    return answer


async def refusal(channel: grpc.aio.Channel, sent: Iterable[wire.RestoreRequest]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await admin(channel).Restore(iter(sent))
    return caught.value


def details(error: grpc.aio.AioRpcError) -> dict[str, str]:
    info = error_details_pb2.ErrorInfo()
    status = rpc_status.from_call(error)
    assert status is not None
    assert status.details[0].Unpack(info)
    return dict(info.metadata)


async def shown(channel: grpc.aio.Channel, ref: config_pb2.ConfigRef = ITEM) -> str:
    answer = await config_service_pb2_grpc.ConfigServiceStub(channel).GetConfig(config_service_pb2.GetConfigRequest(ref=ref))
    return str(answer.release.content)


async def instances(channel: grpc.aio.Channel, service: instance_pb2.ServiceRef = API) -> list[instance_pb2.Instance]:
    stub = discovery_service_pb2_grpc.DiscoveryServiceStub(channel)
    return list((await stub.ListInstances(discovery.ListInstancesRequest(service=service))).instances)


def changes(answer: wire.RestoreResponse) -> list[tuple[str, str, str]]:
    return [
        (wire.RestoreChange.Action.Name(change.action).removeprefix("ACTION_"), change.kind, change.name)
        for change in answer.changes
    ]


ALL_ADDED = [
    ("ADD", "config", "shop/DEFAULT_GROUP/a"),
    ("ADD", "definition", "shop/DEFAULT_GROUP/basket 1.0"),
    ("ADD", "definition", "shop/DEFAULT_GROUP/stock 1.0"),
    ("ADD", "instance", "shop/DEFAULT_GROUP/api#h#80#DEFAULT"),
    ("ADD", "namespace", "shop"),
    ("ADD", "override", "shop/DEFAULT_GROUP/api#h#80#DEFAULT"),
]


async def test_backup_of_one_server_makes_another_like_it() -> None:
    async with serving() as (_, one), serving() as (there, other):
        await fill(one)

        answer = await restore(other, await backup(one), author="ops")

        assert changes(answer) == ALL_ADDED
        assert (answer.change_count, answer.unchanged_count) == (len(ALL_ADDED), 0)
        assert (answer.epoch, answer.revision) == (there.engine.epoch, there.engine.revision)
        assert await listed(other) == await listed(one)
        assert await shown(other) == "two"
        assert await defined(other) == await defined(one)
        found = await instances(other)
        assert [(found[0].admin_state, found[0].admin_override.author)] == [(instance_pb2.ADMIN_STATE_DISABLED, "ann")]
        stub = config_service_pb2_grpc.ConfigServiceStub(other)
        first = await stub.GetRelease(config_service_pb2.GetReleaseRequest(ref=ITEM, number=1))
        assert first.release.content == "one"


async def test_backup_begins_with_a_line_that_says_what_it_is_and_ends_with_its_sum() -> None:
    clock = ManualClock()
    async with serving(clock=clock) as (server, channel):
        await fill(channel)

        archive = await backup(channel, "shop")

        line, _, _ = archive.partition(b"\n")
        assert json.loads(line) == {
            "format": "muster-backup",
            "version": 1,
            "epoch": server.engine.epoch,
            "revision": server.engine.revision,
            "create_time": "2023-11-14T22:30:00Z",
            "namespace": "shop",
        }
        assert hashlib.sha256(archive[:-32]).digest() == archive[-32:]


async def test_backup_of_one_namespace_holds_no_other() -> None:
    async with serving() as (_, one), serving() as (_, other):
        await fill(one)
        await publish(one, namespace="elsewhere")

        answer = await restore(other, await backup(one, "shop"))

        assert changes(answer) == ALL_ADDED


async def test_backup_of_a_namespace_that_is_nowhere_is_refused() -> None:
    async with serving() as (_, channel):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await backup(channel, "typo")

        assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.NOT_FOUND, "NAMESPACE_NOT_FOUND")


async def test_backup_larger_than_a_chunk_comes_in_several_and_returns_whole() -> None:
    async with serving() as (_, one), serving() as (_, other):
        content = "0123456789abcdef" * (1 << 16)
        for name in "abc":
            await publish(one, name, content)

        archive = await backup(one)
        answer = await restore(other, archive, size=300_000)

        assert len(archive) > 3 << 20
        assert answer.change_count == 3
        assert await shown(other) == content


async def test_restore_of_the_same_again_changes_nothing_but_the_epoch() -> None:
    async with serving() as (_, channel):
        await fill(channel)
        archive = await backup(channel)

        first = await restore(channel, archive)
        second = await restore(channel, archive)

        assert [(answer.change_count, answer.unchanged_count) for answer in (first, second)] == [(0, len(ALL_ADDED))] * 2
        assert second.revision == first.revision
        assert second.epoch > first.epoch


async def test_restore_undoes_what_was_done_since_and_leaves_what_is_new() -> None:
    async with serving() as (_, channel):
        await fill(channel)
        archive = await backup(channel)
        await publish(channel, content="three")
        await publish(channel, "new")
        await register(channel, "later", persistent=True)

        answer = await restore(channel, archive)

        assert changes(answer) == [("CHANGE", "config", "shop/DEFAULT_GROUP/a")]
        assert answer.unchanged_count == len(ALL_ADDED) - 1
        assert await shown(channel) == "two"
        assert len(await instances(channel)) == 2
        assert [(found.instance_count, found.config_count) for found in await listed(channel)] == [(0, 0), (2, 2)]


async def test_dry_run_answers_the_changes_and_makes_none() -> None:
    async with serving() as (_, one), serving() as (there, other):
        await fill(one)
        await publish(other, content="here")
        archive, before = await backup(one), (there.engine.epoch, there.engine.revision, copied(there.engine.state))

        trial = await restore(other, archive, dry_run=True)
        after = (there.engine.epoch, there.engine.revision, copied(there.engine.state))
        answer = await restore(other, archive)

        assert after == before
        assert (trial.epoch, trial.revision) == before[:2]
        assert changes(trial) == changes(answer) == [("CHANGE", *ALL_ADDED[0][1:]), *ALL_ADDED[1:]]


async def test_restore_into_another_namespace_leaves_the_first_alone() -> None:
    async with serving() as (_, channel):
        await fill(channel)
        archive, before = await backup(channel), (await listed(channel))[1]

        answer = await restore(channel, archive, into_namespace="copy")

        copy = config_pb2.ConfigRef(namespace="copy", name="a")
        assert changes(answer) == [(action, kind, name.replace("shop", "copy")) for action, kind, name in ALL_ADDED]
        assert await shown(channel, copy) == "two"
        (made, text, providers), there = await defined(channel, "copy"), await defined(channel)
        assert (text, len(providers)) == ("text", 1)
        assert not {made, *providers} & {there[0], *there[2]}
        found, _, shop = await listed(channel)
        assert (found.name, found.display_name, found.instance_count, found.config_count) == ("copy", "Shop", 1, 1)
        assert shop == before


async def test_restore_of_several_namespaces_into_one_is_refused() -> None:
    async with serving() as (_, channel):
        await publish(channel, namespace="one")
        await publish(channel, namespace="two")

        error = await refusal(channel, frames(await backup(channel), into_namespace="copy"))

        assert (reason(error), details(error)) == ("INVALID_FIELD", {"field": "into_namespace"})


async def test_watch_and_listen_streams_are_reset_by_a_restore_and_go_on() -> None:
    async with serving() as (_, one), serving() as (server, channel):
        await fill(one)
        await publish(channel, content="here")
        watch = discovery_service_pb2_grpc.DiscoveryServiceStub(channel).Watch()
        await watch.write(subscribe(service=API))
        snapshot = (await watch.read()).snapshot
        listener = Listener(channel)
        await listener.hello()
        await listener.add((ITEM, "", 0))
        assert await listener.until("bookmark") == ["a=here", "bookmark"]

        answer = await restore(channel, await backup(one))
        reset, bookmark = (await watch.read()).snapshot, (await watch.read()).bookmark
        heard = await listener.until("bookmark")
        await register(channel, "next", persistent=True)
        delta = (await watch.read()).delta
        await publish(channel, content="next")
        heard.append(await listener.next())

        assert answer.epoch > snapshot.epoch
        assert (reset.reset, reset.epoch, [i.instance_id for i in reset.instances]) == (True, answer.epoch, ["h#80#DEFAULT"])
        assert (bookmark.epoch, bookmark.revision, listener.epoch) == (answer.epoch, answer.revision, answer.epoch)
        assert delta.prev_revision == bookmark.revision
        assert heard == ["a=two", "bookmark", "a=next"]
        watch.cancel()
        listener.call.cancel()
        assert server.engine.epoch == answer.epoch


async def test_watch_that_resumes_with_the_epoch_of_before_a_restore_is_reset() -> None:
    async with serving() as (_, channel):
        await fill(channel)
        first = discovery_service_pb2_grpc.DiscoveryServiceStub(channel).Watch()
        await first.write(subscribe(service=API))
        seen = (await first.read()).snapshot
        first.cancel()
        await restore(channel, await backup(channel))

        again = discovery_service_pb2_grpc.DiscoveryServiceStub(channel).Watch()
        await again.write(subscribe(seen.revision, service=API, epoch=seen.epoch))
        reset = (await again.read()).snapshot

        assert reset.reset
        assert reset.epoch > seen.epoch
        again.cancel()


async def test_restored_state_is_there_after_a_restart_with_a_higher_epoch(tmp_path: Path) -> None:
    async with serving() as (_, one):
        await fill(one)
        archive = await backup(one)
        expected = await listed(one)
    async with serving(data_dir=tmp_path) as (_, channel):
        answer = await restore(channel, archive)

    async with serving(data_dir=tmp_path) as (server, channel):
        again = await restore(channel, archive, dry_run=True)

        assert await listed(channel) == expected
        assert (again.change_count, again.unchanged_count) == (0, len(ALL_ADDED))
        assert server.engine.epoch > answer.epoch


async def test_restore_that_the_disk_refuses_changes_nothing() -> None:
    store = MemoryStore()
    async with serving() as (_, one), serving(store=store) as (there, other):
        await fill(one)
        archive, before = await backup(one), (there.engine.epoch, copied(there.engine.state))
        store.fail_next(StorageError("full"))

        error = await refusal(other, frames(archive))

        assert reason(error) == "STORAGE_FAILED"
        assert (there.engine.epoch, copied(there.engine.state)) == before


@pytest.mark.parametrize(
    ("broken", "offset"),
    [
        (lambda _: b"", lambda _: 0),
        (lambda _: b"PK\x03\x04 something else", lambda _: 0),
        (lambda archive: archive[:-1], lambda archive: len(archive) - 1),
        (lambda archive: archive[:300], lambda _: 300),
        (lambda archive: archive + b"x", len),
        (lambda archive: archive.replace(b'"version":1', b'"version":9'), lambda _: 0),
        (lambda archive: archive[:-1] + bytes([archive[-1] ^ 1]), lambda archive: len(archive) - 44),
    ],
    ids=["empty", "foreign", "cut-by-one", "cut", "longer", "newer", "flipped"],
)
async def test_archive_that_is_broken_is_refused_with_its_offset_and_changes_nothing(
    broken: Callable[[bytes], bytes], offset: Callable[[bytes], int]
) -> None:
    async with serving() as (_, one), serving() as (there, other):
        await fill(one)
        archive, before = await backup(one), (there.engine.epoch, copied(there.engine.state))

        error = await refusal(other, frames(broken(archive)))

        assert (error.code(), reason(error)) == (grpc.StatusCode.INVALID_ARGUMENT, "ARCHIVE_INVALID")
        assert details(error) == {"offset": str(offset(archive))}
        assert (there.engine.epoch, copied(there.engine.state)) == before


@pytest.mark.slow
async def test_archive_with_any_byte_flipped_or_cut_anywhere_restores_nothing() -> None:
    async with serving() as (_, one), serving() as (there, other):
        await create(one, display_name="Shop")
        await publish(one, content="one")
        archive, before = await backup(one), (there.engine.epoch, there.engine.revision, copied(there.engine.state))

        for position in range(len(archive)):
            changed = archive[:position] + bytes([archive[position] ^ 0x10]) + archive[position + 1 :]
            for broken in (changed, archive[:position]):
                error = await refusal(other, frames(broken))
                assert reason(error) == "ARCHIVE_INVALID", (position, error.details())

        assert (there.engine.epoch, there.engine.revision, copied(there.engine.state)) == before


CHUNK = wire.RestoreRequest(chunk=b"x")
OPTIONS = wire.RestoreRequest(options=wire.RestoreOptions())


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([], "PROTOCOL_VIOLATION"),
        ([CHUNK], "PROTOCOL_VIOLATION"),
        ([wire.RestoreRequest()], "PROTOCOL_VIOLATION"),
        ([OPTIONS, OPTIONS], "PROTOCOL_VIOLATION"),
        ([OPTIONS, CHUNK, wire.RestoreRequest()], "PROTOCOL_VIOLATION"),
        ([OPTIONS, wire.RestoreRequest(chunk=bytes(CHUNK_BYTES + 1))], "INVALID_FIELD"),
        ([wire.RestoreRequest(options=wire.RestoreOptions(author="x" * 257))], "INVALID_FIELD"),
        ([wire.RestoreRequest(options=wire.RestoreOptions(into_namespace="a\nb"))], "INVALID_FIELD"),
        ([OPTIONS], "ARCHIVE_INVALID"),
    ],
)
async def test_restore_out_of_turn_or_bounds_is_refused(sent: list[wire.RestoreRequest], expected: str) -> None:
    async with serving() as (_, channel):
        error = await refusal(channel, sent)

        assert reason(error) == expected


async def test_restore_over_ephemeral_instances_is_refused_whole() -> None:
    async with serving() as (_, one), serving() as (there, other):
        await fill(one)
        await register(other, "ephemeral")
        before = (there.engine.epoch, there.engine.revision)

        error = await refusal(other, frames(await backup(one)))

        assert reason(error) == "SERVICE_KIND_MISMATCH"
        assert (there.engine.epoch, there.engine.revision) == before


async def test_restore_with_more_than_a_thousand_changes_shows_the_first_and_counts_all() -> None:
    async with serving() as (here, one), serving() as (_, other):
        for number in range(1100):
            await perform(here.engine, Publish(config_key("shop", "", f"c{number:04}"), Text("x")))

        answer = await restore(other, await backup(one))

        assert (len(answer.changes), answer.change_count) == (1000, 1100)
        assert [change.name for change in answer.changes] == [f"shop/DEFAULT_GROUP/c{number:04}" for number in range(1000)]


class FakeStream:
    """A stream whose client sends what it is given, and reads when it is told to."""

    def __init__(self, *frames: Any) -> None:
        self.call = Call("test", {})
        self.is_read = asyncio.Event()
        self.written: list[Any] = []
        self.waiting = asyncio.Event()
        self._frames = iter(frames)

    async def read(self) -> Any:
        return next(self._frames, None)

    async def write(self, frame: Any) -> None:
        self.waiting.set()
        await self.is_read.wait()
        self.written.append(frame)

    def end(self, error: MusterError) -> None:
        raise error


@asynccontextmanager
async def engine_alone() -> AsyncIterator[Engine]:
    engine = Engine(MemoryStore(), WireEncoder(), ManualClock())
    yield engine
    await engine.close()


async def test_backup_that_is_not_read_ends_as_a_slow_consumer() -> None:
    async with engine_alone() as engine:
        servicer = ArchiveServicer(engine, stuck_after_s=0.01)

        with pytest.raises(MusterError) as caught:
            await servicer.backup(wire.BackupRequest(), FakeStream())

        assert caught.value.reason.value == "SLOW_CONSUMER"


async def test_archives_under_way_are_at_most_four() -> None:
    async with engine_alone() as engine:
        servicer, streams = ArchiveServicer(engine), [FakeStream() for _ in range(4)]
        async with asyncio.TaskGroup() as group:
            for stream in streams:
                group.create_task(servicer.backup(wire.BackupRequest(), stream))
            for stream in streams:
                await stream.waiting.wait()

            with pytest.raises(MusterError) as caught:
                await servicer.backup(wire.BackupRequest(), FakeStream())
            for stream in streams:
                stream.is_read.set()
        last = FakeStream()
        last.is_read.set()
        await servicer.backup(wire.BackupRequest(), last)

        assert (caught.value.reason.value, caught.value.details) == ("LIMIT_EXCEEDED", {"limit": "4"})
        assert [len(stream.written) for stream in (*streams, last)] == [1] * 5


async def test_archive_above_the_largest_size_is_refused_on_both_ways() -> None:
    async with engine_alone() as engine:
        servicer = ArchiveServicer(engine, max_bytes=100)

        with pytest.raises(MusterError) as out:
            await servicer.backup(wire.BackupRequest(), FakeStream())
        with pytest.raises(MusterError) as into:
            await servicer.restore(FakeStream(*frames(bytes(101), size=50)))

        assert [(error.value.reason.value, error.value.details) for error in (out, into)] == [("TOO_LARGE", {"limit": "100"})] * 2


async def test_slow_reader_of_a_backup_holds_no_write_up_and_gets_the_state_of_its_beginning() -> None:
    async with serving() as (_, one), serving() as (_, other):
        content = "0123456789abcdef" * (1 << 17)
        await publish(one, "a", content)
        call = admin(one).Backup(wire.BackupRequest())
        first = await call.read()

        await publish(one, "a", "changed")
        await publish(one, "b", "new")
        archive = first.chunk
        while (part := await call.read()) is not grpc.aio.EOF:
            archive += part.chunk
        await restore(other, archive)

        assert len(archive) == first.total_bytes
        assert await shown(other) == content
        assert [found.config_count for found in await listed(other)] == [0, 1]
