"""A server that is killed under 200 live Nacos connections, and comes back."""

import asyncio
import time
from pathlib import Path

import pytest
from nacos_fleet import Member
from program import start

MEMBERS, SERVICES = 200, 20
JOURNAL_S = 1.0
"""How far what is on disk may be behind (server/DESIGN.md)."""
RECONNECT_S = 5.0
"""What reconnecting 200 clients may take on a small machine, beside what each waits by itself."""


@pytest.mark.slow
async def test_every_client_is_whole_again_and_no_consumer_ever_sees_an_empty_list(tmp_path: Path) -> None:
    server = start(tmp_path / "data")
    fleet = [
        Member(
            server.grpc,
            f"svc-{number % SERVICES}",
            f"10.0.{number // 250}.{number % 250}",
            redo_s=(number % 4) * 1.0,
            expected=MEMBERS // SERVICES,
        )
        for number in range(MEMBERS)
    ]
    tasks = [asyncio.create_task(member.run()) for member in fleet]
    try:
        await asyncio.wait_for(asyncio.gather(*(member.whole.wait() for member in fleet)), 40)
        for member in fleet:
            member.seen.clear()
            member.lost.clear()
            member.waited_s = 0.0
        await asyncio.sleep(JOURNAL_S)
        await asyncio.to_thread(server.kill)
        server = await asyncio.to_thread(start, tmp_path / "data", "--grpc-port", server.grpc.rpartition(":")[2])
        back_s = time.monotonic()
        await asyncio.wait_for(asyncio.gather(*(member.lost.wait() for member in fleet)), 40)
        await asyncio.wait_for(asyncio.gather(*(member.whole.wait() for member in fleet)), 40)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(server.kill)

    late_s = [member.registered_s - back_s - member.waited_s for member in fleet]
    assert max(late_s) < RECONNECT_S
    shortest = min(len(hosts) for member in fleet for hosts in member.seen)
    assert shortest == MEMBERS // SERVICES, "some consumer saw fewer instances than there were all the time"
