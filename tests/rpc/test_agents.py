"""AgentService and deployments over a real channel, with an agent that does what the test says."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from access_world import guarded
from delivery_world import WAIT_S, World, populated, spec, world
from muster.delivery.v1 import agent_service_pb2 as agents
from muster.delivery.v1 import agent_service_pb2_grpc, delivery_pb2, deployment_pb2
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.registry.v1 import error_reason_pb2
from muster_server.rpc import agents as agents_servicer
from muster_server.rpc import dispatcher as dispatching
from muster_server.rpc.agents import ConnectedAgent
from muster_server.storage.memory import MemoryStore
from muster_server.storage.port import Done, StorageError, Write
from running import ManualClock
from structlog.testing import capture_logs

from rpc.test_registration import reason

READY, STARTING = deployment_pb2.REPLICA_STATE_READY, deployment_pb2.REPLICA_STATE_STARTING
HELLO = deployment_pb2.Agent(name="node-1", environment="prod", host="10.0.0.1")


def replica(index: int, state: int = READY, **fields: Any) -> deployment_pb2.Replica:
    return deployment_pb2.Replica(index=index, pid=100 + index, port=9000 + index, state=state, **fields)  # type: ignore[arg-type]  # a number


class ScriptedAgent:
    """An agent's side of the stream."""

    def __init__(self, channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...] = ()) -> None:
        self.stream = agent_service_pb2_grpc.AgentServiceStub(channel).Connect(metadata=metadata)

    async def hello(self, agent: deployment_pb2.Agent = HELLO, *reports: agents.Report) -> agents.Desired:
        """Connect; answers everything that it is to run."""
        await self.stream.write(agents.ConnectRequest(hello=agents.Hello(agent=agent, reports=reports)))
        frame = await self.frame()
        assert frame.desired.complete
        return frame.desired

    async def frame(self) -> agents.ConnectResponse:
        async with asyncio.timeout(WAIT_S):
            answer: agents.ConnectResponse = await self.stream.read()
        assert answer is not grpc.aio.EOF
        return answer

    async def desired(self) -> agents.DesiredDeployment:
        frame = await self.frame()
        assert not frame.desired.complete
        (one,) = frame.desired.deployments
        return one

    async def report(
        self,
        desired: agents.DesiredDeployment,
        progress: int,
        step: str = "",
        message: str = "",
        replicas: Sequence[deployment_pb2.Replica] = (),
    ) -> None:
        said = agents.Report(
            deployment_id=desired.deployment_id,
            generation=desired.generation,
            progress=progress,  # type: ignore[arg-type]  # a number of the enum
            step=step,
            message=message,
            replicas=replicas,
        )
        await self.stream.write(agents.ConnectRequest(report=said))

    async def done(self, desired: agents.DesiredDeployment, message: str = "") -> None:
        await self.report(desired, agents.PROGRESS_DONE, message=message, replicas=[replica(n) for n in range(desired.replicas)])

    async def failed(self, desired: agents.DesiredDeployment, message: str) -> None:
        await self.report(desired, agents.PROGRESS_FAILED, message=message)


async def deployed(made: World, agent: ScriptedAgent) -> deployment_pb2.Deployment:
    """A deployment that runs."""
    deployment = await made.create()
    await agent.done(await agent.desired())
    await made.job(deployment.last_job_id, deployment_pb2.JOB_STATE_SUCCEEDED)
    return deployment


def names(job: deployment_pb2.Job) -> list[tuple[str, str]]:
    return [(task.name, deployment_pb2.JobState.Name(task.state).removeprefix("JOB_STATE_")) for task in job.tasks]


