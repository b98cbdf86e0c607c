"""Deployments as they are: real processes, run by the agent in a real server."""

import asyncio
import errno
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from delivery_world import WAIT_S, World, populated, world
from muster.delivery.v1 import delivery_pb2, deployment_pb2
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.registry.v1 import discovery_service_pb2, discovery_service_pb2_grpc, instance_pb2

from agent.apps import do, is_alive, nothing_left, of_application, package, pids, web_spec

RUNNING, DOWN, STOPPED = (
    deployment_pb2.DEPLOYMENT_STATE_RUNNING,
    deployment_pb2.DEPLOYMENT_STATE_DOWN,
    deployment_pb2.DEPLOYMENT_STATE_STOPPED,
)
READY, UNREADY, EXITED = (
    deployment_pb2.REPLICA_STATE_READY,
    deployment_pb2.REPLICA_STATE_UNREADY,
    deployment_pb2.REPLICA_STATE_EXITED,
)
SUCCEEDED, FAILED, ROLLED_BACK = (
    deployment_pb2.JOB_STATE_SUCCEEDED,
    deployment_pb2.JOB_STATE_FAILED,
    deployment_pb2.JOB_STATE_ROLLED_BACK,
)
LOOP = "import time, sys; print('up', flush=True); time.sleep(3600)"


async def get(port: int, path: str = "/") -> str:
    """What a replica answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    return answer.rpartition("\r\n\r\n")[2]


async def instances(made: World) -> Sequence[instance_pb2.Instance]:
    """Those of the component's service."""
    service = instance_pb2.ServiceRef(group="shop", name="web")
    stub = discovery_service_pb2_grpc.DiscoveryServiceStub(made.channel)
    found: Sequence[instance_pb2.Instance] = (
        await stub.ListInstances(discovery_service_pb2.ListInstancesRequest(service=service))
    ).instances
    return found


def states(deployment: deployment_pb2.Deployment) -> list[int]:
    return [one.state for one in deployment.replica_states]


@asynccontextmanager
async def deployed(tmp_path: Path, **fields: Any) -> AsyncIterator[tuple[World, deployment_pb2.Deployment]]:
    """A web service of two replicas that run."""
    with nothing_left(tmp_path):
        async with populated(agent=True, data_dir=tmp_path / "data") as made:
            first = await made.create(spec=web_spec("1.0.0", package(tmp_path), **fields))
            await made.job(first.last_job_id, SUCCEEDED)
            yield made, await made.get(first)


async def test_replicas_run_with_their_ports_and_are_instances_of_the_registry(tmp_path: Path) -> None:
    async with deployed(tmp_path) as (made, running):
        assert (running.state, running.available_replicas, states(running)) == (RUNNING, 2, [READY] * 2)
        for one in running.replica_states:
            assert await get(one.port) == f"1.0.0 {one.index} {one.pid}"
        found = await instances(made)
        assert {one.endpoints[0].port for one in found} == {one.port for one in running.replica_states}
        assert [one.metadata["version"] for one in found] == ["1.0.0"] * 2
        assert {one.health for one in found} == {instance_pb2.HEALTH_HEALTHY}


async def test_scaling_keeps_what_runs_and_takes_the_last_away(tmp_path: Path) -> None:
    async with deployed(tmp_path) as (made, running):
        await do(made, "ScaleDeployment", wire.ScaleDeploymentRequest(id=running.id, replicas=3))
        three = await made.get(running)
        assert pids(three)[:2] == pids(running)
        assert states(three) == [READY] * 3

        await do(made, "ScaleDeployment", wire.ScaleDeploymentRequest(id=running.id, replicas=1))
        one = await made.get(running)
        assert pids(one) == pids(running)[:1]
        assert not any(map(is_alive, pids(three)[1:]))
        assert len(await instances(made)) == 1


