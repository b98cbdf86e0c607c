"""Deployments: one job at a time, tasks in order, what is recorded, and what a failure leaves."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

import pytest
from muster_server.core import jobs
from muster_server.core.delivery_commands import Change, Create, Discard, SetApplicationConfig
from muster_server.core.delivery_model import ApplicationConfig, Component, Resource
from muster_server.core.deployment_commands import (
    Advance,
    BeginJob,
    CreateDeployment,
    Delete,
    DeleteComponent,
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
    MAX_TASKS,
    Deployment,
    DeploymentSpec,
    Job,
    JobKind,
    JobState,
    Probe,
    Setup,
    TcpCheck,
)
from muster_server.core.deployment_states import UNDER_WAY, DeploymentState, ReplicaState, state_of
from muster_server.core.epochs import EpochBegan
from muster_server.core.errors import Reason

from core.test_delivery import CONFIG, PROD, PROD_REF, SHOP, SHOP_REF, WEB, WEB_REF, Delivery

ANY_MACHINE = (Resource("ecs", "Default"),)
S = DeploymentState


def spec(version: str = "1.0.0", **fields: object) -> DeploymentSpec:
    return DeploymentSpec(version=version, command=("run",), resources=ANY_MACHINE, **fields)  # type: ignore[arg-type]  # any field


def wanted(**fields: object) -> Deployment:
    said = Deployment(
        namespace="n",
        id="d",
        name="web-1",
        application_id="shop",
        component_id="web",
        environment_id="prod",
        replicas=2,
        setup=Setup(spec(), {}, 1),
    )
    return replace(said, **fields)  # type: ignore[arg-type]  # any field


class Deployed(Delivery):
    """A state with a deployment; jobs are numbered."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        for thing in (SHOP, PROD, WEB):
            self.do(Create(thing))
        self.do(SetApplicationConfig("n", CONFIG))

    def snapshot(self) -> object:
        return super().snapshot(), dict(self.state.delivery.jobs)

    @property
    def deployment(self) -> Deployment:
        return self.state.delivery.deployment("n", "d")

    @property
    def job(self) -> Job:
        return list(self.state.delivery.jobs.values())[-1]

    @property
    def tasks(self) -> list[tuple[str, str]]:
        return [(task.name, task.state.name) for task in self.job.tasks]

    @property
    def versions(self) -> list[str]:
        return [record.spec.version for record in self.deployment.records]

    def create(self, **fields: object) -> None:
        self.do(CreateDeployment(wanted(**fields), self._next_id()))

    def begin(self, intent: Intent) -> None:
        self.do(self.beginning(intent))

    def beginning(self, intent: Intent) -> BeginJob:
        return BeginJob("n", "d", intent, self._next_id(), "ann")

    def advance(self, step: str, message: str = "") -> None:
        self.do(Advance("d", self.deployment.generation, step, message))

    def finish(self, is_done: bool = True, message: str = "", generation: int | None = None) -> None:
        self.do(Finish("d", self.deployment.generation if generation is None else generation, is_done, message))

    def run(self, intent: Intent, is_done: bool = True) -> None:
        self.begin(intent)
        self.finish(is_done)

    def _next_id(self) -> str:
        self.count += 1
        return f"job-{self.count}"


@pytest.fixture
def deployed() -> Deployed:
    made = Deployed()
    made.create()
    made.do(Place("d", "local"))
    made.advance("fetch")
    made.finish()
    return made


def test_creation_is_a_job_with_a_running_task_from_its_first_moment() -> None:
    made = Deployed()

    made.create()

    assert (made.job.kind, made.job.state, made.tasks) == (JobKind.CREATE, JobState.RUNNING, [("place", "RUNNING")])
    assert (made.deployment.last_job_id, made.deployment.generation, made.job.generation) == (made.job.id, 1, 1)
    assert made.deployment.setup.inherited == {"a": "1"}


def test_steps_become_tasks_one_over_before_the_next_begins() -> None:
    made = Deployed()
    made.create()

    made.advance("fetch", "0 of 10 bytes")
    made.advance("fetch", "10 of 10 bytes")
    made.advance("start")

    assert made.tasks == [("place", "SUCCEEDED"), ("fetch", "SUCCEEDED"), ("start", "RUNNING")]
    assert made.job.tasks[1].message == "10 of 10 bytes"

    made.finish(message="2 of 2 ready")

    assert made.tasks[-1] == ("start", "SUCCEEDED")
    assert (made.job.state, made.job.tasks[-1].message) == (JobState.SUCCEEDED, "2 of 2 ready")
    assert made.versions == ["1.0.0"]