async def test_agent_is_told_what_to_run_and_its_steps_become_tasks() -> None:
    async with populated() as made:
        config = delivery_pb2.ApplicationConfig(
            application_id=made.application_id,
            environment_id=made.environment_id,
            env=[delivery_pb2.EnvVar(name="a", value="1"), delivery_pb2.EnvVar(name="b", value="1")],
        )
        await made.stub.SetApplicationConfig(wire.SetApplicationConfigRequest(config=config))
        agent = ScriptedAgent(made.channel)
        assert not (await agent.hello()).deployments

        deployment = await made.create(spec=spec("1.0.0", env=[delivery_pb2.EnvVar(name="b", value="2")]))
        desired = await agent.desired()

        assert deployment.state == deployment_pb2.DEPLOYMENT_STATE_CREATING
        assert (desired.deployment_id, desired.generation, desired.spec_generation, desired.replicas) == (deployment.id, 1, 1, 2)
        assert (desired.namespace, desired.group, desired.spec.service, desired.name) == ("default", "shop", "web", "web-1")
        assert {one.name: one.value for one in desired.spec.env} == {"a": "1", "b": "2"}

        await agent.report(desired, agents.PROGRESS_WORKING, "fetch", "10 of 10 bytes")
        await agent.report(desired, agents.PROGRESS_WORKING, "start", "", [replica(0, STARTING)])
        await agent.done(desired, "2 of 2 are ready")
        job = await made.job(deployment.last_job_id, deployment_pb2.JOB_STATE_SUCCEEDED)

        assert names(job) == [("place", "SUCCEEDED"), ("fetch", "SUCCEEDED"), ("start", "SUCCEEDED")]
        assert job.tasks[1].message == "10 of 10 bytes"
        assert job.tasks[2].message == "2 of 2 are ready"
        found = await made.get(deployment)
        assert (found.state, found.available_replicas, found.agent) == (deployment_pb2.DEPLOYMENT_STATE_RUNNING, 2, "node-1")
        assert [one.pid for one in found.replica_states] == [100, 101]
        records = (await made.stub.ListReleaseRecords(wire.ListReleaseRecordsRequest(id=deployment.id))).records
        assert [record.spec.version for record in records] == ["1.0.0"]
        assert {one.name: one.value for one in records[0].spec.env} == {"b": "2"}


async def test_each_job_reaches_the_agent_as_what_is_wanted_now() -> None:
    async with populated() as made:
        agent = ScriptedAgent(made.channel)
        await agent.hello()
        deployment = await deployed(made, agent)
        seen = []
        calls = (
            ("Scale", wire.ScaleDeploymentRequest(id=deployment.id, replicas=3)),
            ("Upgrade", wire.UpgradeDeploymentRequest(id=deployment.id, spec=spec("2.0.0"))),
            ("Stop", wire.StopDeploymentRequest(id=deployment.id)),
            ("Start", wire.StartDeploymentRequest(id=deployment.id)),
            ("Restart", wire.RestartDeploymentRequest(id=deployment.id)),
            ("Rollback", wire.RollbackDeploymentRequest(id=deployment.id, version="1.0.0")),
        )
        for verb, request in calls:
            answer = await getattr(made.stub, f"{verb}Deployment")(request)
            desired = await agent.desired()
            await agent.done(desired)
            await made.job(answer.job_id, deployment_pb2.JOB_STATE_SUCCEEDED)
            seen.append((desired.generation, desired.spec_generation, desired.spec.version, desired.replicas, desired.drop))

        epoch = made.server.engine.epoch
        assert seen == [
            (epoch, 1, "1.0.0", 3, False),
            (epoch + 1, epoch + 1, "2.0.0", 3, False),
            (epoch + 2, epoch + 1, "2.0.0", 0, False),
            (epoch + 3, epoch + 3, "2.0.0", 3, False),
            (epoch + 4, epoch + 4, "2.0.0", 3, False),
            (epoch + 5, epoch + 5, "1.0.0", 3, False),
        ]

        answer = await made.stub.DeleteDeployment(wire.DeleteDeploymentRequest(id=deployment.id))
        desired = await agent.desired()
        assert (desired.generation, desired.replicas, desired.drop) == (epoch + 6, 0, True)
        await agent.report(desired, agents.PROGRESS_DONE)
        await made.job(answer.job_id, deployment_pb2.JOB_STATE_SUCCEEDED)

        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await made.get(deployment)
        assert (refusal.value.code(), reason(refusal.value)) == (grpc.StatusCode.NOT_FOUND, "DEPLOYMENT_NOT_FOUND")


async def test_failed_upgrade_makes_the_agent_return_and_keeps_what_was_not_replaced() -> None:
    async with populated() as made:
        agent = ScriptedAgent(made.channel)
        await agent.hello()
        deployment = await deployed(made, agent)

        answer = await made.stub.UpgradeDeployment(wire.UpgradeDeploymentRequest(id=deployment.id, spec=spec("2.0.0")))
        await agent.failed(await agent.desired(), "replica 0 ended with status 1")
        back = await agent.desired()
        assert (back.generation, back.spec_generation, back.spec.version) == (made.server.engine.epoch + 1, 1, "1.0.0")
        await agent.done(back)
        job = await made.job(answer.job_id, deployment_pb2.JOB_STATE_ROLLED_BACK)

        assert names(job)[-2:] == [("place", "FAILED"), ("roll back", "FAILED")]
        assert "replica 0 ended with status 1" in job.tasks[-1].message
        found = await made.get(deployment)
        assert (found.state, found.spec.version) == (deployment_pb2.DEPLOYMENT_STATE_RUNNING, "1.0.0")


