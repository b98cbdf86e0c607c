"""`muster deployment`, `muster job`: real processes, by the agent in the server's own process."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from agent.apps import nothing_left, package
from program import start
from running import Server, running_server

from cli.running_cli import ENVIRONMENT, command_line, interrupt, muster, program, terminal


def deployment_file(directory: Path, version: str = "1.0.0", *, spec: Mapping[str, Any] = MappingProxyType({}), **said: Any) -> str:
    """A file that deploys the component shop/web in prod; JSON, which is YAML too. Its probe asks often, so that nobody waits."""
    whole = {
        "name": "web",
        "environment": "prod",
        "application": "shop",
        "component": "web",
        "replicas": 2,
        "spec": {
            "version": version,
            "artifacts": {"web": {"kind": "PACKAGE", "url": package(directory).as_uri()}},
            "command": [sys.executable, "main.py"],
            "readiness": {"http": {}, "period": 0.1},
            **spec,
        },
        **said,
    }
    file = directory / f"web-{version}.yaml"
    file.write_text(json.dumps(whole))
    return str(file)


@asynccontextmanager
async def populated(**settings: Any) -> AsyncIterator[Server]:
    """A server with an environment, an application and a component."""
    async with running_server(**settings) as server:
        await muster(server, "env", "create", "prod")
        await muster(server, "app", "create", "shop")
        await muster(server, "component", "create", "shop/web", "--runtime", "Custom")
        yield server


async def shown(server: Server, name: str = "web") -> Any:
    return (await muster(server, "deployment", "show", name, "-o", "json")).document


async def test_deployment_runs_is_listed_and_is_registered(tmp_path: Path) -> None:
    async with populated() as server:
        created = await muster(server, "deployment", "create", "-f", deployment_file(tmp_path))
        (row,) = (await muster(server, "deployment", "list", "--env", "prod", "--app", "shop", "--component", "web")).rows()
        instances = (await muster(server, "instances", "default/shop/web", "-o", "json")).document["instances"]
        replicas = (await muster(server, "deployment", "show", "prod/web")).out.splitlines()
        found = await shown(server)

        assert created.status == 0, created.errors
        first, *_, last = created.out.splitlines()
        assert first == f"create web at version 1.0.0 with 2 replicas, job {found['last_job_id']}"
        assert "web  start  SUCCEEDED  2 of 2 replicas are ready" in created.out
        assert last.startswith("web  SUCCEEDED after ")
        assert (row["COMPONENT"], row["VERSION"], row["READY"], row["STATE"]) == ("shop/web", "1.0.0", "2 of 2", "RUNNING")
        assert len(replicas) == 6
        assert replicas[3] == "web is RUNNING, 2 of 2 replicas ready, version 1.0.0"
        assert {one["endpoints"][0]["port"] for one in instances} == {one["port"] for one in found["replica_states"]}
        assert (await muster(server, "instance", "list", "-o", "json")).document == [found]


@pytest.mark.slow
async def test_deployment_that_is_shown_can_be_created_elsewhere(tmp_path: Path) -> None:
    file = tmp_path / "copy.yaml"
    async with populated() as server:
        await muster(server, "env", "create", "staging")
        await muster(server, "deployment", "create", "-f", deployment_file(tmp_path, replicas=1))
        file.write_text((await muster(server, "deployment", "show", "web", "-o", "yaml")).out)
        made = await muster(server, "deployment", "create", "-f", str(file), "-e", "staging", "-o", "json")
        ambiguous = await muster(server, "deployment", "stop", "web")
        stopped = await muster(server, "deployment", "stop", "prod/web")
        here, there = await shown(server, "prod/web"), await shown(server, "staging/web")

        assert made.document["state"] == "SUCCEEDED"
        assert (ambiguous.status, ambiguous.errors) == (
            2,
            "muster: 'web' is more than one deployment: write prod/web or staging/web\n",
        )
        assert stopped.status == 0
        assert (here["state"], there["state"]) == ("STOPPED", "RUNNING")
        assert here["spec"] == there["spec"]


@pytest.mark.slow
async def test_deployment_is_scaled_upgraded_rolled_back_stopped_started_restarted_and_deleted(tmp_path: Path) -> None:
    async with populated() as server:
        await muster(server, "deployment", "create", "-f", deployment_file(tmp_path, replicas=1))
        first = (await shown(server))["replica_states"][0]["pid"]
        scaled = await muster(server, "deployment", "scale", "web", "2", "-o", "json")
        both = [one["pid"] for one in (await shown(server))["replica_states"]]
        upgraded = await muster(server, "deployment", "upgrade", "web", "-f", deployment_file(tmp_path, "2.0.0"), "-o", "json")
        versions = [one["version"] for one in (await shown(server))["replica_states"]]
        records = (await muster(server, "deployment", "records", "web")).rows()
        returned = await muster(server, "deployment", "rollback", "web", "1.0.0", "-o", "json")
        left = (await muster(server, "deployment", "records", "web")).rows()
        stopped = await muster(server, "deployment", "stop", "web", "-o", "json")
        state = (await shown(server))["state"]
        refused = await muster(server, "deployment", "restart", "web")
        started = await muster(server, "deployment", "start", "web", "-o", "json")
        before = [one["pid"] for one in (await shown(server))["replica_states"]]
        restarted = await muster(server, "deployment", "restart", "web", "-o", "json")
        after = [one["pid"] for one in (await shown(server))["replica_states"]]
        jobs = (await muster(server, "job", "list", "--deployment", "web")).rows()
        deleted = await muster(server, "deployment", "delete", "web", "-o", "json")

        done = (scaled, upgraded, returned, stopped, started, restarted, deleted)
        assert [(answer.status, answer.document["state"]) for answer in done] == [(0, "SUCCEEDED")] * len(done)
        assert [answer.document["kind"] for answer in done] == [
            "SCALE", "UPGRADE", "ROLLBACK", "STOP", "START", "RESTART", "DELETE",
        ]  # fmt: skip
        assert both[0] == first
        assert versions == ["2.0.0", "2.0.0"]
        assert [row["VERSION"] for row in records] == ["2.0.0", "1.0.0"]
        assert [row["VERSION"] for row in left] == ["1.0.0"]
        assert state == "STOPPED"
        assert (refused.status, "(WRONG_STATE)" in refused.errors) == (4, True)
        assert not set(before) & set(after)
        assert [row["DOES"] for row in jobs] == ["restart", "start", "stop", "rollback", "upgrade", "scale", "create"]
        assert (await muster(server, "deployment", "list", "-o", "json")).document == []


@pytest.mark.slow
async def test_upgrade_that_fails_ends_with_9_and_says_why_and_the_version_before_runs(tmp_path: Path) -> None:
    async with populated() as server:
        await muster(server, "deployment", "create", "-f", deployment_file(tmp_path, replicas=1))
        pid = (await shown(server))["replica_states"][0]["pid"]
        bad = deployment_file(tmp_path, "2.0.0", spec={"command": ["python3", "-c", "raise SystemExit('no luck')"]})

        answer = await muster(server, "deployment", "upgrade", "web", "-f", bad)
        again = await muster(server, "job", "follow", "web", "-o", "json")
        job = await muster(server, "job", "show", "web")

        assert answer.status == again.status == 9
        assert answer.errors.startswith("muster: upgrade web to version 2.0.0: replica 0 ended with status 1; it wrote last: ")
        assert answer.errors.count("no luck") == 1
        assert answer.errors.endswith("(ROLLED_BACK)\n")
        assert answer.errors.count("\n") == 1
        assert [json.loads(line)["state"] for line in again.out.splitlines()] == ["ROLLED_BACK"]
        assert [row["STEP"] for row in job.rows()][-2:-1] == ["roll back"]
        found = await shown(server)
        assert (found["spec"]["version"], found["state"], found["replica_states"][0]["pid"]) == ("1.0.0", "RUNNING", pid)


async def test_program_that_is_missing_is_named(tmp_path: Path) -> None:
    async with populated() as server:
        file = deployment_file(tmp_path, spec={"command": ["no-such-program"], "restart_policy": "NEVER"})

        answer = await muster(server, "deployment", "create", "-f", file)

        assert answer.status == 9
        assert "no-such-program: No such file or directory (FAILED)" in answer.errors


@pytest.mark.slow
async def test_component_that_runs_goes_only_by_force_and_its_deployments_before_it(tmp_path: Path) -> None:
    async with populated() as server:
        await muster(server, "deployment", "create", "-f", deployment_file(tmp_path))

        refused = await muster(server, "component", "delete", "web")
        forced = await muster(server, "component", "delete", "web", "--force")
        (job, *_) = (await muster(server, "job", "list", "-o", "json")).document
        await muster(server, "job", "follow", job["id"])

        assert (refused.status, "(COMPONENT_NOT_EMPTY)" in refused.errors) == (4, True)
        assert forced.out == "component web goes with its 1 deployment\n"
        assert (await muster(server, "component", "list", "-o", "json")).document == []


async def test_change_is_begun_only_and_followed_later(tmp_path: Path) -> None:
    async with populated() as server:
        begun = await muster(server, "deployment", "create", "-f", deployment_file(tmp_path), "--no-wait", "-o", "json")
        followed = await muster(server, "job", "follow", begun.document["id"])
        said = await muster(server, "deployment", "stop", "web", "--no-wait")
        busy = await muster(server, "deployment", "scale", "web", "3")
        await muster(server, "job", "follow", "web")

        assert (begun.document["kind"], begun.document["state"]) == ("CREATE", "RUNNING")
        assert followed.status == 0
        assert followed.out.splitlines()[-1].startswith("web  SUCCEEDED after ")
        assert said.out.startswith("begun: stop web, job ")
        assert (busy.status, "(DEPLOYMENT_BUSY)" in busy.errors) == (4, True)


@pytest.mark.slow
async def test_logs_have_the_replica_in_front_and_go_on(tmp_path: Path) -> None:
    async with populated() as server:
        await muster(server, "deployment", "create", "-f", deployment_file(tmp_path))
        said = {one["index"]: f"listening on {one['port']}" for one in (await shown(server))["replica_states"]}
        whole = await muster(server, "deployment", "logs", "web")
        of_application = await muster(server, "app", "logs", "shop", "-o", "json")
        one = await muster(server, "deployment", "logs", "web", "--replica", "1")
        none = await muster(server, "deployment", "logs", "web", "--lines", "0")

        lines = [f"web/{index} 1.0.0  {line}" for index, line in said.items()]
        assert sorted(whole.out.splitlines()) == lines
        assert sorted(map(json.loads, of_application.out.splitlines()), key=str) == [
            {"deployment": "web", "replica": index, "version": "1.0.0", "line": line} for index, line in said.items()
        ]
        assert (one.out, none.out) == (f"{said[1]}\n", "")

        with program(server.grpc_target, "app", "logs", "shop", "-f", "--lines", "1") as process:
            assert process.stdout is not None
            first = sorted([await asyncio.to_thread(process.stdout.readline) for _ in range(2)])
            os.kill((await shown(server))["replica_states"][0]["pid"], signal.SIGKILL)  # what is started in its place says so
            again = await asyncio.to_thread(process.stdout.readline)
            await muster(server, "deployment", "create", "-f", deployment_file(tmp_path, name="later", replicas=1))
            later = await asyncio.to_thread(process.stdout.readline)
            interrupt(process)
            rest, errors = await asyncio.to_thread(process.communicate)

        assert [line.rstrip("\n") for line in first] == lines
        assert again.startswith("web/0 1.0.0  listening on ")
        assert later.startswith("later/0 1.0.0  listening on ")
        assert (process.returncode, rest, errors) == (0, "", "")


@pytest.mark.slow
async def test_what_replicas_write_moves_no_cursor(tmp_path: Path) -> None:
    async with populated() as server:
        loud = ["python3", "-c", r"import time; print('\x1b[2Jred\tgreen', flush=True); time.sleep(600)"]
        await muster(
            server, "deployment", "create", "-f", deployment_file(tmp_path, replicas=1, spec={"command": loud, "readiness": None})
        )

        assert (await muster(server, "deployment", "logs", "web", "--replica", "0")).out == "\\x1b[2Jred green\n"


async def test_job_on_a_terminal_is_a_table_that_redraws_itself(tmp_path: Path) -> None:
    async with populated() as server:
        with terminal(server.grpc_target, "deployment", "create", "-f", deployment_file(tmp_path)) as screen:
            await asyncio.to_thread(screen.wait_for, "create web at version 1.0.0 with 2 replicas: SUCCEEDED after")
            await asyncio.to_thread(screen.wait_for, "start SUCCEEDED")
            status = await asyncio.to_thread(screen.end)

        assert status == 0
        assert "Traceback" not in screen.screen


@pytest.mark.slow
def test_job_is_followed_through_the_death_of_the_server(tmp_path: Path) -> None:
    gate = tmp_path / "open"
    file = deployment_file(tmp_path, spec={"readiness": {"command": {"command": ["test", "-e", str(gate)]}, "period": 0.1}})
    with nothing_left(tmp_path):
        server = start(tmp_path / "data")
        try:
            environment = {**os.environ, **ENVIRONMENT, "MUSTER_TARGET": server.grpc}
            for line in ("env create prod", "app create shop", "component create shop/web --runtime Custom"):
                subprocess.run(command_line(*line.split()), env=environment, check=True)
            with program(server.grpc, "deployment", "create", "-f", file) as process:
                assert process.stdout is not None
                while "start" not in process.stdout.readline():
                    assert process.poll() is None
                server.kill()
                server = start(tmp_path / "data", "--grpc-port", server.grpc.rpartition(":")[2])
                gate.touch()
                rest, errors = process.communicate(timeout=30)
        finally:
            server.kill()

    assert (process.returncode, errors) == (0, "")
    assert "web  start  SUCCEEDED  2 of 2 replicas are ready\nweb  SUCCEEDED after " in rest


async def test_ctrl_c_leaves_a_job_to_itself(tmp_path: Path) -> None:
    async with populated() as server:
        file = deployment_file(tmp_path, spec={"readiness": {"command": {"command": ["false"]}}, "ready_timeout": 60})
        with terminal(server.grpc_target, "deployment", "create", "-f", file) as screen:
            await asyncio.to_thread(screen.wait_for, "start RUNNING")
            screen.type("\x03")
            status = await asyncio.to_thread(screen.end)

        assert status == 130
        assert (await muster(server, "job", "show", "web", "-o", "json")).document["state"] == "RUNNING"
        assert (await muster(server, "deployment", "delete", "web", "--force")).status == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"environment": ""}, "says no environment"),
        ({"component": ""}, "says no component"),
        ({"environment": "nowhere"}, "there is no environment 'nowhere'"),
        ({"application": "nobody"}, "there is no application 'nobody'"),
        ({"component": "nothing"}, "there is no component 'nothing'"),
        ({"replicas": 101}, "replicas"),
        ({"name": "Web!"}, "name"),
    ],
)
async def test_file_that_says_too_little_or_too_much_changes_nothing(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    async with populated() as server:
        file = deployment_file(tmp_path, **fields)

        answer = await muster(server, "deployment", "create", "-f", file)

        assert answer.status in (2, 3, 5)
        assert message in answer.errors
        assert (await muster(server, "deployment", "list", "-o", "json")).document == []


async def test_deployment_or_job_that_is_not_there_ends_with_3() -> None:
    async with populated() as server:
        answers = [
            await muster(server, *line.split())
            for line in (
                "deployment show web",
                "deployment stop nowhere/web",
                "deployment logs web",
                "job show web",
                "job follow 01234567-89ab-cdef-0123-456789abcdef",
            )
        ]

        assert [answer.status for answer in answers] == [3] * len(answers)
        assert [answer.errors.count("\n") for answer in answers] == [1] * len(answers)
        upgrade = await muster(server, "deployment", "upgrade", "web", "-f", "-", text="name: web")
        assert (upgrade.status, upgrade.errors) == (2, "muster: - has no spec\n")