def test_job_has_at_most_twenty_tasks() -> None:
    made = Deployed()
    made.create()

    for number in range(MAX_TASKS + 5):
        made.advance(f"step {number}", f"message {number}")

    assert len(made.job.tasks) == MAX_TASKS
    assert made.job.tasks[-1].message == f"message {MAX_TASKS + 4}"
    assert [task.state for task in made.job.tasks[:-1]] == [JobState.SUCCEEDED] * (MAX_TASKS - 1)


def test_what_is_said_of_an_earlier_generation_or_a_job_that_is_over_changes_nothing(deployed: Deployed) -> None:
    deployed.begin(Scale(3))
    before = deployed.snapshot()

    deployed.finish(generation=1)
    deployed.do(Advance("d", 1, "start", ""))
    deployed.do(Finish("other", 1, True, ""))

    assert deployed.snapshot() == before

    deployed.finish()
    before = deployed.snapshot()
    deployed.finish(is_done=False)

    assert deployed.snapshot() == before


@pytest.mark.parametrize("intent", [Upgrade(spec("2.0.0")), Scale(1), Start(), Stop(), Restart(), Rollback("1.0.0"), Delete()])
def test_second_job_is_refused_while_one_is_under_way(deployed: Deployed, intent: Intent) -> None:
    deployed.begin(Scale(3))

    assert deployed.refused(deployed.beginning(intent)) is Reason.DEPLOYMENT_BUSY


@pytest.mark.parametrize(
    ("intent", "kind", "replicas", "state"),
    [
        (Upgrade(spec("2.0.0")), JobKind.UPGRADE, 2, S.RUNNING),
        (Scale(1), JobKind.SCALE, 1, S.RUNNING),
        (Start(), JobKind.START, 2, S.RUNNING),
        (Stop(), JobKind.STOP, 0, S.STOPPED),
        (Restart(), JobKind.RESTART, 2, S.RUNNING),
    ],
)
def test_each_job_wants_a_new_generation_and_ends_settled(
    deployed: Deployed, intent: Intent, kind: JobKind, replicas: int, state: DeploymentState
) -> None:
    before = deployed.deployment

    deployed.begin(intent)

    assert (deployed.job.kind, deployed.job.creator) == (kind, "ann")
    assert (deployed.deployment.generation, deployed.deployment.running_replicas) == (before.generation + 1, replicas)
    assert (deployed.deployment.setup != before.setup) is (kind in (JobKind.UPGRADE, JobKind.RESTART))

    deployed.finish()

    seen = [ReplicaState.READY] * replicas
    assert state_of(deployed.deployment, deployed.state.delivery.active_job(deployed.deployment), seen) is state


def test_start_after_stop_runs_with_the_variables_of_now(deployed: Deployed) -> None:
    deployed.run(Stop())
    deployed.do(SetApplicationConfig("n", ApplicationConfig("shop", "prod", {"a": "2"})))

    deployed.run(Start())

    assert deployed.deployment.setup == Setup(spec(), {"a": "2"}, deployed.deployment.generation)


def test_restart_of_what_is_stopped_is_refused(deployed: Deployed) -> None:
    deployed.run(Stop())

    assert deployed.refused(deployed.beginning(Restart())) is Reason.WRONG_STATE


def test_scaling_what_is_stopped_leaves_it_stopped(deployed: Deployed) -> None:
    deployed.run(Stop())

    deployed.run(Scale(5))

    assert (deployed.deployment.replicas, deployed.deployment.running_replicas) == (5, 0)


def test_failed_creation_leaves_nothing_running_and_no_record() -> None:
    made = Deployed()
    made.create()
    made.advance("start")

    made.finish(is_done=False, message="it exits with 1")

    assert (made.job.state, made.tasks[-1], made.job.tasks[-1].message) == (JobState.FAILED, ("start", "FAILED"), "it exits with 1")
    assert (made.deployment.running_replicas, made.versions, made.deployment.generation) == (0, [], 2)
    assert state_of(made.deployment, None, []) is S.FAILED