async def test_failed_creation_stops_what_was_started() -> None:
    async with populated() as made:
        agent = ScriptedAgent(made.channel)
        await agent.hello()
        deployment = await made.create()

        await agent.failed(await agent.desired(), "no such program")
        after = await agent.desired()

        assert (after.generation, after.replicas) == (made.server.engine.epoch, 0)
        assert (await made.get(deployment)).state == deployment_pb2.DEPLOYMENT_STATE_FAILED


async def test_agent_that_is_gone_makes_it_unknown_until_it_is_back_with_the_same_processes() -> None:
    async with populated() as made:
        agent = ScriptedAgent(made.channel)
        await agent.hello()
        deployment = await deployed(made, agent)

        agent.stream.cancel()
        found = await made.until(deployment, deployment_pb2.DEPLOYMENT_STATE_UNKNOWN)
        assert not found.replica_states

        back = ScriptedAgent(made.channel)
        report = agents.Report(
            deployment_id=deployment.id, generation=1, progress=agents.PROGRESS_DONE, replicas=[replica(0), replica(1)]
        )
        desired = await back.hello(HELLO, report)
        assert [(one.deployment_id, one.generation) for one in desired.deployments] == [(deployment.id, 1)]
        found = await made.until(deployment, deployment_pb2.DEPLOYMENT_STATE_RUNNING)
        assert [one.pid for one in found.replica_states] == [100, 101]


async def test_job_goes_on_after_a_restart_of_the_server(tmp_path: Path) -> None:
    async with populated(data_dir=tmp_path) as made:
        agent = ScriptedAgent(made.channel)
        await agent.hello()
        deployment = await made.create()
        desired = await agent.desired()
        await agent.report(desired, agents.PROGRESS_WORKING, "fetch")
        async with asyncio.timeout(WAIT_S):
            async for answer in made.stub.WatchJob(wire.WatchJobRequest(id=deployment.last_job_id)):
                if len(answer.job.tasks) == 2:
                    break

    async with world(data_dir=tmp_path) as made:
        found = await made.get(deployment)
        assert (found.state, found.agent) == (deployment_pb2.DEPLOYMENT_STATE_CREATING, "node-1")
        agent = ScriptedAgent(made.channel)
        desired = (await agent.hello()).deployments[0]
        assert (desired.generation, desired.replicas) == (1, 2)
        await agent.done(desired)
        job = await made.job(deployment.last_job_id, deployment_pb2.JOB_STATE_SUCCEEDED)
        assert names(job) == [("place", "SUCCEEDED"), ("fetch", "SUCCEEDED")]


async def test_second_stream_of_a_name_takes_the_place_of_the_first() -> None:
    async with populated() as made:
        first, second = ScriptedAgent(made.channel), ScriptedAgent(made.channel)
        await first.hello()
        await second.hello()

        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await first.frame()

        assert (refusal.value.code(), reason(refusal.value)) == (grpc.StatusCode.ABORTED, "AGENT_REPLACED")
        known = (await made.stub.ListAgents(wire.ListAgentsRequest())).agents
        assert [(agent.name, agent.environment, agent.host) for agent in known] == [("node-1", "prod", "10.0.0.1")]
        await made.create()
        assert (await second.desired()).generation == 1


async def test_another_agent_of_the_name_is_refused_while_one_is_connected() -> None:
    async with populated() as made:
        first, other, itself = ScriptedAgent(made.channel), ScriptedAgent(made.channel), ScriptedAgent(made.channel)
        await first.hello(deployment_pb2.Agent(name="node-1", host="h", id="a"))
        hello = agents.Hello(agent=deployment_pb2.Agent(name="node-1", host="elsewhere", id="b"))
        await other.stream.write(agents.ConnectRequest(hello=hello))
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await other.frame()
        assert (refusal.value.code(), reason(refusal.value)) == (grpc.StatusCode.ALREADY_EXISTS, "AGENT_NAME_TAKEN")
        await itself.hello(deployment_pb2.Agent(name="node-1", host="h", id="a"))
        (known,) = (await made.stub.ListAgents(wire.ListAgentsRequest())).agents
        assert (known.id, known.host) == ("a", "h")