async def test_rolling_upgrade_replaces_one_after_the_other_and_rollback_returns(tmp_path: Path) -> None:
    async with deployed(tmp_path) as (made, running):
        job = await do(
            made,
            "UpgradeDeployment",
            wire.UpgradeDeploymentRequest(id=running.id, spec=web_spec("2.0.0", package(tmp_path, "web2"))),
        )
        upgraded = await made.get(running)
        assert [one.version for one in upgraded.replica_states] == ["2.0.0"] * 2
        assert not any(map(is_alive, pids(running)))
        assert {one.metadata["version"] for one in await instances(made)} == {"2.0.0"}
        assert all(task.state == SUCCEEDED for task in job.tasks)

        await do(made, "RollbackDeployment", wire.RollbackDeploymentRequest(id=running.id, version="1.0.0"))
        back = await made.get(running)
        assert [one.version for one in back.replica_states] == ["1.0.0"] * 2
        assert (await get(back.replica_states[0].port)).startswith("1.0.0 0 ")


async def test_recreate_stops_all_before_it_starts_the_first(tmp_path: Path) -> None:
    async with deployed(tmp_path) as (made, running):
        spec = web_spec("2.0.0", package(tmp_path, "web2"), strategy=deployment_pb2.STRATEGY_RECREATE)
        job = await do(made, "UpgradeDeployment", wire.UpgradeDeploymentRequest(id=running.id, spec=spec))
        assert [task.name for task in job.tasks][-3:] == ["fetch", "stop", "start"]
        upgraded = await made.get(running)
        assert {one.port for one in upgraded.replica_states}.isdisjoint({0})
        assert not any(map(is_alive, pids(running)))


async def test_failed_upgrade_says_why_and_what_ran_before_runs_on(tmp_path: Path) -> None:
    async with deployed(tmp_path) as (made, running):
        bad = package(tmp_path, "bad", main_py="import sys; print('no luck today', flush=True); sys.exit(3)")
        request = wire.UpgradeDeploymentRequest(id=running.id, spec=web_spec("2.0.0", bad))
        job = await do(made, "UpgradeDeployment", request, ROLLED_BACK)
        said = next(task.message for task in job.tasks if task.state == FAILED)
        assert "status 3" in said
        assert "no luck today" in said
        after = await made.get(running)
        assert (after.state, after.spec.version) == (RUNNING, "1.0.0")
        assert pids(after)[1] == pids(running)[1]  # what was not replaced has never stopped
        assert states(after) == [READY] * 2


async def test_failed_start_is_a_failed_job_with_the_reason(tmp_path: Path) -> None:
    async with populated(agent=True, data_dir=tmp_path / "data") as made:
        path = package(tmp_path)
        missing = tmp_path / "gone.zip"
        cases = {
            "no-program": (web_spec("1", path, command=["/no/such/program"]), "/no/such/program: No such file or directory"),
            "not-ready": (web_spec("1", path, command=[sys.executable, "-c", LOOP], ready_timeout={"seconds": 1}), "is not ready"),
            "killed": (web_spec("1", path, command=["sh", "-c", "kill -9 $$"]), "SIGKILL"),
            "no-package": (web_spec("1", path, artifacts={"a": {"kind": 1, "url": missing.as_uri()}}), "cannot be fetched"),
            "other-sum": (
                web_spec("1", path, artifacts={"a": {"kind": 1, "url": path.as_uri(), "sha256": "0" * 64}}),
                "has the SHA-256",
            ),
            "image": (
                web_spec("1", path, artifacts={"a": {"kind": delivery_pb2.SOURCE_KIND_IMAGE, "url": "http://x/nginx"}}),
                "container",
            ),
            "no-command": (web_spec("1", path, command=[]), "no command"),
        }
        for name, (spec, why) in cases.items():
            deployment = await made.create(name=name, replicas=1, spec=spec)
            job = await made.job(deployment.last_job_id, FAILED)
            assert any(why in task.message for task in job.tasks), (name, job)
            found = await made.until(deployment, deployment_pb2.DEPLOYMENT_STATE_FAILED)
            assert not found.available_replicas
        assert not of_application(tmp_path)


async def test_process_that_ends_is_started_again_with_its_port(tmp_path: Path) -> None:
    async with deployed(tmp_path) as (made, running):
        victim = running.replica_states[0]
        os.kill(victim.pid, signal.SIGKILL)
        await made.until(running, deployment_pb2.DEPLOYMENT_STATE_DEGRADED)
        again = (await made.until(running, RUNNING)).replica_states[0]
        assert again.pid != victim.pid
        assert (again.port, again.restarts, again.state) == (victim.port, 1, READY)
        assert len(await instances(made)) == 2


