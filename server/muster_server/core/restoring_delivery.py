"""The rules of restoring what is delivered: each becomes what the archive shows, and deployments by a job of their own.

The generation of a restored deployment begins with the epoch of the restore. The server that wrote the archive may go on, and
agents may run what it gave a number that the archive does not know: none of those is given a second time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import NAMESPACE_OID, uuid5

from muster_server.core.archived_delivery import Archived
from muster_server.core.delivery_commands import DeliveryChanged, Made
from muster_server.core.delivery_model import ApplicationConfig, Component, Environment
from muster_server.core.delivery_rules import EXISTS, check_room, check_use
from muster_server.core.delivery_state import DeliveryState, Thing, place_of
from muster_server.core.deployment_model import Deployment, Setup
from muster_server.core.deployment_rules import keep, restore
from muster_server.core.errors import MusterError
from muster_server.core.restore_commands import Change
from muster_server.core.turn import Turn


def restore_delivery(turn: Turn, archived: Sequence[Archived], epoch: int, author: str) -> Iterator[Change | None]:
    """O(archive). Each comes after what it belongs to; None for what is true already. `author` creates the jobs.

    Raises MusterError: ENVIRONMENT_EXISTS, APPLICATION_EXISTS, COMPONENT_EXISTS, DEPLOYMENT_EXISTS (a name or an id is another's),
    RESOURCE_IN_USE (by a deployment that the archive does not hold), LIMIT_EXCEEDED.
    """
    delivery, things = turn.state.delivery, [one for one in archived if not isinstance(one, ApplicationConfig)]
    by_id: dict[str, Thing] = {thing.id: thing for thing in things}
    _check_names(delivery, things)
    check_room(turn, sum(_present(delivery, one) is None for one in archived))
    for one in archived:
        if isinstance(one, Environment):
            check_use(turn, one, by_id)
        is_addition, decided = _present(delivery, one) is None, len(turn.events)
        match one:
            case Deployment():
                _restore_deployment(turn, one, epoch, author)
            case ApplicationConfig():
                _restore_config(turn, one)
            case _:
                _restore_thing(turn, one)
        yield Change(*_named(one, by_id), is_addition) if len(turn.events) > decided else None


def _check_names(delivery: DeliveryState, things: Sequence[Thing]) -> None:
    """An id stays with its name and with what it belongs to: people know a thing by the one, and machines by the other."""
    owners: dict[object, str] = {}
    for thing in things:
        kind, present = type(thing).__name__.lower(), delivery.things.get(thing.id)
        if present is not None and _identity(present) != _identity(thing):
            there = f"{type(present).__name__.lower()} {present.name!r} of the namespace {present.namespace!r}"
            problem = f"the {kind} {thing.name!r} of the archive has another name or place here: its id is that of the {there}"
        elif delivery.named(thing) not in (None, thing.id):
            problem = f"the {kind} {thing.name!r} is here already, with another id than in the archive"
        elif owners.setdefault((place_of(thing), thing.name.lower()), thing.id) != thing.id:
            problem = f"the {kind} {thing.name!r} is in the archive with two ids"
        else:
            continue
        raise MusterError(EXISTS[type(thing)], problem, {"id": thing.id, "name": thing.name})


def _identity(thing: Thing) -> tuple[object, ...]:
    component_id = thing.component_id if isinstance(thing, Deployment) else ""
    return place_of(thing), thing.namespace, thing.name, component_id


def _present(delivery: DeliveryState, archived: Archived) -> Archived | None:
    if isinstance(archived, ApplicationConfig):
        return delivery.configs.get(archived.application_id, {}).get(archived.environment_id)
    return delivery.things.get(archived.id)


def _restore_thing(turn: Turn, archived: Made) -> None:
    present = turn.state.delivery.things.get(archived.id)
    if present is not None and _shown(present) == _shown(archived):
        return
    creator, create_s = (archived.creator, archived.create_s) if present is None else (present.creator, present.create_s)
    keep(turn, replace(archived, creator=creator, create_s=create_s, update_s=present.update_s if present is not None else 0.0))


def _restore_config(turn: Turn, archived: ApplicationConfig) -> None:
    present = _present(turn.state.delivery, archived)
    if not isinstance(present, ApplicationConfig) or list(present.env.items()) != list(archived.env.items()):
        turn.events.append(DeliveryChanged(replace(archived, revision=turn.next_revision())))


def _restore_deployment(turn: Turn, archived: Deployment, epoch: int, author: str) -> None:
    """One that is here keeps its records and its agent, and its replicas too if they run what the archive shows."""
    present = turn.state.delivery.things.get(archived.id)
    generation, wanted = max(epoch, archived.generation + 1), archived
    if isinstance(present, Deployment):
        if _is_wanted_so(present, archived):
            if (present.description, present.labels) != (archived.description, archived.labels):  # no job is needed for that
                keep(turn, replace(present, description=archived.description, labels=archived.labels))
            return
        generation = max(generation, present.generation + 1)
        wanted = replace(
            present,
            description=archived.description,
            labels=archived.labels,
            replicas=archived.replicas,
            setup=_setup(present, archived.setup, generation),
            agent=present.agent or archived.agent,
            is_stopped=archived.is_stopped,
            is_halted=archived.is_halted,
        )
    job_id = str(uuid5(NAMESPACE_OID, f"muster {epoch} {archived.id}"))
    restore(turn, replace(wanted, generation=generation), job_id, author)


def _is_wanted_so(present: Deployment, archived: Deployment) -> bool:
    """One that failed to be created when the archive was written may have been tried again since: that is left as it is."""
    return (
        _is_same(present.setup, archived.setup)
        and (present.replicas, present.is_stopped) == (archived.replicas, archived.is_stopped)
        and (archived.is_halted or not present.is_halted)
        and not present.is_dropped
    )


def _setup(present: Deployment, wanted: Setup, generation: int) -> Setup:
    """What runs so already, also as that which an upgrade under way is replacing, goes on."""
    known = present.setup, present.before
    return next((setup for setup in known if setup is not None and _is_same(setup, wanted)), replace(wanted, number=generation))


def _is_same(setup: Setup, other: Setup) -> bool:
    return (setup.spec, setup.inherited) == (other.spec, other.inherited)


def _shown(thing: Thing) -> Thing:
    """A thing without its stamps."""
    return replace(thing, creator="", create_s=0.0, update_s=0.0, revision=0)


def _named(archived: Archived, things: Mapping[str, Thing]) -> tuple[str, str]:
    """The kind of a change, and of what it tells."""
    match archived:
        case ApplicationConfig():
            application = things[archived.application_id]
            parts = application.namespace, application.name, things[archived.environment_id].name
            return "application_config", "/".join(parts)
        case Component():
            parts = archived.namespace, things[archived.application_id].name, archived.name
        case Deployment():
            parts = archived.namespace, things[archived.environment_id].name, archived.name
        case _:
            return type(archived).__name__.lower(), f"{archived.namespace}/{archived.name}"
    return type(archived).__name__.lower(), "/".join(parts)
