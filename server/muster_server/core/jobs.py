"""How a job goes on: its tasks one after the other, each over before the next begins, and its end, which never changes."""

from collections.abc import Iterator
from dataclasses import replace

from muster_server.core.delivery_state import DeliveryState
from muster_server.core.deployment_model import (
    MAX_MESSAGE_BYTES,
    MAX_TASKS,
    MAX_WAIT_S,
    Deployment,
    DeploymentSpec,
    Job,
    JobKind,
    JobState,
    Task,
)
from muster_server.core.errors import Reason

RETENTION_S = 7 * 24 * 3600.0
MAX_JOBS = 10_000
PLACE, FETCH, ROLL_BACK = "place", "fetch", "roll back"
QUIET_S = 600.0
"""How long an agent may tell nothing new of a job, beyond what is its right."""

_DESCRIPTIONS = {
    JobKind.CREATE: "create {name} at version {version} with {replicas} replicas",
    JobKind.UPGRADE: "upgrade {name} to version {version}",
    JobKind.SCALE: "scale {name} to {replicas} replicas",
    JobKind.START: "start {name}",
    JobKind.STOP: "stop {name}",
    JobKind.RESTART: "restart {name}",
    JobKind.ROLLBACK: "roll {name} back to version {version}",
    JobKind.DELETE: "delete {name}",
    JobKind.RESTORE: "restore {name} at version {version} with {replicas} replicas",
}


def begun(deployment: Deployment, kind: JobKind, job_id: str, creator: str, wall_s: float) -> Job:
    """A new job, its first task under way."""
    description = _DESCRIPTIONS[kind].format(
        name=deployment.name, version=deployment.setup.spec.version, replicas=deployment.replicas
    )
    return Job(
        id=job_id,
        namespace=deployment.namespace,
        deployment_id=deployment.id,
        deployment_name=deployment.name,
        kind=kind,
        state=JobState.RUNNING,
        tasks=(Task(PLACE, JobState.RUNNING, "", wall_s, wall_s),),
        generation=deployment.generation,
        description=description,
        creator=creator,
        create_s=wall_s,
        update_s=wall_s,
    )


def at_step(job: Job, step: str, message: str, wall_s: float) -> Job:
    """The job at a step: what it was at is done with that. Above the limit of tasks, the last one goes on under its name."""
    last = job.tasks[-1]
    if step == last.name or len(job.tasks) == MAX_TASKS or job.state is JobState.ROLLING_BACK:
        return _with_last(job, replace(last, message=_cut(message)), wall_s)
    done = _with_last(job, replace(last, state=JobState.SUCCEEDED), wall_s)
    return replace(done, tasks=(*done.tasks, Task(step, JobState.RUNNING, _cut(message), wall_s, wall_s)))


def given_up(job: Job, reason: Reason | None) -> Job:
    """The job whose last task has this reason to fail."""
    return replace(job, tasks=(*job.tasks[:-1], replace(job.tasks[-1], reason=reason)))


def patience_s(deployment: Deployment, job: Job) -> float:
    """How long the server waits for news of a job before it gives it up.

    Nothing needs to be told while a package waits for others to be fetched, an hour each at most, or while a replica takes the time
    that its spec gives it. What is rolled back or restored stops replicas of a spec that is not kept any more: it has the longest.
    """
    if job.state is JobState.ROLLING_BACK or job.kind is JobKind.RESTORE or job.tasks[-1].name == FETCH:
        return QUIET_S + MAX_WAIT_S
    specs = [setup.spec for setup in (deployment.setup, deployment.before) if setup is not None]
    return QUIET_S + max(wait_s for spec in specs for wait_s in (spec.stop_grace_s, _ready_s(spec)))


def turned_round(job: Job, generation: int, message: str, wall_s: float) -> Job:
    """The job has failed and brings back what was before, as another generation."""
    failed = _with_last(job, replace(job.tasks[-1], state=JobState.FAILED, message=_cut(message)), wall_s)
    tasks = (*failed.tasks[: MAX_TASKS - 1], Task(ROLL_BACK, JobState.RUNNING, _cut(message), wall_s, wall_s))
    return replace(failed, state=JobState.ROLLING_BACK, tasks=tasks, generation=generation)


def ended(job: Job, state: JobState, message: str, wall_s: float) -> Job:
    """The job is over, and its last task with it. What was rolled back has failed."""
    task_state = JobState.FAILED if state is JobState.ROLLED_BACK else state
    last = job.tasks[-1]
    said = f"{last.message}: {message}" if state is JobState.ROLLED_BACK and last.message else message or last.message
    return replace(_with_last(job, replace(last, state=task_state, message=_cut(said)), wall_s), state=state)


def outdated(delivery: DeliveryState, wall_s: float) -> Iterator[Job]:
    """The jobs that need no longer be kept, the oldest first: those that ended long ago, or are too many. Never a last one."""
    surplus = len(delivery.jobs) - MAX_JOBS + 1
    for index, job in enumerate(delivery.jobs.values()):
        if index >= surplus and job.update_s > wall_s - RETENTION_S:
            return
        deployment = delivery.things.get(job.deployment_id)
        is_last = isinstance(deployment, Deployment) and deployment.last_job_id == job.id
        if job.state.is_over and not is_last:
            yield job


def _ready_s(spec: DeploymentSpec) -> float:
    if spec.ready_timeout_s is not None:
        return spec.ready_timeout_s
    return max((asked.delay_s for asked in (spec.readiness, spec.liveness) if asked is not None), default=0.0)


def _with_last(job: Job, task: Task, wall_s: float) -> Job:
    return replace(job, tasks=(*job.tasks[:-1], replace(task, update_s=wall_s)), update_s=wall_s)


def _cut(message: str) -> str:
    return message.encode()[:MAX_MESSAGE_BYTES].decode(errors="ignore")
