"""Section 9 of the ServiceStage spec, cases 58 to 85 as far as nothing needs to run: what is taken, refused and shown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from muster.delivery.v1 import delivery_service_pb2 as wire
from muster.delivery.v1 import delivery_service_pb2_grpc, deployment_pb2

from gateway.servicestage import COMPONENT, Client, Stage, client, configuration, stage

UNKNOWN_HOST = [{"id": "Default", "type": "ecs", "parameters": {"hosts": ["h1", "h2"]}}]
FULL_CONFIGURATION = {
    "env": [{"name": "log-level", "value": "warn"}],
    "storage": [
        {"type": "HostPath", "parameters": {"path": "/data"}, "mounts": [{"path": "/mnt", "subPath": "s", "readOnly": False}]}
    ],
    "strategy": {"upgrade": "RollingUpdate"},
    "lifecycle": {
        "entrypoint": {"command": ["python", "-m"], "args": ["http.server", "8080"]},
        "post-start": {"type": "command", "parameters": {"command": ["true"]}},
        "pre-stop": {"type": "http", "parameters": {"host": "127.0.0.1", "port": 8080, "path": "/stop"}},
    },
    "scheduler": {"affinity": {"az": ["az1"], "node": ["127.0.0.1"], "application": []}, "anti-affinity": {"application": ["x"]}},
    "probes": {
        "livenessProbe": {
            "type": "http",
            "delay": 5,
            "timeout": 2,
            "parameters": {"scheme": "HTTP", "host": "127.0.0.1", "port": 8080, "path": "/"},
        },
        "readinessProbe": {"type": "tcp", "parameters": {"port": 8080}},
    },
}
"""That of the official SDK's own example."""


def nested(depth: int) -> Any:
    return {"a": [nested(depth - 2)]} if depth > 0 else 1


@asynccontextmanager
async def idle(directory: Path, kind: str = "local") -> AsyncIterator[Stage]:
    """A stage on which nothing runs."""
    async with stage(directory, kind, agent=False) as made:
        yield made


@pytest.mark.parametrize("kind", ["local", "apart"])
async def test_58_instance_is_created_with_a_job(kind: str, tmp_path: Path) -> None:
    async with idle(tmp_path, kind) as it:
        status, shown = await it.http.call("POST", f"{it.path}/instances", it.body())

        assert status == 200
        assert str(UUID(shown["instance_id"])) == shown["instance_id"]
        assert shown["job_id"].startswith("JOB")
        detail = (await it.show(f"{it.path}/instances/{shown['instance_id']}"))["status_detail"]
        assert detail == {
            "status": "INITIALIZING",
            "available_replica": 0,
            "replica": 2,
            "fail_detail": None,
            "last_job_id": shown["job_id"],
            "last_job_status": "RUNNING",
            "enterprise_project_id": "0",
        }


