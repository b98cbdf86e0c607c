"""The official ServiceStage SDK, unmodified, with nothing changed but the address of its server."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from gateway.servicestage import SERVICE, package
from running import running_gateway, running_server

from interop import tools

HOME = tools.TOOLS / "servicestage"
PROJECT = "0123456789abcdef0123456789abcdef"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (HOME / "requirements.txt").exists(), reason="the ServiceStage SDK is missing: scripts/tools.sh"),
]


ENUMS = {
    "runtime",
    "category",
    "sub_category",
    "kind",
    "repo_type",
    "platform_type",
    "flavor_id",
    "status",
    "fail_detail",
    "type",
    "protocol",
}
"""Fields that the SDK shows as `{}` if it does not know what they say."""
OPERATIONS = {
    *("list_runtimes", "list_flavors"),
    *("create_environment", "list_environments", "change_environment", "delete_environment", "show_environment_detail"),
    "change_resource_in_environment",
    *("create_application", "list_applications", "change_application", "delete_application", "show_application_detail"),
    *("change_application_configuration", "delete_application_configuration", "show_application_configuration"),
    *("create_component", "list_components", "change_component", "delete_component", "show_component_detail"),
    *("create_instance", "list_instances", "update_instance_action", "change_instance", "delete_instance"),
    *("show_instance_detail", "list_instance_snapshots", "show_job_detail"),
}


async def sweep(url: str, package_url: str, dead_url: str) -> dict[str, Any]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    script = Path(__file__).with_name("sweep.py")
    process = await asyncio.create_subprocess_exec(
        str(HOME / "bin" / "python"), str(script), url, package_url, dead_url, env=environment, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    answers: dict[str, Any] = json.loads(output)
    return answers


@asynccontextmanager
async def gateway_without_server() -> AsyncIterator[str]:
    async with AsyncExitStack() as stack:
        async with running_server() as server:
            url = await stack.enter_async_context(running_gateway(server, "apart"))
        yield url


def unknown_enums(shown: Any, path: str = "") -> list[str]:
    """Where the SDK did not know a value."""
    match shown:
        case dict():
            own = [f"{path}.{name}" for name, value in shown.items() if name in ENUMS and value == {}]
            return own + [one for name, value in shown.items() for one in unknown_enums(value, f"{path}.{name}")]
        case list():
            return [one for value in shown for one in unknown_enums(value, path)]
        case _:
            return []


async def test_sdk_makes_every_call_and_understands_every_answer(tmp_path: Path) -> None:
    url = package(tmp_path, "service.zip", {"service.py": SERVICE})
    async with running_server() as server, gateway_without_server() as dead_url:
        answers = await sweep(server.http_urls[0], url, dead_url)

    refused = {name.removesuffix(" refused"): answer for name, answer in answers.items() if name.endswith(" refused")}
    done = {name: answer for name, answer in answers.items() if not name.endswith(" refused")}
    assert len(OPERATIONS) == 29
    assert done.keys() >= OPERATIONS
    deletions = {name for name in OPERATIONS if name.startswith("delete_")} - {"delete_instance"}
    assert {name for name, answer in done.items() if answer["status"] == 204} == deletions
    assert {answer["status"] for name, answer in done.items() if name not in deletions} == {200}
    assert [one for name, answer in done.items() for one in unknown_enums(answer["shown"], name)] == []

    assert {name: (answer["status"], answer["code"]) for name, answer in refused.items()} == {
        "update_instance_action": (400, "SVCSTG.00100400"),
        "delete_component": (400, "SVCSTG.00100402"),
        "show_instance_detail": (404, "SVCSTG.00100412"),
        "delete_application": (409, "SVCSTG.00100400"),
        "show_application_detail": (404, "SVCSTG.00100403"),
        "list_applications": (503, "SVCSTG.00100500"),
    }
    assert {len(answer["request_id"]) for answer in refused.values()} == {32}

    check_resources(done)
    check_instance(done)


def check_resources(answers: dict[str, Any]) -> None:
    component = answers["show_component_detail"]["shown"]
    assert (component["runtime"], component["category"], component["sub_category"]) == ("Custom", "MicroService", "Java Chassis")
    assert component["source"]["spec"]["properties"] == {"endpoint": "e", "bucket": "b", "key": "k"}
    assert component["project_id"] == PROJECT
    assert answers["list_component_overviews"]["shown"]["components"][0]["name"] == "comp1"
    assert answers["show_application_configuration"]["shown"]["configuration"][0]["configuration"] == {
        "env": [{"name": "a", "value": "b"}]
    }
    environment = answers["show_environment_detail"]["shown"]
    assert environment["description"] == "d"
    assert [(one["type"], one["id"]) for one in environment["optional_resources"]] == [("rds", "db")]
    assert answers["list_applications"]["shown"] == {"count": 1, "applications": []}


def check_instance(answers: dict[str, Any]) -> None:
    states = {name: answers[f"after {name}"]["shown"] for name in ("create", "scale", "stop", "start", "restart", "rollback")}
    assert {name: (state["status"], state["available_replica"]) for name, state in states.items()} == {
        "create": ("RUNNING", 2),
        "scale": ("RUNNING", 3),
        "stop": ("STOPPED", 0),
        "start": ("RUNNING", 3),
        "restart": ("RUNNING", 3),
        "rollback": ("RUNNING", 3),
    }
    assert [row["version"] for row in answers["list_instance_snapshots"]["shown"]["snapshots"]] == ["1.0.0", "1.0.1"]
    (row,) = answers["list_instances"]["shown"]["instances"]
    assert (row["application_name"], row["component_name"], row["platform_type"]) == ("app1", "comp1", "vmapp")
    (overview,) = answers["list_component_overviews"]["shown"]["components"]
    assert [(one["version"], one["flavor_id"]) for one in overview["instances"]] == [("1.0.1", "SMALL-10G:1.0C:2G")]
    instance = answers["show_instance_detail"]["shown"]
    assert instance["flavor_id"] == "MICRO-5G:0.5C:1G"
    assert instance["configuration"]["env"] == [{"name": "log-level", "value": "warn"}]
    (used,) = instance["refer_resources"]
    assert (used["id"], used["type"], used["parameters"]) == ("Default", "ecs", {"hosts": ["host-1"]})
    (access,) = instance["external_accesses"]
    assert (access["protocol"], access["type"], access["status"]) == ("HTTP", "SPECIFIED", "NORMAL")
    job = answers["show_job_detail"]["shown"]
    assert (job["job"]["job_type"], job["job"]["execution_status"]) == ("DEPROVISION", "SUCCEEDED")
    assert {task["task_status"] for task in job["tasks"]} == {"SUCCEEDED"}