async def test_agents_of_an_environment_come_before_those_for_all() -> None:
    async with populated() as made:
        general = ScriptedAgent(made.channel)
        await general.hello(deployment_pb2.Agent(name="local", namespace="*", host="h"))
        other = ScriptedAgent(made.channel)
        await other.hello(deployment_pb2.Agent(name="node-2", environment="test", host="h"))
        foreign = ScriptedAgent(made.channel)
        await foreign.hello(deployment_pb2.Agent(name="node-3", namespace="other", environment="prod", host="h"))

        one = await made.create(name="one")
        assert (await general.desired()).deployment_id == one.id

        own = ScriptedAgent(made.channel)
        await own.hello()
        two = await made.create(name="two")
        assert (await own.desired()).deployment_id == two.id

        three = await made.create(name="three", spec=spec("1.0.0", agents=["local", "gone"]))
        assert (await general.desired()).deployment_id == three.id


async def test_job_without_an_agent_fails_after_a_while_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "LOOK_S", 0.01)
    async with populated(clock=ManualClock()) as made:
        deployment = await made.create()
        watched = asyncio.create_task(made.job(deployment.last_job_id, deployment_pb2.JOB_STATE_FAILED))
        while not watched.done():
            made.server.advance(1.0)
            await asyncio.sleep(0.02)
        job = await watched

        assert job.tasks[-1].message == "no agent is connected that runs what is in the environment 'prod'"
        assert job.tasks[-1].reason == error_reason_pb2.ERROR_REASON_AGENT_UNAVAILABLE
        assert (await made.get(deployment)).state == deployment_pb2.DEPLOYMENT_STATE_FAILED


async def stalled(made: World, agent: ScriptedAgent, desired: agents.DesiredDeployment, job_id: str, *, ends: str) -> float:
    """The agent says the same again and again until the job is like this; how many seconds that takes."""
    clock = made.server.clock
    assert clock is not None
    began_s = clock.now_s
    async with asyncio.timeout(WAIT_S):
        while True:
            await agent.report(desired, agents.PROGRESS_WORKING, "start", "1 of 2")
            made.server.advance(20.0)
            await asyncio.sleep(0.02)  # no event: the dispatcher looks
            job = (await made.stub.GetJob(wire.GetJobRequest(id=job_id))).job
            if deployment_pb2.JobState.Name(job.state) == f"JOB_STATE_{ends}":
                return clock.now_s - began_s


async def test_job_of_which_a_connected_agent_tells_nothing_new_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "LOOK_S", 0.01)
    async with populated(clock=ManualClock()) as made:
        agent = ScriptedAgent(made.channel)
        await agent.hello()
        deployment = await made.create(spec=spec("1.0.0", ready_timeout={"seconds": 60}))

        took_s = await stalled(made, agent, await agent.desired(), deployment.last_job_id, ends="FAILED")

        assert 660 <= took_s < 800
        task = (await made.job(deployment.last_job_id, deployment_pb2.JOB_STATE_FAILED)).tasks[-1]
        assert error_reason_pb2.ErrorReason.Name(task.reason) == "ERROR_REASON_JOB_STALLED"
        assert task.message == "the agent 'node-1' is connected, and told nothing new for 660 s"
        assert not (await agent.desired()).replicas


async def test_agent_that_comes_and_goes_is_no_news_of_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "LOOK_S", 0.01)
    async with populated(clock=ManualClock()) as made:
        agent = ScriptedAgent(made.channel)
        await agent.hello()
        deployment = await made.create()
        desired = await agent.desired()
        watched = asyncio.create_task(made.job(deployment.last_job_id, deployment_pb2.JOB_STATE_FAILED))
        said = agents.Report(deployment_id=desired.deployment_id, generation=1, progress=agents.PROGRESS_WORKING, step="start")
        async with asyncio.timeout(WAIT_S):
            while not watched.done():
                agent.stream.cancel()
                while (await made.stub.ListAgents(wire.ListAgentsRequest())).agents:
                    pass
                made.server.advance(20.0)
                await asyncio.sleep(0.02)  # no event: the dispatcher looks
                agent = ScriptedAgent(made.channel)
                await agent.hello(HELLO, said)
                made.server.advance(20.0)
                await asyncio.sleep(0.02)

        assert (await watched).tasks[-1].reason == error_reason_pb2.ERROR_REASON_JOB_STALLED


async def test_upgrade_that_stalls_is_rolled_back_and_if_that_stalls_too_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "LOOK_S", 0.01)
    async with populated(clock=ManualClock()) as made:
        agent = ScriptedAgent(made.channel)
        await agent.hello()
        deployment = await deployed(made, agent)
        asked = wire.UpgradeDeploymentRequest(id=deployment.id, spec=spec("2.0.0"))
        job_id = (await made.stub.UpgradeDeployment(asked)).job_id

        first = await agent.desired()
        await stalled(made, agent, first, job_id, ends="ROLLING_BACK")
        second = await agent.desired()
        await stalled(made, agent, second, job_id, ends="FAILED")

        assert [one.spec.version for one in (first, second)] == ["2.0.0", "1.0.0"]
        tasks = (await made.job(job_id, deployment_pb2.JOB_STATE_FAILED)).tasks
        reasons = {task.name: error_reason_pb2.ErrorReason.Name(task.reason).removeprefix("ERROR_REASON_") for task in tasks}
        assert reasons == {"place": "UNSPECIFIED", "start": "JOB_STALLED", "roll back": "JOB_STALLED"}
        await made.stub.ScaleDeployment(wire.ScaleDeploymentRequest(id=deployment.id, replicas=3))
        third = await agent.desired()
        assert (third.generation, third.replicas) == (second.generation + 1, 3)  # nothing was told in between


