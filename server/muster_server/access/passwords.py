"""Passwords: argon2id in threads, and a short memory of those that were right."""

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from muster_server.core.access_model import User
from muster_server.core.errors import MusterError, Reason

MIN_PASSWORD_BYTES = 8
MAX_PASSWORD_BYTES = 1024
REMEMBERED_S = 60.0
MAX_REMEMBERED = 10_000
MAX_HASHING = 2
MAX_WAITING = 1000


def check_password(field: str, password: str) -> str:
    """A password that may be set. Raises MusterError (INVALID_FIELD), which does not show it."""
    if not MIN_PASSWORD_BYTES <= len(password.encode(errors="replace")) <= MAX_PASSWORD_BYTES:
        raise MusterError.invalid(field, f"must have {MIN_PASSWORD_BYTES} to {MAX_PASSWORD_BYTES} bytes")
    return password


class Passwords:
    """Two are hashed at a time, each in 19 MiB (the OWASP's parameters for argon2id), and 1000 wait; more are refused.

    What was right is remembered for a minute, 10,000 at the most, by a keyed hash of password and stored hash: a client that sends
    its password with every call costs one argon2 a minute, and another password makes the memory of the former one void.
    `hash_count` is how often argon2 was asked.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._slots = asyncio.Semaphore(MAX_HASHING)
        self._waiting = 0
        self._memory_key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, float] = OrderedDict()
        self._decoy = ""
        self.hash_count = 0

    async def set_hash(self, password: str) -> str:
        """The text to store of a password that may be set. Raises MusterError (INVALID_FIELD, LOGIN_THROTTLED)."""
        return await self.hashed(check_password("password", password))

    async def hashed(self, password: str) -> str:
        """The text to store. Raises MusterError (LOGIN_THROTTLED)."""
        async with self._slot():
            self.hash_count += 1
            return await asyncio.to_thread(self._hasher.hash, password)

    def is_remembered(self, user: User, password: str) -> bool:
        """True if it was right a moment ago."""
        key = self._key(user, password)
        if self._right.get(key, 0.0) > self._now_s():
            return True
        self._right.pop(key, None)
        return False

    async def is_right(self, user: User | None, password: str) -> bool:
        """True if it is the user's. No user at all takes as long. Raises MusterError (LOGIN_THROTTLED)."""
        if user is None or not user.password_hash:
            self._decoy = self._decoy or await self.hashed(secrets.token_hex())
            async with self._slot():
                await self._matches(self._decoy, password)
            return False
        async with self._slot():
            if self.is_remembered(user, password):  # by one who waited in front of us
                return True
            is_right = await self._matches(user.password_hash, password)
        if is_right:
            self._right[self._key(user, password)] = self._now_s() + REMEMBERED_S
            while len(self._right) > MAX_REMEMBERED:
                self._right.popitem(last=False)
        return is_right

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        if self._waiting >= MAX_WAITING:
            raise MusterError(Reason.LOGIN_THROTTLED, "too many logins at once: try again in 1 s", {"retry_after_s": "1"})
        self._waiting += 1
        try:
            async with self._slots:
                yield
        finally:
            self._waiting -= 1

    async def _matches(self, stored: str, password: str) -> bool:
        self.hash_count += 1
        try:
            return await asyncio.to_thread(self._hasher.verify, stored, password[:MAX_PASSWORD_BYTES].encode(errors="replace"))
        except (VerificationError, InvalidHashError):
            return False

    def _key(self, user: User, password: str) -> bytes:
        text = f"{len(user.password_hash)}:{user.password_hash}{password}".encode(errors="replace")
        return hashlib.blake2b(text, key=self._memory_key, digest_size=32).digest()
