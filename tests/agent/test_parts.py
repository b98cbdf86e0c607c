"""The small parts of the agent, each alone."""

import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest
from muster.delivery.v1.deployment_pb2 import HttpCheck, Limits, Probe
from muster_agent import logs
from muster_agent.backoff import Backoff
from muster_agent.limits import Limiter
from muster_agent.ports import Ports
from muster_agent.probing import Place, probe
from muster_agent.processes import Ended, Identity, Process, _start_ticks, boot_id, find_marked, is_running, kill_marked
from muster_agent.store import DeploymentRecord, ReplicaRecord, Store

T = TypeVar("T")
SLEEP = [sys.executable, "-c", "import time; time.sleep(3600)"]


async def until(look: Callable[[], T | None]) -> T:
    """Another process does it: there is no event to wait for."""
    async with asyncio.timeout(10):
        while not (found := look()):  # noqa: ASYNC110  # as said
            await asyncio.sleep(0.01)
    return found


def test_pauses_grow_to_a_minute_and_begin_anew_after_a_minute_of_health() -> None:
    now_s = 0.0
    backoff = Backoff(lambda: now_s)
    assert [backoff.next_s() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.ready()
    now_s = 59.0
    assert backoff.next_s() == 60
    backoff.ready()
    now_s = 59.0 + 60.0
    assert [backoff.next_s(), backoff.next_s()] == [1, 2]
    backoff.reset()
    assert backoff.next_s() == 1


def test_limits_without_cgroups_are_resource_limits(tmp_path: Path) -> None:
    limiter = Limiter(tmp_path / "none")
    assert "RLIMIT_DATA" in limiter.text
    process = subprocess.Popen(SLEEP)
    try:
        limiter.apply("web-0", process.pid, Limits(cpu_milli=500, memory_bytes=64 << 20))
        assert resource.prlimit(process.pid, resource.RLIMIT_DATA) == (64 << 20, 64 << 20)
        assert len(os.sched_getaffinity(process.pid)) == 1
    finally:
        process.kill()
        process.wait()


def test_limits_by_cgroups_where_they_are_ours_to_make(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    limiter = Limiter(tmp_path)
    assert limiter.text == "memory and processors by cgroups"
    limiter.apply("web-0", 4711, Limits(cpu_milli=1500, memory_bytes=64 << 20))
    group = tmp_path / "muster-agent" / "web-0"
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpu +memory"
    assert (group / "memory.max").read_text() == str(64 << 20)
    assert (group / "cpu.max").read_text() == "150000 100000"
    assert (group / "cgroup.procs").read_text() == "4711"


def test_cgroups_that_refuse_are_not_tried_again(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
    (tmp_path / "muster-agent").write_text("in the way")
    limiter = Limiter(tmp_path)
    process = subprocess.Popen(SLEEP)
    try:
        limiter.apply("web-0", process.pid, Limits(memory_bytes=64 << 20))
        assert resource.prlimit(process.pid, resource.RLIMIT_DATA)[0] == 64 << 20
        assert "RLIMIT_DATA" in limiter.text
    finally:
        process.kill()
        process.wait()


def test_ports_are_free_and_given_once() -> None:
    ports = Ports()
    given = [ports.take(0) for _ in range(50)]
    assert len(set(given)) == 50
    assert ports.take(given[0]) == given[0]  # its own again
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        assert ports.take(squatter.getsockname()[1]) != squatter.getsockname()[1]
    assert ports.take(0, "8080") == 8080


def test_logs_rotate_in_place_and_are_read_across_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_FILE_BYTES", 100)
    path = tmp_path / "0.log"
    with path.open("ab", buffering=0) as writer:
        for number in range(20):
            writer.write(f"line {number}\n".encode())
        logs.rotate(path)
        assert path.stat().st_size == 0
        writer.write(b"line 20\n")
        assert path.read_bytes() == b"line 20\n"
    assert b"".join(logs.tail(path, 3, logs.size(path))) == b"line 18\nline 19\nline 20\n"
    assert b"".join(logs.tail(path, 1, logs.size(path))) == b"line 20\n"
    assert logs.tail(path, 0, logs.size(path)) == []
    assert logs.tail(tmp_path / "none.log", 5, 0) == []
    assert logs.last_lines(path, 5, 0) == "line 20"


def test_last_lines_are_those_of_the_last_process(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    assert logs.last_lines(path, 5, 0) == ""
    path.write_text("of the one before\n")
    begin = logs.size(path)
    assert logs.last_lines(path, 5, begin) == ""
    path.write_text("of the one before\nits own\n")

    assert logs.last_lines(path, 5, begin) == "its own"
    assert logs.last_lines(path, 5, begin=1000) == "of the one before\nits own"  # it was rotated


async def test_following_begins_where_the_tail_ended_and_survives_rotation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "POLL_S", 0.01)
    monkeypatch.setattr(logs, "MAX_FILE_BYTES", 10)
    log, other = logs.Log(0, 1, "1.0.0"), logs.Log(1, 1, "1.0.0")
    path = log.within(tmp_path)
    path.write_bytes(b"before, and long\n")
    ends = logs.ends(tmp_path, None)
    following = logs.follow(tmp_path, None, ends)
    with path.open("ab", buffering=0) as writer:
        writer.write(b"one\npart of ")
        assert logs.tail(path, 9, ends[log]) == [b"before, and long\n"]
        assert await anext(following) == (log, b"one\n")
        logs.rotate(path)
        writer.write(b"two\n")
        assert await anext(following) == (log, b"two\n")
        writer.write(b"x" * (logs.CHUNK_BYTES + 5) + b"\n")
        assert await anext(following) == (log, b"x" * logs.CHUNK_BYTES)  # a line longer than a chunk comes in parts
        assert await anext(following) == (log, b"x" * 5 + b"\n")
    other.within(tmp_path).write_bytes(b"another\n")
    assert await anext(following) == (other, b"another\n")
    await following.aclose()
    assert logs.ends(tmp_path, 1) == {other: 8}


def written(directory: Path, log: logs.Log, text: str, moment_s: float) -> Path:
    path = log.within(directory)
    path.write_text(text)
    os.utime(path, (moment_s, moment_s))
    return path


def test_lines_that_a_version_lacks_are_those_of_the_version_before_it_whatever_they_are_called(tmp_path: Path) -> None:
    new, old, other = logs.Log(0, 1, "2-0.log"), logs.Log(0, 7, "10"), logs.Log(1, 7, "10")  # it was rolled back to an earlier one
    written(tmp_path, new, "c\nd\n", 2000.0)
    written(tmp_path, old, "a\nb\n", 1000.0)
    written(tmp_path, other, "x\n", 1500.0)

    ends = logs.ends(tmp_path, None)

    assert list(ends) == [old, new, other]
    assert list(logs.tails(tmp_path, 3, ends)) == [(old, b"b\n"), (new, b"c\nd\n"), (other, b"x\n")]
    assert list(logs.tails(tmp_path, 1, ends)) == [(new, b"d\n"), (other, b"x\n")]
    assert list(logs.tails(tmp_path, 0, ends)) == []


@pytest.mark.parametrize(("used", "left"), [((), (10, 2)), ((9,), (9, 2)), ((7,), (2,)), ((9, 7), (9,)), ((9, 1, 10), (9, 1, 10))])
def test_two_files_of_an_index_are_kept_those_in_use_first(tmp_path: Path, used: Sequence[int], left: Sequence[int]) -> None:
    files = {number: logs.Log(0, number, "1").within(tmp_path) for number in (9, 1, 10, 2, 7)}
    for moment, number in enumerate((9, 1, 10, 2)):  # 7 begins now
        written(tmp_path, logs.Log(0, number, "1"), "x\n", 1000.0 + moment)
    other = written(tmp_path, logs.Log(1, 1, "1"), "x\n", 1.0)
    files[2].with_name("0-2-1.log.1").write_text("x\n")

    logs.make_room(tmp_path, 0, {files[number] for number in used})

    rotated = {tmp_path / "0-2-1.log.1"} if 2 in left else set()
    assert set(tmp_path.iterdir()) == {files[number] for number in left} | rotated | {other}


async def test_process_is_found_by_its_mark_and_only_itself_is_adopted(tmp_path: Path) -> None:
    mark = f"test-{os.getpid()}"
    process = Process.start(SLEEP, tmp_path, {**os.environ, "MUSTER_REPLICA": mark}, tmp_path / "log")
    try:
        found = await until(lambda: find_marked(mark))  # it has not become the program at once
        assert found == process.identity
        assert Process.adopt(found) is not None
        assert Process.adopt(Identity(found.pid, found.start_ticks + 1, found.boot)) is None
        assert Process.adopt(Identity(found.pid, found.start_ticks, "another boot")) is None
    finally:
        await process.kill()
    assert not is_running(process.identity)
    assert find_marked(mark) is None


async def test_stop_leaves_nothing_of_the_group_behind(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = "import subprocess, time; child = subprocess.Popen(['sleep', '3600']); print(child.pid, flush=True); time.sleep(3600)"
    process = Process.start([sys.executable, "-c", program], tmp_path, dict(os.environ), log)
    child = int(await until(log.read_text))
    assert await process.stop(5.0)
    await until(lambda: _start_ticks(child) is None)


async def test_a_signal_never_reaches_a_stranger_with_the_same_number(tmp_path: Path) -> None:
    stranger = await asyncio.create_subprocess_exec(*SLEEP, start_new_session=True)
    try:
        ghost = Process(Identity(stranger.pid, 1, boot_id()), None)
        ghost._signal(signal.SIGKILL)
        assert stranger.returncode is None
        assert _start_ticks(stranger.pid) is not None
    finally:
        stranger.kill()
        await stranger.wait()


async def test_store_remembers_and_is_one_agents_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "state")
    replica = ReplicaRecord(
        index=0, mark="m", spec_generation=1, spec=b"\x00\xff", directory="/x", port=1, process=Identity(1, 2, "boot")
    )
    record = DeploymentRecord(deployment_id="d", desired=b"\x01", replicas=[replica], package="p", package_generation=1)
    await store.save(record)
    assert store.load() == [record]
    assert oct((tmp_path / "state" / "d.json").stat().st_mode)[-3:] == "600"
    with pytest.raises(OSError, match="in use by another agent"):
        Store(tmp_path / "state")
    await store.forget("d")
    store.close()
    other = Store(tmp_path / "state")
    assert len(store.agent_id) == 32
    assert other.agent_id == store.agent_id
    assert other.load() == []
    other.close()


async def test_daemons_of_a_session_of_their_own_are_found_by_their_mark_and_killed(tmp_path: Path) -> None:
    mark, log = f"daemon-{os.getpid()}", tmp_path / "log"
    program = (
        "import subprocess, time\n"
        "child = subprocess.Popen(['sleep', '3600'], start_new_session=True)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(3600)\n"
    )
    process = Process.start([sys.executable, "-c", program], tmp_path, {**os.environ, "MUSTER_REPLICA": mark}, log)
    daemon = int(await until(log.read_text))
    await process.stop(5.0)
    assert _start_ticks(daemon) is not None

    assert await asyncio.to_thread(kill_marked, mark) == 1

    await until(lambda: _start_ticks(daemon) is None)
    assert kill_marked(mark) == 0


async def test_who_waits_for_a_process_does_not_wait_for_a_stranger_with_its_number() -> None:
    async with asyncio.timeout(10):
        assert await Process(Identity(os.getpid(), 1, boot_id()), None).wait() == Ended(None)


def test_rotation_keeps_the_end_of_a_file_that_grew_faster_than_anybody_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_FILE_BYTES", 100)
    path = tmp_path / "0.log"
    path.write_bytes(b"x" * 5000 + b"y" * 100)

    logs.rotate(path)

    assert (tmp_path / "0.log.1").read_bytes() == b"y" * 100
    assert path.stat().st_size == 0


def test_copy_of_an_agents_directory_on_another_machine_is_another_agent(tmp_path: Path) -> None:
    ids = []
    for machine in ("one", "two", "one"):
        with closing(Store(tmp_path, machine)) as store:
            ids.append(store.agent_id)

    assert ids[0] == ids[2] != ids[1]


async def test_those_who_save_at_once_have_few_writes_together_and_each_finds_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    monkeypatch.setattr(os, "fsync", written.append)
    record = DeploymentRecord(deployment_id="d", desired=b"")
    with closing(Store(tmp_path)) as store:

        async def save(number: int) -> None:
            record.package_generation = number
            await store.save(record)
            assert store.load()[0].package_generation >= number

        await asyncio.gather(*map(save, range(100)))

    assert 1 <= len(written) <= 3


@pytest.mark.parametrize("damaged", [b"", b'{"deployment_id": "d"', b'{"version": 2}', b"\xff"])
def test_record_that_cannot_be_read_is_named_and_stays(tmp_path: Path, damaged: bytes) -> None:
    with closing(Store(tmp_path)) as store:
        (tmp_path / "d.json").write_bytes(damaged)

        with pytest.raises(OSError, match=r"d\.json cannot be read"):
            store.load()

        assert (tmp_path / "d.json").read_bytes() == damaged


@pytest.mark.parametrize("line", [b"x" * 100_000, b"HTTP/1.1 200\r\n"])
async def test_http_probe_of_what_sends_a_line_without_an_end_is_answered(tmp_path: Path, line: bytes) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(line)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        place = Place(server.sockets[0].getsockname()[1], tmp_path, {})
        why = await probe(Probe(http=HttpCheck()), place)

    assert bool(why) is (b"200" not in line)
    assert await probe(Probe(http=HttpCheck(host=f"{'x' * 70}.example")), place)