def test_what_failed_to_be_created_can_be_upgraded_started_and_stopped() -> None:
    made = Deployed()
    made.create()
    made.finish(is_done=False)

    made.run(Upgrade(spec("1.0.1")))

    assert (made.deployment.running_replicas, made.versions) == (2, ["1.0.1"])


def test_what_never_ran_is_no_record_however_often_it_is_stopped_or_scaled() -> None:
    made = Deployed()
    made.create()
    made.finish(is_done=False)

    made.run(Stop())
    made.run(Scale(3))

    assert made.versions == []

    made.run(Start())

    assert made.versions == ["1.0.0"]


def test_upgrade_of_what_is_stopped_is_a_record_once_it_has_run(deployed: Deployed) -> None:
    deployed.run(Stop())

    deployed.run(Upgrade(spec("2.0.0")))

    assert deployed.versions == ["1.0.0"]

    deployed.run(Start())

    assert deployed.versions == ["1.0.0", "2.0.0"]


def test_generations_go_on_from_the_epoch_so_that_none_is_what_another_life_of_the_server_gave_out(deployed: Deployed) -> None:
    deployed.state.apply(EpochBegan(5000), 0.0, deployed.limits)

    deployed.begin(Upgrade(spec("2.0.0")))
    assert (deployed.deployment.generation, deployed.deployment.setup.number) == (5000, 5000)
    deployed.state.apply(EpochBegan(6000), 0.0, deployed.limits)
    deployed.finish(is_done=False)
    assert (deployed.deployment.generation, deployed.deployment.setup.number) == (6000, 1)
    deployed.finish()
    deployed.begin(Delete())
    assert deployed.deployment.generation == 6001
    deployed.state.apply(EpochBegan(7000), 0.0, deployed.limits)
    deployed.finish(is_done=False)
    assert deployed.deployment.generation == 7000


def test_failed_upgrade_returns_to_the_spec_from_before_under_a_new_generation(deployed: Deployed) -> None:
    before = deployed.deployment.setup
    deployed.begin(Upgrade(spec("2.0.0")))
    deployed.advance("start")
    generation = deployed.deployment.generation

    deployed.finish(is_done=False, message="not ready")

    assert (deployed.job.state, deployed.job.generation) == (JobState.ROLLING_BACK, generation + 1)
    assert deployed.tasks[-2:] == [("start", "FAILED"), ("roll back", "RUNNING")]
    assert deployed.deployment.setup == before

    deployed.advance("start")
    deployed.finish(message="2 of 2 ready")

    assert deployed.job.state is JobState.ROLLED_BACK
    assert deployed.tasks[-1] == ("roll back", "FAILED")
    assert deployed.job.tasks[-1].message == "2 of 2 ready; 1.0.0 runs again"
    assert deployed.versions == ["1.0.0"]
    assert state_of(deployed.deployment, None, [ReplicaState.READY] * 2) is S.RUNNING


def test_return_that_fails_too_is_the_end(deployed: Deployed) -> None:
    deployed.begin(Upgrade(spec("2.0.0")))
    deployed.finish(is_done=False)

    deployed.finish(is_done=False, message="the disk is full")

    assert (deployed.job.state, deployed.tasks[-1]) == (JobState.FAILED, ("roll back", "FAILED"))
    assert state_of(deployed.deployment, None, [ReplicaState.WAITING]) is S.FAILED
    assert state_of(deployed.deployment, None, [ReplicaState.READY] * 2) is S.RUNNING


def test_rollback_drops_the_records_after_it(deployed: Deployed) -> None:
    for version in ("1.1.0", "1.2.0", "1.3.0"):
        deployed.run(Upgrade(spec(version)))

    assert deployed.refused(deployed.beginning(Rollback("9.9.9"))) is Reason.RELEASE_RECORD_NOT_FOUND
    assert deployed.refused(deployed.beginning(Rollback("1.3.0"))) is Reason.INVALID_FIELD

    deployed.run(Rollback("1.1.0"))

    assert (deployed.versions, deployed.deployment.setup.spec.version) == (["1.0.0", "1.1.0"], "1.1.0")


def test_used_version_is_refused_and_the_current_one_only_if_nothing_else_changes(deployed: Deployed) -> None:
    deployed.run(Upgrade(spec("2.0.0")))

    assert deployed.refused(deployed.beginning(Upgrade(spec("1.0.0")))) is Reason.VERSION_EXISTS
    assert deployed.refused(deployed.beginning(Upgrade(spec("2.0.0")))) is Reason.VERSION_EXISTS

    deployed.run(Upgrade(spec("2.0.0", env={"b": "2"})))

    assert deployed.versions == ["1.0.0", "2.0.0"]
    assert deployed.deployment.records[-1].spec.env == {"b": "2"}


