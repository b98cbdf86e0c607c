"""Messages from files."""

from pathlib import Path

import pytest
from google.protobuf.message import Message
from muster.admin.v1.admin_service_pb2 import BackupResponse
from muster.delivery.v1.delivery_pb2 import SOURCE_KIND_PACKAGE, Component
from muster.delivery.v1.deployment_pb2 import STRATEGY_RECREATE, Deployment
from muster.registry.v1.instance_pb2 import Instance
from muster_client.cli.document import document
from muster_client.cli.exits import CommandError, Exit
from muster_client.cli.output import Output, OutputFormat, Table
from muster_client.cli.reading import read_message

WEB = """
name: web
replicas: 2
labels: {team: shop, cost: 12}
description:
spec:
  version: 1.10
  artifacts:
    web: {kind: package, url: "file:///web.zip", properties: {size: 3, tags: [a, b], deep: {x: null}}}
  command: [python3, web.py, 8080]
  env:
    - {name: LEVEL, value: yes}
  readiness:
    http: {path: /health}
    delay: 0.5
    period: 2s
  strategy: STRATEGY_RECREATE
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "web.yaml"


def refused(file: Path, text: str, kind: type[Message] = Deployment) -> str:
    file.write_text(text)
    with pytest.raises(CommandError) as failure:
        read_message(str(file), kind)
    assert failure.value.exit_code is Exit.USAGE
    return failure.value.message.removeprefix(f"{file}:")


def test_scalars_are_what_their_fields_are(file: Path) -> None:
    file.write_text(WEB)

    found = read_message(str(file), Deployment)

    assert (found.name, found.replicas, found.description) == ("web", 2, "")
    assert dict(found.labels) == {"team": "shop", "cost": "12"}
    assert found.spec.version == "1.10"
    assert found.spec.command == ["python3", "web.py", "8080"]
    assert [(one.name, one.value) for one in found.spec.env] == [("LEVEL", "yes")]
    assert found.spec.artifacts["web"].kind == SOURCE_KIND_PACKAGE
    assert found.spec.artifacts["web"].properties["tags"][1] == "b"
    assert found.spec.readiness.delay.ToMilliseconds() == 500
    assert found.spec.readiness.period.ToSeconds() == 2
    assert found.spec.strategy == STRATEGY_RECREATE
    assert not found.spec.HasField("liveness")


@pytest.mark.parametrize("output_format", [OutputFormat.YAML, OutputFormat.JSON])
def test_what_is_shown_can_be_read_again(file: Path, output_format: OutputFormat, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(WEB)
    whole = read_message(str(file), Deployment)
    whole.create_time.FromSeconds(1_700_000_000)
    whole.replica_states.add(index=1, pid=1 << 40, state="REPLICA_STATE_READY", message="so: \x1b[1m it is\n")
    whole.revision = 1 << 60
    Output(output_format).show(Table((), ()), document(whole))
    file.write_text(capsys.readouterr().out)

    assert read_message(str(file), Deployment) == whole


def test_every_kind_of_scalar_is_read(file: Path) -> None:
    file.write_text("weight: 0.5\npersistent: True\n")
    assert read_message(str(file), Instance) == Instance(weight=0.5, persistent=True)
    file.write_text("chunk: 00ff")
    assert read_message(str(file), BackupResponse).chunk == b"\x00\xff"


def test_anchors_stand_for_what_they_name(file: Path) -> None:
    file.write_text("spec:\n  liveness: &check {tcp: {port: 80}}\n  readiness: *check\n")

    found = read_message(str(file), Deployment)

    assert found.spec.liveness == found.spec.readiness
    assert found.spec.readiness.tcp.port == 80


def test_other_name_of_a_field_wins_over_the_field(file: Path) -> None:
    file.write_text("application: shop\napplication_id: 123\nname: web\n")

    assert read_message(str(file), Component, {"application": "application_id"}).application_id == "shop"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: web\nspec:\n  verion: 1\n", "3: no field 'verion'; there are agents, artifacts, command"),
        ("replicas: two", "1: 'two' is not a whole number in range"),
        ("replicas: 3000000000", "1: '3000000000' is not a whole number in range"),
        ("name: a\n\nname: b", "3: 'name' stands here twice"),
        ("spec: {strategy: SIDEWAYS}", "1: 'SIDEWAYS' is none of ROLLING, RECREATE"),
        ("spec:\n  command: python3", "2: command is a list"),
        ("spec:\n  command: [[a]]", "2: one value is to stand here"),
        ("spec: web", "1: names with values are to stand here"),
        ("labels: [a]", "1: names with values are to stand here"),
        ("- name: web", "1: names with values are to stand here"),
        ("spec: {stop_grace: soon}", "1: 'soon' is not a number of seconds"),
        ("spec: {stop_grace: .inf}", "1: '.inf' is not a number of seconds"),
        ("create_time: yesterday", "1: 'yesterday' is not a time"),
        ("spec: {readiness: {tcp: {}, http: {}}}", "1: there is tcp already, and only one of both can be"),
        ("spec: {properties: {since: 2026-01-31}}", "1: what stands here is not what JSON can hold"),
        ("spec: {properties: &x {again: *x}}", "1: what stands here is not what JSON can hold"),
        ("labels: {<<: {a: b}}", "1: one value is to stand here"),
        ("name: {", "1: expected the node content"),
        ("name: \x00", " unacceptable character"),
        ("name: a\n---\nname: b", "2: but found another document"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(file: Path, text: str, message: str) -> None:
    assert refused(file, text).startswith(message)


def test_flag_and_number_that_are_none_are_refused(file: Path) -> None:
    assert refused(file, "persistent: perhaps", Instance) == "1: 'perhaps' is not true or false"
    assert refused(file, "weight: heavy", Instance) == "1: 'heavy' is not a number"
    assert refused(file, "chunk: xyz", BackupResponse) == "1: 'xyz' is not a text"


def test_file_that_is_empty_or_not_there_is_refused(file: Path) -> None:
    assert refused(file, "# nothing\n") == f"{file} is empty"
    file.unlink()
    with pytest.raises(CommandError, match="cannot read"):
        read_message(str(file), Deployment)
