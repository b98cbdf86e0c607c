"""How a job is told of."""

import io

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from muster.delivery.v1.deployment_pb2 import Job, JobState, Task
from muster_client.cli.exits import CommandError, Exit
from muster_client.cli.job_following import check, lines, picture
from rich.console import Console


def job(state: str, *tasks: tuple[str, str, str]) -> Job:
    """A job of 2.5 s whose tasks have these names, states and messages."""
    made = [
        Task(
            index=index,
            name=name,
            state=JobState.Value(f"JOB_STATE_{task_state}"),
            message=message,
            create_time=Timestamp(seconds=10),
            update_time=Timestamp(seconds=11),
        )
        for index, (name, task_state, message) in enumerate(tasks)
    ]
    return Job(
        id="7",
        deployment_name="web",
        description="upgrade web",
        state=JobState.Value(f"JOB_STATE_{state}"),
        tasks=made,
        create_time=Timestamp(seconds=10),
        update_time=Timestamp(seconds=12, nanos=500_000_000),
    )


BEFORE = job("RUNNING", ("place", "SUCCEEDED", ""), ("fetch", "RUNNING", "1 of 2 bytes"))
AFTER = job("RUNNING", ("place", "SUCCEEDED", ""), ("fetch", "SUCCEEDED", "2 of 2 bytes"), ("start", "RUNNING", ""))
ROLLED_BACK = job("ROLLED_BACK", ("start", "FAILED", "it wrote last:\nno luck"), ("roll back", "FAILED", "1 runs again"))


def test_job_is_told_from_its_begin() -> None:
    assert list(lines(None, BEFORE)) == [
        "upgrade web, job 7",
        "web  place  SUCCEEDED",
        "web  fetch  RUNNING  1 of 2 bytes",
    ]


def test_only_what_is_new_is_told() -> None:
    assert list(lines(BEFORE, AFTER)) == ["web  fetch  SUCCEEDED  2 of 2 bytes", "web  start  RUNNING"]
    assert list(lines(AFTER, AFTER)) == []


def test_end_is_told_with_its_time_and_messages_are_lines() -> None:
    assert list(lines(AFTER, ROLLED_BACK))[-2:] == ["web  roll back  FAILED  1 runs again", "web  ROLLED_BACK after 2.50 s"]
    assert "web  start  FAILED  it wrote last: no luck" in lines(None, ROLLED_BACK)


def test_job_that_did_not_succeed_is_a_failure_for_its_first_reason() -> None:
    with pytest.raises(CommandError) as failure:
        check(ROLLED_BACK)

    assert failure.value.exit_code is Exit.FAILED
    assert failure.value.message == "upgrade web: it wrote last: no luck (ROLLED_BACK)"
    check(job("SUCCEEDED", ("place", "SUCCEEDED", "")))


@pytest.mark.parametrize(("shown", "title"), [(AFTER, "upgrade web\n"), (ROLLED_BACK, "upgrade web: ROLLED_BACK after 2.50 s\n")])
def test_picture_has_what_it_does_and_its_steps(shown: Job, title: str) -> None:
    console = Console(width=120, record=True, file=io.StringIO())

    console.print(picture(shown))

    text = console.export_text()
    assert title in text
    assert [line.split()[0] for line in text.splitlines() if line.strip()][-len(shown.tasks) :] == [
        task.name.split()[0] for task in shown.tasks
    ]
