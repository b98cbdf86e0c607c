"""Backup and Restore of what is delivered, over a real channel; what then runs is in tests/agent/test_restored.py."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from core.delivered import FULL, delivered
from delivery_world import WAIT_S, World, populated, spec, world
from engine.archives import written
from muster.delivery.v1 import delivery_pb2, deployment_pb2
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster_server.core.deployment_model import Setup
from running import ManualClock

from rpc.test_archives import backup, changes, details, frames, refusal, restore
from rpc.test_registration import reason

EVERYTHING = delivered(setup=Setup(FULL, {}, 1))
ALL_ADDED = [
    ("ADD", "application", "default/shop"),
    ("ADD", "application_config", "default/shop/prod"),
    ("ADD", "component", "default/shop/web"),
    ("ADD", "deployment", "default/prod/web-1"),
    ("ADD", "environment", "default/prod"),
]


async def fill(made: World) -> deployment_pb2.Deployment:
    """Everything that there can be."""
    env = [delivery_pb2.EnvVar(name="LEVEL", value="debug"), delivery_pb2.EnvVar(name="A", value="1")]
    config = delivery_pb2.ApplicationConfig(application_id=made.application_id, environment_id=made.environment_id, env=env)
    await made.stub.SetApplicationConfig(wire.SetApplicationConfigRequest(config=config))
    secret = [delivery_pb2.EnvVar(name="PASSWORD", value="secret")]
    artifact = deployment_pb2.Artifact(kind=delivery_pb2.SOURCE_KIND_PACKAGE, url="file:///web.zip")
    artifact.properties.update({"kept": [1, 2.5, {"deep": None}]})
    return await made.create(spec=spec("1.0.0", env=secret, artifacts={"web": artifact}), labels={"team": "shop"})


async def shown(made: World) -> list[Any]:
    """What an administrator is shown, without stamps and what is of jobs."""
    environments = (await made.stub.ListEnvironments(wire.ListEnvironmentsRequest())).environments
    applications = (await made.stub.ListApplications(wire.ListApplicationsRequest())).applications
    components = [
        component
        for application in applications
        for component in (await made.stub.ListComponents(wire.ListComponentsRequest(application_id=application.id))).components
    ]
    deployments = (await made.stub.ListDeployments(wire.ListDeploymentsRequest())).deployments
    found = [*environments, *applications, *components, *deployments]
    for one in found:
        for field in ("revision", "update_time", "generation", "last_job_id", "last_job_state", "state"):
            if field in one.DESCRIPTOR.fields_by_name:
                one.ClearField(field)
    return found


async def test_backup_of_one_server_makes_another_like_it() -> None:
    async with populated() as one, world() as other:
        deployment = await fill(one)

        answer = await restore(other.channel, await backup(one.channel), author="ops")

        assert changes(answer) == ALL_ADDED
        assert await shown(other) == await shown(one)
        found = await other.get(deployment)
        assert (found.last_job_state, found.state) == (
            deployment_pb2.JOB_STATE_RUNNING,
            deployment_pb2.DEPLOYMENT_STATE_UPDATING,
        )
        (job,) = (await other.stub.ListJobs(wire.ListJobsRequest())).jobs
        assert (job.kind, job.creator) == (deployment_pb2.JOB_KIND_RESTORE, "ops")
        assert job.description == "restore web-1 at version 1.0.0 with 2 replicas"


async def test_restore_of_the_same_again_changes_nothing() -> None:
    async with populated() as made:
        deployment = await fill(made)
        archive, before = await backup(made.channel), await made.get(deployment)

        answer = await restore(made.channel, archive)

        assert (answer.change_count, answer.unchanged_count) == (0, len(ALL_ADDED))
        assert await made.get(deployment) == before


async def test_dry_run_answers_the_changes_and_makes_none() -> None:
    async with populated() as one, world() as other:
        await fill(one)

        answer = await restore(other.channel, await backup(one.channel), dry_run=True)

        assert changes(answer) == ALL_ADDED
        assert await shown(other) == []
        assert not (await other.stub.ListJobs(wire.ListJobsRequest())).jobs


async def test_backup_of_one_namespace_holds_nothing_that_another_delivers() -> None:
    async with populated() as one, world() as other:
        await fill(one)
        elsewhere = delivery_pb2.Environment(namespace="elsewhere", name="prod")
        await one.stub.CreateEnvironment(wire.CreateEnvironmentRequest(environment=elsewhere))

        answer = await restore(other.channel, await backup(one.channel, "elsewhere"))

        assert changes(answer) == [("ADD", "environment", "elsewhere/prod")]


async def test_name_that_is_here_with_another_id_refuses_the_whole_archive() -> None:
    async with populated() as one, world() as other:
        deployment = await fill(one)
        await other.stub.CreateApplication(wire.CreateApplicationRequest(application=delivery_pb2.Application(name="Shop")))
        before = await shown(other)

        error = await refusal(other.channel, frames(await backup(one.channel)))

        assert (error.code(), reason(error)) == (grpc.StatusCode.ALREADY_EXISTS, "APPLICATION_EXISTS")
        assert details(error) == {"id": deployment.application_id, "name": "shop"}
        assert "'shop'" in (error.details() or "")
        assert await shown(other) == before


async def test_what_was_restored_is_there_after_a_restart(tmp_path: Path) -> None:
    archive = written(EVERYTHING)
    async with world(data_dir=tmp_path) as made:
        await restore(made.channel, archive)
        before = await backup(made.channel)

    async with world(data_dir=tmp_path) as made:
        answer = await restore(made.channel, before)

        assert (answer.change_count, answer.unchanged_count) == (0, len(ALL_ADDED))
        (job,) = (await made.stub.ListJobs(wire.ListJobsRequest(namespace="n"))).jobs
        assert job.kind == deployment_pb2.JOB_KIND_RESTORE


async def test_deployment_of_an_agent_that_is_not_here_stays_its_own_and_the_job_says_so() -> None:
    clock = ManualClock()
    async with world(clock=clock) as made:
        await restore(made.channel, written(EVERYTHING))
        (job,) = (await made.stub.ListJobs(wire.ListJobsRequest(namespace="n"))).jobs

        async with asyncio.timeout(WAIT_S):
            while job.state == deployment_pb2.JOB_STATE_RUNNING:
                made.server.advance(10.0)  # as often as it is looked at: the first look is what it waits from
                job = (await made.stub.GetJob(wire.GetJobRequest(namespace="n", id=job.id))).job

        assert job.state == deployment_pb2.JOB_STATE_FAILED
        assert job.tasks[-1].message == "the agent 'node-1' is not connected"
        found = (await made.stub.GetDeployment(wire.GetDeploymentRequest(namespace="n", id="d"))).deployment
        assert (found.agent, found.state) == ("node-1", deployment_pb2.DEPLOYMENT_STATE_UNKNOWN)
        records = (await made.stub.ListReleaseRecords(wire.ListReleaseRecordsRequest(namespace="n", id="d"))).records
        assert [record.spec.version for record in records] == ["full"]
