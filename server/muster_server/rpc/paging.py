"""Pages: their sizes, and the tokens that say where the next one begins. Raises MusterError (INVALID_FIELD)."""

from collections.abc import Iterable

from muster_server.core.errors import MusterError
from muster_server.core.model import MAX_NAME_BYTES, checked_text

MAX_PAGE = 1000


def page_size(asked: int, most: int, default: int = 0) -> int:
    """How many entries to answer; 0 means the default, or the most if there is none."""
    if asked < 0:
        raise MusterError.invalid("page_size", "must not be negative")
    return min(asked or default or most, most)


def number_token(token: str) -> int:
    """The number in a token; 0 if it is empty."""
    if token and not (token.isascii() and token.isdigit() and len(token) <= 18):
        raise _unknown()
    return int(token or 0)


def name_token(token: str) -> tuple[str, str, str]:
    """The namespace, group and name in a token; empty ones if it is."""
    if not token:
        return "", "", ""
    parts = token.split("\n")
    if len(parts) != 3:
        raise _unknown()
    namespace, group, name = (checked_text("page_token", part, MAX_NAME_BYTES) for part in parts)
    return namespace, group, name


def name_page(names: Iterable[str], prefix: str, asked: int, token: str) -> tuple[list[str], str]:
    """A page of names that begin so, ordered, and the token of the next one. A token is the last name shown. O(names)."""
    size = page_size(asked, MAX_PAGE)
    checked_text("page_token", token, MAX_NAME_BYTES)
    wanted = sorted(name for name in names if name.startswith(prefix) and name > token)
    return wanted[:size], wanted[size - 1] if len(wanted) > size else ""


def _unknown() -> MusterError:
    return MusterError.invalid("page_token", "is none that was answered")
