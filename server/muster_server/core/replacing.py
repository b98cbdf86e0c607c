"""Replacing all that a session has of a service, in one step."""

from muster_server.core import guard
from muster_server.core.commands import Put, Register, Removed, Replace
from muster_server.core.errors import MusterError
from muster_server.core.model import Instance, RemovalReason
from muster_server.core.naming import limit_exceeded, place, session_not_found
from muster_server.core.turn import Turn


def replace(turn: Turn, command: Replace) -> tuple[Instance, ...]:
    """Put the new ones and remove the session's others.

    Each registration is decided against the state as it is, so two may not be about one instance: neither by their ids, nor, where
    addresses are unique, by an address that one takes and another leaves.

    Raises MusterError: INVALID_FIELD, SERVICE_KIND_MISMATCH, SESSION_NOT_FOUND, LIMIT_EXCEEDED.
    """
    session = turn.state.sessions.get(command.session)
    if session is None or session.connection is None:
        raise session_not_found()
    _check_distinct(command)
    instances = [
        place(turn, Register(command.service, said, command.session, command.is_address_unique)) for said in command.registrations
    ]
    kept = {instance.instance_id for instance in instances}
    gone = {event.previous.instance_id for event in turn.events if isinstance(event, Removed)}
    if kept & gone:
        raise MusterError.invalid("instances", "one takes the address that another leaves")
    for instance in _held(turn, command):
        if instance.instance_id not in kept and instance.instance_id not in gone:
            turn.remove(command.service, instance, RemovalReason.DEREGISTERED, command.session)
    if len(instances) > 1:
        _check_room(turn, command)
    guard.release_if_recovered(turn, command.service)
    return tuple(instances)


def _held(turn: Turn, command: Replace) -> list[Instance]:
    """What the session has of the service. O(instances of the service or of the session, whichever has fewer)."""
    service, held = turn.state.services.get(command.service), turn.state.session_instances.get(command.session, {})
    if service is None:
        return []
    if len(service.instances) <= len(held):
        return [instance for instance in service.instances.values() if instance.session == command.session]
    return [service.instances[key.instance_id] for key in held if key.service == command.service]


def _check_room(turn: Turn, command: Replace) -> None:
    """Each registration had room by itself: have all of them together. Raises MusterError (LIMIT_EXCEEDED)."""
    limits, service = turn.limits, turn.state.services.get(command.service)
    count = len(service.instances) if service is not None else 0
    more = sum(event.previous is None if isinstance(event, Put) else -isinstance(event, Removed) for event in turn.events)
    if turn.state.instance_count + more > limits.max_instances:
        raise limit_exceeded("instances", limits.max_instances)
    if count + more > limits.max_instances_per_service:
        raise limit_exceeded("instances of a service", limits.max_instances_per_service)


def _check_distinct(command: Replace) -> None:
    said = command.registrations
    if len(said) < 2:
        return
    addresses = {(each.endpoints[0].host, each.endpoints[0].port) for each in said} if command.is_address_unique else said
    if len({each.instance_id for each in said}) < len(said) or len(addresses) < len(said):
        raise MusterError.invalid("instances", "two of them are the same instance")
