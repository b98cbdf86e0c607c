"""The rules of sessions: instances that live as long as a connection, and a little longer."""

from msgspec.structs import replace

from muster_server.core import guard
from muster_server.core.commands import (
    EndSession,
    LoseSession,
    OpenSession,
    RenewSession,
    Session,
    SessionChanged,
    SessionClosed,
    SessionCommand,
    SessionRenewed,
)
from muster_server.core.model import Health, Instance, RemovalReason, ServiceKey
from muster_server.core.naming import limit_exceeded, session_not_found
from muster_server.core.turn import Turn


def decide_session(turn: Turn, command: SessionCommand) -> Session | None:
    """Collect in `turn.events` what a command means, and answer what its class says. Raises MusterError; then nothing happened."""
    match command:
        case OpenSession():
            return open_session(turn, command)
        case RenewSession():
            renew_session(turn, command)
        case LoseSession():
            lose_session(turn, command)
        case EndSession():
            end_session(turn, command)
    return None


def open_session(turn: Turn, command: OpenSession) -> Session:
    """Begin a session or take one over; its SUSPECT instances are HEALTHY again.

    Raises MusterError: SESSION_NOT_FOUND, LIMIT_EXCEEDED.
    """
    known = turn.state.sessions.get(command.session)
    if command.is_resumed and known is None:
        raise session_not_found()
    if known is None and len(turn.state.sessions) >= turn.limits.max_sessions:
        raise limit_exceeded("sessions", turn.limits.max_sessions)
    session = Session(command.session, command.client_name, command.ttl_s, command.grace_s, command.connection)
    turn.events.append(SessionChanged(session, _deadline(turn, session)))
    for service, instance in instances_of(turn, command.session):
        if instance.health is Health.SUSPECT:
            turn.change(service, instance, renews=False, health=Health.HEALTHY)
    return session


def renew_session(turn: Turn, command: RenewSession) -> None:
    """Push the session's deadline back. An unknown session is left alone."""
    session = turn.state.sessions.get(command.session)
    if session is not None and session.ttl_s is not None and session.connection is not None:
        turn.events.append(SessionRenewed(session.session, turn.now_s + session.ttl_s))


def lose_session(turn: Turn, command: LoseSession) -> None:
    """Make the instances SUSPECT and start the grace, unless another connection holds the session by now."""
    session = turn.state.sessions.get(command.session)
    if session is not None and session.connection == command.connection:
        suspect(turn, session)


def end_session(turn: Turn, command: EndSession) -> None:
    """Remove the session and its instances at once."""
    instances = instances_of(turn, command.session)
    for service, instance in instances:
        turn.remove(service, instance, RemovalReason.DEREGISTERED, command.session)
    for service in dict.fromkeys(service for service, _ in instances):
        guard.release_if_recovered(turn, service)
    turn.events.append(SessionClosed(command.session))


def suspect(turn: Turn, session: Session) -> None:
    """The session has no connection any more: its grace begins."""
    for service, instance in instances_of(turn, session.session):
        if instance.health is Health.HEALTHY:
            turn.change(service, instance, renews=False, health=Health.SUSPECT)
    turn.events.append(SessionChanged(replace(session, connection=None), turn.now_s + session.grace_s))


def instances_of(turn: Turn, session: str) -> list[tuple[ServiceKey, Instance]]:
    """The instances that live by a session."""
    keys = turn.state.session_instances.get(session, {})
    return [(key.service, turn.state.services[key.service].instances[key.instance_id]) for key in keys]


def _deadline(turn: Turn, session: Session) -> float | None:
    return None if session.ttl_s is None else turn.now_s + session.ttl_s
