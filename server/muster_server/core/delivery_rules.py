"""The rules of delivery: names are unique where they belong, whatever their case, and nothing goes while others need it."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from muster_server.core.delivery_commands import (
    Change,
    Create,
    DeleteApplicationConfig,
    DeliveryChanged,
    DeliveryCommand,
    DeliveryDiscarded,
    Discard,
    Kept,
    Made,
    Ref,
    SetApplicationConfig,
)
from muster_server.core.delivery_model import Application, ApplicationConfig, Component, Environment
from muster_server.core.delivery_state import Thing
from muster_server.core.deployment_commands import DeleteComponent
from muster_server.core.deployment_model import Deployment
from muster_server.core.deployment_rules import ANY_AGENT, decide_deployment, delete_component, keep
from muster_server.core.errors import MusterError, Reason
from muster_server.core.naming import limit_exceeded
from muster_server.core.turn import Turn

EXISTS: Mapping[type[Thing], Reason] = {
    Environment: Reason.ENVIRONMENT_EXISTS,
    Application: Reason.APPLICATION_EXISTS,
    Component: Reason.COMPONENT_EXISTS,
    Deployment: Reason.DEPLOYMENT_EXISTS,
}


def decide_delivery(turn: Turn, command: DeliveryCommand) -> Kept | None:
    """Collect in `turn.events` what a command means, and answer what its class says. Raises MusterError; then nothing happened."""
    match command:
        case Create(thing=thing):
            return create(turn, thing)
        case Change():
            return change(turn, command)
        case Discard(ref=ref):
            discard(turn, ref)
        case SetApplicationConfig():
            return set_config(turn, command)
        case DeleteApplicationConfig():
            delete_config(turn, command)
        case _:
            return decide_deployment(turn, command)
    return None


def create(turn: Turn, thing: Thing) -> Kept:
    """Raises MusterError: APPLICATION_NOT_FOUND (a component's), ..._EXISTS, LIMIT_EXCEEDED."""
    delivery = turn.state.delivery
    if isinstance(thing, Component):
        delivery.find(Ref(Application, thing.namespace, thing.application_id))
    _check_name(turn, thing)
    check_room(turn)
    return keep(turn, replace(thing, create_s=turn.wall_s))


def change(turn: Turn, command: Change) -> Kept:
    """Raises MusterError: ..._NOT_FOUND, REVISION_MISMATCH, INVALID_FIELD, ..._EXISTS, COMPONENT_DELETING, RESOURCE_IN_USE."""
    known = turn.state.delivery.find(command.ref)
    if command.expected_revision not in (None, known.revision):
        raise MusterError(Reason.REVISION_MISMATCH, f"the current revision is {known.revision}", {"revision": str(known.revision)})
    changed = replace(known, **command.fields)  # type: ignore[arg-type]  # the edge has made fields of the right types
    if changed == known:
        return known
    if isinstance(known, Component) and known.is_deleting:
        raise MusterError(Reason.COMPONENT_DELETING, f"the component {known.name!r} is being deleted")
    if isinstance(changed, Environment):
        check_use(turn, changed)
    _check_name(turn, changed)
    return keep(turn, changed)


def discard(turn: Turn, ref: Ref[Made]) -> None:
    """Delete a thing, and the configurations that are of it. Raises MusterError: ..._NOT_FOUND, ..._NOT_EMPTY."""
    delivery = turn.state.delivery
    thing = delivery.find(ref)
    if isinstance(thing, Application):
        if count := len(delivery.members(Component, thing.id)):
            raise MusterError(
                Reason.APPLICATION_NOT_EMPTY, f"there are {count} components in the application", {"component_count": str(count)}
            )
        _drop(turn, *delivery.configs.get(thing.id, {}).values())
    elif isinstance(thing, Component):
        delete_component(turn, DeleteComponent(ref.namespace, ref.application_id, ref.id))
        return
    elif isinstance(thing, Environment):
        if count := len(delivery.members(Deployment, thing.id)):
            raise MusterError(
                Reason.ENVIRONMENT_NOT_EMPTY, f"there are {count} deployments in the environment", {"deployment_count": str(count)}
            )
        _drop(turn, *(configs[thing.id] for configs in delivery.configs.values() if thing.id in configs))
    _drop(turn, thing)


def set_config(turn: Turn, command: SetApplicationConfig) -> Kept:
    """The same again is no change. Raises MusterError: APPLICATION_NOT_FOUND, ENVIRONMENT_NOT_FOUND."""
    config, delivery = command.config, turn.state.delivery
    delivery.find(Ref(Application, command.namespace, config.application_id))
    delivery.find(Ref(Environment, command.namespace, config.environment_id))
    known = delivery.configs.get(config.application_id, {}).get(config.environment_id)
    if known is not None and list(known.env.items()) == list(config.env.items()):
        return known
    if known is None:
        check_room(turn)
    kept = replace(config, revision=turn.next_revision())
    turn.events.append(DeliveryChanged(kept))
    return kept


def delete_config(turn: Turn, command: DeleteApplicationConfig) -> None:
    """Raises MusterError: APPLICATION_NOT_FOUND."""
    turn.state.delivery.find(Ref(Application, command.namespace, command.application_id))
    known: ApplicationConfig | None = turn.state.delivery.configs.get(command.application_id, {}).get(command.environment_id)
    if known is not None:
        _drop(turn, known)


def check_use(turn: Turn, environment: Environment, but: Collection[str] = ()) -> None:
    """Deployments keep the resources that they use, and `Default` keeps one of its type; `but` these, by id.

    Raises MusterError (RESOURCE_IN_USE).
    """
    delivery = turn.state.delivery
    there = {(resource.type, resource.id) for resource in environment.resources}
    types = {resource.type for resource in environment.resources}
    members = [one for one in delivery.members(Deployment, environment.id) if one not in but]
    for deployment in (delivery.deployment(environment.namespace, one) for one in members):
        for used in deployment.setup.spec.resources:
            if (used.type, used.id) not in there and not (used.id == ANY_AGENT and used.type in types):
                raise MusterError(Reason.RESOURCE_IN_USE, f"the deployment {deployment.name!r} uses {used.type} {used.id!r}")


def check_room(turn: Turn, added: int = 1) -> None:
    """Raises MusterError (LIMIT_EXCEEDED) if there is no room for so many more."""
    if added and turn.state.delivery.count + added > turn.limits.max_delivery:
        raise limit_exceeded("environments, applications, components, deployments and configurations", turn.limits.max_delivery)


def _check_name(turn: Turn, thing: Thing) -> None:
    if turn.state.delivery.named(thing) not in (None, thing.id):
        raise MusterError(EXISTS[type(thing)], f"the {type(thing).__name__.lower()} {thing.name!r} exists already")


def _drop(turn: Turn, *gone: Kept) -> None:
    turn.events.extend(DeliveryDiscarded(kept, turn.next_revision()) for kept in gone)
