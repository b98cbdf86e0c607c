"""A disk that is really full: clear errors, reads go on, writes recover, and nothing acknowledged is lost."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import grpc
import grpc.aio
import pytest
from muster.config.v1 import config_service_pb2 as wire
from running import running_server

from rpc.configs import named, publish, stub


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(tmp_path)], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted: {made.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def grow(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=30m", str(disk)], check=True)


async def test_full_disk_refuses_writes_and_nothing_else_until_there_is_room(disk: Path) -> None:
    content, kept = "x" * 500_000, []
    async with running_server(data_dir=disk / "data") as server, server.channel() as channel:
        with pytest.raises(grpc.aio.AioRpcError) as full:  # noqa: PT012  # how many fit is the file system's business
            for number in range(20):
                await publish(channel, content, named(f"item-{number}"))
                kept.append(f"item-{number}")
        readable = [(await stub(channel).GetConfig(wire.GetConfigRequest(ref=named(name)))).release.content for name in kept]
        await asyncio.to_thread(grow, disk)
        await publish(channel, content, named("after"))
    async with running_server(data_dir=disk / "data") as server, server.channel() as channel:
        listed = await stub(channel).ListConfigs(wire.ListConfigsRequest())

    assert (full.value.code(), dict(full.value.trailing_metadata())["muster-reason"]) == (
        grpc.StatusCode.UNAVAILABLE,
        "STORAGE_FAILED",
    )
    assert kept
    assert readable == [content] * len(kept)
    assert [summary.ref.name for summary in listed.configs] == ["after", *kept]
