"""`muster top`: rates between two looks at the server."""

import asyncio

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from muster.admin.v1.admin_service_pb2 import GetServerInfoResponse, Latency
from muster_client import Client, Endpoint, Instance
from muster_client.cli.output import plain_text
from muster_client.cli.top import Reading, headline, reading_document, reading_line, reading_table
from running import running_server

from cli.running_cli import muster, terminal


def info(calls: int, pushes: int, total_ms: int) -> GetServerInfoResponse:
    return GetServerInfoResponse(
        version="1.2.3",
        epoch=7,
        revision=calls,
        start_time=Timestamp(seconds=1_700_000_000),
        storage="sqlite",
        call_count=calls,
        push_count=pushes,
        push=Latency(count=pushes, total=Duration(nanos=total_ms * 1_000_000), p50=Duration(nanos=90_000), p99=Duration(seconds=2)),
        memory_bytes=50 << 20,
    )


READING = Reading(info=info(300, 30, 60), before=info(100, 10, 20), seconds=2.0)


def test_rates_are_those_between_the_two_looks() -> None:
    assert READING.rate("call_count") == 100
    assert READING.rate("push_count") == 10
    assert READING.mean_s("push") == pytest.approx(0.002)
    assert READING.mean_s("commit") == 0


def test_rate_of_a_count_that_went_back_is_zero() -> None:
    assert Reading(info(1, 0, 0), info(5, 0, 0), 1.0).rate("call_count") == 0


def test_table_shows_counts_rates_and_latencies() -> None:
    lines = {line.split()[0]: line.split()[1:] for line in plain_text(reading_table(READING)).splitlines()}

    assert lines["calls"] == ["300", "100.0"]
    assert lines["pushes"] == ["30", "10.0", "2.0", "ms", "90", "µs", "2.00", "s"]
    assert lines["memory"] == ["50.0", "MiB"]


def test_line_says_the_same_in_short() -> None:
    assert "calls/s 100.0  pushes/s 10.0  push p99 2.00 s  loop lag p99 -" in reading_line(READING)


def test_document_holds_what_the_server_said_and_the_rates() -> None:
    found = reading_document(READING)

    assert (found["version"], found["interval_s"]) == ("1.2.3", 2.0)
    assert found["per_second"] == {"call_count": 100.0, "push_count": 10.0}
    assert found["mean_s"] == {"push": 0.002, "commit": 0.0, "loop_lag": 0.0}


def test_headline_says_who_the_server_is() -> None:
    assert headline(READING.info, "host:1") == "Muster 1.2.3 at host:1, sqlite, since 2023-11-14T22:13:20Z, revision 300"


async def test_top_in_a_pipe_writes_a_line_for_each_look() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        await client.register("api", Instance(endpoints=[Endpoint(host="one", port=80)]))

        table = await muster(server, "top", "--interval", "0.1", "--count", "2")
        documents = await muster(server, "top", "--count", "1", "-o", "json")

        assert table.status == 0
        assert [("instances 1" in line, "sessions 1" in line) for line in table.out.splitlines()] == [(True, True)] * 2
        assert documents.document["instance_count"] == 1
        assert documents.out.count("\n") == 1


async def test_top_on_a_terminal_redraws_until_ctrl_c() -> None:
    async with running_server() as server, Client(server.grpc_target) as client:
        with terminal(server.grpc_target, "top", "--interval", "0.1") as screen:
            await asyncio.to_thread(screen.wait_for, "loop lag")
            await client.register("api", Instance(endpoints=[Endpoint(host="one", port=80)]))
            await asyncio.to_thread(screen.wait_for, "sessions 1")

            screen.type("\x03")
            status = await asyncio.to_thread(screen.end)

        assert status == 0
        assert "Traceback" not in screen.screen


async def test_version_of_the_server_is_asked_for() -> None:
    async with running_server() as server:
        answer = await muster(server, "version", "--server", "-o", "json")

        assert set(answer.document) == {"client", "server"}
