"""Passwords: hashed slowly once, remembered briefly, and never kept."""

import asyncio

import pytest
from muster_server.access import passwords
from muster_server.access.passwords import MAX_HASHING, REMEMBERED_S, Passwords, check_password
from muster_server.core.access_model import User
from muster_server.core.errors import MusterError, Reason
from running import ManualClock

RIGHT = "correct horse battery"


async def ann(room: Passwords, password: str = RIGHT) -> User:
    return User("ann", await room.hashed(password))


async def test_a_hash_is_argon2id_and_holds_no_password() -> None:
    room = Passwords(ManualClock().monotonic_s)

    user, again = await ann(room), await ann(room)

    assert user.password_hash.startswith("$argon2id$")
    assert RIGHT not in user.password_hash
    assert user.password_hash != again.password_hash


async def test_the_right_password_is_right_and_no_other() -> None:
    room = Passwords(ManualClock().monotonic_s)
    user = await ann(room)

    found = [await room.is_right(user, given) for given in (RIGHT, RIGHT + "!", "", RIGHT.upper(), "x" * 100_000, "\ud800")]

    assert found == [True, False, False, False, False, False]


async def test_a_right_password_is_hashed_once_a_minute() -> None:
    clock = ManualClock()
    room = Passwords(clock.monotonic_s)
    user = await ann(room)
    before = room.hash_count

    asked = [room.is_remembered(user, RIGHT) or await room.is_right(user, RIGHT) for _ in range(50)]
    within = room.hash_count - before
    clock.now_s += REMEMBERED_S
    is_remembered = room.is_remembered(user, RIGHT)

    assert all(asked)
    assert (within, is_remembered) == (1, False)


async def test_those_who_wait_for_the_same_password_share_one_hash() -> None:
    room = Passwords(ManualClock().monotonic_s)
    user = await ann(room)

    before = room.hash_count

    found = await asyncio.gather(*(room.is_right(user, RIGHT) for _ in range(20)))

    assert all(found)
    assert room.hash_count - before <= MAX_HASHING


async def test_another_password_makes_the_memory_of_the_former_one_void() -> None:
    room = Passwords(ManualClock().monotonic_s)
    user = await ann(room)
    await room.is_right(user, RIGHT)

    changed = await ann(room, "another password")

    assert room.is_remembered(user, RIGHT)
    assert not room.is_remembered(changed, RIGHT)


async def test_a_wrong_password_is_never_remembered() -> None:
    room = Passwords(ManualClock().monotonic_s)
    user = await ann(room)

    await room.is_right(user, "wrong password")

    assert not room.is_remembered(user, "wrong password")


@pytest.mark.parametrize("user", [None, User("ci")])
async def test_nobody_and_one_without_a_password_cost_a_hash_too(user: User | None) -> None:
    room = Passwords(ManualClock().monotonic_s)
    await room.is_right(user, "first, which also makes the decoy")
    before = room.hash_count

    is_right = await room.is_right(user, "")

    assert (is_right, room.hash_count - before) == (False, 1)


async def test_more_than_wait_are_refused() -> None:
    room = Passwords(ManualClock().monotonic_s)
    user = await ann(room)

    answers = await asyncio.gather(*(room.is_right(user, RIGHT) for _ in range(passwords.MAX_WAITING + 10)), return_exceptions=True)

    refusals = [answer for answer in answers if isinstance(answer, MusterError)]
    assert [refusal.reason for refusal in refusals] == [Reason.LOGIN_THROTTLED] * 10


@pytest.mark.parametrize("password", ["x" * 8, "x" * 1024, "ü" * 4])
def test_a_password_of_8_to_1024_bytes_is_taken(password: str) -> None:
    assert check_password("password", password) == password


@pytest.mark.parametrize("password", ["", "x" * 7, "x" * 1025])
def test_a_shorter_or_longer_one_is_refused_and_not_shown(password: str) -> None:
    with pytest.raises(MusterError) as caught:
        check_password("password", password)

    assert caught.value.message == "password: must have 8 to 1024 bytes"
