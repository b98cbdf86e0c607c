"""Agents apart from their server: cut off and back, over TLS with a token; and which servers have one of their own."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from access_world import guarded
from delivery_world import WAIT_S, World, populated
from muster.admin.v1 import access_service_pb2
from muster.delivery.v1 import delivery_pb2, delivery_service_pb2_grpc, deployment_pb2
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster_server.agent import AgentApart
from muster_server.app import agent_serving
from muster_server.rpc import agents as agents_servicer
from muster_server.settings import Settings
from proxy import running_proxy
from structlog.testing import capture_logs

from agent.apps import do, is_alive, nothing_left, of_application, package, pids, web_spec

SUCCEEDED = deployment_pb2.JOB_STATE_SUCCEEDED
TRIES = 3
"""Of two who try to register a successor, one has come back after its pause by then: its predecessor would have been stopped."""


@asynccontextmanager
async def agent_apart(directory: Path, target: str, *, stops: bool = False, **settings: Any) -> AsyncIterator[None]:
    apart = AgentApart("node-1", "default", "prod", "127.0.0.1", directory / "agent", stops)
    async with agent_serving(Settings(**settings), apart, target):
        yield


async def agents(made: World) -> list[str]:
    return [one.name for one in (await made.stub.ListAgents(wire.ListAgentsRequest())).agents]


async def until_connected(made: World, *names: str) -> None:
    async with asyncio.timeout(WAIT_S):
        while await agents(made) != list(names):  # noqa: ASYNC110  # agents are listed, and not followed
            await asyncio.sleep(0.01)


async def test_the_agent_of_an_environment_goes_before_the_servers_own(tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        async with populated(agent=True) as made, agent_apart(tmp_path, made.server.grpc_target, stops=True):
            await until_connected(made, "local", "node-1")
            first = await made.create(spec=web_spec("1", package(tmp_path)))
            await made.job(first.last_job_id, SUCCEEDED)
            found = await made.get(first)
            assert found.agent == "node-1"
            assert all(map(is_alive, pids(found)))
            (listed, one) = (await made.stub.ListAgents(wire.ListAgentsRequest())).agents
            assert (listed.name, one.environment, one.host) == ("local", "prod", "127.0.0.1")
            assert "Custom" in {runtime.name for runtime in one.runtimes}
        assert not of_application(tmp_path)  # it was told to stop what it runs


async def test_cut_off_in_mid_step_it_is_unknown_and_then_whole_again(tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        async with populated() as made, running_proxy(made.server.grpc_target) as proxy, agent_apart(tmp_path, proxy.address):
            await until_connected(made, "node-1")
            first = await made.create(spec=web_spec("1", package(tmp_path)))
            await made.job(first.last_job_id, SUCCEEDED)
            before = await made.get(first)
            slow = web_spec("2", package(tmp_path), post_start={"command": {"command": ["sleep", "1"]}})
            job_id = (await made.stub.UpgradeDeployment(wire.UpgradeDeploymentRequest(id=first.id, spec=slow))).job_id
            async with asyncio.timeout(WAIT_S):
                async for answer in made.stub.WatchJob(wire.WatchJobRequest(id=job_id)):
                    if answer.job.tasks[-1].name == "start":
                        break
            proxy.is_open = False
            proxy.cut()
            await until_connected(made)
            with capture_logs() as said:
                async with asyncio.timeout(WAIT_S):
                    while sum(entry["event"] == "instance not registered" for entry in said) < TRIES:  # noqa: ASYNC110  # a log
                        await asyncio.sleep(0.01)
            assert len(of_application(tmp_path)) == 3
            assert all(map(is_alive, pids(before)))
            proxy.is_open = True
            await made.job(job_id, SUCCEEDED)
            upgraded = await made.get(first)
            assert [one.version for one in upgraded.replica_states] == ["2", "2"]

            proxy.is_open = False
            proxy.cut()
            unknown = await made.until(first, deployment_pb2.DEPLOYMENT_STATE_UNKNOWN)
            assert not pids(unknown)
            proxy.is_open = True
            again = await made.until(first, deployment_pb2.DEPLOYMENT_STATE_RUNNING)
            assert pids(again) == pids(upgraded)
            await do(made, "DeleteDeployment", wire.DeleteDeploymentRequest(id=first.id))


async def test_what_changed_while_it_was_away_is_made_true_when_it_is_back(tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        async with populated() as made:
            async with agent_apart(tmp_path, made.server.grpc_target):
                await until_connected(made, "node-1")
                first = await made.create(spec=web_spec("1", package(tmp_path)))
                await made.job(first.last_job_id, SUCCEEDED)
            await until_connected(made)
            running = of_application(tmp_path)
            assert len(running) == 2
            os.kill(running[0], signal.SIGKILL)
            await made.stub.ScaleDeployment(wire.ScaleDeploymentRequest(id=first.id, replicas=3))
            async with agent_apart(tmp_path, made.server.grpc_target):
                found = await made.until(first, deployment_pb2.DEPLOYMENT_STATE_RUNNING)
                assert len(found.replica_states) == 3
                assert running[1] in pids(found)
                await made.stub.DeleteDeployment(wire.DeleteDeploymentRequest(id=first.id, force=True))
                async with asyncio.timeout(WAIT_S):
                    while of_application(tmp_path):  # noqa: ASYNC110  # no event: other processes
                        await asyncio.sleep(0.05)


async def test_what_it_is_told_of_in_later_frames_runs_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents_servicer, "MAX_FRAME_BYTES", 1)
    with nothing_left(tmp_path):
        async with populated() as made:
            async with agent_apart(tmp_path, made.server.grpc_target):
                await until_connected(made, "node-1")
                for name in ("one", "two", "three"):
                    first = await made.create(name=name, replicas=1, spec=web_spec("1", package(tmp_path)))
                    await made.job(first.last_job_id, SUCCEEDED)
            await until_connected(made)
            before = of_application(tmp_path)
            async with agent_apart(tmp_path, made.server.grpc_target):
                for deployment in (await made.stub.ListDeployments(wire.ListDeploymentsRequest())).deployments:
                    await made.until(deployment, deployment_pb2.DEPLOYMENT_STATE_RUNNING)
                assert sorted(of_application(tmp_path)) == sorted(before)


async def test_with_authentication_it_needs_a_token_that_may_write_delivery_and_services(tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        async with guarded(agent=False) as world:
            await world.user("runner", ("*:*:delivery/*", "rw"), ("*:*:service/*", "w"))
            made = await world.access.CreateToken(access_service_pb2.CreateTokenRequest(user="runner"), metadata=world.admin)
            token_file = tmp_path / "token"
            token_file.write_text(made.secret + "\n")
            stub = delivery_service_pb2_grpc.DeliveryServiceStub(world.channel)
            async with agent_apart(tmp_path, world.server.grpc_target, token_file=token_file):
                async with asyncio.timeout(WAIT_S):
                    while not (await stub.ListAgents(wire.ListAgentsRequest(), metadata=world.admin)).agents:  # noqa: ASYNC110  # agents are listed, and not followed
                        await asyncio.sleep(0.01)


async def test_the_servers_own_agent_works_with_authentication_and_is_off_for_strangers(tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        async with guarded() as world:
            stub = delivery_service_pb2_grpc.DeliveryServiceStub(world.channel)

            async def call(method: str, request: Any) -> Any:
                return await getattr(stub, method)(request, metadata=world.admin)

            environment = (
                await call("CreateEnvironment", wire.CreateEnvironmentRequest(environment=delivery_pb2.Environment(name="prod")))
            ).environment
            application = (await call("CreateApplication", wire.CreateApplicationRequest(application={"name": "shop"}))).application
            component = delivery_pb2.Component(application_id=application.id, name="web", runtime="Custom")
            component = (await call("CreateComponent", wire.CreateComponentRequest(component=component))).component
            deployment = deployment_pb2.Deployment(
                name="web-1",
                application_id=application.id,
                component_id=component.id,
                environment_id=environment.id,
                replicas=1,
                spec=web_spec("1", package(tmp_path)),
            )
            made = (await call("CreateDeployment", wire.CreateDeploymentRequest(deployment=deployment))).deployment
            async with asyncio.timeout(WAIT_S):
                async for answer in stub.WatchJob(wire.WatchJobRequest(id=made.last_job_id), metadata=world.admin):
                    job = answer.job
            assert job.state == SUCCEEDED, job


@pytest.mark.parametrize(
    ("given", "runs"),
    [
        ({}, True),
        ({"agent": False}, False),
        ({"host": "0.0.0.0", "insecure": True}, False),
        ({"host": "0.0.0.0", "auth": True}, True),
        ({"host": "::1"}, True),
    ],
)
def test_strangers_cannot_have_programs_run_here(given: dict[str, Any], runs: bool) -> None:
    assert Settings(**given).runs_agent is runs
