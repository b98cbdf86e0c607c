"""The rules of deployments: one job at a time, which says what is wanted, and ends when an agent has made it so."""

from dataclasses import replace
from typing import TypeVar
from uuid import uuid5

from muster_server.core import jobs
from muster_server.core.delivery_commands import DeliveryChanged, DeliveryDiscarded, Kept, Ref
from muster_server.core.delivery_model import Component, Environment
from muster_server.core.delivery_state import Thing
from muster_server.core.deployment_commands import (
    Advance,
    BeginJob,
    CreateDeployment,
    Delete,
    DeleteComponent,
    DeploymentCommand,
    Finish,
    Intent,
    Place,
    Restart,
    Rollback,
    Scale,
    Start,
    Stop,
    Upgrade,
)
from muster_server.core.deployment_model import (
    MAX_RECORDS,
    Deployment,
    DeploymentSpec,
    Job,
    JobKind,
    JobState,
    ReleaseRecord,
    Setup,
)
from muster_server.core.errors import MusterError, Reason
from muster_server.core.naming import limit_exceeded
from muster_server.core.turn import Turn

ANY_AGENT = "Default"
"""The id of the resource that stands for any agent of an environment."""

_MOMENT_S = 0.001
T = TypeVar("T", bound=Thing)
_KINDS = {
    Upgrade: JobKind.UPGRADE,
    Scale: JobKind.SCALE,
    Start: JobKind.START,
    Stop: JobKind.STOP,
    Restart: JobKind.RESTART,
    Rollback: JobKind.ROLLBACK,
    Delete: JobKind.DELETE,
}


def decide_deployment(turn: Turn, command: DeploymentCommand) -> Kept | None:
    """Collect in `turn.events` what a command means, and answer what its class says. Raises MusterError; then nothing happened."""
    match command:
        case CreateDeployment():
            _forget_jobs(turn)
            return create(turn, command)
        case BeginJob():
            _forget_jobs(turn)
            return begin(turn, command)
        case DeleteComponent():
            delete_component(turn, command)
        case Place():
            place(turn, command)
        case Advance():
            if (job := _job_of(turn, command.deployment_id, command.generation)) is not None:
                _keep_job(turn, jobs.at_step(job, command.step, command.message, turn.wall_s))
        case Finish():
            finish(turn, command)
    return None


def create(turn: Turn, command: CreateDeployment) -> Deployment:
    """Raises MusterError: ..._NOT_FOUND, RESOURCE_NOT_FOUND, COMPONENT_DELETING, DEPLOYMENT_EXISTS, LIMIT_EXCEEDED."""
    said, delivery = command.deployment, turn.state.delivery
    component = delivery.find(Ref(Component, said.namespace, said.component_id, said.application_id))
    if component.is_deleting:
        raise MusterError(Reason.COMPONENT_DELETING, f"the component {component.name!r} is being deleted")
    _check_resources(turn, said.namespace, said.environment_id, said.setup.spec)
    if delivery.named(said) is not None:
        raise MusterError(Reason.DEPLOYMENT_EXISTS, f"the deployment {said.name!r} exists already in the environment")
    if delivery.count >= turn.limits.max_delivery:
        raise limit_exceeded("environments, applications, components, deployments and configurations", turn.limits.max_delivery)
    setup = Setup(said.setup.spec, _inherited(turn, said), said.generation)
    deployment = replace(said, setup=setup, last_job_id=command.job_id, create_s=turn.wall_s, update_s=turn.wall_s)
    kept = keep(turn, deployment)
    _begin_job(turn, kept, JobKind.CREATE, command.job_id, said.creator)
    return kept