async def test_policy_never_leaves_it_down_until_it_is_started(tmp_path: Path) -> None:
    async with deployed(tmp_path, restart_policy=deployment_pb2.RESTART_POLICY_NEVER) as (made, running):
        for pid in pids(running):
            os.kill(pid, signal.SIGKILL)
        down = await made.until(running, DOWN)
        assert states(down) == [EXITED] * 2
        assert "SIGKILL" in down.replica_states[0].message
        await do(made, "StartDeployment", wire.StartDeploymentRequest(id=running.id))
        assert (await made.get(running)).available_replicas == 2


async def test_policy_never_is_kept_over_a_restart_of_the_agent(tmp_path: Path) -> None:
    once = f"open({str(tmp_path / 'ran')!r}, 'a').write('once ')\nimport time\ntime.sleep(2)\n"
    with nothing_left(tmp_path):
        async with populated(agent=True, data_dir=tmp_path / "data") as made:
            spec = web_spec("1", package(tmp_path, main_py=once), restart_policy=deployment_pb2.RESTART_POLICY_NEVER)
            spec.ClearField("readiness")
            deployment = await made.create(replicas=1, spec=spec)
            await made.job(deployment.last_job_id, SUCCEEDED)
        async with world(agent=True, data_dir=tmp_path / "data") as made:
            down = await made.until(deployment, DOWN)
            assert states(down) == [EXITED]
        async with world(agent=True, data_dir=tmp_path / "data") as made:
            down = await made.until(deployment, DOWN)
            assert (states(down), down.replica_states[0].message) == ([EXITED], "ended while the agent was away")
            assert (tmp_path / "ran").read_text() == "once "

            await do(made, "StartDeployment", wire.StartDeploymentRequest(id=deployment.id))
            assert (tmp_path / "ran").read_text() == "once once "


async def test_stop_start_restart_delete(tmp_path: Path) -> None:
    async with deployed(tmp_path) as (made, running):
        await do(made, "StopDeployment", wire.StopDeploymentRequest(id=running.id))
        stopped = await made.get(running)
        assert (stopped.state, pids(stopped), list(await instances(made))) == (STOPPED, [], [])
        assert not any(map(is_alive, pids(running)))

        await do(made, "StartDeployment", wire.StartDeploymentRequest(id=running.id))
        started = await made.get(running)
        assert (started.state, len(pids(started))) == (RUNNING, 2)

        await do(made, "RestartDeployment", wire.RestartDeploymentRequest(id=running.id))
        restarted = await made.get(running)
        assert set(pids(restarted)).isdisjoint(pids(started))

        await do(made, "DeleteDeployment", wire.DeleteDeploymentRequest(id=running.id))
        assert not any(map(is_alive, pids(restarted)))
        assert not list(await instances(made))
        assert not list((tmp_path / "data" / "agent" / "state").glob("*.json"))


async def test_process_that_ignores_term_is_killed_with_all_its_children(tmp_path: Path) -> None:
    stubborn = "import signal, subprocess, sys\nsignal.signal(15, signal.SIG_IGN)\nsubprocess.run(['sleep', '3600'])\n"
    async with populated(agent=True, data_dir=tmp_path / "data") as made:
        spec = web_spec("1", package(tmp_path, main_py=stubborn), stop_grace={"seconds": 1})
        spec.ClearField("readiness")
        deployment = await made.create(replicas=1, spec=spec)
        await made.job(deployment.last_job_id, SUCCEEDED)
        assert len(of_application(tmp_path)) == 2
        await do(made, "StopDeployment", wire.StopDeploymentRequest(id=deployment.id))
        assert not of_application(tmp_path)


