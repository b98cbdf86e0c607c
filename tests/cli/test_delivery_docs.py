"""docs/delivery.md: its files are such that `create` takes them, and no field is missing."""

import re
from pathlib import Path

import pytest
from google.protobuf.message import Message
from muster.delivery.v1.delivery_pb2 import Application, Component, Environment, EnvVar, Resource, Source
from muster.delivery.v1.deployment_pb2 import (
    Artifact,
    CommandCheck,
    Deployment,
    DeploymentSpec,
    DeploymentState,
    Hook,
    HttpCheck,
    Limits,
    Probe,
    ReplicaState,
    TcpCheck,
)
from muster_client.cli.components import RENAMED as OF_COMPONENTS
from muster_client.cli.deployment_changes import RENAMED as OF_DEPLOYMENTS
from muster_client.cli.reading import read_message
from running import running_server

from cli.running_cli import muster

DOCS = (Path(__file__).parent.parent.parent / "docs" / "delivery.md").read_text()
FILES = re.findall(r"^```yaml\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
KINDS: tuple[type[Message], ...] = (Environment, Application, Component, Deployment)
PARTS: tuple[type[Message], ...] = (
    DeploymentSpec, Artifact, EnvVar, Limits, Probe, HttpCheck, TcpCheck, CommandCheck, Hook, Resource, Source,
)  # fmt: skip
DECIDED_BY_THE_SERVER = {
    "id", "namespace", "creator", "create_time", "update_time", "revision", "component_count", "deleting", "deployment_count",
    "state", "available_replicas", "replica_states", "generation", "agent", "last_job_id", "last_job_state",
    "environment_id", "application_id", "component_id",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), list(zip(KINDS, FILES, strict=True)))
def test_file_in_the_docs_says_all_that_can_be_said(tmp_path: Path, kind: type[Message], text: str) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(text)

    read_message(str(file), kind, {**OF_COMPONENTS, **OF_DEPLOYMENTS})

    said = set(re.findall(r"(\w+):", text))
    assert {field.name for field in kind.DESCRIPTOR.fields} - DECIDED_BY_THE_SERVER <= said


async def test_files_in_the_docs_are_taken_by_a_server() -> None:
    async with running_server(agent=False) as server:
        for group, text in zip(("env", "app", "component", "deployment"), FILES, strict=True):
            flags = ["--no-wait"] if group == "deployment" else []
            answer = await muster(server, group, "create", "-f", "-", *flags, text=text)

            assert answer.status == 0, answer.errors


def test_deployment_in_the_docs_says_every_field_of_its_parts() -> None:
    said = set(re.findall(r"(\w+):", "".join(FILES)))

    assert {field.name for part in PARTS for field in part.DESCRIPTOR.fields} <= said


def test_every_state_is_in_the_docs() -> None:
    states = [*DeploymentState.DESCRIPTOR.values, *ReplicaState.DESCRIPTOR.values]
    names = {re.sub(r"^(DEPLOYMENT|REPLICA)_STATE_", "", state.name) for state in states if state.number}

    assert names <= set(re.findall(r"[A-Z]+", DOCS))
