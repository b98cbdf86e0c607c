"""The rules of locks: one holder at a time, until it is released or its time is up."""

from muster_server.core.lock_commands import AcquireLock, Grant, Lock, LockCommand, LockFreed, LockTaken, ReleaseLock
from muster_server.core.naming import limit_exceeded
from muster_server.core.turn import Turn


def decide_lock(turn: Turn, command: LockCommand) -> Grant | bool:
    """Collect in `turn.events` what a command means, and answer what its class says. Raises MusterError (LIMIT_EXCEEDED)."""
    held = turn.state.locks.get(command.key)
    match command:
        case AcquireLock():
            return _acquire(turn, command, held)
        case ReleaseLock(token=token):
            if held is None or token not in (0, held.token):
                return False
            turn.events.append(LockFreed(command.key))
            return True


def _acquire(turn: Turn, command: AcquireLock, held: Lock | None) -> Grant:
    if held is not None and held.token != command.token:
        return Grant(held, is_acquired=False)
    if held is None and len(turn.state.locks) >= turn.limits.max_locks:
        raise limit_exceeded("locks", turn.limits.max_locks)
    token = held.token if held is not None else turn.next_revision()
    lock = Lock(command.key, token, command.holder, command.ttl_s)
    turn.events.append(LockTaken(lock))
    return Grant(lock, is_acquired=True)