async def test_59_job_is_born_with_a_task_that_runs(tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        instance, job_id = await it.created()

        _, shown = await it.http.call("GET", f"/jobs/{job_id}")

        assert shown["task_count"] == len(shown["tasks"]) == 1
        assert shown["job"] | {"ORDER_ID": ""} == {
            "CREATED_BY": "",
            "EXECUTION_STATUS": "RUNNING",
            "JOB_DESC": "create web-1 at version 1.0.0 with 2 replicas",
            "JOB_ID": job_id,
            "JOB_NAME": "create web-1",
            "JOB_TYPE": "PROVISION",
            "ORDER_ID": "",
            "PROJECT_ID": "p1",
            "SERVICE_INSTANCE_ID": instance.rpartition("/")[2],
        }
        (task,) = shown["tasks"]
        assert (task["TASK_STATUS"], task["TASK_INDEX"], task["OWNER_ID"]) == ("RUNNING", 0, job_id)
        assert {type(value) for name, value in task.items() if name != "TASK_INDEX"} == {str}
        assert task["CREATED_AT"].endswith("Z")
        assert len(task["CREATED_AT"]) == len("2021-01-11T02:23:50.841Z")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "Comp"}, "400"),  # 62
        ({"name": "c_1"}, "400"),
        ({"name": "c" * 64}, "400"),
        ({"name": "c"}, "400"),
        ({"name": None}, "400"),
        ({"replica": 0}, "400"),  # 63
        ({"replica": "x"}, "400"),
        ({"replica": 101}, "400"),
        ({"replica": 1.5}, "400"),
        ({"replica": True}, "400"),
        ({"replica": "9" * 5000}, "400"),
        ({"version": "1.0"}, "400"),  # 64
        ({"version": None}, "400"),
        ({"version": "1.0.0+" + "a" * 60}, "400"),
        ({"flavor_id": "HUGE"}, "400"),  # 65
        ({"flavor_id": "CUSTOM-10G:0.25C-0.5C:1Gi-1Gi"}, "400"),
        ({"flavor_id": "CUSTOM-10G:500m-5m:1Gi-1Gi"}, "400"),
        ({"flavor_id": "CUSTOM-10G:500m-250m:512Mi-1Gi"}, "400"),
        ({"flavor_id": "CUSTOM-10G:5000C-1C:1Gi-1Gi"}, "400"),
        ({"flavor_id": "CUSTOM-XG:X-X:X-X"}, "400"),
        ({"artifacts": {}}, "425"),  # 66
        ({"artifacts": None}, "425"),
        ({"artifacts": {"c1": {"storage": "obs", "type": "package"}}}, "400"),
        ({"artifacts": {"c1": {"storage": "obs", "type": "package", "url": ""}}}, "400"),
        ({"artifacts": {"c1": {"storage": "tape", "type": "package", "url": "file:///p"}}}, "400"),
        ({"artifacts": {"c1": {"storage": "obs", "type": "jar", "url": "file:///p"}}}, "400"),
        ({"artifacts": {"c1": {"storage": "obs", "type": "package", "url": "file:///p", "properties": {"sha256": "1"}}}}, "400"),
        ({"artifacts": {"c1": {"storage": "obs", "type": "package", "url": "file:///p", "properties": {"sha256": 1}}}}, "400"),
        ({"artifacts": []}, "400"),
        ({"refer_resources": []}, "400"),  # 67
        ({"refer_resources": None}, "400"),
        ({"refer_resources": [{"id": "Default", "type": "ecs"}]}, "400"),
        ({"refer_resources": [{"id": "Default", "type": "ecs", "parameters": {"hosts": "h"}}]}, "400"),
        ({"refer_resources": [{"id": "c", "type": "cce", "parameters": {}}]}, "400"),
        ({"refer_resources": [{"id": "db", "type": "rds"}]}, "400"),
        ({"refer_resources": [{"id": "db", "type": "disk"}]}, "400"),
        ({"refer_resources": [{"id": "node-9", "type": "ecs", "parameters": {"hosts": ["h"]}}]}, "400"),
        ({"description": "d" * 129}, "400"),
        ({"external_accesses": [{"protocol": "FTP", "address": "a", "forward_port": 1}]}, "400"),
        ({"external_accesses": [{"protocol": "HTTP", "address": "a", "forward_port": 0}]}, "400"),
        ({"external_accesses": [{"protocol": "HTTP", "address": "", "forward_port": 1}]}, "400"),
        ({"configuration": []}, "400"),
        ({"configuration": {"env": [{"name": "1a", "value": ""}]}}, "400"),
        ({"configuration": {"env": [{"name": "a"}]}}, "400"),
        ({"configuration": {"strategy": {"upgrade": "Canary"}}}, "400"),
        ({"configuration": {"restart_policy": "Sometimes"}}, "400"),
        ({"configuration": {"lifecycle": {"entrypoint": {"command": "python"}}}}, "400"),
        ({"configuration": {"lifecycle": {"entrypoint": {"command": ["a\0b"]}}}}, "400"),
        ({"configuration": {"lifecycle": {"pre-stop": {"type": "tcp", "parameters": {}}}}}, "400"),
        ({"configuration": {"lifecycle": {"pre-stop": {"type": "command", "parameters": {}}}}}, "400"),
        ({"configuration": {"probes": {"livenessProbe": {"type": "http"}}}}, "400"),
        ({"configuration": {"probes": {"livenessProbe": {"type": "http", "parameters": {"path": "x"}}}}}, "400"),
        ({"configuration": {"probes": {"livenessProbe": {"type": "tcp", "parameters": {"port": 65536}}}}}, "400"),
        ({"configuration": {"probes": {"livenessProbe": {"type": "tcp", "parameters": {"port": 1 << 70}}}}}, "400"),
        ({"configuration": {"probes": {"livenessProbe": {"type": "tcp", "delay": -1, "parameters": {"port": 1}}}}}, "400"),
        ({"configuration": {"probes": {"livenessProbe": {"type": "tcp", "timeout": 1e300, "parameters": {"port": 1}}}}}, "400"),
        ({"configuration": {"logs": "x" * 70_000}}, "400"),
        ({"configuration": {"logs": 1 << 2000}}, "400"),
        ({"configuration": {"logs": nested(20)}}, "400"),
        ({"environment_id": None}, "400"),
    ],
)
async def test_62_to_67_bad_instance_is_refused(fields: dict[str, Any], code: str, tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        assert await it.http.refused("POST", f"{it.path}/instances", it.body(**fields)) == (400, code)
        assert (await it.http.call("GET", f"{it.path}/instances"))[1] == {"count": 0, "instances": []}


@pytest.mark.parametrize(
    "fields",
    [
        {"replica": "2"},  # 63
        {"version": "2023.0712.09204"},  # 64
        {"version": "1.0.0-rc.1"},
        {"flavor_id": "CUSTOM-10G:0.5C-0.25C:1.6Gi-0.8Gi"},  # 65
        {"flavor_id": "CUSTOM-10G:500m-250m:1Gi-512Mi"},
        {"name": "c" * 63},
        {"refer_resources": UNKNOWN_HOST},
        {"external_accesses": [{"protocol": "http", "address": "www.example.com", "forward_port": 8080}]},
        {"configuration": FULL_CONFIGURATION},
        {"configuration": {"logs": nested(16)} | configuration()},
    ],
)
async def test_63_to_67_what_is_said_is_shown(fields: dict[str, Any], tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        said = it.body(**fields)

        shown = await it.show((await it.created(**fields))[0])

        assert shown["status_detail"]["replica"] == 2
        assert [(row["id"], row["type"]) for row in shown["refer_resources"]] == [("Default", "ecs")]
        assert shown["refer_resources"][0]["parameters"] == said["refer_resources"][0]["parameters"]
        for name in ("name", "version", "flavor_id", "configuration", "environment_id"):
            assert shown[name] == said[name]
        (access,) = shown["external_accesses"] or ({"protocol": None},)
        assert access["protocol"] == said.get("external_accesses", [{}])[0].get("protocol")


async def test_62_name_is_used_once_in_an_environment(tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        await it.created()

        assert await it.http.refused("POST", f"{it.path}/instances", it.body()) == (400, "400")


async def test_66_component_with_an_artifact_passes_it_on(tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        spec = {"storage": "obs", "type": "package", "url": it.package, "properties": {"bucket": "b", "sha256": "A" * 64}}
        await it.http.call("PUT", it.path, {"source": {"kind": "artifact", "spec": spec}})

        instance, _ = await it.created(artifacts={})

        assert (await it.show(instance))["artifacts"] == {"c1": spec | {"auth": None, "version": None}}
        assert (await native(it, instance)).spec.artifacts["c1"].sha256 == "a" * 64


async def test_66_component_of_code_has_nothing_to_run(tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        await it.http.call("PUT", it.path, {"source": {"kind": "code", "spec": {"repo_url": "u"}}})

        assert await it.http.refused("POST", f"{it.path}/instances", it.body(artifacts=None)) == (400, "425")


async def test_68_instance_is_found_on_its_own_path_only(tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        instance_id = (await it.created())[0].rpartition("/")[2]
        other = f"{it.application}/components/{await it.http.made(f'{it.application}/components', COMPONENT | {'name': 'c2'})}"

        assert await it.http.refused("POST", f"{it.path}/instances", it.body(name="w2", environment_id="e")) == (404, "411")
        assert await it.http.refused("POST", f"{it.application}/components/c/instances", it.body(name=7)) == (404, "404")
        assert await it.http.refused("GET", f"/applications/a/components/c/instances/{instance_id}") == (404, "403")
        for path in (f"{other}/instances/{instance_id}", f"{it.path}/instances/none"):
            assert await it.http.refused("GET", path) == (404, "412")
            assert await it.http.refused("GET", f"{path}/snapshots") == (404, "412")
            assert await it.http.refused("PUT", path, {}) == (404, "412")
            assert await it.http.refused("DELETE", path) == (404, "412")
            assert await it.http.refused("POST", f"{path}/action", {"action": "fly"}) == (404, "412")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"action": "fly"}, "418"),  # 70
        ({}, "418"),
        ({"action": ["start"]}, "418"),
        ({"action": "scale"}, "400"),  # 71
        ({"action": "scale", "parameters": {"replica": 0}}, "400"),
        ({"action": "scale", "parameters": "x"}, "400"),
        ({"action": "rollback"}, "400"),  # 77
        ({"action": "rollback", "parameters": {"version": 1}}, "400"),
    ],
)
async def test_70_bad_action_is_refused(body: dict[str, Any], code: str, tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        instance, job_id = await it.created()

        assert await it.http.refused("POST", f"{instance}/action", body) == (400, code)
        assert (await it.show(instance))["status_detail"]["last_job_id"] == job_id


async def test_73_one_job_at_a_time(tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        instance, _ = await it.created()

        assert await it.http.refused("POST", f"{instance}/action", {"action": "stop"}) == (409, "400")
        assert await it.http.refused("PUT", instance, {"version": "1.0.1"}) == (409, "400")
        assert await it.http.refused("DELETE", instance) == (409, "400")
        assert await it.http.refused("DELETE", f"{instance}?force=perhaps") == (400, "400")


async def test_83_job_is_found_by_its_id_and_of_its_instance(tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        instance, job_id = await it.created()

        assert await it.http.refused("GET", "/jobs/JOBnope") == (404, "429")
        assert await it.http.refused("GET", f"/jobs/{job_id}?instance_id=other") == (404, "429")
        assert await it.http.refused("GET", f"/jobs/{job_id.removeprefix('JOB')}") == (404, "429")
        assert await it.http.refused("GET", f"/jobs/JOB{job_id}") == (404, "429")
        assert await it.http.refused("GET", "/jobs/%20") == (400, "414")
        assert await it.http.refused("GET", f"/jobs/{job_id}?desc=down") == (400, "400")
        assert (await it.http.call("GET", f"/jobs/{job_id}?instance_id={instance.rpartition('/')[2]}"))[0] == 200


async def test_88_instances_and_jobs_of_another_project_are_not_found(tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        instance, job_id = await it.created()
        theirs = Client(it.http.http, "p2")

        assert await theirs.refused("GET", instance) == (404, "403")
        assert await theirs.refused("GET", f"/jobs/{job_id}") == (404, "429")


async def test_85_list_tells_what_each_row_is_of(tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        for name in ("web-1", "web-2", "web-3"):
            await it.created(name=name)

        _, shown = await it.http.call("GET", f"{it.path}/instances?limit=2&order_by=name&order=asc")

        assert (shown["count"], [row["name"] for row in shown["instances"]]) == (3, ["web-1", "web-2"])
        row = shown["instances"][0]
        assert (row["application_name"], row["component_name"], row["environment_name"]) == ("app1", "c1", "env1")
        assert (row["application_id"], row["platform_type"]) == (it.application.rpartition("/")[2], "vmapp")
        assert row["status_detail"]["status"] == "INITIALIZING"
        assert "configuration" not in row
        assert (await it.http.call("GET", f"{it.path}/instances?limit=0"))[1] == {"count": 3, "instances": []}


async def test_57_overviews_show_what_is_deployed(tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        await it.created()

        _, shown = await it.http.call("GET", f"{it.application}/components/overviews")

        (row,) = shown["components"][0]["instances"]
        assert (row["instance_name"], row["status_detail"]["status"]) == ("web-1", "INITIALIZING")


async def test_32_environment_keeps_what_runs_in_it(tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        await it.http.call(
            "PATCH", f"/environments/{it.environment}/resources", {"add_base_resources": [{"id": "n", "type": "as"}]}
        )
        await it.created()
        removal = {"remove_resources": [{"id": "Default", "type": "ecs"}]}

        assert await it.http.refused("DELETE", f"/environments/{it.environment}") == (400, "400")
        assert await it.http.refused("PATCH", f"/environments/{it.environment}/resources", removal) == (400, "400")
        assert await it.http.refused("DELETE", it.path) == (400, "402")


@pytest.mark.parametrize(
    ("runtime", "artifact", "command"),
    [
        ("Custom", "file:///p/service.zip", ["sh", "scripts/start.sh"]),
        ("Custom", "file:///p/service.py?v=1", ["python3", "service.py"]),
        ("Custom", "file:///p/a%20b.sh", ["sh", "a b.sh"]),
        ("Custom", "http://h/app.jar", ["java", "-jar", "app.jar"]),
        ("Python3", "file:///p/service.zip", ["python3", "main.py"]),
    ],
)
async def test_command_that_nobody_says_is_that_of_the_package_or_of_the_runtime(
    runtime: str, artifact: str, command: list[str], tmp_path: Path
) -> None:
    async with idle(tmp_path) as it:
        component = COMPONENT | {"name": "c2", "runtime": runtime}
        it.path = f"{it.application}/components/{await it.http.made(f'{it.application}/components', component)}"
        said = {"c2": {"storage": "obs", "type": "package", "url": artifact}}

        instance, _ = await it.created(artifacts=said, configuration={"env": []})

        assert list((await native(it, instance)).spec.command) == command
        assert (await it.show(instance))["configuration"] == {"env": []}


async def test_configuration_becomes_the_spec_of_the_deployment(tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        instance, _ = await it.created(
            configuration=FULL_CONFIGURATION | {"strategy": {"upgrade": "Recreate"}, "restart_policy": "Never"},
            refer_resources=UNKNOWN_HOST,
        )

        spec = (await native(it, instance)).spec

        assert list(spec.command) == ["python", "-m", "http.server", "8080"]
        assert [(one.name, one.value) for one in spec.env] == [("log-level", "warn")]
        assert (spec.strategy, spec.restart_policy) == (deployment_pb2.STRATEGY_RECREATE, deployment_pb2.RESTART_POLICY_NEVER)
        assert (spec.limits.cpu_milli, spec.limits.memory_bytes) == (500, 1 << 30)
        assert (spec.liveness.http.path, spec.liveness.delay.seconds, spec.liveness.timeout.seconds) == ("/", 5, 2)
        assert (spec.readiness.tcp.port, spec.readiness.timeout.seconds) == (8080, 1)
        assert (list(spec.post_start.command.command), spec.pre_stop.http.path) == (["true"], "/stop")
        assert list(spec.agents) == ["h1", "h2"]


async def test_what_was_deployed_natively_is_shown_in_the_documents_words(tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        instance, _ = await it.created()
        deployment = await native(it, instance)
        deployment.name = "native"
        spec = deployment.spec
        spec.ClearField("properties")
        spec.limits.cpu_milli, spec.limits.memory_bytes = 250, 256 << 20
        spec.artifacts["c1"].ClearField("properties")
        spec.readiness.http.path = "/ready"
        spec.env.add(name="a", value="1")
        async with it.server.channel() as channel:
            stub: Any = delivery_service_pb2_grpc.DeliveryServiceStub(channel)
            made = await stub.CreateDeployment(wire.CreateDeploymentRequest(deployment=deployment, namespace="p1"))

        shown = await it.show(f"{it.path}/instances/{made.deployment.id}")

        assert shown["flavor_id"] == "CUSTOM-10G:250m-250m:256Mi-256Mi"
        assert shown["artifacts"]["c1"]["url"] == it.package
        assert shown["refer_resources"] == [
            {"id": "Default", "type": "ecs", "refer_alias": None, "parameters": {"hosts": ["host-1"]}}
        ]
        assert shown["configuration"] == {
            "env": [{"name": "a", "value": "1"}],
            "lifecycle": configuration()["lifecycle"],
            "probes": {"readinessProbe": {"type": "http", "parameters": {"scheme": "HTTP", "path": "/ready"}}},
        }


@pytest.mark.parametrize(
    "kept",
    [
        7,
        {"configuration": 7},
        {"configuration": {"env": 7}, "flavor_id": "HUGE"},
        {"refer_resources": [{"id": "a", "type": "b"}]},
        {"refer_resources": [{"id": "Default", "type": "ecs", "parameters": {"hosts": [{}]}}]},
    ],
)
async def test_what_somebody_else_keeps_under_our_name_is_not_believed(kept: Any, tmp_path: Path) -> None:
    async with idle(tmp_path) as it:
        deployment = await native(it, (await it.created())[0])
        deployment.name = "native"
        deployment.spec.properties.update({"servicestage": kept})
        async with it.server.channel() as channel:
            stub: Any = delivery_service_pb2_grpc.DeliveryServiceStub(channel)
            made = await stub.CreateDeployment(wire.CreateDeploymentRequest(deployment=deployment, namespace="p1"))

        shown = await it.show(f"{it.path}/instances/{made.deployment.id}")

        assert shown["flavor_id"] == "MICRO-5G:0.5C:1G"
        assert shown["configuration"] == configuration()
        assert shown["refer_resources"][0]["id"] == "Default"


async def test_nothing_is_deployed_of_a_component_that_was_created_by_nobody() -> None:
    async with client() as http:
        assert await http.refused("GET", "/applications/a/components/c/instances") == (404, "403")


async def native(it: Stage, instance: str) -> deployment_pb2.Deployment:
    """The instance as the registry has it."""
    async with it.server.channel() as channel:
        stub: Any = delivery_service_pb2_grpc.DeliveryServiceStub(channel)
        asked = wire.GetDeploymentRequest(namespace="p1", id=instance.rpartition("/")[2])
        found: wire.GetDeploymentResponse = await stub.GetDeployment(asked)
    return found.deployment
