"""What is delivered comes back as it was wanted: what runs goes on, and what is to be another begins one job."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from muster_server.core.archive import Archive
from muster_server.core.copying import copied
from muster_server.core.delivery_commands import Change as ChangeThing
from muster_server.core.delivery_commands import Create, DeleteApplicationConfig, Ref, SetApplicationConfig
from muster_server.core.delivery_model import Application, ApplicationConfig, Component, Environment, Resource
from muster_server.core.deployment_commands import (
    BeginJob,
    Delete,
    DeleteComponent,
    Finish,
    Intent,
    Restart,
    Rollback,
    Scale,
    Start,
    Stop,
    Upgrade,
)
from muster_server.core.deployment_model import Deployment, JobKind, JobState, Setup
from muster_server.core.deployment_states import DeploymentState, state_of
from muster_server.core.errors import MusterError, Reason
from muster_server.core.restore_commands import Change
from muster_server.core.state import Limits

from core.delivered import CONFIG, FULL, PROD, SHOP, WEB, DeliveredWorld, copied_things, delivered, reasons, spec


def shown(world: DeliveredWorld) -> list[object]:
    """What is delivered, without its stamps and what jobs say of it."""
    stamps = {"revision": 0}
    kept = world.archive().delivery
    return [
        replace(one, **stamps, update_s=0.0, last_job_id="", generation=0, before=None, is_failed=False)
        if isinstance(one, Deployment)
        else replace(one, **stamps)
        if isinstance(one, ApplicationConfig)
        else replace(one, **stamps, update_s=0.0)
        for one in kept
    ]


ALL_ADDED = (
    Change("application", "n/shop", True),
    Change("application_config", "n/shop/prod", True),
    Change("component", "n/shop/web", True),
    Change("deployment", "n/prod/web-1", True),
    Change("environment", "n/prod", True),
)


def test_everything_comes_back_as_it_was_and_the_deployment_by_a_job() -> None:
    there, here = delivered(setup=Setup(FULL, {}, 1)), DeliveredWorld()

    answer = here.restore(there.archive())

    assert answer.changes == ALL_ADDED
    assert shown(here) == shown(there)
    assert (here.job.kind, here.job.state, here.job.creator) == (JobKind.RESTORE, JobState.RUNNING, "ops")
    here.finish()
    assert here.job.state is JobState.SUCCEEDED
    assert shown(here) == shown(there)


def test_restored_again_nothing_changes_neither_while_the_job_is_under_way_nor_after_it() -> None:
    archive, here = delivered().archive(), DeliveredWorld()
    here.restore(archive)

    for _ in range(2):
        before = copied_things(here)
        again = here.restore(archive)

        assert (again.changes, again.unchanged_count, copied_things(here)) == ((), 5, before)
        here.finish()


@pytest.mark.parametrize("intent", [Upgrade(spec("2")), Scale(3), Stop(), Restart()])
@pytest.mark.parametrize("state", ["under way", "done", "failed"])
def test_backup_of_a_server_is_true_on_it_whatever_its_deployment_does(intent: Intent, state: str) -> None:
    here = delivered()
    here.begin(intent)
    if state != "under way":
        here.finish(is_done=state == "done")

    answer = here.restore(here.archive(), is_dry_run=True)

    assert answer.changes == ()


@pytest.mark.parametrize("is_done", [True, False], ids=["done", "failed"])
@pytest.mark.parametrize("intent", [Upgrade(spec("2")), Scale(3), Stop(), Upgrade(spec("1"), labels={"a": "b"})])
def test_what_was_done_since_is_undone_whether_it_is_over_or_not(intent: Intent, is_done: bool) -> None:
    here = delivered()
    archive, former = here.archive(), here.deployment
    here.run(intent)

    answer = here.restore(archive)
    if not here.job.state.is_over:
        here.finish(is_done)

    assert answer.changes == (Change("deployment", "n/prod/web-1", False),)
    after = here.deployment
    assert (after.setup.spec, after.replicas, after.is_stopped) == (former.setup.spec, former.replicas, former.is_stopped)
    assert (after.labels, after.create_s, after.is_dropped) == (former.labels, former.create_s, False)
    assert after.before is None


def test_job_under_way_is_cancelled_and_not_returned_to() -> None:
    here = delivered()
    archive = here.archive()
    here.begin(Scale(5))
    cancelled = here.deployment.last_job_id

    here.restore(archive)

    assert here.state.delivery.jobs[cancelled].state is JobState.CANCELLED
    assert (here.job.kind, here.job.state) == (JobKind.RESTORE, JobState.RUNNING)
    here.finish(is_done=False)
    assert (here.deployment.replicas, here.deployment.is_failed) == (2, True)


def test_replicas_of_the_archived_spec_go_on_also_in_mid_upgrade() -> None:
    here = delivered()
    archive, number = here.archive(), here.deployment.setup.number
    here.begin(Upgrade(spec("2")))

    here.restore(archive)

    assert here.deployment.setup.number == number


def test_replicas_of_another_spec_are_replaced_whatever_number_the_archive_has() -> None:
    here = delivered()
    archive = here.archive()
    here.run(Upgrade(spec("2")))
    here.run(Upgrade(spec("3")))

    here.restore(archive)

    assert here.deployment.setup.number == here.deployment.generation


def test_replicas_that_outlive_the_server_go_on_and_no_number_is_given_twice() -> None:
    there = delivered()
    there.run(Upgrade(spec("2")))
    archive, here = there.archive(), DeliveredWorld()
    there.run(Upgrade(spec("lost")))

    here.restore(archive)

    assert here.deployment.setup.number == archive.delivery[-1].setup.number  # type: ignore[union-attr]  # the deployment
    assert here.deployment.generation == here.state.epoch > there.deployment.generation
    here.finish()
    here.run(Upgrade(spec("3")))
    assert here.deployment.setup.number > here.state.epoch


def test_generation_rises_even_if_the_clock_went_back() -> None:
    there, here = delivered(), DeliveredWorld()
    deployment = replace(there.deployment, generation=2**50)

    here.restore(Archive(delivery=(*there.archive().delivery[:-1], deployment)))

    assert here.deployment.generation == 2**50 + 1


def test_variables_are_those_that_it_was_started_with() -> None:
    here = delivered()
    archive = here.archive()
    here.do(SetApplicationConfig("n", ApplicationConfig("shop-id", "prod-id", {"LEVEL": "info"})))
    here.run(Restart())
    empty = DeliveredWorld()

    for world in (here, empty):
        world.restore(archive)

        assert world.deployment.setup.inherited == CONFIG.env
        assert world.state.delivery.configs["shop-id"]["prod-id"].env == CONFIG.env


def test_an_upgrade_under_way_is_restored_as_what_was_wanted() -> None:
    there, here = delivered(), DeliveredWorld()
    there.begin(Upgrade(spec("2")))

    here.restore(there.archive())

    assert (here.deployment.setup.spec.version, here.deployment.before) == ("2", None)
    here.finish(is_done=False)
    assert [record.spec.version for record in here.deployment.records] == ["1"]
    assert not here.deployment.is_halted
    here.run(Rollback("1"))
    assert here.deployment.setup.spec.version == "1"


def test_what_is_stopped_comes_back_stopped() -> None:
    there, here = delivered(), DeliveredWorld()
    there.run(Stop())

    here.restore(there.archive())
    here.finish()

    assert (here.deployment.is_stopped, here.deployment.running_replicas, here.deployment.replicas) == (True, 0, 2)


@pytest.mark.parametrize("is_forced", [True, False])
def test_what_is_being_deleted_is_not_in_a_copy(is_forced: bool) -> None:
    world = delivered()
    world.begin(Delete(is_forced))

    assert [type(one) for one in world.archive().delivery] == [Environment, Application, Component, ApplicationConfig]


def test_a_component_that_goes_with_its_deployments_is_not_in_a_copy_and_stays_if_it_is_restored() -> None:
    world = delivered()
    archive = world.archive()
    world.do(DeleteComponent("n", "shop-id", "web-id", UUID(int=1)))
    assert [type(one) for one in world.archive().delivery] == [Environment, Application, ApplicationConfig]

    answer = world.restore(archive)

    assert [change.kind for change in answer.changes] == ["component", "deployment"]
    assert not world.deployment.is_dropped
    world.finish()
    assert world.job.state is JobState.SUCCEEDED
    assert not world.state.delivery.find(Ref(Component, "n", "web-id", "shop-id")).is_deleting


def test_creation_that_failed_stays_so_unless_somebody_tried_again() -> None:
    there, here = delivered(), DeliveredWorld()
    there.run(Delete())
    there.create()
    there.finish(is_done=False)
    archive = there.archive()

    here.restore(archive)

    assert here.deployment.running_replicas == 0
    here.finish()
    here.run(Start())
    assert here.restore(archive).changes == ()
    assert here.deployment.running_replicas == 2


def test_creation_that_failed_here_is_tried_again() -> None:
    archive, here = delivered().archive(), delivered()
    here.run(Delete())
    here.create()
    here.finish(is_done=False)

    here.restore(archive)

    assert here.deployment.running_replicas == 2


def test_description_alone_needs_no_job() -> None:
    there, here = delivered(description="was"), delivered(description="is")
    before = here.deployment

    answer = here.restore(there.archive())

    assert answer.changes == (Change("deployment", "n/prod/web-1", False),)
    assert (here.deployment.description, here.deployment.generation) == ("was", before.generation)
    assert here.deployment.last_job_id == before.last_job_id


def test_deployment_stays_at_its_agent_and_one_that_is_at_none_goes_where_it_was() -> None:
    archive = delivered().archive()
    for agent, expected in (("node-2", "node-2"), ("", "node-1")):
        here = delivered(agent=agent, replicas=1)

        here.restore(archive)

        assert here.deployment.agent == expected


def test_records_that_are_here_are_kept() -> None:
    here = delivered()
    archive = here.archive()
    here.run(Upgrade(spec("2")))

    here.restore(archive)
    here.finish()

    assert [record.spec.version for record in here.deployment.records] == ["2", "1"]


def test_things_become_what_the_archive_shows_and_others_stay() -> None:
    here = delivered()
    archive = here.archive()
    here.do(ChangeThing(Ref(Environment, "n", "prod-id"), {"description": "another", "labels": {}}))
    here.do(DeleteApplicationConfig("n", "shop-id", "prod-id"))
    here.do(Create(Environment(namespace="n", id="new-id", name="new")))

    answer = here.restore(archive)

    assert answer.changes == (Change("application_config", "n/shop/prod", True), Change("environment", "n/prod", False))
    found = here.state.delivery.find(Ref(Environment, "n", "prod-id"))
    assert (found.description, found.labels, found.creator) == ("", {"region": "eu"}, "ann")
    assert here.state.delivery.find(Ref(Environment, "n", "new-id"))


@pytest.mark.parametrize(
    ("present", "reason", "named"),
    [
        (Environment(namespace="n", id="other", name="PROD"), Reason.ENVIRONMENT_EXISTS, "prod"),
        (Environment(namespace="n", id="prod-id", name="renamed"), Reason.ENVIRONMENT_EXISTS, "prod"),
        (Environment(namespace="m", id="prod-id", name="prod"), Reason.ENVIRONMENT_EXISTS, "prod"),
        (Application(namespace="n", id="prod-id", name="prod"), Reason.ENVIRONMENT_EXISTS, "prod"),
        (Application(namespace="n", id="other", name="shop"), Reason.APPLICATION_EXISTS, "shop"),
        (Application(namespace="n", id="web-id", name="web"), Reason.COMPONENT_EXISTS, "web"),
    ],
)
def test_names_and_ids_that_are_anothers_refuse_the_whole_archive(present: Application, reason: Reason, named: str) -> None:
    here = DeliveredWorld()
    here.do(Create(present))

    error = here.refusal(delivered().archive())

    assert error.reason is reason
    assert error.details["name"] == named
    assert repr(named) in error.message


def other_component(world: DeliveredWorld) -> None:
    world.do(Create(replace(WEB, id="other", name="other")))
    world.create(component_id="other")


def other_id(world: DeliveredWorld) -> None:
    world.do(Create(WEB))
    world.create(id="other")


@pytest.mark.parametrize("make", [other_component, other_id])
def test_deployment_that_is_anothers_refuses_the_whole_archive(make: Callable[[DeliveredWorld], None]) -> None:
    here = DeliveredWorld()
    for thing in (PROD, SHOP):
        here.do(Create(thing))
    make(here)

    error = here.refusal(delivered().archive())

    assert reasons(error) == (Reason.DEPLOYMENT_EXISTS, {"id": "d", "name": "web-1"})


def test_archive_in_which_two_have_the_same_name_is_refused() -> None:
    twice = Archive(delivery=(PROD, replace(PROD, id="other", name="PROD")))

    assert reasons(DeliveredWorld().refusal(twice)) == (Reason.ENVIRONMENT_EXISTS, {"id": "other", "name": "PROD"})


def test_resources_that_another_deployment_uses_cannot_go() -> None:
    here = delivered()
    archive = here.archive()
    more = (*PROD.resources, Resource("db", "1"))
    here.do(ChangeThing(Ref(Environment, "n", "prod-id"), {"resources": more}))
    here.run(Upgrade(replace(spec("2"), resources=more)))
    assert here.restore(archive, is_dry_run=True).changes  # it is archived itself: it will not use it any more
    here.create(id="other", name="other", setup=Setup(replace(spec(), resources=more), {}, 1))

    error = here.refusal(archive)

    assert error.reason is Reason.RESOURCE_IN_USE
    assert "'other'" in error.message


def test_more_than_there_is_room_for_is_refused() -> None:
    archive, here = delivered().archive(), DeliveredWorld()
    here.limits = Limits(max_delivery=4)
    assert here.refusal(archive).reason is Reason.LIMIT_EXCEEDED
    here.limits = Limits(max_delivery=5)

    here.restore(archive)

    here.limits = Limits(max_delivery=1)
    assert here.restore(archive).unchanged_count == 5


def test_moved_to_another_namespace_everything_has_another_id_and_no_agent() -> None:
    here = delivered()
    archive = here.archive("n")

    here.restore(archive.moved("m"))

    assert {type(one) for one in archive.moved("m").delivery} == {
        Environment,
        Application,
        Component,
        ApplicationConfig,
        Deployment,
    }
    moved = copied(here.state, "m")
    assert len(here.state.delivery.things) == 8
    (deployment,) = (one for one in moved.delivery if isinstance(one, Deployment))
    assert (deployment.namespace, deployment.agent, deployment.setup.spec) == ("m", "", spec())
    assert here.deployment.agent == "node-1"
    assert here.restore(archive.moved("m")).changes == ()
    assert archive.moved("n") == archive


def test_moved_to_where_no_agent_is_it_has_failed_until_it_is_started() -> None:
    here = delivered()
    archive = here.archive("n").moved("m")
    here.restore(archive)
    (restored,) = (one for one in archive.delivery if isinstance(one, Deployment))

    here.do(Finish(restored.id, here.state.delivery.deployment("m", restored.id).generation, False, "no agent is connected"))

    failed = here.state.delivery.deployment("m", restored.id)
    assert state_of(failed, None, None) is DeploymentState.FAILED
    assert here.restore(archive, is_dry_run=True).changes == (Change("deployment", "m/prod/web-1", False),)
    here.do(BeginJob("m", restored.id, Start(), "job-start", "ann"))
    assert here.state.delivery.deployment("m", restored.id).running_replicas == 2


def test_archive_of_which_only_a_part_would_do_is_refused_on_a_dry_run_too() -> None:
    here = DeliveredWorld()
    here.do(Create(replace(SHOP, id="other")))

    with pytest.raises(MusterError):
        here.restore(delivered().archive(), is_dry_run=True)
