"""The delivery state: things by id, and by name within what they belong to. Only `apply` changes it."""

from collections.abc import Collection

from muster_server.core.delivery_commands import DeliveryChanged, DeliveryEvent, Kept, Ref
from muster_server.core.delivery_model import Application, ApplicationConfig, Component, Environment
from muster_server.core.errors import MusterError, Reason

_NOT_FOUND = {
    Environment: Reason.ENVIRONMENT_NOT_FOUND,
    Application: Reason.APPLICATION_NOT_FOUND,
    Component: Reason.COMPONENT_NOT_FOUND,
}

Thing = Environment | Application | Component
Place = tuple[type[Thing], str]
"""What things of a kind belong to: the namespace, or for components the application's id."""


class DeliveryState:
    """Everything that is kept of delivery."""

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}
        self.configs: dict[str, dict[str, ApplicationConfig]] = {}
        """By application id and environment id."""
        self.count = 0
        """Of things and configurations together."""
        self._named: dict[Place, dict[str, str]] = {}

    def find(self, ref: Ref) -> Thing:
        """Raises MusterError: ENVIRONMENT_NOT_FOUND, APPLICATION_NOT_FOUND, COMPONENT_NOT_FOUND."""
        if ref.kind is Component:
            self.find(Ref(Application, ref.namespace, ref.application_id))
        thing = self.things.get(ref.id)
        if not isinstance(thing, ref.kind) or thing.namespace != ref.namespace or _parent(thing) != _wanted_parent(ref):
            raise MusterError(_NOT_FOUND[ref.kind], f"there is no {ref.kind.__name__.lower()} {ref.id!r}")
        return thing

    def named(self, thing: Thing) -> str | None:
        """The id of what has this thing's name where it belongs, whatever the case; None if nothing has."""
        return self._named.get(_place(thing), {}).get(thing.name.lower())

    def members(self, kind: type[Thing], parent: str) -> Collection[str]:
        """The ids of the things of a kind in a namespace, or of the components of an application."""
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
        else:
            del self.things[kept.id]
            self.count -= 1
            self._drop_name(kept)

    def _keep(self, kept: Kept) -> None:
        if isinstance(kept, ApplicationConfig):
            of_application = self.configs.setdefault(kept.application_id, {})
            self.count += kept.environment_id not in of_application
            of_application[kept.environment_id] = kept
            return
        if (previous := self.things.get(kept.id)) is not None:
            self._drop_name(previous)
        self.count += previous is None
        self.things[kept.id] = kept
        self._named.setdefault(_place(kept), {})[kept.name.lower()] = kept.id

    def _drop_name(self, thing: Thing) -> None:
        names = self._named[_place(thing)]
        del names[thing.name.lower()]
        if not names:
            del self._named[_place(thing)]


def _place(thing: Thing) -> Place:
    return type(thing), _parent(thing)


def _parent(thing: Thing) -> str:
    return thing.application_id if isinstance(thing, Component) else thing.namespace


def _wanted_parent(ref: Ref) -> str:
    return ref.application_id if ref.kind is Component else ref.namespace
