"""Section 9 of the ServiceStage spec, cases 79, 80 and 82: agents that are gone, and servers that are killed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from muster_server.agent import AgentApart
from muster_server.app import agent_serving
from muster_server.settings import Settings
from program import Program, start
from running import ManualClock

from gateway.servicestage import SERVICE, Client, Stage, configuration, package, runs, stage, staged

pytestmark = pytest.mark.slow


@asynccontextmanager
async def agent(it: Stage, directory: Path, *, stops: bool = False) -> AsyncIterator[None]:
    """An agent of the environment, apart from the server."""
    apart = AgentApart("node-1", "p1", "env1", "127.0.0.1", directory / "agent", stops)
    async with agent_serving(Settings(), apart, it.server.grpc_target):
        yield


async def test_79_instance_whose_agent_is_gone_is_unknown_and_runs_on(tmp_path: Path) -> None:
    async with stage(tmp_path, agent=False) as it:
        async with agent(it, tmp_path):
            instance = await it.deployed()
            pids = await it.pids(instance)

        detail = (await it.until(instance, "UNKNOWN"))["status_detail"]
        assert (detail["fail_detail"], detail["replica"], detail["available_replica"]) == ("cluster_inaccessible", 2, 0)
        assert [pid for pid in pids if not runs(pid)] == []

        async with agent(it, tmp_path, stops=True):
            detail = (await it.until(instance, "RUNNING"))["status_detail"]
            assert (detail["fail_detail"], detail["available_replica"]) == (None, 2)
            assert await it.pids(instance) == pids


async def test_82_deletion_without_its_agent_fails_unless_it_is_forced(tmp_path: Path) -> None:
    async with stage(tmp_path, agent=False, clock=ManualClock()) as it:
        async with agent(it, tmp_path):
            instance = await it.deployed()
            pids = await it.pids(instance)
        await it.until(instance, "UNKNOWN")

        job_id = await it.begun("DELETE", instance)
        assert (await it.show(instance))["status_detail"]["status"] == "DELETING"
        ending = asyncio.create_task(it.done(job_id, "FAILED"))
        while not ending.done():
            it.server.advance(1.0)
            await asyncio.sleep(0.05)  # the server looks at the clock from time to time
        assert "node-1" in ending.result()["tasks"][-1]["MESSAGES"]
        assert (await it.show(instance))["status_detail"]["last_job_status"] == "FAILED"

        await it.done(await it.begun("DELETE", f"{instance}?force=true"))
        assert await it.http.refused("GET", instance) == (404, "412")

        async with agent(it, tmp_path):  # back, it stops what nobody wants any more
            await until(lambda: not any(runs(pid) for pid in pids))


async def test_80_job_of_a_killed_server_goes_on_with_the_next(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    count = tmp_path / "starts"
    slow = configuration(
        "sh",
        "-c",
        f"echo $MUSTER_INDEX >> {count}; sleep 2; touch $MUSTER_REPLICA.ready; exec sleep 600",
        probes={"readinessProbe": {"type": "command", "parameters": {"command": ["sh", "-c", "test -e $MUSTER_REPLICA.ready"]}}},
    )
    program = start(data_dir)
    try:
        async with client(program) as http:
            it = await staged(http, package(tmp_path, "service.zip", {"service.py": SERVICE}))
            instance, job_id = await it.created(configuration=slow)
            await until(lambda: count.exists() and len(count.read_text().split()) == 2)
        program.kill()
        program = start(data_dir)

        async with client(program) as http:
            it.http = http
            await it.done(job_id)

            assert (await it.show(instance))["status_detail"]["available_replica"] == 2
            assert sorted(count.read_text().split()) == ["0", "1"]
            await it.done(await it.begun("DELETE", instance))
    finally:
        program.kill()


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for other processes: there is no event to wait for."""
    async with asyncio.timeout(20):
        while True:
            if is_so():
                return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def client(program: Program) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(base_url=f"http://{program.http}") as http:
        yield Client(http, "p1")
