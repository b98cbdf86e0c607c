"""What can be asked of deployments: frozen values, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from muster_server.core.deployment_model import Deployment, DeploymentSpec
from muster_server.core.errors import Reason


@dataclass(frozen=True, slots=True)
class CreateDeployment:
    """Take a new deployment and begin its first job. Answers the Deployment. Its setup needs the spec only."""

    deployment: Deployment
    job_id: str


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Run another spec. None keeps what there is."""

    spec: DeploymentSpec
    description: str | None = None
    labels: Mapping[str, str] | None = None
    expected_revision: int | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """Change the number of replicas."""

    replicas: int


@dataclass(frozen=True, slots=True)
class Start:
    """Start what is stopped, or make whole what runs."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop all replicas."""


@dataclass(frozen=True, slots=True)
class Restart:
    """Replace all replicas."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """Return to a record."""

    version: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Stop all replicas and forget the deployment. `is_forced`: whatever is under way, and without its agent if it is not there."""

    is_forced: bool = False


Intent = Upgrade | Scale | Start | Stop | Restart | Rollback | Delete


@dataclass(frozen=True, slots=True)
class BeginJob:
    """Begin to change a deployment. Answers the Job."""

    namespace: str
    deployment_id: str
    intent: Intent
    job_id: str
    creator: str = ""


@dataclass(frozen=True, slots=True)
class DeleteComponent:
    """Delete a component. Answers None.

    `job_seed` forces it: its deployments go too, each by a job whose id follows from the seed and the deployment's.
    """

    namespace: str
    application_id: str
    component_id: str
    job_seed: UUID | None = None
    creator: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Let an agent run a deployment that none runs yet. Answers None; also if it is gone, or placed already."""

    deployment_id: str
    agent: str


@dataclass(frozen=True, slots=True)
class Advance:
    """The job that brings about `generation` is at this step; ignored if it is over. Answers None."""

    deployment_id: str
    generation: int
    step: str
    message: str


@dataclass(frozen=True, slots=True)
class Finish:
    """`generation` is brought about, or given up; ignored if its job is over. Answers None.

    `reason` is the server's for giving it up by itself.
    """

    deployment_id: str
    generation: int
    is_done: bool
    message: str
    reason: Reason | None = None


DeploymentCommand = CreateDeployment | BeginJob | DeleteComponent | Place | Advance | Finish
