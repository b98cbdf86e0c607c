"""Who sends a browser here. What can run programs must not be told to by any web page that somebody happens to look at."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request


def is_foreign_write(request: Request) -> bool:
    """True for a write that a page sends which was not loaded from this machine.

    Browsers say so in `Origin` whenever they send a write across sites, `null` if they hide from where; other clients do not.
    """
    origin = request.headers.get("origin")
    return origin is not None and request.method not in ("GET", "HEAD") and not _is_loopback(origin)


def _is_loopback(origin: str) -> bool:
    try:
        host = urlsplit(origin).hostname or ""
        return host == "localhost" or host.endswith(".localhost") or ip_address(host).is_loopback
    except ValueError:
        return False