async def test_news_of_a_job_gives_it_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "LOOK_S", 0.01)
    async with populated(clock=ManualClock()) as made:
        agent = ScriptedAgent(made.channel)
        await agent.hello()
        deployment = await made.create()
        desired = await agent.desired()
        for count in range(4):
            message = f"{count} of 4"
            await agent.report(desired, agents.PROGRESS_WORKING, "start", message)
            async for answer in made.stub.WatchJob(wire.WatchJobRequest(id=deployment.last_job_id)):
                if answer.job.tasks[-1].message == message:
                    break
            await asyncio.sleep(0.05)  # no event: the dispatcher looks
            made.server.advance(400.0)

        await agent.done(desired)
        await made.job(deployment.last_job_id, deployment_pb2.JOB_STATE_SUCCEEDED)


class FillingStore(MemoryStore):
    """A disk that is full for as long as it is told to be; `asked` counts what it refused."""

    is_full = False
    asked = 0

    def submit(self, batch: Sequence[Write], done: Done) -> None:
        if self.is_full:
            self.asked += 1
            done(StorageError("full"))
        else:
            super().submit(batch, done)


async def test_full_disk_is_logged_when_it_begins_and_when_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "LOOK_S", 0.01)
    store = FillingStore()
    async with populated(store=store) as made:
        deployment = await made.create()
        store.is_full = True
        agent = ScriptedAgent(made.channel)
        with capture_logs() as logs:
            await agent.hello()
            while store.asked < 3:  # noqa: ASYNC110  # a disk tells nobody
                await asyncio.sleep(0.01)
            store.is_full = False
            await agent.done(await agent.desired())
            await made.job(deployment.last_job_id, deployment_pb2.JOB_STATE_SUCCEEDED)

        said = [(entry["log_level"], entry["event"], entry.get("reason")) for entry in logs if "deployments" in entry["event"]]
        assert said == [("warning", "deployments wait", "STORAGE_FAILED"), ("info", "deployments go on", None)]


async def test_forced_deletion_does_not_wait_for_an_agent_that_is_gone_which_stops_its_processes_when_it_is_back() -> None:
    async with populated() as made:
        agent = ScriptedAgent(made.channel)
        await agent.hello()
        deployment = await deployed(made, agent)
        agent.stream.cancel()
        await made.until(deployment, deployment_pb2.DEPLOYMENT_STATE_UNKNOWN)

        answer = await made.stub.DeleteDeployment(wire.DeleteDeploymentRequest(id=deployment.id, force=True))
        job = await made.job(answer.job_id, deployment_pb2.JOB_STATE_SUCCEEDED)

        assert job.tasks[-1].message == "without the agent 'node-1'"
        back = ScriptedAgent(made.channel)
        report = agents.Report(deployment_id=deployment.id, generation=1, progress=agents.PROGRESS_DONE, replicas=[replica(0)])
        assert not (await back.hello(HELLO, report)).deployments


