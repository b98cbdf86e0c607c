"""What the real servers of the dialects answered, replayed against Muster. What differs on purpose is in deviations.toml."""

import argparse
import concurrent.futures
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from muster.admin.v1 import access_service_pb2 as access
from muster.admin.v1 import access_service_pb2_grpc
from program import Program, start, start_gateway

from interop import replay

HERE = Path(__file__).parent
PASSWORD = "correct horse battery"
ROOT, ROOTS_PASSWORD = "root", "Root!123456"  # as the records of profile `rbac` have it
FLAGS = {
    "nacos-auth": ("--auth",),
    "servicecomb-rbac": ("--auth", "--max-definitions", "6", "--max-instances", "3"),
}
DEVIATIONS = tomllib.loads((HERE / "deviations.toml").read_text())


@pytest.fixture(params=["local", "apart"])
def program(tmp_path: Path, request: pytest.FixtureRequest, name: str) -> Iterator[Program]:
    """A server, or a gateway apart from it. Some records are of one that asks for credentials."""
    flags = FLAGS.get(name, ())
    running = start(tmp_path / "data", "--storage", "memory", *flags)
    if name == "nacos-auth":
        httpx.post(f"http://{running.http}/nacos/v3/auth/user/admin", data={"password": PASSWORD}).raise_for_status()
    if name == "servicecomb-rbac":
        with grpc.insecure_channel(running.grpc) as channel:
            first = access.CreateFirstUserRequest(user=ROOT, password=ROOTS_PASSWORD)
            access_service_pb2_grpc.AccessServiceStub(channel).CreateFirstUser(first)
    if request.param == "local":
        yield running
    else:
        gateway = start_gateway(tmp_path / "gateway", running, *flags[:1])
        yield gateway
        gateway.kill()
    running.kill()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["finders", "kie", "nacos-http", "nacos-auth", "servicecomb", "servicecomb-rbac"])
def test_golden_answers_hold_but_for_the_listed_deviations(program: Program, name: str) -> None:
    file = name.removesuffix("-rbac")
    lines = (HERE / "golden" / f"{file}.jsonl").read_text().splitlines()
    records = [record for record in map(json.loads, lines) if (record.get("profile") == "rbac") is (file != name)]
    runner = make_runner(program, "nacos" if name == "nacos-auth" else None)

    results = run_all(runner, records)

    unmet = {name_ for name_, differences in results.items() if differences}
    listed = set(DEVIATIONS[file]) & results.keys()
    assert not unmet - listed, {key: results[key] for key in unmet - listed}
    assert not listed - unmet, f"listed, but met: {sorted(listed - unmet)}"


def test_deviations_name_records_and_give_reasons() -> None:
    for name, entries in DEVIATIONS.items():
        known = {json.loads(line)["id"] for line in (HERE / "golden" / f"{name}.jsonl").read_text().splitlines()}
        assert entries.keys() <= known
        assert all(len(reason) > 10 for reason in entries.values())


def make_runner(program: Program, user: str | None = None) -> Any:
    host, port = program.http.split(":")
    address: dict[str, Any] = {"host": host, "port": int(port), "server": []}
    login = {"user": user, "password": PASSWORD, "login_path": "/nacos/v3/auth/user/login"}
    return replay.Runner(argparse.Namespace(**address, **login, timeout=40, key_order=False))


def run_all(runner: Any, records: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Differences by record id. Records are independent but for sequences; those that wait longest start first."""
    chains: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        chains.setdefault(record.get("sequence", record["id"]), []).append(record)

    def run(chain: list[dict[str, Any]]) -> dict[str, list[str]]:
        values = runner.new_values(chain[0])
        return {record["id"]: runner.replay(record, values) for record in chain}

    def waiting(chain: list[dict[str, Any]]) -> float:
        return -sum(step.get("wait_ms", 0) for record in chain for step in record.get("setup", []) + record.get("steps", []))

    results: dict[str, list[str]] = {}
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        for result in pool.map(run, sorted(chains.values(), key=waiting)):
            results |= result
    return results