async def test_daemon_that_leaves_its_session_ends_with_its_replica(tmp_path: Path) -> None:
    daemon = "import subprocess, time\nsubprocess.Popen(['sleep', '3600'], start_new_session=True)\ntime.sleep(3600)\n"
    async with populated(agent=True, data_dir=tmp_path / "data") as made:
        spec = web_spec("1", package(tmp_path, main_py=daemon))
        spec.ClearField("readiness")
        deployment = await made.create(replicas=1, spec=spec)
        await made.job(deployment.last_job_id, SUCCEEDED)
        assert len(of_application(tmp_path)) == 2
        await do(made, "StopDeployment", wire.StopDeploymentRequest(id=deployment.id))
        assert not of_application(tmp_path)


async def test_full_disk_starts_nothing_and_stops_what_is_told_to_stop(tmp_path: Path, monkeypatch: Any) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with deployed(tmp_path) as (made, running):
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            job = await do(made, "ScaleDeployment", wire.ScaleDeploymentRequest(id=running.id, replicas=3), FAILED)
            assert "No space left on device" in job.tasks[-1].message
            assert pids(await made.get(running))[:2] == pids(running)

            await do(made, "StopDeployment", wire.StopDeploymentRequest(id=running.id))
            assert not of_application(tmp_path)

        await do(made, "StartDeployment", wire.StartDeploymentRequest(id=running.id))
        assert len(of_application(tmp_path)) == 3


async def test_what_is_kept_is_the_users_own_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        async with deployed(tmp_path):
            agent = tmp_path / "data" / "agent"
            assert {oct(path.stat().st_mode)[-3:] for path in (agent, *agent.iterdir())} == {"700"}
    finally:
        os.umask(before)


async def test_unready_replica_is_unhealthy_until_it_is_well_again(tmp_path: Path) -> None:
    sick = tmp_path / "sick"
    async with deployed(tmp_path, env=[delivery_pb2.EnvVar(name="SICK_FILE", value=str(sick))]) as (made, running):
        sick.touch()
        unwell = await made.until(running, DOWN)
        assert states(unwell) == [UNREADY] * 2
        assert unwell.replica_states[0].message == "HTTP status 503"
        async with asyncio.timeout(WAIT_S):
            while {one.health for one in await instances(made)} != {instance_pb2.HEALTH_UNHEALTHY}:  # noqa: ASYNC110  # a list
                await asyncio.sleep(0.01)
        sick.unlink()
        well = await made.until(running, RUNNING)
        assert pids(well) == pids(running)


async def test_replica_that_is_not_alive_is_replaced(tmp_path: Path) -> None:
    sick = tmp_path / "sick"
    fields: dict[str, Any] = {
        "env": [delivery_pb2.EnvVar(name="SICK_FILE", value=str(sick))],
        "liveness": {"http": {}, "period": {"nanos": 100_000_000}, "failure_threshold": 2},
    }
    async with deployed(tmp_path, **fields) as (made, running):
        sick.touch()
        down = await made.until(running, DOWN)
        assert "it is not alive: HTTP status 503" in down.replica_states[0].message
        sick.unlink()
        well = await made.until(running, RUNNING)
        assert set(pids(well)).isdisjoint(pids(running))


async def test_hooks_and_command_probes_run_beside_the_replica(tmp_path: Path) -> None:
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    fields: dict[str, Any] = {
        "post_start": {"command": {"command": ["sh", "-c", f'echo "$PORT" >> {begun}']}},
        "pre_stop": {"command": {"command": ["sh", "-c", f'echo "$PORT" >> {ended}']}},
        "readiness": {"command": {"command": ["test", "-f", "main.py"]}},
    }
    async with deployed(tmp_path, **fields) as (made, running):
        ports = sorted(str(one.port) for one in running.replica_states)
        assert sorted(begun.read_text().split()) == ports
        assert not ended.exists()
        await do(made, "StopDeployment", wire.StopDeploymentRequest(id=running.id))
        assert sorted(ended.read_text().split()) == ports