def test_last_records_are_kept(deployed: Deployed) -> None:
    for number in range(MAX_RECORDS + 3):
        deployed.run(Upgrade(spec(f"2.0.{number}")))

    assert deployed.versions == [f"2.0.{number}" for number in range(3, MAX_RECORDS + 3)]


def test_upgrade_on_another_revision_is_refused(deployed: Deployed) -> None:
    command = deployed.beginning(Upgrade(spec("2.0.0"), expected_revision=deployed.deployment.revision - 1))

    assert deployed.refused(command) is Reason.REVISION_MISMATCH


def test_deletion_ends_with_the_row_gone_and_the_job_kept(deployed: Deployed) -> None:
    deployed.begin(Delete())

    assert deployed.deployment.is_dropped

    deployed.finish()

    assert deployed.refused(deployed.beginning(Start())) is Reason.DEPLOYMENT_NOT_FOUND
    assert (deployed.job.kind, deployed.job.state) == (JobKind.DELETE, JobState.SUCCEEDED)


def test_failed_deletion_leaves_what_was_there(deployed: Deployed) -> None:
    deployed.begin(Delete())

    deployed.finish(is_done=False, message="the agent is not connected")

    assert not deployed.deployment.is_dropped
    assert deployed.deployment.running_replicas == 2
    assert state_of(deployed.deployment, None, None) is S.UNKNOWN


def test_forced_deletion_cuts_off_what_is_under_way(deployed: Deployed) -> None:
    deployed.begin(Scale(3))
    cut_off = deployed.job.id

    deployed.begin(Delete(is_forced=True))

    assert deployed.state.delivery.jobs[cut_off].state is JobState.CANCELLED
    assert (deployed.job.kind, deployed.job.is_forced) == (JobKind.DELETE, True)


def test_component_goes_with_its_last_deployment_if_forced(deployed: Deployed) -> None:
    assert deployed.refused(Discard(WEB_REF)) is Reason.COMPONENT_NOT_EMPTY

    deployed.do(DeleteComponent("n", "shop", "web", job_seed=UUID(int=1)))

    component = deployed.state.delivery.find(WEB_REF)
    assert component.is_deleting
    assert deployed.refused(Change(WEB_REF, {"description": "x"})) is Reason.COMPONENT_DELETING
    assert deployed.refused(CreateDeployment(wanted(id="e", name="other"), "j")) is Reason.COMPONENT_DELETING
    assert deployed.refused(DeleteComponent("n", "shop", "web", job_seed=UUID(int=2))) is Reason.COMPONENT_DELETING

    deployed.finish()

    assert "web" not in deployed.state.delivery.things
    assert UUID(deployed.job.id).version == 5


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"component_id": "nope"}, Reason.COMPONENT_NOT_FOUND),
        ({"application_id": "nope"}, Reason.APPLICATION_NOT_FOUND),
        ({"environment_id": "nope"}, Reason.ENVIRONMENT_NOT_FOUND),
        ({"namespace": "m"}, Reason.APPLICATION_NOT_FOUND),
        ({"name": "web-1"}, Reason.DEPLOYMENT_EXISTS),
        ({"setup": Setup(replace(spec(), resources=(Resource("rds", "x"),)), {}, 1)}, Reason.RESOURCE_NOT_FOUND),
        ({"setup": Setup(replace(spec(), resources=(Resource("ecs", "x"),)), {}, 1)}, Reason.RESOURCE_NOT_FOUND),
    ],
)
def test_creation_that_cannot_be_changes_nothing(deployed: Deployed, fields: Mapping[str, object], reason: Reason) -> None:
    command = CreateDeployment(wanted(**({"id": "e", "name": "other"} | fields)), "j")

    assert deployed.refused(command) is reason


