"""The rules of services as a whole. One is known because it is described, or because it has or lately had instances."""

from dataclasses import replace
from typing import Any

from muster_server.core.commands import ServiceForgotten
from muster_server.core.errors import MusterError, Reason
from muster_server.core.model import ServiceKey
from muster_server.core.naming import limit_exceeded
from muster_server.core.service_commands import (
    CreateService,
    DeleteService,
    ServiceCommand,
    ServiceDescribed,
    ServiceDescription,
    ServiceUndescribed,
    UpdateService,
)
from muster_server.core.state import Service
from muster_server.core.turn import Turn


def decide_service(turn: Turn, command: ServiceCommand) -> ServiceDescription | None:
    """Collect in `turn.events` what a command means, and answer what its class says. Raises MusterError; then nothing happened."""
    match command:
        case CreateService():
            return create(turn, command)
        case UpdateService():
            return update(turn, command)
        case DeleteService():
            delete(turn, command)
            return None


def create(turn: Turn, command: CreateService) -> ServiceDescription:
    """Raises MusterError: SERVICE_EXISTS, LIMIT_EXCEEDED."""
    state = turn.state
    service = state.services.get(command.service)
    if service is not None and (service.description is not None or service.instances):
        raise MusterError(Reason.SERVICE_EXISTS, f"service {command.service.name!r} exists already")
    if service is None and len(state.services) >= turn.limits.max_services:
        raise limit_exceeded("services", turn.limits.max_services)
    return describe(turn, command.service, command.description)


def update(turn: Turn, command: UpdateService) -> ServiceDescription:
    """What is as it was is no change. Raises MusterError: SERVICE_NOT_FOUND, INVALID_FIELD."""
    service = _found(turn, command.service)
    known = service.description or ServiceDescription(is_persistent=service.is_persistent)
    changes: dict[str, Any] = dict(command.changes)
    if "clusters" in changes:
        changes["clusters"] = {**known.clusters, **changes["clusters"]}
    changed = replace(known, **changes)
    return known if changed == service.description else describe(turn, command.service, changed)


def delete(turn: Turn, command: DeleteService) -> None:
    """Raises MusterError: SERVICE_NOT_FOUND, SERVICE_NOT_EMPTY."""
    service = _found(turn, command.service)
    if service.instances:
        raise MusterError(
            Reason.SERVICE_NOT_EMPTY,
            f"service {command.service.name!r} has {len(service.instances)} instances",
            {"instance_count": str(len(service.instances))},
        )
    if service.description is not None:
        turn.events.append(ServiceUndescribed(command.service, turn.next_revision()))
    turn.events.append(ServiceForgotten(command.service))


def describe(turn: Turn, key: ServiceKey, description: ServiceDescription) -> ServiceDescription:
    """Decide that a service has this description, whatever was before."""
    stamped = replace(description, revision=turn.next_revision())
    turn.events.append(ServiceDescribed(key, stamped))
    return stamped


def service_not_found(key: ServiceKey) -> MusterError:
    """The error for a service that nobody described and nobody registered."""
    return MusterError(Reason.SERVICE_NOT_FOUND, f"there is no service {key.name!r}")


def _found(turn: Turn, key: ServiceKey) -> Service:
    service = turn.state.services.get(key)
    if service is None:
        raise service_not_found(key)
    return service
