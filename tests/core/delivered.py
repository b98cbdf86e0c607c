"""A world with something delivered, for archives."""

from dataclasses import replace

from muster_server.core.archive import Archive
from muster_server.core.delivery_commands import Create, SetApplicationConfig
from muster_server.core.delivery_model import Application, ApplicationConfig, Component, Environment, Resource, Source, SourceKind
from muster_server.core.deployment_commands import BeginJob, CreateDeployment, Finish, Intent
from muster_server.core.deployment_model import (
    Artifact,
    CommandCheck,
    Deployment,
    DeploymentSpec,
    Hook,
    HttpCheck,
    Job,
    Probe,
    ReplicaLimits,
    RestartPolicy,
    Setup,
    Strategy,
    TcpCheck,
)
from muster_server.core.errors import MusterError, Reason
from muster_server.core.restore_commands import RestoreArchive, RestoredArchive

from core.worlds import DurableWorld

MACHINE = Resource("ecs", "Default", "any machine")
PROD = Environment(namespace="n", id="prod-id", name="prod", labels={"region": "eu"}, creator="ann", resources=(MACHINE,))
SHOP = Application(namespace="n", id="shop-id", name="shop", description="sells")
WEB = Component(
    namespace="n",
    id="web-id",
    name="web",
    application_id="shop-id",
    runtime="Custom",
    source=Source(SourceKind.PACKAGE, "file:///web.zip", {"auth": {"kept": [1, True, None]}}),
    build={"steps": ["one"]},
)
CONFIG = ApplicationConfig("shop-id", "prod-id", {"LEVEL": "debug", "A": "1"})


def spec(version: str = "1", **fields: object) -> DeploymentSpec:
    return DeploymentSpec(version=version, command=("run",), resources=(MACHINE,), **fields)  # type: ignore[arg-type]  # any field


FULL = spec(
    "full",
    artifacts={"web": Artifact(SourceKind.PACKAGE, "file:///web.zip", "0" * 64, {"kept": {"deep": [1.5]}})},
    env={"Z": "last", "PASSWORD": "secret"},
    limits=ReplicaLimits(500, 64 << 20),
    liveness=Probe(None, TcpCheck("", 80), None, 0.0, 1.0, 2.0, 3),
    readiness=Probe(HttpCheck("http", "h", 80, "/"), None, None, 0.0, 1.0, 2.0, 3),
    post_start=Hook(None, CommandCheck(("warm", "up"))),
    pre_stop=Hook(HttpCheck("https", "", 0, "/stop"), None),
    strategy=Strategy.RECREATE,
    stop_grace_s=1.5,
    ready_timeout_s=20.0,
    restart_policy=RestartPolicy.NEVER,
    service="front",
    agents=("node-1",),
    properties={"servicestage": {"a": "b"}},
)


class DeliveredWorld(DurableWorld):
    """A world in which jobs are numbered. `finish` is what an agent tells of the last one."""

    def __init__(self) -> None:
        super().__init__()
        self._jobs = 0

    @property
    def deployment(self) -> Deployment:
        return self.state.delivery.deployment("n", "d")

    @property
    def job(self) -> Job:
        return self.state.delivery.jobs[self.deployment.last_job_id]

    def create(self, **fields: object) -> None:
        said = Deployment(
            namespace="n",
            id="d",
            name="web-1",
            application_id="shop-id",
            component_id="web-id",
            environment_id="prod-id",
            replicas=2,
            setup=Setup(spec(), {}, 1),
            agent="node-1",
        )
        self.now_s += 1.0
        self.do(CreateDeployment(replace(said, **fields), self._job_id()))  # type: ignore[arg-type]  # any field

    def begin(self, intent: Intent) -> None:
        self.now_s += 1.0
        self.do(BeginJob("n", "d", intent, self._job_id(), "ann"))

    def finish(self, is_done: bool = True) -> None:
        self.do(Finish("d", self.deployment.generation, is_done, ""))

    def run(self, intent: Intent) -> None:
        self.begin(intent)
        self.finish()

    def restore(self, archive: Archive, **options: bool) -> RestoredArchive:
        self.now_s += 1.0
        answer: RestoredArchive = self.answer(RestoreArchive(archive, "ops", **options))
        return answer

    def refusal(self, archive: Archive) -> MusterError:
        """How an archive is refused; nothing is changed by that."""
        before, revision = copied_things(self), self.state.revision
        try:
            self.restore(archive)
        except MusterError as error:
            assert (copied_things(self), self.state.revision) == (before, revision)
            return error
        raise AssertionError("it was restored")

    def _job_id(self) -> str:
        self._jobs += 1
        return f"job-{self._jobs}"


def copied_things(world: DurableWorld) -> object:
    delivery = world.state.delivery
    return dict(delivery.things), {key: dict(known) for key, known in delivery.configs.items()}, dict(delivery.jobs), delivery.count


def delivered(**fields: object) -> DeliveredWorld:
    """A world with a deployment that runs."""
    world = DeliveredWorld()
    for thing in (PROD, SHOP, WEB):
        world.now_s += 1.0
        world.do(Create(thing))
    world.do(SetApplicationConfig("n", CONFIG))
    world.create(**fields)
    world.finish()
    return world


def reasons(error: MusterError) -> tuple[Reason, dict[str, str]]:
    return error.reason, dict(error.details)