def begin(turn: Turn, command: BeginJob) -> Job:
    """Raises MusterError: DEPLOYMENT_NOT_FOUND, DEPLOYMENT_BUSY, WRONG_STATE, and what the intent may raise."""
    delivery = turn.state.delivery
    deployment = delivery.deployment(command.namespace, command.deployment_id)
    active = delivery.active_job(deployment)
    is_forced = isinstance(command.intent, Delete) and command.intent.is_forced
    if active is not None:
        if not is_forced:
            kind = active.kind.name.lower()
            raise MusterError(Reason.DEPLOYMENT_BUSY, f"a job is under way: {kind}", {"job_id": active.id})
        _cancel(turn, active, "a forced deletion")
    changed = replace(_intended(turn, deployment, command.intent), last_job_id=command.job_id)
    kept = keep(turn, changed)
    return _begin_job(turn, kept, _KINDS[type(command.intent)], command.job_id, command.creator, is_forced=is_forced)


def restore(turn: Turn, deployment: Deployment, job_id: str, creator: str) -> None:
    """Begin to make it what it is given as, whether it is here or not; what is under way is cancelled.

    Nothing is returned to if that fails: what is wanted is what was restored.
    """
    known = turn.state.delivery.things.get(deployment.id)
    if isinstance(known, Deployment) and (active := turn.state.delivery.active_job(known)) is not None:
        _cancel(turn, active, "an archive was restored")
    anew = replace(deployment, before=None, is_failed=False, is_dropped=False, last_job_id=job_id)
    _begin_job(turn, keep(turn, anew), JobKind.RESTORE, job_id, creator)


def delete_component(turn: Turn, command: DeleteComponent) -> None:
    """Raises MusterError: ..._NOT_FOUND, COMPONENT_NOT_EMPTY, COMPONENT_DELETING."""
    delivery = turn.state.delivery
    component = delivery.find(Ref(Component, command.namespace, command.component_id, command.application_id))
    deployments = delivery.deployments_of(component.id)
    if not deployments:
        turn.events.append(DeliveryDiscarded(component, turn.next_revision()))
        return
    if component.is_deleting:
        raise MusterError(Reason.COMPONENT_DELETING, f"the component {component.name!r} is being deleted")
    if command.job_seed is None:
        count = len(deployments)
        raise MusterError(Reason.COMPONENT_NOT_EMPTY, f"the component has {count} deployments", {"deployment_count": str(count)})
    keep(turn, replace(component, is_deleting=True))
    for deployment in deployments:
        job_id = str(uuid5(command.job_seed, deployment.id))
        begin(turn, BeginJob(command.namespace, deployment.id, Delete(is_forced=True), job_id, command.creator))


def place(turn: Turn, command: Place) -> None:
    """Note the agent; the job's first task is done with that."""
    deployment = turn.state.delivery.things.get(command.deployment_id)
    if not isinstance(deployment, Deployment) or deployment.agent:
        return
    keep(turn, replace(deployment, agent=command.agent))


def finish(turn: Turn, command: Finish) -> None:
    """End the job, or turn it round: a failed upgrade returns to what there was before. A forced deletion cannot fail."""
    job = _job_of(turn, command.deployment_id, command.generation)
    if job is None:
        return
    deployment = turn.state.delivery.deployment(job.namespace, job.deployment_id)
    if command.is_done or job.is_forced:
        _succeed(turn, deployment, job, command.message)
    elif deployment.before is not None:
        _return(turn, deployment, job, deployment.before, command)
    else:
        _fail(turn, deployment, job, command)


def _succeed(turn: Turn, deployment: Deployment, job: Job, message: str) -> None:
    if job.kind is JobKind.DELETE:
        _keep_job(turn, jobs.ended(job, JobState.SUCCEEDED, message, turn.wall_s))
        _drop(turn, deployment)
    elif job.state is JobState.ROLLING_BACK:
        _keep_job(
            turn, jobs.ended(job, JobState.ROLLED_BACK, f"{message}; {deployment.setup.spec.version} runs again", turn.wall_s)
        )
        keep(turn, replace(deployment, is_failed=False))
    else:
        _keep_job(turn, jobs.ended(job, JobState.SUCCEEDED, message, turn.wall_s))
        records = _recorded(turn, deployment, job.kind)
        keep(turn, replace(deployment, before=None, is_failed=False, records=records))


