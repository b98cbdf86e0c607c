"""Too many failed logins: of one user, or from one address."""

from collections import OrderedDict
from collections.abc import Callable

from muster_server.core.errors import MusterError, Reason

WINDOW_S = 60.0
MAX_BY_USER = 10
MAX_BY_ADDRESS = 30
MAX_TRACKED = 10_000


class Throttle:
    """Counts attempts when they begin, so that many at once are not one; what succeeds is taken back. 10,000 names at the most.

    A window begins with a first failure and lasts a minute. The price of counting by user: who guesses at a name locks it out of
    new logins for the rest of the minute. Tokens, and passwords that were right a moment ago, go on working meanwhile.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._counts: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def attempt(self, user: str, address: str) -> None:
        """Count an attempt. Raises MusterError (LOGIN_THROTTLED) if there were too many."""
        now_s = self._now_s()
        by_key = {("user", user): MAX_BY_USER, ("address", address): MAX_BY_ADDRESS}
        for key, most in by_key.items():
            count, began_s = self._count(key, now_s)
            if count >= most:
                wait_s = max(1, round(began_s + WINDOW_S - now_s))
                details = {"retry_after_s": str(wait_s)}
                raise MusterError(Reason.LOGIN_THROTTLED, f"too many failed logins: try again in {wait_s} s", details)
        for key in by_key:
            count, began_s = self._count(key, now_s)
            self._counts[key] = (count + 1, began_s)
        while len(self._counts) > MAX_TRACKED:
            self._counts.popitem(last=False)

    def succeeded(self, user: str, address: str) -> None:
        """Take an attempt back; the user's former failures too."""
        self._counts.pop(("user", user), None)
        key = ("address", address)
        count, began_s = self._counts.get(key, (0, 0.0))
        if count > 1:
            self._counts[key] = (count - 1, began_s)
        else:
            self._counts.pop(key, None)

    def _count(self, key: tuple[str, str], now_s: float) -> tuple[int, float]:
        count, began_s = self._counts.get(key, (0, now_s))
        return (count, began_s) if now_s < began_s + WINDOW_S else (0, now_s)
