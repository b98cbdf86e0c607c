"""Deployments that come out of an archive: they run, once, and what runs already goes on."""

import asyncio
from pathlib import Path

import pytest
from delivery_world import WAIT_S, World, connected, populated, world
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.delivery.v1 import deployment_pb2
from program import start
from rpc.test_archives import backup, restore

from agent.apps import do, is_alive, nothing_left, of_application, package, pids, web_spec
from agent.test_apart import agent_apart, until_connected

RUNNING = deployment_pb2.DEPLOYMENT_STATE_RUNNING
SUCCEEDED = deployment_pb2.JOB_STATE_SUCCEEDED


async def the_only_one(made: World, namespace: str = "") -> deployment_pb2.Deployment:
    (found,) = (await made.stub.ListDeployments(wire.ListDeploymentsRequest(namespace=namespace))).deployments
    return found


@pytest.mark.slow
async def test_restored_into_a_new_server_it_runs_and_restored_again_it_goes_on(tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        former = start(tmp_path / "former")
        try:
            async with connected(former.grpc) as made:
                await made.populate()
                first = await made.create(spec=web_spec("1.0.0", package(tmp_path)))
                await made.job(first.last_job_id, SUCCEEDED)
                archive = await backup(made.channel)
                await do(made, "DeleteDeployment", wire.DeleteDeploymentRequest(id=first.id))
        finally:
            former.kill()
        assert not of_application(tmp_path)

        server = start(tmp_path / "new")
        try:
            async with connected(server.grpc) as made:
                await restore(made.channel, archive)
                found = await the_only_one(made)
                job = await made.job(found.last_job_id, SUCCEEDED)
                running = await made.get(found)
                again = await restore(made.channel, archive)

                assert (found.id, job.kind, running.state) == (first.id, deployment_pb2.JOB_KIND_RESTORE, RUNNING)
                assert again.change_count == 0
                after = await made.until(found, RUNNING)
                assert pids(after) == pids(running)
                assert sorted(of_application(tmp_path)) == sorted(pids(running))
        finally:
            server.kill()


async def test_an_agent_that_outlives_its_server_goes_on_with_what_it_runs(tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        async with populated() as made, agent_apart(tmp_path, made.server.grpc_target):
            await until_connected(made, "node-1")
            first = await made.create(spec=web_spec("1", package(tmp_path)))
            await made.job(first.last_job_id, SUCCEEDED)
            await do(made, "UpgradeDeployment", wire.UpgradeDeploymentRequest(id=first.id, spec=web_spec("2", package(tmp_path))))
            archive = await backup(made.channel)
            before = await made.get(first)

        async with world() as made:
            await restore(made.channel, archive)
            async with agent_apart(tmp_path, made.server.grpc_target):
                await made.job((await the_only_one(made)).last_job_id, SUCCEEDED)
                after = await made.get(first)

                assert after.agent == "node-1"
                assert [one.version for one in after.replica_states] == ["2", "2"]
                assert pids(after) == pids(before)
                assert sorted(of_application(tmp_path)) == sorted(pids(before))


async def test_an_agent_that_went_on_after_the_backup_comes_back_to_it(tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        async with populated() as made, agent_apart(tmp_path, made.server.grpc_target):
            await until_connected(made, "node-1")
            first = await made.create(spec=web_spec("1", package(tmp_path)))
            await made.job(first.last_job_id, SUCCEEDED)
            archive = await backup(made.channel)
            await do(made, "UpgradeDeployment", wire.UpgradeDeploymentRequest(id=first.id, spec=web_spec("2", package(tmp_path))))

        async with world() as made:
            await restore(made.channel, archive)
            async with agent_apart(tmp_path, made.server.grpc_target):
                await made.job((await the_only_one(made)).last_job_id, SUCCEEDED)
                await do(
                    made, "UpgradeDeployment", wire.UpgradeDeploymentRequest(id=first.id, spec=web_spec("3", package(tmp_path)))
                )
                after = await made.get(first)

                assert [one.version for one in after.replica_states] == ["3", "3"]
                assert sorted(of_application(tmp_path)) == sorted(pids(after))


async def test_restored_over_a_later_version_it_is_the_archived_one_and_the_job_under_way_is_cancelled(tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        async with populated(agent=True, data_dir=tmp_path / "data") as made:
            first = await made.create(spec=web_spec("1", package(tmp_path)))
            await made.job(first.last_job_id, SUCCEEDED)
            archive, before = await backup(made.channel), await made.get(first)
            slow = web_spec("2", package(tmp_path), post_start={"command": {"command": ["sleep", "30"]}})
            upgrade = (await made.stub.UpgradeDeployment(wire.UpgradeDeploymentRequest(id=first.id, spec=slow))).job_id

            await restore(made.channel, archive)

            await made.job(upgrade, deployment_pb2.JOB_STATE_CANCELLED)
            await made.job((await made.get(first)).last_job_id, SUCCEEDED)
            after = await made.get(first)
            assert (after.state, pids(after)) == (RUNNING, pids(before))
            assert sorted(of_application(tmp_path)) == sorted(pids(after))


async def test_restored_while_it_is_being_deleted_it_runs_again(tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        async with populated(agent=True, data_dir=tmp_path / "data") as made:
            hook = {"command": {"command": ["sleep", "1"]}}
            first = await made.create(spec=web_spec("1", package(tmp_path), pre_stop=hook))
            await made.job(first.last_job_id, SUCCEEDED)
            archive = await backup(made.channel)
            deletion = (await made.stub.DeleteDeployment(wire.DeleteDeploymentRequest(id=first.id))).job_id

            await restore(made.channel, archive)

            await made.job(deletion, deployment_pb2.JOB_STATE_CANCELLED)
            await made.job((await made.get(first)).last_job_id, SUCCEEDED)
            after = await made.get(first)
            assert after.state == RUNNING
            assert all(map(is_alive, pids(after)))
            assert sorted(of_application(tmp_path)) == sorted(pids(after))


async def test_restored_into_another_namespace_it_runs_beside_the_first(tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        async with populated(agent=True, data_dir=tmp_path / "data") as made:
            first = await made.create(replicas=1, spec=web_spec("1", package(tmp_path)))
            await made.job(first.last_job_id, SUCCEEDED)
            archive = await backup(made.channel)

            await restore(made.channel, archive, into_namespace="staging")
            other = await the_only_one(made, "staging")
            async with asyncio.timeout(WAIT_S):
                asked = wire.WatchJobRequest(namespace="staging", id=other.last_job_id)
                states = [answer.job.state async for answer in made.stub.WatchJob(asked)]

            assert states[-1] == SUCCEEDED
            assert other.id != first.id
            assert len(of_application(tmp_path)) == 2
            assert (await restore(made.channel, archive, into_namespace="staging")).change_count == 0
            assert (await restore(made.channel, archive)).change_count == 0