def _return(turn: Turn, deployment: Deployment, job: Job, before: Setup, command: Finish) -> None:
    generation = _next_generation(turn, deployment)
    keep(turn, replace(deployment, setup=before, before=None, generation=generation))
    _keep_job(turn, jobs.turned_round(jobs.given_up(job, command.reason), generation, command.message, turn.wall_s))


def _fail(turn: Turn, deployment: Deployment, job: Job, command: Finish) -> None:
    _keep_job(turn, jobs.ended(jobs.given_up(job, command.reason), JobState.FAILED, command.message, turn.wall_s))
    has_run = deployment.records and deployment.agent  # records alone may have come from an archive
    is_halted = deployment.is_halted or not has_run  # what has never run is not tried for ever
    if is_halted or job.kind is JobKind.DELETE:  # what is wanted now is something else
        deployment = replace(deployment, is_halted=is_halted, is_dropped=False, generation=_next_generation(turn, deployment))
    keep(turn, replace(deployment, before=None, is_failed=True))


def _drop(turn: Turn, deployment: Deployment) -> None:
    turn.events.append(DeliveryDiscarded(deployment, turn.next_revision()))
    delivery = turn.state.delivery
    component = delivery.things[deployment.component_id]
    others = [one for one in delivery.deployments_of(deployment.component_id) if one.id != deployment.id]
    if isinstance(component, Component) and component.is_deleting and not others:
        turn.events.append(DeliveryDiscarded(component, turn.next_revision()))


def _intended(turn: Turn, known: Deployment, intent: Intent) -> Deployment:
    """The deployment as it is wanted, one generation on."""
    generation = _next_generation(turn, known)
    anew = replace(known, generation=generation, is_halted=False, before=None)
    match intent:
        case Upgrade():
            return _upgraded(turn, known, anew, intent)
        case Rollback(version=version):
            if version == known.setup.spec.version:
                raise MusterError.invalid("version", f"{version} runs already")
            spec = next((record.spec for record in known.records if record.spec.version == version), None)
            if spec is None:
                raise MusterError(Reason.RELEASE_RECORD_NOT_FOUND, f"there is no record of version {version[:64]!r}")
            return replace(anew, setup=Setup(spec, _inherited(turn, known), generation), before=_before(known))
        case Scale(replicas=replicas):
            return replace(anew, replicas=replicas)
        case Start():
            return replace(_refreshed(turn, known, anew), is_stopped=False)
        case Stop():
            return replace(anew, is_stopped=True, is_failed=False)
        case Restart():
            if known.is_stopped or known.is_halted:
                raise MusterError(Reason.WRONG_STATE, "it is stopped: start it")
            return replace(anew, setup=Setup(known.setup.spec, _inherited(turn, known), generation))
        case Delete():
            return replace(anew, is_halted=known.is_halted, is_dropped=True)


def _next_generation(turn: Turn, known: Deployment) -> int:
    """At least the epoch: none that was given out in a future which is lost, and that agents may still run."""
    return max(known.generation + 1, turn.state.epoch)


def _upgraded(turn: Turn, known: Deployment, anew: Deployment, intent: Upgrade) -> Deployment:
    """Raises MusterError: REVISION_MISMATCH, VERSION_EXISTS, RESOURCE_NOT_FOUND."""
    if intent.expected_revision not in (None, known.revision):
        raise MusterError(Reason.REVISION_MISMATCH, f"the current revision is {known.revision}", {"revision": str(known.revision)})
    spec = intent.spec
    description = known.description if intent.description is None else intent.description
    labels = known.labels if intent.labels is None else intent.labels
    is_same = (spec, description, labels) == (known.setup.spec, known.description, known.labels)
    is_used = spec.version != known.setup.spec.version and any(record.spec.version == spec.version for record in known.records)
    if is_used or (is_same and not known.is_failed):
        raise MusterError(Reason.VERSION_EXISTS, f"version {spec.version} is there already")
    _check_resources(turn, known.namespace, known.environment_id, spec)
    setup = Setup(spec, _inherited(turn, known), anew.generation)
    return replace(anew, setup=setup, before=_before(known), description=description, labels=labels)


