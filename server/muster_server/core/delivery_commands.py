"""What can be asked of delivery, and what can happen to it: frozen values, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from muster_server.core.delivery_model import Application, ApplicationConfig, Component, Environment
from muster_server.core.deployment_commands import DeploymentCommand
from muster_server.core.deployment_model import Deployment, Job

Made = Environment | Application | Component
M = TypeVar("M", bound=Made)
M_co = TypeVar("M_co", bound=Made, covariant=True)


@dataclass(frozen=True, slots=True)
class Create:
    """Take a new environment, application or component. Answers it as it stands."""

    thing: Made


@dataclass(frozen=True, slots=True)
class Ref(Generic[M_co]):
    """Which thing is meant. `kind` is its class; `application_id` is that of a component, empty otherwise."""

    kind: type[M_co]
    namespace: str
    id: str
    application_id: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Change fields of a thing, by the names of its class. Answers it as it stands; the same again is no change."""

    ref: Ref[Made]
    fields: Mapping[str, object]
    expected_revision: int | None = None


@dataclass(frozen=True, slots=True)
class Discard:
    """Delete a thing; a component only if it has no deployments. Answers None."""

    ref: Ref[Made]


@dataclass(frozen=True, slots=True)
class SetApplicationConfig:
    """Replace the variables of an application in an environment. Answers the ApplicationConfig."""

    namespace: str
    config: ApplicationConfig


@dataclass(frozen=True, slots=True)
class DeleteApplicationConfig:
    """Delete them; none is fine. Answers None."""

    namespace: str
    application_id: str
    environment_id: str


DeliveryCommand = Create | Change | Discard | SetApplicationConfig | DeleteApplicationConfig | DeploymentCommand

Kept = Environment | Application | Component | ApplicationConfig | Deployment | Job


@dataclass(frozen=True, slots=True)
class DeliveryChanged:
    """Something is new, or another: it replaces what has its key."""

    kept: Kept

    @property
    def revision(self) -> int:
        """That of the change."""
        return self.kept.revision


@dataclass(frozen=True, slots=True)
class DeliveryDiscarded:
    """Something is gone; `kept` is what it was."""

    kept: Kept
    revision: int


DeliveryEvent = DeliveryChanged | DeliveryDiscarded