async def test_component_and_environment_stay_while_something_runs() -> None:
    async with populated() as made:
        agent = ScriptedAgent(made.channel)
        await agent.hello()
        await deployed(made, agent)
        component = {"application_id": made.application_id, "id": made.component_id}

        for call, request, expected in (
            (made.stub.DeleteComponent, wire.DeleteComponentRequest(**component), "COMPONENT_NOT_EMPTY"),
            (made.stub.DeleteEnvironment, wire.DeleteEnvironmentRequest(id=made.environment_id), "ENVIRONMENT_NOT_EMPTY"),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await call(request)
            assert (refusal.value.code(), reason(refusal.value)) == (grpc.StatusCode.FAILED_PRECONDITION, expected)

        await made.stub.DeleteComponent(wire.DeleteComponentRequest(**component, force=True))
        found = (await made.stub.GetComponent(wire.GetComponentRequest(**component))).component
        assert (found.deleting, found.deployment_count) == (True, 1)
        await agent.report(await agent.desired(), agents.PROGRESS_DONE)
        async with asyncio.timeout(WAIT_S):
            while (await made.stub.ListComponents(wire.ListComponentsRequest(application_id=made.application_id))).components:  # noqa: ASYNC110  # none tells of components
                await asyncio.sleep(0.01)


async def test_output_is_asked_of_the_agent_and_passed_on() -> None:
    async with populated() as made:
        agent = ScriptedAgent(made.channel)
        await agent.hello()
        deployment = await deployed(made, agent)

        call = made.stub.ReadLogs(wire.ReadLogsRequest(id=deployment.id, index=1, tail_lines=5))
        asked = (await agent.frame()).log_request
        assert (asked.deployment_id, asked.index, asked.tail_lines, asked.follow) == (deployment.id, 1, 5, False)
        for chunk in (
            agents.LogChunk(request_id=asked.request_id, index=1, data=b"one\n", version="2"),
            agents.LogChunk(request_id=asked.request_id + 7, index=1, data=b"of nobody\n"),
            agents.LogChunk(request_id=asked.request_id, end=True),
        ):
            await agent.stream.write(agents.ConnectRequest(log_chunk=chunk))
        assert [(answer.index, answer.version, answer.data) async for answer in call] == [(1, "2", b"one\n")]

        followed = made.stub.ReadLogs(wire.ReadLogsRequest(id=deployment.id, follow=True))
        asked = (await agent.frame()).log_request
        followed.cancel()
        assert (await agent.frame()).log_cancel.request_id == asked.request_id

        agent.stream.cancel()
        await made.until(deployment, deployment_pb2.DEPLOYMENT_STATE_UNKNOWN)
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            _ = [answer async for answer in made.stub.ReadLogs(wire.ReadLogsRequest(id=deployment.id))]
        assert (refusal.value.code(), reason(refusal.value)) == (grpc.StatusCode.UNAVAILABLE, "AGENT_UNAVAILABLE")


async def test_watch_ends_when_the_deployment_is_gone() -> None:
    async with populated() as made:
        agent = ScriptedAgent(made.channel)
        await agent.hello()
        deployment = await deployed(made, agent)
        watch = made.stub.WatchDeployment(wire.WatchDeploymentRequest(id=deployment.id))
        async with asyncio.timeout(WAIT_S):
            assert (await watch.read()).deployment.state == deployment_pb2.DEPLOYMENT_STATE_RUNNING
            await made.stub.DeleteDeployment(wire.DeleteDeploymentRequest(id=deployment.id))
            while (answer := await watch.read()).deployment.state != deployment_pb2.DEPLOYMENT_STATE_DELETING:
                assert answer.deployment.state == deployment_pb2.DEPLOYMENT_STATE_RUNNING
            await agent.report(await agent.desired(), agents.PROGRESS_DONE)
            while (answer := await watch.read()) is not grpc.aio.EOF:
                assert answer.deployment.state == deployment_pb2.DEPLOYMENT_STATE_DELETING


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "Web"}, "name"),
        ({"replicas": 0}, "replicas"),
        ({"replicas": 101}, "replicas"),
        ({"labels": {"": "x"}}, "labels"),
        ({"spec": spec("")}, "spec.version"),
        ({"spec": spec("1 0")}, "spec.version"),
        ({"spec": spec("1", command=["a"] * 257)}, "spec.command"),
        ({"spec": spec("1", command=["a\0"])}, "spec.command"),
        ({"spec": spec("1", limits={"cpu_milli": 9})}, "limits.cpu_milli"),
        ({"spec": spec("1", limits={"memory_bytes": -1})}, "limits.memory_bytes"),
        ({"spec": spec("1", readiness={})}, "probe.check"),
        ({"spec": spec("1", readiness={"tcp": {"port": 70000}})}, "tcp.port"),
        ({"spec": spec("1", readiness={"http": {"path": "x"}})}, "http.path"),
        ({"spec": spec("1", readiness={"http": {"scheme": "ftp"}})}, "http.scheme"),
        ({"spec": spec("1", liveness={"tcp": {}, "period": {"nanos": 1}})}, "probe.period"),
        ({"spec": spec("1", pre_stop={})}, "hook.action"),
        ({"spec": spec("1", strategy=9)}, "strategy"),
        ({"spec": spec("1", restart_policy=9)}, "restart_policy"),
        ({"spec": spec("1", stop_grace={"seconds": 7200})}, "spec.stop_grace"),
        ({"spec": spec("1", artifacts={"web": {"url": "file:///x"}})}, "artifacts.kind"),
        ({"spec": spec("1", artifacts={"web": {"kind": 1}})}, "artifacts.url"),
        ({"spec": spec("1", artifacts={"web": {"kind": 1, "url": "file:///x", "sha256": "12"}})}, "artifacts.sha256"),
        ({"spec": spec("1", env=[{"name": "1a", "value": ""}])}, "env.name"),
        ({"spec": spec("1", env=[{"name": "a", "value": ""}, {"name": "a", "value": ""}])}, "env"),
    ],
)
async def test_bad_deployment_is_refused_by_field(fields: dict[str, Any], field: str) -> None:
    async with populated() as made:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await made.create(**fields)

        assert (refusal.value.code(), reason(refusal.value)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
        assert field in str(refusal.value.trailing_metadata())
        assert not (await made.stub.ListDeployments(wire.ListDeploymentsRequest())).deployments


@pytest.mark.parametrize(
    "frame",
    [
        agents.ConnectRequest(),
        agents.ConnectRequest(heartbeat=agents.Heartbeat()),
        agents.ConnectRequest(hello=agents.Hello()),
        agents.ConnectRequest(hello=agents.Hello(agent=deployment_pb2.Agent(name="a b", host="h"))),
        agents.ConnectRequest(hello=agents.Hello(agent=deployment_pb2.Agent(name="a"))),
        agents.ConnectRequest(hello=agents.Hello(agent=deployment_pb2.Agent(name="a", host="h", namespace="*", environment="e"))),
        agents.ConnectRequest(hello=agents.Hello(agent=HELLO, reports=[agents.Report()])),
    ],
)
async def test_bad_first_frame_is_refused_and_no_agent_is_there(frame: agents.ConnectRequest) -> None:
    async with world() as made:
        agent = ScriptedAgent(made.channel)
        await agent.stream.write(frame)

        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await agent.frame()

        assert (refusal.value.code(), reason(refusal.value)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
        assert not (await made.stub.ListAgents(wire.ListAgentsRequest())).agents


async def test_agent_needs_the_right_to_write_what_is_delivered_in_its_namespace() -> None:
    async with guarded() as made:
        reader = await made.user("reader", ("default:*:delivery/*", "r"))
        writer = await made.user("writer", ("default:*:delivery/*", "rw"))

        refused = ScriptedAgent(made.channel, reader)
        await refused.stream.write(agents.ConnectRequest(hello=agents.Hello(agent=HELLO)))
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await refused.frame()
        assert refusal.value.code() is grpc.StatusCode.PERMISSION_DENIED

        everywhere = ScriptedAgent(made.channel, writer)
        await everywhere.stream.write(
            agents.ConnectRequest(hello=agents.Hello(agent=deployment_pb2.Agent(name="a", host="h", namespace="*")))
        )
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await everywhere.frame()
        assert refusal.value.code() is grpc.StatusCode.PERMISSION_DENIED

        assert not (await ScriptedAgent(made.channel, writer).hello()).deployments


async def test_agents_of_two_namespaces_may_have_one_name_and_neither_hears_of_the_other() -> None:
    async with populated() as made:
        own, foreign = ScriptedAgent(made.channel), ScriptedAgent(made.channel)
        await own.hello(deployment_pb2.Agent(name="node-1", host="h", id="a"))
        deployment = await deployed(made, own)

        report = agents.Report(deployment_id=deployment.id, generation=1, progress=agents.PROGRESS_FAILED, replicas=[replica(7)])
        desired = await foreign.hello(deployment_pb2.Agent(name="node-1", namespace="other", host="h", id="a"), report)

        assert not desired.deployments
        job = await made.stub.RestartDeployment(wire.RestartDeploymentRequest(id=deployment.id))
        restarted = await own.desired()
        await foreign.failed(restarted, "not mine to tell")
        await own.done(restarted)
        await made.job(job.job_id, deployment_pb2.JOB_STATE_SUCCEEDED)
        assert [one.pid for one in (await made.get(deployment)).replica_states] == [100, 101]


async def test_name_of_an_agent_for_all_is_nobody_elses_whoever_was_first() -> None:
    async with populated() as made:
        lesser, general, late = ScriptedAgent(made.channel), ScriptedAgent(made.channel), ScriptedAgent(made.channel)
        await lesser.hello(deployment_pb2.Agent(name="local", host="h", id="a"))
        await general.hello(deployment_pb2.Agent(name="local", namespace="*", host="h", id="b"))
        hello = agents.Hello(agent=deployment_pb2.Agent(name="local", namespace="other", host="h", id="b"))
        await late.stream.write(agents.ConnectRequest(hello=hello))

        for refused in (lesser, late):
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await refused.frame()
            assert reason(refusal.value) == "AGENT_NAME_TAKEN"
        await made.create()
        assert (await general.desired()).generation == 1


async def test_connected_agents_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "MAX_AGENTS", 1)
    async with world() as made:
        await ScriptedAgent(made.channel).hello()
        other = ScriptedAgent(made.channel)
        await other.stream.write(agents.ConnectRequest(hello=agents.Hello(agent=deployment_pb2.Agent(name="node-2", host="h"))))

        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await other.frame()

        assert (refusal.value.code(), reason(refusal.value)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")


async def test_agent_is_not_told_what_others_keep_with_a_spec() -> None:
    async with populated() as made:
        agent = ScriptedAgent(made.channel)
        await agent.hello()
        kept = spec("1", properties={"a": "1"}, artifacts={"web": {"kind": 1, "url": "file:///x", "properties": {"b": "2"}}})

        deployment = await made.create(spec=kept)

        told = (await agent.desired()).spec
        assert (told.HasField("properties"), told.artifacts["web"].HasField("properties")) == (False, False)
        assert deployment.spec.properties["a"] == "1"


@pytest.mark.parametrize(
    "frame",
    [
        agents.ConnectRequest(),
        agents.ConnectRequest(hello=agents.Hello(agent=HELLO)),
        agents.ConnectRequest(report=agents.Report(deployment_id="d", step="a\nb")),
        agents.ConnectRequest(report=agents.Report(deployment_id="d", message="x" * 4097)),
        agents.ConnectRequest(report=agents.Report(deployment_id="d", replicas=[replica(0)] * 401)),
        agents.ConnectRequest(report=agents.Report(deployment_id="d", replicas=[replica(100)])),
        agents.ConnectRequest(report=agents.Report(deployment_id="d", replicas=[replica(-1)])),
        agents.ConnectRequest(report=agents.Report(deployment_id="d", replicas=[replica(0, 99)])),
        agents.ConnectRequest(report=agents.Report(deployment_id="d", replicas=[replica(0, version="\x1b[2J")])),
        agents.ConnectRequest(report=agents.Report(deployment_id="d", replicas=[replica(0, message="x" * 1025)])),
        agents.ConnectRequest(report=agents.Report(deployment_id="d", replicas=[replica(0, start_time={"seconds": 1 << 62})])),
        agents.ConnectRequest(log_chunk=agents.LogChunk(request_id=1, data=b"x" * ((64 << 10) + 1))),
        agents.ConnectRequest(log_chunk=agents.LogChunk(request_id=1, version="x" * 65)),
    ],
)
async def test_bad_frame_ends_the_stream_and_deployments_are_still_shown(frame: agents.ConnectRequest) -> None:
    async with populated() as made:
        agent = ScriptedAgent(made.channel)
        await agent.hello()
        deployment = await made.create()
        await agent.desired()
        if frame.WhichOneof("frame") == "report":
            frame.report.deployment_id = deployment.id
        await agent.stream.write(frame)

        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await agent.frame()

        assert (refusal.value.code(), reason(refusal.value)) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
        (shown,) = (await made.stub.ListDeployments(wire.ListDeploymentsRequest())).deployments
        assert shown.state == deployment_pb2.DEPLOYMENT_STATE_CREATING


def test_agent_is_heard_only_of_what_it_was_told_and_until_that_is_gone() -> None:
    connected = ConnectedAgent(HELLO, None)  # type: ignore[arg-type]  # nothing is written
    connected.tell_all([agents.DesiredDeployment(deployment_id="mine", generation=1)])

    for deployment_id in ("mine", "unknown"):
        connected.heard(agents.Report(deployment_id=deployment_id))

    assert list(connected.reports) == ["mine"]

    connected.forget("mine")
    connected.heard(agents.Report(deployment_id="mine"))

    assert not connected.reports


async def test_what_does_not_fit_into_one_frame_comes_in_several_and_the_first_names_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agents_servicer, "MAX_FRAME_BYTES", 400)
    async with populated() as made:
        first = ScriptedAgent(made.channel)
        await first.hello()
        wanted = []
        for number in range(5):
            wanted.append((await made.create(name=f"web-{number}", spec=spec("1", env=[{"name": "A", "value": "x" * 100}]))).id)
            await first.desired()

        again = ScriptedAgent(made.channel)
        told = await again.hello()
        assert sorted([*(one.deployment_id for one in told.deployments), *told.later_ids]) == sorted(wanted)
        come = [one.deployment_id for one in told.deployments]
        while len(come) < len(wanted):
            frame = (await again.frame()).desired
            assert frame.ByteSize() < 500
            come += [one.deployment_id for one in frame.deployments]

        assert sorted(come) == sorted(wanted)