def _refreshed(turn: Turn, known: Deployment, anew: Deployment) -> Deployment:
    """With the application's variables of now, if it does not run and would not be restarted by that."""
    if not known.is_stopped and not known.is_halted:
        return anew
    return replace(anew, setup=Setup(known.setup.spec, _inherited(turn, known), anew.generation))


def _before(known: Deployment) -> Setup | None:
    """What to return to; nothing if it never ran."""
    return known.setup if known.records else None


def _recorded(turn: Turn, deployment: Deployment, kind: JobKind) -> tuple[ReleaseRecord, ...]:
    """The records, the newest last, after a job of this kind has succeeded. What has not run yet is none."""
    spec, records = deployment.setup.spec, deployment.records
    versions = [record.spec.version for record in records]
    if kind is JobKind.ROLLBACK:
        return records[: versions.index(spec.version) + 1]
    if not deployment.running_replicas or (records and records[-1].spec == spec):
        return records
    others = tuple(record for record in records if record.spec.version != spec.version)
    return (*others, ReleaseRecord(spec, turn.wall_s))[-MAX_RECORDS:]


def _inherited(turn: Turn, deployment: Deployment) -> dict[str, str]:
    config = turn.state.delivery.configs.get(deployment.application_id, {}).get(deployment.environment_id)
    return {} if config is None else dict(config.env)


def _check_resources(turn: Turn, namespace: str, environment_id: str, spec: DeploymentSpec) -> None:
    environment = turn.state.delivery.find(Ref(Environment, namespace, environment_id))
    there = {(resource.type, resource.id) for resource in environment.resources}
    types = {resource.type for resource in environment.resources}
    for used in spec.resources:
        if (used.type, used.id) not in there and not (used.id == ANY_AGENT and used.type in types):
            raise MusterError(Reason.RESOURCE_NOT_FOUND, f"the environment has no resource {used.type} {used.id[:100]!r}")


def _job_of(turn: Turn, deployment_id: str, generation: int) -> Job | None:
    """The job under way that brings about a generation."""
    deployment = turn.state.delivery.things.get(deployment_id)
    if not isinstance(deployment, Deployment) or deployment.generation != generation:
        return None
    return turn.state.delivery.active_job(deployment)


def _begin_job(turn: Turn, deployment: Deployment, kind: JobKind, job_id: str, creator: str, *, is_forced: bool = False) -> Job:
    job = jobs.begun(deployment, kind, job_id, creator, turn.wall_s)
    return _keep_job(turn, replace(job, is_forced=is_forced))


def keep(turn: Turn, thing: T) -> T:
    """Decide that a thing stands as it is given. Answers it stamped; it is later than it was before."""
    update_s = max(turn.wall_s, thing.update_s + _MOMENT_S)
    kept = replace(thing, update_s=update_s, revision=turn.next_revision())
    turn.events.append(DeliveryChanged(kept))
    return kept


def _cancel(turn: Turn, active: Job, why: str) -> None:
    _keep_job(turn, jobs.ended(active, JobState.CANCELLED, why, turn.wall_s))


def _forget_jobs(turn: Turn) -> None:
    for old in jobs.outdated(turn.state.delivery, turn.wall_s):
        turn.events.append(DeliveryDiscarded(old, turn.next_revision()))


def _keep_job(turn: Turn, job: Job) -> Job:
    kept = replace(job, revision=turn.next_revision())
    turn.events.append(DeliveryChanged(kept))
    return kept
