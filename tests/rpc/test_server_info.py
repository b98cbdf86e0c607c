"""GetServerInfo: what the server tells of itself."""

from pathlib import Path

from muster.admin.v1 import admin_service_pb2 as wire
from muster_server.engine.durations import Durations
from muster_server.rpc.server_info import latency
from muster_server.storage.memory import MemoryStore
from running import ManualClock, running_server

from rpc.test_namespaces import admin, publish, register
from rpc.test_streams import opened, subscribe, watch_call

MEBIBYTE = 1 << 20


async def test_server_info_of_a_busy_server_counts_what_is_there() -> None:
    clock = ManualClock()
    async with running_server(clock=clock) as server, server.channel() as channel:
        await register(channel, "one")
        await publish(channel)
        session, _ = await opened(channel, "two")
        watch = watch_call(channel)
        await watch.write(subscribe())
        await watch.read()

        info = await admin(channel).GetServerInfo(wire.GetServerInfoRequest())

        assert (info.epoch, info.revision) == (server.engine.epoch, server.engine.revision)
        assert info.start_time.ToSeconds() == int(clock.wall_s())
        assert (info.storage, info.warming_up) == ("memory", False)
        assert (info.instance_count, info.service_count, info.config_count) == (2, 2, 1)
        assert (info.session_count, info.watch_count, info.listen_count) == (1, 1, 0)
        assert (info.call_count, info.push_count, info.push.count) == (2, 1, 1)
        assert info.commit.count == 1
        assert info.version
        assert MEBIBYTE < info.memory_bytes < 4096 * MEBIBYTE
        session.cancel()
        watch.cancel()


async def test_server_info_after_a_restart_says_that_it_is_warming_up() -> None:
    store = MemoryStore()
    async with running_server(store=store) as server, server.channel() as channel:
        await register(channel)
    store.reopen()

    async with running_server(store=store) as server, server.channel() as channel:
        info = await admin(channel).GetServerInfo(wire.GetServerInfoRequest())

        assert info.warming_up


async def test_server_info_of_a_server_on_disk_says_so(tmp_path: Path) -> None:
    async with running_server(data_dir=tmp_path / "data") as server, server.channel() as channel:
        info = await admin(channel).GetServerInfo(wire.GetServerInfoRequest())

        assert info.storage == "sqlite"


def test_latency_of_durations_is_in_their_buckets() -> None:
    durations = Durations()
    for _ in range(99):
        durations.add(0.002)
    durations.add(0.2)

    message = latency(durations)

    assert message.count == 100
    assert message.total.ToMilliseconds() == 398
    assert message.p50.ToMicroseconds() == 2500
    assert message.p99.ToMicroseconds() == 2500


def test_latency_of_nothing_is_zero() -> None:
    assert latency(Durations()) == wire.Latency(total={}, p50={}, p99={})
