"""Who is locked out: a user whom one address has got wrong several times in a row may not log in from there for a while."""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from muster_server.access.audit import audit
from muster_server.access.throttle import MAX_TRACKED
from muster_server.core.errors import MusterError, Reason

LOCK_S = 900.0


class Lockout(NamedTuple):
    """A user, an address that may not log in as this user, and for how much longer, in seconds."""

    user: str
    address: str
    remaining_s: float


class Lockouts:
    """Counts attempts when they begin, so that many at once are not one; success starts anew. 10,000 pairs at the most.

    After `lock_after` failures in a row, none of which is 15 minutes after the one before, attempts are refused until 15 minutes
    after the last; 0 means never. By pairs: who guesses at a name does not lock its owner out, unless both are behind one proxy.
    """

    def __init__(self, now_s: Callable[[], float], lock_after: int) -> None:
        self._now_s = now_s
        self._lock_after = lock_after
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def attempt(self, user: str, address: str) -> None:
        """Count an attempt. Raises MusterError (LOGIN_THROTTLED) if the user is locked out for this address."""
        if not self._lock_after:
            return
        now_s, pair = self._now_s(), (user, address)
        count, last_s = self._failures.get(pair, (0, now_s))
        if now_s >= last_s + LOCK_S:
            count = 0
        if count >= self._lock_after:
            audit.warning("locked out", user=user, address=address)
            wait_s = max(1, round(last_s + LOCK_S - now_s))
            message = f"the user is locked out here after too many failed logins: try again in {wait_s} s"
            raise MusterError(Reason.LOGIN_THROTTLED, message, {"retry_after_s": str(wait_s)})
        self._failures[pair] = (count + 1, now_s)
        self._failures.move_to_end(pair)
        if len(self._failures) > MAX_TRACKED:
            self._failures.popitem(last=False)

    def withdraw(self, user: str, address: str) -> None:
        """Take an attempt back whose password nobody looked at, because there were too many at once: it was no failure."""
        count, last_s = self._failures.pop((user, address), (0, 0.0))
        if count > 1:
            self._failures[user, address] = (count - 1, last_s)

    def succeeded(self, user: str, address: str) -> None:
        """Forget the failures of this pair."""
        self._failures.pop((user, address), None)

    def end(self, user: str) -> None:
        """Let a user log in from everywhere. O(pairs)."""
        for pair in [pair for pair in self._failures if pair[0] == user]:
            del self._failures[pair]

    def current(self) -> list[Lockout]:
        """Those that hold now, ordered by user and address. O(pairs)."""
        now_s = self._now_s()
        found = ((pair, last_s + LOCK_S - now_s) for pair, (count, last_s) in self._failures.items() if count >= self._lock_after)
        return sorted(Lockout(*pair, remaining_s) for pair, remaining_s in found if remaining_s > 0.0)