async def test_a_process_gets_its_variables_and_nothing_of_the_servers(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "x")
    dump = tmp_path / "dump"
    program = f"import os, time; open({str(dump)!r}, 'w').write(chr(10).join(sorted(os.environ))); time.sleep(3600)"
    async with populated(agent=True) as made:
        spec = web_spec("1", package(tmp_path, main_py=program), env=[delivery_pb2.EnvVar(name="GREETING", value="hi")])
        spec.ClearField("readiness")
        deployment = await made.create(replicas=1, spec=spec)
        await made.job(deployment.last_job_id, SUCCEEDED)
        own = {"PORT", "GREETING", "MUSTER_DEPLOYMENT", "MUSTER_VERSION", "MUSTER_INDEX", "MUSTER_REPLICA"}
        got = set(dump.read_text().split("\n"))
        assert own | {"MUSTER_TARGET", "MUSTER_HTTP", "PATH"} <= got
        assert got <= own | {"MUSTER_TARGET", "MUSTER_HTTP", "PATH", "HOME", "LANG", "TZ", "LC_CTYPE"}
    assert not of_application(tmp_path)  # a server that keeps nothing leaves nothing behind


async def test_logs_are_read_from_the_end_and_followed(tmp_path: Path) -> None:
    async with deployed(tmp_path) as (made, running):
        whole = [chunk async for chunk in made.stub.ReadLogs(wire.ReadLogsRequest(id=running.id, tail_lines=10))]
        assert {(one.index, one.data.decode()) for one in whole} == {
            (one.index, f"listening on {one.port}\n") for one in running.replica_states
        }
        follower = made.stub.ReadLogs(wire.ReadLogsRequest(id=running.id, tail_lines=1, follow=True))
        for index in (0, 1):
            assert (await follower.read()).index == index
        await do(made, "ScaleDeployment", wire.ScaleDeploymentRequest(id=running.id, replicas=3))
        (*_, third) = (await made.get(running)).replica_states
        async with asyncio.timeout(WAIT_S):
            chunk = await follower.read()
        assert (chunk.index, chunk.data.decode()) == (2, f"listening on {third.port}\n")
        follower.cancel()

        await do(made, "StopDeployment", wire.StopDeploymentRequest(id=running.id))
        (last,) = [chunk async for chunk in made.stub.ReadLogs(wire.ReadLogsRequest(id=running.id, index=2, tail_lines=1))]
        assert last.data == chunk.data


async def test_a_port_that_is_taken_is_not_given(tmp_path: Path) -> None:
    async with deployed(tmp_path) as (made, running):
        await do(made, "StopDeployment", wire.StopDeploymentRequest(id=running.id))
        port = running.replica_states[0].port
        squatter = await asyncio.start_server(lambda *_: None, "127.0.0.1", port)
        try:
            await do(made, "StartDeployment", wire.StartDeploymentRequest(id=running.id))
            again = await made.get(running)
            assert port not in {one.port for one in again.replica_states}
            assert states(again) == [READY] * 2
        finally:
            squatter.close()


async def test_two_deployments_of_a_package_share_it_and_it_is_fetched_once(tmp_path: Path) -> None:
    async with deployed(tmp_path) as (made, running):
        (tmp_path / "web.zip").unlink()
        spec = deployment_pb2.DeploymentSpec()
        spec.CopyFrom(running.spec)
        other = await made.create(name="web-2", spec=spec)
        await made.job(other.last_job_id, SUCCEEDED)
        assert len(list((tmp_path / "data" / "agent" / "packages" / "unpacked").iterdir())) == 1


async def test_the_next_server_finds_the_same_processes(tmp_path: Path) -> None:
    with nothing_left(tmp_path):
        async with populated(agent=True, data_dir=tmp_path / "data") as made:
            first = await made.create(spec=web_spec("1.0.0", package(tmp_path)))
            await made.job(first.last_job_id, SUCCEEDED)
            before = await made.get(first)
        assert all(map(is_alive, pids(before)))
        async with world(agent=True, data_dir=tmp_path / "data") as made:
            after = await made.until(first, RUNNING)
            assert [(one.pid, one.port, one.restarts) for one in after.replica_states] == [
                (one.pid, one.port, 0) for one in before.replica_states
            ]
            os.kill(pids(after)[0], signal.SIGKILL)  # nobody's child now, and missed all the same
            await made.until(first, deployment_pb2.DEPLOYMENT_STATE_DEGRADED)
            again = await made.until(first, RUNNING)
            assert pids(again)[1] == pids(after)[1]
            await do(made, "DeleteDeployment", wire.DeleteDeploymentRequest(id=first.id))
            assert not of_application(tmp_path)
