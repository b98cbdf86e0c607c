"""A user is locked out for an address that gets the password wrong several times in a row, and for no other."""

import pytest
from muster_server.access.lockouts import LOCK_S, Lockout, Lockouts
from muster_server.access.throttle import MAX_TRACKED
from muster_server.core.errors import MusterError, Reason
from running import ManualClock

HERE, THERE = "10.0.0.1", "10.0.0.2"


def passes(lockouts: Lockouts, user: str = "ann", address: str = HERE) -> bool:
    try:
        lockouts.attempt(user, address)
    except MusterError:
        return False
    return True


def test_the_attempt_after_the_last_failure_is_refused_for_this_pair_only() -> None:
    lockouts = Lockouts(ManualClock().monotonic_s, 3)

    here = [passes(lockouts) for _ in range(5)]

    assert here == [True] * 3 + [False] * 2
    assert passes(lockouts, address=THERE)
    assert passes(lockouts, user="bob")


def test_a_lockout_ends_a_quarter_of_an_hour_after_the_last_failure_and_says_so() -> None:
    clock = ManualClock()
    lockouts = Lockouts(clock.monotonic_s, 2)
    for _ in range(2):
        lockouts.attempt("ann", HERE)
        clock.now_s += 100

    with pytest.raises(MusterError) as caught:
        lockouts.attempt("ann", HERE)

    assert (caught.value.reason, caught.value.details) == (Reason.LOGIN_THROTTLED, {"retry_after_s": "800"})
    assert lockouts.current() == [Lockout("ann", HERE, 800.0)]
    clock.now_s += LOCK_S - 100
    assert lockouts.current() == []
    assert [passes(lockouts) for _ in range(3)] == [True, True, False]


def test_an_attempt_that_is_withdrawn_was_no_failure() -> None:
    lockouts = Lockouts(ManualClock().monotonic_s, 2)
    for _ in range(5):
        lockouts.attempt("ann", HERE)
        lockouts.withdraw("ann", HERE)
    lockouts.attempt("ann", HERE)
    lockouts.attempt("ann", HERE)
    lockouts.withdraw("ann", HERE)

    assert [passes(lockouts) for _ in range(2)] == [True, False]


def test_success_and_an_end_let_pass_again() -> None:
    lockouts = Lockouts(ManualClock().monotonic_s, 1)
    for address in (HERE, THERE):
        lockouts.attempt("ann", address)
    lockouts.attempt("bob", HERE)
    lockouts.succeeded("bob", HERE)

    lockouts.end("ann")

    assert passes(lockouts)
    assert passes(lockouts, address=THERE)
    assert passes(lockouts, user="bob")


def test_none_are_locked_out_where_the_number_is_zero() -> None:
    lockouts = Lockouts(ManualClock().monotonic_s, 0)

    assert all(passes(lockouts) for _ in range(100))
    assert lockouts.current() == []


def test_many_names_forget_the_oldest() -> None:
    lockouts = Lockouts(ManualClock().monotonic_s, 1)
    lockouts.attempt("ann", HERE)

    for number in range(MAX_TRACKED):
        lockouts.attempt(f"user {number}", HERE)

    assert passes(lockouts)
    assert len(lockouts.current()) == MAX_TRACKED
