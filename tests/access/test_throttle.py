"""Too many failed logins are refused for a while, and the table of them stays bounded."""

import pytest
from muster_server.access.throttle import MAX_BY_ADDRESS, MAX_BY_USER, MAX_TRACKED, WINDOW_S, Throttle
from muster_server.core.errors import MusterError, Reason
from running import ManualClock


def attempts(throttle: Throttle, count: int, user: str = "ann", address: str = "10.0.0.1") -> list[bool]:
    """Which of so many attempts were let pass."""
    passed = []
    for _ in range(count):
        try:
            throttle.attempt(user, address)
        except MusterError:
            passed.append(False)
        else:
            passed.append(True)
    return passed


def test_a_user_has_so_many_attempts_in_a_window() -> None:
    clock = ManualClock()
    throttle = Throttle(clock.monotonic_s)

    first = attempts(throttle, MAX_BY_USER + 2)
    other = attempts(throttle, 1, user="bob")
    clock.now_s += WINDOW_S - 0.1
    before = attempts(throttle, 1)
    clock.now_s += 0.1
    after = attempts(throttle, 1)

    assert first == [True] * MAX_BY_USER + [False] * 2
    assert (other, before, after) == ([True], [False], [True])


def test_an_address_has_so_many_attempts_whoever_it_names() -> None:
    throttle = Throttle(ManualClock().monotonic_s)

    passed = [attempts(throttle, 1, user=f"user {number}") == [True] for number in range(MAX_BY_ADDRESS + 1)]

    assert passed == [True] * MAX_BY_ADDRESS + [False]
    assert attempts(throttle, 1, user="user 0", address="10.0.0.2") == [True]


def test_what_succeeds_is_taken_back() -> None:
    throttle = Throttle(ManualClock().monotonic_s)

    for number in range(3 * MAX_BY_ADDRESS):
        throttle.attempt(f"user {number % 2}", "10.0.0.1")
        throttle.succeeded(f"user {number % 2}", "10.0.0.1")

    assert attempts(throttle, 1) == [True]


def test_a_refusal_says_when_to_come_back() -> None:
    clock = ManualClock()
    throttle = Throttle(clock.monotonic_s)
    attempts(throttle, MAX_BY_USER)
    clock.now_s += 20

    with pytest.raises(MusterError) as caught:
        throttle.attempt("ann", "10.0.0.1")

    assert caught.value.reason is Reason.LOGIN_THROTTLED
    assert caught.value.details == {"retry_after_s": "40"}


def test_many_names_forget_the_oldest() -> None:
    throttle = Throttle(ManualClock().monotonic_s)
    attempts(throttle, MAX_BY_USER)

    for number in range(MAX_TRACKED):
        throttle.attempt(f"user {number}", f"address {number}")

    assert attempts(throttle, 1) == [True]