def test_environment_stays_while_something_runs_in_it_with_what_that_uses(deployed: Deployed) -> None:
    assert deployed.refused(Discard(PROD_REF)) is Reason.ENVIRONMENT_NOT_EMPTY
    assert deployed.refused(Change(PROD_REF, {"resources": (Resource("rds", "x"),)})) is Reason.RESOURCE_IN_USE

    deployed.do(Change(PROD_REF, {"resources": (Resource("ecs", "node-7"),)}))

    assert deployed.refused(Discard(SHOP_REF)) is Reason.APPLICATION_NOT_EMPTY


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"stop_grace_s": 10.0}, 610),
        ({"stop_grace_s": 700.0}, 1300),
        ({"stop_grace_s": 0.0, "ready_timeout_s": 90.0}, 690),
        ({"stop_grace_s": 0.0, "readiness": Probe(None, TcpCheck("", 0), None, 120.0, 1.0, 1.0, 3)}, 720),
    ],
)
def test_patience_with_a_job_follows_its_spec(fields: dict[str, object], seconds: float) -> None:
    deployed = Deployed()
    deployed.create(setup=Setup(spec(**fields), {}, 1))
    deployed.advance("start")

    assert jobs.patience_s(deployed.deployment, deployed.job) == seconds


def test_patience_is_that_of_both_versions_and_an_hour_more_for_packages_and_the_way_back(deployed: Deployed) -> None:
    deployed.begin(Upgrade(spec("2.0.0", stop_grace_s=0.0, ready_timeout_s=1.0)))
    deployed.advance("fetch")
    fetching = jobs.patience_s(deployed.deployment, deployed.job)
    deployed.advance("start")
    starting = jobs.patience_s(deployed.deployment, deployed.job)
    deployed.finish(is_done=False)

    assert deployed.job.state is JobState.ROLLING_BACK
    assert (fetching, starting) == (4200, 600 + spec().stop_grace_s)
    assert jobs.patience_s(deployed.deployment, deployed.job) == 4200


def test_jobs_are_forgotten_a_week_after_their_end_but_for_the_last_one(deployed: Deployed) -> None:
    for _ in range(3):
        deployed.run(Restart())
    deployed.wall_s += jobs.RETENTION_S + 10

    deployed.begin(Stop())

    assert [job.kind for job in deployed.state.delivery.jobs.values()] == [JobKind.RESTART, JobKind.STOP]


def test_only_so_many_jobs_are_kept(monkeypatch: pytest.MonkeyPatch, deployed: Deployed) -> None:
    monkeypatch.setattr(jobs, "MAX_JOBS", 5)

    for _ in range(10):
        deployed.run(Restart())

    assert len(deployed.state.delivery.jobs) == 5


@pytest.mark.parametrize("kind", list(JobKind))
def test_job_under_way_says_how_a_deployment_is(deployed: Deployed, kind: JobKind) -> None:
    job = jobs.begun(deployed.deployment, kind, "j", "", 0.0)

    assert state_of(deployed.deployment, job, None) is UNDER_WAY[kind]


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (None, S.UNKNOWN),
        ([ReplicaState.READY, ReplicaState.READY], S.RUNNING),
        ([ReplicaState.READY, ReplicaState.WAITING], S.DEGRADED),
        ([ReplicaState.READY], S.DEGRADED),
        ([ReplicaState.STARTING, ReplicaState.EXITED], S.PENDING),
        ([ReplicaState.EXITED, ReplicaState.UNREADY], S.DOWN),
        ([], S.DOWN),
    ],
)
def test_replicas_say_how_a_settled_deployment_is(
    deployed: Deployed, seen: list[ReplicaState] | None, state: DeploymentState
) -> None:
    assert state_of(deployed.deployment, None, seen) is state


def test_deployments_are_found_by_their_component(deployed: Deployed) -> None:
    deployed.do(Create(Component(namespace="n", id="api", name="api", application_id="shop", runtime="Custom")))
    deployed.create(id="e", name="api-1", component_id="api")

    delivery = deployed.state.delivery
    assert [one.id for one in delivery.deployments_of("web")] == ["d"]
    assert [one.id for one in delivery.deployments_of("api")] == ["e"]


def test_forced_deletion_that_the_agent_gives_up_is_done_all_the_same(deployed: Deployed) -> None:
    deployed.do(DeleteComponent("n", "shop", "web", UUID(int=1)))

    deployed.finish(is_done=False, message="no space left on device")

    assert (deployed.job.state, deployed.job.tasks[-1].message) == (JobState.SUCCEEDED, "no space left on device")
    assert set(deployed.state.delivery.things) == {"shop", "prod"}
