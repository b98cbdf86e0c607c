"""What can be asked of delivery, and what can happen to it: frozen values, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

from muster_server.core.delivery_model import Application, ApplicationConfig, Component, Environment


@dataclass(frozen=True, slots=True)
class Create:
    """Take a new environment, application or component. Answers it as it stands."""

    thing: Environment | Application | Component


@dataclass(frozen=True, slots=True)
class Ref:
    """Which thing is meant. `kind` is its class; `application_id` is that of a component, empty otherwise."""

    kind: type[Environment] | type[Application] | type[Component]
    namespace: str
    id: str
    application_id: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Change fields of a thing, by the names of its class. Answers it as it stands; the same again is no change."""

    ref: Ref
    fields: Mapping[str, object]
    expected_revision: int | None = None


@dataclass(frozen=True, slots=True)
class Discard:
    """Delete a thing. Answers None."""

    ref: Ref


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


DeliveryCommand = Create | Change | Discard | SetApplicationConfig | DeleteApplicationConfig

Kept = Environment | Application | Component | ApplicationConfig


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
