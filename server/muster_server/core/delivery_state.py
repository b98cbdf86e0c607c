"""The delivery state: things by id, and by name within what they belong to. Only `apply` changes it."""

from collections.abc import Collection, Sequence
from typing import TypeVar

from muster_server.core.delivery_commands import DeliveryChanged, DeliveryEvent, Kept, M, Made, Ref
from muster_server.core.delivery_model import Application, ApplicationConfig, Component, Environment
from muster_server.core.deployment_model import Deployment, Job
from muster_server.core.errors import MusterError, Reason

K = TypeVar("K")
V = TypeVar("V")

_NOT_FOUND = {
    Environment: Reason.ENVIRONMENT_NOT_FOUND,
    Application: Reason.APPLICATION_NOT_FOUND,
    Component: Reason.COMPONENT_NOT_FOUND,
}

Thing = Made | Deployment
Place = tuple[type[Thing], str]
"""What things of a kind belong to: the namespace; for components the application's id, for deployments the environment's."""


class DeliveryState:
    """Everything that is kept of delivery."""

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}
        self.configs: dict[str, dict[str, ApplicationConfig]] = {}
        """By application id and environment id."""
        self.jobs: dict[str, Job] = {}
        """By id, in the order in which they were begun."""
        self.count = 0
        """Of things and configurations together."""
        self._named: dict[Place, dict[str, str]] = {}
        self._of_component: dict[str, dict[str, None]] = {}

    def find(self, ref: Ref[M]) -> M:
        """Raises MusterError: ENVIRONMENT_NOT_FOUND, APPLICATION_NOT_FOUND, COMPONENT_NOT_FOUND."""
        if ref.kind is Component:
            self.find(Ref(Application, ref.namespace, ref.application_id))
        thing = self.things.get(ref.id)
        if not isinstance(thing, ref.kind) or thing.namespace != ref.namespace or _parent(thing) != _wanted_parent(ref):
            raise MusterError(_NOT_FOUND[ref.kind], f"there is no {ref.kind.__name__.lower()} {ref.id!r}")
        return thing

    def deployment(self, namespace: str, deployment_id: str) -> Deployment:
        """Raises MusterError: DEPLOYMENT_NOT_FOUND."""
        thing = self.things.get(deployment_id)
        if not isinstance(thing, Deployment) or thing.namespace != namespace:
            raise MusterError(Reason.DEPLOYMENT_NOT_FOUND, f"there is no deployment {deployment_id[:100]!r}")
        return thing

    def deployments(self) -> Sequence[Deployment]:
        """All there are. O(n) in deployments."""
        return [deployment for ids in self._of_component.values() for deployment in self._deployments(ids)]

    def deployments_of(self, component_id: str) -> Sequence[Deployment]:
        """Those of a component."""
        return self._deployments(self._of_component.get(component_id, {}))

    def job(self, namespace: str, job_id: str) -> Job:
        """Raises MusterError: JOB_NOT_FOUND."""
        job = self.jobs.get(job_id)
        if job is None or job.namespace != namespace:
            raise MusterError(Reason.JOB_NOT_FOUND, f"there is no job {job_id[:100]!r}")
        return job

    def active_job(self, deployment: Deployment) -> Job | None:
        """The job of a deployment that is under way."""
        job = self.jobs[deployment.last_job_id]
        return None if job.state.is_over else job

    def _deployments(self, ids: Collection[str]) -> list[Deployment]:
        return [thing for one in ids if isinstance(thing := self.things[one], Deployment)]

    def named(self, thing: Thing) -> str | None:
        """The id of what has this thing's name where it belongs, whatever the case; None if nothing has."""
        return self._named.get(place_of(thing), {}).get(thing.name.lower())

    def members(self, kind: type[Thing], parent: str) -> Collection[str]:
        """The ids of the things of a kind in a namespace, of an application's components, or of an environment's deployments."""
        return self._named.get((kind, parent), {}).values()

    def apply(self, event: DeliveryEvent) -> None:
        """Make an event true. Events come from `decide` on this very state, so nothing is checked here."""
        kept = event.kept
        if isinstance(event, DeliveryChanged):
            self._keep(kept)
        elif isinstance(kept, ApplicationConfig):
            of_application = self.configs[kept.application_id]
            del of_application[kept.environment_id]
            self.count -= 1
            if not of_application:
                del self.configs[kept.application_id]
        elif isinstance(kept, Job):
            del self.jobs[kept.id]
        else:
            del self.things[kept.id]
            self.count -= 1
            self._drop_name(kept)
            if isinstance(kept, Deployment):
                _drop_from(self._of_component, kept.component_id, kept.id)

    def _keep(self, kept: Kept) -> None:
        if isinstance(kept, ApplicationConfig):
            of_application = self.configs.setdefault(kept.application_id, {})
            self.count += kept.environment_id not in of_application
            of_application[kept.environment_id] = kept
            return
        if isinstance(kept, Job):
            self.jobs[kept.id] = kept
            return
        if (previous := self.things.get(kept.id)) is not None:
            self._drop_name(previous)
        self.count += previous is None
        self.things[kept.id] = kept
        self._named.setdefault(place_of(kept), {})[kept.name.lower()] = kept.id
        if isinstance(kept, Deployment):
            self._of_component.setdefault(kept.component_id, {})[kept.id] = None

    def _drop_name(self, thing: Thing) -> None:
        _drop_from(self._named, place_of(thing), thing.name.lower())


def place_of(thing: Thing) -> Place:
    """Where its name is its own."""
    return type(thing), _parent(thing)


def _parent(thing: Thing) -> str:
    if isinstance(thing, Deployment):
        return thing.environment_id
    return thing.application_id if isinstance(thing, Component) else thing.namespace


def _wanted_parent(ref: Ref[M]) -> str:
    return ref.application_id if ref.kind is Component else ref.namespace


def _drop_from(index: dict[K, dict[str, V]], key: K, name: str) -> None:
    entries = index[key]
    del entries[name]
    if not entries:
        del index[key]
