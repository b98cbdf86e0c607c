"""Locks: one holder at a time, until it is released or its time is up."""

from collections.abc import Callable

import pytest
from muster_server.core.decide import decide
from muster_server.core.errors import MusterError, Reason
from muster_server.core.lock_commands import AcquireLock, Grant, LockFreed, ReleaseLock, lock_key
from muster_server.core.state import Limits

from core.story import World

KEY = lock_key("", "job")


def do(world: World, command: object) -> object:
    turn = world.turn()
    answer = decide(turn, command)  # type: ignore[arg-type]  # of the commands, the test's own
    world.settle(turn)
    return answer


def acquire(world: World, holder: str = "a", ttl_s: float = 10.0, token: int = 0) -> Grant:
    grant = do(world, AcquireLock(KEY, ttl_s, holder, token))
    assert isinstance(grant, Grant)
    return grant


def test_lock_is_held_by_one_at_a_time() -> None:
    world = World()
    first, second = acquire(world), acquire(world, "b")

    assert (first.is_acquired, second.is_acquired) == (True, False)
    assert second.lock == first.lock


def test_lock_whose_time_is_up_is_free_and_its_next_token_is_higher() -> None:
    world = World()
    first = acquire(world)
    world.advance(9.5)
    early = acquire(world, "b")
    events = world.advance(0.5)
    second = acquire(world, "b")

    assert (early.is_acquired, second.is_acquired) == (False, True)
    assert events == [LockFreed(KEY)]
    assert second.lock.token > first.lock.token


def test_holder_extends_by_its_token_and_nobody_by_another() -> None:
    world = World()
    token = acquire(world).lock.token
    world.advance(9.0)
    extended, other = acquire(world, token=token), acquire(world, "b", token=token + 1)
    world.advance(9.0)

    assert (extended.is_acquired, extended.lock.token, other.is_acquired) == (True, token, False)
    assert KEY in world.state.locks


def test_token_of_a_lock_that_is_over_acquires_it_anew_if_it_is_free() -> None:
    world = World()
    token = acquire(world).lock.token
    world.advance(10.0)
    again = acquire(world, token=token)

    assert again.is_acquired
    assert again.lock.token > token


@pytest.mark.parametrize(("offset", "is_released"), [(0, True), (1, False)])
def test_release_heeds_the_token(offset: int, is_released: bool) -> None:
    world = World()
    token = acquire(world).lock.token

    assert do(world, ReleaseLock(KEY, token + offset)) is is_released
    assert (KEY in world.state.locks) is not is_released


def test_release_without_a_token_frees_whoever_holds_it_and_then_nobody() -> None:
    world = World()
    acquire(world)

    assert (do(world, ReleaseLock(KEY)), do(world, ReleaseLock(KEY))) == (True, False)
    assert acquire(world, "b").is_acquired


def test_locks_of_two_namespaces_are_two() -> None:
    world = World()
    acquire(world)

    grant = do(world, AcquireLock(lock_key("other", "job"), 10.0))
    assert isinstance(grant, Grant)
    assert grant.is_acquired


def test_lock_too_many_is_refused() -> None:
    world = World(Limits(max_locks=1))
    acquire(world)
    with pytest.raises(MusterError) as refused:
        do(world, AcquireLock(lock_key("", "other"), 10.0))

    assert refused.value.reason is Reason.LIMIT_EXCEEDED
    assert list(world.state.locks) == [KEY]


@pytest.mark.parametrize(
    "make",
    [
        lambda: AcquireLock(KEY, 0.0),
        lambda: AcquireLock(KEY, 1800.5),
        lambda: AcquireLock(KEY, float("nan")),
        lambda: AcquireLock(KEY, 1.0, "x" * 257),
        lambda: lock_key("", ""),
        lambda: lock_key("", "\n"),
    ],
)
def test_what_is_out_of_bounds_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(MusterError) as refused:
        make()

    assert refused.value.reason is Reason.INVALID_FIELD
