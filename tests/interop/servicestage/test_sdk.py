"""The official ServiceStage SDK, unmodified, with nothing changed but the address of its server."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from running import running_server

from interop import tools

HOME = tools.TOOLS / "servicestage"
PROJECT = "0123456789abcdef0123456789abcdef"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (HOME / "requirements.txt").exists(), reason="the ServiceStage SDK is missing: scripts/tools.sh"),
]


async def sweep(url: str) -> dict[str, Any]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    script = Path(__file__).with_name("sweep.py")
    process = await asyncio.create_subprocess_exec(
        str(HOME / "bin" / "python"), str(script), url, env=environment, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    answers: dict[str, Any] = json.loads(output)
    return answers


async def test_sdk_makes_every_call_and_understands_every_answer() -> None:
    async with running_server() as server:
        answers = await sweep(server.http_urls[0])

    statuses = {name: answer["status"] for name, answer in answers.items()}
    deletions = {name for name in statuses if name.startswith("delete_") and "refused" not in name}
    assert deletions == {
        "delete_environment",
        "delete_application",
        "delete_application_configuration",
        "delete_component",
    }
    assert {statuses.pop(name) for name in deletions} == {204}
    assert (answers["delete_application refused"]["status"], answers["delete_application refused"]["code"]) == (
        409,
        "SVCSTG.00100400",
    )
    unknown = answers["show_application_detail refused"]
    assert (unknown["status"], unknown["code"], len(unknown["request_id"])) == (404, "SVCSTG.00100403", 32)
    assert {status for name, status in statuses.items() if "refused" not in name} == {200}

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
