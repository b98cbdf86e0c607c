"""What is delivered, as an archive writes it down and reads it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from core.delivered import FULL, delivered, spec
from muster.delivery.v1 import delivery_pb2
from muster_server.core.archived_delivery import Archived
from muster_server.core.delivery_model import ApplicationConfig, Component
from muster_server.core.deployment_commands import Upgrade
from muster_server.core.deployment_model import MAX_RECORDS, Deployment, Setup

from engine.archives import offset_of, read, sealed, written
from engine.test_archive_reader import refusal
from engine.test_archive_writer import records

Record = dict[str, Any]


def test_what_is_read_is_what_was_written() -> None:
    world = delivered(setup=Setup(FULL, {}, 1), description="the front", labels={"a": "b"})
    world.run(Upgrade(spec("2")))

    found = read(written(world)).delivery

    assert [type(one) for one in found] == [type(one) for one in world.archive().delivery]
    for one, archived in zip(found, world.archive().delivery, strict=True):
        assert unstamped(one) == unstamped(archived)
    deployment = found[-1]
    assert isinstance(deployment, Deployment)
    assert [record.spec for record in deployment.records] == [FULL, deployment.setup.spec]


def unstamped(archived: Archived) -> Archived:
    """What an archive holds of it."""
    if isinstance(archived, ApplicationConfig):
        return replace(archived, revision=0)
    if isinstance(archived, Deployment):
        archived = replace(archived, last_job_id="", before=None, is_failed=False)
    return replace(archived, revision=0, update_s=0.0)


def test_archive_says_in_words_what_is_delivered() -> None:
    found = records(written(delivered(setup=Setup(FULL, {}, 1))))

    assert [record["record"] for record in found] == [
        "environment",
        "application",
        "component",
        "application_config",
        "deployment",
        "version",
    ]
    assert found[0] == {
        "record": "environment",
        "namespace": "n",
        "id": "prod-id",
        "name": "prod",
        "description": "",
        "labels": {"region": "eu"},
        "creator": "ann",
        "create_time": 1001.0,
        "display_name": "",
        "resources": [["ecs", "Default", "any machine"]],
    }
    assert found[3] == {
        "record": "application_config",
        "application_id": "shop-id",
        "environment_id": "prod-id",
        "env": {"LEVEL": "debug", "A": "1"},
    }
    deployment = found[4]
    assert deployment["inherited"] == {"LEVEL": "debug", "A": "1"}
    assert (deployment["stopped"], deployment["halted"], deployment["agent"], deployment["number"]) == (False, False, "node-1", 1)
    assert deployment["spec"] == found[5]["spec"]
    assert deployment["spec"]["readiness"] == {
        "http": ["http", "h", 80, "/"],
        "tcp": None,
        "command": None,
        "delay_s": 0.0,
        "timeout_s": 1.0,
        "period_s": 2.0,
        "failure_threshold": 3,
    }


def made() -> dict[str, Record]:
    """The records of a small archive, by kind."""
    return {record["record"]: record for record in records(written(delivered(setup=Setup(FULL, {}, 1))))}


def change(kind: str, **fields: object) -> Callable[[dict[str, Record]], list[Record]]:
    """Records up to one of a kind, which has these fields."""

    def changed(whole: dict[str, Record]) -> list[Record]:
        kinds = list(whole)
        return [whole[each] for each in kinds[: kinds.index(kind)]] + [whole[kind] | fields]

    return changed


def change_spec(**fields: object) -> Callable[[dict[str, Record]], list[Record]]:
    return lambda whole: change("deployment", spec=whole["deployment"]["spec"] | fields)(whole)


def twice(kind: str) -> Callable[[dict[str, Record]], list[Record]]:
    return lambda whole: [*change(kind)(whole), whole[kind]]


def alone(kind: str) -> Callable[[dict[str, Record]], list[Record]]:
    return lambda whole: [whole[kind]]


def without(parent: str, kind: str) -> Callable[[dict[str, Record]], list[Record]]:
    return lambda whole: [record for record in change(kind)(whole) if record["record"] != parent]


def of_another_application(whole: dict[str, Record]) -> list[Record]:
    other = whole["application"] | {"id": "other", "name": "other"}
    return [
        whole["environment"],
        whole["application"],
        other,
        whole["component"],
        whole["deployment"] | {"application_id": "other"},
    ]


def of_another_namespace(whole: dict[str, Record]) -> list[Record]:
    return [whole["environment"] | {"namespace": "m"}, *change("application_config")(whole)[1:]]


def too_many_versions(whole: dict[str, Record]) -> list[Record]:
    spec = whole["version"]["spec"]
    versions = [whole["version"] | {"spec": spec | {"version": str(number)}} for number in range(MAX_RECORDS + 1)]
    return [*change("deployment")(whole), *versions]


def nested(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels - 1):
        found = {"a": found}
    return found


def test_all_records_are_taken() -> None:
    assert len(read(sealed(*made().values())).delivery) == 5


def test_properties_may_be_nested_as_deeply_as_the_wire_carries_them() -> None:
    message = delivery_pb2.Component()
    message.build.update(nested(33))
    assert delivery_pb2.Component.FromString(message.SerializeToString()) == message

    found = read(sealed(*change("component", build=nested(33))(made()))).delivery[-1]

    assert isinstance(found, Component)
    assert found.build == nested(33)


@pytest.mark.parametrize(
    "damage",
    [
        change("environment", id="../../etc/passwd"),
        change("environment", id=""),
        change("environment", id="x" * 65),
        change("environment", name="1"),
        change("environment", namespace=""),
        change("environment", labels={"": "x"}),
        change("environment", create_time=float("nan")),
        change("environment", creator="x" * 257),
        change("environment", resources=[["ecs"]]),
        change("environment", resources=[["", "1", ""]]),
        change("environment", revision=5),
        change("application", name=""),
        change("component", application_id="other"),
        change("component", application_id="prod-id"),
        change("component", runtime=""),
        change("component", source={"kind": 9, "url": "x", "properties": {}}),
        change("component", source={"kind": 1, "url": "", "properties": {}}),
        change("component", source={"kind": 1, "url": "x", "properties": {"a": float("nan")}}),
        change("component", source={"kind": 1, "url": "x", "properties": {"a": b"bytes"}}),
        change("component", source={"kind": 1, "url": "x", "properties": {"a": [{5: "no name"}]}}),
        change("component", build=nested(34)),
        change("component", build={"a": "x" * (64 << 10)}),
        change("component", namespace="m"),
        change("application_config", env={"1": "x"}),
        change("application_config", env={"A": "\0"}),
        change("application_config", environment_id="shop-id"),
        change("deployment", replicas=0),
        change("deployment", replicas=101),
        change("deployment", name="Web"),
        change("deployment", number=0),
        change("deployment", generation=2**62),
        change("deployment", agent="x" * 65),
        change("deployment", inherited={"A": 1}),
        change("deployment", inherited={"": "1"}),
        change("deployment", is_dropped=True),
        change("deployment", namespace="m"),
        change("deployment", component_id="shop-id"),
        change_spec(version=""),
        change_spec(command=["x" * (65 << 10)]),
        change_spec(stop_grace_s=float("inf")),
        change_spec(strategy=3),
        change_spec(restart_policy="never"),
        change_spec(liveness={"http": None}),
        change_spec(pre_stop={"http": None, "command": None}),
        change_spec(post_start={"http": ["ftp", "h", 80, "/"], "command": None}),
        change_spec(artifacts={"web": {"kind": 1, "url": "x", "sha256": "no", "properties": {}}}),
        change_spec(properties={"a": float("inf")}),
        change_spec(other=1),
        change("version", deployment_id="other"),
        change("version", deployment_id="web-id"),
        change("version", create_time=-1.0),
        twice("environment"),
        twice("component"),
        twice("application_config"),
        twice("deployment"),
        twice("version"),
        alone("component"),
        alone("application_config"),
        alone("deployment"),
        alone("version"),
        without("environment", "application_config"),
        without("application", "component"),
        without("component", "deployment"),
        of_another_application,
        of_another_namespace,
        too_many_versions,
    ],
)
def test_record_that_cannot_be_is_refused_where_it_stands(damage: Callable[[dict[str, Record]], list[Record]]) -> None:
    broken = damage(made())

    error = refusal(sealed(*broken))

    assert offset_of(error) == len(sealed(*broken[:-1])) - 44
