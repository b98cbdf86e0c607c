"""Section 9 of the ServiceStage spec, cases 58 to 89 as far as something runs: real processes, by the server's own agent."""

import asyncio
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
from running import running_server

from gateway.servicestage import Stage, configuration, package, runs, stage

DOCUMENT = Path(__file__).parents[2] / "docs" / "servicestage.md"

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_60_instance_runs_as_many_processes_as_it_has_replicas(kind: str, tmp_path: Path) -> None:
    async with stage(tmp_path, kind) as it:
        instance, job_id = await it.created()

        shown = await it.done(job_id)  # 61: it looks at each poll

        assert shown["job"]["JOB_TYPE"] == "PROVISION"
        assert {task["TASK_STATUS"] for task in shown["tasks"]} == {"SUCCEEDED"}
        detail = (await it.show(instance))["status_detail"]
        assert (detail["status"], detail["replica"], detail["available_replica"]) == ("RUNNING", 2, 2)
        assert detail["last_job_status"] == "SUCCEEDED"
        assert len(await it.pids(instance)) == 2


async def test_69_command_that_fails_fails_the_job(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        instance, job_id = await it.created(configuration=configuration("sh", "-c", "echo no luck; exit 1"))

        shown = await it.done(job_id, "FAILED")

        assert "no luck" in shown["tasks"][-1]["MESSAGES"]
        assert "status 1" in shown["tasks"][-1]["MESSAGES"]
        assert (await it.show(instance))["status_detail"]["status"] == "FAILED"
        assert (await it.http.call("GET", f"{instance}/snapshots"))[1] == {"count": 0, "snapshots": []}
        assert await it.pids(instance) == set()


@pytest.mark.parametrize(
    ("artifact", "why"),
    [
        ({"type": "image", "url": "nginx:1"}, "no container runtime"),
        ({"type": "package", "url": "file:///nowhere/p.zip"}, "/nowhere/p.zip"),
        ({"type": "package", "url": "obs://bucket/p.zip"}, "neither file, http nor https"),
    ],
)
async def test_what_cannot_run_here_fails_with_the_reason(artifact: dict[str, str], why: str, tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        instance, job_id = await it.created(artifacts={"c1": {"storage": "swr"} | artifact})

        shown = await it.done(job_id, "FAILED")

        assert why in shown["tasks"][-1]["MESSAGES"]
        assert (await it.show(instance))["status_detail"]["status"] == "FAILED"


async def test_71_and_72_instance_is_scaled_stopped_started_and_restarted(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        instance = await it.deployed()

        shown = await it.acted(instance, "scale", replica="4", hosts=["host-1"])
        assert (shown["status_detail"]["replica"], shown["status_detail"]["available_replica"]) == (4, 4)
        before = await it.pids(instance)
        assert len(before) == 4

        shown = await it.acted(instance, "stop")
        assert (shown["status_detail"]["status"], shown["status_detail"]["replica"]) == ("STOPPED", 4)
        assert [pid for pid in before if runs(pid)] == []
        assert await it.http.refused("POST", f"{instance}/action", {"action": "restart"}) == (409, "400")
        assert (await it.acted(instance, "stop"))["status_detail"]["status"] == "STOPPED"

        shown = await it.acted(instance, "start", replica=0)
        assert (shown["status_detail"]["status"], shown["status_detail"]["available_replica"]) == ("RUNNING", 4)
        started = await it.pids(instance)
        assert (await it.acted(instance, "start"))["status_detail"]["status"] == "RUNNING"
        assert await it.pids(instance) == started

        await it.acted(instance, "restart")
        restarted = await it.pids(instance)
        assert len(restarted) == 4
        assert restarted & started == set()


async def test_74_to_77_instance_is_upgraded_and_rolled_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        instance = await it.deployed()
        before = await it.show(instance)
        await it.acted(instance, "scale", replica=1)

        job = await it.done(await it.begun("PUT", instance, {"version": "1.0.1", "description": "up"}))

        assert job["job"]["JOB_TYPE"] == "DAILY_OPERATION"
        shown = await it.show(instance)
        for name in ("flavor_id", "configuration", "artifacts", "refer_resources", "name", "create_time"):
            assert shown[name] == before[name]
        assert (shown["version"], shown["description"], shown["status_detail"]["replica"]) == ("1.0.1", "up", 1)

        assert await it.http.refused("PUT", instance, {"description": "x"}) == (400, "400")  # 75
        for version in ("1.0.0", "1.0.1"):
            assert await it.http.refused("PUT", instance, {"version": version}) == (409, "441")
        assert await it.http.refused("PUT", instance, it.body(version="1.0.1", description="up")) == (409, "441")
        await it.done(await it.begun("PUT", instance, {"version": "1.0.1", "flavor_id": "SMALL-10G:1.0C:2G"}))
        assert (await it.show(instance))["flavor_id"] == "SMALL-10G:1.0C:2G"

        _, records = await it.http.call("GET", f"{instance}/snapshots")  # 76
        assert records["count"] == 2
        assert [row["version"] for row in records["snapshots"]] == ["1.0.1", "1.0.0"]
        assert records["snapshots"][1] == {
            "version": "1.0.0",
            "description": '{"action":"New Version: 1.0.0"}',
            "instance_id": instance.rpartition("/")[2],
            "create_time": records["snapshots"][1]["create_time"],
        }

        assert await it.http.refused("POST", f"{instance}/action", rollback("9.9.9")) == (404, "436")  # 77
        assert await it.http.refused("POST", f"{instance}/action", rollback("1.0.1")) == (400, "400")
        shown = await it.acted(instance, "rollback", version="1.0.0")
        assert (shown["version"], shown["flavor_id"]) == ("1.0.0", "MICRO-5G:0.5C:1G")
        assert (await it.http.call("GET", f"{instance}/snapshots"))[1]["count"] == 1


async def test_76_versions_are_ordered_by_their_numbers(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        instance = await it.deployed(version="10.0.0", replica=1)
        await it.done(await it.begun("PUT", instance, {"version": "9.0.0"}))
        await it.done(await it.begun("PUT", instance, {"version": "9.0.0-rc"}))

        async def versions(query: str) -> list[str]:
            _, shown = await it.http.call("GET", f"{instance}/snapshots?{query}")
            assert shown["count"] == 3
            return [row["version"] for row in shown["snapshots"]]

        assert await versions("snapshot_order_by=version&order=asc") == ["9.0.0", "9.0.0-rc", "10.0.0"]
        assert await versions("order_by=version&order=asc&limit=1&offset=2") == ["10.0.0"]
        assert await versions("order=asc") == ["10.0.0", "9.0.0", "9.0.0-rc"]
        assert await versions("limit=0") == []


async def test_whole_instance_is_sent_again_with_its_version_as_terraform_does(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        instance, job_id = await it.created(description="first", configuration=configuration(env=[{"name": "a", "value": "1"}]))
        await it.done(job_id)
        before = await it.pids(instance)
        env = {"env": [{"name": "a", "value": "2"}]}
        said = it.body(description="", configuration=configuration(**env), external_accesses=[])
        whole = {name: value for name, value in said.items() if name not in ("name", "environment_id", "replica")}

        await it.done(await it.begun("PUT", instance, whole))

        shown = await it.show(instance)
        assert (shown["version"], shown["description"], shown["configuration"]["env"]) == ("1.0.0", "", env["env"])
        assert shown["status_detail"]["available_replica"] == 2
        assert await it.pids(instance) & before == set()
        assert (await it.http.call("GET", f"{instance}/snapshots"))[1]["count"] == 1


async def test_failed_upgrade_returns_to_what_ran(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        instance = await it.deployed(replica=1)
        before = await it.pids(instance)

        change = {"version": "2.0.0", "configuration": configuration("sh", "-c", "exit 3")}
        job = await it.done(await it.begun("PUT", instance, change), "ROLLBACKED")

        assert len(job["tasks"]) <= 20
        shown = await it.show(instance)
        assert (shown["version"], shown["status_detail"]["status"]) == ("1.0.0", "RUNNING")
        assert shown["status_detail"]["last_job_status"] == "ROLLBACKED"
        assert await it.pids(instance) == before
        assert (await it.http.call("GET", f"{instance}/snapshots"))[1]["count"] == 1


async def test_78_process_that_ends_and_is_not_restarted_is_missed(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        instance = await it.deployed(configuration=configuration(restart_policy="Never"))
        one, other = await it.pids(instance)

        os.kill(one, signal.SIGKILL)
        shown = await it.until(instance, "PARTIALLY_FAILED")
        assert shown["status_detail"]["available_replica"] == 1

        os.kill(other, signal.SIGKILL)
        shown = await it.until(instance, "DOWN")
        assert (shown["status_detail"]["available_replica"], shown["status_detail"]["replica"]) == (0, 2)
        assert (await it.acted(instance, "start"))["status_detail"]["available_replica"] == 2


async def test_81_instance_is_deleted_and_its_job_stays(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        instance = await it.deployed()
        pids = await it.pids(instance)

        job_id = await it.begun("DELETE", instance)
        shown = await it.done(job_id)

        assert shown["job"]["JOB_TYPE"] == "DEPROVISION"
        assert await it.http.refused("GET", instance) == (404, "412")
        assert [pid for pid in pids if runs(pid)] == []
        assert (await it.http.call("DELETE", it.path)) == (204, None)


async def test_84_tasks_are_paged_and_ordered(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        _, job_id = await it.created()
        count = (await it.done(job_id))["task_count"]
        assert count > 1

        async def indexes(query: str) -> list[int]:
            _, shown = await it.http.call("GET", f"/jobs/{job_id}?{query}")
            assert shown["task_count"] == count
            return [task["TASK_INDEX"] for task in shown["tasks"]]

        assert await indexes("") == list(range(count))
        assert await indexes("desc=true") == list(reversed(range(count)))
        assert await indexes("desc=false&limit=1&offset=1") == [1]
        assert await indexes(f"limit=50&offset={count}") == []
        assert await indexes("limit=0") == []


async def test_55_component_is_deleted_with_its_instances(tmp_path: Path) -> None:
    slow_end = configuration("sh", "-c", "trap 'sleep 1; exit' TERM; while :; do sleep 0.1; done")
    async with stage(tmp_path) as it:
        instance = await it.deployed(configuration=slow_end)
        pids = await it.pids(instance)
        assert await it.http.refused("DELETE", it.path) == (400, "402")

        assert await it.http.call("DELETE", f"{it.path}?force=true") == (204, None)

        status, shown = await it.http.call("GET", it.path)
        assert (status, shown["status"]) == (200, 1)
        assert await it.http.refused("PUT", it.path, {"description": "x"}) == (409, "400")
        assert await it.http.refused("POST", f"{it.path}/instances", it.body(name="w2")) == (409, "400")
        await it.done((await it.show(instance))["status_detail"]["last_job_id"])
        assert await it.http.refused("GET", it.path) == (404, "404")
        assert [pid for pid in pids if runs(pid)] == []


async def test_89_variables_of_an_instance_go_over_those_of_its_application(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        said = {
            "environment_id": it.environment,
            "configuration": {"env": [{"name": "a", "value": "1"}, {"name": "c", "value": "4"}]},
        }
        assert (await it.http.call("PUT", f"{it.application}/configuration", said))[0] == 200
        env = [{"name": "a", "value": "2"}, {"name": "b", "value": "3"}]
        probe = {"readinessProbe": {"type": "http", "parameters": {"path": "/"}}}
        instance = await it.deployed(replica=1, configuration=configuration(env=env, probes=probe))

        variables = await asked(it, instance)

        assert {name: variables[name] for name in ("a", "b", "c")} == {"a": "2", "b": "3", "c": "4"}


async def test_package_starts_by_its_script_if_nobody_says_how(tmp_path: Path) -> None:
    async with stage(tmp_path) as it:
        url = package(tmp_path, "own.zip", {"scripts/start.sh": "echo started $PORT; exec sleep 600\n"})

        instance = await it.deployed(
            replica=1, configuration=None, artifacts={"c1": {"storage": "obs", "type": "package", "url": url}}
        )

        (pid,) = await it.pids(instance)
        assert runs(pid)


@pytest.mark.skipif(not (shutil.which("jq") and shutil.which("curl")), reason="the example is for a shell with curl and jq")
async def test_the_documents_example_runs_as_it_is_printed(tmp_path: Path) -> None:
    example = DOCUMENT.read_text().partition("## An instance, from nothing")[2].split("```")[1]
    async with running_server() as server:
        script = example.replace("localhost:8848", server.http_urls[0]).replace("/tmp/", f"{tmp_path}/")
        process = await asyncio.create_subprocess_exec(
            "bash", "-euo", "pipefail", "-c", script, cwd=tmp_path, stdout=asyncio.subprocess.PIPE
        )
        output = (await process.communicate())[0].decode()

    assert process.returncode == 0
    assert len([line for line in output.splitlines() if line.isdigit()]) == 3  # the ports that Nacos clients are told
    assert output.count("job_id") == 2


def rollback(version: str) -> dict[str, Any]:
    return {"action": "rollback", "parameters": {"version": version}}


async def asked(it: Stage, instance: str) -> dict[str, str]:
    """What the one process of an instance answers."""
    (replica,) = await it.replicas(instance)
    async with httpx.AsyncClient() as http:
        variables: dict[str, str] = (await http.get(f"http://127.0.0.1:{replica.port}/")).json()
    return variables
