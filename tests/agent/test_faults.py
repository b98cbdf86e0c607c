"""Agents and servers that are killed in the middle of jobs: nothing runs twice, nothing is lost, every job ends."""

import asyncio
import random
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from delivery_world import World, connected
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.delivery.v1 import deployment_pb2
from program import Program, start, start_agent

from agent.apps import is_alive, nothing_left, of_application, package, pids, web_spec

SEED = random.randrange(1 << 32)
METHODS = "Upgrade", "Scale", "Restart", "Stop", "Start", "Scale", "Rollback"
OVER = (deployment_pb2.JOB_STATE_SUCCEEDED, deployment_pb2.JOB_STATE_FAILED, deployment_pb2.JOB_STATE_ROLLED_BACK)


class Cluster:
    """A server, its agent within or apart, and one deployment, which is changed again and again."""

    def __init__(self, directory: Path, *, is_apart: bool) -> None:
        self._directory, self._is_apart = directory, is_apart
        self._server: Program | None = None
        self._agent: Any = None
        self._flags: tuple[str, ...] = ()
        self.deployment = deployment_pb2.Deployment()
        self.version = 1

    async def __aenter__(self) -> "Cluster":
        self._start_server()
        if self._is_apart:
            self._start_agent()
        async with self.world() as made:
            await made.populate()
            first = await made.create(replicas=2, spec=self.spec())
            await made.job(first.last_job_id, deployment_pb2.JOB_STATE_SUCCEEDED)
            self.deployment = first
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in (self._agent, self._server.process if self._server is not None else None):
            if process is not None:
                process.kill()
                process.wait()

    def world(self) -> AbstractAsyncContextManager[World]:
        assert self._server is not None
        return connected(self._server.grpc)

    def kill(self, victim: str) -> None:
        """Kill one of the processes, and start it again."""
        if victim == "agent apart":
            self.kill_agent()
        else:
            self.kill_server()

    def kill_server(self) -> None:
        assert self._server is not None
        self._server.kill()
        self._start_server()

    def kill_agent(self) -> None:
        self._agent.kill()
        self._agent.wait()
        self._start_agent()

    def _start_server(self) -> None:
        self._server = start(self._directory / "data", *self._flags, *(["--no-agent"] if self._is_apart else []))
        self._flags = ("--grpc-port", self._server.grpc.rpartition(":")[2])  # an agent apart looks for it there

    def _start_agent(self) -> None:
        assert self._server is not None
        self._agent = start_agent(self._directory / "agent", self._server.grpc, "--environment", "prod", "--name", "one")

    def spec(self) -> deployment_pb2.DeploymentSpec:
        """What runs: it is another version after each upgrade."""
        return web_spec(f"{self.version}", package(self._directory), stop_grace={"seconds": 2})

    def change(self, method: str, rng: random.Random) -> Any:
        """The request."""
        id_ = self.deployment.id
        match method:
            case "Upgrade":
                self.version += 1
                return wire.UpgradeDeploymentRequest(id=id_, spec=self.spec())
            case "Scale":
                return wire.ScaleDeploymentRequest(id=id_, replicas=rng.randint(1, 4))
            case "Rollback":
                return wire.RollbackDeploymentRequest(id=id_, version="1")
            case "Restart":
                return wire.RestartDeploymentRequest(id=id_)
            case "Stop":
                return wire.StopDeploymentRequest(id=id_)
            case _:
                return wire.StartDeploymentRequest(id=id_)


async def ended(made: World, job_id: str) -> deployment_pb2.Job:
    """The job at its end, whatever that is."""
    job = deployment_pb2.Job()
    async with asyncio.timeout(40):
        async for answer in made.stub.WatchJob(wire.WatchJobRequest(id=job_id)):
            job = answer.job
    assert job.state in OVER, job
    return job


async def settled(made: World, deployment: deployment_pb2.Deployment) -> deployment_pb2.Deployment:
    """The deployment once its agent is back and all it wants is ready."""
    async with asyncio.timeout(40):
        async for answer in made.stub.WatchDeployment(wire.WatchDeploymentRequest(id=deployment.id)):
            if answer.deployment.state in (deployment_pb2.DEPLOYMENT_STATE_RUNNING, deployment_pb2.DEPLOYMENT_STATE_STOPPED):
                found: deployment_pb2.Deployment = answer.deployment
                return found
    raise AssertionError("it is gone")


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["server with its agent", "agent apart", "server apart"])
async def test_killed_at_random_points_of_jobs(tmp_path: Path, victim: str) -> None:
    rng = random.Random(SEED)
    with nothing_left(tmp_path):
        async with Cluster(tmp_path, is_apart=victim != "server with its agent") as cluster:
            for point, method in enumerate(METHODS):
                told = f"seed {SEED}, point {point}"
                async with cluster.world() as made:
                    request = cluster.change(method, rng)
                    job_id = (await getattr(made.stub, f"{method}Deployment")(request)).job_id
                    await asyncio.sleep(rng.uniform(0.0, 1.0))
                cluster.kill(victim)
                async with cluster.world() as made:
                    job = await ended(made, job_id)
                    assert job.state == deployment_pb2.JOB_STATE_SUCCEEDED, (told, method, job)
                    found = await settled(made, cluster.deployment)
                    running = [pid for pid in pids(found) if is_alive(pid)]
                    wanted = 0 if found.state == deployment_pb2.DEPLOYMENT_STATE_STOPPED else found.replicas
                    assert len(running) == wanted, (told, method, found)
                    assert sorted(of_application(tmp_path)) == sorted(running), (told, method, found)


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["server with its agent", "agent apart", "server apart"])
async def test_killed_while_deployments_are_made_and_deleted(tmp_path: Path, victim: str) -> None:
    rng = random.Random(SEED)
    with nothing_left(tmp_path):
        async with Cluster(tmp_path, is_apart=victim != "server with its agent") as cluster:
            for point in range(3):
                told = f"seed {SEED}, point {point}"
                async with cluster.world() as made:
                    made.application_id, made.component_id = cluster.deployment.application_id, cluster.deployment.component_id
                    other = await made.create(name="other", replicas=2, spec=cluster.spec())
                    await asyncio.sleep(rng.uniform(0.0, 1.0))
                cluster.kill(victim)
                async with cluster.world() as made:
                    assert (await ended(made, other.last_job_id)).state == deployment_pb2.JOB_STATE_SUCCEEDED, told
                    assert len(of_application(tmp_path)) == 4, told
                    job_id = (await made.stub.DeleteDeployment(wire.DeleteDeploymentRequest(id=other.id))).job_id
                    await asyncio.sleep(rng.uniform(0.0, 1.0))
                cluster.kill(victim)
                async with cluster.world() as made:
                    assert (await ended(made, job_id)).state == deployment_pb2.JOB_STATE_SUCCEEDED, told
                    found = await settled(made, cluster.deployment)
                    assert sorted(of_application(tmp_path)) == sorted(pids(found)), told
